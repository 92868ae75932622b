"""How far the data of each source is: batches, verdicts, star tables, warehouse, and how old what is in the lake is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from totelake.contracts import Contracts
from totelake.contracts.model import TableId
from totelake.lake.commits import CommitLog
from totelake.lake.records.verdict import LOG, Verdict
from totelake.operate import history, positions
from totelake.operate.history import BatchSummary
from totelake.operate.positions import Positions
from totelake.ports.object_store import ObjectStore
from totelake.schemas.changes import Change
from totelake.schemas.impact import impact_of

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

PROMISED_SECONDS, OF_A_FEED = 1800.0, 86_400.0
"""How old what waits in a database, or in a feed, may become before it is in the lake (docs/guarantees.md)."""
_METRIC, _PERIOD, _DAY = "Freshness", 300, timedelta(days=1)


@dataclass(frozen=True)
class Behind:
    """What `watch` saw at a look (ISO 8601): by how many seconds the lake was behind its source then."""

    at: str
    seconds: float


@dataclass(frozen=True)
class Drifted:
    """A source table whose newest schema is not its contract's: since which batch, whether its events are held for it,
    what differs, and the star tables, queries and tiles that it reaches."""

    table: str
    since: int
    is_held: bool
    changes: tuple[Change, ...]
    reaches: tuple[str, ...]


@dataclass(frozen=True)
class SourceState:
    """One source: its positions, its newest batches (newest first), its drift, and a day of looks (oldest first)."""

    name: str
    positions: Positions
    batches: tuple[BatchSummary, ...]
    drifted: tuple[Drifted, ...]
    looks: tuple[Behind, ...]
    promised: float = PROMISED_SECONDS

    @property
    def is_late(self) -> bool:
        """Whether the lake was behind for longer than is promised at the last two looks.

        At one look it may be: the first change after a quiet night ages from the newest batch on, which is old.
        """
        return len(self.looks) > 1 and all(look.seconds > self.promised for look in self.looks[-2:])

    def unseen_for(self, now: datetime) -> float | None:
        """Seconds since `watch` has looked, a day where no look is known, if more than promised; else None."""
        if self.positions.batch is None:
            return None
        last = datetime.fromisoformat(self.looks[-1].at) if self.looks else now - _DAY
        seconds = (now - last).total_seconds()
        return seconds if seconds > self.promised else None


def read(
    ingestion: ObjectStore,
    processed: ObjectStore,
    contracts: Contracts,
    source: str,
    warehouse_dsn: str | None,
    looks: tuple[Behind, ...],
    limit: int,
) -> SourceState:
    """Look up a source with its `limit` newest batches. Raises what `positions.read` raises."""
    verdict = Verdict.of(CommitLog(ingestion, LOG).newest())
    return SourceState(
        source,
        positions.read(ingestion, processed, contracts, source, warehouse_dsn),
        tuple(history.read(CommitLog(ingestion, source), limit)),
        _drifted(verdict, source),
        looks,
        PROMISED_SECONDS if contracts.source(source).is_database else OF_A_FEED,
    )


def _drifted(verdict: Verdict, source: str) -> tuple[Drifted, ...]:
    if source not in verdict.sources:
        return ()
    return tuple(
        Drifted(name, item.since, bool(item.held), item.changes, _reached(TableId(source, name), item.changes))
        for name, item in sorted(verdict.of_source(source).standings.items())
        if item.changes
    )


def _reached(table: TableId, changes: Iterable[Change]) -> tuple[str, ...]:
    """Star tables, queries and tiles that use what changed."""
    found = [impact_of(table, change.reach) for change in changes]
    return tuple(dict.fromkeys(name for item in found for name in (*item.tables, *item.queries, *item.tiles)))


def looks_of(cloudwatch: CloudWatchClient, namespace: str, source: str, now: datetime) -> tuple[Behind, ...]:
    """What `watch` published of a source in the day before `now`, the oldest first; none where it did not run."""
    answer: Mapping[str, Any] = cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName=_METRIC,
        Dimensions=[{"Name": "Source", "Value": source}],
        StartTime=now - _DAY,
        EndTime=now,
        Period=_PERIOD,
        Statistics=["Maximum"],
    )
    points = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
    return tuple(Behind(point["Timestamp"].isoformat(timespec="seconds"), float(point["Maximum"])) for point in points)
