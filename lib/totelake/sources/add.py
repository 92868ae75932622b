"""A database as a new source of catalog/, or tables that a source has gained: planned whole, then written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from totelake.capture.postgres.describe import describe
from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import blocked_tables, by_table
from totelake.contracts import Contracts
from totelake.contracts.contracts import parse_contracts
from totelake.contracts.documents import parse_yaml
from totelake.contracts.model import Table
from totelake.contracts.parse import tables_of
from totelake.contracts.sources import FILE, FOLDER, PREFIX, Source, is_source, is_source_name, sources_of
from totelake.errors import ConfigurationError
from totelake.schemas.changes import Change
from totelake.schemas.described import DescribedTable
from totelake.schemas.live import source_changes
from totelake.sources.drafting import Drafts, drafted
from totelake.sources.selection import Selection, check_one_of_each_name, select
from totelake.sources.writing import texts

SCHEDULE = "cron(0/10 * * * ? *)"
_SCHEMAS = ("public",)
_DATABASE = "SELECT oid::bigint, datname::text FROM pg_database WHERE datname = current_database()"
_COMMENT = "SELECT oid::bigint, shobj_description(oid, 'pg_database') FROM pg_database WHERE oid = ANY(%s::oid[])"


@dataclass(frozen=True)
class Wanted:
    """What a person asks for: the source's name and its tables; secret and schedule of a new one, '' for the usual.

    With `update` the source may be there already.
    """

    name: str
    selection: Selection
    secret: str = ""
    schedule: str = ""
    update: bool = False


@dataclass(frozen=True)
class Plan:
    """What would be written for a source: files by name, drafts that tell what was left out, and what differs.

    `tables` are all tables that the source has then, `added` the names of the new ones.
    """

    files: Mapping[str, str]
    drafts: Drafts
    tables: Sequence[Table]
    differing: Mapping[str, Sequence[Change]] = field(default_factory=dict)

    @property
    def added(self) -> list[str]:
        """The names of the new tables."""
        return sorted(self.drafts.documents)


def secret_of_source(wanted: Wanted, files: Mapping[str, Any]) -> str:
    """The secret that the source.yaml names, or will name.

    Raises ConfigurationError for a name that no source may have, and for a source that is there and not to be updated,
    or to be changed.
    """
    if not is_source_name(wanted.name):
        raise ConfigurationError(
            f"'{wanted.name}' is no name for a source; use small letters, digits and _, a letter first, at most 20, "
            "and the name of none of the lake's own logs and folders"
        )
    there = _document_of(wanted.name, files)
    if there is None:
        return str(_source_document(wanted, "")["secret"])
    where = f"catalog/{_path(wanted.name)}"
    if not wanted.update:
        raise ConfigurationError(f"{where} is there already; --update adds what is new, and says what differs")
    if wanted.secret or wanted.schedule:
        raise ConfigurationError(f"{where} has its secret and its schedule; change them there")
    return _source(wanted.name, there).secret


def planned(session: Session, wanted: Wanted, files: Mapping[str, Any]) -> Plan:
    """What is to be written, held against the catalogue of these documents. Nothing is written.

    Raises SourceError when nothing can be captured, ConfigurationError for names that do not fit.
    """
    there = _document_of(wanted.name, files)
    document = there or _source_document(wanted, _description(session))
    source = _source(wanted.name, document)
    known_tables = _known(wanted.name, files)
    known = [(table.schema, table.name) for table in known_tables]
    old_schemas = sorted({schema for schema, _ in known})
    schemas = wanted.selection.schemas or old_schemas or _SCHEMAS
    found = describe(session, sorted({*schemas, *old_schemas}))
    selected = select(session, found, replace(wanted.selection, schemas=schemas))
    chosen = [table for table in selected if (table.schema, table.name) not in known]
    check_one_of_each_name([*known, *((table.schema, table.name) for table in chosen)])
    drafts = drafted(session, source, chosen, known_tables)
    written = texts(None if there else document, drafts.documents)
    contracts = _with(files, wanted.name, written)
    tables = contracts.source_tables(wanted.name)
    old = [table for table in tables if (table.schema, table.name) in known]
    return Plan(written, drafts, tables, _differing(session, old, found) if old else {})


def _description(session: Session) -> str:
    """The database's comment, where it has one that is text in UTF-8, else what it is."""
    oid, name = session.row(_DATABASE)
    comments, _ = by_table(session, _COMMENT, [oid])
    return next((comment for (comment,) in comments[oid] if comment), f"The PostgreSQL database {name}.")


def _path(source: str) -> str:
    return f"{FOLDER}/{source}/{FILE}"


def _document_of(source: str, files: Mapping[str, Any]) -> dict[str, Any] | None:
    """The source.yaml that is there."""
    found: dict[str, Any] | None = files.get(_path(source))
    return found


def _source_document(wanted: Wanted, description: str) -> dict[str, Any]:
    """The source.yaml of a new source."""
    return {
        "name": wanted.name,
        "kind": "postgres",
        "description": description,
        "secret": wanted.secret or f"{PREFIX}/{wanted.name}",
        "schedule": wanted.schedule or SCHEDULE,
    }


def _source(name: str, document: Mapping[str, Any]) -> Source:
    return sources_of({_path(name): document})[name]


def _known(source: str, files: Mapping[str, Any]) -> list[Table]:
    """The tables of the source that have a contract; others that they refer to may be missing still."""
    return [
        table
        for path, document in files.items()
        if path.startswith(f"{FOLDER}/{source}/") and path.endswith((".yaml", ".yml")) and not is_source(path)
        for table in tables_of(path, document)
    ]


def _with(files: Mapping[str, Any], source: str, written: Mapping[str, str]) -> Contracts:
    """The contracts as they will be. Raises ContractError where the new ones do not fit the others."""
    paths = {f"{FOLDER}/{source}/{name}": text for name, text in written.items()}
    return parse_contracts({**files, **{path: parse_yaml(text, path) for path, text in paths.items()}})


def _differing(session: Session, tables: Sequence[Table], found: Sequence[DescribedTable]) -> dict[str, list[Change]]:
    """What of the tables that have a contract is not as it says."""
    blocked = {name: item.change for name, item in blocked_tables(session, tables).items()}
    names = {(table.schema, table.name) for table in tables}
    changes = source_changes(tables, [table for table in found if (table.schema, table.name) in names], blocked)
    return {name: items for name, items in changes.items() if items}
