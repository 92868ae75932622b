"""StarCommit: one commit of a star table's log. It holds versions of rows, and how far the table is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from totelake.contracts.model import Table
from totelake.lake.keys import Attempt
from totelake.lake.layout import Layout
from totelake.lake.manifest import DATA, REBUILD, REPLAY, LakeObject, Manifest, TableCommit
from totelake.lake.reading import checked, reading, texts
from totelake.lake.records.batch import StateFile

Years = tuple[int, int]


@dataclass(frozen=True)
class BatchCounts:
    """One batch in a fact table: rows, deletions, quarantined and held events, and when the batch was captured."""

    rows: int
    deletions: int
    quarantined: int
    held: int
    captured_at: str

    @property
    def events(self) -> int:
        """All events of the batch."""
        return self.rows + self.deletions + self.quarantined + self.held


@dataclass(frozen=True)
class StarCommit:
    """A commit of the log of `table`, built of the batches of `source` up to `through`.

    `verdict` is the last verdict that is taken whole. `batches` are what this commit adds, by number. `years` and
    `inputs` are what a builder hands on to the next commit: the years that dim_date covers, and the state files of a
    joined dimension by source table, which `kept` names with their checksums. `replayed` counts the rows of each batch
    that left the quarantine. `rebuilt` is the newest commit that holds the whole table anew, 0 when none does; what is
    before it counts no more.
    """

    table: str
    source: str
    number: int = 0
    kind: str = DATA
    committed_at: str = ""
    through: int = 0
    verdict: int = 0
    commit: TableCommit = field(default_factory=TableCommit)
    batches: Mapping[int, BatchCounts] = field(default_factory=dict)
    layout: Layout = field(default_factory=Layout)
    years: Years | None = None
    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kept: tuple[StateFile, ...] = ()
    replayed: Mapping[int, int] = field(default_factory=dict)
    rebuilt: int = 0

    @classmethod
    def of(cls, table: Table, manifest: Manifest | None) -> StarCommit:
        """Read a commit of a star table's log; an empty one before the first."""
        if manifest is None:
            return cls(table.name, table.source)
        with reading(manifest.key):
            state = manifest.state
            years = state.get("years")
            found = cls(
                table=table.name,
                source=table.source,
                number=manifest.number,
                kind=manifest.kind,
                committed_at=manifest.committed_at,
                through=state["through"].get(table.source, 0),
                verdict=state["verdict"],
                commit=manifest.tables.get(table.name, TableCommit()),
                batches={int(number): BatchCounts(**entry) for number, entry in state["batches"].items()},
                layout=Layout.of(state),
                years=(years[0], years[1]) if years else None,
                inputs={name: texts(keys) for name, keys in state.get("inputs", {}).items()},
                kept=tuple(StateFile(**entry) for entry in state.get("kept", ())),
                replayed={int(number): rows for number, rows in state.get("replayed", {}).items()},
                rebuilt=state.get("rebuilt", 0),
            )
            return checked(found)

    def manifest(self, attempt: Attempt, now: datetime) -> Manifest:
        """The commit that an attempt makes."""
        state: dict[str, Any] = {
            "through": {self.source: self.through},
            "verdict": self.verdict,
            "batches": {str(number): asdict(counts) for number, counts in self.batches.items()},
            **self.layout.state(),
        }
        if self.replayed:
            state["replayed"] = {str(number): rows for number, rows in self.replayed.items()}
        if self.rebuilt:
            state["rebuilt"] = self.rebuilt
        if self.years:
            state["years"] = list(self.years)
        if self.inputs:
            state["inputs"] = {name: list(keys) for name, keys in self.inputs.items()}
        if self.kept:
            state["kept"] = [asdict(file) for file in self.kept]
        has_objects = bool(self.commit.objects or self.commit.quarantine)
        tables = {self.table: self.commit} if has_objects else {}
        return Manifest.of_attempt(attempt, self.kind, now, state, tables)

    def following(self, kind: str, commit: TableCommit, layout: Layout) -> StarCommit:
        """The next commit when it takes no new batch: a compaction or a replay."""
        return replace(self, kind=kind, commit=commit, layout=layout, batches={}, replayed={})

    @property
    def is_replay(self) -> bool:
        """Whether its rows left the quarantine; they may be of any batch."""
        return self.kind == REPLAY

    @property
    def is_rebuild(self) -> bool:
        """Whether it holds the whole table anew."""
        return self.kind == REBUILD

    @property
    def objects(self) -> tuple[LakeObject, ...]:
        """The objects with the table's rows."""
        return self.commit.objects

    @property
    def quarantine(self) -> tuple[LakeObject, ...]:
        """The objects with the rows that did not fit."""
        return self.commit.quarantine


def standing(log: Sequence[StarCommit]) -> list[StarCommit]:
    """Those of a log's newest commits that count, the oldest first: from the newest rebuild on."""
    return [commit for commit in log if commit.number >= log[-1].rebuilt]


def live_objects(log: Sequence[StarCommit]) -> list[LakeObject]:
    """The objects that a star table consists of after the last of these commits, the oldest first."""
    if not log:
        return []
    layout = log[-1].layout
    return [item for commit in log for item in commit.objects if layout.is_current(commit.number, item)]
