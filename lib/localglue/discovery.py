"""What a crawl finds below a target, decided from listings and footers: one table, its columns, its partitions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from localglue.errors import InvalidInput
from localglue.footers import Footer
from localglue.globs import is_excluded

Column = tuple[str, str]
"""Name and Hive type."""
Values = tuple[str, ...]
"""The values of a partition, in the order of its keys."""
_HIVE_FOLDER = re.compile(r"^([^=/]+)=([^/]*)$")


@dataclass(frozen=True)
class CrawledFile:
    """A parquet object: its path below the target, bytes, last change as seconds since the epoch, and footer."""

    relative: str
    bytes: int
    modified: float
    footer: Footer


@dataclass
class Content:
    """Columns and counts of the objects of a table or of one of its partitions."""

    columns: dict[str, str] = field(default_factory=dict)
    objects: int = 0
    rows: int = 0
    bytes: int = 0

    def add(self, file: CrawledFile, without: Iterable[str]) -> None:
        """Count the file; its columns go behind those known, and its types win: files come from the oldest on."""
        self.objects += 1
        self.rows += file.footer.rows
        self.bytes += file.bytes
        self.columns |= {name: kind for name, kind in file.footer.columns if name not in without}


@dataclass
class Found:
    """A table as the objects below its target show it."""

    name: str
    location: str
    keys: tuple[str, ...] = ()
    content: Content = field(default_factory=Content)
    partitions: dict[Values, tuple[str, Content]] = field(default_factory=dict)
    """Location and content of each partition."""


def target_of(path: str) -> tuple[str, str]:
    """Bucket and prefix of a target; the prefix is empty or ends with a slash. Raises InvalidInput."""
    bucket, _, key = path.removeprefix("s3://").partition("/")
    if not path.startswith("s3://") or not bucket:
        raise InvalidInput(f"the target '{path}' is no s3:// address; correct the crawler's S3Targets")
    key = key.strip("/")
    return bucket, f"{key}/" if key else ""


def table_name(table_prefix: str, bucket: str, base: str) -> str:
    """The name that the crawler gives the table of a target: the prefix and the last folder, or the bucket."""
    last = ([bucket] + [part for part in base.split("/") if part])[-1]
    return (table_prefix + re.sub(r"[^a-z0-9_]", "_", last.lower())).lower()


def is_crawled(relative: str, exclusions: tuple[str, ...]) -> bool:
    """Whether an object counts: not hidden, not a folder's marker, not excluded by a pattern."""
    if not relative or relative.endswith("/") or any(part.startswith(("_", ".")) for part in relative.split("/")):
        return False
    return not is_excluded(relative, exclusions)


def folders_of(relative: str) -> tuple[tuple[str, ...], Values]:
    """Partition keys and values of an object's path: `k=v` folders give their names, others partition_0, 1, ..."""
    keys, values = [], []
    for position, folder in enumerate(relative.split("/")[:-1]):
        match = _HIVE_FOLDER.match(folder)
        keys.append(match.group(1).lower() if match else f"partition_{position}")
        values.append(unquote(match.group(2)) if match else folder)
    return tuple(keys), tuple(values)


def gather(name: str, location: str, files: Iterable[CrawledFile]) -> Found | None:
    """The table that these objects make, None when there are none.

    Raises InvalidInput when they lie in folders of different kinds: Glue would make several tables of them, and
    one table would lose rows.
    """
    found: Found | None = None
    for file in sorted(files, key=lambda one: (one.modified, one.relative)):
        keys, values = folders_of(file.relative)
        if found is None:
            found = Found(name, location, keys)
        elif keys != found.keys:
            raise InvalidInput(
                f"the objects below {location} lie in folders of different kinds ({_shown(found.keys)} and "
                f"{_shown(keys)}), which localglue does not crawl; give each kind its own S3 target, or exclude one"
            )
        folder = file.relative.rpartition("/")[0]
        found.content.add(file, keys)
        if keys:
            found.partitions.setdefault(values, (f"{location}{folder}/", Content()))[1].add(file, keys)
    return found


def _shown(keys: tuple[str, ...]) -> str:
    return "/".join(f"{key}=..." for key in keys) or "no folder"
