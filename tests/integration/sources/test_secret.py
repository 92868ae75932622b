"""The secret of a new source: the stack of this machine gets its value, any other deployment's is told of."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.integration.sources.conftest import READER, Database
from totelake.cli import source as command
from totelake.runtime import Clients
from totelake.stack.foreign import FILE, kept

pytestmark = pytest.mark.integration
ITEM = "CREATE TABLE item (item_id integer PRIMARY KEY)"


@pytest.fixture
def secrets(aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The secrets of a stack that is up."""
    clients = Clients.from_environment()
    home = str(tmp_path / "home")
    stack = SimpleNamespace(clients=clients, prefix="totelake", home=home, postgres_port=1)
    monkeypatch.setattr(command, "stack_in", lambda home: stack)
    monkeypatch.setattr(command.Target, "of_stack", lambda found: found)
    monkeypatch.setattr(command.Target, "named", lambda *_: stack)
    yield clients.secretsmanager
    for item in clients.secretsmanager.list_secrets()["SecretList"]:
        if item["Name"].startswith("totelake/crm"):
            clients.secretsmanager.delete_secret(SecretId=item["Name"], ForceDeleteWithoutRecovery=True)


def test_the_stack_gets_the_secret_and_a_new_one_later(database: Database, secrets: Any) -> None:
    database.sql(ITEM)
    assert database.add("crm")["is_secret_stored"] is True
    value = json.loads(secrets.get_secret_value(SecretId="totelake/crm")["SecretString"])
    assert (value["username"], value["password"]) == (READER, database.postgres.passwords[READER])
    secrets.put_secret_value(SecretId="totelake/crm", SecretString="{}")
    assert database.add("crm", "--update")["is_secret_stored"] is True
    assert json.loads(secrets.get_secret_value(SecretId="totelake/crm")["SecretString"]) == value
    assert kept(database.home) == {"crm": value}
    assert (database.home / FILE).stat().st_mode & 0o777 == 0o600


def test_without_an_address_the_secret_is_read(database: Database, secrets: Any) -> None:
    database.sql(ITEM)
    database.add("crm")
    words = ("add", "crm", "--update", "--catalog", str(database.catalog))
    database.sql("CREATE TABLE part (part_id integer PRIMARY KEY)")
    result = database.invoke(*words)
    assert result.exit_code == 0 and "public.part" in result.stdout
    secrets.delete_secret(SecretId="totelake/crm", ForceDeleteWithoutRecovery=True)
    assert "there is no secret totelake/crm" in str(database.invoke(*words).exception)


def test_the_secret_of_an_account_is_told_and_not_written(database: Database, secrets: Any) -> None:
    database.sql(ITEM)
    given = ("--dsn", database.reader, "--catalog", str(database.catalog), "--target", "aws")
    result = database.invoke("add", "crm", "--secret", "{prefix}/crm-reader", *given)
    assert result.exit_code == 0
    assert "store host, port, dbname, username and password in the secret {prefix}/crm-reader" in result.stdout
    names = {item["Name"] for item in secrets.list_secrets()["SecretList"]}
    assert not {name for name in names if "crm" in name}
