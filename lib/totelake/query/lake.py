"""Athena's SQL over the Data Catalog of one machine: DuckDB reads what tables and views name, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
from botocore.exceptions import ClientError

from totelake.contracts.identifiers import namesakes, sql_quoted, sql_text
from totelake.errors import ConfigurationError, LakeError
from totelake.lake.foreign import is_ours
from totelake.lake.tables import VIEW_TYPE, columns_of, location_of
from totelake.lake.views import view_sql
from totelake.ports.aws_errors import code_of
from totelake.ports.glue import GlueCatalog
from totelake.ports.s3 import S3Store
from totelake.ports.schema_catalog import Document, SchemaCatalog
from totelake.query.answer import Answer
from totelake.query.athena_sql import as_duckdb, relations, select_of
from totelake.query.cache import Cache
from totelake.query.decimals import registered_cast
from totelake.query.engine import answer, engine, refusal
from totelake.runtime.clients import Clients

_AT_ONCE = 8
_PLACE = re.compile(r"s3://([^/]+)/(.+)")
_REMEDY = "`totelake repair catalog` puts it back"
# columns by name, and none from the folders' names: those come from the Data Catalog
_AS_REGISTERED = "union_by_name = true, hive_partitioning = false"


class Lake:
    """The Data Catalog and the objects that jobs wrote; what was fetched once is kept in `cache`."""

    def __init__(self, clients: Clients, database: str, cache: Cache) -> None:
        self._clients, self._database, self._cache = clients, database, cache
        self._addresses: dict[str, str] = {}

    def ask(self, sql: str) -> Answer:
        """Answer one SELECT. Raises ConfigurationError for what is none, LakeError for what DuckDB refuses."""
        parsed = select_of(sql)
        with self._cache.in_use(), engine(self._cache.folder) as connection:
            connection.execute(f"CREATE SCHEMA {sql_quoted(self._database)}")
            connection.execute(f"SET schema = {sql_text(self._database)}")
            made: set[tuple[str, str]] = set()
            try:
                for database, name in relations(parsed):
                    self._define(connection, database or self._database, name, made)
                return answer(connection, as_duckdb(parsed))
            except duckdb.Error as error:
                raise LakeError(f"the query was refused: {self._told(error)}; correct it") from error

    def _define(self, connection: Any, database: str, name: str, made: set[tuple[str, str]]) -> None:
        """Make a view of DuckDB for a table or view of the Data Catalog, once, after those that it reads."""
        if (database, name) in made:
            return
        made.add((database, name))
        table = self._catalog(database).table(name)
        if table is None:
            known = ", ".join(self._names(database))
            there = f"; it has {known}" if known else f", and no table at all in {database}"
            remedy = "" if known else "; run `totelake run`, or correct the name"
            raise ConfigurationError(f"the lake has no {database}.{name}{there}{remedy}")
        if table.get("TableType") == VIEW_TYPE:
            parsed = select_of(view_sql(table))
            for other, read in relations(parsed):
                self._define(connection, other or database, read, made)
            text = as_duckdb(parsed)
        else:
            text = self._relation(connection, database, table)
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {sql_quoted(database)}")
        connection.execute(f"CREATE VIEW {sql_quoted(database)}.{sql_quoted(name)} AS {text}")

    def _names(self, database: str) -> list[str]:
        """What can be read; nothing of a database that is not there."""
        try:
            return sorted(item["Name"] for item in self._catalog(database).tables())
        except LakeError as error:
            if isinstance(error.__cause__, ClientError) and code_of(error.__cause__) == "EntityNotFoundException":
                return []
            raise

    def _catalog(self, database: str) -> SchemaCatalog:
        return GlueCatalog(self._clients.glue, database)

    def _relation(self, connection: Any, database: str, table: Document) -> str:
        """A registered table as a query over its partitions' objects, typed as it is registered."""
        name, columns = f"{database}.{table['Name']}", columns_of(table)
        if not columns:
            raise ConfigurationError(f"{name} has no columns in the Data Catalog; {_REMEDY}")
        keys = [item["Name"] for item in table.get("PartitionKeys") or ()]
        locations = self._parts(database, table["Name"]) if keys else [((), location_of(table))]
        parts = [
            f"SELECT {_selected(connection, columns, files)}{_constants(keys, values)} "
            f"FROM read_parquet([{files}], {_AS_REGISTERED})"
            for values, location in locations
            if (files := ", ".join(sql_text(str(path)) for path in self._fetched("/".join([name, *values]), location)))
        ]
        selected = ", ".join(_column(column, kind) for column, kind in [*columns, *((key, "string") for key in keys)])
        # Athena shows NULL for a column that no object has, as when the table has just gained it
        names = ", ".join(f"NULL AS {sql_quoted(item)}" for item in [*(column for column, _ in columns), *keys])
        nothing = f"SELECT {names} WHERE false"
        return f"SELECT {selected} FROM ({' UNION ALL BY NAME '.join([nothing, *parts])})" if parts else nothing

    def _parts(self, database: str, name: str) -> list[tuple[tuple[str, ...], str]]:
        found = self._catalog(database).partitions(name)
        return [(tuple(item["Values"]), location_of(item)) for item in found]

    def _fetched(self, name: str, location: str) -> list[Path]:
        """The objects of a location as files, without those that are not ours: they would change the answer.

        `name` is whose location it is. Raises ConfigurationError when it is no place in S3.
        """
        found = _PLACE.fullmatch(location)
        if found is None:
            raise ConfigurationError(f"{name} lies at {location or 'no place'} in the Data Catalog; {_REMEDY}")
        bucket, prefix = found[1], f"{found[2].rstrip('/')}/"
        store = S3Store(self._clients.s3, bucket)
        items = [item for item in store.list(prefix) if item.bytes and is_ours(item.key[len(prefix) :])]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            paths = list(pool.map(lambda item: self._cache.file(store, item), items))
        self._addresses.update((str(path), store.address(item.key)) for path, item in zip(paths, items))
        return paths

    def _told(self, error: duckdb.Error) -> str:
        """What DuckDB says, about objects and not about the files that hold them."""
        text = refusal(error)
        for path, address in self._addresses.items():
            text = text.replace(path, address)
        return text


def _column(column: str, kind: str) -> str:
    """A column; a moment has no zone for Athena, whatever the parquet file says, and decimals add up as Athena's do."""
    name = sql_quoted(column)
    wanted = "timestamp" if kind == "timestamp" else registered_cast(kind)
    return f"CAST({name} AS {wanted}) AS {name}" if wanted else name


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
