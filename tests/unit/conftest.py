"""The unit tests use no server: its fixtures are errors here, and whatever connects to anything fails."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import psycopg2
import pytest

ADVICE = "tests/unit uses no server; move this test to tests/integration"


def _refuse(*_: object, **__: object) -> None:
    pytest.fail(ADVICE)


@pytest.fixture(scope="package", autouse=True)
def no_network() -> Iterator[None]:
    """Connections fail the test, and boto3 looks for no credentials in the network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", _refuse)
        patch.setattr(socket.socket, "connect_ex", _refuse)
        patch.setattr(psycopg2, "_connect", _refuse)  # libpq opens its sockets itself
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture
def postgres() -> None:
    """No PostgreSQL here."""
    pytest.fail(ADVICE)


@pytest.fixture
def moto_endpoint() -> None:
    """No moto here."""
    pytest.fail(ADVICE)


@pytest.fixture
def aws() -> None:
    """No AWS endpoint here."""
    pytest.fail(ADVICE)


@pytest.fixture
def localglue_endpoint() -> None:
    """No localglue here."""
    pytest.fail(ADVICE)


@pytest.fixture
def spark() -> None:
    """No Spark here."""
    pytest.fail(ADVICE)


@pytest.fixture
def stack() -> None:
    """No stack here."""
    pytest.fail(ADVICE)
