"""What PostgreSQL, libpq and poolers report becomes a sentence that says what to do, and never shows the password."""

from __future__ import annotations

from typing import Any

import psycopg2
import pytest

from tests.unit.ports.test_postgres import ADDRESS, NAME
from totelake.errors import RetriableError, SourceError, TotelakeError
from totelake.ports import postgres, sqlstates
from totelake.ports.postgres_errors import StandbyConflictError, connection_error
from totelake.ports.sqlstates import SOURCE, WAREHOUSE, Cause, cause_of, cause_of_connecting


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ('FATAL:  database "totesys" does not exist', "does not exist; create it or correct dbname in the secret"),
        ('FATAL:  role "reader" does not exist', "has no role reader; create it or correct username in the secret"),
        (
            'FATAL:  role "reader" is not permitted to log in',
            'refuses: FATAL: role "reader" is not permitted to log in; ALTER ROLE reader LOGIN, or correct username in '
            "the secret",
        ),
        (
            'server certificate for "x" does not match host name "db"',
            'is not trusted: server certificate for "x" does not match host name "db"; correct host or sslrootcert in '
            "the secret",
        ),
        ("what nobody\nknows", "cannot be reached as reader: what nobody knows; see the secret's values"),
        (
            "FATAL:  password authentication failed, hunter2",
            "refuses the role reader: FATAL: password authentication failed, ***; correct username and password in the "
            "secret; if they are right, the password has ended: ALTER ROLE reader VALID UNTIL 'infinity'",
        ),
    ],
)
def test_a_failed_connection_says_what_to_correct(said: str, sentence: str) -> None:
    found = connection_error(ADDRESS, said)
    assert (type(found), str(found)) == (SourceError, f"{NAME} {sentence}")


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("fe_sendauth: no password supplied", "store the password in the secret"),
        ('FATAL: LDAP authentication failed for user "reader"', "correct username and password in the secret, or the"),
        ('permission denied for database "shop"', "GRANT CONNECT ON the database TO reader"),
        ('FATAL: database "shop" is not currently accepting connections', "ALTER DATABASE ... ALLOW_CONNECTIONS true"),
        ("pg_hba.conf rejects connection for host", "let the server's pg_hba.conf admit this client"),
        ("no pg_hba.conf entry for host", "let the server's pg_hba.conf admit this client, or set sslmode in the"),
    ],
)
def test_a_refusal_of_the_role_has_its_remedy(said: str, remedy: str) -> None:
    found = str(connection_error(ADDRESS, said))
    assert found.startswith(f"{NAME} refuses the role reader: {said}; {remedy}")


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("ERROR: unsupported startup parameter: options", "add it to the pooler's ignore_startup_parameters, or name"),
        ('could not translate host name "db"', "correct the host in the secret"),
        ("invalid sslmode value", "set sslmode in the secret to one that libpq knows and the server offers"),
        ("SSL error: unexpected eof", "correct sslmode and sslrootcert in the secret"),
    ],
)
def test_a_server_that_is_out_of_reach_has_its_remedy(said: str, remedy: str) -> None:
    found = connection_error(ADDRESS, said)
    assert type(found) is SourceError
    assert str(found).startswith(f"{NAME} cannot be reached as reader: {said}; {remedy}")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ('connection to server at "ssl.db" failed: Connection refused', None),
        ("timeout expired", None),
        ("No route to host", None),
        ("server closed the connection unexpectedly", "08006"),
        ("SSL SYSCALL error: EOF detected", "08006"),
        ("FATAL: too many connections for role", "53300"),
        ("FATAL: sorry, too many clients already", "53300"),
        ("remaining connection slots are reserved", "53300"),
        ("the database system is starting up", "57P03"),
        ("FATAL: query_wait_timeout", "08P01"),
        ("FATAL: no more connections allowed (max_client_conn)", "08P01"),
    ],
)
def test_what_may_pass_does_so_at_the_connection_on_an_open_one_and_for_jdbc(said: str, code: str | None) -> None:
    connecting = connection_error(ADDRESS, said)
    assert type(connecting) is RetriableError and "run the job again" in str(connecting)
    if code is None:
        return
    remedy = str(connecting).rsplit("; ", 1)[1]
    with pytest.raises(RetriableError, match=f"; {remedy}$"), postgres.speaking(ADDRESS):
        raise server_error(code, said)
    jdbc = cause_of(code, said, WAREHOUSE)
    assert jdbc is not None and jdbc.passes and jdbc.remedy == remedy


@pytest.mark.parametrize("side", [SOURCE, WAREHOUSE, ""])
def test_a_cause_says_to_run_again_only_where_it_passes(side: str) -> None:
    codes = {*sqlstates._CAUSES, *sqlstates._MISSING[SOURCE]}
    words = [words for words, _ in (*sqlstates._POOLER, *sqlstates._CONNECTING)]
    found = [cause_of(code, "", side) for code in codes] + [cause_of_connecting(said) for said in words]
    for cause in found:
        assert cause is None or ("run the job again" in cause.remedy) == cause.passes


@pytest.mark.parametrize("code", ["42703", "42P01"])
def test_what_is_missing_is_the_sources_change_or_the_warehouses_fault(code: str) -> None:
    source, warehouse = cause_of(code, "no", SOURCE), cause_of(code, "no", WAREHOUSE)
    assert source == Cause(True, "the schema changed meanwhile; run the job again")
    assert warehouse is not None and not warehouse.passes and "schema changed" not in warehouse.remedy
    assert cause_of(code, "no") is None


def server_error(code: str | None, said: str = "no") -> psycopg2.Error:
    """An error as an open connection raises it."""
    kind: Any = type("Said", (psycopg2.Error,), {"pgcode": code})
    error: psycopg2.Error = kind(said)
    return error


@pytest.mark.parametrize(
    ("code", "said", "kind", "sentence"),
    [
        ("42501", "permission denied", SourceError, f"{NAME}: permission denied; grant it to reader"),
        ("42501", "query would be affected by row-level security", SourceError,
         f"{NAME}: query would be affected by row-level security; a policy would hide rows: exempt reader from it "
         "(BYPASSRLS)"),
        ("42P01", "no table", RetriableError, f"{NAME}: no table; the schema changed meanwhile; run the job again"),
        ("42703", "no column", RetriableError, f"{NAME}: no column; the schema changed meanwhile; run the job again"),
        ("XX000", "broken", SourceError, f"{NAME} answered XX000: broken; see the server's log"),
        ("XX001", "invalid page", SourceError,
         f"{NAME}: invalid page; the table is damaged: find out with pg_amcheck, and restore it from a backup"),
        ("58030", "I/O error", SourceError, f"{NAME}: I/O error; see the server's disks and its log"),
        ("08P01", "transaction blocks not allowed in statement pooling mode", SourceError,
         f"{NAME}: transaction blocks not allowed in statement pooling mode; set pool_mode = transaction for this "
         "database, or name the server itself"),
        ("40001", "conflict with recovery", StandbyConflictError,
         f"{NAME} cancelled what was read: conflict with recovery; on the standby raise max_standby_streaming_delay "
         "(max_standby_archive_delay) or set hot_standby_feedback = on, or name the primary in the secret"),
    ],
)  # fmt: skip
def test_an_error_of_an_open_connection_says_whether_to_try_again(
    code: str | None, said: str, kind: type[TotelakeError], sentence: str
) -> None:
    with pytest.raises(kind) as raised, postgres.speaking(ADDRESS):
        raise server_error(code, said)
    assert str(raised.value) == sentence


@pytest.mark.parametrize(
    ("codes", "remedy"),
    [
        (("08006", "08003", None), "see that the server and the way to it are up, and run the job again"),
        (("25P03",), "ALTER ROLE reader SET idle_in_transaction_session_timeout = 0, and run the job again"),
        (("25P04",), "ALTER ROLE reader SET transaction_timeout = 0, and run the job again"),
        (("53100",), "make room on the server's disk, and run the job again"),
        (
            ("53200",),
            "give the server more memory, more locks (max_locks_per_transaction and a restart) or fewer sessions, and "
            "run the job again",
        ),
        (("53300",), "raise the limit of connections or wait until some are free, and run the job again"),
        (("55P03",), "run the job again when the lock is free"),
        (("57014",), "somebody or a time-out cancelled the query; see what made it slow, and run the job again"),
        (("57P01",), "somebody ended the connection or shut the server down; run the job again when it is up"),
        (("57P02",), "the server crashed; see its log, and run the job again when it has recovered"),
        (("57P03",), "run the job again when the server is ready"),
        (("57P05",), "ALTER ROLE reader SET idle_session_timeout = 0, and run the job again"),
    ],
)
def test_what_may_pass_has_a_remedy_of_its_own(codes: tuple[str | None, ...], remedy: str) -> None:
    for code in codes:
        with pytest.raises(RetriableError) as raised, postgres.speaking(ADDRESS):
            raise server_error(code, "gone")
        assert str(raised.value) == f"{NAME}: gone; {remedy}"


def test_the_password_is_never_shown() -> None:
    assert "hunter2" not in repr(ADDRESS) and "hunter2" not in str(ADDRESS)
    with pytest.raises(SourceError) as raised, postgres.speaking(ADDRESS):
        raise server_error("XX000", "SELECT 'hunter2'")
    assert "hunter2" not in str(raised.value)
