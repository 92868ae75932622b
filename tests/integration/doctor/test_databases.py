"""Sources and warehouses on a real server, one of each kind of obstacle."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.integration.doctor.conftest import TABLES, Patient, said
from totelake.contracts import load_contracts
from totelake.doctor import source
from totelake.doctor.finding import NOT_CHECKED, OK, PROBLEM, WARNING
from totelake.doctor.source import look_at_source
from totelake.doctor.warehouse import look_at_warehouse
from totelake.warehouse import ddl

pytestmark = pytest.mark.integration


def test_a_source_that_is_well(patient: Patient) -> None:
    found = patient.source()
    assert said(found, PROBLEM) == said(found, WARNING) == []
    assert [finding.check for finding in found] == [
        "connection", "server", "role", "settings", "encoding", "open transactions", "tables",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("statements", "outcome", "check", "words"),
    [
        (["ALTER ROLE {role} SUPERUSER"], WARNING, "role", "is a superuser"),
        (["GRANT INSERT ON staff TO {role}"], WARNING, "role", "may change public.staff"),
        (["ALTER ROLE {role} CONNECTION LIMIT 1"], WARNING, "role", "may have 1 connections"),
        (["ALTER ROLE {role} VALID UNTIL 'tomorrow'"], WARNING, "role", "the password of"),
        (["ALTER ROLE {role} SET statement_timeout = '50ms'"], OK, "settings", "statement_timeout: set for every"),
        (["REVOKE SELECT ON staff FROM {role}"], PROBLEM, "tables", "GRANT SELECT ON public.staff TO"),
        (["REVOKE USAGE ON SCHEMA public FROM PUBLIC"], PROBLEM, "tables", "USAGE on their schema"),
        (["ALTER TABLE staff ENABLE ROW LEVEL SECURITY"], PROBLEM, "tables", "(BYPASSRLS)"),
        (["ALTER TABLE staff SET UNLOGGED"], PROBLEM, "tables", "SET LOGGED"),
        (["DROP TABLE staff"], PROBLEM, "tables", "has no public.staff"),
        (
            ["REVOKE SELECT ON staff FROM {role}", "GRANT SELECT (staff_id, first_name, last_name, department_id,"
             " email_address, created_at, last_updated) ON staff TO {role}"],
            WARNING, "tables", "public.staff: its role may read columns only",
        ),
    ],
)  # fmt: skip
def test_a_source_with_an_obstacle(
    statements: list[str], outcome: str, check: str, words: str, patient: Patient
) -> None:
    found = patient.source(*statements)
    told = [sentence for name, sentence in said(found, outcome) if name == check]
    assert len(told) == 1 and words in told[0]
    others = [item for item in said(found, PROBLEM) + said(found, WARNING) if item != (check, told[0])]
    assert others == []


def test_a_source_of_bytes_without_an_encoding(patient: Patient) -> None:
    found = patient.source(encoding="SQL_ASCII")
    assert [check for check, _ in said(found, WARNING)] == ["encoding"]


@pytest.mark.parametrize(
    ("values", "words"),
    [({"password": "wrong"}, "correct username and password"), ({"port": 1}, "see that the server is up")],
)
def test_a_source_that_lets_nobody_in(values: dict[str, Any], words: str, patient: Patient) -> None:
    dsn = patient.postgres.new_database()
    found = look_at_source("shop", lambda: patient.address(dsn, **values), TABLES, ", or ask elsewhere")
    ((check, sentence),) = said(found, PROBLEM)
    assert (check, words in sentence, sentence.endswith(", or ask elsewhere")) == ("connection", True, True)
    assert len(said(found, NOT_CHECKED)) == len(found) - 1 == 6


def test_a_standby_that_cancels_what_is_read(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    known = source.read_identity
    monkeypatch.setattr(source, "read_identity", lambda session: replace(known(session), in_recovery=True))
    ((check, sentence),) = said(patient.source(), WARNING)
    assert (check, "hot_standby_feedback = on" in sentence) == ("server", True)


def test_a_warehouse_that_is_well(patient: Patient) -> None:
    found = patient.warehouse()
    assert [(finding.check, finding.outcome) for finding in found] == [
        ("connection", OK), ("session", OK), ("rights", OK),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("statements", "outcome", "words"),
    [
        (["CREATE SCHEMA etl"], PROBLEM, "GRANT USAGE, CREATE ON SCHEMA etl"),
        (
            ["CREATE SCHEMA star", "GRANT USAGE, CREATE ON SCHEMA star TO {role}", "CREATE TABLE star.dim_date ()"],
            PROBLEM, "does not own star.dim_date",
        ),
        (["ALTER ROLE {role} SUPERUSER"], WARNING, "is a superuser"),
    ],
)  # fmt: skip
def test_a_warehouse_with_an_obstacle(statements: list[str], outcome: str, words: str, patient: Patient) -> None:
    ((check, sentence),) = said(patient.warehouse(*statements), outcome)
    assert (check, words in sentence) == ("rights", True)


def test_a_warehouse_in_which_no_schema_can_be_made(patient: Patient) -> None:
    dsn = patient.postgres.new_database()
    found = look_at_warehouse(lambda: patient.address(dsn))
    name = dsn.rsplit("/", 1)[1]
    ((_, sentence),) = said(found, PROBLEM)
    assert f"GRANT CREATE ON DATABASE {name} TO {patient.role}" in sentence
    patient.run(dsn, f"GRANT CREATE ON DATABASE {name} TO {patient.role}")
    # the remedy is enough
    ddl.create(f"postgresql://{patient.role}:of%20the%20doctor%27s%20patient@127.0.0.1:{patient.postgres.port}/{name}",
               load_contracts())  # fmt: skip
    assert said(look_at_warehouse(lambda: patient.address(dsn)), PROBLEM) == []


def test_a_warehouse_in_another_encoding(patient: Patient) -> None:
    ((check, sentence),) = said(patient.warehouse(encoding="LATIN1"), PROBLEM)
    assert (check, "has the encoding LATIN1" in sentence) == ("session", True)


def test_what_a_role_sets_for_every_session_is_no_obstacle(patient: Patient) -> None:
    found = patient.warehouse("ALTER ROLE {role} SET statement_timeout = '50ms'")
    assert said(found, PROBLEM) == []
