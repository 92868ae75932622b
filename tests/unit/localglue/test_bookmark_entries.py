"""The entries of a job's bookmark: committed by runs, reset and rewound."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localapi.documents import Document
from localglue.bookmarks import Bookmarks
from localglue.errors import GlueError
from localglue.jobs import Jobs
from localglue.store import JOB, JOB_RUN, Store


@pytest.fixture
def bookmarks(tmp_path: Path) -> Iterator[tuple[Bookmarks, Callable[[str], Document]]]:
    """The bookmarks of a store with one job, and what commits a run of it."""
    store, lock = Store(tmp_path / "state.sqlite"), threading.RLock()
    store.put(JOB, "load", {"Name": "load"})
    made = Bookmarks(store, Jobs(store), lock)

    def commit(run: str) -> Document:
        newest = made.get({"JobName": "load"})["Version"] if store.get("job_bookmark", "load") else 0
        document = {"Id": run, "JobName": "load", "JobRunState": "RUNNING"}
        store.add_run(JOB_RUN, run, "load", None, "RUNNING", document)
        content = f'{{"source": "{run}"}}'
        return made.commit({"JobName": "load", "RunId": run, "Version": newest, "JobBookmark": content})

    yield made, commit
    store.close()


def test_a_reset_is_of_no_run_and_leaves_what_each_run_has_read(
    bookmarks: tuple[Bookmarks, Callable[[str], Document]],
) -> None:
    kept, commit = bookmarks
    commit("jr_1")
    last = commit("jr_2")
    entry = kept.reset({"JobName": "load"})
    assert {name: entry[name] for name in ("Version", "Run", "Attempt", "RunId", "PreviousRunId", "JobBookmark")} == {
        "Version": 3, "Run": 0, "Attempt": 0, "RunId": "", "PreviousRunId": "", "JobBookmark": "{}"
    }  # fmt: skip
    assert kept.get({"JobName": "load", "RunId": "jr_2"}) == last
    back = kept.reset({"JobName": "load", "RunId": "jr_2"})
    assert (back["Version"], back["RunId"], back["JobBookmark"]) == (4, "jr_2", last["JobBookmark"])
    kept.reset({"JobName": "load"})
    assert (commit("jr_3")["Run"], kept.get({"JobName": "load"})["PreviousRunId"]) == (1, "")
    with pytest.raises(GlueError, match="Continuation for job load after run jr_9 not found"):
        kept.get({"JobName": "load", "RunId": "jr_9"})
