"""The load on real PostgreSQL, Spark and S3: whole, once, all or nothing."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.warehouse.conftest import NOON, Warehouse, dimensions, row
from totelake.contracts import load_contracts
from totelake.lake.commits import CommitLog
from totelake.lake.records.marks import LOADED, LoadMark
from totelake.stack.processes import free_port
from totelake.warehouse import load as load_module
from totelake.warehouse import publish, stage
from totelake.warehouse.staging import note

pytestmark = pytest.mark.integration
PAYMENT, DESIGN = load_contracts().find("fact_payment"), load_contracts().find("dim_design")


def payment(key: int, **values: Any) -> dict[str, Any]:
    return row(PAYMENT, payment_id=key, **values)


def tombstone(key: int) -> dict[str, Any]:
    return {"payment_id": key, "_op": "D"}


def taken(warehouse: Warehouse) -> Mapping[str, int]:
    """By star table the newest commit that a load has noted."""
    return LoadMark.of(CommitLog(warehouse.store, LOADED).newest()).commits


def hour(batch: int) -> datetime:
    return NOON.replace(hour=12 + batch)


def test_a_first_load_brings_every_value(warehouse: Warehouse) -> None:
    warehouse.commit(1, fact_payment=[payment(7, payment_amount=Decimal("12.30"), paid=False)], **dimensions())
    warehouse.load()
    assert warehouse.rows("SELECT * FROM fact_payment") == [
        (1, 7, NOON.date(), time(9, 30, 0, 123000), NOON.date(), time(9, 30, 0, 123000), 1, 1, Decimal("12.30"), 1, 1,
         False, NOON.date()),
    ]  # fmt: skip
    assert warehouse.rows("SELECT * FROM dim_design") == [(1, "text", "text", "text")]
    recorded = "SELECT batch, commit_number, rows, deletions, quarantined, held, captured_at FROM etl.batch"
    assert warehouse.rows(f"{recorded} WHERE target_table = 'fact_payment'") == [(1, 1, 1, 0, 0, 0, hour(1))]
    assert warehouse.rows("SELECT count(*) FROM etl.batch") == [(11,)]
    assert warehouse.rows("SELECT count(*) FROM pg_class WHERE relnamespace = 'staging'::regnamespace") == [(0,)]


def test_versions_and_deletions_make_the_current_state_and_the_history(warehouse: Warehouse) -> None:
    warehouse.commit(1, fact_payment=[payment(7, paid=False), payment(8)], **dimensions())
    warehouse.load()
    warehouse.commit(2, fact_payment=[payment(7, paid=True, _op="U"), tombstone(8)])
    warehouse.commit(3, fact_payment=[payment(8, paid=False)])
    warehouse.load()
    assert warehouse.rows("SELECT payment_id, paid FROM current_payment ORDER BY 1") == [(7, True), (8, False)]
    history = "SELECT payment_id, paid, batch, valid_from, valid_to, deleted_at FROM history_payment ORDER BY 1, 3"
    assert warehouse.rows(history) == [
        (7, False, 1, hour(1), hour(2), None),
        (7, True, 2, hour(2), None, None),
        (8, True, 1, hour(1), hour(2), hour(2)),
        (8, False, 3, hour(3), None, None),
    ]
    assert warehouse.rows("SELECT payment_record_id, payment_id FROM fact_payment ORDER BY 1") == [
        (1, 7), (2, 8), (3, 7), (4, 8),
    ]  # fmt: skip
    assert warehouse.rows("SELECT DISTINCT rows, deletions FROM etl.batch WHERE target_table = 'fact_payment' "
                          "AND batch = 2") == [(1, 1)]  # fmt: skip


def test_a_dimension_keeps_its_latest_values_and_outlives_its_source(warehouse: Warehouse) -> None:
    warehouse.commit(1, **dimensions())
    warehouse.commit(2, dim_design=[row(DESIGN, design_name="new", _op="U")])
    warehouse.load()
    assert warehouse.rows("SELECT design_name FROM dim_design") == [("new",)]
    warehouse.commit(3, dim_design=[{"design_id": 1, "_op": "D"}])
    warehouse.load()
    assert warehouse.rows("SELECT design_name FROM dim_design") == [("new",)]
    version = "SELECT batch, deleted FROM etl.dimension_version WHERE target_table = 'dim_design'"
    assert warehouse.rows(version) == [(3, True)]


def test_nothing_pending_stages_nothing_and_changes_nothing(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.commit(1, fact_payment=[payment(7)], **dimensions())
    warehouse.load()
    before = warehouse.content()
    monkeypatch.setattr(stage.Stage, "fill", lambda *_: pytest.fail("something was staged"))
    warehouse.load()
    warehouse.commit(2)
    warehouse.load()
    assert warehouse.content() == before
    assert warehouse.rows("SELECT max(batch) FROM etl.batch") == [(2,)]


def test_an_empty_warehouse_catches_up_to_the_same_content(warehouse: Warehouse) -> None:
    warehouse.commit(1, fact_payment=[payment(7), payment(8)], **dimensions())
    warehouse.load()
    warehouse.commit(2, fact_payment=[payment(7, paid=False), tombstone(8)])
    warehouse.load()
    step_by_step = warehouse.content()
    warehouse.rows("DROP SCHEMA star CASCADE; DROP SCHEMA etl CASCADE")
    warehouse.load()
    assert warehouse.content() == step_by_step


def test_a_restored_backup_catches_up_without_doubling(warehouse: Warehouse) -> None:
    warehouse.commit(1, fact_payment=[payment(7)], **dimensions())
    warehouse.commit(2, fact_payment=[payment(7, paid=False), tombstone(9)])
    warehouse.load()
    before = warehouse.content()
    warehouse.rows("DELETE FROM etl.batch WHERE batch = 2")
    warehouse.load()
    assert warehouse.content() == before


def test_a_load_notes_what_it_has_taken_and_a_second_look_notes_nothing(warehouse: Warehouse) -> None:
    log = CommitLog(warehouse.store, LOADED)
    warehouse.commit(1, **dimensions())
    warehouse.load()
    assert taken(warehouse) == {table.name: 1 for table in load_contracts().star_tables()}
    warehouse.load()
    assert log.newest_number() == 1
    warehouse.commit(2)
    warehouse.load()
    assert taken(warehouse) == {table.name: 2 for table in load_contracts().star_tables()}
    warehouse.rows("DELETE FROM etl.batch WHERE batch = 2")
    warehouse.load()
    assert warehouse.rows("SELECT max(batch) FROM etl.batch") == [(2,)]
    assert log.newest_number() == 2


def test_a_load_that_dies_before_its_note_is_noted_by_the_next(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    warehouse.commit(1, **dimensions())
    with monkeypatch.context() as patch:
        patch.setattr(load_module, "remember_load", die)
        with pytest.raises(KeyboardInterrupt):
            warehouse.load()
    assert warehouse.rows("SELECT max(batch) FROM etl.batch") == [(1,)] and taken(warehouse) == {}
    warehouse.load()
    assert set(taken(warehouse).values()) == {1}


def test_a_load_that_fails_notes_nothing(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise KeyboardInterrupt

    warehouse.commit(1, **dimensions())
    monkeypatch.setattr(publish, "record", fail)
    with pytest.raises(KeyboardInterrupt):
        warehouse.load()
    assert taken(warehouse) == {}


@pytest.mark.parametrize("step", ["create_staging", "apply", "commit"])
def test_a_crash_at_any_step_applies_nothing_and_is_made_good(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    warehouse.commit(1, **dimensions())
    warehouse.load()
    warehouse.commit(2, fact_payment=[payment(7)])
    before = warehouse.content()

    def crash(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if step == "commit":
            patch.setattr(publish, "_check_applied", crash)
        else:
            patch.setattr(publish, step, crash)
        with pytest.raises(KeyboardInterrupt):
            warehouse.load()
    assert warehouse.content() == before
    warehouse.load()
    assert [found[0] for found in warehouse.content()["fact_payment"]] == [7]


def test_of_two_loads_at_once_each_row_is_applied_once(warehouse: Warehouse) -> None:
    warehouse.commit(1, fact_payment=[payment(key) for key in range(1, 50)], **dimensions())
    barrier, failures = threading.Barrier(2), []

    def one(name: str) -> None:
        barrier.wait()
        try:
            warehouse.load(JOB_RUN_ID=f"jr_{name * 32}")
        except BaseException as error:
            failures.append(error)

    warehouse.rows("SELECT 1")
    warehouse.load(JOB_RUN_ID="jr_first")
    warehouse.commit(2, fact_payment=[payment(key, paid=False) for key in range(1, 50)])
    threads = [threading.Thread(target=one, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert warehouse.rows("SELECT count(*), count(DISTINCT payment_id) FROM fact_payment") == [(98, 49)]


def test_rows_that_were_staged_twice_hold_their_table(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse.commit(1, fact_payment=[payment(7), tombstone(9)], **dimensions())
    write = stage.Stage._write

    def twice(self: Any, load: Any) -> None:
        write(self, load)
        write(self, load)

    with monkeypatch.context() as patched:
        patched.setattr(stage.Stage, "_write", twice)
        warehouse.load()
    assert {name: hold.reason for name, hold in warehouse.held().items()} == {
        "fact_payment": "fact_payment: 4 rows were staged of 2 that its log names to batch 1; nothing was applied, "
        "the next run stages them anew"
    }
    assert warehouse.rows("SELECT count(*) FROM fact_payment") == [(0,)]
    warehouse.load()
    assert (warehouse.held(), warehouse.rows("SELECT count(*) FROM fact_payment")) == ({}, [(1,)])
    assert warehouse.rows("SELECT count(*) FROM etl.deletion") == [(1,)]


def test_a_commit_whose_builder_died_before_its_copies_is_loaded(warehouse: Warehouse) -> None:
    key = "fact_payment/000000000001-0.parquet"
    warehouse.commit(1, fact_payment=[payment(7)], **dimensions())
    source = {"Bucket": warehouse.bucket, "Key": key}
    warehouse.s3.copy_object(Bucket=warehouse.bucket, Key="staged", CopySource=source)
    warehouse.s3.delete_object(**source)
    warehouse.load()
    assert warehouse.rows("SELECT payment_id FROM fact_payment") == [(7,)]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"password": "wrong"}, "refuses the role totelake_loader"),
        ({"dbname": "not_there"}, "not_there"),
        ({"username": "totelake_reader", "password": "x"}, "refuses the role totelake_reader"),
        ({"password": None}, "has no password"),
        ({"port": "many"}, "the port in the secret"),
    ],
)
def test_a_secret_that_does_not_fit_is_reported(warehouse: Warehouse, values: dict[str, Any], says: str) -> None:
    warehouse.change_secret(**values)
    _fails(warehouse, says)


def test_a_warehouse_that_is_not_there_is_reported(warehouse: Warehouse) -> None:
    warehouse.change_secret(port=free_port())
    _fails(warehouse, "Connection to")


def _fails(warehouse: Warehouse, says: str) -> None:
    with pytest.raises(SystemExit) as failure:
        warehouse.load()
    sentence = str(failure.value.code)
    assert says in sentence and "\n" not in sentence
    assert warehouse.postgres.passwords["totelake_loader"] not in sentence


def test_the_next_load_drops_the_staging_tables_of_one_that_was_killed_a_day_ago(warehouse: Warehouse) -> None:
    warehouse.commit(1, fact_payment=[payment(7)], **dimensions())
    warehouse.load()
    notes = {"killed": hour(1) - timedelta(days=1000), "running": datetime.now(timezone.utc), "somebody": None}
    for name, made in notes.items():
        warehouse.rows(f"CREATE UNLOGGED TABLE staging.{name} (a int)")
        if made is not None:
            warehouse.rows(note(f"staging.{name}", made.astimezone(timezone.utc)))
    warehouse.commit(2, fact_payment=[payment(8)])
    warehouse.load()
    left = "SELECT relname FROM pg_class WHERE relnamespace = 'staging'::regnamespace ORDER BY 1"
    assert warehouse.rows(left) == [("running",), ("somebody",)]
