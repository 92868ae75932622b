"""First contracts of a database's tables: of those that can be captured, with the references that stay among them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import blocked_tables
from totelake.contracts.identifiers import catalogue_name
from totelake.contracts.model import Table
from totelake.contracts.parse import parse_tables
from totelake.contracts.sources import Source
from totelake.errors import ContractError, SourceError
from totelake.schemas.described import DescribedTable
from totelake.schemas.draft import draft, unnamed
from totelake.sources.references import Name, references_among, with_references


@dataclass(frozen=True)
class Drafts:
    """Contracts by table, the reason for each table that gets none, and what contracts do not say of their tables."""

    documents: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    unsaid: Sequence[str] = ()


def drafted(session: Session, source: Source, tables: Sequence[DescribedTable], known: Sequence[Table]) -> Drafts:
    """Contracts of these tables; `known` are those that have one already, to which references may lead.

    Raises SourceError when no table can be captured and none is known.
    """
    left_out: dict[str, str] = {}
    usable: dict[Name, DescribedTable] = {}
    alone: dict[str, dict[str, Any]] = {}
    for table in tables:
        where = f"{table.schema}.{table.name}"
        try:
            if table.problem:
                raise SourceError(table.problem)
            alone[table.name] = draft(with_references(table), source.name)
            usable[table.schema, table.name] = table
        except (SourceError, ContractError) as error:
            left_out[where] = str(error)
    for name, why in _blocked(session, source, alone, known).items():
        (schema,) = (owner for owner, known_name in usable if known_name == name)
        left_out[f"{schema}.{name}"] = why
        del usable[schema, name]
    if tables and not usable and not known:
        where, why = next(iter(left_out.items()))
        more = f" ({len(left_out) - 1} more cannot be captured either)" if len(left_out) > 1 else ""
        raise SourceError(f"no table can be captured: {where}: {why}{more}")
    named: dict[Name, Collection[str]] = {(table.schema, table.name): table.column_names for table in known}
    for place, table in usable.items():
        named[place] = {column.name for column in table.columns}.difference(unnamed(table))
    kept, unsaid = references_among(usable, named)
    columns = [sentence for table in usable.values() for sentence in unsaid_columns(table)]
    documents = {
        table.name: draft(with_references(table, kept.get(table.name, ())), source.name) for table in usable.values()
    }
    return Drafts(documents, dict(sorted(left_out.items())), [*columns, *unsaid])


def _blocked(
    session: Session, source: Source, documents: Mapping[str, dict[str, Any]], known: Sequence[Table]
) -> dict[str, str]:
    """Why tables would not be captured by these contracts, by name; looked at together with those that are known, as
    that none of a source's tables may be read is an error of its own."""
    if not documents:
        return {}
    files = {f"sources/{source.name}/{name}.yaml": document for name, document in documents.items()}
    contracts, _ = parse_tables(files, {source.name: source})
    blocked = blocked_tables(session, (*contracts.values(), *known))
    return {name: item.why for name, item in blocked.items() if name in documents}


def unsaid_columns(table: DescribedTable) -> list[str]:
    """What becomes of each column that no contract can name."""
    return [
        f"{table.name}.{name} has a name that no contract can have: the lake keeps the column, in the Data Catalog as "
        f"{catalogue_name(name)}, and the contract does not say so"
        for name in unnamed(table)
    ]
