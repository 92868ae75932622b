"""Which files form one table: by format, compression, folders and columns, as Glue's guide and AWS's answers say.

"How does the crawler detect the schema?" (AWS re:Post) gives the numbers: the folders below one are partitions of one
table where more than 70 % have a schema in common and there are no more than five different schemas; otherwise each
folder is looked at by itself. Nobody says how two schemas are compared: here by the columns of the smaller one, so that
a column which comes later makes no second table. `TableLevelConfiguration` counts the bucket as level 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from localglue.discovery import CrawledFile, partition_of

_SIMILAR, _MOST_SCHEMAS = 0.7, 5


@dataclass(frozen=True)
class Grouping:
    """TableGroupingPolicy and TableLevelConfiguration of a crawler."""

    combines: bool = False
    """Whether columns are not looked at (CombineCompatibleSchemas)."""
    level: int | None = None


@dataclass(frozen=True)
class Group:
    """The files of one table, with paths below its place; `path` is that place below the target, empty or `a/b/`.

    A table of a single file has the file's own path, which does not end with a slash.
    """

    path: str
    files: tuple[CrawledFile, ...]


def groups_of(files: Sequence[CrawledFile], depth: int, grouping: Grouping) -> list[Group]:
    """The tables that the files below a target form; `depth` is the target's level, that of the bucket being 1."""
    down = 0 if grouping.level is None else max(0, grouping.level - depth)
    roots: dict[str, list[CrawledFile]] = {}
    for file in files:
        folders = file.relative.split("/")[:-1][:down]
        roots.setdefault("".join(f"{folder}/" for folder in folders), []).append(file)
    return [group for path, found in sorted(roots.items()) for group in _below(path, found, grouping)]


def _below(path: str, files: Sequence[CrawledFile], grouping: Grouping) -> Iterable[Group]:
    """The tables at or below a folder."""
    if _is_one_table(path, files, grouping):
        yield _group(path, files)
        return
    folders: dict[str, list[CrawledFile]] = {}
    for file in files:
        rest = file.relative[len(path) :]
        if "/" in rest:
            folders.setdefault(f"{path}{rest.partition('/')[0]}/", []).append(file)
        else:
            yield Group(file.relative, (replace(file, relative=rest),))
    for folder, found in sorted(folders.items()):
        yield from _below(folder, found, grouping)


def _group(path: str, files: Sequence[CrawledFile]) -> Group:
    return Group(path, tuple(replace(file, relative=file.relative[len(path) :]) for file in files))


def _is_one_table(path: str, files: Sequence[CrawledFile], grouping: Grouping) -> bool:
    first = files[0].footer.format
    if not all(first.is_compatible(file.footer.format) for file in files):
        return False
    if grouping.combines:  # different folders are refused later: a single table would miss rows
        return True
    if len({partition_of(file.relative[len(path) :])[0] for file in files}) > 1:
        return False
    folders: dict[str, list[dict[str, str]]] = {}
    for file in files:
        folders.setdefault(file.relative.rpartition("/")[0], []).append(dict(file.footer.columns))
    wholes = [{name: kind for schema in schemas for name, kind in schema.items()} for schemas in folders.values()]
    return all(map(are_similar, folders.values())) and are_similar(wholes)


def are_similar(schemas: Sequence[dict[str, str]]) -> bool:
    """Whether more than 70 % of the schemas are like one of them, and there are no more than five different ones."""
    clusters: list[tuple[frozenset[str], int]] = []
    for schema in schemas:
        names = frozenset(schema)
        for place, (known, number) in enumerate(clusters):
            if len(names & known) / max(min(len(names), len(known)), 1) > _SIMILAR:
                clusters[place] = (known, number + 1)
                break
        else:
            clusters.append((names, 1))
    return max(number for _, number in clusters) / len(schemas) > _SIMILAR and len(clusters) <= _MOST_SCHEMAS
