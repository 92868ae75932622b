"""The ordered merge against dictionaries: whatever is in the source and in the ledger, in whatever chunks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from totelake.capture.ledger.merge import KeyHashes, KeyOrderError, Merge

ROWS = st.dictionaries(st.integers(-(2**63), 2**63 - 1) | st.integers(-20, 60), st.integers(0, 3), max_size=60)
CUTS = st.lists(st.integers(0, 60), max_size=6)


def chunks(rows: dict[int, int], cuts: list[int]) -> Iterator[KeyHashes]:
    """The rows in the order of their keys, cut at these places; some chunks may be empty."""
    keys = np.array(sorted(rows), dtype=np.int64)
    hashes = np.array([rows[key] for key in sorted(rows)], dtype=np.uint64)
    places = [0, *sorted(cuts), max(len(keys), *cuts, 0)]
    for start, end in zip(places, places[1:]):
        yield KeyHashes(keys[start:end], hashes[start:end])


@given(source=ROWS, ledger=ROWS, cuts=CUTS, other_cuts=CUTS)
def test_it_finds_what_dictionaries_find(
    source: dict[int, int], ledger: dict[int, int], cuts: list[int], other_cuts: list[int]
) -> None:
    merge = Merge(chunks(source, cuts), chunks(ledger, other_cuts))
    new: list[int] = []
    changed: list[int] = []
    walked: list[int] = []
    for found in merge:
        walked += found.rows.keys.tolist()
        new += found.rows.keys[found.is_new].tolist()
        changed += found.rows.keys[found.is_changed].tolist()
    gone = merge.gone()
    assert walked == sorted(source)
    assert new == sorted(source.keys() - ledger.keys())
    assert changed == sorted(key for key in source.keys() & ledger.keys() if source[key] != ledger[key])
    assert dict(zip(gone.keys.tolist(), gone.hashes.tolist())) == {
        key: value for key, value in ledger.items() if key not in source
    }
    assert gone.keys.tolist() == sorted(ledger.keys() - source.keys())


@given(source=ROWS, ledger=ROWS, cuts=CUTS)
def test_what_is_gone_is_found_without_looking_at_the_chunks(
    source: dict[int, int], ledger: dict[int, int], cuts: list[int]
) -> None:
    keys = (KeyHashes.of_keys(chunk.keys) for chunk in chunks(source, cuts))
    assert Merge(keys, chunks(ledger, [])).gone().keys.tolist() == sorted(ledger.keys() - source.keys())


@pytest.mark.parametrize("keys", [[1, 2, 2], [1, 3, 2], [b"a", b"b", b"a\0"]])
@pytest.mark.parametrize("cuts", [[], [1], [2]])
def test_keys_that_come_twice_or_in_another_order_end_the_walk(keys: list[Any], cuts: list[int]) -> None:
    array = np.array(keys, dtype=object if isinstance(keys[0], bytes) else np.int64)
    read: list[int] = []

    def blocks() -> Iterator[KeyHashes]:
        for start, end in zip([0, *cuts], [*cuts, 3]):
            read.extend(range(start, end))
            yield KeyHashes.of_keys(array[start:end])

    with pytest.raises(KeyOrderError):
        Merge(blocks(), iter(())).gone()
    assert read == [0, 1, 2]


def test_a_chunk_is_handed_on_before_the_next_one_is_read() -> None:
    read: list[str] = []

    def noted(name: str, rows: dict[int, int]) -> Iterator[Any]:
        for key, value in rows.items():
            read.append(f"{name} {key}")
            yield from chunks({key: value}, [])

    merge = Merge(noted("source", {1: 1, 2: 1, 3: 1}), noted("ledger", {1: 1, 5: 1, 9: 1}))
    next(iter(merge))
    assert read == ["source 1", "ledger 1", "ledger 5"]
    assert merge.gone().keys.tolist() == [5, 9]
