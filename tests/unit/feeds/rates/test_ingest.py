"""The job with a provider that does what a test says: what it commits, what it asks for again, what it alerts of."""

from __future__ import annotations

import io
import json
import logging
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, cast

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from totelake.contracts import load_contracts
from totelake.errors import DamagedError, RetriableError, SourceError
from totelake.feeds.looks import Place
from totelake.feeds.rates.addresses import NotThereError
from totelake.feeds.rates.http_client import HttpClient
from totelake.feeds.rates.ingest import TABLE, ingest_rates
from totelake.feeds.rates.json_text import parsed
from totelake.feeds.rates.place import RatesPlace, look_at_rates
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import Manifest
from totelake.lake.records.batch import Bookmark
from totelake.ports.memory import MemoryStore
from totelake.ports.object_store import ObjectStore
from totelake.runtime.clients import Clients
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import DISABLE, ENABLE, PAUSE, IngestRatesArguments, JobRun

START = date(2024, 3, 2)
BASES = ("EUR", "USD")


class Rates:
    """A provider's files by day and base; what is not there answers 404, an error is raised. Counts the requests."""

    def __init__(self) -> None:
        self.values: dict[tuple[date, str], Any] = {}
        self.asked = Counter[tuple[date, str]]()

    def put(self, day: int, value: Any, *bases: str) -> None:
        """A rate of a day after START, of some bases or of all."""
        for base in bases or BASES:
            self.values[START + timedelta(days=day), base] = value

    def json(self, url: str) -> Any:
        version, _, rest = url.rpartition("currency-api@")[2].partition("/")
        if not version[:4].isdecimal():
            raise NotThereError(f"{url} answers 404; wait until the provider has it")
        day, base = date.fromisoformat(version), rest.split("/")[-1][:3].upper()
        self.asked[day, base] += 1
        value = self.values.get((day, base))
        if value is None:
            raise NotThereError(f"{url} answers 404; wait until the provider has it")
        if isinstance(value, Exception):
            raise value
        return parsed(json.dumps({"date": version, base.lower(): {"gbp": "@"}}).replace('"@"', value).encode())


class Bench(Job[IngestRatesArguments]):
    """The job over a bucket in memory, with a clock that is set."""

    def __init__(self, store: MemoryStore | None = None, bookmark: str = ENABLE) -> None:
        arguments = IngestRatesArguments(
            ingestion_bucket="i", processed_bucket="p", ingestion_database="di", processed_database="dp",
            source="rates", prefix="totelake", bookmark=bookmark, run=JobRun(id="run"),
        )  # fmt: skip
        super().__init__(arguments, cast("Clients", None), logging.getLogger("rates"))
        self.store = store or MemoryStore("i")
        self.clock = datetime.combine(START, datetime.min.time(), timezone.utc)
        self.metrics: dict[str, float] = {}
        self.rates = Rates()

    @property
    def ingestion(self) -> ObjectStore:  # type: ignore[override]
        return self.store

    def now(self) -> datetime:
        return self.clock

    def metric(self, name: str, value: float, unit: str = "None", **dimensions: str) -> None:
        self.metrics[name] = value

    def run(self, day: int, **more: Any) -> Manifest | None:
        """A run on a day after START, at six in the morning."""
        self.clock = datetime.combine(START + timedelta(days=day), datetime.min.time(), timezone.utc)
        self.clock += timedelta(hours=6)
        self.rates.asked.clear()
        return ingest_rates(self, cast("HttpClient", self.rates))

    def events(self) -> list[dict[str, Any]]:
        """All events, the oldest batch first."""
        found: list[dict[str, Any]] = []
        for manifest in CommitLog(self.store, "rates").since(0):
            for item in manifest.objects_of(TABLE):
                found += pq.ParquetFile(io.BytesIO(self.store.get(item.staged))).read().to_pylist()
        return found

    def changes(self) -> list[tuple[str, int, str, Decimal]]:
        """Operation, day after START, base and rate of each event, sorted within the batch."""
        rows = sorted(self.events(), key=lambda row: (row["_batch"], row["rate_date"], row["base"]))
        return [(row["_op"], (row["rate_date"] - START).days, row["base"], row["rate"]) for row in rows]

    def alerts(self) -> list[str]:
        """The subjects of what is due."""
        found = (json.loads(self.store.get(item.key)) for item in self.store.list("_alerts/due/"))
        return sorted(str(document["subject"]) for document in found)

    @property
    def bookmark(self) -> Bookmark:
        return Bookmark.of(CommitLog(self.store, "rates").newest())


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_days_come_once_and_a_correction_of_the_newest_is_an_update(bench: Bench) -> None:
    bench.rates.put(0, "0.80")
    bench.rates.put(1, "0.123456789012345")
    bench.run(1)
    first = [
        ("I", day, base, Decimal(value)) for day, value in ((0, "0.8"), (1, "0.123456789012345")) for base in BASES
    ]
    assert bench.changes() == first
    bench.rates.put(1, "0.9", "EUR")
    bench.rates.put(2, "0.7")
    bench.run(2)
    more = [("U", 1, "EUR", Decimal("0.9")), *(("I", 2, base, Decimal("0.7")) for base in BASES)]
    assert bench.changes() == first + more
    assert bench.run(2) is None and bench.changes() == first + more
    assert all(count == 1 for count in bench.rates.asked.values())


def test_a_number_of_another_scale_is_no_correction(bench: Bench) -> None:
    bench.rates.put(0, "0.80")
    bench.run(0)
    bench.rates.put(0, "8e-1")
    assert bench.run(0) is None


def test_a_day_that_is_late_comes_later(bench: Bench) -> None:
    for day in (0, 2):
        bench.rates.put(day, "1")
    bench.run(20)
    assert [day for _, day, base, _ in bench.changes() if base == "EUR"] == [0, 2]
    bench.rates.put(1, "1")
    bench.run(21)
    assert [day for _, day, base, _ in bench.changes() if base == "EUR"] == [0, 2, 1]
    assert (START, "EUR") not in bench.rates.asked and bench.metrics["RatesMissing"] == 20 - 1


def test_a_failure_holds_back_no_other_day_and_is_alerted_of_once(bench: Bench) -> None:
    bench.rates.put(0, "1")
    bench.rates.put(1, RetriableError("https://host answers 500, 4 times; run the job again later"), "USD")
    bench.rates.put(1, "-1", "EUR")
    bench.rates.put(2, "1")
    for _ in range(2):
        bench.run(2)
    assert [(day, base) for _, day, base, _ in bench.changes()] == [(0, "EUR"), (0, "USD"), (2, "EUR"), (2, "USD")]
    assert bench.alerts() == ["rates has no rates of 2024-03-03", "rates has no rates of 2024-03-03"]
    bench.rates.put(1, "1")
    bench.run(2)
    assert [(day, base) for _, day, base, _ in bench.changes()][4:] == [(1, "EUR"), (1, "USD")]


@pytest.mark.parametrize(("kind", "bad"), [(RetriableError, 5), (SourceError, 15)])
def test_bad_days_in_a_row_hold_back_no_older_one_for_ever(bench: Bench, kind: type[Exception], bad: int) -> None:
    for day in range(40):
        bench.rates.put(day, kind("the host refuses; look at it") if 20 <= day < 20 + bad else "1", "EUR")
        bench.rates.put(day, "1", "USD")
    bench.run(35)
    for day in range(36, 40):
        bench.run(day)
    came = {day for _, day, base, _ in bench.changes() if base == "EUR"}
    assert came == {day for day in range(40) if not 20 <= day < 20 + bad}
    bench.rates.put(19 + bad, "1", "EUR")
    bench.rates.put(20, "1", "EUR")
    for _ in range(4):
        bench.run(39)
    assert {day for _, day, base, _ in bench.changes() if base == "EUR"} - came == {20, 19 + bad}


def test_when_all_hosts_lack_the_rate_the_run_fails_and_with_some_it_is_late(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = bench.rates.json
    lacking = {"EUR", "USD"}

    def json_of(url: str) -> Any:
        day, base = url.rpartition("currency-api@")[2][:10], url.rpartition("/")[2][:3]
        return {"date": day, base: {"xxx": Decimal(1)}} if "@" in url and base.upper() in lacking else usual(url)

    monkeypatch.setattr(bench.rates, "json", json_of)
    with pytest.raises(SourceError, match="has no rate of EURGBP, and https.* or name another currency"):
        bench.run(5)
    assert bench.bookmark.batch == 0
    lacking.remove("USD")
    bench.rates.put(5, "1")
    bench.run(5)
    assert [(day, base) for _, day, base, _ in bench.changes()] == [(5, "USD")]
    assert bench.alerts() == ["rates has no new rates of EURGBP"]


def test_a_bookmark_of_an_earlier_release_is_read() -> None:
    place = RatesPlace.of({"days": {"p EURGBP": [["2024-03-02", "2024-03-03"]]}, "asked": "2024-03-03"})
    assert place.vain == () and RatesPlace.of(place.document) == place


@pytest.mark.parametrize(("kind", "times"), [(RetriableError, 3), (SourceError, 10)])
def test_when_nothing_comes_the_run_fails_and_asks_no_further(bench: Bench, kind: type[Exception], times: int) -> None:
    for day in range(10):
        bench.rates.put(day, kind(f"the host of day {day} refuses; look at it"))
    with pytest.raises(kind, match="the host of day 9 refuses"):
        bench.run(9)
    assert sum(bench.rates.asked.values()) == times and not bench.events() and bench.bookmark.batch == 0


def test_rates_that_stay_away_are_alerted_of(bench: Bench) -> None:
    bench.rates.put(0, "1", "EUR")
    bench.run(4)
    assert bench.alerts() == []
    for day in (5, 6):
        bench.run(day)
    assert bench.alerts() == ["rates has no new rates of EURGBP", "rates has no new rates of USDGBP"]


def test_a_paused_bookmark_commits_nothing_and_a_disabled_one_asks_for_everything() -> None:
    bench = Bench(bookmark=PAUSE)
    bench.rates.put(0, "1")
    assert bench.run(9) is None and bench.bookmark.batch == 0 and bench.events() == []
    usual = Bench(bench.store)
    usual.rates = bench.rates
    usual.run(9)
    again = Bench(bench.store, DISABLE)
    again.rates = bench.rates
    again.rates.put(0, "2", "EUR")
    again.run(9)
    assert again.changes()[2:] == [("U", 0, "EUR", Decimal(2))]


def test_a_bookmark_that_no_run_wrote_is_refused() -> None:
    documents: list[Mapping[str, Any]] = [{"days": 3, "asked": "2024-03-02"}, {"days": {}}, {"days": {}, "asked": "x"}]
    for document in documents:
        with pytest.raises(DamagedError, match="--bookmark disable"):
            RatesPlace.of(document)


def test_the_look_finds_work_once_a_day_and_until_the_days_rates_are_there(bench: Bench) -> None:
    def news(day: int) -> str:
        bench.clock = datetime.combine(START + timedelta(days=day), datetime.min.time(), timezone.utc)
        place = Place(cast("Clients", None), bench.store, "totelake", bench.clock)
        source = load_contracts().source("rates")
        (found,) = look_at_rates(place, source, load_contracts().source_tables("rates"), bench.bookmark)
        assert found.there == "fawazahmed0 since 2024-03-02"
        return found.news

    assert news(0) == "1 days' rates are asked for"
    bench.rates.put(0, "1", "EUR")
    bench.run(0)
    assert news(0) == "today's rates of USD are not there"
    bench.rates.put(0, "1")
    bench.run(0)
    assert news(0) == "" and news(1) != "" and news(-1) == ""


@settings(max_examples=25, deadline=None)
@given(
    runs=st.lists(st.tuples(st.integers(-3, 25), st.integers(0, 2)), max_size=8),
    late=st.dictionaries(st.integers(0, 20), st.integers(0, 9), max_size=8),
)
def test_in_the_end_the_lake_has_each_day_once_as_the_provider_last_had_it(
    runs: list[tuple[int, int]], late: dict[int, int]
) -> None:
    """Any sequence of runs and clocks; days come after some runs, and the newest are corrected now and then."""
    bench, wanted = Bench(), range(21)
    for number, (clock, correction) in enumerate([*runs, (20, 1), (20, 0)]):
        for day in wanted:
            if number >= late.get(day, 0) or number >= len(runs):
                bench.rates.put(day, f"1.{day:02d}{correction if day == clock else 0}")
        try:
            bench.run(clock)
        except (RetriableError, SourceError) as error:  # pragma: no cover
            raise AssertionError("no rate that is not there fails a run") from error
    events = bench.changes()
    inserted = Counter((day, base) for operation, day, base, _ in events if operation == "I")
    assert inserted == Counter((day, base) for day in wanted for base in BASES)
    state: dict[tuple[int, str], Decimal] = {}
    for operation, day, base, value in events:
        assert (operation == "I") == ((day, base) not in state) and state.get((day, base)) != value
        state[day, base] = value
    assert all(state[20, base] == Decimal("1.20") for base in BASES)
