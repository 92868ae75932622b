"""An answer as a document: every column of it, whatever the columns are called."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from totelake.query.answer import Answer

NAMES = st.lists(st.sampled_from(["n", "n_2", "n_2_2", "n_3", "", "_2"]) | st.text(max_size=2), max_size=8)


@given(NAMES)
def test_no_column_is_lost_and_a_name_that_is_there_once_stays(names: list[str]) -> None:
    (row,) = Answer(tuple(names), [range(len(names))]).document()
    assert list(row.values()) == list(range(len(names)))
    assert all(new == name for new, name in zip(row, names) if names.count(name) == 1)
    assert all(new == name or new.startswith(f"{name}_") for new, name in zip(row, names))


def test_equal_names_are_counted() -> None:
    assert Answer(("n", "n", "n_2", "n"), [(1, 2, 3, 4)]).document() == [{"n": 1, "n_3": 2, "n_2": 3, "n_4": 4}]
