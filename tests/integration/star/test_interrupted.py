"""Builds that die half way, that are repeated, or that meet each other: the same rows, each of them once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.integration.star.conftest import Lake
from tests.integration.star.samples import SPARK, row
from tests.noted import noted_incidents
from totelake.alerts.messages import quarantined
from totelake.contracts import load_contracts
from totelake.contracts.model import Table
from totelake.lake import processed
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt
from totelake.lake.manifest import DATA, Manifest
from totelake.lake.records.star_commit import StarCommit
from totelake.ports.s3 import S3Store
from totelake.ports.schema_catalog import SchemaCatalog
from totelake.star.write import UnitWriter

pytestmark = SPARK
FACT = "fact_payment"
VERSIONS = [(1, "I", 1), (2, "I", 1), (1, "U", 2), (2, "D", 2)]


class Killed(Exception):
    """The process died here."""


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Do something at the first call of a method that a test picks, just before it or just after it."""

    def arrange(
        owner: Any, method: str, is_wanted: Callable[..., bool], act: Callable[[], None], late: bool = False
    ) -> list[str]:
        original, done, lock = getattr(owner, method), list[str](), threading.Lock()

        def instrumented(*arguments: Any, **named: Any) -> Any:
            with lock:
                is_first = not done and is_wanted(*arguments, **named)
                if is_first:
                    done.append(method)
            if is_first and not late:
                act()
            answer = original(*arguments, **named)
            if is_first and late:
                act()
            return answer

        monkeypatch.setattr(owner, method, instrumented)
        return done

    return arrange


def die() -> None:
    raise Killed("here")


def accept_two_batches(lake: Lake) -> None:
    lake.accept((1, {"payment": [row("payment", 1), row("payment", 2)]}))
    lake.accept((2, {"payment": [row("payment", 1, "U"), row("payment", 2, "D")]}))


def versions(lake: Lake, table: str = FACT) -> list[tuple[int, str, int]]:
    """Key, operation and batch of every row."""
    return [(item[0], *item[-2:]) for item in lake.rows(table)]


def unfinished(lake: Lake, table: str = FACT) -> list[str]:
    """The final keys that the table's commits name and that are not there."""
    named = [item.key for manifest in lake.manifests(table) for item in manifest.objects_of(table)]
    assert named
    return sorted(set(named) - set(lake.keys(f"{table}/")))


@pytest.mark.parametrize("copies", [0, 1])
def test_a_run_that_dies_between_commit_and_copies_is_finished_by_the_next(lake: Lake, copies: int) -> None:
    accept_two_batches(lake)
    lock, asked = threading.Lock(), list[str]()

    def crash(params: dict[str, Any], **_: Any) -> None:
        with lock:
            asked.append(params["url_path"])
            if len(asked) > copies:
                raise Killed("here")

    lake.s3.meta.events.register("before-call.s3.CopyObject", crash)
    with pytest.raises(Killed):
        lake.build("build_facts")
    lake.s3.meta.events.unregister("before-call.s3.CopyObject", crash)
    [manifest] = lake.manifests(FACT)
    assert (len(manifest.objects_of(FACT)), len(unfinished(lake))) == (2, 2 - copies)
    with pytest.raises(lake.glue.exceptions.EntityNotFoundException):
        lake.view(FACT)
    lake.build("build_facts")
    assert lake.manifests(FACT) == [manifest]
    assert (unfinished(lake), versions(lake), lake.view(FACT)) == ([], VERSIONS, "2")
    assert sorted(lake.partitions(f"{FACT}_log")) == ["2024-08", "deleted"]


@pytest.mark.parametrize("step", ["register", "publish"])
def test_a_run_that_dies_before_the_data_catalog_knows_is_finished_by_the_next(
    lake: Lake, once: Callable[..., list[str]], step: str
) -> None:
    accept_two_batches(lake)
    done = once(processed, step, lambda catalog, table, *_: table.name == FACT, die)
    with pytest.raises(Killed):
        lake.build("build_facts")
    lake.build("build_facts")
    assert done
    assert (len(lake.manifests(FACT)), versions(lake), lake.view(FACT)) == (1, VERSIONS, "2")
    assert sorted(lake.partitions(f"{FACT}_log")) == ["2024-08", "deleted"]


def test_what_a_write_left_behind_is_in_no_later_commit(lake: Lake, once: Callable[..., list[str]]) -> None:
    accept_two_batches(lake)
    once(UnitWriter, "_write", lambda *_: True, die, late=True)
    with pytest.raises(Killed):
        lake.build("build_facts")
    left = set(lake.keys("_inflight/"))
    assert left and not lake.manifests(FACT)
    lake.build("build_facts")
    [manifest] = lake.manifests(FACT)
    assert not left & {item.staged for item in manifest.objects()}
    assert (unfinished(lake), versions(lake)) == ([], VERSIONS)


def commits_of(table: str) -> Callable[..., bool]:
    return lambda log, manifest: log.log == table and manifest.kind == DATA


def test_a_commit_that_another_run_took_is_left_to_it(lake: Lake, once: Callable[..., list[str]]) -> None:
    accept_two_batches(lake)
    done = once(CommitLog, "commit", commits_of(FACT), lambda: lake.build("build_facts"))
    lake.build("build_facts")
    assert done
    for table in load_contracts().facts():
        assert [sorted(commit.batches) for commit in lake.commits(table.name)] == [[1, 2]]
    assert (unfinished(lake), versions(lake)) == ([], VERSIONS)


def test_a_run_takes_over_where_the_faster_one_stopped(lake: Lake, once: Callable[..., list[str]]) -> None:
    accept_two_batches(lake)
    once(CommitLog, "commit", commits_of(FACT), lambda: lake.build("build_facts", row_limit=1))
    lake.build("build_facts")
    assert [sorted(commit.batches) for commit in lake.commits(FACT)] == [[1], [2]]
    assert (unfinished(lake), versions(lake), lake.view(FACT)) == ([], VERSIONS, "2")


def test_a_joined_dimension_that_another_run_was_faster_with_goes_on_from_its_state(
    lake: Lake, once: Callable[..., list[str]]
) -> None:
    lake.accept((1, {"staff": [row("staff", 1)], "department": [row("department", 1, department_name="Old")]}))
    lake.accept((2, {"department": [row("department", 1, "U", department_name="New")]}))
    once(CommitLog, "commit", commits_of("dim_staff"), lambda: lake.build("build_dimensions", row_limit=1))
    lake.build("build_dimensions")
    assert [(item[3], *item[-2:]) for item in lake.rows("dim_staff")] == [("Old", "I", 1), ("New", "U", 2)]
    assert [manifest.number for manifest in lake.manifests("dim_staff")] == [1, 2]


def test_a_run_that_is_never_the_faster_one_gives_up_and_says_so(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    accept_two_batches(lake)
    commit = CommitLog.commit

    def beaten(log: CommitLog, manifest: Manifest) -> bool:
        if log.log == FACT:
            other = Attempt(FACT, manifest.number, "other")
            assert commit(log, StarCommit(FACT, SOURCE).manifest(other, datetime.now(timezone.utc)))
        return commit(log, manifest)

    monkeypatch.setattr(CommitLog, "commit", beaten)
    first = "RetriableError: other runs committed to the log fact_payment first, 3 times; run the job again"
    with pytest.raises(SystemExit, match=first):
        lake.build("build_facts")
    assert [manifest.attempt for manifest in lake.manifests(FACT)] == ["other"] * 3


def test_two_builds_at_once_apply_every_batch_once(lake: Lake) -> None:
    accept_two_batches(lake)
    lake.accept((3, {"payment": [row("payment", 3)], "sales_order": [row("sales_order", 1)]}))
    failures: list[BaseException] = []

    def run() -> None:
        try:
            lake.build("build_facts", row_limit=3)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lake.build("build_facts")
    lake.build("build_facts")
    assert failures == []
    assert (versions(lake), versions(lake, "fact_sales_order")) == ([*VERSIONS, (3, "I", 3)], [(1, "I", 3)])
    for table in load_contracts().facts():
        assert sorted(batch for commit in lake.commits(table.name) for batch in commit.batches) == [1, 2, 3]


def test_a_slow_run_does_not_take_a_view_back(lake: Lake, once: Callable[..., list[str]]) -> None:
    accept_two_batches(lake)

    def is_first_batch(catalog: SchemaCatalog, table: Table, batch: int) -> bool:
        return table.name == FACT and batch == 1

    seen: list[str] = []

    def overtake() -> None:
        lake.build("build_facts")
        seen.append(lake.view(FACT))

    once(processed, "publish", is_first_batch, overtake)
    lake.build("build_facts", row_limit=1)
    assert (seen, lake.view(FACT), lake.view("current_payment"), lake.view("history_payment")) == (["2"], "2", "2", "2")
    assert versions(lake) == VERSIONS


def test_a_run_that_dies_before_its_alert_of_quarantined_rows_leaves_it_to_the_next_one_once(
    lake: Lake, once: Callable[..., list[str]]
) -> None:
    lake.accept((1, {"payment": [row("payment", 1), row("payment", 2, payment_date="2024-8-5")]}))
    done = once(S3Store, "create", lambda store, key, body: key.startswith("_alerts/"), die)
    with pytest.raises(Killed):
        lake.build("build_facts")
    incidents = noted_incidents(lake.ingestion_store)
    for _ in range(2):
        lake.build("build_facts")
    assert (done, len(incidents), len(lake.manifests(FACT))) == (["create"], 0, 1)
    assert noted_incidents(lake.ingestion_store) == {quarantined(FACT, 1, 1).id}
