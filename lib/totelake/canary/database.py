"""Looks at a source as a Python-shell job reaches it: the client library, and a login by the secret."""

from __future__ import annotations

from functools import partial
from typing import Callable

from psycopg2.extensions import libpq_version

from totelake.canary.look import Found, Look, ok, unknown, warning
from totelake.ports.postgres import connect
from totelake.ports.postgres_address import VERIFY, PostgresAddress
from totelake.ports.postgres_client import knows_scram, scram_remedy, version_text

TLS = "a login over TLS, the server's name proven"


def client(version: Callable[[], int] = libpq_version) -> Look:
    """The version of libpq: one before 10 cannot answer a server that asks for SCRAM."""
    return Look("libpq", "10 or newer, which knows SCRAM", partial(_client, version))


def _client(version: Callable[[], int]) -> Found:
    told = f"libpq {version_text(version())}"
    return ok(told) if knows_scram(version()) else warning(told, scram_remedy())


def login(read: Callable[[], PostgresAddress]) -> Look:
    """A login to the database of a secret, which `read` reads."""
    return Look("login", TLS, partial(_login, read))


def _login(read: Callable[[], PostgresAddress]) -> Found:
    address = read()
    with connect(address, "totelake canary") as connection:
        info = connection.info
        version = str(info.parameter_status("server_version")).split()[0]
        protocol = str(info.ssl_attribute("protocol")) if info.ssl_in_use else ""
    return judge_login(address, version, protocol)


def judge_login(address: PostgresAddress, version: str, protocol: str) -> Found:
    """What a login tells; `protocol` is that of its TLS, '' without."""
    way = f"by {protocol}, sslmode {address.sslmode}" if protocol else "without TLS"
    told = f"PostgreSQL {version} lets {address.username} in {way}: {address}"
    if not protocol and address.is_here:
        return unknown(f"{told}, on this machine", "look on AWS")
    exposure = address.exposure(bool(protocol))
    return warning(f"{told}; {exposure}", VERIFY) if exposure else ok(told)
