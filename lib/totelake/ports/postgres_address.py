"""A PostgreSQL database and the role that uses it, read from a secret, with the encryption of the connection."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Callable

from totelake.errors import ConfigurationError

VERIFIED = "verify-full"
# what to do about an exposure
VERIFY = f"set sslmode in the secret to {VERIFIED} and sslrootcert to the certificates of the server's authority"
# the values of a secret, and the other names under which AWS services and people store them
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "host": ("hostname",),
    "port": (),
    "dbname": ("database", "dbName", "db_name", "db"),
    "username": ("user",),
    "password": (),
}
_MOST_PORT = 65535
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class PostgresAddress:
    """A database and the role that uses it; the password is never shown. `what` names it in messages.

    `renew` reads the address again, for a secret may have changed since.
    """

    host: str
    port: int
    dbname: str
    username: str
    password: str = field(repr=False)
    sslmode: str = VERIFIED
    sslrootcert: str | None = None
    what: str = "database"
    renew: Callable[[], PostgresAddress] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def from_secret(cls, secret: Mapping[str, Any], name: str, what: str = "database") -> PostgresAddress:
        """Read a secret's values. Raises ConfigurationError naming the value that is missing or wrong."""
        found = {key: _value(secret, name, key) for key in _NEEDED}
        missing = [key for key, value in found.items() if value == ""]
        if missing:
            raise ConfigurationError(f"the secret {name} has no {missing[0]}; it needs {', '.join(_NEEDED)}")
        for key in ("host", "port", "dbname", "username"):
            if found[key] != found[key].strip() or not found[key].isprintable():
                raise ConfigurationError(
                    f"the {key} in the secret {name} has white space at an end or a control character; store it without"
                )
        if "\0" in found["password"]:
            raise ConfigurationError(f"the password in the secret {name} has a NUL, which PostgreSQL takes for its end")
        return cls(
            host=found["host"],
            port=_port(found["port"], name),
            dbname=found["dbname"],
            username=found["username"],
            password=found["password"],
            sslmode=sslmode_of({**secret, "host": found["host"]}),
            sslrootcert=secret.get("sslrootcert"),
            what=what,
        )

    @classmethod
    def renewable(cls, read: Callable[[], PostgresAddress]) -> PostgresAddress:
        """The address that `read` gives now, and may give anew."""
        return replace(read(), renew=read)

    def newer(self) -> PostgresAddress | None:
        """The address as its secret names it now; None when that is this one. It cannot be renewed again."""
        if self.renew is None:
            return None
        found = self.renew()
        # of a certificate every reading makes a file of its own
        return None if replace(found, sslrootcert=self.sslrootcert) == self else found

    @property
    def is_here(self) -> bool:
        """Whether the server is on this machine."""
        return self.host in _THIS_MACHINE

    @property
    def authority(self) -> str:
        """Host and port as a URL has them: an address of IPv6 in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def exposure(self, is_encrypted: bool) -> str:
        """How others could read a connection to it or take the server's place; '' when they cannot."""
        if self.is_here or (is_encrypted and self.sslmode == VERIFIED):
            return ""
        if not is_encrypted:
            return f"the connection to {self} is not encrypted (sslmode {self.sslmode})"
        return f"{self} need not prove that it is the server (sslmode {self.sslmode})"

    def hide(self, text: str) -> str:
        """A server's message on one line, without the password; see `hidden`."""
        return hidden(text, self.password, (self.username, self.dbname, self.host))

    def __str__(self) -> str:
        return f"{self.what} {self.dbname} at {self.authority}"


def hidden(text: str, secret: str, names: Collection[str]) -> str:
    """A message on one line, without a secret.

    A secret that stands in the message as part of a word, or that is a name, of a role, a database or a host, is left:
    the message would lose its meaning, and says nothing secret.
    """
    if secret and secret not in names:
        before = r"(?<!\w)" if re.match(r"\w", secret) else ""
        after = r"(?!\w)" if re.search(r"\w$", secret) else ""
        text = re.sub(f"{before}{re.escape(secret)}{after}", "***", text)
    return " ".join(text.split())


def sslmode_of(secret: Mapping[str, Any]) -> str:
    """The secret's sslmode; without one the server has to prove its name, unless it is on this machine."""
    return str(secret.get("sslmode") or ("prefer" if str(secret.get("host")) in _THIS_MACHINE else VERIFIED))


def _value(secret: Mapping[str, Any], name: str, key: str) -> str:
    """A value by its name or another usual one, '' without any. Raises ConfigurationError when two differ."""
    found = {known: str(secret[known]) for known in (key, *_NEEDED[key]) if secret.get(known) not in (None, "")}
    if len(set(found.values())) > 1:
        raise ConfigurationError(f"{' and '.join(found)} in the secret {name} differ; store one of them")
    return next(iter(found.values()), "")


def _port(text: str, name: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= port <= _MOST_PORT:
        raise ConfigurationError(f"the port in the secret {name} is none from 1 to {_MOST_PORT}; store the server's")
    return port
