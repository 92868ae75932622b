"""A second database touches catalog/ alone: its tables may have names that another source's tables have."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from tests.conftest import SOURCE
from totelake.contracts import Contracts, TableId, load_contracts
from totelake.contracts.checks import RESERVED, relation_names
from totelake.contracts.contracts import parse_contracts
from totelake.contracts.documents import documents
from totelake.contracts.model import inputs_of
from totelake.errors import ContractError
from totelake.lake import keys
from totelake.lake.partitions import log_name
from totelake.lake.records import holds, marks
from totelake.lake.views import views_of

CRM = {
    "name": "crm",
    "kind": "postgres",
    "description": "Who may be written to.",
    "owner": "sales",
    "secret": "{prefix}/crm",
    "schedule": "cron(0 * * * ? *)",
}


def column(name: str, **more: Any) -> dict[str, Any]:
    """A column of a contract."""
    return {"name": name, "physicalType": "integer", "required": True, **more}


def contract(source: str, name: str, custom: Mapping[str, str], *columns: Mapping[str, Any]) -> dict[str, Any]:
    """A contract with one table, whose first column is its key."""
    properties = [{**columns[0], "primaryKey": True}, *columns[1:]]
    table = {
        "name": name,
        "physicalName": f"public.{name}",
        "dataGranularityDescription": "One row each.",
        "customProperties": [{"property": key, "value": value} for key, value in custom.items()],
        "properties": properties,
    }
    return {"domain": source, "schema": [table]}


@pytest.fixture
def files() -> dict[str, Any]:
    """The catalog with a second source, which has a table `staff` too, and a dimension of it."""
    contact = column("contact_id", transformSourceObjects=["staff.staff_id"])
    parent = {"relationships": [{"type": "foreignKey", "to": "team.team_id"}]}
    found = copy.deepcopy(dict(documents()))
    found["sources/crm/source.yaml"] = dict(CRM)
    found["sources/crm/staff.yaml"] = contract(
        "crm", "staff", {"kind": "source"}, column("staff_id"), column("team_id", **parent)
    )
    found["sources/crm/team.yaml"] = contract("crm", "team", {"kind": "source"}, column("team_id"))
    found["warehouse/dim_contact.yaml"] = contract(
        "warehouse", "dim_contact", {"kind": "dimension", "source": "crm", "drivingTable": "staff"}, contact
    )
    return found


@pytest.fixture
def contracts(files: dict[str, Any]) -> Contracts:
    return parse_contracts(files)


def names(tables: Any) -> list[str]:
    return [str(table) for table in tables]


def test_a_tables_name_is_its_own_within_its_source(contracts: Contracts) -> None:
    mine, theirs = contracts.table(TableId(SOURCE, "staff")), contracts.table(TableId("crm", "staff"))
    assert (str(mine), str(theirs)) == ("totesys.staff", "crm.staff")
    assert (theirs.source, theirs.id) == ("crm", TableId("crm", "staff"))
    assert mine.column_names != theirs.column_names


def test_each_source_has_its_tables_parents_before_children(contracts: Contracts) -> None:
    assert names(contracts.source_tables("crm")) == ["crm.team", "crm.staff"]
    assert contracts.source_tables(SOURCE) == load_contracts().source_tables(SOURCE)
    assert contracts.all_source_tables() == contracts.source_tables("crm") + contracts.source_tables(SOURCE)
    assert contracts.source_tables("moon") == ()


def test_a_source_is_found_by_its_name(contracts: Contracts) -> None:
    assert (contracts.source("crm").owner, contracts.source(SOURCE).kind) == ("sales", "postgres")
    with pytest.raises(ContractError, match="^catalog/sources has no moon; it has crm, totesys$"):
        contracts.source("moon")


def test_a_source_table_that_no_contract_has_is_named_with_those_of_its_source(contracts: Contracts) -> None:
    assert contracts.find_table(TableId("crm", "payment")) is None
    found = contracts.find_table(TableId("crm", "team"))
    assert found == contracts.table(TableId("crm", "team"))
    with pytest.raises(ContractError) as refused:
        contracts.table(TableId("crm", "payment"))
    assert str(refused.value) == "no contract in catalog/sources/crm names payment; it has team, staff"


def test_a_star_table_is_of_the_source_that_it_is_built_of(contracts: Contracts) -> None:
    contact = contracts.star("dim_contact")
    assert (contact.source, str(contact), str(contracts.driving_table(contact))) == ("crm", "dim_contact", "crm.staff")
    assert names(contracts.star_tables("crm")) == ["dim_contact"]
    assert contracts.facts("crm") == () and contact in contracts.dimensions()
    assert contracts.star_tables(SOURCE) == load_contracts().star_tables()
    assert set(contracts.star_tables()) == {contact, *load_contracts().star_tables()}
    with pytest.raises(ContractError, match="^the warehouse has no table staff; it has dim_contact, dim_count"):
        contracts.star("staff")


def test_only_the_tables_of_a_source_wait_for_it(contracts: Contracts) -> None:
    assert names(contracts.dependents(TableId("crm", "staff"))) == ["dim_contact"]
    assert contracts.dependents(TableId("crm", "team")) == ()
    assert "dim_staff" in names(contracts.dependents(TableId(SOURCE, "staff")))
    assert "dim_contact" not in names(contracts.dependents(TableId(SOURCE, "staff")))


def test_the_inputs_of_a_star_table_are_named_once_the_driving_one_first() -> None:
    staff = load_contracts().star("dim_staff")
    assert inputs_of(staff) == [TableId(SOURCE, "staff"), TableId(SOURCE, "department")]
    assert str(load_contracts().driving_table(staff)) == "totesys.staff"


def test_a_star_table_without_a_driving_table_has_none() -> None:
    date = load_contracts().star("dim_date")
    assert date.driving is None and inputs_of(date)
    with pytest.raises(ContractError, match="^dim_date has no drivingTable; its rows are made otherwise$"):
        load_contracts().driving_table(date)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("payment", "totesys.payment"),
        ("totesys.payment", "totesys.payment"),
        ("team", "crm.team"),
        ("crm.staff", "crm.staff"),
        ("totesys.staff", "totesys.staff"),
        ("fact_payment", "fact_payment"),
    ],
)
def test_a_table_is_found_by_what_somebody_writes(contracts: Contracts, text: str, found: str) -> None:
    assert str(contracts.find(text)) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("staff", "staff is a table of several sources; name one of crm.staff, totesys.staff"),
        ("crm.payment", "no contract under catalog/ names the table crm.payment; known are crm.team, crm.staff, "),
    ],
)
def test_what_is_no_table_or_several_is_refused(contracts: Contracts, text: str, message: str) -> None:
    with pytest.raises(ContractError) as refused:
        contracts.find(text)
    assert str(refused.value).startswith(message)


def test_tables_are_registered_apart(contracts: Contracts) -> None:
    assert contracts.source("crm").registered_name("staff") == "crm_staff"
    assert contracts.source(SOURCE).registered_name("staff") == "staff"


def test_a_table_with_the_name_of_a_view_is_refused(files: dict[str, Any]) -> None:
    files["sources/crm/source.yaml"]["table_prefix"] = "current_"
    with pytest.raises(ContractError) as refused:
        parse_contracts(files)
    assert str(refused.value) == (
        "catalog/sources/totesys/staff.yaml line 11: a view over totesys.staff and crm.staff would both be registered "
        "as current_staff; give one of their sources another table_prefix in its source.yaml"
    )


def test_two_tables_with_one_registered_name_are_refused(files: dict[str, Any]) -> None:
    files["sources/crm/source.yaml"]["table_prefix"] = ""
    with pytest.raises(ContractError) as refused:
        parse_contracts(files)
    assert str(refused.value) == (
        "catalog/sources/totesys/staff.yaml line 11: totesys.staff and crm.staff would both be registered as staff; "
        "give one of their sources another table_prefix in its source.yaml"
    )


def fact(source: str, name: str, **custom: str | None) -> dict[str, Any]:
    """The contract of a fact."""
    kind = {"kind": "fact", "source": source, "sourceKey": "staff_id", "shortName": "contact", **custom}
    given = {key: value for key, value in kind.items() if value is not None}
    return contract("warehouse", name, given, column("record_id", serial=True), column("staff_id"))


@pytest.mark.parametrize(
    ("name", "custom", "relation", "other"),
    [
        ("fact_contact", {"shortName": "sales_order"}, "current_sales_order", "fact_sales_order"),
        ("fact_contact", {"alias": "dim_contact"}, "dim_contact", "dim_contact"),
        ("fact_contact", {"alias": "quarantine"}, "quarantine", "the lake's own table of quarantined rows"),
        ("dim_contact_log", {}, "dim_contact_log", "dim_contact"),
        ("quarantine", {}, "quarantine", "the lake's own table of quarantined rows"),
    ],
    ids=["views of two facts", "alias", "alias of the quarantine", "log", "quarantine"],
)
def test_star_tables_of_two_sources_do_not_share_a_relation(
    files: dict[str, Any], name: str, custom: dict[str, str], relation: str, other: str
) -> None:
    files["warehouse/zone.yaml"] = fact("crm", name, **custom)
    with pytest.raises(ContractError) as refused:
        parse_contracts(files)
    message, where = str(refused.value), f"{name} has the relation {relation}, and so has {other}; "
    back = f"{other} has the relation {relation}, and so has {name}; "
    assert where in message or back in message
    assert message.startswith("catalog/warehouse/") and message.endswith("give it another name, alias or shortName")


@pytest.mark.parametrize("name", [*sorted(RESERVED), "_commits", "_x"])
def test_a_star_table_has_no_name_of_a_log_or_folder(files: dict[str, Any], name: str) -> None:
    files["warehouse/zone.yaml"] = fact("crm", name)
    with pytest.raises(ContractError) as refused:
        parse_contracts(files)
    assert str(refused.value) == (
        f"catalog/warehouse/zone.yaml: {name} is the name of a log or folder of the lake; use another one"
    )


def test_the_reserved_names_are_those_of_the_lake() -> None:
    assert {keys.COMPACTED, keys.DEAD_LETTERS, holds.LOG, marks.LOADED} == RESERVED
    staff = load_contracts().star("dim_staff")
    assert relation_names(staff) == (staff.name, log_name(staff))
    for star in load_contracts().facts():
        views = {view.name for view in views_of(star, "lake", 1)}
        assert views | {log_name(star)} <= set(relation_names(star))


@pytest.mark.parametrize("lacking", ["shortName", "sourceKey"])
def test_a_fact_names_its_views_and_its_key(files: dict[str, Any], lacking: str) -> None:
    files["warehouse/zone.yaml"] = fact("crm", "fact_contact", **{lacking: None})
    with pytest.raises(ContractError) as refused:
        parse_contracts(files)
    assert str(refused.value) == (
        f"catalog/warehouse/zone.yaml: the fact fact_contact has no {lacking}; add it to its customProperties"
    )


@pytest.mark.parametrize(
    ("name", "kind", "folder"),
    [
        ("sources/crm/dim_team.yaml", "dimension", "catalog/warehouse"),
        ("warehouse/leader.yaml", "source", "catalog/sources/crm"),
    ],
)
def test_a_contract_lies_in_the_folder_of_its_kind(files: dict[str, Any], name: str, kind: str, folder: str) -> None:
    # Terraform tells tables by their folders
    table = name.split("/")[-1][: -len(".yaml")]
    files[name] = contract("crm", table, {"kind": kind, "source": "crm"}, column("team_id"))
    with pytest.raises(ContractError) as refused:
        parse_contracts(files)
    assert str(refused.value) == f"catalog/{name}: {table} is a {kind}; move its file to {folder}"


def test_a_reference_does_not_reach_another_source(files: dict[str, Any]) -> None:
    keys = files["sources/crm/staff.yaml"]["schema"][0]["properties"][1]["relationships"]
    keys[0]["to"] = "department.department_id"
    with pytest.raises(ContractError, match="staff.team_id refers to department.department_id, which no contract has"):
        parse_contracts(files)


def test_lineage_does_not_reach_another_source(files: dict[str, Any]) -> None:
    columns = files["warehouse/dim_contact.yaml"]["schema"][0]["properties"]
    columns[0]["transformSourceObjects"] = ["department.department_id"]
    with pytest.raises(ContractError, match="dim_contact.contact_id refers to department.department_id, which no con"):
        parse_contracts(files)


def test_a_source_without_its_file_is_refused(files: dict[str, Any]) -> None:
    del files["sources/crm/source.yaml"]
    with pytest.raises(ContractError, match="catalog/sources/crm"):
        parse_contracts(files)


def test_tables_of_one_name_form_no_cycle_over_sources(files: dict[str, Any]) -> None:
    column_of_team = column("lead_id", relationships=[{"type": "foreignKey", "to": "staff.staff_id"}])
    files["sources/crm/team.yaml"]["schema"][0]["properties"].append(column_of_team)
    found = parse_contracts(files)
    assert len(found.source_tables(SOURCE)) == 11
    with pytest.raises(ContractError, match="the foreign keys .* form a cycle; break it"):
        found.source_tables("crm")
