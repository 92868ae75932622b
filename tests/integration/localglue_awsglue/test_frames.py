"""DynamicFrames: choices, nested fields, functions of scripts and their errors."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from awsglue import transforms
from awsglue.choices import ResolveOption
from awsglue.dynamicframe import DynamicFrame, ErrorThresholdExceeded
from awsglue.expressions import parse_path
from awsglue.gluetypes import DoubleType

from tests.integration.localglue_awsglue.conftest import records, types
from tests.integration.star.samples import OPEN_SOCKETS

pytestmark = OPEN_SOCKETS

Make = Callable[..., Any]
MIXED = ({"id": 1, "m": 5}, {"id": 2, "m": "five"}, {"id": 3, "m": "7"})
NESTED = (
    {"name": "Nancy", "home": {"city": "Oslo", "zip": 1}, "friends": [{"n": "Fred", "tags": ["a", "b"]}, {"n": "Lu"}]},
    {"name": "Nathan", "home": None, "friends": None},
)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("a.b", ("a", "b")),
        ("`a.b`.c", ("a.b", "c")),
        ("list[].price", ("list", "[]", "price")),
        ("provider id", ("provider id",)),
    ],
)
def test_a_path_has_names_backticks_and_elements(path: str, parts: tuple[str, ...]) -> None:
    assert parse_path(path) == parts


def test_a_field_of_several_types_is_a_choice_until_it_is_resolved(frame: Make, capsys: Any) -> None:
    found = frame(*MIXED)
    found.printSchema()
    assert capsys.readouterr().out == "root\n|-- id: int\n|-- m: choice\n|    |-- int\n|    |-- string\n"
    assert found.toDF().schema["m"].dataType.simpleString() == "struct<int:int,string:string>"
    expected = {
        "cast:long": [{"id": 1, "m": 5}, {"id": 2, "m": None}, {"id": 3, "m": 7}],
        "project:string": [{"id": 1, "m": None}, {"id": 2, "m": "five"}, {"id": 3, "m": "7"}],
        "make_cols": [
            {"id": 1, "m_int": 5, "m_string": None},
            {"id": 2, "m_int": None, "m_string": "five"},
            {"id": 3, "m_int": None, "m_string": "7"},
        ],
        "make_struct": [
            {"id": 1, "m": {"int": 5, "string": None}},
            {"id": 2, "m": {"int": None, "string": "five"}},
            {"id": 3, "m": {"int": None, "string": "7"}},
        ],
    }
    assert {action: records(found.resolveChoice(specs=[("m", action)])) for action in expected} == expected
    kept = found.toDF([ResolveOption("m", "Cast", DoubleType())]).orderBy("id").collect()
    assert [row["m"] for row in kept] == [5.0, None, 7.0]


def test_choices_inside_structs_and_arrays_are_resolved_too(frame: Make) -> None:
    found = frame({"l": [{"p": 1}, {"p": "2"}], "s": {"v": 1.5}}, {"l": [], "s": {"v": "x"}})
    one = found.resolveChoice(specs=[("l[].p", "cast:int"), ("s.v", "project:double")])
    assert records(one) == [{"l": [], "s": {"v": None}}, {"l": [{"p": 1}, {"p": 2}], "s": {"v": 1.5}}]
    every = found.resolveChoice(choice="cast:string")
    assert records(every) == [{"l": [], "s": {"v": "x"}}, {"l": [{"p": "1"}, {"p": "2"}], "s": {"v": "1.5"}}]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "takes specs or choice"),
        ({"choice": "guess"}, "does not know 'guess'"),
        ({"choice": "cast:number"}, "'number' is no type"),
        ({"choice": "match_catalog"}, "needs database and table_name"),
    ],
)
def test_what_resolve_choice_does_not_know_is_an_error(frame: Make, given: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        frame(*MIXED).resolveChoice(**given)


def test_a_mapping_renames_casts_and_nests(frame: Make) -> None:
    found = frame(
        {"id": "7", "a.b": 2, "home": {"zip": "12", "x": 1}, "m": 1}, {"id": "x", "a.b": 3, "home": None, "m": "2"}
    )
    mapped = transforms.ApplyMapping.apply(
        frame=found,
        mappings=[
            ("id", "string", "key", "Long"),
            ("`a.b`", "int", "n.ab", "string"),
            ("home.zip", "string", "n.zip", "int"),
            ("m", "string", "m", "string"),
            ("absent", "string", "absent", "string"),
        ],
    )
    assert types(mapped) == {"key": "long", "n": "struct", "m": "string"}
    assert records(mapped) == [
        {"key": 7, "n": {"ab": "2", "zip": 12}, "m": None},
        {"key": None, "n": {"ab": "3", "zip": None}, "m": "2"},
    ]


def test_fields_are_dropped_chosen_renamed_and_split(frame: Make) -> None:
    found = frame(*NESTED)
    assert types(found.drop_fields(["home.zip", "friends", "absent"]).unnest()) == {
        "name": "string",
        "home.city": "string",
    }
    assert list(types(found.select_fields(["home", "name"]))) == ["home", "name"]
    assert list(types(found.rename_field("home.city", "home.town").unnest()))[1] == "home.town"
    assert list(types(found.rename_field("home.city", "city"))) == ["name", "home", "friends", "city"]
    split = transforms.SplitFields.apply(found, ["name"], "one", "rest")
    assert {name: list(types(one)) for name, one in split.items()} == {"one": ["name"], "rest": ["home", "friends"]}


def test_relationalize_makes_a_table_of_each_array(frame: Make) -> None:
    tables = frame(*NESTED).relationalize("people", "s3://not/used")
    assert tables.keys() == ["people", "people_friends", "people_friends.val.tags"]
    root = {row["name"]: row for row in records(tables["people"])}
    assert (root["Nancy"]["home.city"], root["Nathan"]["friends"]) == ("Oslo", None)
    friends = records(tables.select("people_friends"))
    assert [(one["id"], one["index"], one["friends.val.n"]) for one in friends] == [
        (root["Nancy"]["friends"], 0, "Fred"), (root["Nancy"]["friends"], 1, "Lu")
    ]  # fmt: skip
    tags = records(tables["people_friends.val.tags"])
    assert [(one["id"], one["index"], one["friends.val.tags.val"]) for one in tags] == [
        (friends[0]["friends.val.tags"], 0, "a"), (friends[0]["friends.val.tags"], 1, "b")
    ]  # fmt: skip


def test_a_function_that_raises_makes_errors_and_not_records(frame: Make) -> None:
    found = frame({"id": 1, "big": 2**40}, {"id": 0, "big": 1}, {"id": 2, "big": 3})
    mapped = transforms.Map.apply(frame=found, f=lambda one: {**one, "part": 10 / one["id"]})
    assert records(mapped) == [{"id": 1, "big": 2**40, "part": 10.0}, {"id": 2, "big": 3, "part": 5.0}]
    assert (mapped.errorsCount(), mapped.stageErrorsCount()) == (1, 1)
    kept = mapped.filter(lambda one: one["part"] > 5)
    assert (kept.count(), kept.errorsCount(), kept.stageErrorsCount()) == (1, 1, 0)
    error = records(kept.errorsAsDynamicFrame())[0]["error"]
    assert (error["message"], error["record"]) == ("ZeroDivisionError: division by zero", '{"id": 0, "big": 1}')
    with pytest.raises(ErrorThresholdExceeded, match="1 errors, the first: ZeroDivisionError"):
        kept.assertErrorThreshold()
    with pytest.raises(ErrorThresholdExceeded, match="parts has 1 errors, and its stageThreshold is 1"):
        found.map(lambda one: {"part": 1 / one["id"]}, info="parts", stageThreshold=1)


def test_a_number_that_its_type_does_not_hold_is_an_error_and_not_null(context: Any, frame: Make) -> None:
    from awsglue.gluetypes import DecimalType, Field, IntegerType, StructType

    schema = StructType([Field("n", IntegerType()), Field("d", DecimalType(5, 2))])
    rows = [{"n": 1.0, "d": Decimal("1E+2")}, {"n": 2**31, "d": None}, {"n": 1, "d": Decimal("0.125")}, {"n": "7"}]
    made = context.create_dynamic_frame.from_rdd(context.sparkContext.parallelize(rows, 1), "rows", schema)
    assert (records(made), made.errorsCount()) == ([{"n": 1, "d": Decimal("100.00")}], 3)
    assert "2147483648 does not fit the type int" in str(records(made.errorsAsDynamicFrame()))

    found = frame({"d": Decimal("1.25")}, {"d": Decimal("2.50")})
    thirds = found.map(lambda one: {"d": one["d"] / 8, "k": {(1, 2): "x"} if one["d"] > 2 else None})
    assert records(thirds) == [
        {"d": Decimal("0.15625"), "k": None}, {"d": Decimal("0.31250"), "k": {"(1, 2)": "x"}}
    ]  # fmt: skip
    named = context.create_dynamic_frame.from_rdd(context.sparkContext.parallelize([{(1, 2): 3}], 1), "named")
    assert records(named) == [{"(1, 2)": 3}]
    kept = found.filter(lambda one: one.update(d=one["d"] / 8) or True)
    assert (kept.count(), kept.errorsCount()) == (0, 2)


def test_frames_are_joined_united_merged_and_split_by_rows(frame: Make) -> None:
    left, right = frame({"id": 1, "v": "a"}, {"id": 2, "v": "b"}), frame({"id": 2, "v": 5, "w": True})
    joined = transforms.Join.apply(left, right, ["id"], ["id"])
    assert records(joined) == [{"id": 2, "v": "b", ".id": 2, ".v": 5, "w": True}]
    united = left.union(right)
    assert types(united) == {"id": "int", "v": "choice", "w": "boolean"}
    every = left.union(right, frame({"id": 9}), "every")
    assert (sorted(one["id"] for one in records(every)), every.name) == ([1, 2, 2, 9], "every")
    with pytest.raises(TypeError, match=r"union takes frames and a transformation_ctx, and not \[1\]"):
        left.union(right, 1)
    assert records(left.mergeDynamicFrame(right, ["id"])) == [
        {"id": 1, "v": "a", "w": None},
        {"id": 2, "v": 5, "w": True},
    ]
    split = left.split_rows({"id": {">": 1, "<=": 2}}, "in", "out")
    assert [records(one) for one in split.values()] == [[{"id": 2, "v": "b"}], [{"id": 1, "v": "a"}]]
    with pytest.raises(ValueError, match="the frame has no field key"):
        left.join(["key"], ["id"], right)
    with pytest.raises(ValueError, match="resolve the choice first"):
        united.join(["v"], ["v"], right)


def test_fields_without_values_are_dropped_and_json_in_text_is_unboxed(frame: Make) -> None:
    found = frame(
        {"a": None, "b": {"c": None, "d": 1}, "t": '{"x": 1}'}, {"a": None, "b": None, "t": '{"x": 2, "y": []}'}
    )
    assert types(transforms.DropNullFields.apply(found).unnest()) == {"b.d": "int", "t": "string"}
    assert records(found.unbox("t", "json").select_fields("t")) == [
        {"t": {"x": 1, "y": None}},
        {"t": {"x": 2, "y": []}},
    ]


def test_an_array_in_text_is_unboxed(frame: Make) -> None:
    found = frame({"t": '[{"x": 1}, {"x": 2}]'}, {"t": "[]"}, {"t": None})
    assert records(found.unbox("t", "json")) == [{"t": None}, {"t": []}, {"t": [{"x": 1}, {"x": 2}]}]
    with pytest.raises(ValueError, match="values of several types in the field itself"):
        frame({"t": "[1]"}, {"t": '{"x": 1}'}).unbox("t", "json")
    with pytest.raises(ValueError, match="unbox found 1 texts in t that are no JSON objects or arrays"):
        frame({"t": "[1]"}, {"t": "7"}).unbox("t", "json")


def test_a_frame_goes_to_spark_and_back(context: Any, frame: Make) -> None:
    made = DynamicFrame.fromDF(frame({"id": 1}, {"id": 2}).toDF().where("id > 1"), context, "made")
    assert (records(made), made.name, made.count()) == ([{"id": 2}], "made", 1)
    assert records(context.create_dynamic_frame.from_rdd(made.toDF().rdd, "again")) == [{"id": 2}]


@pytest.mark.parametrize(
    ("use", "named"),
    [
        (lambda frame: frame.forEachPartition, "DynamicFrame.forEachPartition"),
        (lambda frame: frame.unbox("a", "csv"), "unbox of the format csv"),
        (lambda frame: transforms.FindMatches.apply(frame), "the transform FindMatches"),
        (lambda frame: frame.glue_ctx.getSource("kinesis"), "a source of the connection type kinesis"),
        (lambda frame: frame.glue_ctx.begin_transaction, "GlueContext.begin_transaction"),
        (lambda frame: frame.glue_ctx.getSink("s3", "avro"), "writing the format avro"),
    ],
)
def test_what_is_not_there_says_its_name(frame: Make, use: Callable[[Any], Any], named: str) -> None:
    with pytest.raises(NotImplementedError, match=named):
        use(frame({"a": "1"}))


def test_every_transform_describes_itself() -> None:
    found = transforms.Join.describe()["transform"]
    assert (found["name"], [one["name"] for one in found["args"]][:2]) == ("Join", ["frame1", "frame2"])
    assert all(getattr(transforms, name).describeTransform() for name in transforms.__all__)


def test_the_logger_has_the_words_of_log4j(context: Any, capsys: Any) -> None:
    logger = context.get_logger()
    logger.handlers.clear()  # a handler keeps the stream of the test before
    logger = context.get_logger()
    logger.warn("few rows")
    logger.trace("nobody sees this")
    assert capsys.readouterr().err.endswith("WARNING [main] GlueLogger: few rows\n")
    logger.handlers.clear()
