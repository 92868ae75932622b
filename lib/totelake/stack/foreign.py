"""The sources of a stack that are databases elsewhere: their addresses outlive `down`, so that `up` gives them back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from totelake.errors import ConfigurationError
from totelake.stack.model import HOST, Stack
from totelake.stack.private_files import private_home, remove_private, write_private

FILE = "foreign-sources.json"
_HERE = (HOST, "localhost", "::1")
Address = Mapping[str, str]
"""The content of a source's secret."""


def keep(stack: Stack, source: str, address: Address) -> None:
    """Remember that a source is the database of this address, which may be the stack's own again."""
    home = Path(stack.home)
    is_own = address.get("host") in _HERE and address.get("port") == str(stack.postgres_port)
    known = {name: item for name, item in kept(home).items() if name != source}
    if not is_own:
        known[source] = address
    if known:
        write_private(private_home(home) / FILE, json.dumps(known, indent=1))
    else:
        remove_private(home / FILE)


def kept(home: Path) -> dict[str, Address]:
    """The addresses by source. Raises ConfigurationError when somebody has damaged them."""
    path = home / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not all(isinstance(value, str) for item in found.values() for value in item.values()):
            raise TypeError("a value is no text")
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError, TypeError) as error:
        raise ConfigurationError(
            f"{path} cannot be read ({error}); remove it, and give each source that is no database of the stack its "
            "address again by `totelake source add NAME --update --dsn ...`"
        ) from error
    return dict(found)
