"""ingest_rates: the rates of the days that are not there yet, and of the newest again, as one commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from totelake.alerts.messages import rates_late, rates_refused
from totelake.alerts.store import note
from totelake.contracts import load_contracts
from totelake.errors import RetriableError, SourceError, TotelakeError
from totelake.feeds.batch import Position, Run, take_batch
from totelake.feeds.rates.addresses import NoRateError, NotThereError
from totelake.feeds.rates.http_client import HttpClient
from totelake.feeds.rates.model import Rate
from totelake.feeds.rates.place import RatesPlace
from totelake.feeds.rates.progress import Wanted, wanted
from totelake.feeds.rates.settings import Settings
from totelake.lake.manifest import Manifest
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import IngestRatesArguments

TABLE = "exchange_rate"
# one after the other: then no host is asked any more. Each of the first kind was tried again, with pauses
_MOST_FAILURES, _MOST_REFUSALS = 3, 10
# so many days the newest rates may be old, as over a long weekend, before somebody has to know
_PATIENCE = 4


def ingest_rates(job: Job[IngestRatesArguments], client: HttpClient | None = None) -> Manifest | None:
    """Ask for what is wanted and commit what comes; None when nothing is new.

    A day that fails or is not there stays wanted. Raises RetriableError and SourceError when nothing comes at all.
    """
    settings = Settings.of(load_contracts().source(job.arguments.source))
    fetch = _Fetch(job, settings, client or HttpClient(warn=job.log.warning))

    def gather(run: Run) -> Position:
        place = RatesPlace.of({} if run.is_again(TABLE) else run.position)
        today = job.now().date()
        there = {base: place.days(settings.series(base)) for base in settings.currencies}
        rates, days = fetch.all(wanted(there, settings.currencies, today, settings.period, place.vain))
        intake = run.take(TABLE, f"{len(rates)} rates of {settings.provider.name}")
        intake.begin(settings.provider.name)
        for number, rate in enumerate(rates, 1):
            intake.add(_record(rate), number)
        came = {settings.series(base): _days(rates, base) for base in settings.currencies}
        found = place.after(came, days, today, settings.period)
        _look_late(job, settings, found, today)
        return found.document

    return take_batch(job, gather)


class _Fetch:
    """Asks for rates, each once in a run; keeps what failed from holding back the rest."""

    def __init__(self, job: Job[IngestRatesArguments], settings: Settings, client: HttpClient) -> None:
        self._job, self._settings, self._client = job, settings, client
        self._known: dict[tuple[date, tuple[str, ...]], tuple[Rate, ...]] = {}
        self._lacking: list[NoRateError] = []

    def all(self, asked: list[Wanted]) -> tuple[list[Rate], list[date]]:
        """The rates that come, and the days that were asked for, in that order. Raises the first failure when no rate
        comes; else what failed becomes an alert."""
        found: list[Rate] = []
        days: dict[date, None] = {}
        failures: list[tuple[date, TotelakeError]] = []
        in_a_row = 0
        for day, bases in self._requests(asked):
            days[day] = None
            try:
                found += self._of(day, bases)
                in_a_row = 0
            except (RetriableError, SourceError) as error:
                failures.append((day, error))
                in_a_row += 1
                self._job.log.warning("%s of %s: %s", ", ".join(bases), day, error)
                if in_a_row >= (_MOST_FAILURES if isinstance(error, RetriableError) else _MOST_REFUSALS):
                    break
        if not found and (failures or self._lacking):
            raise failures[0][1] if failures else self._lacking[0]
        for day, failure in failures:
            note(self._job, rates_refused(self._settings.source, day.isoformat(), str(failure)))
        missing = len({item.day for item in asked} - {rate.day for rate in found})
        self._job.metric("RatesMissing", missing, "Count", Source=self._settings.source)
        return sorted(found), list(days)

    def _requests(self, asked: list[Wanted]) -> Iterator[tuple[date, tuple[str, ...]]]:
        for item in asked:
            for bases in self._settings.provider.requests(item.bases):
                yield item.day, bases

    def _of(self, day: date, bases: tuple[str, ...]) -> tuple[Rate, ...]:
        """What one request gives; nothing where the provider has nothing."""
        if (day, bases) not in self._known:
            settings = self._settings
            try:
                found = settings.provider.rates(self._client, settings.hosts, day, bases, settings.quote)
            except NotThereError as error:
                self._job.log.info("%s of %s: %s", ", ".join(bases), day, error)
                if isinstance(error, NoRateError):
                    self._lacking.append(error)
                found = ()
            self._known[day, bases] = found
        return self._known[day, bases]


def _record(rate: Rate) -> Mapping[str, Any]:
    return {
        "rate_date": rate.day.isoformat(),
        "base": rate.base,
        "quote": rate.quote,
        "provider": rate.provider,
        "rate": rate.value,
    }


def _days(rates: list[Rate], base: str) -> list[date]:
    return [rate.day for rate in rates if rate.base == base]


def _look_late(job: Job[IngestRatesArguments], settings: Settings, place: RatesPlace, today: date) -> None:
    """Alert of a currency whose newest rate is old; the reason may be that its provider has moved, or has no more."""
    for base in settings.currencies:
        last = place.days(settings.series(base)).last
        since = last or settings.start
        if (today - since).days > _PATIENCE:
            known = last.isoformat() if last else ""
            note(job, rates_late(settings.source, settings.provider.name, f"{base}{settings.quote}", known))
