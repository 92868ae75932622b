"""Looks at a source as a Python-shell job reaches it: the client library, and a login by the secret."""

from __future__ import annotations

from functools import partial
from typing import Callable

from psycopg2.extensions import libpq_version

from totelake.canary.login import TLS, judge_login
from totelake.canary.look import Look
from totelake.ports.postgres import connect
from totelake.ports.postgres_address import PostgresAddress
from totelake.ports.postgres_client import knows_scram, scram_remedy, version_text
from totelake.runtime.outcome import Result, ok, warning


def client(version: Callable[[], int] = libpq_version) -> Look:
    """The version of libpq: one before 10 cannot answer a server that asks for SCRAM."""
    return Look("libpq", "10 or newer, which knows SCRAM", partial(_client, version))


def _client(version: Callable[[], int]) -> Result:
    told = f"libpq {version_text(version())}"
    return ok(told) if knows_scram(version()) else warning(told, scram_remedy())


def login(read: Callable[[], PostgresAddress]) -> Look:
    """A login to the database of a secret, which `read` reads."""
    return Look("login", TLS, partial(_login, read))


def _login(read: Callable[[], PostgresAddress]) -> Result:
    address = read()
    with connect(address, "totelake canary") as connection:
        info = connection.info
        version = str(info.parameter_status("server_version")).split()[0]
        protocol = str(info.ssl_attribute("protocol")) if info.ssl_in_use else ""
    return judge_login(address, version, protocol)
