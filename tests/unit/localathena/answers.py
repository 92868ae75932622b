"""Statements over no table: what is answered, and what is refused."""

from __future__ import annotations

from typing import Any

from localathena.sql.refusals import Refused
from tests.athena.compared import asked


def rows(sql: str) -> list[list[str | None]]:
    """The rows of a statement that is answered, as Athena's texts."""
    found = asked(sql)
    assert not isinstance(found, Refused), found
    return found.texts()


def refusal(sql: str) -> Any:
    """The class of a statement's refusal."""
    found = asked(sql)
    assert isinstance(found, Refused), found
    return found.kind
