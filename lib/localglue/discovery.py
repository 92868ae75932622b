"""The table that a crawl finds below a target: its columns and partitions, from object names and footers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from localglue.errors import InvalidInput
from localglue.footers import Footer
from localglue.formats import PARQUET, Format, wider
from localglue.globs import is_excluded

Column = tuple[str, str]
"""Name and Hive type."""
PartitionValues = tuple[str, ...]
"""The values of a partition, in the order of its keys."""
_HIVE_FOLDER = re.compile(r"^([^=/]+)=([^/]*)$")


@dataclass(frozen=True)
class CrawledFile:
    """An object that is crawled: path below its table, size in bytes, change in seconds since the epoch, footer."""

    relative: str
    bytes: int
    modified: float
    footer: Footer


@dataclass
class Contents:
    """The columns of a table or partition, the numbers of its objects, rows and bytes, and its format."""

    columns: dict[str, str] = field(default_factory=dict)
    objects: int = 0
    rows: int = 0
    bytes: int = 0
    format: Format = PARQUET

    def add(self, file: CrawledFile, without: Iterable[str]) -> None:
        """Count the file. New columns are appended; its types replace older ones, as files come oldest first.

        Types that were only inferred from text are widened instead: a file of whole numbers says nothing of others.
        """
        self.format = file.footer.format
        self.objects += 1
        self.rows += file.footer.rows
        self.bytes += file.bytes
        for name, kind in file.footer.columns:
            if name not in without:
                before = self.columns.get(name, kind)
                self.columns[name] = kind if file.footer.format.has_types else wider(before, kind)


@dataclass
class FoundTable:
    """A table as the objects below its target describe it."""

    name: str
    location: str
    keys: tuple[str, ...] = ()
    content: Contents = field(default_factory=Contents)
    partitions: dict[PartitionValues, tuple[str, Contents]] = field(default_factory=dict)
    """Location and content of each partition."""


@dataclass(frozen=True)
class Target:
    """What a crawl looks at: a bucket or folder, whose `base` is empty or ends with a slash, or one object."""

    bucket: str
    base: str
    exclusions: tuple[str, ...] = ()

    @property
    def location(self) -> str:
        """Its address."""
        return f"s3://{self.bucket}/{self.base}"

    @property
    def is_object(self) -> bool:
        """Whether it is one object."""
        return bool(self.base) and not self.base.endswith("/")

    @property
    def level(self) -> int:
        """How deep its folder is; that of the bucket is 1."""
        return 1 + self.base.count("/")

    def relative(self, key: str) -> str:
        """The path of an object below it; of the object itself its name."""
        return key.rpartition("/")[2] if self.is_object else key[len(self.base) :]


def parse_target(path: str) -> tuple[str, str]:
    """The bucket and prefix of a target. The prefix is empty or ends with a slash. Raises InvalidInput."""
    bucket, _, key = path.removeprefix("s3://").partition("/")
    if not path.startswith("s3://") or not bucket:
        raise InvalidInput(f"the target '{path}' is not an s3:// address; correct the crawler's S3Targets")
    key = key.strip("/")
    return bucket, f"{key}/" if key else ""


def table_name(table_prefix: str, bucket: str, base: str) -> str:
    """The name of a target's table: the crawler's prefix, then the last folder or else the bucket."""
    last = ([bucket] + [part for part in base.split("/") if part])[-1]
    return (table_prefix + re.sub(r"[^a-z0-9_]", "_", last.lower())).lower()


def is_crawled(relative: str, exclusions: tuple[str, ...]) -> bool:
    """Whether an object is crawled: it is not hidden, a folder marker, or excluded by a pattern."""
    if not relative or relative.endswith("/") or any(part.startswith(("_", ".")) for part in relative.split("/")):
        return False
    return not is_excluded(relative, exclusions)


def partition_of(relative: str) -> tuple[tuple[str, ...], PartitionValues]:
    """The partition keys and values in an object's path. A folder `k=v` has the key k, others partition_0, 1, ..."""
    keys, values = [], []
    for position, folder in enumerate(relative.split("/")[:-1]):
        match = _HIVE_FOLDER.match(folder)
        keys.append(match.group(1).lower() if match else f"partition_{position}")
        values.append(unquote(match.group(2)) if match else folder)
    return tuple(keys), tuple(values)


def table_of_files(name: str, location: str, files: Iterable[CrawledFile]) -> FoundTable | None:
    """The table that these objects form; None if there are none.

    Raises InvalidInput if their folders have different partition keys: Glue would make several tables of them, and a
    single table would miss rows.
    """
    found: FoundTable | None = None
    for file in sorted(files, key=lambda one: (one.modified, one.relative)):
        keys, values = partition_of(file.relative)
        if found is None:
            found = FoundTable(name, location, keys)
        elif keys != found.keys:
            raise InvalidInput(
                f"the objects below {location} have different partition keys ({_shown(found.keys)} and "
                f"{_shown(keys)}), which localglue does not crawl; give each layout its own S3 target, or exclude one"
            )
        folder = file.relative.rpartition("/")[0]
        found.content.add(file, keys)
        if keys:
            found.partitions.setdefault(values, (f"{location}{folder}/", Contents()))[1].add(file, keys)
    return found


def _shown(keys: tuple[str, ...]) -> str:
    return "/".join(f"{key}=..." for key in keys) or "no folder"
