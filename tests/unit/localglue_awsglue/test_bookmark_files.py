"""Which files a bookmark takes: each once, whatever happens between runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from awsglue.bookmarks import Bookmark, BookmarkError, Seen, chosen
from awsglue.objects import File
from awsglue.utils import DISABLE, ENABLE, PAUSE
from hypothesis import given
from hypothesis import strategies as st

NOW = 1_700_000_000_000
HOUR = 3_600_000


def file(name: str, modified: int = NOW) -> File:
    """A file of S3."""
    return File(f"s3://b/{name}", 1, modified)


@given(
    st.lists(st.lists(st.integers(0, 30), max_size=5), max_size=6),
    st.dictionaries(st.sampled_from(["boundedFiles", "maxFilesInBand"]), st.integers(1, 3)),
    st.sampled_from([0, 1_000, 900_000]),
)
def test_every_file_is_taken_once_however_they_come(
    arrivals: list[list[int]], options: dict[str, int], band: int
) -> None:
    """Between two runs some files come, each in a second before the run, as S3 stamps them."""
    seen, listed, taken = Seen(), [], []
    given_options = {**options, "maxBand": band}
    moment, before = NOW, NOW
    for number, ages in enumerate(arrivals):
        moment += HOUR // 60
        stamps = [max(before, moment - age * 1_000) // 1_000 * 1_000 for age in ages]
        listed += [file(f"{number}-{index}", stamp) for index, stamp in enumerate(stamps)]
        before = moment
        new, seen = chosen(in_order(listed), through_json(seen), moment, given_options)
        taken += new
    for _ in listed:  # what was left out comes later, when nothing else does
        moment += HOUR
        new, seen = chosen(in_order(listed), through_json(seen), moment, given_options)
        taken += new
    assert sorted(one.address for one in taken) == sorted(one.address for one in listed)


def in_order(files: list[File]) -> list[File]:
    """The files as a source lists them."""
    return sorted(files, key=lambda one: (one.modified, one.address))


def through_json(seen: Seen) -> Seen:
    """What is stored and read again."""
    return Seen.of(seen.state(1))


def test_a_file_that_changes_is_taken_again_even_in_the_same_minute() -> None:
    _, seen = chosen([file("a")], Seen(), NOW, {})
    assert chosen([file("a")], seen, NOW + 1, {})[0] == []
    changed = replace(file("a"), modified=NOW + 1_000)
    assert chosen([changed], seen, NOW + 2_000, {})[0] == [changed]


def test_a_bound_takes_the_oldest_files_and_leaves_the_others_for_later_runs() -> None:
    files = [file(str(number), NOW - (10 - number) * HOUR) for number in range(5)]
    first, seen = chosen(files, Seen(), NOW, {"boundedFiles": "2"})
    second, seen = chosen(files, seen, NOW + 1, {"boundedSize": "2"})
    third, _ = chosen(files, seen, NOW + 2, {})
    assert [first, second, third] == [files[:2], files[2:4], files[4:]]


def test_a_run_without_a_bookmark_takes_all_files_and_commits_nothing() -> None:
    bookmark = Bookmark("job", "jr_1")
    assert bookmark.files("source", [file("a")], {}, NOW) == [file("a")]
    bookmark.commit()


BOTH = {"boundedFiles": "2", "boundedSize": 1}


@pytest.mark.parametrize(("bound", "taken"), [({"boundedFiles": "2"}, 2), ({"boundedSize": 1}, 1), (BOTH, 1)])
@pytest.mark.parametrize("option", [DISABLE, ENABLE, "between"])
def test_a_bound_needs_no_bookmark(
    monkeypatch: pytest.MonkeyPatch, option: str, bound: dict[str, Any], taken: int
) -> None:
    files = [file(str(number), NOW - (10 - number) * HOUR) for number in range(3)]
    after = {"source": chosen(files, Seen(), NOW, {})[1].state(1)}
    monkeypatch.setattr(Bookmark, "_entry", lambda _self, run: ({}, after if run == "jr_2" else {}))
    runs = ("jr_1", "jr_2") if option == "between" else ()
    bookmark = Bookmark("job", "jr_3", PAUSE if runs else option, *runs)
    assert bookmark.files("source", files, bound, NOW) == files[:taken]
    assert bookmark.files("", files, bound, NOW) == files[:taken]


def test_a_file_that_came_while_the_source_was_listed_is_new_for_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bookmark, "_entry", lambda _self, _run: ({}, {}))
    bookmark = Bookmark("job", "jr_1", ENABLE)
    bookmark.files("source", [], {"maxBand": 1_000}, NOW)
    assert not Seen.of(bookmark._made["source"]).has(file("late", NOW))


def test_the_state_of_something_else_is_refused() -> None:
    state: dict[str, Any] = {"jsonClass": "JDBCState", "timestamps": {}}
    with pytest.raises(BookmarkError, match="JDBCState, which is no source of files"):
        Seen.of(state)
