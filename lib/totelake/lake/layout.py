"""Where the partitions of a star table are: decided from its log alone, without any I/O.

A compaction rewrites a partition's rows to a new place and moves the partition there. Every commit's state says which
place is the current one, and how many small objects were added to it since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
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
    """By partition, the commit that moved it last and the number of small objects added since."""

    moved: Mapping[str, int] = field(default_factory=dict)
    small: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Layout:
        """Read it from a commit's state."""
        return cls(**state.get(_STATE, {}))

    def state(self) -> dict[str, Any]:
        """The part of a commit's state that holds it."""
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
        """The layout after the commit of that number rewrote these partitions."""
        folders = frozenset(folders)
        small = {folder: count for folder, count in self.small.items() if folder not in folders}
        return Layout({**self.moved, **dict.fromkeys(folders, number)}, small)

    def due(self, threshold: int) -> list[str]:
        """The partitions with at least that many small objects: a compaction is due."""
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
