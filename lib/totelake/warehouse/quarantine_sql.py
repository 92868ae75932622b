"""The SQL of `etl.quarantine`: rows that did not fit, facts without their dimension row, and what became of them."""

from __future__ import annotations

from totelake.contracts.identifiers import sql_quoted
from totelake.contracts.model import DIMENSION, FACT, Column, Table
from totelake.lake.quarantine import MISSING_PARENT
from totelake.warehouse.ddl import NOW, STAR, next_record, qualified
from totelake.warehouse.plan import TableLoad

_WAITS_FOR_PARENT = f"rule = '{MISSING_PARENT}'"
# an event that became no row: of a dimension only the newest version is one, of a fact each
_LEFT = {DIMENSION: "status = 'open'", FACT: "status <> 'released'"}
_COLUMNS = "target_table, source_key, batch, operation, rule, column_name, value, payload, captured_at"


def take_over(staging: str, load: TableLoad) -> str:
    """Take over the rows that the builders quarantined."""
    return f"""
INSERT INTO etl.quarantine ({_COLUMNS})
SELECT DISTINCT ON (source_key, _batch) '{load.table.name}', source_key, _batch, _op, rule, column_name, value,
       payload::jsonb, _captured_at
  FROM {staging} WHERE _batch > {load.beyond} AND _batch <= {load.through}
 ORDER BY source_key, _batch
ON CONFLICT DO NOTHING"""


def lacks_parent(fact: Table, alias: str) -> str:
    """The condition that a dimension row which a fact row refers to is not there."""
    return " OR ".join(_lacks(column, alias) for column in _references(fact)) or "false"


def quarantine_without_parent(staged: str, fact: Table) -> str:
    """Quarantine the facts whose dimension row is not there yet."""
    references = _references(fact)
    if not references:
        return "SELECT 1 WHERE false"
    names = " ".join(f"WHEN {_lacks(column, 's')} THEN '{column.name}'" for column in references)
    values = " ".join(f"WHEN {_lacks(column, 's')} THEN s.{sql_quoted(column.name)}::text" for column in references)
    return f"""
INSERT INTO etl.quarantine AS q ({_COLUMNS})
SELECT '{fact.name}', s.{sql_quoted(fact.key_name)}, s._batch, s._op, '{MISSING_PARENT}', CASE {names} END,
       CASE {values} END, to_jsonb(s) - '_op' - '_batch' - '_captured_at', s._captured_at
  FROM {staged} AS s WHERE s._op <> 'D' AND ({lacks_parent(fact, "s")})
ON CONFLICT (target_table, source_key, batch) DO UPDATE SET rule = EXCLUDED.rule, column_name = EXCLUDED.column_name,
       value = EXCLUDED.value, payload = EXCLUDED.payload WHERE q.status = 'open'"""


def settle(table: Table, is_of_feed: bool = False) -> list[str]:
    """Release facts whose dimension row has arrived, with their own batch; mark replaced versions of dimensions, and
    of facts of a feed: what is corrected there takes the place of the record that did not fit."""
    if table.kind == FACT:
        return [_release(table), *([_supersede_fact(table)] if is_of_feed else ()), _count_again(table)]
    return [_supersede(table), _count_again(table)]


def mark_replayed(fact: Table) -> str:
    """Mark quarantined rows that are fact rows now as released."""
    return f"""
UPDATE etl.quarantine AS q SET status = 'released', settled_at = {NOW}
  FROM etl.fact_version AS v
 WHERE q.target_table = '{fact.name}' AND q.status <> 'released' AND v.target_table = q.target_table
   AND v.source_key = q.source_key AND v.batch = q.batch"""


def _release(fact: Table) -> str:
    record = sql_quoted(fact.key[0].name)
    names = ", ".join(sql_quoted(column.name) for column in fact.lake_columns)
    values = ", ".join(f"d.{sql_quoted(column.name)}" for column in fact.lake_columns)
    return f"""
WITH open AS (
    SELECT q.source_key AS _key, q.batch AS _batch, q.captured_at AS _at, f.*
      FROM etl.quarantine AS q, LATERAL jsonb_populate_record(NULL::{qualified(fact)}, q.payload) AS f
     WHERE q.target_table = '{fact.name}' AND q.status = 'open' AND {_WAITS_FOR_PARENT}
), due AS MATERIALIZED (
    SELECT {next_record(fact)} AS _record, o.* FROM (
        SELECT * FROM open WHERE NOT ({lacks_parent(fact, "open")}) ORDER BY _batch, _key) AS o
), inserted AS (
    INSERT INTO {qualified(fact)} ({record}, {names}) SELECT d._record, {values} FROM due AS d
), versions AS (
    INSERT INTO etl.fact_version (target_table, record_id, source_key, batch, captured_at)
    SELECT '{fact.name}', d._record, d._key, d._batch, d._at FROM due AS d
)
UPDATE etl.quarantine AS q SET status = 'released', settled_at = {NOW}
  FROM due AS d WHERE q.target_table = '{fact.name}' AND q.source_key = d._key AND q.batch = d._batch"""


def _supersede(dimension: Table) -> str:
    return f"""
UPDATE etl.quarantine AS q
   SET status = CASE WHEN v.batch = q.batch THEN 'released' ELSE 'superseded' END,
       settled_at = {NOW}
  FROM etl.dimension_version AS v
 WHERE q.target_table = '{dimension.name}' AND q.status = 'open' AND v.target_table = q.target_table
   AND v.dimension_key = q.source_key::text AND v.batch >= q.batch"""


def _supersede_fact(fact: Table) -> str:
    return f"""
UPDATE etl.quarantine AS q SET status = 'superseded', settled_at = {NOW}
  FROM etl.fact_version AS v
 WHERE q.target_table = '{fact.name}' AND q.status = 'open' AND NOT ({_WAITS_FOR_PARENT})
   AND v.target_table = q.target_table AND v.source_key = q.source_key AND v.batch > q.batch"""


def _count_again(table: Table) -> str:
    rows = (
        ", rows = (SELECT count(*) FROM etl.fact_version AS v "
        "WHERE v.target_table = b.target_table AND v.batch = b.batch)"
        if table.kind == FACT
        else ""
    )
    return f"""
UPDATE etl.batch AS b SET quarantined = q.left_over{rows}
  FROM (SELECT batch, count(*) FILTER (WHERE {_LEFT[table.kind]}) AS left_over
          FROM etl.quarantine WHERE target_table = '{table.name}' GROUP BY batch) AS q
 WHERE b.target_table = '{table.name}' AND b.batch = q.batch AND b.quarantined <> q.left_over"""


def _references(fact: Table) -> list[Column]:
    return [column for column in fact.lake_columns if column.foreign_key]


def _lacks(column: Column, alias: str) -> str:
    reference, value = column.foreign_key, f"{alias}.{sql_quoted(column.name)}"
    if reference is None:
        return "false"
    parent = f"SELECT FROM {STAR}.{sql_quoted(reference.table)} AS p WHERE p.{sql_quoted(reference.column)} = {value}"
    return f"({value} IS NOT NULL AND NOT EXISTS ({parent}))"
