"""When business is done: chunks of working minutes with the times of what happens in them, of bounded size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

OPENS, MINUTES = 8, 11 * 60
_DAYS_AT_ONCE = 250


def times_of(numbers: np.random.Generator, minutes: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Sorted milliseconds, so many in each minute; seconds between 9 and 13 as in the real data."""
    starts = np.repeat(minutes, counts)
    count = len(starts)
    offset = numbers.integers(9, 14, count) * 1000 + numbers.integers(0, 1000, count)
    return np.sort(starts + offset.astype("timedelta64[ms]"))


def chunks(
    numbers: np.random.Generator, days: np.ndarray, totals: tuple[int, ...], size: int
) -> Iterator[tuple[np.ndarray, ...]]:
    """Sorted times of each kind of event, of which there are `totals`, flat over days and over their hours.

    A chunk has about `size` events of all kinds, or those of one minute where they are more. Minutes are never split.
    """
    by_day = [numbers.multinomial(total, np.full(len(days), 1 / len(days))) for total in totals]
    of_day = np.arange(OPENS * 60, OPENS * 60 + MINUTES).astype("timedelta64[m]")
    even = np.full(MINUTES, 1 / MINUTES)
    for first in range(0, len(days), _DAYS_AT_ONCE):
        several = slice(first, first + _DAYS_AT_ONCE)
        minutes = (days[several, None].astype("datetime64[ms]") + of_day).ravel()
        counts = [numbers.multinomial(found[several], even).ravel() for found in by_day]
        through = np.cumsum(np.sum(counts, axis=0))
        cuts = np.searchsorted(through, np.arange(size, through[-1], size), side="left") + 1
        bounds = np.unique(np.concatenate([[0], cuts, [len(minutes)]]))
        for start, end in zip(bounds[:-1], bounds[1:]):
            yield tuple(times_of(numbers, minutes[start:end], found[start:end]) for found in counts)
