"""Where the partitions of a star table lie: decided from its log alone, without any I/O.

A compaction writes a partition's rows again to a place of its own and moves the partition there. Every commit's state
says which place is the current one, and how many small objects it has gathered since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from totelake.lake.keys import star_prefix
from totelake.lake.manifest import LakeObject, Manifest, TableCommit

SMALL = 64 * 1024**2
_STATE = "layout"


def folder_of(item: LakeObject) -> str:
    """The folder of the partition that an object is in; '' in a table without partitions."""
    return "/".join(f"{name}={value}" for name, value in item.partition.items())


@dataclass(frozen=True)
class Layout:
    """By partition the commit that moved it last, and the small objects that came to it since."""

    moved: Mapping[str, int] = field(default_factory=dict)
    small: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Layout:
        """The layout that a commit's state says."""
        return cls(**state.get(_STATE, {}))

    def state(self) -> dict[str, Any]:
        """What a commit's state says of the layout."""
        return {_STATE: {"moved": dict(self.moved), "small": dict(self.small)}}

    def prefix(self, table: str, folder: str) -> str:
        """The key prefix of a partition."""
        return star_prefix(table, folder, self.moved.get(folder, 0))

    def placed(self, table: str, commit: TableCommit) -> TableCommit:
        """A commit with its objects' final keys in the current places of their partitions."""
        objects = tuple(
            replace(item, key=self.prefix(table, folder_of(item)) + item.key.rsplit("/", 1)[1])
            for item in commit.objects
        )
        return replace(commit, objects=objects)

    def grown(self, objects: Iterable[LakeObject]) -> Layout:
        """The layout after a commit of these objects."""
        small = Counter(self.small)
        small.update(folder_of(item) for item in objects if item.bytes < SMALL)
        return replace(self, small=dict(small))

    def compacted(self, folders: Iterable[str], number: int) -> Layout:
        """The layout after the commit of that number wrote these partitions anew."""
        folders = frozenset(folders)
        small = {folder: count for folder, count in self.small.items() if folder not in folders}
        return Layout({**self.moved, **dict.fromkeys(folders, number)}, small)

    def due(self, threshold: int) -> list[str]:
        """The partitions that have gathered so many small objects that they are to be written anew."""
        return sorted(folder for folder, count in self.small.items() if count >= threshold)

    @property
    def newest(self) -> int:
        """The newest commit that moved a partition; 0 when none did."""
        return max(self.moved.values(), default=0)

    def is_current(self, number: int, item: LakeObject) -> bool:
        """Whether an object of that commit is part of its partition; else a later commit holds its rows."""
        return number >= self.moved.get(folder_of(item), 0)

    def current(self, table: str, manifest: Manifest) -> Manifest:
        """A commit without the objects whose rows a later one holds."""
        if table not in manifest.tables:
            return manifest
        commit = manifest.tables[table]
        objects = tuple(item for item in commit.objects if self.is_current(manifest.number, item))
        return replace(manifest, tables={**manifest.tables, table: replace(commit, objects=objects)})


def live_objects(table: str, log: Sequence[Manifest]) -> list[LakeObject]:
    """The objects that a star table consists of after the last of these commits, the oldest first."""
    if not log:
        return []
    layout = Layout.of(log[-1].state)
    return [item for manifest in log for item in layout.current(table, manifest).objects_of(table)]
