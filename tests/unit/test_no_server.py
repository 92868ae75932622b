"""What keeps servers out of the unit tests."""

from __future__ import annotations

import socket

import psycopg2
import pytest

from tests import conftest
from tests.unit.conftest import ADVICE

SERVERS = ("postgres", "moto_endpoint", "aws", "localglue_endpoint", "spark", "stack")


@pytest.mark.parametrize("name", SERVERS)
def test_the_fixture_of_a_server_is_an_error(name: str, request: pytest.FixtureRequest) -> None:
    assert hasattr(conftest, name)
    with pytest.raises(pytest.fail.Exception, match=ADVICE):
        request.getfixturevalue(name)


@pytest.mark.parametrize("connect", ["connect", "connect_ex"])
def test_a_socket_that_connects_fails_the_test(connect: str) -> None:
    with socket.socket() as client, pytest.raises(pytest.fail.Exception, match=ADVICE):
        getattr(client, connect)(("127.0.0.1", 9))


def test_a_connection_to_postgresql_fails_the_test() -> None:
    with pytest.raises(pytest.fail.Exception, match=ADVICE):
        psycopg2.connect("host=127.0.0.1 port=9 dbname=none")
