"""What a month costs, against values reckoned by hand from the prices of eu-west-2."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import ROOT, SOURCE
from totelake.cli import cost as command
from totelake.cli.main import main
from totelake.contracts import load_contracts
from totelake.contracts.documents import documents
from totelake.errors import ConfigurationError
from totelake.operate.cadence import minutes, runs_per_month
from totelake.operate.cost import _GLUE_VERSIONS, CostLine, Usage, month
from totelake.operate.job_runs import seconds_of
from totelake.operate.prices import Prices

TABLE = documents()["prices.yaml"]
PRICES = Prices.of(TABLE, "eu-west-2")
_SPARK_JOB = f"build-and-load-{SOURCE}"


def lines(pipeline: Mapping[str, Any] | None = None, **usage: Any) -> dict[str, CostLine]:
    """A month's parts by name."""
    described = pipeline or load_contracts().pipeline
    found = month(described, PRICES, Usage(**{"cadence": 10, "changes_per_day": 20, **usage}))
    return {line.part: line for line in found}


def usd(part: str, **usage: Any) -> tuple[float, float]:
    """One part for totelake and for the naive design, in cents' precision."""
    line = lines(**usage)[part]
    return round(line.usd, 2), round(line.naive_usd, 2)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (f"watch-{SOURCE}", (1.98, 0)),  # 4,320 looks x 1 minute x 1/16 DPU = 4.5 DPU-hours x 0.44
        (f"ingest-{SOURCE}", (0.28, 0)),  # 600 refreshes x 1 minute x 1/16 DPU = 0.625 DPU-hours
        (f"build-and-load-{SOURCE}", (13.20, 0)),  # 600 x 90 seconds x 2 DPU = 30 DPU-hours
        ("maintain-lake", (0.01, 0)),  # 30 nights x 1 minute x 1/16 DPU = 0.03125 DPU-hours
        ("crawler", (0.88, 633.60)),  # 10 minutes x 2 DPU = 1/3 DPU-hour, 5 weeks and a new schema, or 4,320 times
        ("Spark in every cycle", (0, 570.24)),  # 4,320 x 3 jobs x 3 minutes x 2 DPU = 1,296 DPU-hours
        ("S3 storage", (0.12, 0.12)),  # 5 GB x 0.024
        ("Secrets Manager", (0.83, 0.83)),  # 2 x 0.40 + (4,320 + 2 x 600) / 10,000 x 0.05
        ("CloudWatch", (3.10, 3.10)),  # 10 of 20 metrics x 0.30, 1 of 8 + 3 x 1 alarms x 0.10, the rest is free
        ("KMS", (1.00, 1.00)),
        ("network", (0, 0)),
    ],
)
def test_each_part_is_what_it_is_by_hand(part: str, expected: tuple[float, float]) -> None:
    assert usd(part) == expected


def test_requests_to_s3_follow_looks_and_refreshes() -> None:
    # (4,320 x 17 + 600 x 300) / 1,000 x 0.0053 + (4,320 x 14 + 600 x 300) / 1,000 x 0.00042
    # naive: 4,320 x 300 / 1,000 x (0.0053 + 0.00042)
    assert usd("S3 requests") == (1.44, 7.41)


def test_private_networks_cost_by_the_hour() -> None:
    assert usd("network", network="private-endpoints") == (55.44, 55.44)  # 7 endpoints x 720 h x 0.011
    assert usd("network", network="private-nat") == (39.60, 39.60)  # 720 h x (0.05 + 0.005 of its address)


def test_a_warehouse_on_rds_is_a_part_of_its_own() -> None:
    assert "RDS PostgreSQL" not in lines()
    # 720 x 0.018 + 20 x 0.133 + 0.40 for the administrator's secret
    assert usd("RDS PostgreSQL", has_rds=True) == (16.02, 16.02)


def test_logs_of_rds_and_of_a_private_network_count_towards_what_is_free() -> None:
    assert lines()["CloudWatch"].basis.endswith("1 GB of logs")
    assert lines(has_rds=True, network="private-nat")["CloudWatch"].basis.endswith("2 GB of logs")
    assert usd("CloudWatch", has_rds=True, network="private-nat") == usd("CloudWatch")


@pytest.mark.parametrize("missing", [(), ("maintain-lake",)])
def test_measured_seconds_say_which_are_assumed_and_are_held_against_measured_ones_alone(
    missing: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where: Any = SimpleNamespace(prefix="lake", clients=SimpleNamespace(glue=None))
    monkeypatch.setattr(command.Target, "named", lambda *_: where)
    monkeypatch.setattr(command, "seconds_of", lambda _, name: 0 if name.removeprefix("lake-") in missing else 100)
    assert main(["cost", "--measured"]) == 0
    shown = capsys.readouterr().out
    assert ("seconds from the run history, but assumed for maintain-lake;" in shown) is bool(missing)
    assert ("publish: split" in shown) is (not missing)
    monkeypatch.setattr(command, "seconds_of", lambda _, name: 0)
    assert main(["cost", "--measured"]) == 0
    assert "maintain-lake, audit-catalog; what is free" in capsys.readouterr().out


def test_glue_6_has_a_price_of_its_own() -> None:
    assert usd(_SPARK_JOB, glue_version="6.0") == (9.24, 0)  # 30 DPU-hours x 0.308


def test_flex_has_a_price_of_its_own() -> None:
    assert usd(_SPARK_JOB, is_flex=True) == (8.70, 0)  # 30 DPU-hours x 0.29
    assert usd(_SPARK_JOB, is_flex=True, glue_version="6.0") == (6.09, 0)  # x 0.203
    assert usd(f"watch-{SOURCE}", is_flex=True) == (1.98, 0)


def test_measured_seconds_count_from_a_minute_on() -> None:
    assert usd(_SPARK_JOB, seconds={_SPARK_JOB: 180.0}) == (26.40, 0)  # twice what is assumed
    assert usd(f"watch-{SOURCE}", seconds={f"watch-{SOURCE}": 12.0}) == (1.98, 0)


def test_a_quiet_source_pays_for_looks_alone_and_a_busy_one_for_a_refresh_in_each() -> None:
    assert usd(_SPARK_JOB, changes_per_day=0) == (0, 0)
    assert usd(_SPARK_JOB, changes_per_day=10_000) == (95.04, 0)  # 4,320 x 90 seconds x 2 DPU


def two_sources() -> dict[str, Any]:
    """The pipeline with what is there for each source there twice."""
    found: dict[str, Any] = json.loads(json.dumps(load_contracts().pipeline).replace(SOURCE, "orders"))
    ours = load_contracts().pipeline
    return {**ours, **{part: {**ours[part], **found[part]} for part in ("jobs", "triggers", "workflows", "crawlers")}}


@pytest.mark.parametrize("changes_per_day", [0, 20, 10_000])
def test_a_second_source_costs_as_much_as_the_first_but_for_what_they_share(changes_per_day: int) -> None:
    both, one = lines(two_sources(), changes_per_day=changes_per_day), lines(changes_per_day=changes_per_day)
    assert {name: line for name, line in both.items() if name.endswith("-orders")} == {
        name.replace(SOURCE, "orders"): replace(line, part=line.part.replace(SOURCE, "orders"))
        for name, line in one.items()
        if name.endswith(f"-{SOURCE}")
    }
    for part in ("crawler", "Spark in every cycle"):
        assert (both[part].usd, both[part].naive_usd) == (2 * one[part].usd, 2 * one[part].naive_usd), part
    # none of the requests is free
    assert both["S3 requests"].naive_usd == pytest.approx(2 * one["S3 requests"].naive_usd)
    for part in ("maintain-lake", "audit-catalog", "S3 storage", "KMS", "network"):
        assert both[part] == one[part], part


def test_each_source_has_a_secret_of_its_own_and_one_warehouse() -> None:
    # 3 x 0.40 + 2 x (4,320 + 2 x 600) / 10,000 x 0.05
    assert round(lines(two_sources())["Secrets Manager"].usd, 2) == 1.26


def test_each_source_has_metrics_and_alarms_of_its_own() -> None:
    line = lines(two_sources())["CloudWatch"]
    assert (line.basis, round(line.usd, 2)) == (
        "36 metrics, 11 alarms, 3 over 1 tables each, 1 GB of logs",
        8.20,  # 26 x 0.30 + (11 + 3 x 1 - 10) x 0.10
    )


def test_an_alarm_over_tables_is_billed_for_each_metric_it_looks_at() -> None:
    def usd_with(troubled: int) -> float:
        assumed = {**TABLE["assumptions"], "troubled_tables": troubled}
        found = month(
            load_contracts().pipeline, Prices.of({**TABLE, "assumptions": assumed}, "eu-west-2"), Usage(10, 20)
        )
        return next(line.usd for line in found if line.part == "CloudWatch")

    # calm: 8 alarms are within the free ten; three tables in trouble: 8 + 3 x 3 - 10 alarms x 0.10
    assert (round(usd_with(0), 2), round(usd_with(3), 2)) == (3.00, 3.70)


@pytest.mark.parametrize(
    ("schedule", "runs"),
    [
        ("cron(0/10 * * * ? *)", 4320),
        ("cron(15 2 * * ? *)", 30),
        ("cron(0 */6 * * ? *)", 120),
        ("cron(5,35 8 * * ? *)", 60),
    ],
)
def test_a_schedule_gives_its_runs_of_a_month(schedule: str, runs: int) -> None:
    assert runs_per_month(schedule) == runs


@pytest.mark.parametrize(("text", "expected"), [("5m", 5), ("10m", 10), ("2h", 120), ("1d", 1440)])
def test_a_cadence_is_minutes(text: str, expected: int) -> None:
    assert minutes(text) == expected


@pytest.mark.parametrize("text", ["4m", "2d", "10", "m", "ten", "0m"])
def test_a_cadence_that_glue_has_not_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="from 5m .Glue's fastest. to 1d"):
        minutes(text)


def test_every_price_has_a_source_a_day_and_says_how_certain_it_is() -> None:
    for name, item in TABLE["prices"].items():
        assert item["source"] and len(item["as_of"]) == len("2026-01-01"), name
        assert set(item["certainty"].values()) <= {"seen", "derived"}, name


def test_a_region_without_prices_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no prices for mars-1; add them, or use --region eu-west-2 or us"):
        Prices.of(TABLE, "mars-1")


def test_the_command_sums_the_parts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--cadence", "1h", "--changes-per-day", "0", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["usage"]["cadence"] == 60
    assert found["usd"] == pytest.approx(sum(line["usd"] for line in found["lines"]))
    assert found["naive_usd"] == pytest.approx(sum(line["naive_usd"] for line in found["lines"]))
    assert main(["cost"]) == 0
    assert "1,216.30" in capsys.readouterr().out


@pytest.mark.parametrize("version", ["auto", "9.9", "4.0"])
def test_a_version_that_no_deployment_takes_is_refused(version: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--glue-version", version]) == 1
    assert f"--glue-version is '{version}'; write 5.1 or 6.0" in capsys.readouterr().err


def test_the_versions_are_those_that_terraform_takes() -> None:
    text = (ROOT / "terraform" / "variables.tf").read_text(encoding="utf-8")
    assert f"contains({json.dumps(list(_GLUE_VERSIONS))}, coalesce(var.glue_version" in text


def test_the_run_history_gives_the_seconds_of_what_succeeded() -> None:
    runs = [
        {"JobRunState": "SUCCEEDED", "ExecutionTime": 100},
        {"JobRunState": "FAILED", "ExecutionTime": 7},
        {"JobRunState": "SUCCEEDED", "ExecutionTime": 140},
    ]
    glue: Any = SimpleNamespace(
        get_job_runs=lambda **_: {"JobRuns": runs}, exceptions=SimpleNamespace(EntityNotFoundException=KeyError)
    )
    assert seconds_of(glue, "lake-build") == 120
    runs[:] = runs[1:2]
    assert seconds_of(glue, "lake-build") == 0


def test_one_session_for_builders_and_load_costs_less_than_three(capsys: pytest.CaptureFixture[str]) -> None:
    found = {}
    for way in ("split", "fused"):
        assert main(["cost", "--publish", way, "--json"]) == 0
        lines = json.loads(capsys.readouterr().out)["lines"]
        found[way] = sum(line["usd"] for line in lines if line["part"].startswith(("build-", "load-")))
    # 600 x 3 x 75 seconds, or 600 x 90 seconds, x 2 DPU
    assert (round(found["split"], 2), round(found["fused"], 2)) == (33.00, 13.20)


def test_a_month_costs_less_than_25_dollars_and_other_choices_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["usd"] < 25
    choices = {name: round(usd - found["usd"], 2) for name, usd in found["choices"].items()}
    assert choices == {
        "publish: split": 19.80,  # 33.00 - 13.20
        "Glue 6.0 (Spark 4.1)": -3.96,
        "execution class FLEX": -4.50,
        "Glue 6.0 and FLEX": -7.11,
    }
    assert main(["cost", "--publish", "split"]) == 0
    assert "publish: fused" in capsys.readouterr().out


def test_an_audit_that_crawls_every_night_is_reckoned_so() -> None:
    pipeline = load_contracts().pipeline
    audit = {**pipeline["jobs"]["audit-catalog"], "arguments": {}}
    found = lines({**pipeline, "jobs": {**pipeline["jobs"], "audit-catalog": audit}})
    assert (found["crawler"].basis.split(" x")[0], round(found["crawler"].usd, 2)) == ("31 crawls (naive: 4,320)", 4.55)


@pytest.mark.parametrize("days", ["0", "-1", "weekly", "", 0])
def test_an_audit_that_crawls_every_so_many_days_says_how_many(days: object) -> None:
    pipeline = load_contracts().pipeline
    audit = {**pipeline["jobs"]["audit-catalog"], "arguments": {"crawl_days": days}}
    with pytest.raises(ConfigurationError, match="crawl_days in catalog/pipeline.yaml is .*; use a whole number"):
        lines({**pipeline, "jobs": {**pipeline["jobs"], "audit-catalog": audit}})
