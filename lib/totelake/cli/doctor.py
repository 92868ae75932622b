"""doctor: what would get in the way, each with its remedy."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import typer

from totelake.cli.exit_status import PROBLEM_FOUND
from totelake.cli.output import AsJson, TargetName, print_json, progress, say
from totelake.cli.sources import AnySource, sources
from totelake.contracts import load_contracts
from totelake.deploy.target import AWS, Target
from totelake.deploy.target import LOCAL as HERE
from totelake.doctor import account
from totelake.doctor.finding import BROKEN, NOT_CHECKED, Finding, examine, of_outcome
from totelake.doctor.rounds import before_make_deploy, of_deployment, of_machine
from totelake.errors import TotelakeError
from totelake.runtime.clients import Clients
from totelake.runtime.outcome import OK, PROBLEM, WARNING, Result, ok
from totelake.stack.model import default_home

_STYLES = {WARNING: "yellow", PROBLEM: "red", BROKEN: "red"}
_WIDTH = max(map(len, (OK, WARNING, PROBLEM, NOT_CHECKED, BROKEN)))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(source: AnySource = "", target: TargetName = HERE, as_json: AsJson = False) -> None:
    """What of this machine, its environment, databases and AWS account would get in the way, each with its remedy.

    Exit status 3 when there is a problem, 1 when a check failed; warnings, and what could not be looked at, leave it 0.
    """
    if target not in (HERE, AWS):
        Target.named(target, default_home())  # refuses it
    with progress(as_json, "looking"):
        found = list(_account(source) if target == AWS else _machine(source))
    if as_json:
        print_json([{**asdict(finding), "sentence": finding.sentence} for finding in found])
    else:
        show_findings(found)
    if of_outcome(found, PROBLEM):
        raise typer.Exit(PROBLEM_FOUND)
    broken = of_outcome(found, BROKEN)
    if broken:
        raise TotelakeError(f"{broken[0].group}, {broken[0].check}: {broken[0].sentence}")


def _machine(source: str) -> Iterator[Finding]:
    home = default_home()
    found, is_up = of_machine(home)
    contracts = _contracts()
    yield from (*found, *contracts)
    names = sources(source) if of_outcome(contracts, OK) else []
    if is_up and names:
        yield from of_deployment(Target.named(HERE, home), load_contracts(), names, is_aws=False)


def _account(source: str) -> Iterator[Finding]:
    contracts, named = _contracts(), examine(account.GROUP, (("variables", _deployment),))
    yield from (*before_make_deploy(Clients.from_environment(), may_be_here=False), *named, *contracts)
    names = sources(source) if of_outcome(contracts, OK) else []
    if of_outcome(named, OK) and names:
        yield from of_deployment(Target.of_environment(os.environ), load_contracts(), names, is_aws=True)


def _contracts() -> list[Finding]:
    return examine("catalog", (("contracts", _readable),))


def _readable() -> Iterator[Result]:
    """Whether catalog/ can be read. Raises ContractError when it cannot."""
    found = load_contracts()
    tables = f"{len(found.by_id)} tables of {', '.join(found.sources) or 'no source'}"
    yield ok(f"{tables}, {len(found.stars)} of the warehouse")


def _deployment() -> Iterator[Result]:
    """Whether the environment names a deployment. Raises ConfigurationError when it does not."""
    yield ok(f"{Target.of_environment(os.environ).prefix}, as the environment names it")


def show_findings(found: Sequence[Finding]) -> None:
    """The findings by group, a line each, and how many of them need something."""
    group = ""
    for finding in found:
        if finding.group != group:
            group = finding.group
            say(group, "bold")
        say(f"  {finding.outcome:<{_WIDTH}}  {finding.check}: {finding.sentence}", _STYLES.get(finding.outcome, ""))
    counts = Counter(finding.outcome for finding in found)
    problems, warnings = counts[PROBLEM], counts[WARNING]
    told = [
        "nothing stands in the way" if not problems and not counts[BROKEN] else "",
        f"{problems} problem{'s' if problems > 1 else ''}" if problems else "",
        f"{warnings} warning{'s' if warnings > 1 else ''}" if warnings else "",
        *(f"{outcome}: {counts[outcome]}" for outcome in (BROKEN, NOT_CHECKED) if counts[outcome]),
    ]
    say(", ".join(filter(None, told)))
