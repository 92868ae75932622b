"""A server, or what is between, that lets in and then takes every question and never answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress

import psycopg2
import pytest

from tests.integration.capture.conftest import create_tables
from tests.integration.doctor.conftest import TABLES, Patient
from totelake.contracts import load_contracts
from totelake.doctor import connection
from totelake.doctor.finding import BROKEN, NOT_CHECKED, OK
from totelake.doctor.source import look_at_source
from totelake.doctor.warehouse import look_at_warehouse
from totelake.ports.postgres_address import PostgresAddress

pytestmark = pytest.mark.integration
# of PostgreSQL's protocol: ready for a query, no transaction open
_READY = b"Z\x00\x00\x00\x05I"


@contextmanager
def falling_silent(server: tuple[str, int], after: int) -> Iterator[int]:
    """A proxy that passes so many answers on, that of the login counted, and then none; its port."""
    with ExitStack() as held:
        door = held.enter_context(socket.create_server(("127.0.0.1", 0)))

        def serve() -> None:
            with suppress(OSError):
                client = held.enter_context(door.accept()[0])
                behind = held.enter_context(socket.create_connection(server))
                threading.Thread(target=listen, args=(client, behind), daemon=True).start()
                answers = 0
                while data := behind.recv(65536):
                    if answers < after:
                        client.sendall(data)
                    answers += data.count(_READY)

        def listen(client: socket.socket, behind: socket.socket) -> None:
            with suppress(OSError):
                while data := client.recv(65536):
                    behind.sendall(data)
                behind.shutdown(socket.SHUT_RDWR)

        threading.Thread(target=serve, daemon=True).start()
        yield int(door.getsockname()[1])


def behind(patient: Patient, dsn: str, port: int) -> PostgresAddress:
    """The database by the proxy."""
    return patient.address(dsn, host="127.0.0.1", port=port)


@pytest.mark.parametrize("after", [1, 2, 4], ids=["after the login", "after the first look", "later"])
def test_a_source_that_falls_silent(after: int, patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    dsn = patient.postgres.new_database()
    with closing(psycopg2.connect(dsn)) as owner, owner:
        create_tables(owner.cursor())
    monkeypatch.setattr(connection, "_SECONDS", 1.0)
    with falling_silent(("127.0.0.1", patient.postgres.port), after) as port:
        found = look_at_source("shop", lambda: behind(patient, dsn, port), TABLES)
    outcomes = [item.outcome for item in found]
    (broken,) = [item for item in found if item.outcome == BROKEN]
    place = found.index(broken)
    assert (outcomes[:place], outcomes[place + 1 :]) == ([OK] * place, [NOT_CHECKED] * (6 - place))
    assert f"at 127.0.0.1:{port} gave {patient.role} no answer within" in broken.detail
    assert broken.remedy
    assert (broken.check == "connection") == (after == 1)


def test_a_warehouse_that_falls_silent(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    dsn = patient.postgres.new_database()
    monkeypatch.setattr(connection, "_SECONDS", 1.0)
    with falling_silent(("127.0.0.1", patient.postgres.port), 2) as port:
        found = look_at_warehouse(lambda: behind(patient, dsn, port), load_contracts())
    assert [item.outcome for item in found] == [OK, BROKEN, NOT_CHECKED, NOT_CHECKED, NOT_CHECKED]
