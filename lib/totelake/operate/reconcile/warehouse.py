"""The star logs against the warehouse, at the batch that it has applied: the content of every row, and the balance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from totelake.contracts.identifiers import sql_quoted
from totelake.contracts.model import FACT, Column, Table
from totelake.contracts.types import arrow_type
from totelake.lake.manifest import LakeObject
from totelake.lake.records.star_commit import StarCommit, live_objects, standing
from totelake.lake.records.verdict import JudgedBatch
from totelake.operate.reconcile.content import as_unsigned, compared, digest_sql, digests, total
from totelake.operate.reconcile.finding import DIFFERS, NOT_COMPARED, Finding, equal_or_not
from totelake.operate.reconcile.rows import read_typed
from totelake.ports.object_store import ObjectStore
from totelake.ports.postgres import Cursor
from totelake.warehouse.ddl import qualified

# keys and sums are `Any` here: their types are those of the contract's columns
CONTENT, BALANCE = "star log = warehouse", "captured = applied"
_MOST_KEYS = 5
_PRESENT = """
SELECT attname::text FROM pg_catalog.pg_attribute
 WHERE attrelid = pg_catalog.to_regclass(%s) AND attnum > 0 AND NOT attisdropped"""
_POSITION = """
SELECT coalesce(max(batch), 0),
       greatest(coalesce(max(commit_number), 0),
                (SELECT coalesce(max(commit_number), 0) FROM etl.replay WHERE target_table = %(name)s))
  FROM etl.batch WHERE target_table = %(name)s AND source = %(source)s AND held = 0"""
_COUNTED = """
SELECT batch, rows + deletions + quarantined + held, held > 0 FROM etl.batch
 WHERE target_table = %s AND source = %s"""


def compare_content(cursor: Cursor, store: ObjectStore, table: Table, log: Sequence[StarCommit]) -> Finding:
    """What was applied of the log and is there, row by row: a fact's versions, a dimension's newest.

    Beside the digest of all rows, the numbers by which people know them: rows, keys and a fact's sums. A column that
    the warehouse has not, as before the first load of a new release, is left out, and the finding says so.
    """
    cursor.execute(_PRESENT, (qualified(table),))
    there = {name for (name,) in cursor.fetchall()}
    if table.key_name not in there:
        lost = f"the warehouse has no {table.name}, or one without {table.key_name}; run the load, or give it back"
        return Finding(table.name, CONTENT, "-", "-", DIFFERS, lost)
    columns = [column for column in table.lake_columns if column.name in there]
    cursor.execute(_POSITION, {"name": table.name, "source": table.source})
    batch, commit = (int(value) for value in cursor.fetchone() or (0, 0))
    rows = _versions(store, table, _as_loaded(log, commit), batch, commit)
    rows = rows if table.kind == FACT else _newest(rows, table)
    found, numbers = digests(rows, compared(columns)), _numbers(columns) if table.kind == FACT else []
    cursor.execute(_query(table, columns, numbers))
    *counted, content = cursor.fetchone() or (0, 0, 0)
    left = _words(table, _totals(rows, table, numbers), numbers, total(found))
    right = _words(table, counted, numbers, as_unsigned(int(content)))
    detail = f"at batch {batch}"
    if left != right:
        detail += _odd(cursor, table, columns, rows, found)
    finding = equal_or_not(table.name, CONTENT, left, right, detail)
    missing = [column.name for column in table.lake_columns if column.name not in there]
    return _without(finding, missing) if missing else finding


def _without(finding: Finding, missing: Sequence[str]) -> Finding:
    """A finding of rows that were compared without these columns."""
    said = (
        f"the warehouse's {finding.table} has no {' and no '.join(missing)}, so that was not compared; the next load "
        "adds what a release brings, and what somebody renamed or removed has to be given back"
    )
    if finding.outcome == DIFFERS:
        return replace(finding, detail=f"{finding.detail}; {said}")
    return replace(finding, outcome=NOT_COMPARED, detail=said)


def _odd(cursor: Cursor, table: Table, columns: Sequence[Column], rows: pa.Table, found: np.ndarray) -> str:
    """The first keys of rows that are on one side alone, with whatever content."""
    keys = map(str, rows.column(table.key_name).to_pylist())
    here = Counter(zip(keys, map(int, found)))
    digest = digest_sql(compared(columns), "v")
    cursor.execute(f"SELECT v.{sql_quoted(table.key_name)}::text, {digest} FROM {_rows(table, columns)}")
    there = Counter((str(key), as_unsigned(int(digest))) for key, digest in cursor.fetchall())
    odd = sorted({key for key, _ in (here - there) + (there - here)}, key=lambda key: (len(key), key))
    named = ", ".join(odd[:_MOST_KEYS])
    return f"; {len(odd)} keys have rows that differ, among them {named}" if odd else ""


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


def _numbers(columns: Sequence[Column]) -> list[Column]:
    return [column for column in columns if column.type.startswith("numeric")]


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


def _newest(versions: pa.Table, table: Table) -> pa.Table:
    """Of each key the row of the newest batch."""
    batches = versions.column("_batch").to_pylist()
    newest: dict[Any, int] = {}
    for place, (key, batch) in enumerate(zip(versions.column(table.key_name).to_pylist(), batches)):
        if key not in newest or batches[newest[key]] <= batch:
            newest[key] = place
    return versions.take(pa.array(list(newest.values()), pa.int64()))


def _schema(table: Table) -> pa.Schema:
    """What is compared of a row, by the types of the contract of now."""
    typed = [(column.name, arrow_type(column.type)) for column in table.lake_columns]
    return pa.schema([*typed, ("_op", pa.string()), ("_batch", pa.int64())])


def _read(store: ObjectStore, table: Table, item: LakeObject) -> pa.Table:
    """The rows of an object by the types of the contract of now. Raises DamagedError when it cannot be read."""
    return read_typed(store, item.key, item.bytes, item.checksum, _schema(table))


def _pairs(rows: pa.Table, table: Table) -> list[tuple[Any, int]]:
    """Key and batch of every row, in order."""
    return list(zip(rows.column(table.key_name).to_pylist(), rows.column("_batch").to_pylist()))


def _totals(rows: pa.Table, table: Table, numbers: Sequence[Column]) -> list[Any]:
    keys = len(set(rows.column(table.key_name).to_pylist()))
    return [rows.num_rows, keys, *[pc.sum(rows[column.name]).as_py() if rows.num_rows else 0 for column in numbers]]


def _query(table: Table, columns: Sequence[Column], numbers: Sequence[Column]) -> str:
    """Rows, keys, sums and the digest of a table's rows."""
    sums = "".join(f", sum(v.{sql_quoted(column.name)})" for column in numbers)
    key, digest = sql_quoted(table.key_name), digest_sql(compared(columns), "v")
    return f"SELECT count(*), count(DISTINCT v.{key}){sums}, coalesce(sum({digest}), 0) FROM {_rows(table, columns)}"


def _rows(table: Table, columns: Sequence[Column]) -> str:
    """A table's rows as `v`; of a fact those that wait for their dimension row, too: the log has both."""
    quoted = [sql_quoted(column.name) for column in columns]
    # a fact may have a column that is named like one of the quarantine's
    names, waiting = ", ".join(quoted), ", ".join(f"f.{name}" for name in quoted)
    if table.kind != FACT:
        return f"{qualified(table)} AS v"
    return (
        f"(SELECT {names} FROM {qualified(table)} UNION ALL SELECT {waiting} FROM etl.quarantine AS q, "
        f"LATERAL pg_catalog.jsonb_populate_record(NULL::{qualified(table)}, q.payload) AS f "
        f"WHERE q.target_table = '{table.name}' AND q.rule = 'missing_parent' AND q.status = 'open') AS v"
    )


def _words(table: Table, values: Sequence[Any], numbers: Sequence[Column], content: int) -> str:
    counted = f"{values[0]} versions of {values[1]} keys" if table.kind == FACT else f"{values[0]} keys"
    sums = [f"{column.name} {Decimal(value or 0):.2f}" for column, value in zip(numbers, values[2:])]
    return ", ".join([counted, *sums, f"content {content:016x}"])
