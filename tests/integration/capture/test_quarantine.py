"""One bad value stops nothing: rows that cannot be read exactly are quarantined, every other row arrives."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.integration.capture.conftest import Source
from totelake.lake.manifest import Manifest
from totelake.lake.quarantine import NOT_SENT

PAYMENT = """
INSERT INTO payment SELECT key, '2026-11-23 10:00', '2026-11-23 10:00', key, 1, {amount}, 1, 1, true, '2026-11-23', 1, 1
  FROM generate_series({first}, {last}) AS key"""


def payments(first: int, last: int, amount: str = "key") -> str:
    """A statement that makes payments of these keys."""
    return PAYMENT.format(first=first, last=last, amount=amount)


def quarantined(source: Source, manifest: Manifest | None, table: str = "payment") -> list[tuple[Any, ...]]:
    """Operation, key, rule, column and value of what a commit quarantined."""
    assert manifest is not None
    commit = manifest.tables[table]
    rows: list[dict[str, Any]] = []
    for item in commit.quarantine:
        body = source.s3.get_object(Bucket=source.bucket, Key=item.staged)["Body"].read()
        rows += pq.read_table(io.BytesIO(body)).to_pylist()
    assert len(rows) == commit.quarantined
    assert {(row["source_table"], row["_batch"]) for row in rows} <= {(table, manifest.number)}
    sent = [row for row in rows if row["rule"] != NOT_SENT]
    assert all(json.loads(row["payload"])[row["column_name"]] == row["value"] for row in sent)
    return [(row["_op"], row["source_key"], row["rule"], row["column_name"], row["value"]) for row in rows]


@pytest.mark.parametrize(
    ("change", "column", "value"),
    [
        ("payment_amount = 'NaN'", "payment_amount", "NaN"),
        ("created_at = 'infinity'", "created_at", "infinity"),
        ("created_at = '0044-03-15 BC'", "created_at", "0044-03-15 00:00:00 BC"),
        ("last_updated = '12026-01-01'", "last_updated", "12026-01-01 00:00:00"),
    ],
)
def test_a_value_that_the_lake_cannot_hold_is_quarantined_and_the_rest_arrives(
    source: Source, change: str, column: str, value: str
) -> None:
    source.sql(payments(1, 9), f"UPDATE payment SET {change} WHERE payment_id = 5")
    first = source.run()
    assert quarantined(source, first) == [("I", 5, "unreadable", column, value)]
    assert [key for _, key in source.changes(first, "payment")] == [1, 2, 3, 4, 6, 7, 8, 9]


def test_its_key_counts_as_known(source: Source) -> None:
    source.sql(payments(1, 9, "CASE WHEN key IN (1, 5, 9) THEN 'NaN'::numeric ELSE key END"))
    source.run()
    assert source.run() is None
    compared = source.run(bookmark="disable")
    assert compared is not None and compared.tables == {}
    source.sql("DELETE FROM payment WHERE payment_id = 5")
    assert source.changes(source.run(), "payment") == [("D", 5)]


def test_an_edit_that_leaves_it_unreadable_is_another_entry_and_one_that_corrects_it_an_event(source: Source) -> None:
    source.sql(payments(1, 3), "UPDATE payment SET payment_amount = 'NaN' WHERE payment_id = 2")
    source.run()
    source.sql("UPDATE payment SET paid = false WHERE payment_id = 2")
    assert quarantined(source, source.run()) == [("U", 2, "unreadable", "payment_amount", "NaN")]
    source.sql("UPDATE payment SET payment_amount = 7 WHERE payment_id = 2")
    corrected = source.run()
    assert (source.changes(corrected, "payment"), quarantined(source, corrected)) == ([("U", 2)], [])


def test_a_good_row_that_becomes_unreadable_is_quarantined(source: Source) -> None:
    source.sql(payments(1, 3))
    source.run()
    source.sql("UPDATE payment SET payment_amount = 'NaN' WHERE payment_id = 3", payments(4, 5))
    second = source.run()
    assert quarantined(source, second) == [("U", 3, "unreadable", "payment_amount", "NaN")]
    assert source.changes(second, "payment") == [("I", 4), ("I", 5)]


def test_a_table_of_unreadable_rows_only_has_no_events(source: Source) -> None:
    source.sql(payments(1, 3, "'NaN'::numeric"))
    first = source.run()
    assert first is not None
    assert (first.objects_of("payment"), len(quarantined(source, first))) == ((), 3)


def test_a_text_larger_than_the_parsers_block_arrives_whole(source: Source) -> None:
    source.sql(
        "INSERT INTO design (design_id, created_at, last_updated, design_name, file_location, file_name) "
        "SELECT key, now(), now(), repeat('x', 9000000 / key), 'l', 'f' FROM generate_series(1, 3) AS key"
    )
    first = source.run()
    assert first is not None and first.tables["design"].quarantined == 0
    assert source.replayed("design") == source.content("design")


def test_nothing_is_left_of_the_copy_that_failed(source: Source) -> None:
    source.sql(payments(1, 30_000), "UPDATE payment SET payment_amount = 'NaN' WHERE payment_id = 29999")
    first = source.run()
    assert first is not None
    assert (first.tables["payment"].rows, first.tables["payment"].quarantined) == (29_999, 1)
    found = source.s3.list_objects_v2(Bucket=source.bucket, Prefix="_inflight/totesys/")["Contents"]
    named = {item.staged for item in first.objects()}
    assert {item["Key"] for item in found} == named
    assert source.s3.list_multipart_uploads(Bucket=source.bucket).get("Uploads", []) == []
