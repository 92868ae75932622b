"""Plays the hazards one after the other; after each step every reader looks, and is judged and timed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.benchmarks.lost_changes.hazards import Hazard
from tests.benchmarks.lost_changes.readers import Reader
from tests.benchmarks.lost_changes.totesys import Totesys
from tests.benchmarks.lost_changes.verdict import Content, Replica, Verdict, differences, judge


@dataclass
class Seat:
    """One reader with what it held after its last look and the seconds of each look."""

    reader: Reader
    held: Replica = field(default_factory=Replica)
    seconds: list[float] = field(default_factory=list)

    def look(self, before: Content, after: Content) -> Verdict:
        """Let the reader look; only the look itself is timed."""
        begin = time.perf_counter()
        delivered = self.reader.look()
        self.seconds.append(time.perf_counter() - begin)
        had, self.held = self.held, self.reader.replica()
        return judge(before, after, had, self.held, delivered)


@dataclass(frozen=True)
class Result:
    """One hazard: how many looks it took and what each reader made of it, by the reader's name."""

    hazard: Hazard
    looks: int
    verdicts: Mapping[str, Verdict]

    @property
    def made(self) -> int:
        """The changes that the source made."""
        return next(iter(self.verdicts.values())).made


@dataclass(frozen=True)
class Times:
    """Seconds of a reader's first copy, and the median of its later looks."""

    first: float
    later: float


@dataclass(frozen=True)
class Outcome:
    """All of it: the readers' names, rows in the source at the end, first copies, hazards, wrong rows, times."""

    readers: Sequence[str]
    rows: int
    first: Mapping[str, Verdict]
    results: Sequence[Result]
    wrong: Mapping[str, int]
    times: Mapping[str, Times]

    def total(self, reader: str) -> Verdict:
        """A reader's hazards together."""
        return sum((result.verdicts[reader] for result in self.results), Verdict())


def play(
    totesys: Totesys,
    readers: Sequence[Reader],
    hazards: Sequence[Hazard],
    progress: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Let the readers copy the source, then play every hazard."""
    seats, names = [Seat(reader) for reader in readers], [reader.name for reader in readers]
    content = totesys.content()
    progress("first copy")
    first = {seat.reader.name: seat.look({}, content) for seat in seats}
    results: list[Result] = []
    for hazard in hazards:
        progress(hazard.name)
        verdicts, looks = dict.fromkeys(names, Verdict()), 0
        for _ in hazard.play(totesys):
            before, content = content, totesys.content()
            # nobody is always the first to warm the caches
            seats = [*seats[1:], seats[0]]
            for seat in seats:
                verdicts[seat.reader.name] += seat.look(before, content)
            looks += 1
        results.append(Result(hazard, looks, verdicts))
    in_order = sorted(seats, key=lambda seat: names.index(seat.reader.name))
    return Outcome(
        readers=names,
        rows=sum(len(rows) for rows in content.values()),
        first=first,
        results=results,
        wrong={seat.reader.name: sum(1 for _ in differences(content, seat.held.content)) for seat in in_order},
        times={seat.reader.name: Times(seat.seconds[0], statistics.median(seat.seconds[1:])) for seat in in_order},
    )
