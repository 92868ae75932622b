"""The part of the demo in which something fails: the mail about it."""

from __future__ import annotations

import contextlib
from email import message_from_bytes, policy
from email.message import EmailMessage

from totelake.cli.output import say
from totelake.deploy.target import Target
from totelake.errors import LakeError, TotelakeError
from totelake.operate import job_runs, runs
from totelake.operate.runs import refresh_workflow
from totelake.ports.postgres import open_dsn
from totelake.seed import SOURCE
from totelake.stack.model import READER, Stack


def show_alert(stack: Stack, target: Target) -> None:
    """Let the source turn its reader away, a run fail and `watch` look, and read the mail."""
    glue, workflow = target.clients.glue, refresh_workflow(target.prefix, SOURCE)
    watch = f"{target.prefix}-watch-{SOURCE}"
    _administer(stack, f"ALTER ROLE {READER} NOLOGIN")
    try:
        with contextlib.suppress(runs.RunFailedError):
            runs.wait(glue, workflow, runs.start(glue, workflow))
        # its own look fails for the same reason, and what failed is reported all the same
        with contextlib.suppress(LakeError):
            job_runs.wait(glue, watch, job_runs.start(glue, watch, {}))
    finally:
        _administer(stack, f"ALTER ROLE {READER} LOGIN")
    mail = newest_mail(stack)
    say(f"  To: {mail['To']}")
    say(f"  Subject: {mail['Subject']}")
    say("")
    for line in mail.get_content().splitlines()[2:]:
        say(f"  {line}" if line else "")


def newest_mail(stack: Stack) -> EmailMessage:
    """The newest mail of the outbox. Raises TotelakeError when there is none."""
    files = sorted(stack.outbox.glob("*.eml"))
    if not files:
        raise TotelakeError(f"a run failed and no mail is in {stack.outbox}; see `totelake alerts` and watch's log")
    return message_from_bytes(files[-1].read_bytes(), policy=policy.default)


def _administer(stack: Stack, statement: str) -> None:
    with open_dsn(stack.source_admin_dsn(SOURCE), SOURCE) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(statement)
