"""A PostgreSQL database and the role that uses it, read from a secret, with the encryption of the connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from totelake.errors import ConfigurationError

VERIFIED = "verify-full"
_NEEDED = ("host", "port", "dbname", "username", "password")
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class PostgresAddress:
    """A database and the role that uses it; the password is never shown. `what` names it in messages."""

    host: str
    port: int
    dbname: str
    username: str
    password: str = field(repr=False)
    sslmode: str = VERIFIED
    sslrootcert: str | None = None
    what: str = "database"

    @classmethod
    def from_secret(cls, secret: Mapping[str, Any], name: str, what: str = "database") -> PostgresAddress:
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
            what=what,
        )

    def hide(self, text: str) -> str:
        """A server's message on one line, without the password."""
        return " ".join(text.replace(self.password, "***").split())

    def __str__(self) -> str:
        return f"{self.what} {self.dbname} at {self.host}:{self.port}"


def sslmode_of(secret: Mapping[str, Any]) -> str:
    """The secret's sslmode; without one the server has to prove its name, unless it is on this machine."""
    return str(secret.get("sslmode") or ("prefer" if str(secret.get("host")) in _THIS_MACHINE else VERIFIED))
