"""source: a PostgreSQL database becomes a source of catalog/; what of it would be captured; which sources there are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from totelake.capture.postgres.session import Session
from totelake.cli.doctor import show_findings
from totelake.cli.exit_status import PROBLEM_FOUND
from totelake.cli.live import feed_place
from totelake.cli.output import AsJson, TargetName, print_json, say, table
from totelake.contracts import load_contracts
from totelake.contracts.documents import checkout_folder, read_folder
from totelake.contracts.model import Table
from totelake.contracts.pipeline import FILE as PIPELINE
from totelake.contracts.sources import PREFIX, Source, secret_name
from totelake.deploy.target import LOCAL, Target
from totelake.doctor.feed import examine_feed
from totelake.doctor.finding import BROKEN, Finding, of_outcome
from totelake.doctor.source import look_at_source
from totelake.errors import ConfigurationError, TotelakeError
from totelake.ports.aws_errors import translated
from totelake.ports.postgres import connect
from totelake.ports.postgres_address import PostgresAddress
from totelake.runtime.job import read_address
from totelake.runtime.outcome import PROBLEM
from totelake.sources.add import SCHEDULE, Plan, Wanted, planned, secret_of_source
from totelake.sources.address import secret_of
from totelake.sources.check import TableCheck, check_tables
from totelake.sources.selection import Selection
from totelake.sources.writing import write
from totelake.stack.lifecycle import found as stack_in
from totelake.stack.model import PREFIX as HERE
from totelake.stack.model import default_home

app = typer.Typer(help="The sources under catalog/.", no_args_is_help=True, rich_markup_mode=None)
_GIVEN = "--dsn"
Name = Annotated[str, typer.Argument(help="The name of the source.")]
Dsn = Annotated[
    str,
    typer.Option(
        _GIVEN,
        envvar="TOTELAKE_SOURCE_DSN",
        help="The address of the database, with reading role and password, as a URL; without it that in the source's "
        "secret.",
    ),
]


@app.callback()
def source() -> None:
    """The sources under catalog/."""


@app.command()
def add(  # nosec B107 # the name of a secret is none
    name: Annotated[str, typer.Argument(help="A name of small letters, digits and _, at most 20.")],
    dsn: Dsn = "",
    secret: Annotated[
        str, typer.Option(help="The secret with the address; {prefix} stands for the deployment's name.")
    ] = "",
    schema: Annotated[
        list[str] | None,
        typer.Option(help="A schema to take tables of; without it public, with --update those of before."),
    ] = None,
    include: Annotated[
        list[str] | None, typer.Option(help="Only tables of such a name: order*, sales.*; several times.")
    ] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="No table of such a name; several times.")] = None,
    catalog: Annotated[
        Path | None, typer.Option(help="The folder catalog/ to write to, without it that of this checkout.")
    ] = None,
    schedule: Annotated[str, typer.Option(help=f"When to look for changes, without it {SCHEDULE}.")] = "",
    update: Annotated[
        bool, typer.Option("--update", help="Add what is new to a source that is there, and say what differs.")
    ] = False,
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """Write source.yaml and a contract for every table of a database, and nothing over a file.

    With --dsn this machine's stack, where one is up, gets the secret. Exit status 3 when a table is left out.
    """
    folder = checkout_folder() if catalog is None else catalog
    if not (folder / PIPELINE).is_file():
        raise ConfigurationError(f"{folder} has no {PIPELINE}; name the folder catalog/ of a checkout with --catalog")
    selection = Selection(schema or (), include or (), exclude or ())
    wanted = Wanted(name, selection, secret, schedule, update)
    files = read_folder(folder)
    named = secret_of_source(wanted, files)
    stack = stack_in(default_home()) if dsn and target == LOCAL else None
    with _session(named, dsn, target) as session:
        plan = planned(session, wanted, files)
    written = write(folder, name, plan.files)
    if stack is not None:
        _store(Target.of_stack(stack), secret_name(named, HERE), secret_of(dsn))
    document = _document(plan, name, named, written, is_stored=stack is not None or not dsn)
    print_json(document) if as_json else _show(document)
    if plan.drafts.left_out:
        raise typer.Exit(PROBLEM_FOUND)


@app.command()
def check(name: Name, dsn: Dsn = "", target: TargetName = LOCAL, as_json: AsJson = False) -> None:
    """What of a source would be captured: grants, keys, types, sizes, and what stands in the way, with the remedy.

    Exit status 3 when something does, 1 when a check failed.
    """
    contracts = load_contracts()
    source, tables = contracts.source(name), contracts.source_tables(name)
    if not source.is_database:
        _check_feed(source, tables, dsn, target, as_json)
        return
    named = source.secret
    if not tables:
        raise ConfigurationError(
            f"{name} has no contract of a table; `totelake source add {name} --update` writes some"
        )
    address = _address(named, dsn, target)
    findings = look_at_source(name, lambda: address, tables)
    checks: list[TableCheck] = []
    others: list[str] = []
    if "connection" not in {finding.check for finding in of_outcome(findings, BROKEN, PROBLEM)}:
        with connect(address, "totelake source") as connection:
            checks, others = check_tables(Session(connection), tables)
    if as_json:
        print_json(
            {
                "source": name,
                "findings": [asdict(finding) for finding in findings],
                "tables": [
                    {**asdict(item), "changes": [change.document for change in item.changes]} for item in checks
                ],
                "without_contract": others,
            }
        )
    else:
        _show_checks(name, findings, checks, others)
    if of_outcome(findings, PROBLEM) or not all(item.is_fit for item in checks):
        raise typer.Exit(PROBLEM_FOUND)
    for finding in of_outcome(findings, BROKEN):
        raise TotelakeError(f"{finding.group}, {finding.check}: {finding.sentence}")


def _check_feed(source: Source, tables: Sequence[Table], dsn: str, target: str, as_json: bool) -> None:
    """A source that is no database. Raises ConfigurationError for an address of a database."""
    if dsn:
        raise ConfigurationError(f"{source.name} is of kind {source.kind} and has no DSN; leave {_GIVEN} out")
    findings = examine_feed(feed_place(Target.named(target, default_home())), source, tables)
    if as_json:
        told = [asdict(finding) for finding in findings]
        print_json({"source": source.name, "findings": told, "tables": [], "without_contract": []})
    else:
        show_findings(findings)
    if of_outcome(findings, PROBLEM):
        raise typer.Exit(PROBLEM_FOUND)
    for finding in of_outcome(findings, BROKEN):
        raise TotelakeError(f"{finding.group}, {finding.check}: {finding.sentence}")


@app.command("list")
def list_sources(as_json: AsJson = False) -> None:
    """The sources, with kind, tables, schedule and secret."""
    contracts = load_contracts()
    rows = [
        {
            "source": item.name,
            "kind": item.kind,
            "tables": len(contracts.source_tables(item.name)),
            "schedule": item.schedule,
            "secret": item.secret,
            "description": item.description,
        }
        for item in contracts.sources.values()
    ]
    if as_json:
        print_json(rows)
    else:
        columns = ("source", "kind", "tables", "schedule", "secret")
        table("sources", columns, [[row[column] for column in columns] for row in rows])


def _address(secret: str, dsn: str, target: str) -> PostgresAddress:
    """The address of a source, as --dsn has it, else its secret. Raises ConfigurationError without either."""
    if dsn:
        return PostgresAddress.from_secret(secret_of(dsn), f"made of {_GIVEN}")
    if target == LOCAL and stack_in(default_home()) is None:
        raise ConfigurationError(
            f"there is no address: name one with {_GIVEN}, or start the stack whose secret {secret} has it "
            "(`totelake up`)"
        )
    where = Target.named(target, default_home())
    return read_address(where.clients, secret_name(secret, where.prefix))


@contextmanager
def _session(secret: str, dsn: str, target: str) -> Iterator[Session]:
    with connect(_address(secret, dsn, target), "totelake source") as connection:
        yield Session(connection)


def _store(where: Target, name: str, content: Mapping[str, str]) -> None:
    """Give a secret its value, and make it where it is not there."""
    text = json.dumps(dict(content))
    with translated():
        secrets = where.clients.secretsmanager
        try:
            secrets.create_secret(Name=name, SecretString=text)
        except secrets.exceptions.ResourceExistsException:
            secrets.put_secret_value(SecretId=name, SecretString=text)


def _document(plan: Plan, name: str, secret: str, written: list[Path], is_stored: bool) -> dict[str, Any]:
    return {
        "source": name,
        "secret": secret,
        "is_secret_stored": is_stored,
        "written": [str(path) for path in written],
        "tables": [
            {"table": f"{item.schema}.{item.name}", "columns": len(item.columns), "key": list(item.key_names)}
            for item in plan.tables
            if item.name in plan.added
        ],
        "left_out": [{"table": where, "why": why} for where, why in plan.drafts.left_out.items()],
        "unsaid": list(plan.drafts.unsaid),
        "differing": [change.document for changes in plan.differing.values() for change in changes],
    }


def _show(document: Mapping[str, Any]) -> None:
    name, secret = document["source"], document["secret"]
    if document["tables"]:
        rows = [(item["table"], item["columns"], ", ".join(item["key"])) for item in document["tables"]]
        table(f"contracts written for {name}", ("table", "columns", "key"), rows)
    else:
        say(f"{name} has no new table that can be captured")
    for item in document["left_out"]:
        say(f"left out: {item['table']}: {item['why']}")
    for sentence in document["unsaid"]:
        say(sentence)
    for change in document["differing"]:
        sides = f"contract {change['before'] or 'nothing'}, source {change['after'] or 'nothing'}"
        say(f"differs: {'.'.join(filter(None, (change['table'], change['column'])))}: {change['kind']}: {sides}")
    if not document["is_secret_stored"]:
        say(
            f"store host, port, dbname, username and password in the secret {secret} "
            f"({PREFIX} is the deployment's name), once the deployment has made it (docs/operations.md)"
        )
    if document["written"]:
        say(f"next: totelake deploy, then totelake run --source {name} --wait")


def _show_checks(name: str, findings: list[Finding], checks: list[TableCheck], others: list[str]) -> None:
    show_findings(findings)
    if checks:
        rows = [
            (
                item.table,
                "no" if item.blocked else "yes",
                item.grant,
                _typed(item.key),
                _typed(item.as_text),
                item.rows,
                item.size,
            )
            for item in checks
        ]
        columns = ("table", "captured", "granted", "key", "columns kept as text", "rows, estimated", "bytes")
        table("tables", columns, rows)
    for change in (change for item in checks for change in item.changes if not item.blocked):
        say(f"differs from its contract: {change}")
    if others:
        say(f"without a contract: {', '.join(others)}; `totelake source add {name} --update` writes contracts")


def _typed(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in columns.items())
