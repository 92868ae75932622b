"""References between tables of which contracts are drafted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from totelake.contracts.contracts import in_dependency_order
from totelake.contracts.model import SOURCE, Column, Reference, Table
from totelake.schemas.described import DescribedColumn, DescribedTable
from totelake.sources.references import references_among, with_references


def described(edges: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], DescribedTable]:
    """Tables of the schema public, each with a column for every table that it refers to."""
    return {
        ("public", name): DescribedTable(
            "public",
            name,
            tuple(
                DescribedColumn(f"{to}_id", "integer", True, foreign_key=Reference(to, "id"), foreign_schema="public")
                for to in targets
            ),
        )
        for name, targets in edges.items()
    }


@pytest.mark.parametrize(
    ("edges", "left"),
    [
        ({"a": ["b"], "b": ["c"], "c": []}, []),
        ({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}, []),
        ({"a": ["a"]}, []),
        ({"a": ["b"], "b": ["a"]}, ["b.a_id"]),
        ({"a": ["b"], "b": ["c"], "c": ["a", "b", "c"]}, ["c.a_id", "c.b_id"]),
    ],
    ids=["chain", "diamond", "itself", "two", "three"],
)
def test_of_a_circle_the_reference_that_closes_it_is_left_out(
    edges: Mapping[str, Sequence[str]], left: Sequence[str]
) -> None:
    tables = described(edges)
    kept, sentences = references_among(tables, dict.fromkeys(tables, {"id"}))
    assert [sentence.split()[0] for sentence in sentences] == left
    assert {f"{name}.{to}_id" for name, targets in edges.items() for to in targets} - set(left) == {
        f"{name}.{column}" for name, columns in kept.items() for column in columns
    }
    contracts = [
        Table(
            name, SOURCE, "crm", schema, "",
            tuple(
                Column(column.name, column.type, foreign_key=column.foreign_key)
                for column in with_references(table, kept.get(name, ())).columns
            ),
        )
        for (schema, name), table in tables.items()
    ]  # fmt: skip
    assert len(in_dependency_order(contracts)) == len(edges)


def test_a_reference_to_a_table_without_a_contract_is_none() -> None:
    tables = described({"a": ["b"]})
    kept, sentences = references_among(tables, {("public", "a"): {"id"}, ("other", "b"): {"id"}})
    assert (not kept, sentences) == (True, [])
    assert with_references(tables["public", "a"]).columns[0].foreign_key is None


def test_a_reference_to_a_column_that_a_contract_does_not_name_is_told_and_left_out() -> None:
    tables = described({"a": ["b", "c"]})
    kept, sentences = references_among(tables, {("public", "b"): {"code"}, ("public", "c"): {"id"}})
    assert kept == {"a": {"c_id"}}
    assert sentences == [
        "a.b_id refers to b.id, a column that the contract of b does not name: the contract leaves this reference out"
    ]
