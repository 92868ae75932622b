"""`make demo`: the main job on this machine, step by step; ends the stack that it started."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import psycopg2
from botocore.exceptions import BotoCoreError, ClientError

from totelake import seed
from totelake.cli import dictionary
from totelake.cli.dashboard import BOARD
from totelake.cli.exit_status import FAILURE, INTERRUPTED
from totelake.cli.monitor import wanted_of
from totelake.cli.output import err, forgiving, say, table, tell
from totelake.cli.query import asking
from totelake.cli.sentences import sentence
from totelake.contracts import load_contracts
from totelake.contracts.dashboards import dashboards_of
from totelake.contracts.documents import documents
from totelake.contracts.model import FACT
from totelake.contracts.queries import WAREHOUSE, queries_of
from totelake.dashboard.write import Wanted, write
from totelake.demo import feeds
from totelake.demo.failure import show_alert
from totelake.deploy.deploy import deploy
from totelake.deploy.target import Target
from totelake.errors import ConfigurationError, LakeError, TotelakeError, WarehouseError
from totelake.monitor.gather import look
from totelake.monitor.page import page
from totelake.operate import runs
from totelake.operate.runs import refresh_workflow
from totelake.pages.files import DASHBOARD, DICTIONARY, MONITOR, beside, replace
from totelake.ports.postgres import open_dsn
from totelake.runtime.run_reports import RunReport
from totelake.stack import lifecycle
from totelake.stack.clean_environment import undisturbed
from totelake.stack.model import STANDBYS, Stack, default_home

_ORDERS, _SEED = 2_000, 2_024
_LOOK = 0.1
_RUN_LOOK = 1.0
_VERSIONS = "SELECT count(*) FROM fact_sales_order WHERE sales_order_id = %s"
_ARRIVED = "SELECT count(*) FROM fact_sales_order WHERE sales_order_id IN (%s, %s)"
_HISTORY = """SELECT sales_order_id, design_id, sales_staff_id, agreed_delivery_date,
       agreed_delivery_location_id, last_updated_date, valid_from FROM history_sales_order
 WHERE sales_order_id IN (%s, %s) ORDER BY sales_order_id, batch"""
# as many as fit a line of 80 characters
_SHOWN = ("order", "design", "staff", "delivery", "location", "updated", "valid from")


@dataclass(frozen=True)
class Change:
    """What the demo does to the source before it looks at the clock."""

    edited: int
    versions: int
    ordered: int


def main(argv: Sequence[str] | None = None) -> int:
    """Play the demo; exit status 0 only when all of it worked."""
    parser = argparse.ArgumentParser(prog="totelake.demo", description="The main job on this machine, end to end.")
    parser.add_argument("--keep", action="store_true", help="leave the stack up at the end")
    parser.add_argument("--orders", type=int, default=_ORDERS, help="sales orders to generate (default %(default)s)")
    parser.add_argument("--debug", action="store_true", help="show the stack trace of an error")
    given = parser.parse_args(argv)
    forgiving()
    try:
        with undisturbed(), _stack(default_home(), given.keep) as stack:
            play(stack, given.orders)
    except KeyboardInterrupt:
        tell("interrupted")
        return INTERRUPTED
    except (TotelakeError, ClientError, BotoCoreError, psycopg2.Error, OSError) as error:
        if given.debug:
            raise
        tell(f"totelake: {sentence(error)}")
        return FAILURE
    return 0


@contextlib.contextmanager
def _stack(home: Path, keep: bool) -> Iterator[Stack]:
    """A fresh stack, ended with the block unless it is to be kept; one that is up already is refused and left alone."""
    _refuse_used(home)
    try:
        with _step("Starting PostgreSQL, the AWS endpoint and localglue") as step:
            stack = lifecycle.start(home, progress=step, standbys=STANDBYS)
        yield stack
        if keep:
            say("")
            say('The stack stays up: eval "$(totelake env)" to look around, `totelake down` to end it.')
    finally:
        if not keep and lifecycle.stop(home):
            say("")
            say("The stack is down.")


def _refuse_used(home: Path) -> None:
    """Raises ConfigurationError where a stack is up: the demo fills a source anew, and ends its stack with its data."""
    if Stack.read(home) is not None:
        raise ConfigurationError(f"a stack is up in {home}; run `totelake down` before the demo")


@contextlib.contextmanager
def _step(what: str) -> Iterator[Callable[[str], None]]:
    """Say what begins, show its steps on a terminal, say how long it took."""
    console, begun = err(), time.monotonic()
    say("")
    say(what, "bold")
    if console.is_terminal:
        with console.status(what) as status:
            yield status.update
    else:
        yield lambda _: None
    say(f"  done in {time.monotonic() - begun:.1f} s")


def play(stack: Stack, orders: int) -> None:
    """The whole story on a fresh stack."""
    target = Target.of_stack(stack)
    with _step(f"Creating {seed.SOURCE} with {orders:,} sales orders, generated after the real one") as step:
        seed.seed_generated(stack.source_admin_dsn(seed.SOURCE), orders=orders, seed=_SEED, progress=step)
    with _step("Deploying jobs, crawler, workflow and triggers from catalog/pipeline.yaml") as step:
        deploy(target, step)
    with _step("First run: everything is new"):
        _show(_run(target))
    with _step("Business goes on: two days of orders, payments, silent edits, deletions") as step:
        done = seed.simulate(stack.source_admin_dsn(seed.SOURCE), days=2, rate=1.0, seed=_SEED, progress=step)
        say("  " + ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in asdict(done).items() if count))
    with _step("Second run: only what changed"):
        _show(_run(target))
    with _step("Two feeds arrive: a file of sales targets in a bucket, exchange rates over HTTP"):
        feeds.arrive(stack, target, _SEED, say)
    _arrival(stack, target)
    with _step(f"Something fails: {seed.SOURCE} turns the reading role away, and watch sends a mail"):
        show_alert(stack, target)
    _counts(stack)
    with _step("What to look at: the data dictionary, the run monitor, the business dashboard"):
        say(f"  {len(dictionary.write(DICTIONARY.parent, target))} pages from {DICTIONARY.resolve().as_uri()}")
        _monitor(target)
        _dashboard(target)


def _workflow(target: Target) -> str:
    return refresh_workflow(target.prefix, seed.SOURCE)


def _run(target: Target) -> RunReport:
    run_id = runs.start(target.clients.glue, _workflow(target))
    return runs.wait(target.clients.glue, _workflow(target), run_id)


def _show(report: RunReport) -> None:
    width = max((len(step.name) for step in report.steps), default=0)
    for step in report.steps:
        say(f"  {step.name:<{width}}  {step.state:<9} {step.seconds:>6} s")
        if step.parts:
            say(f"    {step.parts}")


def _arrival(stack: Stack, target: Target) -> None:
    """A silent edit and a new order: committed in the source, then awaited in the warehouse by the clock."""
    with _step("One edit that leaves last_updated alone, and one new order"):
        change, since = _change(stack)
        say(f"  sales order {change.edited} is edited without a new timestamp; sales order {change.ordered} is new")
        run_id = runs.start(target.clients.glue, _workflow(target))
        latency = _await(stack, target, change, run_id, since)
        say(f"  both are in the warehouse {latency:.1f} s after their commit in {seed.SOURCE}")
        runs.wait(target.clients.glue, _workflow(target), run_id)
    show_history(_ask(stack.warehouse_dsn, _HISTORY, change.edited, change.ordered))


def show_history(versions: Sequence[Sequence[Any]]) -> None:
    """The versions of the orders; of the time from which one is valid only the hour, all are of this demo."""
    table("history_sales_order in the warehouse", _SHOWN, [[*row[:-1], f"{row[-1]:%H:%M:%S}"] for row in versions])


def _change(stack: Stack) -> tuple[Change, float]:
    """Make both changes; the time of the second commit."""
    moment = datetime.now(timezone.utc).replace(tzinfo=None)
    _, edited = seed.silent_edit(stack.source_admin_dsn(seed.SOURCE), moment)
    ordered = seed.new_order(stack.source_admin_dsn(seed.SOURCE), moment)
    since = time.monotonic()
    versions = _ask(stack.warehouse_dsn, _VERSIONS, edited)[0][0]
    return Change(edited, versions, ordered), since


def _await(stack: Stack, target: Target, change: Change, run_id: str, since: float) -> float:
    """Seconds from the commit until both rows are seen. Raises what the run says when it ends without them."""
    next_look = time.monotonic() + _RUN_LOOK
    ended = False
    with open_dsn(stack.warehouse_dsn) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        while True:
            cursor.execute(_ARRIVED, (change.edited, change.ordered))
            if cursor.fetchone() == (change.versions + 2,):
                return time.monotonic() - since
            if ended:
                raise WarehouseError(f"the run {run_id} ended and the changes are not in the warehouse; see its logs")
            if time.monotonic() > next_look:
                ended = runs.get(target.clients.glue, _workflow(target), run_id).is_done
                next_look = time.monotonic() + _RUN_LOOK
            time.sleep(_LOOK)


def _counts(stack: Stack) -> None:
    rows = []
    contracts = load_contracts()
    for item in contracts.star_tables():
        is_counted = item.driving is not None and contracts.sources[item.source].is_database
        source = _count(stack.source_dsn(item.source), str(item.driving)) if is_counted else None
        current = _count(stack.warehouse_dsn, f"current_{item.short_name}") if item.kind == FACT else None
        rows.append((item.name, item.driving, source, _count(stack.warehouse_dsn, item.name), current))
    say("")
    table("sources and warehouse", ("warehouse table", "source", "rows there", "rows here", "current"), rows)


def _dashboard(target: Target) -> None:
    """Write the dashboard, which needs no stack to be looked at; a catalogue without it has nothing to write."""
    board = dashboards_of(documents()).get(BOARD)
    if board is None:
        say(f"  catalog/dashboards has no {BOARD}, so no page is written")
        return
    written = write(Wanted(board, queries_of(documents()), WAREHOUSE, lambda: asking(target, WAREHOUSE)), DASHBOARD)
    say(f"  {written.rows:,} rows in {written.file.resolve().as_uri()}")


def _monitor(target: Target) -> None:
    """Write what happened in all runs so far. Raises LakeError for a part that could not be looked at."""
    seen = look(wanted_of(target), datetime.now(timezone.utc))
    if seen.missed:
        raise LakeError("; ".join(f"{part} could not be looked at: {why}" for part, why in seen.missed.items()))
    replace(MONITOR, page(seen, links=beside(MONITOR)))
    say(f"  {sum(len(item.runs) for item in seen.workflows)} runs in {MONITOR.resolve().as_uri()}")


def _count(dsn: str, relation: str) -> int:
    return int(_ask(dsn, f'SELECT count(*) FROM "{relation}"')[0][0])


def _ask(dsn: str, question: str, *values: Any) -> list[tuple[Any, ...]]:
    with open_dsn(dsn, "the stack's PostgreSQL") as connection, connection.cursor() as cursor:
        cursor.execute(question, values or None)
        return cursor.fetchall()
