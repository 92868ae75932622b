"""What a job reads of a secret, from the service itself."""

from __future__ import annotations

import uuid

import pytest

from totelake.errors import ConfigurationError
from totelake.runtime.clients import Clients
from totelake.runtime.job import read_secret

pytestmark = pytest.mark.integration
VALUE = '{"host": "db"}'


def test_a_secret_without_a_value_is_told_apart_from_one_that_is_not_there(aws: str) -> None:
    clients, name = Clients.from_environment(), f"lake/{uuid.uuid4().hex}"
    with pytest.raises(
        ConfigurationError, match=f"^there is no secret {name}; create it or correct the job's argument$"
    ):
        read_secret(clients, name)
    clients.secretsmanager.create_secret(Name=name)
    with pytest.raises(
        ConfigurationError, match=f"^the secret {name} has no value yet; store a JSON object with host, port, dbname"
    ):
        read_secret(clients, name)
    clients.secretsmanager.put_secret_value(SecretId=name, SecretString=VALUE)
    assert read_secret(clients, name) == {"host": "db"}
