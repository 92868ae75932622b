"""The canary's look at a provider of exchange rates: whether a job reaches it, and believes what it says."""

from __future__ import annotations

from datetime import date, timedelta

from totelake.canary.look import Look
from totelake.contracts.sources import Source
from totelake.feeds.rates.http_client import HttpClient, Limits
from totelake.feeds.rates.settings import Settings
from totelake.runtime.outcome import Result, ok

# as old as a provider surely has it
_AGE = timedelta(days=3)
_ONCE = Limits(tries=1)


def rate(source: Source, today: date, client: HttpClient | None = None) -> Look:
    """One rate from the first host that gives one, by the client of the job, asked once."""

    def find() -> Result:
        settings = Settings.of(source)
        base = settings.currencies[0]
        day = today if settings.first is None else max(today - _AGE, settings.first)
        (found,) = settings.provider.rates(client or HttpClient(_ONCE), settings.hosts, day, (base,), settings.quote)
        return ok(f"{base}{settings.quote} {found.value} of {found.day}")

    return Look("provider", f"a rate of {source.option('provider')}", find, seconds=90)
