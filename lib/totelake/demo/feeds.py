"""Sources that are no database: a file and exchange rates arrive, each by a refresh of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from totelake import seed
from totelake.cli.output import table
from totelake.contracts import load_contracts
from totelake.deploy.target import Target
from totelake.operate import runs
from totelake.operate.runs import refresh_workflow
from totelake.ports.postgres import open_dsn
from totelake.ports.s3 import S3Store
from totelake.stack.model import PREFIX, Stack

_TARGETS = """SELECT target_month, department_name, currency_code, target_amount FROM current_sales_target
 ORDER BY target_month, department_name, currency_code LIMIT 3"""
_POUNDS = """SELECT sales_order_id, currency_code, amount, rate, rate_date, amount_gbp FROM sales_order_gbp
 WHERE currency_code <> 'GBP' ORDER BY sales_order_id DESC LIMIT 3"""


def arrive(stack: Stack, target: Target, number: int, say: Callable[[str], None]) -> None:
    """Drop the files of targets, refresh both feeds beside each other, and show what is in the warehouse.

    Raises RunFailedError when a refresh fails.
    """
    sources = load_contracts().sources
    bucket = S3Store(target.clients.s3, sources[seed.TARGETS].option("bucket", PREFIX))
    dropped = seed.drop_targets(stack.source_admin_dsn(seed.SOURCE), bucket.put, seed=number)
    feeds = [name for name, source in sources.items() if not source.is_database]
    with ThreadPoolExecutor(len(feeds)) as pool:
        for name, seconds in zip(feeds, pool.map(lambda name: _refresh(target, name), feeds)):
            say(f"  {name:<8} refreshed in {seconds} s")
    say(f"  {dropped} files of targets are taken; each order has its day's rate")
    _show(stack, "current_sales_target", ("month", "department", "currency", "target"), _TARGETS)
    _show(stack, "sales_order_gbp", ("order", "currency", "amount", "rate", "of", "in pounds"), _POUNDS)


def _refresh(target: Target, source: str) -> int:
    workflow = refresh_workflow(target.prefix, source)
    report = runs.wait(target.clients.glue, workflow, runs.start(target.clients.glue, workflow))
    return round(sum(step.seconds or 0 for step in report.steps))


def _show(stack: Stack, view: str, names: tuple[str, ...], question: str) -> None:
    with open_dsn(stack.warehouse_dsn, "the warehouse") as connection, connection.cursor() as cursor:
        cursor.execute(question)
        table(f"{view} in the warehouse", names, cursor.fetchall())
