"""A source as its source.yaml describes it, and every mistake in one with its place."""

from __future__ import annotations

from typing import Any

import pytest

from totelake.contracts.documents import documents, parse_yaml
from totelake.contracts.sources import RESERVED, Source, sources_of
from totelake.errors import ContractError
from totelake.lake import keys
from totelake.lake.records import marks, verdict

PATH = "sources/crm/source.yaml"
TEXT = """name: crm
kind: postgres
secret: "{prefix}/crm"
schedule: cron(0 * * * ? *)
"""


def files(text: str = TEXT, path: str = PATH) -> dict[str, Any]:
    """The documents of a catalog with one source."""
    return {path: parse_yaml(text, path), "sources/crm/contact.yaml": {}, "pipeline.yaml": {}, "notes/x.yaml": {}}


def test_a_source_is_what_its_file_says() -> None:
    text = f"{TEXT}description: Contacts.\nowner: sales\ntable_prefix: c_\n"
    expected = Source("crm", "postgres", "Contacts.", "sales", "{prefix}/crm", "cron(0 * * * ? *)", "c_")
    assert sources_of(files(text)) == {"crm": expected}


def test_by_default_its_tables_are_registered_under_its_name() -> None:
    found = sources_of(files())["crm"]
    assert (found.description, found.owner, found.table_prefix) == ("", "", "crm_")
    assert found.registered_name("contact") == "crm_contact"


def test_an_empty_prefix_leaves_the_names_of_tables_as_they_are() -> None:
    assert sources_of(files(f"{TEXT}table_prefix: ''\n"))["crm"].registered_name("contact") == "contact"


def test_the_secret_is_the_deployments() -> None:
    assert sources_of(files())["crm"].secret_name("shop-dev") == "shop-dev/crm"


def test_the_sources_of_this_repository_are_read_with_their_names_in_order() -> None:
    assert list(sources_of(documents())) == ["totesys"]
    assert sources_of(documents())["totesys"].registered_name("payment") == "payment"


def test_a_catalog_without_sources_has_none() -> None:
    assert sources_of({"pipeline.yaml": {}, "warehouse/fact_x.yaml": {}}) == {}


@pytest.mark.parametrize("key", ["name", "kind", "secret", "schedule"])
def test_what_is_missing_is_named(key: str) -> None:
    text = "".join(line for line in TEXT.splitlines(keepends=True) if not line.startswith(key))
    with pytest.raises(ContractError) as raised:
        sources_of(files(text))
    assert str(raised.value) == f"catalog/{PATH} line 1: {key} is missing; add it"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("kind: postgres", "kind: oracle", "line 2: the kind of crm is 'oracle'; use postgres, files or http"),
        ("name: crm", "name: cmr", "line 1: the source is named cmr, its folder crm; give both one name"),
        (
            "name: crm",
            "name: 2crm",
            "line 1: the name is '2crm'; use small letters, digits and _, a letter first, at most 20",
        ),
        (
            "name: crm",
            "name: my-crm",
            "line 1: the name is 'my-crm'; use small letters, digits and _, a letter first, at most 20",
        ),
        ("name: crm", "name: 7", "line 1: the name is 7, which is no text; put it in quotes"),
        ('"{prefix}/crm"', "{prefix}/crm", "line 3 is not valid YAML; correct the file"),
        ('"{prefix}/crm"', '"{stage}/crm"', "line 3: the secret is '{stage}/crm'; write it as {prefix}/crm"),
        ("cron(0 * * * ? *)", "hourly", "line 4: the schedule is 'hourly'; write it as cron(0/10 * * * ? *)"),
        (
            "kind: postgres",
            "kind: postgres\ntable_prefix: CRM.",
            "line 3: the table_prefix is 'CRM.'; use small letters, digits and _, a letter first, or '' for none",
        ),
        (
            "kind: postgres",
            "kind: postgres\nscedule: daily",
            "line 3: 'scedule' is not known; known are name, kind, secret, schedule, description, owner, table_prefix",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_to_do(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(ContractError) as raised:
        sources_of(files(TEXT.replace(old, new)))
    assert str(raised.value).startswith(f"catalog/{PATH} {message}")


def test_a_file_that_describes_nothing_is_named() -> None:
    with pytest.raises(ContractError) as raised:
        sources_of(files(""))
    assert str(raised.value) == (
        f"catalog/{PATH} does not describe a source; write name, kind, secret, schedule into it"
    )


def test_contracts_without_a_source_are_named() -> None:
    with pytest.raises(ContractError) as raised:
        sources_of({"sources/crm/contact.yaml": {}})
    assert str(raised.value) == "catalog/sources/crm has no source.yaml; write one with name, kind, secret, schedule"


def test_a_source_cannot_have_the_name_of_a_log_or_folder_of_the_lake() -> None:
    taken = {
        keys.CANARY_LOG,
        keys.DEAD_LETTERS,
        keys.QUARANTINE.split("/")[1],
        verdict.LOG,
        marks.LOADED,
        marks.MAINTENANCE,
        marks.AUDIT,
    }
    assert {name for name in taken if not name.startswith("_")} == RESERVED
    path = "sources/audit/source.yaml"
    with pytest.raises(ContractError) as raised:
        sources_of({path: parse_yaml(TEXT.replace("name: crm", "name: audit"), path)})
    assert str(raised.value) == (
        f"catalog/{path} line 1: audit is the name of a log or folder of the lake; use another one"
    )
