"""The source table that a person names: as messages write it, with its source, or plainly where that is enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.unit.capture.detect.test_rewind import filled
from tests.unit.cli.test_commands import Glue, invoke
from tests.unit.cli.test_help import EVERY
from tests.unit.operate.jobs import OTHER, two_sources
from totelake.alerts.messages import deletions_held_back
from totelake.cli import pipeline, sources
from totelake.cli.sources import one_source, source_table
from totelake.contracts import Contracts, TableId, load_contracts
from totelake.errors import TotelakeError
from totelake.lake.records.batch import Bookmark
from totelake.runtime.run_properties import ALLOW_DELETES

STAFF = TableId("totesys", "staff")


@pytest.mark.parametrize("contracts", [load_contracts, two_sources], ids=["one source", "two sources"])
@pytest.mark.parametrize("source", ["", "totesys"])
@pytest.mark.parametrize("name", ["staff", "totesys.staff"])
def test_a_table_is_named_with_or_without_its_source(
    name: str, source: str, contracts: Callable[[], Contracts], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "load_contracts", contracts)
    assert source_table(source, name) == STAFF


@pytest.mark.parametrize(
    ("source", "name", "table"),
    [("", f"{OTHER}.design", TableId(OTHER, "design")), (OTHER, "design", TableId(OTHER, "design"))],
)
def test_a_name_that_two_sources_have_needs_the_source(
    source: str, name: str, table: TableId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "load_contracts", two_sources)
    assert source_table(source, name) == table
    with pytest.raises(TotelakeError, match=f"design is a table of several sources; name one of .*{OTHER}.design"):
        source_table("", "design")


@pytest.mark.parametrize(
    ("source", "name", "message"),
    [
        (OTHER, "totesys.design", f"{OTHER} has no table totesys.design; it has design"),
        ("", "dim_staff", "has no table dim_staff; it has .*totesys.address"),
        ("none", "design", "catalog/sources has no none"),
    ],
    ids=["another source's", "a star table", "an unknown source"],
)
def test_what_is_no_table_of_the_source_is_refused_with_those_that_are(
    source: str, name: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "load_contracts", two_sources)
    with pytest.raises(TotelakeError, match=message):
        source_table(source, name)


@pytest.mark.parametrize("contracts", [load_contracts, two_sources], ids=["one source", "two sources"])
def test_the_command_that_an_alert_suggests_is_accepted(
    contracts: Callable[[], Contracts], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "load_contracts", contracts)
    suggested = deletions_held_back(STAFF, 5, 3).body.split("`")[1].split()
    assert suggested[0] == "totelake"
    glue = Glue()
    assert invoke(monkeypatch, glue, *suggested[1:]).exit_code == 0
    assert glue.started == [{ALLOW_DELETES: "staff"}]


ONE, NAMED, ALL = "not needed where there is only one", "needed where several have such a table", "all of them without"
WITHOUT = {
    "bookmark show": ("", ONE), "bookmark history": ("", ONE), "bookmark set": ("1", ONE),
    "bookmark rewind": ("", ONE), "bookmark reset": ("", ONE), "contract new": ("design", ONE),
    "backfill": ("design", NAMED), "run": ("", ALL), "runs": ("", ALL), "logs": ("", ALL),
    "quarantine replay": ("", ALL), "reconcile": ("", ALL), "doctor": ("", ALL), "canary": ("", ALL),
}  # fmt: skip
REFUSED = {ONE: "there are several sources", NAMED: "is a table of several sources", ALL: None}


def test_every_command_that_takes_a_source_is_known_here() -> None:
    taking = {path for path, command in EVERY.items() if any("--source" in item.opts for item in command.params)}
    assert taking == {f"totelake {words}" for words in WITHOUT}


@pytest.mark.parametrize("words", WITHOUT)
def test_help_says_what_a_command_does_without_a_source(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given, told = WITHOUT[words]
    (option,) = (item for item in EVERY[f"totelake {words}"].params if "--source" in item.opts)
    assert told in option.help
    if words in ("canary", "doctor"):  # they would look at this machine
        return
    for module in (sources, pipeline):
        monkeypatch.setattr(module, "load_contracts", two_sources)
    result = invoke(monkeypatch, Glue(), *words.split(), *given.split())
    said = str(result.exception)
    refusal = REFUSED[told]
    assert refusal in said if refusal else "several sources" not in said, said


def test_a_backfill_takes_a_table_with_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "load_contracts", two_sources)
    glue, (store, log) = Glue(), filled(1)
    assert invoke(monkeypatch, glue, "backfill", "totesys.staff", store=store).exit_code == 0
    assert Bookmark.of(log.newest()).tables["staff"].compare == "backfill asked for"


def test_deletions_of_two_sources_need_a_run_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "load_contracts", two_sources)
    glue = Glue()
    words = ["run", "--allow-deletes", "totesys.staff", "--allow-deletes", f"{OTHER}.design"]
    assert str(invoke(monkeypatch, glue, *words).exception) == (
        f"the tables are of several sources, totesys, {OTHER}; run it once for each"
    )
    assert glue.started == []


def test_where_there_is_no_source_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    none = replace(load_contracts(), sources={}, by_id={}, stars={})
    monkeypatch.setattr(sources, "load_contracts", lambda: none)
    with pytest.raises(TotelakeError, match="^catalog/sources has no source; `totelake source add` writes one"):
        one_source("")
