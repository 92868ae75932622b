"""A source that is a database elsewhere stays that when the stack is started anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.unit.registry.memory import SHOP, two_sources
from tests.unit.stack.test_lifecycle import parts
from totelake.errors import ConfigurationError
from totelake.stack import furnish, lifecycle, outbox
from totelake.stack.foreign import FILE, keep, kept
from totelake.stack.model import POSTGRES, Stack

ADDRESS = {"host": "db.example", "port": "5432", "dbname": "shop", "username": "reader", "password": "p ä'\""}
PASSWORDS = dict.fromkeys(("totelake_admin", "totelake_reader", "totelake_loader"), "own")


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    return Stack(str(tmp_path), parts(), PASSWORDS, sources=(SOURCE, SHOP))


def test_an_address_is_kept_for_its_owner_alone_until_another_takes_its_place(stack: Stack, tmp_path: Path) -> None:
    keep(stack, SHOP, {**ADDRESS, "dbname": "old"})
    keep(stack, SHOP, ADDRESS)
    keep(stack, "crm", ADDRESS)
    assert kept(tmp_path) == {SHOP: ADDRESS, "crm": ADDRESS}
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_a_database_of_the_stack_itself_is_none_elsewhere(stack: Stack, tmp_path: Path) -> None:
    keep(stack, SHOP, ADDRESS)
    keep(stack, SHOP, {**ADDRESS, "host": "localhost", "port": str(stack.postgres_port)})
    assert kept(tmp_path) == {} and not (tmp_path / FILE).exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"shop": 5}', '{"shop": {"port": 5432}}', ""])
def test_a_damaged_file_is_told_with_the_remedy(text: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ConfigurationError, match="foreign-sources.json cannot be read .*; remove it, and give each"):
        kept(tmp_path)


def test_up_makes_no_database_for_it_and_gives_it_its_secret_back(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(stack, SHOP, ADDRESS)
    keep(stack, "gone", ADDRESS)
    keys = SimpleNamespace(access_key_id="AKID", secret_access_key="key")
    databases: list[str] = []
    made: dict[str, Any] = {}

    @contextmanager
    def started(home: Path, ports: Any, sources: tuple[str, ...], progress: Any, standbys: int = 0) -> Iterator[Any]:
        databases.extend(sources)
        yield SimpleNamespace(keys=keys, parts=parts(), passwords=PASSWORDS, data="")

    def create_secret(Name: str, SecretString: str) -> None:  # noqa: N803 # as the API has them
        made[Name] = json.loads(SecretString)

    service = SimpleNamespace(
        create_secret=create_secret, create_bucket=lambda **_: None, create_queue=lambda **_: None
    )
    monkeypatch.setattr(lifecycle, "started", started)
    monkeypatch.setattr(furnish, "client", lambda *_: service)
    monkeypatch.setattr(outbox, "subscribe", lambda *_: None)
    for module in (lifecycle, furnish):
        monkeypatch.setattr(module, "load_contracts", two_sources)
    lifecycle._start(tmp_path, {}, lambda _: None)
    assert databases == [SOURCE]
    assert sorted(made) == ["totelake/shop", "totelake/totesys", "totelake/warehouse"]
    assert made["totelake/shop"] == ADDRESS
    assert (made["totelake/totesys"]["dbname"], made["totelake/totesys"]["password"]) == (SOURCE, "own")
    assert stack.parts[POSTGRES].port == made["totelake/totesys"]["port"]


def test_down_leaves_the_address(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("end", "_end_jobs"):
        monkeypatch.setattr(lifecycle, name, lambda *_: None)
    (tmp_path / ".totelake-stack").write_text(str(tmp_path))
    keep(stack, SHOP, ADDRESS)
    stack.save()
    assert lifecycle.stop(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [FILE] and kept(tmp_path) == {SHOP: ADDRESS}
