"""What a contract of a feed says itself, since no database tells it; and what of pipeline.yaml is of a kind."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.conftest import ROOT
from totelake.contracts.contracts import parse_contracts
from totelake.contracts.documents import parse_yaml, read_folder
from totelake.contracts.pipeline import pipeline_of
from totelake.contracts.sources import sources_of
from totelake.errors import ContractError

CATALOG = read_folder(ROOT / "catalog")
TABLE, SOURCE = "sources/targets/sales_target.yaml", "sources/targets/source.yaml"
ID, MONTH, DEPARTMENT, AMOUNT = 0, 1, 2, 4


def with_table(change: Any) -> dict[str, Any]:
    """The catalog with a changed table of files."""
    document = copy.deepcopy(CATALOG[TABLE])
    change(document["schema"][0])
    return {**CATALOG, TABLE: document}


def custom(name: str, value: Any) -> Any:
    """Another value of a custom property of the table; None takes it away."""

    def change(entry: dict[str, Any]) -> None:
        rest = [item for item in entry["customProperties"] if item["property"] != name]
        entry["customProperties"] = rest + ([] if value is None else [{"property": name, "value": value}])

    return change


def column(place: int, **values: Any) -> Any:
    """Other values of a column."""
    return lambda entry: entry["properties"][place].update(values)


def property_(name: str, value: Any) -> dict[str, Any]:
    """A column's custom property, and no other."""
    return {"customProperties": [{"property": name, "value": value}]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (custom("format", None), "of kind files: write one of json, jsonl, csv"),
        (custom("format", "xml"), "is 'xml'; use json, jsonl, csv"),
        (custom("prefix", "/x"), "a slash at its end and none at its beginning"),
        (column(AMOUNT, physicalType="numeric"), "of type numeric, which no feed can bring"),
        (column(AMOUNT, physicalType="jsonb"), "of type jsonb, which no feed can bring"),
        (column(MONTH, required=False), "the number of month, which is no required column"),
        (column(ID, physicalType="integer"), "let it be a bigint and the only column of the key"),
        (column(MONTH, primaryKey=True, primaryKeyPosition=2), "let it be a bigint and the only column of the key"),
        (
            column(ID, physicalType="real", customProperties=[]),
            "sales_target_id is of type real, which no key can have",
        ),
        (column(ID, physicalType="double precision", customProperties=[]), "double precision, which no key can have"),
        (column(AMOUNT, **property_("enum", ["1", "2"])), "is of type numeric(14,2) and has an enum; take it away"),
        (column(AMOUNT, **property_("minimum", 10)), "sales_target.amount has a minimum, which files are not held"),
        (column(AMOUNT, **property_("maximum", 10)), "has a maximum, which files are not held against; take it away"),
        (column(DEPARTMENT, logicalTypeOptions={"pattern": "[A-Z]+"}), "has a pattern, which files are not held"),
    ],
)
def test_a_mistake_is_named_with_what_to_do(change: Any, message: str) -> None:
    with pytest.raises(ContractError) as raised:
        parse_contracts(with_table(change))
    assert message in str(raised.value) and f"catalog/{TABLE}" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("required: 'false'", "required of colour is 'false'; write true or false, without quotes"),
        ("primaryKey: 1", "primaryKey of colour is 1; write true or false"),
        ("unique: 'no'", "unique of colour is 'no'; write true or false"),
        ("customProperties: [{property: enum, value: [yes, no]}]", "enum of colour has True, which is no list of te"),
        ("customProperties: [{property: enum, value: ['1', 2]}]", "enum of colour has 2, which is no list of texts"),
        ("customProperties: [{property: enum, value: red}]", "enum of colour has 'red', which is no list of texts"),
        ("customProperties: [{property: numberOf, value: month}]", "numberOf of colour has 'month', which is no list"),
        ("customProperties: [{property: serial, value: 'no'}]", "serial of colour is 'no'; write true or false"),
    ],
)
def test_a_value_of_another_kind_is_told_with_its_line(text: str, message: str) -> None:
    lines = (ROOT / "catalog" / TABLE).read_text(encoding="utf-8").splitlines()
    start = len(lines)
    added = ["      - name: colour", "        physicalType: text", f"        {text}"]
    document = parse_yaml("\n".join([*lines, *added]), TABLE)
    with pytest.raises(ContractError) as raised:
        parse_contracts({**CATALOG, TABLE: document})
    assert message in str(raised.value)
    assert str(raised.value).startswith(f"catalog/{TABLE} line {start + (1 if 'custom' in text else 3)}: ")


def test_two_datasets_have_files_of_their_own() -> None:
    other = copy.deepcopy(CATALOG[TABLE])
    other["schema"][0]["name"] = "revised_target"
    custom("prefix", "sales_target/revised/")(other["schema"][0])
    with pytest.raises(ContractError, match="of revised_target at 'sales_target/revised/' lie below those of sales_t"):
        parse_contracts({**CATALOG, "sources/targets/revised_target.yaml": other})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"secret": "{prefix}/targets"},
            "'secret' is nothing that a source of kind files has; known are name, kind, buc",
        ),
        ({"bucket": "Targets"}, "the bucket is 'Targets'; use a bucket's name"),
        ({"prefix": "in"}, "the prefix is 'in'; write it as incoming/"),
        ({"role": "reader"}, "the role is 'reader'; write it as arn:aws:iam"),
        ({"region": "London"}, "the region is 'London'; write it as eu-west-2"),
        ({"kind": "http"}, "'bucket' is nothing that a source of kind http has"),
    ],
)
def test_a_source_has_what_its_kind_has(values: dict[str, str], message: str) -> None:
    with pytest.raises(ContractError) as raised:
        sources_of({**CATALOG, SOURCE: {**CATALOG[SOURCE], **values}})
    assert message in str(raised.value)


def test_what_is_of_a_kind_stands_in_for_the_rest_and_is_added_to_the_arguments() -> None:
    jobs = pipeline_of(CATALOG)["jobs"]
    database, files = jobs["ingest-totesys"], jobs["ingest-targets"]
    assert (database["script"], files["script"]) == ("ingest", "ingest_files")
    assert database["arguments"]["source_secret"] == "{prefix}/totesys" and "source_secret" not in files["arguments"]
    assert "modules" in database and "modules" not in files and "of_kind" not in files
    assert files["arguments"] == {"source": "targets", "bookmark": "enable", "prefix": "{prefix}"}


@pytest.mark.parametrize(
    ("name", "of_kind", "message"),
    [
        ("ingest-{source}", {"oracle": {}}, "of_kind oracle, which is no kind of source; use postgres, files, http"),
        ("ingest-{source}", {"files": "x"}, "an of_kind that is no mapping"),
        ("maintain-lake", {"files": {}}, "has of_kind and is of no source"),
    ],
)
def test_a_kind_that_there_is_not_is_named(name: str, of_kind: Any, message: str) -> None:
    pipeline = copy.deepcopy(dict(CATALOG["pipeline.yaml"]))
    pipeline["jobs"][name]["of_kind"] = of_kind
    with pytest.raises(ContractError, match=message):
        pipeline_of({**CATALOG, "pipeline.yaml": pipeline})
