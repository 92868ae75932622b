"""Athena's SQL over the Data Catalog of one machine: DuckDB reads what tables and views name, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
from botocore.exceptions import ClientError

from localathena.lake.engine import engine
from localathena.sql.answers import selected
from localathena.sql.casts import registered
from localathena.sql.python_functions import prepare
from localathena.sql.refusals import NOT_HERE, Refused, refusal_of
from localathena.sql.statements import translate
from localathena.sql.types import type_of
from totelake.contracts.identifiers import namesakes, sql_quoted, sql_text
from totelake.errors import ConfigurationError, LakeError
from totelake.lake.foreign import is_ours, is_passed_over
from totelake.lake.tables import VIEW_TYPE, columns_of, location_of, storage_of
from totelake.ports.aws_errors import code_of
from totelake.ports.glue import GlueCatalog
from totelake.ports.s3 import S3Store
from totelake.ports.schema_catalog import Document, SchemaCatalog
from totelake.query.answer import Answer
from totelake.query.athena_sql import check
from totelake.query.cache import Cache
from totelake.query.described import Described, shown
from totelake.query.engine import answer
from totelake.runtime.clients import Clients

_AT_ONCE = 8
# refusals of what may be no question at all, of which there is more to say
_SAID_BETTER = ("SYNTAX_ERROR", "CATALOG_NOT_FOUND", "STACK_OVERFLOW")
_PLACE = re.compile(r"s3://([^/]+)/(.+)")
_PARQUET = "parquet"
_REMEDY = "`totelake repair catalog` puts it back"
# columns by name, and none from the folders' names: those come from the Data Catalog
_AS_REGISTERED = "union_by_name = true, hive_partitioning = false"


class Lake:
    """The Data Catalog and the objects that jobs wrote; what was fetched once is kept in `cache`."""

    def __init__(self, clients: Clients, database: str, cache: Cache) -> None:
        self._clients, self._database, self._cache = clients, database, cache
        self._addresses: dict[str, str] = {}
        self._documents: dict[tuple[str, str], Document] = {}

    def ask(self, sql: str) -> Answer:
        """Answer one question. Raises ConfigurationError for what is none, LakeError for what Athena refuses."""
        try:
            translation = translate(sql, Described(self._database, self._table, self._names, self._databases))
            with self._cache.in_use(), engine(self._cache.folder) as connection:
                prepare(connection, translation.sql)
                for database, name in translation.tables:
                    self._define(connection, database, name)
                found = answer(connection, selected(translation))
        except Refused as refused:
            if refused.kind in _SAID_BETTER:
                check(sql)
            raise _error(refused.kind, self._told(refused.sentence)) from refused
        except duckdb.Error as error:
            told = refusal_of(str(error))
            raise _error(told.kind, self._told(told.sentence)) from error
        kinds = [kind for _, kind in translation.columns]
        rows = [[shown(value, kind) for value, kind in zip(row, kinds)] for row in found.rows]
        return Answer(tuple(name for name, _ in translation.columns), [tuple(row) for row in rows])

    def _table(self, database: str, name: str) -> Document:
        """A table or view of the Data Catalog. Raises ConfigurationError when it is not there."""
        table = self._catalog(database).table(name)
        if table is None:
            known = ", ".join(name for name, _ in self._names(database))
            there = f"; it has {known}" if known else f", and no table at all in {database}"
            remedy = "" if known else "; run `totelake run`, or correct the name"
            raise ConfigurationError(f"the lake has no {database}.{name}{there}{remedy}")
        if table.get("TableType") != VIEW_TYPE:
            if not columns_of(table):
                raise ConfigurationError(f"{database}.{name} has no columns in the Data Catalog; {_REMEDY}")
            self._documents[database, name] = table
        return table

    def _define(self, connection: Any, database: str, name: str) -> None:
        """Make a view of DuckDB for a table of the Data Catalog."""
        text = self._relation(connection, database, self._documents[database, name])
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {sql_quoted(database)}")
        connection.execute(f"CREATE VIEW {sql_quoted(database)}.{sql_quoted(name)} AS {text}")

    def _databases(self) -> list[str]:
        pages = self._clients.glue.get_paginator("get_databases").paginate()
        return sorted(item["Name"] for page in pages for item in page["DatabaseList"])

    def _names(self, database: str) -> list[tuple[str, bool]]:
        """What can be read, and whether it is a view; nothing of a database that is not there."""
        try:
            return sorted(
                (item["Name"], item.get("TableType") == VIEW_TYPE) for item in self._catalog(database).tables()
            )
        except LakeError as error:
            if isinstance(error.__cause__, ClientError) and code_of(error.__cause__) == "EntityNotFoundException":
                return []
            raise

    def _catalog(self, database: str) -> SchemaCatalog:
        return GlueCatalog(self._clients.glue, database)

    def _relation(self, connection: Any, database: str, table: Document) -> str:
        """A registered table as a query over its partitions' objects, typed as it is registered."""
        name, columns = f"{database}.{table['Name']}", columns_of(table)
        if not self._is_own(database) and _PARQUET not in storage_of(table).get("InputFormat", "").lower():
            raise ConfigurationError(f"{name} is no table of parquet; ask the Athena API of the stack (docs/athena.md)")
        keys = [item["Name"] for item in table.get("PartitionKeys") or ()]
        locations = self._parts(database, table["Name"]) if keys else [((), location_of(table))]
        parts = [
            f"SELECT {_selected(connection, columns, files)}{_constants(keys, values)} "
            f"FROM read_parquet([{files}], {_AS_REGISTERED})"
            for values, location in locations
            if (
                files := ", ".join(
                    sql_text(str(path)) for path in self._fetched(database, "/".join([name, *values]), location)
                )
            )
        ]
        selected = ", ".join(_column(column, kind) for column, kind in [*columns, *((key, "string") for key in keys)])
        # Athena shows NULL for a column that no object has, as when the table has just gained it
        names = ", ".join(f"NULL AS {sql_quoted(item)}" for item in [*(column for column, _ in columns), *keys])
        nothing = f"SELECT {names} WHERE false"
        return f"SELECT {selected} FROM ({' UNION ALL BY NAME '.join([nothing, *parts])})"

    def _parts(self, database: str, name: str) -> list[tuple[tuple[str, ...], str]]:
        found = self._catalog(database).partitions(name)
        return [(tuple(item["Values"]), location_of(item)) for item in found]

    def _fetched(self, database: str, name: str, location: str) -> list[Path]:
        """The objects of a location as files. Of our own tables only those of ours: others would change the answer.

        `name` is whose location it is. Raises ConfigurationError when it is no place in S3.
        """
        found = _PLACE.fullmatch(location)
        if found is None:
            raise ConfigurationError(f"{name} lies at {location or 'no place'} in the Data Catalog; {_REMEDY}")
        bucket, prefix = found[1], f"{found[2].rstrip('/')}/"
        store = S3Store(self._clients.s3, bucket)
        is_own = self._is_own(database)
        items = [item for item in store.list(prefix) if _is_read(item.key[len(prefix) :], item.bytes, is_own)]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            paths = list(pool.map(lambda item: self._cache.file(store, item), items))
        self._addresses.update((str(path), store.address(item.key)) for path, item in zip(paths, items))
        return paths

    def _is_own(self, database: str) -> bool:
        """Whether it is a zone of this deployment, whose databases have its prefix, and no database of somebody's."""
        prefix = self._database.rpartition("_")[0]
        return database == self._database or bool(prefix) and database.rpartition("_")[0] == prefix

    def _told(self, text: str) -> str:
        """What is said, about objects and not about the files that hold them."""
        for path, address in self._addresses.items():
            text = text.replace(path, address)
        return text


def _is_read(relative: str, size: int, is_own: bool) -> bool:
    return bool(size) and is_ours(relative) if is_own else not is_passed_over(relative, size)


def _error(kind: str, sentence: str) -> LakeError | ConfigurationError:
    """What to raise for a refusal of Athena's class."""
    if kind == NOT_HERE:
        return ConfigurationError(f"{sentence}; ask in another way, or with --target aws")
    return LakeError(f"the query was refused: {kind}: {sentence}; correct it")


def _column(column: str, kind: str) -> str:
    """A column of the type that is registered; a moment has no zone for Athena, whatever the parquet file says."""
    name = sql_quoted(column)
    return f"{registered(name, type_of(kind))} AS {name}"


def _selected(connection: Any, columns: Sequence[tuple[str, str]], files: str) -> str:
    """All columns of files, spelled as they are registered: of names without case DuckDB finds those in ASCII alone."""
    others = [column for column, _ in columns if not column.isascii()]
    if not others:
        return "*"
    found = [name for (name,) in connection.execute(f"SELECT DISTINCT name FROM parquet_schema([{files}])").fetchall()]
    spelled = {column: [name for name in found if name == column or namesakes((column, name))] for column in others}
    odd = {column: sorted(names) for column, names in spelled.items() if names not in ([], [column])}
    if not odd:
        return "*"
    named = [f"coalesce({', '.join(map(sql_quoted, names))}) AS {sql_quoted(column)}" for column, names in odd.items()]
    former = ", ".join(sql_quoted(name) for names in odd.values() for name in names)
    return f"* EXCLUDE ({former}), {', '.join(named)}"


def _constants(keys: list[str], values: tuple[str, ...]) -> str:
    return "".join(f", {sql_text(value)} AS {sql_quoted(key)}" for key, value in zip(keys, values))
