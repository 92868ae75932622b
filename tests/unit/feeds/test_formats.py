"""Files read as records, however their bytes come: JSON arrays, JSON lines, CSV, and gzips of each."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from totelake.contracts import TableId, load_contracts
from totelake.contracts.model import Dataset
from totelake.feeds.files import records as limits
from totelake.feeds.files.formats import plain_bytes, records
from totelake.feeds.files.records import FileError, Record, Unreadable
from totelake.feeds.tables import FeedTable

FORMATS = ("json", "jsonl", "csv")
# what every format can write: CSV has texts alone, and an empty one is NULL there
TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), min_size=1, max_size=8)
RECORDS = st.lists(
    st.fixed_dictionaries(dict.fromkeys(("month", "department", "currency", "amount"), TEXTS)), max_size=6
)


def table(form: str) -> FeedTable:
    """The repository's table of files, in a format."""
    return FeedTable(replace(load_contracts().table(TableId("targets", "sales_target")), dataset=Dataset("", form)))


def written(form: str, found: list[dict[str, Any]], is_windows: bool = False) -> bytes:
    """Records as a file."""
    if form == "json":
        return json.dumps(found, ensure_ascii=False, indent=1).encode()
    end = "\r\n" if is_windows else "\n"
    if form == "jsonl":
        return "".join(json.dumps(record) + end for record in found).encode()
    target = io.StringIO(newline="")
    # not every Python's writer quotes each kind of line break
    has_breaks = any("\r" in value or "\n" in value for item in found for value in item.values())
    quoting = csv.QUOTE_ALL if has_breaks else csv.QUOTE_MINIMAL
    names = ("month", "department", "currency", "amount")
    writer = csv.DictWriter(target, names, lineterminator=end, quoting=quoting)
    writer.writeheader()
    writer.writerows(found)
    return target.getvalue().encode()


def pieces(content: bytes, sizes: list[int]) -> Iterator[bytes]:
    """The content in pieces of these sizes, which begin anew at their end."""
    start, place = 0, 0
    while start < len(content):
        size = sizes[place % len(sizes)]
        yield content[start : start + size]
        start, place = start + size, place + 1


def read(form: str, content: bytes, sizes: tuple[int, ...] = (1 << 20,)) -> list[Any]:
    """The values of records, and for what is none its line and why."""
    found = records(table(form), pieces(content, list(sizes)))
    return [item.values if isinstance(item, Record) else (item.line, item.why) for item in found]


@pytest.mark.parametrize("form", FORMATS)
@given(
    found=RECORDS, sizes=st.lists(st.integers(1, 40), min_size=1, max_size=4), is_packed=st.booleans(),
    has_mark=st.booleans(), is_windows=st.booleans(),
)  # fmt: skip
@settings(max_examples=60)
def test_a_file_has_the_same_records_however_it_comes(
    form: str, found: list[dict[str, str]], sizes: list[int], is_packed: bool, has_mark: bool, is_windows: bool
) -> None:
    content = (b"\xef\xbb\xbf" if has_mark else b"") + written(form, found, is_windows)
    got = read(form, gzip.compress(content) if is_packed else content, tuple(sizes))
    assert got == found


def test_quoted_line_breaks_are_part_of_a_value_and_lines_are_counted_on() -> None:
    content = b'month,department,currency,amount\n2026-01-01,"a\nb",GBP,1\n1,2\n\n2026-01-01,,GBP,1\n'
    first, wrong, last = read("csv", content)
    assert first["department"] == "a\nb" and last["department"] is None
    assert wrong == (4, "it has 2 values under 4 names")


@pytest.mark.parametrize("value", ["a\r\nb", "\r\n", "a\rb", "a\n", "a\r\r\n", "\n\r"])
def test_a_line_break_between_quotes_stays_as_it_is(value: str) -> None:
    content = f'month,department,currency,amount\r\n2026-01-01,"{value}",GBP,1\r\n1,2\r\n'.encode()
    first, wrong = read("csv", content)
    assert first == {"month": "2026-01-01", "department": value, "currency": "GBP", "amount": "1"}
    assert wrong[1] == "it has 2 values under 4 names"


@given(found=RECORDS, commas=st.integers(0, 3))
@settings(max_examples=30)
def test_names_and_values_that_are_empty_at_the_end_of_each_line_are_none(
    found: list[dict[str, str]], commas: int
) -> None:
    given_ = [{name: value.replace("\r", "_").replace("\n", "_") for name, value in item.items()} for item in found]
    content = written("csv", given_).replace(b"\n", b"," * commas + b"\n")
    assert read("csv", content) == given_


@pytest.mark.parametrize("form", ["json", "jsonl"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"amount": 0.1000000000000000000000000000000000001}', Decimal("0.1000000000000000000000000000000000001")),
        ('{"amount": 1e400}', Decimal("1e400")),
        ('{"amount": 12345678901234567890123}', Decimal("12345678901234567890123")),
        ('{"amount": "\\ud800"}', "\ud800"),
    ],
)
def test_values_come_exactly(form: str, text: str, expected: Any) -> None:
    content = f"[{text}]" if form == "json" else text
    (found,) = read(form, content.encode(), (3,))
    assert found["amount"] == expected


@pytest.mark.parametrize("form", ["json", "jsonl"])
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1, "a": 2}', "the name a stands twice in it"),
        ("[1]", "it is no JSON object"),
        ("12", "it is no JSON object"),
        ("NaN", "it is no JSON object"),
        ("null", "it is no JSON object"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_what_is_no_record_is_told_and_the_next_is_read(form: str, text: str, why: str, size: int) -> None:
    content = f'[\n{text},\n{{"b": 1}}]' if form == "json" else f'\n{text}\n{{"b": 1}}'
    assert read(form, content.encode(), (size,)) == [(2, why), {"b": Decimal(1)}]


def test_a_line_of_bytes_that_are_no_text_is_told_and_the_next_is_read() -> None:
    wrong, right = records(table("jsonl"), [b'{"a": "\xff"}\n{"b": 1}\n'])
    assert isinstance(wrong, Unreadable) and (wrong.rule, wrong.why) == ("invalid_bytes", "it is no text in UTF-8")
    assert isinstance(right, Record)


def test_bytes_that_are_no_text_in_an_array_are_one_records_matter() -> None:
    first, second = read("json", b'[{"department": "\xff"}, {"department": "b"}]', (1,))
    assert (first, second) == ({"department": "\udcff"}, {"department": "b"})


PACKED = gzip.compress(b"[]", mtime=0)


@pytest.mark.parametrize(
    ("form", "content", "why"),
    [
        ("json", b"", "it is empty, and no JSON array does"),
        ("json", b'{"month": 1}', "it begins with '{', and no JSON array does"),
        ("json", b'[{"a": 1}', "no , or ] follows|ends"),
        ("json", b'[{"a": 1}, ', "the JSON array ends in line 1 without its ]"),
        ("json", b'[{"a": 1},]', "the value in line 1 is no JSON"),
        ("json", b'[{"a": 1} {"a": 2}]', "no , or ] follows the value before '{'"),
        ("json", b'[{"a": tru}]', "the value in line 1 is no JSON"),
        ("json", b"[]\n[]", "in line 2 something follows the end"),
        ("json", b"[" * 100_000, "it is nested too deeply"),
        ("json", b"\xff\xfe[\x00", "it is in UTF-16"),
        ("json", PACKED[:-4], "its gzip ends too early"),
        ("json", PACKED[:-8] + b"\0" * 8, "its gzip is damaged"),
        ("csv", b"", "it has no line of names"),
        ("csv", b"month,amount\n1,2\n", "its line of names lacks department, currency; it has month, amount"),
        ("csv", b"month,department,currency,amount,\n1,2,3,4,\n1,2,3,4,5\n", "in line 3 has an empty name above it"),
        ("csv", b"month,month\n", "its line of names has month more than once"),
        ("csv", b'month,department,currency,amount\n1,"2,3,4\n5,6,7,8\n', "record of line 2 is not closed"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused_whole(form: str, content: bytes, why: str) -> None:
    with pytest.raises(FileError, match=why):
        read(form, content, (5,))


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_longer_than_any_record_is_refused_in_bounded_memory(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json_array", "json_lines", "csv_records"):
        monkeypatch.setattr(f"totelake.feeds.files.{name}.MOST_BYTES", 1000)
    monkeypatch.setattr(limits, "MOST_BYTES", 1000)
    begin = {"json": b'[{"a": "', "jsonl": b'{"a": "', "csv": b'month,department,currency,amount\n"'}[form]
    content = begin + b"x" * 100_000 + b"\n"
    if form == "jsonl":
        assert read(form, content + b'{"b": 1}', (100,)) == [(1, "it has more than 1000 bytes"), {"b": Decimal(1)}]
        return
    with pytest.raises(FileError, match="1000"):
        read(form, content, (100,))


def test_a_gzip_of_several_members_is_one_file_and_what_fills_it_up_is_none() -> None:
    content = gzip.compress(b"[1") + gzip.compress(b"2]") + b"\0" * 512
    assert b"".join(plain_bytes(pieces(content, [7]))) == b"[12]"


def test_a_gzip_that_unpacks_to_much_comes_in_parts() -> None:
    parts = list(plain_bytes([gzip.compress(b"x" * 20_000_000)]))
    assert max(map(len, parts)) <= 1 << 20 and sum(map(len, parts)) == 20_000_000
