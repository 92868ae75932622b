"""The contracts load, agree with each other, and refuse what is malformed with file and remedy."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, SOURCE
from totelake.contracts import load_contracts
from totelake.contracts.contracts import parse_contracts
from totelake.contracts.documents import documents, parse_yaml, read_folder
from totelake.errors import ContractError


@pytest.fixture
def files() -> dict[str, Any]:
    return copy.deepcopy(dict(documents()))


def entry(files: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = files[name]["schema"][0]
    return found


def test_the_source_has_its_eleven_tables_parents_before_children() -> None:
    names = [table.name for table in load_contracts().source_tables(SOURCE)]
    assert sorted(names) == [
        "address", "counterparty", "currency", "department", "design", "payment", "payment_type", "purchase_order",
        "sales_order", "staff", "transaction",
    ]  # fmt: skip
    for table in load_contracts().source_tables(SOURCE):
        for column in table.columns:
            if column.foreign_key:
                assert names.index(column.foreign_key.table) < names.index(table.name)


def test_the_warehouse_has_eight_dimensions_and_three_facts() -> None:
    assert [t.name for t in load_contracts().star_tables()] == [
        "dim_counterparty", "dim_currency", "dim_date", "dim_design", "dim_location", "dim_payment_type", "dim_staff",
        "dim_transaction", "fact_payment", "fact_purchase_orders", "fact_sales_order",
    ]  # fmt: skip


def test_a_fact_knows_its_keys_partition_and_lineage() -> None:
    fact = load_contracts().find("fact_sales_order")
    assert (fact.key_name, fact.key[0].name, fact.partition_by) == (
        "sales_order_id",
        "sales_record_id",
        "created_month",
    )
    assert "sales_record_id" not in [column.name for column in fact.lake_columns]
    assert [str(source) for source in fact.column("sales_staff_id").sources] == ["sales_order.staff_id"]
    assert str(fact.column("sales_staff_id").foreign_key) == "dim_staff.staff_id"


def test_every_warehouse_column_but_serials_and_calendar_parts_says_where_it_comes_from() -> None:
    silent = [
        f"{table.name}.{column.name}"
        for table in load_contracts().star_tables()
        for column in table.lake_columns
        if not column.sources
    ]
    assert silent == [
        f"dim_date.{part}" for part in ("year", "month", "day", "day_of_week", "day_name", "month_name", "quarter")
    ]


def test_text_dates_carry_their_pattern_and_range() -> None:
    column = load_contracts().find("payment").column("payment_date")
    assert (column.is_text_date, column.pattern, column.minimum, column.maximum) == (
        True, r"^\d{4}-\d{2}-\d{2}$", "1900-01-01", "2199-12-31",
    )  # fmt: skip


def test_an_unknown_table_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ContractError, match="names the table sales; known are totesys.address, totesys"):
        load_contracts().find("sales")


def test_an_unknown_column_is_refused() -> None:
    with pytest.raises(KeyError, match="currency has no column name"):
        load_contracts().find("currency").column("name")


def test_a_source_may_have_any_type_and_a_star_table_what_a_load_can_write(files: dict[str, Any]) -> None:
    source = entry(files, "sources/totesys/currency.yaml")["properties"]
    for place, (kind, stored) in enumerate([("jsonb", "text"), ("numeric", "text"), ("bytea", "bytea")], 1):
        source.append({**source[1], "name": f"more_{place}", "physicalType": kind, "required": False})
        column = parse_contracts(files).find("currency").column(f"more_{place}")
        assert (column.type, column.plain_type) == (kind, stored)
    star = entry(files, "warehouse/fact_payment.yaml")["properties"]
    (amount,) = [column for column in star if column["name"] == "payment_amount"]
    assert parse_contracts(files).star("fact_payment").column("payment_amount").plain_type == "numeric"
    for kind in ("jsonb", "bytea", "timestamp with time zone"):
        amount["physicalType"] = kind
        with pytest.raises(ContractError, match=f"the PostgreSQL type {kind} is none that a star table can have"):
            parse_contracts(files)


def test_a_reference_to_nothing_is_refused_with_file_and_column(files: dict[str, Any]) -> None:
    entry(files, "sources/totesys/staff.yaml")["properties"][3]["relationships"][0]["to"] = "department.id"
    with pytest.raises(ContractError) as refused:
        parse_contracts(files)
    assert str(refused.value) == (
        "catalog/sources/totesys/staff.yaml line 34: staff.department_id refers to department.id, "
        "which no contract has; name an existing column"
    )


@pytest.mark.parametrize(
    ("was", "becomes", "message"),
    [
        ("to: department.department_id", "to: division.id",
         "line 34: staff.department_id refers to division.id, which no contract has; name an existing column"),
        ("physicalType: text", "physicalType: varchar(3)",
         "line 28: the PostgreSQL type varchar(3) is character varying as format_type() writes it; write it so"),
        ("required: true", "required: true\n        required: false",
         "line 24: 'required' stands in line 23 already; keep one"),
        ("required: true", "required: false",
         "line 20: staff.staff_id is a primary key and not required; set required: true"),
        ("value: evolve", "value: thaw", "line 11: the schemaPolicy of staff is 'thaw'; use evolve or freeze"),
        ("primaryKeyPosition: 1", "primaryKeyPosition: 1\n  ]",
         "line 26 is not valid YAML; correct the file"),
        ("        physicalType: integer\n", "",
         "line 20: 'physicalType' is missing or of the wrong form; see the contracts beside it"),
    ],
    ids=["missing table", "unknown type", "key twice", "contradictory keys", "unknown policy", "no yaml", "no type"],
)  # fmt: skip
def test_a_wrong_contract_is_refused_with_file_line_and_remedy(
    files: dict[str, Any], was: str, becomes: str, message: str
) -> None:
    name = "sources/totesys/staff.yaml"
    text = (ROOT / "catalog" / name).read_text(encoding="utf-8")
    with pytest.raises(ContractError) as refused:
        parse_contracts({**files, name: parse_yaml(text.replace(was, becomes, 1), name)})
    assert str(refused.value) == f"catalog/{name} {message}"


def test_keys_of_a_column_that_cannot_all_hold_are_refused(files: dict[str, Any]) -> None:
    column = entry(files, "sources/totesys/payment.yaml")["properties"][-1]
    custom = [{"property": "minimum", "value": "2199-01-01"}, {"property": "maximum", "value": "1900-01-01"}]
    for wrong, words in (
        ({"customProperties": custom}, "has the minimum 2199-01-01 above the maximum 1900-01-01; swap them"),
        (
            {"logicalTypeOptions": {"pattern": "("}},
            r"has a pattern that is not a valid regular expression \(.*\); correct it",
        ),
        (
            {"logicalTypeOptions": {"pattern": "x"}, "customProperties": [{"property": "enum", "value": ["A"]}]},
            "has both an enum and a pattern; keep one",
        ),
    ):
        changed = copy.deepcopy(files)
        entry(changed, "sources/totesys/payment.yaml")["properties"][-1] = {**column, **wrong}
        with pytest.raises(ContractError, match=words):
            parse_contracts(changed)


def custom(files: dict[str, Any], name: str, key: str) -> dict[str, Any]:
    """One of a contract's custom properties."""
    properties = entry(files, name)["customProperties"]
    found: dict[str, Any] = next(item for item in properties if item["property"] == key)
    return found


def test_a_driving_table_that_no_contract_has_is_refused(files: dict[str, Any]) -> None:
    custom(files, "warehouse/dim_staff.yaml", "drivingTable")["value"] = "people"
    with pytest.raises(ContractError) as refused:
        parse_contracts(files)
    assert str(refused.value) == (
        "catalog/warehouse/dim_staff.yaml line 11: the drivingTable of dim_staff is people, which no contract of "
        "totesys has; write its contract under catalog/sources, or name another table"
    )


def test_a_star_table_of_an_unknown_source_is_refused(files: dict[str, Any]) -> None:
    custom(files, "warehouse/dim_staff.yaml", "source")["value"] = "crm"
    with pytest.raises(ContractError) as refused:
        parse_contracts(files)
    assert str(refused.value) == (
        "catalog/warehouse/dim_staff.yaml line 11: dim_staff is of the source crm, which has no "
        "catalog/sources/crm/source.yaml; write it, or name another source"
    )


def test_a_star_table_without_a_source_is_refused(files: dict[str, Any]) -> None:
    properties = entry(files, "warehouse/dim_staff.yaml")["customProperties"]
    properties.remove(custom(files, "warehouse/dim_staff.yaml", "source"))
    with pytest.raises(ContractError, match="catalog/warehouse/dim_staff.yaml line 11: 'source' is missing or of the"):
        parse_contracts(files)


def test_a_contract_in_the_folder_of_another_source_is_refused(files: dict[str, Any]) -> None:
    files["sources/totesys/staff.yaml"]["domain"] = "crm"
    with pytest.raises(ContractError) as refused:
        parse_contracts(files)
    assert str(refused.value) == (
        "catalog/sources/totesys/staff.yaml: the domain is 'crm', its folder totesys; write the folder's name"
    )


def test_a_reference_without_a_column_is_refused(files: dict[str, Any]) -> None:
    entry(files, "sources/totesys/staff.yaml")["properties"][3]["relationships"][0]["to"] = "department"
    with pytest.raises(ContractError, match="'department' is no column; write it as table.column"):
        parse_contracts(files)


def test_a_column_named_twice_is_refused(files: dict[str, Any]) -> None:
    columns = entry(files, "sources/totesys/staff.yaml")["properties"]
    columns.append(dict(columns[1]))
    with pytest.raises(ContractError, match="staff names first_name more than once; keep one"):
        parse_contracts(files)


def test_two_contracts_for_one_table_are_refused(files: dict[str, Any]) -> None:
    files["sources/totesys/zz.yaml"] = files["sources/totesys/staff.yaml"]
    with pytest.raises(
        ContractError, match="zz.yaml names totesys.staff, which catalog/sources/totesys/staff.yaml has"
    ):
        parse_contracts(files)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda e: e["properties"][0].pop("primaryKey"), "staff needs a key of 1 to 8 columns"),
        (lambda e: e.pop("physicalName"), "'physicalName' is missing or of the wrong form"),
        (lambda e: e["customProperties"][0].update(value="view"), "the kind of staff is 'view'"),
        (lambda e: e["customProperties"].append({"property": "sourceKey", "value": "x"}), "sourceKey x is no column"),
    ],
    ids=["no key", "no physical name", "unknown kind", "source key that is no column"],
)
def test_a_malformed_contract_is_refused(files: dict[str, Any], change: Any, message: str) -> None:
    change(entry(files, "sources/totesys/staff.yaml"))
    with pytest.raises(ContractError, match=f"catalog/sources/totesys/staff.yaml: .*{message}|{message}"):
        parse_contracts(files)


def test_a_document_without_a_schema_is_refused(files: dict[str, Any]) -> None:
    files["sources/totesys/staff.yaml"] = {"name": "staff"}
    with pytest.raises(ContractError, match="catalog/sources/totesys/staff.yaml is no data contract"):
        parse_contracts(files)


def test_a_cycle_of_foreign_keys_is_refused(files: dict[str, Any]) -> None:
    column = entry(files, "sources/totesys/department.yaml")["properties"][1]
    column["relationships"] = [{"type": "foreignKey", "to": "staff.staff_id"}]
    with pytest.raises(
        ContractError, match="department -> staff -> department form a cycle|staff -> department -> staff"
    ):
        parse_contracts(files).source_tables(SOURCE)


def test_bad_yaml_is_refused_with_file_and_line() -> None:
    with pytest.raises(ContractError) as refused:
        parse_yaml("name: staff\nschema: [\n", "sources/totesys/staff.yaml")
    assert str(refused.value) == "catalog/sources/totesys/staff.yaml line 3 is not valid YAML; correct the file"


def test_a_folder_is_read_with_yaml_parsed_and_other_files_as_text(tmp_path: Path) -> None:
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "a.sql").write_text("SELECT 1\n")
    (tmp_path / "b.yaml").write_text("x: 1\n")
    assert read_folder(tmp_path) == {"b.yaml": {"x": 1}, "queries/a.sql": "SELECT 1\n"}


@pytest.mark.parametrize("name", ['a"; DROP TABLE staff; --', "Order", "9th", "a-b", "", "x" * 64, "line\n"])
def test_a_name_that_is_no_identifier_is_refused(files: dict[str, Any], name: str) -> None:
    entry(files, "sources/totesys/design.yaml")["properties"][1]["name"] = name
    with pytest.raises(ContractError, match="is no identifier; use small letters"):
        parse_contracts(files)


def test_hidden_files_are_no_documents_and_what_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / ".DS_Store").write_bytes(b"\xff\x00")
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    assert read_folder(tmp_path) == {"notes.txt": "x"}
    (tmp_path / "notes.txt").write_bytes(b"\xff")
    with pytest.raises(ContractError, match="^catalog/notes.txt is no text in UTF-8 .*; correct or remove the file$"):
        read_folder(tmp_path)


@pytest.mark.parametrize("name", ["_op", "_xid", "ingested_on", "_reason"])
def test_a_column_with_a_name_that_the_lake_keeps_is_refused(files: dict[str, Any], name: str) -> None:
    entry(files, "sources/totesys/currency.yaml")["properties"][1]["name"] = name
    with pytest.raises(ContractError, match=f"line [0-9]+: currency has a column {name}, a name the lake keeps"):
        parse_contracts(files)


def test_a_star_column_with_the_name_of_its_partition_key_is_refused(files: dict[str, Any]) -> None:
    fact = entry(files, "warehouse/fact_payment.yaml")
    key = next(item["value"] for item in fact["customProperties"] if item["property"] == "partitionBy")
    fact["properties"][-1]["name"] = key
    with pytest.raises(ContractError, match=f"fact_payment has a column {key}, a name the lake keeps for itself"):
        parse_contracts(files)
