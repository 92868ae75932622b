"""The warehouse's tables and views as SQL, generated from the contracts."""

from __future__ import annotations

from collections.abc import Collection

from totelake.contracts.conversions import Converted, converted_sql
from totelake.contracts.identifiers import sql_quoted, sql_text
from totelake.contracts.model import FACT, Column, Reference, Table

STAR, ETL, STAGING = SCHEMAS = "star", "etl", "staging"
# one transaction at a time makes or changes what the warehouse has; both end with it
_KEY = "hashtext('totelake.load')"
LOCK = f"SELECT pg_advisory_xact_lock({_KEY})"
TRY_LOCK = f"SELECT pg_try_advisory_xact_lock({_KEY})"
HOLDER = f"""SELECT a.pid, a.application_name FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
 WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND (l.classid::bigint << 32 | l.objid::bigint) = {_KEY}::bigint"""
# a time in UTC and whole milliseconds, as all that the suite makes
NOW = "date_trunc('milliseconds', clock_timestamp() AT TIME ZONE 'UTC')"

# by table: the statement that makes it, and those that belong to it
ETL_TABLES = (
    (
        f"""CREATE TABLE IF NOT EXISTS etl.batch (
    target_table text NOT NULL,
    source text NOT NULL,
    batch bigint NOT NULL,
    commit_number bigint NOT NULL,
    rows bigint NOT NULL,
    deletions bigint NOT NULL,
    quarantined bigint NOT NULL,
    held bigint NOT NULL,
    captured_at timestamp without time zone NOT NULL,
    applied_at timestamp without time zone NOT NULL DEFAULT ({NOW}),
    PRIMARY KEY (target_table, source, batch)
)""",
        "COMMENT ON TABLE etl.batch IS 'What was applied: one row for each table and batch. Times are UTC.'",
    ),
    (
        """CREATE TABLE IF NOT EXISTS etl.fact_version (
    target_table text NOT NULL,
    record_id integer NOT NULL,
    source_key bigint NOT NULL,
    batch bigint NOT NULL,
    captured_at timestamp without time zone NOT NULL,
    PRIMARY KEY (target_table, record_id),
    UNIQUE (target_table, source_key, batch)
)""",
        "COMMENT ON TABLE etl.fact_version IS 'Which version of which source row each fact row is.'",
    ),
    (
        """CREATE TABLE IF NOT EXISTS etl.deletion (
    target_table text NOT NULL,
    source_key bigint NOT NULL,
    batch bigint NOT NULL,
    captured_at timestamp without time zone NOT NULL,
    PRIMARY KEY (target_table, source_key, batch)
)""",
        "COMMENT ON TABLE etl.deletion IS 'Source rows of facts that were deleted.'",
    ),
    (
        """CREATE TABLE IF NOT EXISTS etl.dimension_version (
    target_table text NOT NULL,
    dimension_key text NOT NULL,
    batch bigint NOT NULL,
    deleted boolean NOT NULL,
    PRIMARY KEY (target_table, dimension_key)
)""",
        "COMMENT ON TABLE etl.dimension_version IS 'The batch of each dimension row, and whether its source row is "
        "gone.'",
    ),
    (
        """CREATE TABLE IF NOT EXISTS etl.quarantine (
    target_table text NOT NULL,
    source_key bigint NOT NULL,
    batch bigint NOT NULL,
    operation text NOT NULL,
    rule text NOT NULL,
    column_name text NOT NULL,
    value text,
    payload jsonb NOT NULL,
    captured_at timestamp without time zone NOT NULL,
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'released', 'superseded')),
    settled_at timestamp without time zone,
    PRIMARY KEY (target_table, source_key, batch)
)""",
        "COMMENT ON TABLE etl.quarantine IS 'Rows that do not fit, and what became of them. The payload is the source "
        "row; for the rule missing_parent of a fact it is the fact row.'",
        "CREATE INDEX IF NOT EXISTS quarantine_open ON etl.quarantine (target_table) WHERE status = 'open'",
    ),
    (
        f"""CREATE TABLE IF NOT EXISTS etl.replay (
    target_table text NOT NULL,
    commit_number bigint NOT NULL,
    rows bigint NOT NULL,
    applied_at timestamp without time zone NOT NULL DEFAULT ({NOW}),
    PRIMARY KEY (target_table, commit_number)
)""",
        "COMMENT ON TABLE etl.replay IS 'Rows that left the quarantine once their contract was corrected.'",
    ),
)


def qualified(table: Table) -> str:
    """A star table's quoted name with its schema."""
    return f"{STAR}.{sql_quoted(table.name)}"


def next_record(fact: Table) -> str:
    """The next serial number of a fact's row; its sequence is looked up once for a statement, not for each row."""
    column = sql_text(fact.key[0].name)
    return f"nextval((SELECT pg_get_serial_sequence({sql_text(qualified(fact))}, {column})::regclass))"


def create_table(table: Table) -> str:
    """A star table with its key. A dimension has its foreign keys, too; a fact gets them with its first rows."""
    lines = [f"    {definition(column)}" for column in table.columns]
    if table.kind != FACT:
        lines += [f"    {_foreign_key(column)}" for column in table.columns if column.foreign_key]
    lines.append(f"    PRIMARY KEY ({', '.join(sql_quoted(column.name) for column in table.key)})")
    return f"CREATE TABLE IF NOT EXISTS {qualified(table)} (\n" + ",\n".join(lines) + "\n)"


def referring(table: Table) -> str:
    """The query of a table's columns that have a foreign key of their own in the warehouse."""
    return f"""SELECT a.attname FROM pg_constraint AS c
  JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
 WHERE c.conrelid = {sql_text(qualified(table))}::regclass AND c.contype = 'f' AND cardinality(c.conkey) = 1"""


def add_foreign_keys(table: Table, there: Collection[str]) -> str | None:
    """The statement that adds the foreign keys of the contract but for those of columns that have one; None for none.

    PostgreSQL then holds all rows against each dimension at once, which takes a small part of the time of row by row.
    """
    lacking = [column for column in table.columns if column.foreign_key and column.name not in there]
    if not lacking:
        return None
    return f"ALTER TABLE {qualified(table)} " + ", ".join(f"ADD {_foreign_key(column)}" for column in lacking)


def definition(column: Column) -> str:
    """A column as CREATE TABLE and ADD COLUMN take it, without its foreign key."""
    kind = "serial" if column.serial else column.type
    return f"{sql_quoted(column.name)} {kind}{' NOT NULL' if column.required else ''}"


def _foreign_key(column: Column) -> str:
    refers = column.foreign_key
    assert refers is not None  # nosec B101 # callers choose the columns that have one
    return f"FOREIGN KEY ({sql_quoted(column.name)}) {references(refers)}"


def references(refers: Reference) -> str:
    """What a column refers to, as its foreign key says it."""
    return f"REFERENCES {STAR}.{sql_quoted(refers.table)} ({sql_quoted(refers.column)})"


def _fact_columns(fact: Table) -> str:
    return ", ".join(f"f.{sql_quoted(name)}" for name in fact.column_names)


def current_view(fact: Table) -> str:
    """The latest version of each source row that is not deleted."""
    return f"CREATE OR REPLACE VIEW {STAR}.{sql_quoted(f'current_{fact.short_name}')} AS\n{_current(fact)}"


def _current(fact: Table) -> str:
    later = "e.target_table = v.target_table AND e.source_key = v.source_key AND e.batch > v.batch"
    return f"""SELECT {_fact_columns(fact)}
  FROM {qualified(fact)} AS f
  JOIN etl.fact_version AS v ON v.target_table = '{fact.name}' AND v.record_id = f.{sql_quoted(fact.key[0].name)}
 WHERE NOT EXISTS (SELECT FROM etl.fact_version AS e WHERE {later})
   AND NOT EXISTS (SELECT FROM etl.deletion AS e WHERE {later})"""


def converted_view(item: Converted) -> str:
    """The latest versions with their amount in the wanted currency.

    It reads tables and no other view, each of which can so be made anew by itself.
    """
    orders, rates = (f"({_current(fact)})" for fact in (item.fact, item.rates))
    text = converted_sql(
        item, item.fact.column_names, orders, qualified(item.currencies), rates, lambda first, last: f"{last} - {first}"
    )
    return f"CREATE OR REPLACE VIEW {STAR}.{sql_quoted(item.conversion.view)} AS\n{text}"


def alias_view(fact: Table) -> str:
    """A fact under its other name."""
    columns = ", ".join(sql_quoted(name) for name in fact.column_names)
    return f"CREATE OR REPLACE VIEW {STAR}.{sql_quoted(fact.alias or '')} AS SELECT {columns} FROM {qualified(fact)}"


def history_view(fact: Table) -> str:
    """Every version of each source row, with the times (UTC) from and until which it was current, and its deletion."""
    return f"""CREATE OR REPLACE VIEW {STAR}.{sql_quoted(f"history_{fact.short_name}")} AS
WITH events AS (
    SELECT source_key, batch, captured_at, record_id, false AS is_deletion
      FROM etl.fact_version WHERE target_table = '{fact.name}'
    UNION ALL
    SELECT source_key, batch, captured_at, NULL, true
      FROM etl.deletion WHERE target_table = '{fact.name}'
), spans AS (
    SELECT *, lead(captured_at) OVER following AS next_at, lead(is_deletion) OVER following AS next_is_deletion
      FROM events WINDOW following AS (PARTITION BY source_key ORDER BY batch)
)
SELECT {_fact_columns(fact)}, s.batch, s.captured_at AS valid_from, s.next_at AS valid_to,
       CASE WHEN s.next_is_deletion THEN s.next_at END AS deleted_at
  FROM spans AS s JOIN {qualified(fact)} AS f ON f.{sql_quoted(fact.key[0].name)} = s.record_id"""
