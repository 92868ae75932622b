"""The address of a source as a person gives it, and the content of the secret that jobs read it from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from totelake.errors import ConfigurationError
from totelake.ports.postgres import parts_of

_FORM = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
# a secret's values by the names of libpq's parameters
_NAMES = {"host": "host", "port": "port", "dbname": "dbname", "user": "username", "password": "password"}  # nosec B105 # names
_MORE = ("sslmode", "sslrootcert")
_PORT = "5432"


def secret_of(dsn: str) -> Mapping[str, str]:
    """The content of the secret for the database of a URL. Raises ConfigurationError, which never shows a password."""
    parts = parts_of(dsn)
    if parts is None:
        raise ConfigurationError(
            f"the address in --dsn cannot be read; write {_FORM}, every character but letters and digits of user and "
            "password as %XX"
        )
    unknown = sorted(set(parts) - {*_NAMES, *_MORE})
    if unknown:
        raise ConfigurationError(
            f"the address in --dsn has {', '.join(unknown)}, which a source's secret does not keep; write {_FORM}, "
            f"with {' and '.join(_MORE)} behind ? where they are needed"
        )
    missing = [name for name in _NAMES if name != "port" and not parts.get(name)]
    if missing:
        raise ConfigurationError(f"the address in --dsn has no {missing[0]}; write {_FORM}")
    if "," in parts["host"]:
        raise ConfigurationError("the address in --dsn has several hosts; name one, as a source is one server")
    found = {value: parts.get(name, _PORT) for name, value in _NAMES.items()}
    more = {name: parts[name] for name in _MORE if parts.get(name)}
    if "sslrootcert" in more:
        more["sslrootcert"] = str(Path(more["sslrootcert"]).resolve())
    return {**found, **more}
