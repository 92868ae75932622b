"""The repository's catalog with its databases alone, as most tests have it: they are about one source.

A folder of tests that are about the whole catalog stands in `WHOLE`; a module of such says `WHOLE_CATALOG = True`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Set
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from totelake.contracts import documents as module
from totelake.contracts import load_contracts
from totelake.contracts.contracts import parse_contracts
from totelake.contracts.documents import documents, read_folder
from totelake.contracts.lineage import relations_of
from totelake.contracts.queries import queries_of
from totelake.contracts.sources import sources_of
from totelake.schemas import impact

WHOLE = ("terraform", "provider", "unit/feeds", "integration/feeds", "benchmarks")
_CATALOG = module._FOLDER
_TESTS = Path(__file__).parent


def is_whole(test_module: Any) -> bool:
    """Whether the tests of a module are about the whole catalog."""
    folder = Path(test_module.__file__).parent.relative_to(_TESTS).as_posix()
    return getattr(test_module, "WHOLE_CATALOG", False) or folder.startswith(WHOLE)


def read_catalog(whole: bool) -> None:
    """Let the code read the whole catalog, or one without feeds and what is built of them."""
    folder = _CATALOG if whole else _databases()
    if folder != module._FOLDER:
        module._FOLDER = folder
        documents.cache_clear()
        load_contracts.cache_clear()
        impact._lineage.cache_clear()
        impact._tiles.cache_clear()


@lru_cache(maxsize=1)
def _databases() -> Path:
    files = read_folder(_CATALOG)
    feeds = {name for name, source in sources_of(files).items() if not source.is_database}
    copy = Path(tempfile.mkdtemp(prefix="totelake-catalog-")) / "catalog"
    shutil.copytree(_CATALOG, copy)
    stars, gone = parse_contracts(files).stars, set[str]()
    for path, document in files.items():
        parts = path.split("/")
        entries = document["schema"] if parts[0] == "warehouse" else ()
        properties = [item for entry in entries for item in entry["customProperties"]]
        built_of = {item["value"] for item in properties if item["property"] == "source"}
        if (parts[0] == "sources" and parts[1] in feeds) or built_of & feeds:
            (copy / path).unlink()
            gone |= {*relations_of(stars[entries[0]["name"]])} if entries else set()
    _without_queries(copy, gone)
    return copy


def _without_queries(copy: Path, gone: Set[str]) -> None:
    """Take away the queries that read a relation which is gone, and what of dashboards is about them."""
    lost = {path.stem for path in copy.glob("queries/*.sql") if any(name in path.read_text() for name in gone)}
    for name in lost:
        (copy / "queries" / f"{name}.sql").unlink()
    queries = queries_of(read_folder(copy))
    for path in copy.glob("dashboards/*.yaml"):
        dashboard = yaml.safe_load(path.read_text())
        dashboard["tiles"] = [tile for tile in dashboard["tiles"] if tile["query"] not in lost]
        given = {column for tile in dashboard["tiles"] for column, _ in queries[tile["query"]].columns}
        kept = {kind: [name for name in names if name in given] for kind, names in dashboard["filters"].items()}
        dashboard["filters"] = {kind: names for kind, names in kept.items() if names}
        dashboard["since"] = {name: day for name, day in dashboard["since"].items() if name not in lost}
        path.write_text(yaml.safe_dump(dashboard))
