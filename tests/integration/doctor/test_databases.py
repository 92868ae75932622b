"""Sources and warehouses on a real server, one of each kind of obstacle."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import psycopg2
import pytest

from tests.integration.doctor.conftest import TABLES, Patient, said
from totelake.contracts import load_contracts
from totelake.doctor import source
from totelake.doctor.finding import NOT_CHECKED
from totelake.doctor.source import look_at_source
from totelake.doctor.warehouse import look_at_warehouse
from totelake.runtime.outcome import OK, PROBLEM, WARNING
from totelake.warehouse import tables

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
        (["GRANT UPDATE (first_name) ON staff TO {role}"], WARNING, "role", "may change public.staff"),
        (["GRANT TRUNCATE ON staff TO {role}"], WARNING, "role", "may change public.staff"),
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
    for found in (patient.warehouse(), patient.deployed()):
        assert [(finding.check, finding.outcome) for finding in found] == [
            ("connection", OK), ("session", OK), ("role", OK), ("rights", OK), ("tables", OK),
        ]  # fmt: skip


_TRIGGER = (
    "CREATE FUNCTION public.no() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'no DDL here'; END$$"
)


def forbids(tag: str) -> list[str]:
    """Statements after which a command cannot be run in a database."""
    event = f"CREATE EVENT TRIGGER no ON ddl_command_start WHEN TAG IN ('{tag}') EXECUTE FUNCTION public.no()"
    return [_TRIGGER, event]


_BATCH = (
    "INSERT INTO etl.batch (target_table, source, batch, commit_number, rows, deletions, quarantined, held,"
    " captured_at) VALUES ('dim_design', 'totesys', 1, 1, 1, 0, 0, 0, now())"
)


@pytest.mark.parametrize(
    ("statements", "outcome", "check", "words"),
    [
        (["ALTER SCHEMA etl OWNER TO CURRENT_USER"], PROBLEM, "rights", "GRANT USAGE, CREATE ON SCHEMA etl"),
        (["ALTER TABLE star.dim_date OWNER TO CURRENT_USER"], PROBLEM, "tables", "does not own star.dim_date"),
        (["ALTER ROLE {role} SUPERUSER"], WARNING, "role", "is a superuser"),
        (["ALTER ROLE {role} CONNECTION LIMIT 2"], PROBLEM, "role", "may have 2 connections"),
        (["ALTER ROLE {role} CONNECTION LIMIT 4"], PROBLEM, "role", "may have 4 connections"),
        (["ALTER DATABASE {} CONNECTION LIMIT 2"], PROBLEM, "role", "takes 2 connections"),
        (["ALTER ROLE {role} VALID UNTIL 'tomorrow'"], WARNING, "role", "the password of"),
        (["DROP TABLE star.dim_design CASCADE"], WARNING, "tables", "make star.dim_design"),
        ([_BATCH, "DROP TABLE star.dim_design CASCADE"], PROBLEM, "tables", "star.dim_design is gone, with rows"),
        ([_BATCH, "DROP TABLE etl.deletion CASCADE"], PROBLEM, "tables", "etl.deletion is gone, with rows"),
        ([_BATCH, "DROP TABLE etl.replay"], WARNING, "tables", "make etl.replay"),
        (["ALTER TABLE star.dim_design DROP file_name CASCADE"], WARNING, "tables", "star.dim_design: add file_name"),
        (["ALTER TABLE etl.batch DROP target_table"], PROBLEM, "tables", "etl.batch has no column target_table"),
        (
            ["DROP TABLE star.dim_design CASCADE", "CREATE VIEW star.dim_design AS SELECT 1 AS a",
             "ALTER VIEW star.dim_design OWNER TO {role}"],
            PROBLEM, "tables", "star.dim_design is no table",
        ),
        (["REVOKE ALL ON star.dim_design FROM {role}"], PROBLEM, "tables", "GRANT SELECT, INSERT, UPDATE ON star.dim"),
        (["REVOKE ALL ON ALL SEQUENCES IN SCHEMA star FROM {role}"], PROBLEM, "tables", "GRANT USAGE ON SEQUENCE"),
        (
            ["ALTER TABLE star.dim_design ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"],
            PROBLEM, "tables", "policies hide rows of star.dim_design",
        ),
        *(
            (forbids(tag), PROBLEM, "rights", f"cannot run {tag}: no DDL here")
            for tag in ("CREATE TABLE", "CREATE VIEW", "CREATE INDEX", "DROP TABLE")
        ),
    ],
)  # fmt: skip
def test_a_warehouse_with_an_obstacle(
    statements: list[str], outcome: str, check: str, words: str, patient: Patient
) -> None:
    found = patient.deployed(*statements)
    told = said(found, PROBLEM) + said(found, WARNING)
    assert {name for name, _ in told} == {check}
    assert [words in sentence for _, sentence in said(found, outcome)][:1] == [True]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW star.my_report AS SELECT 1 AS a",
        "CREATE TABLE star.notes (a int)",
        "CREATE TABLE staging.mine (a int)",
        "ALTER TABLE star.dim_design ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE star.dim_design ADD of_somebody text",
    ],
)
def test_what_somebody_has_beside_it_is_no_obstacle(statement: str, patient: Patient) -> None:
    found = patient.deployed(statement)
    assert said(found, PROBLEM) == said(found, WARNING) == []


def test_a_look_at_a_warehouse_leaves_nothing(patient: Patient) -> None:
    dsn = patient.postgres.new_database()
    patient.run(dsn, f"GRANT CREATE ON DATABASE {dsn.rsplit('/', 1)[1]} TO {patient.role}")
    look_at_warehouse(lambda: patient.address(dsn), load_contracts())
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname IN ('star', 'etl', 'staging')")
        assert cursor.fetchall() == [(0,)]


def test_a_warehouse_in_which_no_schema_can_be_made(patient: Patient) -> None:
    dsn = patient.postgres.new_database()
    found = look_at_warehouse(lambda: patient.address(dsn), load_contracts())
    name = dsn.rsplit("/", 1)[1]
    ((_, sentence),) = said(found, PROBLEM)
    assert f"GRANT CREATE ON DATABASE {name} TO {patient.role}" in sentence
    patient.run(dsn, f"GRANT CREATE ON DATABASE {name} TO {patient.role}")
    # the remedy is enough
    tables.create(patient.dsn(name), load_contracts())
    assert said(look_at_warehouse(lambda: patient.address(dsn), load_contracts()), PROBLEM) == []


def test_a_warehouse_in_another_encoding(patient: Patient) -> None:
    ((check, sentence),) = said(patient.warehouse(encoding="LATIN1"), PROBLEM)
    assert (check, "has the encoding LATIN1" in sentence) == ("session", True)


def test_what_a_role_sets_for_every_session_is_no_obstacle(patient: Patient) -> None:
    found = patient.warehouse("ALTER ROLE {role} SET statement_timeout = '50ms'")
    assert said(found, PROBLEM) == []
