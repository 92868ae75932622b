"""The repository's catalog with its databases alone, as most tests have it: they are about one source.

A folder of tests that are about the whole catalog stands in `WHOLE`; a module of such says `WHOLE_CATALOG = True`.
"""

from __future__ import annotations

import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from totelake.contracts import documents as module
from totelake.contracts import load_contracts
from totelake.contracts.documents import documents, read_folder
from totelake.contracts.sources import sources_of

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


@lru_cache(maxsize=1)
def _databases() -> Path:
    files = read_folder(_CATALOG)
    feeds = {name for name, source in sources_of(files).items() if not source.is_database}
    copy = Path(tempfile.mkdtemp(prefix="totelake-catalog-")) / "catalog"
    shutil.copytree(_CATALOG, copy)
    for path, document in files.items():
        parts = path.split("/")
        entries = document["schema"] if parts[0] == "warehouse" else ()
        properties = [item for entry in entries for item in entry["customProperties"]]
        built_of = {item["value"] for item in properties if item["property"] == "source"}
        if (parts[0] == "sources" and parts[1] in feeds) or built_of & feeds:
            (copy / path).unlink()
    return copy
