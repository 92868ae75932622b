"""A refresh that failed is started again by what made it fail: soon where it may pass, rarely where it cannot."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.modules import modules
from tests.unit.operate.jobs import NOON
from totelake.operate.backoff import LASTING_ERRORS, MOST_RUNS, PASSING_ERRORS, Cause, cause_of, pause_after
from totelake.runtime.run_reports import RunReport, Step

PASSING = "SystemExit: RetriableError: PutObject failed with SlowDown: slow; run the job again"
LASTING = "SystemExit: WarehouseError: warehouse x at db:5432 refuses the role loader: no; correct the secret"
UNKNOWN = "the script's process was ended by SIGKILL"


def failed(message: str, number: int = 0) -> RunReport:
    """A run of five minutes that ended at noon, and which failed with a message."""
    step = Step("load", "FAILED", f"jr_{number}", message=message)
    started = (NOON - timedelta(minutes=5)).isoformat(timespec="seconds")
    return RunReport(f"wr_{number}", "refresh", "COMPLETED", started, 300.0, (step,))


SUCCESS = RunReport("wr_1", "refresh", "COMPLETED", NOON.isoformat(), 60.0, (Step("load", "SUCCEEDED"),))


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (PASSING, Cause.PASSING),
        ("RetriableError: GetTable failed with ThrottlingException: Rate exceeded; run the job again", Cause.PASSING),
        ("ClientError: An error occurred (Throttling) when calling the GetPartitions operation", Cause.PASSING),
        ("ClientError: An error occurred (ExpiredToken) when calling the ListObjectsV2 operation", Cause.PASSING),
        ("SystemExit: totelake.errors.RetriableError: the lock is held; run the job again", Cause.PASSING),
        (
            "Error Category: UNCLASSIFIED_ERROR; SystemExit: RetriableError: it is busy; run the job again",
            Cause.PASSING,
        ),
        ("EndpointConnectionError: Could not connect to the endpoint URL", Cause.PASSING),
        ("ReadTimeoutError: Read timeout on endpoint URL", Cause.PASSING),
        ("StandbyConflictError: db cancelled what was read", Cause.PASSING),
        (LASTING, Cause.LASTING),
        ("SourceError: db refuses the role reader: password authentication failed; correct the secret", Cause.LASTING),
        ("ConfigurationError: there is no secret x; create it or correct the job's argument", Cause.LASTING),
        ("LakeError: GetTable failed with AccessDeniedException: no; grant the job's role this action", Cause.LASTING),
        # whatever words it has: the class alone decides
        ("WarehouseError: it has the encoding LATIN1; make it anew, and run the job again", Cause.LASTING),
        ('SourceError: db cannot be reached: could not translate host name "x"; correct the host', Cause.LASTING),
        ("LakeError: the partition 2026/11 was refused: Throttle is no type; run the job again", Cause.LASTING),
        ("LakeError: s3://b/k could not be deleted: Access Denied; run it again", Cause.LASTING),
        ("StarTableError: dim_x could not be built: ConnectionError; correct what this names", Cause.LASTING),
        ("LakeError: RetriableError: is the name of a column", Cause.LASTING),
        (UNKNOWN, Cause.UNKNOWN),
        ("ValueError: the batch is empty", Cause.UNKNOWN),
        ("no message", Cause.UNKNOWN),
    ],
)
def test_the_cause_is_in_the_words_of_the_failure(message: str, cause: Cause) -> None:
    assert cause_of([f"load FAILED: {message}"]) == cause


def test_every_error_of_ours_is_of_one_kind() -> None:
    bases = {
        node.name: [base.id for base in node.bases if isinstance(base, ast.Name)]
        for module in modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    }

    def is_a(name: str, root: str) -> bool:
        return name == root or any(is_a(base, root) for base in bases.get(name, ()))

    assert set(PASSING_ERRORS) == {name for name in bases if is_a(name, "RetriableError")}
    ours = {name for name in bases if is_a(name, "TotelakeError")}
    assert set(LASTING_ERRORS) == ours - set(PASSING_ERRORS)


def test_where_one_of_several_failures_may_pass_it_is_tried_soon() -> None:
    assert cause_of([LASTING, PASSING]) == cause_of([PASSING, LASTING]) == Cause.PASSING


@pytest.mark.parametrize(
    ("message", "minutes"),
    [
        (PASSING, [0, 10, 20, 40, 60, 60, 60, 60]),
        (UNKNOWN, [0, 10, 20, 40, 80, 160, 320, 360]),
        (LASTING, [30, 60, 120, 240, 360, 360, 360, 360]),
    ],
)
def test_each_further_failure_doubles_the_pause_up_to_its_longest(message: str, minutes: Sequence[int]) -> None:
    assert len(minutes) == MOST_RUNS
    for count, expected in enumerate(minutes, start=1):
        found = pause_after([failed(message, number) for number in range(count)])
        assert found is not None
        assert (found.failures, found.until - NOON) == (count, timedelta(minutes=expected))


def test_a_day_of_a_wrong_password_costs_a_few_runs() -> None:
    at, runs = timedelta(), [failed(LASTING)]
    while True:
        pause = pause_after(runs[:MOST_RUNS])
        assert pause is not None
        at += pause.until - NOON
        if at > timedelta(days=1):
            break
        runs.insert(0, failed(LASTING, len(runs)))
    # at 0, 0.5, 1.5, 3.5, 7.5, 13.5 and 19.5 hours
    assert len(runs) == 7


@pytest.mark.parametrize("earlier", [SUCCESS, failed(LASTING.replace("x at", "y at")), failed(UNKNOWN)])
def test_only_failures_for_the_same_reason_count(earlier: RunReport) -> None:
    found = pause_after([failed(LASTING), earlier, failed(LASTING)])
    assert found is not None and found.failures == 1


def test_numbers_and_ids_make_no_other_reason() -> None:
    found = pause_after([failed(f"{UNKNOWN} {number} jr_{number}ab") for number in range(3)])
    assert found is not None and found.failures == 3


@pytest.mark.parametrize("runs", [[], [SUCCESS, failed(LASTING)]])
def test_without_a_failure_there_is_no_pause(runs: list[RunReport]) -> None:
    assert pause_after(runs) is None


def test_a_run_whose_end_is_not_known_is_started_again() -> None:
    assert pause_after([RunReport("wr_1", "refresh", "ERROR", "", None, ())]) is None
