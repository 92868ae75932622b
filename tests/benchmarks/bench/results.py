"""What was measured so far, and what could not be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.benchmarks.bench.goals import Sample
from tests.benchmarks.bench.measure import PeerError


@dataclass
class Results:
    """Samples by measurement, `group/engine`, one for each repeat; of what is absent the reason."""

    tell: Callable[[str], object] = lambda _: None
    samples: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))
    absent: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, sample: Sample) -> None:
        """A measurement of this repeat."""
        self.samples[name].append(sample)
        memory = f", {sample.peak / 1e6:,.0f} MB" if sample.peak else ""
        self.tell(f"  {name}: {sample.seconds:.2f} s{memory}")

    def leave_out(self, name: str, why: str) -> None:
        """A measurement that cannot be made; what was measured of it before does not count either."""
        self.absent[name] = why
        self.samples.pop(name, None)
        self.tell(f"  {name} is left out: {why}")

    def peer(self, name: str, work: Callable[[], Sample]) -> None:
        """Add what `work` measures, which raises PeerError when the peer fails or its result is not ours."""
        if name in self.absent:
            return
        try:
            self.add(name, work())
        except PeerError as error:
            self.leave_out(name, str(error))
