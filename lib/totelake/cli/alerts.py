"""alerts: the messages that were sent."""

from __future__ import annotations

from typing import Annotated

import typer

from totelake.alerts.store import sent_messages
from totelake.cli.output import AsJson, TargetName, print_json, say, table
from totelake.deploy.target import LOCAL, Target
from totelake.stack.model import default_home


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(alerts)


def alerts(
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest.")] = 20,
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """The messages that watch has sent, the newest first; on one machine each is a mail in the outbox."""
    where = Target.named(target, default_home())
    found = sent_messages(where.ingestion, limit)
    if as_json:
        print_json(found)
        return
    if not found:
        say("no message was sent so far; watch reports what failed at its next look")
        return
    rows = [(item["at"][:19].replace("T", " "), item["count"], item["subject"]) for item in found]
    table("alerts", ("sent (UTC)", "incidents", "subject"), rows)
    if where.stack:
        say(f"the mails are in {where.stack.outbox}")
