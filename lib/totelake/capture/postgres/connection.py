"""The source database: its address from a secret, a connection, and its errors as sentences that name the remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg2

from totelake.errors import ConfigurationError, RetriableError, SourceError, TotelakeError
from totelake.runtime.tls import VERIFIED, sslmode_of

_NEEDED = ("host", "port", "dbname", "username", "password")
_OLDEST_VERSION = 130000
# what libpq says when a connection fails; such errors carry no SQLSTATE
_REFUSALS = (
    ("password authentication failed", "correct username and password in the secret"),
    ("no password supplied", "store the password in the secret"),
    ("could not translate host name", "correct the host in the secret"),
    ("connection refused", "see that the server is up and that host and port in the secret are right"),
    ("timeout expired", "open the way to the server (security group, route), or correct host and port in the secret"),
    ("no pg_hba.conf entry", "let the server's pg_hba.conf admit this client, or set sslmode in the secret"),
    ("sslmode", "set sslmode in the secret to one that libpq knows and the server offers"),
    ("ssl", "correct sslmode and sslrootcert in the secret"),
    ("too many connections", "run the job again when connections are free"),
    ("remaining connection slots", "run the job again when connections are free"),
    ("the database system is", "run the job again when the server is ready"),
)


@dataclass(frozen=True)
class SourceAddress:
    """Where the source is and who reads it; the password is never shown."""

    host: str
    port: int
    dbname: str
    username: str
    password: str = field(repr=False)
    sslmode: str = VERIFIED
    sslrootcert: str | None = None

    @classmethod
    def from_secret(cls, secret: Mapping[str, Any], name: str) -> SourceAddress:
        """Read a secret's values. Raises ConfigurationError naming the value that is missing or wrong."""
        missing = [key for key in _NEEDED if secret.get(key) in (None, "")]
        if missing:
            raise ConfigurationError(f"the secret {name} has no {missing[0]}; it needs {', '.join(_NEEDED)}")
        if not str(secret["port"]).isdigit():
            raise ConfigurationError(f"the port in the secret {name} is no number; store the server's port")
        return cls(
            host=str(secret["host"]),
            port=int(secret["port"]),
            dbname=str(secret["dbname"]),
            username=str(secret["username"]),
            password=str(secret["password"]),
            sslmode=sslmode_of(secret),
            sslrootcert=secret.get("sslrootcert"),
        )

    def __str__(self) -> str:
        return f"database {self.dbname} at {self.host}:{self.port}"


@contextmanager
def connect(address: SourceAddress, application: str = "totelake") -> Iterator[Any]:
    """A connection without an open transaction. Raises SourceError when the server cannot be used."""
    options: dict[str, Any] = {"sslrootcert": address.sslrootcert} if address.sslrootcert else {}
    try:
        connection = psycopg2.connect(
            host=address.host,
            port=address.port,
            dbname=address.dbname,
            user=address.username,
            password=address.password,
            sslmode=address.sslmode,
            connect_timeout=10,
            application_name=application,
            client_encoding="UTF8",
            keepalives_idle=30,
            **options,
        )
    except psycopg2.Error as error:
        raise connection_error(address, str(error)) from None
    try:
        connection.autocommit = True
        if connection.server_version < _OLDEST_VERSION:
            raise SourceError(f"{address} is older than PostgreSQL 13; upgrade the server")
        with speaking(address):
            yield connection
    finally:
        connection.close()


def connection_error(address: SourceAddress, said: str) -> TotelakeError:
    """What a failed connection means; the password is taken out of whatever the server said."""
    plain = " ".join(said.replace(address.password, "***").split())
    low = plain.lower()
    if "database" in low and "does not exist" in low:
        return SourceError(f"{address} does not exist; create it or correct dbname in the secret")
    if "role" in low and "does not exist" in low:
        return SourceError(f"{address} has no role {address.username}; create it or correct username in the secret")
    if "not permitted to log in" in low:
        return SourceError(
            f"{address} refuses: {plain}; ALTER ROLE {address.username} LOGIN, or correct username in the secret"
        )
    if "certificate" in low:
        return SourceError(f"{address} is not trusted: {plain}; correct host or sslrootcert in the secret")
    for text, remedy in _REFUSALS:
        if text in low:
            return SourceError(f"{address} refuses the role {address.username}: {plain}; {remedy}")
    return SourceError(f"{address} cannot be reached as {address.username}: {plain}; see the secret's values")


@contextmanager
def speaking(address: SourceAddress) -> Iterator[None]:
    """Turn what the server reports inside the block into one of our errors."""
    try:
        yield
    except psycopg2.Error as error:
        raise server_error(address, error) from error


def server_error(address: SourceAddress, error: psycopg2.Error) -> TotelakeError:
    """What an error of an open connection means, by its SQLSTATE."""
    code = error.pgcode or ""
    said = " ".join(str(error).replace(address.password, "***").split())
    if code == "42501" and "row-level security" in said:
        return SourceError(
            f"{address}: {said}; a policy would hide rows: exempt {address.username} from it (BYPASSRLS)"
        )
    if code == "42501":
        return SourceError(f"{address}: {said}; grant it to {address.username}")
    if code in ("42P01", "42703"):
        return SourceError(f"{address}: {said}; the schema changed meanwhile, run the job again")
    if code in ("40001", "57014", "57P01", "57P02", "57P03", "53300", "55P03") or code.startswith("08") or not code:
        return RetriableError(f"{address} broke off: {said}; run the job again")
    return SourceError(f"{address} answered {code}: {said}; see the server's log")
