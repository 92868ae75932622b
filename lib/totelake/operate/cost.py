"""What a month costs on AWS, part by part, against the design that crawls and runs Spark in every cycle; pure.

Jobs and triggers are those of catalog/pipeline.yaml with each entry of a source once for each source. Cadence and
changes are those of a database; a feed is looked at by its own schedule and has as many refreshes as are assumed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from totelake.errors import ConfigurationError
from totelake.operate.cadence import DAY, DAYS, runs_per_month
from totelake.operate.prices import Prices

HOURS = DAYS * 24
PUBLIC, ENDPOINTS, NAT = "public", "private-endpoints", "private-nat"
# as the variable glue_version of terraform/ takes them
_GLUE_VERSIONS = ("5.1", "6.0")
_WATCH, _AUDIT, _CAPTURE = "watch", "audit_catalog", "ingest"
# catalog/pipeline.yaml, or one of its entries, as it was read
Document = Mapping[str, Any]


@dataclass(frozen=True)
class Usage:
    """How the pipeline is used: minutes between two looks at a source, its changes in a day, how it is deployed."""

    cadence: int
    changes_per_day: int
    network: str = PUBLIC
    has_rds: bool = False
    glue_version: str = ""
    is_flex: bool = False
    """Whether Spark jobs run in the execution class FLEX: cheaper, but when they start is left to AWS."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Measured seconds of a run by job, without the prefix; what is missing is assumed."""

    @property
    def looks(self) -> int:
        """Looks of watch at a source in a month."""
        return DAYS * DAY // self.cadence

    @property
    def refreshes(self) -> int:
        """Refreshes of a source in a month if every change falls into a look of its own: the most there can be."""
        return min(self.looks, DAYS * self.changes_per_day)


@dataclass(frozen=True)
class _Activity:
    """What a source makes its jobs do in a month. `is_database`: it has a secret."""

    looks: int
    refreshes: int
    is_database: bool


@dataclass(frozen=True)
class CostLine:
    """One part: what is reckoned, USD a month for totelake and for the naive design."""

    part: str
    basis: str
    usd: float
    naive_usd: float


def month(pipeline: Document, prices: Prices, usage: Usage) -> list[CostLine]:
    """Every part of a month. Raises ConfigurationError for a version of Glue that is none."""
    sources = _sources(pipeline, prices, usage)
    return [
        *_jobs(pipeline, prices, usage, sources),
        *_crawls(pipeline, prices, sources),
        *_naive_jobs(pipeline, prices, usage, sources),
        *_storage(prices, sources),
        *_fixed(prices, usage, sources),
    ]


def total(lines: Iterable[CostLine]) -> float:
    """USD a month of all parts of totelake."""
    return sum(line.usd for line in lines)


def choices(ways: Mapping[str, Document], pipeline: Document, prices: Prices, usage: Usage) -> dict[str, float]:
    """USD a month with one thing chosen otherwise; `ways` are the pipelines by their way to publish.

    A way is left out where measured seconds would be held against assumed ones.
    """
    others = {way: other for way, other in ways.items() if other != pipeline}
    alike = {way for way, other in others.items() if not usage.seconds or not unmeasured(other, usage)}
    return {
        **{f"publish: {way}": total(month(others[way], prices, usage)) for way in others if way in alike},
        "Glue 6.0 (Spark 4.1)": total(month(pipeline, prices, replace(usage, glue_version="6.0"))),
        "execution class FLEX": total(month(pipeline, prices, replace(usage, is_flex=True))),
        "Glue 6.0 and FLEX": total(month(pipeline, prices, replace(usage, glue_version="6.0", is_flex=True))),
    }


def unmeasured(pipeline: Document, usage: Usage) -> list[str]:
    """The jobs that run in a month and whose seconds are assumed."""
    jobs = dict.fromkeys(name for trigger in pipeline["triggers"].values() for name in trigger["jobs"])
    return [name for name in jobs if name not in usage.seconds]


def _sources(pipeline: Document, prices: Prices, usage: Usage) -> dict[str, _Activity]:
    """What each source makes its jobs do."""
    jobs, found = pipeline["jobs"], {}
    for trigger in pipeline["triggers"].values():
        for name in (name for name in trigger["jobs"] if jobs[name]["script"] == _WATCH):
            source = jobs[name]["arguments"]["source"]
            script = next(job["script"] for job in jobs.values() if _takes(job, source))
            if script == _CAPTURE:
                found[source] = _Activity(usage.looks, usage.refreshes, is_database=True)
            else:
                looks = round(runs_per_month(trigger["schedule"]))
                found[source] = _Activity(looks, min(looks, prices.assumed["feed_refreshes"][script]), False)
    return found


def _takes(job: Document, source: str) -> bool:
    """Whether a job takes what is new in a source."""
    return bool(job["script"].startswith(_CAPTURE)) and job["arguments"]["source"] == source


def _jobs(pipeline: Document, prices: Prices, usage: Usage, sources: Mapping[str, _Activity]) -> Iterator[CostLine]:
    for name, runs in _runs(pipeline, sources).items():
        job = {**pipeline["defaults"][pipeline["jobs"][name]["kind"]], **pipeline["jobs"][name]}
        dpu, item = _capacity(job, prices, usage)
        seconds = usage.seconds.get(name, _assumed_seconds(job, prices))
        usd = _dpu_hours(runs, max(seconds, prices.assumed["least_seconds"]), dpu) * prices.usd[item]
        yield CostLine(name, f"{runs:,.0f} runs x {seconds:,.0f} s x {dpu:g} DPU", usd, 0.0)


def _assumed_seconds(job: Document, prices: Prices) -> float:
    """Seconds of a run as catalog/prices.yaml assumes them, of the job's script or of its kind."""
    assumed = prices.assumed["seconds"]
    return float(assumed.get(job["script"], assumed[job["kind"]]))


def _runs(pipeline: Document, sources: Mapping[str, _Activity]) -> dict[str, float]:
    """Runs of each job in a month: by its own schedule, its workflow's, or as often as its refresh has work."""
    found: dict[str, float] = {}
    jobs, triggers = pipeline["jobs"], pipeline["triggers"].values()
    starts = {item.get("workflow"): item for item in triggers if item["type"] != "CONDITIONAL"}
    for trigger in triggers:
        start = starts[trigger["workflow"]] if trigger.get("workflow") else trigger
        for name in trigger["jobs"]:
            source = sources.get(jobs[name].get("arguments", {}).get("source", ""))
            if source is None:
                found[name] = runs_per_month(start["schedule"])
            else:
                found[name] = source.looks if jobs[name]["script"] == _WATCH else source.refreshes
    return found


def _capacity(job: Document, prices: Prices, usage: Usage) -> tuple[float, str]:
    if job["kind"] == "pythonshell":
        return float(job["max_capacity"]), "glue_python_shell_dpu_hour"
    version = usage.glue_version or job["glue_version"]
    if version not in _GLUE_VERSIONS:
        known = " or ".join(_GLUE_VERSIONS)
        raise ConfigurationError(f"--glue-version is '{version}'; write {known}, which a deployment takes")
    item = dpu_item(version, usage.is_flex)
    return job["number_of_workers"] * float(prices.assumed["dpu_of_worker"][job["worker_type"]]), item


def dpu_item(glue_version: str, is_flex: bool) -> str:
    """The name in catalog/prices.yaml of a DPU-hour of Spark, by Glue's version and execution class."""
    return f"glue_spark{'_6' if float(glue_version) >= 6 else ''}{'_flex' if is_flex else ''}_dpu_hour"


def _dpu_hours(runs: float, seconds: float, dpu: float) -> float:
    return runs * seconds * dpu / 3600


def _crawls(pipeline: Document, prices: Prices, sources: Mapping[str, _Activity]) -> Iterator[CostLine]:
    """Crawls: the audit's, every so many days, and those of new schemas."""
    assumed = prices.assumed
    runs = _runs(pipeline, sources)
    days = [(runs[name], _crawl_days(job)) for name, job in pipeline["jobs"].items() if job["script"] == _AUDIT]
    each = _dpu_hours(1, assumed["crawl_least_seconds"], assumed["crawl_dpu"]) * prices.usd["glue_crawler_dpu_hour"]
    audits = sum(math.ceil(nights / every) for nights, every in days)
    crawls, naive = len(sources) * (audits + assumed["crawls"]), _looks(sources)
    basis = f"{crawls:,} crawls (naive: {naive:,}) x {assumed['crawl_dpu']} DPU x {assumed['crawl_least_seconds']} s"
    yield CostLine("crawler", basis, crawls * each, naive * each)


def _crawl_days(audit: Document) -> int:
    text = str(audit.get("arguments", {}).get("crawl_days", 1))
    if not re.fullmatch(r"0*[1-9]\d{0,5}", text, re.ASCII):
        raise ConfigurationError(f"crawl_days in catalog/pipeline.yaml is '{text}'; use a whole number of days above 0")
    return int(text)


def _looks(sources: Mapping[str, _Activity]) -> int:
    return sum(source.looks for source in sources.values())


def _refreshes(sources: Mapping[str, _Activity]) -> int:
    return sum(source.refreshes for source in sources.values())


def _naive_jobs(
    pipeline: Document, prices: Prices, usage: Usage, sources: Mapping[str, _Activity]
) -> Iterator[CostLine]:
    job = {**pipeline["defaults"]["glueetl"], "kind": "glueetl"}
    dpu, item = _capacity(job, prices, usage)
    count, seconds = prices.assumed["naive_spark_jobs"], prices.assumed["naive_seconds"]
    cycles = _looks(sources)
    usd = _dpu_hours(cycles * count, seconds, dpu) * prices.usd[item]
    yield CostLine(
        "Spark in every cycle", f"naive: {cycles:,} cycles x {count} jobs x {seconds} s x {dpu:g} DPU", 0.0, usd
    )


def _storage(prices: Prices, sources: Mapping[str, _Activity]) -> Iterator[CostLine]:
    requests, gigabytes = prices.assumed["requests"], prices.assumed["storage_gb"]
    look, refresh = requests["look"], requests["refresh"]

    def usd(looks: int, refreshes: int) -> float:
        puts = looks * look["put_or_list"] + refreshes * refresh["put_or_list"]
        gets = looks * look["get"] + refreshes * refresh["get"]
        return prices.cost("s3_put_or_list_1000", puts / 1000) + prices.cost("s3_get_1000", gets / 1000)

    looks, refreshes = _looks(sources), _refreshes(sources)
    basis = f"{looks:,} looks, {refreshes:,} refreshes (naive: a refresh in every cycle)"
    yield CostLine("S3 requests", basis, usd(looks, refreshes), usd(0, looks))
    stored = prices.cost("s3_storage_gb_month", gigabytes)
    yield CostLine("S3 storage", f"{gigabytes} GB", stored, stored)


def _count(assumed: Mapping[str, int], sources: Mapping[str, _Activity]) -> int:
    """How many there are of what some are shared, some are of each database and some of each feed."""
    each = (assumed["each_source" if source.is_database else "each_feed"] for source in sources.values())
    return assumed["shared"] + sum(each)


def _fixed(prices: Prices, usage: Usage, sources: Mapping[str, _Activity]) -> Iterator[CostLine]:
    """What is the same in both designs, of each source as often as there are sources."""
    assumed = prices.assumed
    databases = {name: source for name, source in sources.items() if source.is_database}
    calls = _looks(databases) + 2 * _refreshes(databases) + _refreshes(sources) - _refreshes(databases)
    secrets, metrics, alarms = (_count(assumed[name], sources) for name in ("secrets", "metrics", "alarms"))
    keeping = prices.cost("secret_month", secrets) + prices.cost("secret_calls_10000", calls / 10_000)
    over_tables, troubled = assumed["alarms_over_tables"], assumed["troubled_tables"]
    logs_gb = assumed["logs_gb"] + (assumed["flow_logs_gb"] if usage.network != PUBLIC else 0)
    logs_gb += assumed["rds_logs_gb"] if usage.has_rds else 0
    watching = (
        prices.cost("cloudwatch_metric_month", metrics)
        + prices.cost("cloudwatch_alarm_month", alarms + over_tables * troubled)
        + prices.cost("cloudwatch_logs_gb", logs_gb)
    )
    parts = [
        ("Secrets Manager", f"{secrets} secrets, {calls:,} calls", keeping),
        ("CloudWatch", _watching(metrics, alarms, over_tables, troubled, logs_gb), watching),
        ("KMS", f"{assumed['kms_keys']} key", prices.cost("kms_key_month", assumed["kms_keys"])),
        _network(prices, usage.network),
    ]
    if usage.has_rds:
        gigabytes = assumed["rds_storage_gb"]
        usd = prices.cost("rds_t4g_micro_hour", HOURS) + prices.cost("rds_gp3_gb_month", gigabytes)
        usd += prices.cost("secret_month", 1)
        parts.append(("RDS PostgreSQL", f"db.t4g.micro, {gigabytes} GB gp3, its administrator's secret", usd))
    for part, basis, usd in parts:
        yield CostLine(part, basis, usd, usd)


def _watching(metrics: int, alarms: int, over_tables: int, troubled: int, logs_gb: float) -> str:
    """What CloudWatch's part is reckoned with; an alarm over tables is billed for each metric that it looks at."""
    return f"{metrics} metrics, {alarms} alarms, {over_tables} over {troubled} tables each, {logs_gb:g} GB of logs"


def _network(prices: Prices, shape: str) -> tuple[str, str, float]:
    zones = prices.assumed["zones"]
    if shape == NAT:
        usd = prices.cost("nat_gateway_hour", HOURS * zones) + prices.cost("public_ipv4_hour", HOURS * zones)
        return "network", f"NAT gateway and its public address x {zones} zone x {HOURS} h", usd
    if shape == ENDPOINTS:
        count = len(prices.assumed["interface_endpoints"])
        usd = prices.cost("interface_endpoint_hour", HOURS * zones * count)
        return "network", f"{count} interface endpoints x {zones} zone x {HOURS} h", usd
    return "network", "public endpoints over verified TLS", 0.0
