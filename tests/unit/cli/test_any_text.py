"""Whatever text the data hold, no command lets it act: on a terminal it is text, and in JSON it is what it was."""

from __future__ import annotations

import io
import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.cli.test_quarantine import ROW
from totelake.canary import look
from totelake.canary.flight import Seen
from totelake.cli import alerts, bookmark, canary, doctor, drift, pipeline, quarantine, query, reconcile, stack
from totelake.cli.main import main
from totelake.doctor import finding as examined
from totelake.errors import TotelakeError
from totelake.lake.records.holds import BUILD
from totelake.operate.held import HeldTable, NotCaptured
from totelake.operate.history import BatchSummary
from totelake.operate.logs import LogLine
from totelake.operate.positions import Positions, SourceTable
from totelake.operate.quarantine import Found
from totelake.operate.reconcile.finding import DIFFERS, Finding
from totelake.query.answer import Answer
from totelake.runtime.outcome import WARNING
from totelake.runtime.plain_text import plain
from totelake.runtime.run_reports import RunReport, Step
from totelake.schemas.changes import TYPE_CHANGED, Change

PIECES = (
    *("[/x]", "[bold]b[/]", r"C:\[/tmp]", ":smile:", "\x1b[2J", "\x1b]0;t\x07", "\x9b31m", "\u202eabc", "\u2066"),
    *(
        "\r",
        "\n",
        "\t",
        "\0",
        "\ud800",
        "\u2028",
        "東京",
        "e\u0301",
        "👩\u200d👩",
        "\u200f",
        "--json",
        "{}",
        "%s",
        "$(x)",
    ),
    *("NULL", "", " ", "'", "-", "NaN", "1e400", '"'),
)
ANY_TEXT = st.one_of(
    st.text(st.characters(codec=None), max_size=20), st.lists(st.sampled_from(PIECES), max_size=4).map("".join)
)
JOINERS = "\u200c\u200d"
Patches = Mapping[tuple[Any, str], Any]


def report(text: str) -> RunReport:
    """A run whose every word is that text."""
    return RunReport(text, text, text, text, 1.0, (Step(text, "FAILED", text, text, 1.0, text),), text)


def raising(text: str) -> Callable[..., Any]:
    """A function that fails with that text."""

    def fail(*_: Any, **__: Any) -> Any:
        raise TotelakeError(text)

    return fail


def of_query(text: str) -> Patches:
    answer = Answer((text, text, "n"), [(text, [text, {text: text}], 2**70), (None, b"\x1b", float("nan"))])
    return {(query, name): lambda *_: answer for name in ("_of_lake", "_of_warehouse")}


def of_quarantine(text: str) -> Patches:
    row = replace(ROW, rule=text, column_name=text, value=text, status=text, payload={text: text})
    return {(quarantine, "find"): lambda *_, **__: Found((row,), 1)}


def of_logs(text: str) -> Patches:
    line = LogLine(text, text, "output", "2026-11-24T12:00:00.000+00:00", text)
    return {
        (pipeline.job_logs, "steps_of"): lambda *_: [Step("a", "FAILED")],
        (pipeline.job_logs, "lines"): lambda *_: [line],
    }


def of_drift(text: str) -> Patches:
    changes = {"staff": [Change("staff", text, TYPE_CHANGED, text, text)]}
    return {(drift, "_of_sources"): lambda *_: (changes, {})}


def of_reconcile(text: str) -> Patches:
    found = [Finding(text, text, text, text, DIFFERS, text)]
    return {
        (reconcile, "compare"): lambda *_: found,
        (reconcile, "source_address"): lambda *_: None,
        (reconcile, "_report"): lambda *_: None,
    }


def of_bookmark(text: str) -> Patches:
    table = SourceTable(text, 1, text, text, 1)
    positions = Positions(1, text, text, {text: text}, (table,), 1, {text: 1}, {text: None})
    return {
        (bookmark, "read"): lambda *_: positions,
        (bookmark.batches, "read"): lambda *_: [BatchSummary(1, text, text, 1, 1, 1, 1, {text: {text: 1}}, text)],
    }


def of_alerts(text: str) -> Patches:
    sent = {"at": "2026-11-24T12:00:00", "count": 1, "subject": text, "text": text}
    return {(alerts, "sent_messages"): lambda *_: [sent]}


def of_stack(text: str) -> Patches:
    parts = dict.fromkeys(("postgres", "moto", "localglue", "localathena"))
    addresses = dict.fromkeys(("aws_endpoint", "glue_endpoint", "athena_endpoint"), text)
    found = SimpleNamespace(home=text, postgres_port=1, parts=parts, **addresses)
    return {(stack.lifecycle, "found"): lambda *_: found}


def of_doctor(text: str) -> Patches:
    found = [examined.Finding(text, text, WARNING, text, text)]
    return {(doctor, "of_machine"): lambda _: (found, False)}


def of_canary(text: str) -> Patches:
    found = [Seen(text, look.Finding(text, text, WARNING, text, text))]
    return {(canary, "_looked"): lambda *_: iter(found)}


def of_errors(text: str) -> Patches:
    return {(query, "_of_lake"): raising(text), (pipeline.workflow_runs, "start"): raising(text)}


COMMANDS: dict[str, Callable[[str], Patches]] = {
    "query x": of_query,
    "query x --on warehouse": of_query,
    "quarantine list": of_quarantine,
    "quarantine show fact_payment 1": of_quarantine,
    "logs": of_logs,
    "runs": lambda text: {(pipeline.workflow_runs, "history"): lambda *_: [report(text)]},
    "run --wait": lambda text: {
        (pipeline.workflow_runs, "start"): lambda *_: text,
        (pipeline.workflow_runs, "wait"): lambda *_: report(text),
        (pipeline, "held_tables"): lambda *_: [HeldTable(text, BUILD, 1, 1, text, text)],
        (pipeline, "not_captured"): lambda *_: [NotCaptured(text, 1, text)],
    },
    "drift --against source": of_drift,
    "reconcile": of_reconcile,
    "bookmark show": of_bookmark,
    "bookmark history": of_bookmark,
    "alerts": of_alerts,
    "up": of_stack,
    "doctor": of_doctor,
    "canary": of_canary,
    "query fails": of_errors,
    "run": of_errors,
}
# what fails before there is a document
FAILING = ("query fails", "run")


def target(text: str) -> Any:
    """A deployment of whose every part nothing is asked."""
    return SimpleNamespace(
        prefix="totelake",
        clients=SimpleNamespace(glue=None, logs=None),
        ingestion=None,
        processed=None,
        warehouse_dsn="dsn",
        stack=SimpleNamespace(outbox=text),
    )


def shown(words: list[str], width: int, text: str, patches: Patches) -> tuple[str, str]:
    """What a command shows on stdout and on stderr."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patched, redirect_stdout(out), redirect_stderr(err):
        patched.setenv("COLUMNS", str(width))
        patched.setattr("totelake.deploy.target.Target.named", lambda *_: target(text))
        for (owner, name), value in patches.items():
            patched.setattr(owner, name, value)
        main(words)
    return out.getvalue(), err.getvalue()


def acting(shown: str) -> list[str]:
    """The characters that would act, but for line ends."""
    return [
        c for c in shown if c != "\n" and c not in JOINERS and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    ]


def texts(document: Any) -> Iterator[str]:
    """Every text of a JSON document, names included."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        for name, value in document.items():
            yield name
            yield from texts(value)
    elif isinstance(document, list):
        for value in document:
            yield from texts(value)


@pytest.mark.parametrize("command", COMMANDS)
@settings(max_examples=10, deadline=None)
@given(text=ANY_TEXT, width=st.sampled_from([20, 40, 80, 300]))
@example(text="[/x]\x1b[2J\u202e\ud800:smile:\n\r", width=40)
def test_no_text_acts_on_a_terminal(command: str, text: str, width: int) -> None:
    out, err = shown(command.split(), width, text, COMMANDS[command](text))
    assert acting(out + err) == []
    assert "Traceback" not in err and (out or command in FAILING)
    if text.strip() and command in FAILING:
        assert err == f"totelake: {plain(text)}\n"
    elif text.isalnum() and text.isascii() and width == 300:
        assert text in out


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in FAILING])
@settings(max_examples=10, deadline=None)
@given(text=ANY_TEXT)
@example(text="[/x]\x1b[2J\u202e\ud800:smile:\n\r")
def test_json_is_one_document_with_the_very_text(command: str, text: str) -> None:
    out, _ = shown([*command.split(), "--json"], 40, text, COMMANDS[command](text))
    document = json.loads(out, parse_constant=pytest.fail)
    assert text in texts(document)
    assert json.loads(json.dumps(document)) == document
    assert not [c for c in out if not (" " <= c <= "~" or c == "\n")]


@pytest.mark.parametrize("command", FAILING)
def test_a_failure_has_no_document(command: str) -> None:
    assert shown([*command.split(), "--json"], 80, "x", COMMANDS[command]("x")) == ("", "totelake: x\n")


@settings(max_examples=20, deadline=None)
@given(
    text=ANY_TEXT,
    words=st.sampled_from(["impact {}", "query --name {}", "query --on {} x", "runs --source x{}", "x{}"]),
)
@example(text="\x1b[2J[/x]", words="x{}")
def test_the_words_of_a_command_do_not_act_in_its_error(text: str, words: str) -> None:
    out, err = shown([word.format(text) for word in words.split()], 80, "", {})
    assert acting(out + err) == [] and "Traceback" not in err
