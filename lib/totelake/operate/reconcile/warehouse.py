"""The star logs against the warehouse, at the batch that it has applied: rows, keys, sums, and the balance."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from totelake.contracts.identifiers import sql_quoted
from totelake.contracts.model import FACT, Column, Table
from totelake.contracts.types import arrow_type
from totelake.lake.manifest import LakeObject
from totelake.lake.records.star_commit import StarCommit, live_objects, standing
from totelake.lake.records.verdict import JudgedBatch
from totelake.operate.reconcile.finding import Finding, equal_or_not
from totelake.operate.reconcile.rows import read_typed
from totelake.ports.object_store import ObjectStore
from totelake.ports.postgres import Cursor
from totelake.warehouse.ddl import qualified

# keys and sums are `Any` here: their types are those of the contract's columns
CONTENT, BALANCE = "star log = warehouse", "captured = applied"
_POSITION = """
SELECT coalesce(max(batch), 0),
       greatest(coalesce(max(commit_number), 0),
                (SELECT coalesce(max(commit_number), 0) FROM etl.replay WHERE target_table = %(name)s))
  FROM etl.batch WHERE target_table = %(name)s AND source = %(source)s AND held = 0"""
_COUNTED = """
SELECT batch, rows + deletions + quarantined + held, held > 0 FROM etl.batch
 WHERE target_table = %s AND source = %s"""


def compare_content(cursor: Cursor, store: ObjectStore, table: Table, log: Sequence[StarCommit]) -> Finding:
    """A fact's versions, keys and sums of its numbers, a dimension's keys: what was applied of the log and is there."""
    cursor.execute(_POSITION, {"name": table.name, "source": table.source})
    batch, commit = (int(value) for value in cursor.fetchone() or (0, 0))
    rows = _versions(store, table, _as_loaded(log, commit), batch, commit)
    if table.kind == FACT:
        numbers = _numbers(table)
        cursor.execute(_fact_query(table, numbers))
        here = _words(cursor.fetchone() or (), numbers)
        return equal_or_not(
            table.name, CONTENT, _words(_totals(rows, table, numbers), numbers), here, f"at batch {batch}"
        )
    keys = set(rows.column(table.key_name).to_pylist())
    cursor.execute(f"SELECT {sql_quoted(table.key_name)} FROM {qualified(table)}")
    found = {row[0] for row in cursor.fetchall()}
    odd = sorted(str(key) for key in keys ^ found)[:5]
    words = [f"{len(side)} keys{', among them ' + ', '.join(odd) if keys != found else ''}" for side in (keys, found)]
    return equal_or_not(table.name, CONTENT, words[0], words[1] if keys != found else words[0], f"at batch {batch}")


def compare_balance(cursor: Cursor, table: Table, log: Sequence[StarCommit], batches: Sequence[JudgedBatch]) -> Finding:
    """Events = rows + deletions + quarantined + held, batch by batch: what the log promised and what `etl` counts.

    Of a batch that is recorded as held, the verdict says how many events it has, held or released since.
    """
    cursor.execute(_POSITION, {"name": table.name, "source": table.source})
    applied = int((cursor.fetchone() or (0, 0))[1])
    promised = {
        number: counts.events for commit in _as_loaded(log, applied) for number, counts in commit.batches.items()
    }
    cursor.execute(_COUNTED, (table.name, table.source))
    found = cursor.fetchall()
    counted = {int(batch): int(total) for batch, total, _ in found}
    waiting = {int(batch) for batch, _, is_held in found if is_held}
    promised.update({batch.batch: _events(batch, table) for batch in batches if batch.batch in waiting})
    odd = sorted(batch for batch, total in counted.items() if promised.get(batch) != total)
    left = f"{sum(promised.get(batch, 0) for batch in counted)} events in {len(counted)} batches"
    right = f"{sum(counted.values())} events" if odd else left
    return equal_or_not(table.name, BALANCE, left, right, f"in the batches {odd[:5]}")


def _as_loaded(log: Sequence[StarCommit], applied: int) -> list[StarCommit]:
    """A log without rebuilds that are not loaded yet, and without what the newest of the others has replaced."""
    waiting = min((commit.number for commit in log if commit.is_rebuild and commit.number > applied), default=None)
    known = [commit for commit in log if waiting is None or commit.number < waiting]
    return standing(known) if known else []


def _events(batch: JudgedBatch, table: Table) -> int:
    found = batch.find(table.driving or "")
    return found.events if found else 0


def _numbers(table: Table) -> list[Column]:
    return [column for column in table.lake_columns if column.type.startswith("numeric")]


def _versions(store: ObjectStore, table: Table, log: Sequence[StarCommit], batch: int, commit: int) -> pa.Table:
    """The log's versions (no deletions) up to a batch, and of replays up to a commit; as they lie after compactions."""
    parts = [_schema(table).empty_table()]
    for item in live_objects(log):
        rows = _read(store, table, item)
        parts.append(rows.filter(pc.and_(pc.less_equal(rows["_batch"], batch), pc.not_equal(rows["_op"], "D"))))
    versions = pa.concat_tables(parts)
    waiting: set[tuple[Any, int]] = set()
    for replay in log:
        if replay.is_replay and replay.number > commit:
            for item in replay.objects:
                waiting.update(_pairs(_read(store, table, item), table))
    if not waiting:
        return versions
    return versions.filter(pa.array([place not in waiting for place in _pairs(versions, table)], pa.bool_()))


def _schema(table: Table) -> pa.Schema:
    """What is compared of a row, by the types of the contract of now."""
    columns = [table.column(table.key_name), *_numbers(table)]
    typed = [(column.name, arrow_type(column.type)) for column in columns]
    return pa.schema([*typed, ("_op", pa.string()), ("_batch", pa.int64())])


def _read(store: ObjectStore, table: Table, item: LakeObject) -> pa.Table:
    """The rows of an object by the types of the contract of now. Raises DamagedError when it cannot be read."""
    return read_typed(store, item.key, item.bytes, _schema(table))


def _pairs(rows: pa.Table, table: Table) -> list[tuple[Any, int]]:
    """Key and batch of every row, in order."""
    return list(zip(rows.column(table.key_name).to_pylist(), rows.column("_batch").to_pylist()))


def _totals(rows: pa.Table, table: Table, numbers: Sequence[Column]) -> list[Any]:
    keys = len(set(rows.column(table.key_name).to_pylist()))
    return [rows.num_rows, keys, *[pc.sum(rows[column.name]).as_py() if rows.num_rows else 0 for column in numbers]]


def _fact_query(table: Table, numbers: Sequence[Column]) -> str:
    """Fact rows and those that wait for their dimension row: the log has both."""
    key = sql_quoted(table.key_name)
    sums = "".join(f", sum({sql_quoted(column.name)})" for column in numbers)
    listed = "".join(f", {sql_quoted(column.name)}" for column in numbers)
    waiting = "".join(f", (payload->>'{column.name}')::numeric" for column in numbers)
    return (
        f"SELECT count(*), count(DISTINCT {key}){sums} FROM (SELECT {key}{listed} FROM {qualified(table)} "
        f"UNION ALL SELECT source_key{waiting} FROM etl.quarantine "
        f"WHERE target_table = '{table.name}' AND rule = 'missing_parent' AND status = 'open') AS versions"
    )


def _words(values: Sequence[Any], numbers: Sequence[Column]) -> str:
    sums = [f"{column.name} {Decimal(value or 0):.2f}" for column, value in zip(numbers, values[2:])]
    return ", ".join([f"{values[0]} versions of {values[1]} keys", *sums])
