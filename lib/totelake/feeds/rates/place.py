"""Where a source of rates stands, as its bookmark has it: the days that are there, and the day of the last run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from totelake.contracts.model import Table
from totelake.contracts.sources import Source
from totelake.errors import DamagedError
from totelake.feeds.looks import Place, TableLook
from totelake.feeds.rates.progress import Days, Period, still_vain, wanted
from totelake.feeds.rates.settings import Settings
from totelake.lake.records.batch import Bookmark

_DAYS, _ASKED, _VAIN = "days", "asked", "vain"


@dataclass(frozen=True)
class RatesPlace:
    """By series, as `fawazahmed0 EURGBP`, the days whose rates are there; `asked` is the day of the last run,
    `vain` the days that were asked for in vain, the longest ago first."""

    series: Mapping[str, Days] = field(default_factory=dict)
    asked: date | None = None
    vain: tuple[date, ...] = ()

    @classmethod
    def of(cls, position: Mapping[str, Any]) -> RatesPlace:
        """Read it from a bookmark. Raises DamagedError for what no run has written."""
        if not position:
            return cls()
        try:
            series = {name: Days.of(document) for name, document in position[_DAYS].items()}
            # bookmarks of earlier releases have none
            vain = tuple(date.fromisoformat(day) for day in position.get(_VAIN, ()))
            return cls(series, date.fromisoformat(position[_ASKED]), vain)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise DamagedError(
                f"the bookmark's days of rates cannot be read ({error}); run the job with --bookmark disable, which "
                "takes all days again"
            ) from error

    @property
    def document(self) -> dict[str, Any]:
        """The form in a bookmark."""
        asked = self.asked.isoformat() if self.asked else ""
        days = {name: days.document for name, days in self.series.items()}
        return {_DAYS: days, _ASKED: asked, _VAIN: [day.isoformat() for day in self.vain]}

    def days(self, series: str) -> Days:
        """The days of a series."""
        return self.series.get(series, Days())

    def after(
        self, found: Mapping[str, Iterable[date]], days: Sequence[date], today: date, period: Period
    ) -> RatesPlace:
        """After a run that asked for some days, and found those of each series that is wanted."""
        grown = {name: self.days(name).with_days(dates) for name, dates in found.items()}
        vain = tuple(still_vain(self.vain, days, grown.values(), period))
        return RatesPlace({**self.series, **grown}, today, vain)


def look_at_rates(place: Place, source: Source, tables: Sequence[Table], bookmark: Bookmark) -> list[TableLook]:
    """The table of rates: which days are there, and what a run would ask for.

    A run asks once a day for what is not there; again on the same day while that day's rates are not there.
    """
    settings, today = Settings.of(source), place.now.date()
    known = RatesPlace.of(bookmark.position or {})
    there = {base: known.days(settings.series(base)) for base in settings.currencies}
    asked = wanted(there, settings.currencies, today, settings.period, known.vain)
    lacking = [base for base in settings.currencies if today not in there[base]]
    news = ""
    if known.asked != today and asked:
        news = f"{len(asked)} days' rates are asked for"
    elif lacking and asked:
        news = f"today's rates of {', '.join(lacking)} are not there"
    counts = {base: sum(1 for _ in days) for base, days in there.items()}
    taken = ", ".join(f"{base} {count} days to {there[base].last or 'none'}" for base, count in counts.items())
    since = settings.first.isoformat() if settings.first else "today"
    return [TableLook(table.name, f"{settings.provider.name} since {since}", taken, news) for table in tables]
