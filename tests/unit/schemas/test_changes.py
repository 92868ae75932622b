"""Every class of schema change, what a policy makes of it, and how it is shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from totelake.contracts import load_contracts
from totelake.registry.registered import canonical
from totelake.schemas import changes as classes
from totelake.schemas.changes import Change, Field, changes, contract_fields, fields, holds
from totelake.schemas.columns import SourceColumn
from totelake.schemas.widening import NARROWED, OTHER, SAME, WIDENED, relation
from totelake.schemas.wording import sentence, side_by_side

BASE = (
    Field("id", "integer", True),
    Field("code", "character varying(3)", True),
    Field("amount", "numeric(10,2)"),
    Field("kind", "Kind", True, ("A", "B")),
    Field("seen_at", "timestamp(3) without time zone"),
)


def altered(column: str, /, **values: object) -> tuple[Field, ...]:
    return tuple(replace(field, **values) if field.name == column else field for field in BASE)  # type: ignore[arg-type]


def kinds(after: tuple[Field, ...]) -> list[tuple[str, str]]:
    return [(change.column, change.kind) for change in changes("t", BASE, after)]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (BASE, []),
        ((*BASE, Field("note", "text")), [("note", classes.COLUMN_ADDED)]),
        ((*BASE, Field("note", "text", True)), [("note", classes.REQUIRED_COLUMN_ADDED)]),
        ((*BASE, Field("note", "integer", True, (), "7")), [("note", classes.DEFAULT_COLUMN_ADDED)]),
        (BASE[:-1], [("seen_at", classes.COLUMN_REMOVED)]),
        (altered("amount", name="price"), [("amount", classes.COLUMN_RENAMED)]),
        (
            altered("amount", name="price", type="text"),
            [("amount", classes.COLUMN_REMOVED), ("price", classes.COLUMN_ADDED)],
        ),
        (altered("id", type="bigint"), [("id", classes.TYPE_WIDENED)]),
        (altered("code", type="character varying(9)"), [("code", classes.TYPE_WIDENED)]),
        (altered("code", type="text"), [("code", classes.TYPE_WIDENED)]),
        (altered("amount", type="numeric(12,2)"), [("amount", classes.TYPE_WIDENED)]),
        (altered("seen_at", type="timestamp without time zone"), [("seen_at", classes.TYPE_WIDENED)]),
        (altered("id", type="smallint"), [("id", classes.TYPE_NARROWED)]),
        (altered("code", type="character(2)"), [("code", classes.TYPE_NARROWED)]),
        (altered("amount", type="numeric(8,2)"), [("amount", classes.TYPE_NARROWED)]),
        (altered("amount", type="numeric(12,3)"), [("amount", classes.TYPE_CHANGED)]),
        (altered("amount", type="numeric"), [("amount", classes.TYPE_CHANGED)]),
        (altered("id", type="numeric(10,0)"), [("id", classes.TYPE_CHANGED)]),
        (altered("kind", type="text", enum=()), [("kind", classes.TYPE_CHANGED)]),
        (altered("code", required=False), [("code", classes.NULLABILITY_LOOSENED)]),
        (altered("amount", required=True), [("amount", classes.NULLABILITY_TIGHTENED)]),
        (altered("kind", enum=("A", "B", "C")), [("kind", classes.ENUM_VALUE_ADDED)]),
        (altered("kind", enum=("B", "A")), []),
        (altered("kind", enum=("A",)), [("kind", classes.ENUM_VALUE_REMOVED)]),
        (altered("kind", enum=("A", "Z")), [("kind", classes.ENUM_VALUE_REMOVED), ("kind", classes.ENUM_VALUE_ADDED)]),
        (
            altered("id", type="bigint", required=False),
            [("id", classes.TYPE_WIDENED), ("id", classes.NULLABILITY_LOOSENED)],
        ),
        ((*BASE[1:], BASE[0]), [("", classes.COLUMN_ORDER)]),
    ],
)
def test_every_difference_has_its_class(after: tuple[Field, ...], expected: list[tuple[str, str]]) -> None:
    assert kinds(after) == expected


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("uuid", "text", WIDENED), ("jsonb", "text", WIDENED), ("integer[]", "character varying", WIDENED),
        ("public.geometry(Point,4326)", "text", WIDENED), ("text", "uuid", NARROWED), ("uuid", "uuid", SAME),
        ("uuid", "character varying(36)", OTHER), ("json", "jsonb", OTHER), ("uuid", "inet", OTHER),
        ("numeric(10,2)", "numeric", OTHER), ("numeric(38,2)", "numeric(39,2)", OTHER),
        ("numeric(39,2)", "numeric(40,2)", WIDENED), ("numeric(5,-2)", "numeric(7,-2)", WIDENED),
        ("numeric", "text", WIDENED), ("numeric(40,2)", "numeric", WIDENED), ("numeric", "numeric(40,2)", NARROWED),
        ("integer", "text", OTHER), ("bytea", "text", OTHER), ("text", "bytea", OTHER), ("bytea", "uuid", OTHER),
        ("time(3) with time zone", "time with time zone", WIDENED), ("interval", "interval(3)", NARROWED),
        ("timestamp(3) with time zone", "timestamp with time zone", WIDENED),
        ("timestamp without time zone", "timestamp with time zone", OTHER),
        ("timestamp with time zone", "text", OTHER), ("bit varying(3)", "bit varying", WIDENED),
        ("bit varying(5)", "bit varying(3)", NARROWED), ("bit(3)", "bit(5)", OTHER), ("record", "text", OTHER),
        ("time without time zone", "text", OTHER),
    ],
)  # fmt: skip
def test_how_two_types_of_a_source_are_related(before: str, after: str, found: str) -> None:
    assert relation(before, after) == found


def test_a_type_of_the_data_catalog_alone_is_related_to_none() -> None:
    assert {relation(canonical(kind), "text") for kind in ("tinyint", "array<string>", "struct<a:int>")} == {OTHER}
    assert relation(canonical("binary"), "bytea") == SAME


def test_the_name_of_an_enum_is_shown_without_quotes_and_any_other_as_it_is() -> None:
    shown = [SourceColumn("a", kind, False) for kind in ('"Kind"', 'public."Odd"', '"a""b"', 'public."Odd"[]')]
    assert [field.type for field in fields(shown)] == ["Kind", 'public."Odd"', 'a""b', 'public."Odd"[]']


def test_an_evolving_table_waits_for_what_breaks_and_a_frozen_one_for_all_but_the_order() -> None:
    every = [Change("t", "c", kind, "", "") for kind in sorted(classes.KINDS)]
    assert {change.kind for change in holds(every, classes.EVOLVE)} == classes.BREAKING
    assert {change.kind for change in holds(every, classes.FREEZE)} == classes.KINDS - classes.HARMLESS


def test_a_contract_and_the_schema_that_a_batch_carries_have_one_form() -> None:
    table = load_contracts().find("transaction")
    schema = [SourceColumn(column.name, column.type, column.required, column.enum) for column in table.columns]
    assert fields(schema) == contract_fields(table)
    assert changes(table.name, contract_fields(table), fields(schema)) == []


def test_a_change_outlives_its_document() -> None:
    change = classes.missing_table("design")
    assert Change.of(change.document) == change
    assert change.document["is_breaking"] is True


def test_both_sides_of_every_column_are_shown() -> None:
    base = (
        Field("id", "integer", True),
        Field("amount", "real"),
        Field("kind", "Kind", True, ("A",)),
        Field("at", "date"),
    )
    after = (
        base[0],
        Field("price", "real"),
        replace(base[2], enum=("A", "B")),
        Field("note", "text"),
        Field("x", "text"),
    )
    found = changes("t", base, after)
    assert side_by_side("t", base, after, found, ("contract", "source")).splitlines() == [
        "t",
        "  column  contract            source",
        "  id      integer NOT NULL    integer NOT NULL",
        "  amount  real                price real             column renamed (suspected), BREAKING",
        "  kind    Kind of A NOT NULL  Kind of A, B NOT NULL  enum value added",
        "  at      date                -                      column removed, BREAKING",
        "  note    -                   text                   nullable column added",
        "  x       -                   text                   nullable column added",
    ]


def test_all_changes_are_one_sentence() -> None:
    assert sentence(changes("t", BASE, (*BASE[:-1], Field("note", "text")))) == (
        "t.seen_at: column removed, timestamp(3) without time zone before, now nothing (breaking); "
        "t.note: nullable column added, nothing before, now text"
    )
