"""The SQL of a load's transaction: dimensions by their newest version, facts by what is not there, `etl` with both."""

from __future__ import annotations

from collections.abc import Sequence

from totelake.contracts import load_contracts
from totelake.contracts.identifiers import sql_quoted
from totelake.contracts.model import FACT, Table
from totelake.contracts.types import is_time, is_timestamp
from totelake.errors import StarTableError
from totelake.lake.quarantine import HIVE_COLUMNS
from totelake.warehouse import anew, ddl, quarantine_sql, written
from totelake.warehouse.ddl import LOCK, STAGING, qualified
from totelake.warehouse.jdbc import Connection
from totelake.warehouse.plan import BatchEntry, TableLoad
from totelake.warehouse.statistics import analyse_grown

# a statement, and the quoted names of the tables that each get the rows it counts
_Write = tuple[str, tuple[str, ...]]
_POSTGRES = {"bigint": "bigint", "timestamp": "timestamp without time zone"}
_METADATA = ("_op text NOT NULL", "_batch bigint NOT NULL", "_captured_at timestamp without time zone NOT NULL")
_RECORD = """
INSERT INTO etl.batch (target_table, source, batch, commit_number, rows, deletions, quarantined, held, captured_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?::timestamptz AT TIME ZONE 'UTC')
ON CONFLICT (target_table, source, batch) DO UPDATE
   SET commit_number = EXCLUDED.commit_number, rows = EXCLUDED.rows, deletions = EXCLUDED.deletions,
       quarantined = EXCLUDED.quarantined, held = EXCLUDED.held, applied_at = EXCLUDED.applied_at
 WHERE batch.held > 0"""

_REPLAYED = "INSERT INTO etl.replay (target_table, commit_number, rows) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"


def take_turn(connection: Connection) -> None:
    """Wait until no other load is publishing, however long that takes; the turn ends with the transaction."""
    connection.run("SET LOCAL lock_timeout = 0")
    connection.run(LOCK)
    connection.run("SET LOCAL lock_timeout TO DEFAULT")


def staging_name(run: str, table: Table) -> str:
    """The quoted name of a run's staging table; within PostgreSQL's 63 bytes."""
    return f"{STAGING}.{sql_quoted(f'{table.name}_{run}'[:63])}"


def quarantine_name(run: str, table: Table) -> str:
    """The quoted name of a run's staging table for what did not fit; within PostgreSQL's 63 bytes."""
    return f"{STAGING}.{sql_quoted(f'{table.name}_q_{run}'[:63])}"


def create_quarantine(run: str, table: Table) -> str:
    """An unlogged table for what did not fit, of the columns that its objects have."""
    columns = [f"{sql_quoted(name)} {_POSTGRES.get(kind, 'text')}" for name, kind in HIVE_COLUMNS]
    return f"CREATE UNLOGGED TABLE {quarantine_name(run, table)} ({', '.join(columns)})"


def create_staging(run: str, table: Table) -> str:
    """An unlogged table for the rows of objects: the lake's columns, a time of day still as text."""
    columns = [
        f"{sql_quoted(column.name)} {'text' if is_time(column.type) else column.type}" for column in table.lake_columns
    ]
    return f"CREATE UNLOGGED TABLE {staging_name(run, table)} ({', '.join([*columns, *_METADATA])})"


def apply(connection: Connection, run: str, load: TableLoad) -> None:
    """Bring one table's staged rows to the warehouse, release what waited for them, and check the balance.

    Dimensions go before the facts that refer to them. Raises StarTableError when the rows are not what the log says,
    when a row that was written is not there, or an event of a fact is neither a row nor a deletion nor in quarantine.
    """
    is_fact = load.table.kind == FACT
    if load.replaces:
        anew.forget(connection, load.table)
    newest = written.newest_record(connection, load.table) if is_fact else 0
    waiting = 0
    if load.quarantine:
        waiting += connection.run(quarantine_sql.take_over(quarantine_name(run, load.table), load))
    if load.has_rows:
        _check_staged(connection, run, load)
        if is_fact:
            waiting += connection.run(
                quarantine_sql.quarantine_without_parent(staging_name(run, load.table), load.table)
            )
            _write(connection, _fact(run, load.table))
        else:
            due = written.count(connection, _due(run, load.table))
            is_empty = written.is_empty(connection, load.table)
            found, _ = _write(connection, _dimension(run, load.table, is_empty))
            written.check_written(load.table, due, found)
    if load.replaces and not is_fact:
        anew.delete_left_over(connection, load.table)
    analyse_grown(connection, "etl.quarantine", waiting)
    record(connection, load.table, load.batches)
    analyse_grown(connection, "etl.batch", len(load.batches))
    connection.insert(_REPLAYED, [(load.table.name, replay.commit, replay.rows) for replay in load.replays])
    if is_fact:
        connection.run(quarantine_sql.mark_replayed(load.table))
    _settle(connection, load.table)
    if is_fact and not newest:
        _refer(connection, load.table)
    if is_fact:
        _check_applied(connection, load)
        written.check_fact(connection, load.table, newest)
    elif load.has_rows:
        written.check_dimension(connection, load.table, _due(run, load.table))


def settle(connection: Connection, table: Table) -> None:
    """Release a fact's rows whose parent has arrived, mark what a newer version replaced, and count again.

    Raises StarTableError when a row that was released is not there.
    """
    newest = written.newest_record(connection, table) if table.kind == FACT else 0
    _settle(connection, table)
    if table.kind == FACT:
        written.check_fact(connection, table, newest)


def _settle(connection: Connection, table: Table) -> None:
    is_of_feed = not load_contracts().source(table.source).is_database
    for statement in quarantine_sql.settle(table, is_of_feed):
        connection.run(statement)
    # what a constraint or a trigger has put off until the commit is this table's matter, too
    connection.run("SET CONSTRAINTS ALL IMMEDIATE")


def _refer(connection: Connection, fact: Table) -> None:
    """Give a fact that had no rows the foreign keys that it lacks: its parents are there, so none refuses a row."""
    there = [str(row[0]) for row in connection.rows(ddl.referring(fact))]
    statement = ddl.add_foreign_keys(fact, there)
    if statement is not None:
        connection.run(statement)


def _write(connection: Connection, writes: Sequence[_Write]) -> list[int]:
    """Run statements, and analyse what grew by them; the rows that each wrote."""
    counts = []
    for statement, targets in writes:
        counts.append(connection.run(statement))
        for target in targets:
            analyse_grown(connection, target, counts[-1])
    return counts


def record(connection: Connection, table: Table, entries: Sequence[BatchEntry]) -> None:
    """Record a table's batches as applied or, where events of it are held, as waiting."""
    connection.insert(_RECORD, [_record(table, entry) for entry in entries])


def _record(table: Table, entry: BatchEntry) -> tuple[str | int, ...]:
    counts = (entry.rows, entry.deletions, entry.quarantined, entry.held)
    return (table.name, table.source, entry.batch, entry.commit, *counts, entry.captured_at)


def _check_staged(connection: Connection, run: str, load: TableLoad) -> None:
    """Raises StarTableError unless there are as many rows as the log says, and of a fact each (key, batch) once."""
    if load.expected is None:
        return
    query = (
        f"SELECT count(*), coalesce(sum(times), 0) FROM (SELECT count(*) AS times FROM {staging_name(run, load.table)} "
        f"GROUP BY {sql_quoted(load.table.key_name)}, _batch) AS s"
    )
    once, rows = (int(value or 0) for value in connection.rows(query)[0])
    # of a dimension only the newest version counts, once
    found = rows if once == load.expected and load.table.kind == FACT else once
    if found != load.expected:
        raise StarTableError(
            f"{load.table.name}: {found} rows were staged of {load.expected} that its log names to batch "
            f"{load.through}; nothing was applied, the next run stages them anew"
        )


def _check_applied(connection: Connection, load: TableLoad) -> None:
    """Events = fact rows + deletions + quarantined (+ held), for every batch of the load."""
    bounds = f"target_table = '{load.table.name}' AND batch > {load.beyond} AND batch <= {load.through}"
    query = f"""
SELECT batch, sum(versions), sum(deletions) FROM (
    SELECT batch, 1 AS versions, 0 AS deletions FROM etl.fact_version WHERE {bounds}
    UNION ALL SELECT batch, 0, 1 FROM etl.deletion WHERE {bounds}
    UNION ALL SELECT batch, 1, 0 FROM etl.quarantine WHERE status <> 'released' AND {bounds}) AS applied
 GROUP BY batch"""
    applied = {int(row[0] or 0): tuple(int(count or 0) for count in row[1:]) for row in connection.rows(query)}
    for entry in load.batches:
        found, captured = applied.get(entry.batch, (0, 0)), (entry.rows + entry.quarantined, entry.deletions)
        if found != captured:
            raise StarTableError(
                f"{load.table.name} batch {entry.batch}: {found[0]} versions (those in quarantine included) and "
                f"{found[1]} deletions would be applied of {captured[0]} and {captured[1]} captured; "
                "nothing was applied, reconcile before the next load"
            )


def _values(table: Table, alias: str) -> str:
    values = []
    for column in table.lake_columns:
        name = f"{alias}.{sql_quoted(column.name)}"
        is_cast = is_time(column.type) or is_timestamp(column.type)
        values.append(f"{name}::{column.type}" if is_cast else name)
    return ", ".join(values)


def _due(run: str, table: Table) -> str:
    """From FROM on: the newest staged version of each row of a dimension that has no newer one yet."""
    key = sql_quoted(table.key_name)
    newer = (
        f"SELECT FROM etl.dimension_version AS v WHERE v.target_table = '{table.name}' "
        f"AND v.dimension_key = s.{key}::text AND v.batch > s._batch"
    )
    return (
        f"FROM (SELECT DISTINCT ON ({key}) * FROM {staging_name(run, table)} WHERE _op <> 'D' "
        f"ORDER BY {key}, _batch DESC) AS s WHERE NOT EXISTS ({newer})"
    )


def _dimension(run: str, table: Table, is_empty: bool) -> list[_Write]:
    """Into a dimension that is empty rows go without a search for each one's former version, in half of the time."""
    key = sql_quoted(table.key_name)
    names = [sql_quoted(column.name) for column in table.lake_columns]
    changes = ", ".join(f"{name} = EXCLUDED.{name}" for name in names if name != key)
    staged = staging_name(run, table)
    rows = f"INSERT INTO {qualified(table)} ({', '.join(names)}) SELECT {_values(table, 's')} {_due(run, table)}"
    versions = (
        "INSERT INTO etl.dimension_version AS v (target_table, dimension_key, batch, deleted) "
        f"SELECT DISTINCT ON ({key}) '{table.name}', {key}::text, _batch, _op = 'D' FROM {staged} "
        f"ORDER BY {key}, _batch DESC"
    )
    if not is_empty:
        rows += f" ON CONFLICT ({key}) DO UPDATE SET {changes}"
        versions += (
            " ON CONFLICT (target_table, dimension_key) DO UPDATE SET batch = EXCLUDED.batch, "
            "deleted = EXCLUDED.deleted WHERE EXCLUDED.batch >= v.batch"
        )
    return [(rows, (qualified(table),)), (versions, ("etl.dimension_version",))]


def _fact(run: str, table: Table) -> list[_Write]:
    key, record = sql_quoted(table.key_name), sql_quoted(table.key[0].name)
    names, staged = ", ".join(sql_quoted(column.name) for column in table.lake_columns), staging_name(run, table)
    there = (
        f"SELECT FROM etl.fact_version AS v WHERE v.target_table = '{table.name}' "
        f"AND v.source_key = s.{key} AND v.batch = s._batch"
    )
    versions = (
        f"WITH fresh AS MATERIALIZED (SELECT {ddl.next_record(table)} AS _record, s.* FROM ("
        f"SELECT s.* FROM {staged} AS s WHERE s._op <> 'D' AND NOT EXISTS ({there}) "
        f"AND NOT ({quarantine_sql.lacks_parent(table, 's')}) "
        f"ORDER BY s._batch, s.{key}) AS s), "
        f"inserted AS (INSERT INTO {qualified(table)} ({record}, {names}) "
        f"SELECT s._record, {_values(table, 's')} FROM fresh AS s) "
        "INSERT INTO etl.fact_version (target_table, record_id, source_key, batch, captured_at) "
        f"SELECT '{table.name}', s._record, s.{key}, s._batch, s._captured_at FROM fresh AS s"
    )
    deletions = (
        "INSERT INTO etl.deletion (target_table, source_key, batch, captured_at) "
        f"SELECT '{table.name}', s.{key}, s._batch, s._captured_at FROM {staged} AS s "
        "WHERE s._op = 'D' ON CONFLICT DO NOTHING"
    )
    return [(versions, (qualified(table), "etl.fact_version")), (deletions, ("etl.deletion",))]
