"""A server, or what is between, that lets in and then takes every question and never answers."""

from __future__ import annotations

from contextlib import closing

import psycopg2
import pytest

from tests.integration.capture.conftest import create_tables
from tests.integration.doctor.conftest import TABLES, Patient
from tests.silence import falling_silent
from totelake.contracts import load_contracts
from totelake.doctor import connection
from totelake.doctor.finding import BROKEN, NOT_CHECKED
from totelake.doctor.source import look_at_source
from totelake.doctor.warehouse import look_at_warehouse
from totelake.ports.postgres_address import PostgresAddress
from totelake.runtime.outcome import OK

pytestmark = pytest.mark.integration


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
