"""The part of the demo in which something fails: the mail that tells it."""

from __future__ import annotations

import contextlib
from email import message_from_bytes, policy
from email.message import EmailMessage

import psycopg2

from totelake.cli.output import say
from totelake.cli.pipeline import workflow_name
from totelake.deploy import Target
from totelake.errors import LakeError, TotelakeError
from totelake.operate import job_runs, runs
from totelake.stack import Stack

_READER = "totelake_reader"


def show_alert(stack: Stack, target: Target) -> None:
    """Let totesys turn its reader away, a run fail and `watch` look, and read the mail."""
    glue, workflow, watch = target.clients.glue, workflow_name(target), f"{target.prefix}-watch"
    _administer(stack, f"ALTER ROLE {_READER} NOLOGIN")
    try:
        with contextlib.suppress(runs.RunFailedError):
            runs.wait(glue, workflow, runs.start(glue, workflow))
        # its own look fails for the same reason, and what failed is told all the same
        with contextlib.suppress(LakeError):
            job_runs.wait(glue, watch, job_runs.start(glue, watch, {}))
    finally:
        _administer(stack, f"ALTER ROLE {_READER} LOGIN")
    mail = newest_mail(stack)
    say(f"  To: {mail['To']}\n  Subject: {mail['Subject']}\n")
    for line in mail.get_content().splitlines()[2:]:
        say(f"  {line}" if line else "")


def newest_mail(stack: Stack) -> EmailMessage:
    """The newest mail of the outbox. Raises TotelakeError when there is none."""
    files = sorted(stack.outbox.glob("*.eml"))
    if not files:
        raise TotelakeError(f"a run failed and no mail is in {stack.outbox}; see `totelake alerts` and watch's log")
    return message_from_bytes(files[-1].read_bytes(), policy=policy.default)


def _administer(stack: Stack, statement: str) -> None:
    with contextlib.closing(psycopg2.connect(stack.totesys_admin_dsn)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(statement)
