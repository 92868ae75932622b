"""Errors of every kind as the one sentence that a person reads."""

from __future__ import annotations

import psycopg2
from botocore.exceptions import BotoCoreError, ClientError

from totelake.cli.file_errors import told
from totelake.errors import TotelakeError
from totelake.ports.aws_errors import translation_of
from totelake.ports.sqlstates import cause_of


def sentence(error: BaseException) -> str:
    """What is wrong, where, and what to do."""
    if isinstance(error, TotelakeError):
        return str(error)
    if isinstance(error, (ClientError, BotoCoreError)):
        return str(translation_of(error))
    if isinstance(error, OSError):
        return told(error)
    words = " ".join(str(error).split())
    code = error.pgcode if isinstance(error, psycopg2.Error) else None
    cause = cause_of(code, words) if code else None
    remedy = cause.remedy.format(role="the role") if cause else "see `totelake status`"
    return f"PostgreSQL refused: {words}; {remedy}"
