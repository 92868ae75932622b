"""What of a source's tables would be captured, and how much that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from totelake.capture.postgres.describe import describe
from totelake.capture.postgres.relations import Relation, read_relations
from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import blocked_tables, by_table
from totelake.contracts.model import Table
from totelake.contracts.types import stored_type
from totelake.schemas.changes import Change
from totelake.schemas.live import source_changes

# of a partitioned table those of its parts; a table that was never analysed has -1 rows
_SIZES = """
SELECT c.oid::bigint, sum(CASE WHEN part.reltuples >= 0 THEN part.reltuples END)::bigint,
       coalesce(sum(pg_total_relation_size(part.oid)), 0)::bigint
FROM pg_class c CROSS JOIN LATERAL (
    SELECT c.oid WHERE c.relkind <> 'p' UNION ALL
    SELECT relid FROM pg_partition_tree(CASE WHEN c.relkind = 'p' THEN c.oid END) WHERE isleaf) AS leaf(oid)
JOIN pg_class part ON part.oid = leaf.oid WHERE c.oid = ANY(%s::oid[]) GROUP BY c.oid
"""
ALL, COLUMNS, NONE = "table", "columns", "none"


@dataclass(frozen=True)
class TableCheck:
    """One table of a source against its contract.

    `grant` is what the role may read of it. `rows` is the server's estimate and `size` its bytes with those of its
    indexes, both None where the server cannot tell. `key` and `as_text` have types by column, `as_text` those that the
    lake keeps as PostgreSQL's own text. `blocked` says why it would not be captured, '' where it would.
    """

    table: str
    grant: str
    rows: int | None
    size: int | None
    key: Mapping[str, str]
    as_text: Mapping[str, str]
    blocked: str
    changes: Sequence[Change]

    @property
    def is_fit(self) -> bool:
        """Whether it would be captured, and nothing of it would be held."""
        return not self.blocked and not any(change.is_breaking for change in self.changes)


def check_tables(session: Session, tables: Sequence[Table]) -> tuple[list[TableCheck], list[str]]:
    """Each table, and the names of those in the same schemas that have no contract.

    Raises SourceError when none of the tables is there or may be read.
    """
    blocked = blocked_tables(session, tables)
    found = describe(session, sorted({table.schema for table in tables}))
    changes = source_changes(tables, found, {name: item.change for name, item in blocked.items()})
    described = {(table.schema, table.name): table for table in found}
    relations = read_relations(session, tables)
    oids = [relation.oid for relation in relations.values()]
    sizes, _ = by_table(session, _SIZES, oids)
    checks = []
    for table in tables:
        there, relation = described.pop((table.schema, table.name), None), relations.get(table.name)
        types = {column.name: column.type for column in there.columns} if there else {}
        ((rows, size),) = sizes[relation.oid] if relation and sizes[relation.oid] else ((None, None),)
        checks.append(
            TableCheck(
                table=f"{table.schema}.{table.name}",
                grant=_grant(relation),
                rows=rows,
                size=size,
                key={name: types.get(name, "") for name in table.key_names},
                as_text={name: kind for name, kind in types.items() if stored_type(kind) == "text"},
                blocked=blocked[table.name].why if table.name in blocked else "",
                changes=changes[table.name],
            )
        )
    return checks, [f"{schema}.{name}" for schema, name in described]


def _grant(relation: Relation | None) -> str:
    if relation is None or not (relation.is_readable or relation.has_columns):
        return NONE
    return ALL if relation.is_readable else COLUMNS
