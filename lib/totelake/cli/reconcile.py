"""reconcile: source, lake and warehouse held against each other."""

from __future__ import annotations

import json
from dataclasses import asdict

import typer

from totelake.cli.output import AsJson, TargetName, print_json, progress, say, table
from totelake.contracts import catalog
from totelake.deploy.target import LOCAL, Target
from totelake.errors import MismatchError
from totelake.reconcile.finding import DIFFERS
from totelake.reconcile.reconcile import reconcile as comparing
from totelake.stack.model import default_home


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(reconcile)


def reconcile(target: TargetName = LOCAL, as_json: AsJson = False) -> None:
    """Compare source, lake and warehouse, each at its own batch; fails when they differ beyond work in progress."""
    where = Target.named(target, default_home())
    name = f"{where.prefix}/totesys"
    secret = json.loads(where.clients.secretsmanager.get_secret_value(SecretId=name)["SecretString"])
    buckets = (where.ingestion_bucket, where.processed_bucket)
    found = []
    with progress(as_json, "comparing") as step:
        for finding in comparing(where.clients.s3, *buckets, catalog(), secret, where.warehouse_dsn):
            found.append(finding)
            step(f"{finding.check}: {finding.table}")
    wrong = [finding for finding in found if finding.outcome == DIFFERS]
    if as_json:
        print_json([asdict(finding) for finding in found])
    else:
        rows = [(item.check, item.table, item.left, item.outcome, item.detail) for item in found]
        table("source, lake and warehouse", ("check", "table", "found", "outcome", "detail"), rows)
        say(f"{len(found) - len(wrong)} of {len(found)} comparisons hold")
    if wrong:
        first = wrong[0]
        raise MismatchError(
            f"{len(wrong)} comparisons differ, the first is {first.check} of {first.table}: {first.left} against "
            f"{first.right}{' (' + first.detail + ')' if first.detail else ''}; see docs/guarantees.md for what to do"
        )
