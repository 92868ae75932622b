"""The PostgreSQL client library that psycopg2 was built with: its version, and what an old one cannot do."""

from __future__ import annotations

import logging

import psycopg2
from psycopg2.extensions import libpq_version

_FIRST_WITH_SCRAM = 100000
# what a libpq before 10 says when the server asks for SCRAM: one of 2018 and later, and an earlier one
_ASKED_FOR_SCRAM = ("scram authentication requires libpq version 10", "authentication method 10 not supported")


def tell_client(log: logging.Logger) -> None:
    """Log the versions of psycopg2 and libpq; as a warning when libpq is too old for SCRAM."""
    release = str(getattr(psycopg2, "__version__", "of unknown version")).split(" ", 1)[0]
    version = libpq_version()
    log.info("psycopg2 %s with libpq %s", release, version_text(version))
    if not knows_scram(version):
        log.warning("%s", scram_remedy())


def knows_scram(version: int) -> bool:
    """Whether a version of libpq can answer a server that asks for SCRAM."""
    return version >= _FIRST_WITH_SCRAM


def version_text(version: int) -> str:
    """A version of libpq as PostgreSQL writes it: 90224 is 9.2.24, 140001 is 14.1."""
    major, rest = divmod(version, 10_000)
    return f"{major}.{rest}" if version >= _FIRST_WITH_SCRAM else f"{major}.{rest // 100}.{rest % 100}"


def asks_for_scram(said: str) -> bool:
    """Whether an error of connecting says that the server asked for SCRAM and libpq cannot answer."""
    low = said.lower()
    return any(text in low for text in _ASKED_FOR_SCRAM)


def scram_remedy() -> str:
    """What is to do about a libpq that is too old for SCRAM, which PostgreSQL 14 and later ask for by default."""
    return (
        f"libpq {version_text(libpq_version())} cannot authenticate by SCRAM, libpq 10 can: set `kind: glueetl` for "
        "this job in catalog/pipeline.yaml and deploy, and it brings a psycopg2 with a newer libpq"
    )
