"""A server's warnings at login reach no terminal, and a pooler that takes no options still lets a client in."""

from __future__ import annotations

from typing import Any

import psycopg2
import pytest

from tests.unit.ports.test_postgres import ADDRESS, Connection
from totelake.errors import RetriableError
from totelake.ports import postgres

QUIET = "-c client_min_messages=error"


@pytest.mark.parametrize(
    "said",
    [
        "FATAL:  unsupported startup parameter: options",
        "FATAL:  unsupported startup parameter in options: client_min_messages",
        "ERROR:  Feature not supported: RDS Proxy currently doesn't support command-line options",
    ],
)
@pytest.mark.parametrize("options", ["", "-c search_path=a"])
def test_a_pooler_that_takes_no_options_is_asked_without_ours(
    monkeypatch: pytest.MonkeyPatch, said: str, options: str
) -> None:
    asked: list[str] = []

    def connect(**parameters: Any) -> Any:
        asked.append(parameters.get("options", ""))
        if QUIET in asked[-1]:
            raise psycopg2.OperationalError(said)
        return Connection(150000)

    monkeypatch.setattr("totelake.ports.postgres.psycopg2.connect", connect)
    with postgres.connect(ADDRESS, options=options):
        assert asked == [f"{QUIET} {options}".rstrip(), options]


def test_another_refusal_is_no_reason_to_ask_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def connect(**parameters: Any) -> Any:
        asked.append(parameters["options"])
        raise psycopg2.OperationalError("Connection refused")

    monkeypatch.setattr("totelake.ports.postgres.psycopg2.connect", connect)
    with pytest.raises(RetriableError), postgres.connect(ADDRESS):
        pass
    assert asked == [QUIET]
