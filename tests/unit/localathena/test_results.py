"""Results: written and read again, described, and the partitions that properties describe."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localathena.columns import column_info, metadata
from localathena.lake.projection import Projection
from localathena.results import page, rows_of, write
from localathena.sql.refusals import Refused
from localathena.sql.types import VARCHAR, type_of
from localathena.statements.hive_types import arrow_type, hive_type

_VALUES = st.none() | st.text(st.characters(exclude_categories=["Cs"]))


@given(st.data())
def test_what_is_written_is_read_again_in_pages_of_any_size(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    width = data.draw(st.integers(1, 4))
    rows = data.draw(st.lists(st.lists(_VALUES, min_size=width, max_size=width), max_size=20))
    path, columns = tmp_path_factory.mktemp("results") / "rows", [(f"c{number}", VARCHAR) for number in range(width)]
    assert write(path, None, rows) == len(rows)
    assert list(rows_of(path, columns)) == rows
    found: list[list[str | None]] = []
    start: int | None = 0
    while start is not None:
        answer, start = page(path, columns, start, data.draw(st.integers(1, 7)))
        found += [[cell.get("VarCharValue") for cell in row["Data"]] for row in answer["ResultSet"]["Rows"]]
    assert found == rows


def fields(content: bytes) -> list[tuple[int, bytes | int]]:
    """The fields of a message of protobuf."""
    found: list[tuple[int, bytes | int]] = []
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = content[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value

    while at < len(content):
        tag = number()
        if tag & 7 == 2:
            size = number()
            found.append((tag >> 3, content[at : at + size]))
            at += size
        else:
            found.append((tag >> 3, number()))
    return found


def test_the_file_beside_a_result_describes_its_columns() -> None:
    columns = [("n", type_of("decimal(38,2)")), ("täxt", VARCHAR)]
    described = [
        fields(content) for tag, content in fields(metadata(columns)) if tag == 4 and isinstance(content, bytes)
    ]
    assert [[value for _, value in item] for item in described] == [
        [b"hive", b"", b"", b"n", b"n", b"decimal", 38, 2, 3, 0],
        [b"hive", b"", b"", "täxt".encode(), "täxt".encode(), b"varchar", 2147483647, 0, 3, 1],
    ]
    assert [number for number, _ in described[0]] == list(range(1, 11))


@pytest.mark.parametrize(
    ("kind", "shown", "precision"),
    [
        ("real", "float", 17),
        ("array(integer)", "array", 0),
        ("varchar(5)", "varchar", 5),
        ("timestamp(3)", "timestamp", 3),
    ],
)
def test_a_column_has_athenas_type(kind: str, shown: str, precision: int) -> None:
    (found,) = column_info([("c", type_of(kind))])
    assert (found["Type"], found["Precision"]) == (shown, precision)


@pytest.mark.parametrize("kind", ["json", "time(3)", "timestamp(3) with time zone", "array(uuid)"])
def test_a_type_that_no_table_has_is_refused(kind: str) -> None:
    for made in (hive_type, arrow_type):
        with pytest.raises(Refused, match="Unsupported Hive type"):
            made(type_of(kind))


_PROPERTIES = {
    "projection.n.type": "integer", "projection.n.range": "0,20", "projection.n.interval": "5",
    "projection.n.digits": "2", "projection.d.type": "date", "projection.d.range": "2024/01/01/00,2024/12/31/00",
    "projection.d.format": "yyyy/MM/dd/HH", "projection.d.interval": "1", "projection.d.interval.unit": "DAYS",
}  # fmt: skip


@pytest.mark.parametrize(
    ("properties", "address", "values"),
    [
        ({}, "s3://b/t/n=05/d=2024-03-01/x", ("05", "2024-03-01")),
        ({}, "s3://b/t/n=07/d=2024-03-01/x", None),
        ({}, "s3://b/t/n=5/d=2024-03-01/x", None),
        ({}, "s3://b/t/n=25/d=2024-03-01/x", None),
        ({}, "s3://b/t/n=05/d=2025-01-01/x", None),
        ({}, "s3://b/t/n=05/d=yesterday/x", None),
        ({}, "s3://b/t/d=2024-03-01/n=05/x", None),
        ({}, "s3://b/t/n=05/x", None),
        ({"storage.location.template": "s3://o/${d}-${n}/${n}"}, "s3://o/2024-03-01-10/10/x", ("10", "2024-03-01")),
        ({"storage.location.template": "s3://o/${d}-${n}/${n}"}, "s3://o/2024-03-01-10/15/x", None),
    ],
)
def test_an_object_lies_in_the_partition_that_the_properties_describe(
    properties: dict[str, str], address: str, values: tuple[str, ...] | None
) -> None:
    days = {"projection.d.range": "2024-01-01,2024-12-31", "projection.d.format": "yyyy-MM-dd"}
    assert Projection({**_PROPERTIES, **days, **properties}, ["n", "d"], "s3://b/t/").values(address) == values


@pytest.mark.parametrize(
    ("form", "range_", "step", "inside", "outside"),
    [
        ("yyyy/MM/dd", "2024/01/01,NOW", "1 DAYS", "2024/02/03", "2024/2/3"),
        ("yyyy/MM/dd/HH", "2024/01/01/00,2024/01/02/00", "6 HOURS", "2024/01/01/18", "2024/01/01/17"),
        ("yyyy-MM", "2024-01,2026-12", "3 MONTHS", "2024-10", "2024-11"),
        ("yyyy-MM-dd", "2024-01-31,2026-12-31", "1 MONTHS", "2024-02-29", "2024-02-28"),
        ("yyyy", "2000,2020", "4 YEARS", "2008", "2010"),
        ("yyyy-MM-dd'T'HH", "2024-01-01T00,2024-01-02T00", "1 HOURS", "2024-01-01T05", "2024-01-01X05"),
        ("yyyyMMdd", "20240101,20241231", "", "20240301", "2024030"),
    ],
)
def test_a_date_is_projected_in_its_format_and_its_steps(
    form: str, range_: str, step: str, inside: str, outside: str
) -> None:
    interval, _, unit = step.partition(" ")
    given = {"format": form, "range": range_, "interval": interval, "interval.unit": unit}
    properties = {**_PROPERTIES, **{f"projection.d.{name}": value for name, value in given.items()}}
    found = Projection(properties, ["n", "d"], "s3://b/t")
    assert found.values(f"s3://b/t/n=05/d={inside}/x") == ("05", inside)
    assert found.values(f"s3://b/t/n=05/d={outside}/x") is None
    assert found.values(f"s3://b/t/n=05/d={inside}/more/x") == ("05", inside)


@pytest.mark.parametrize("form", ["yyyy", "yyyy/MM", "yyyy-MM-dd", "yyyy/MM/dd/HH"])
@pytest.mark.parametrize("back", ["", "-3YEARS", " - 14 months", "-2WEEKS", "-1HOUR"])
def test_now_is_as_exact_as_the_format(form: str, back: str) -> None:
    given = {"format": form, "range": f"NOW{back},NOW", "interval": "", "interval.unit": ""}
    properties = {**_PROPERTIES, **{f"projection.d.{name}": value for name, value in given.items()}}
    python = form.replace("yyyy", "%Y").replace("MM", "%m").replace("dd", "%d").replace("HH", "%H")
    for _ in range(2):  # the hour may end between the two moments, but not twice
        value = datetime.now(timezone.utc).strftime(python)
        found = Projection(properties, ["n", "d"], "s3://b/t").values(f"s3://b/t/n=05/d={value}/x")
        if found is not None:
            break
    assert found == ("05", value)


@pytest.mark.parametrize(
    ("properties", "sentence"),
    [
        ({"projection.n.type": "float"}, "projection.n.type is 'float'"),
        ({"projection.n.range": "1"}, "a range has two ends"),
        ({"projection.d.format": "EEE"}, "EEE"),
        ({"storage.location.template": "s3://o/${n}/"}, "does not name the partition key d"),
        ({"projection.d.range": "soon,NOW"}, "'soon' in projection.d.range is no date"),
        ({"projection.d.range": "NOW+1DAYS,NOW"}, "its first end is the later"),
        ({"projection.d.range": "NOW-99999YEARS,NOW"}, "'NOW-99999YEARS'"),
        ({"projection.d.interval.unit": "MOONS"}, "MOONS"),
        ({"projection.d.interval": "0"}, "projection.d.interval is '0'"),
        ({"projection.n.interval": "x"}, "projection.n.interval is 'x'"),
        ({"projection.n.digits": "-2"}, "projection.n.digits is '-2'"),
        ({"projection.n.range": "a,b"}, "projection.n.range is 'a,b'"),
        ({"projection.n.range": "9,1"}, "projection.n.range is '9,1'"),
    ],
)
def test_properties_that_describe_nothing_are_refused(properties: dict[str, str], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence.replace("[", r"\[")):
        Projection({**_PROPERTIES, **properties}, ["n", "d"], "s3://b/t")
