"""reconcile: source, lake and warehouse held against each other."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict

import typer

from totelake.alerts.messages import mismatch
from totelake.alerts.store import alert
from totelake.cli.output import AsJson, TargetName, print_json, progress, say, table
from totelake.contracts import catalog
from totelake.deploy.target import LOCAL, Target
from totelake.errors import MismatchError
from totelake.operate.reconcile.compare import reconcile as comparing
from totelake.operate.reconcile.finding import DIFFERS, Finding
from totelake.runtime.arguments import JobArguments
from totelake.runtime.runtime import Runtime
from totelake.runtime.tls import with_local_bundle
from totelake.stack.model import default_home


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(reconcile)


def reconcile(target: TargetName = LOCAL, as_json: AsJson = False) -> None:
    """Compare source, lake and warehouse, each at its own batch; fails when they differ beyond work in progress."""
    where = Target.named(target, default_home())
    name = f"{where.prefix}/totesys"
    stored = json.loads(where.clients.secretsmanager.get_secret_value(SecretId=name)["SecretString"])
    secret = with_local_bundle(stored, name, where.clients.s3)
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
    _tell(where, wrong)
    if wrong:
        raise MismatchError(
            f"{len(wrong)} comparisons differ, the first is {_words(wrong[0])}; see docs/guarantees.md for what to do"
        )


def _words(found: Finding) -> str:
    detail = f" ({found.detail})" if found.detail else ""
    return f"{found.check} of {found.table}: {found.left} against {found.right}{detail}"


def _tell(where: Target, wrong: list[Finding]) -> None:
    """The number for the dashboard, and an alert, so that others know of it too."""
    arguments = JobArguments(
        "reconcile", ingestion_bucket=where.ingestion_bucket, metric_namespace=where.prefix, job_name="reconcile"
    )
    runtime = Runtime(arguments, where.clients, logging.getLogger("totelake.reconcile"))
    runtime.metric("ReconciliationMismatches", len(wrong), "Count")
    if wrong:
        alert(runtime, arguments, mismatch(len(wrong), _words(wrong[0]), runtime.now().isoformat()))
