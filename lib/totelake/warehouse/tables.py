"""The warehouse brought to the contracts from where people are: by psycopg2, in a session as a load has it, and never
for ever."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg2
from psycopg2.errors import LockNotAvailable
from psycopg2.extensions import connection as Connection

from totelake.contracts import Contracts
from totelake.errors import NoAnswerError, RetriableError, TotelakeError, WarehouseError
from totelake.ports.postgres import open_dsn
from totelake.ports.postgres_limits import answering
from totelake.ports.sqlstates import WAREHOUSE, cause_of
from totelake.warehouse import migrate, session
from totelake.warehouse.compare import Migration
from totelake.warehouse.ddl import ETL, HOLDER, STAR, TRY_LOCK

# seconds: for the answer to one statement, which may write a whole table anew; for a load's transaction
_ANSWER, _TURN, _POLL = 600.0, 600.0, 0.2
# the sessions that hold a lock on one of our tables or views
_READERS = f"""SELECT DISTINCT a.pid, a.application_name FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
  JOIN pg_class AS c ON c.oid = l.relation JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE l.granted AND l.pid <> pg_backend_pid() AND n.nspname IN ('{STAR}', '{ETL}')
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1"""


class Asked:
    """A connection by which every statement has an answer in time, or fails."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def run(self, statement: str) -> None:
        """A statement whose rows nobody wants."""
        with self._limited(), self._connection.cursor() as cursor:
            cursor.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._limited(), self._connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    def commit(self) -> None:
        """End the transaction: everything in it becomes visible."""
        with self._limited():
            self._connection.commit()

    def rollback(self) -> None:
        """End the transaction: nothing of it happened."""
        with self._limited():
            self._connection.rollback()

    @contextmanager
    def _limited(self) -> Iterator[None]:
        with answering(self._connection, _ANSWER) as silent:
            try:
                yield
            except psycopg2.Error as error:
                if not silent:
                    raise _refused(error, self._connection.info.user) from error
        if silent:
            raise NoAnswerError(
                f"the warehouse gave no answer within {_ANSWER:.0f} s while its tables were made or changed; see "
                "that the server is up (pg_stat_activity, its log) and what is between (a firewall, a paused pooler), "
                "and deploy again"
            )


def create(dsn: str, contracts: Contracts) -> Migration:
    """Create what is missing and change what the contracts have otherwise; what was done.

    It is one transaction of a session as a load has it, after a load which is under way.

    Raises WarehouseError when the warehouse cannot be reached, the role may not, or something would lose values or
    fail on rows: then nothing is changed. RetriableError for what may pass, NoAnswerError when the server is silent.
    """
    with open_dsn(dsn, options=session.OPTIONS) as connection:
        asked = Asked(connection)
        session.refuse_other("the warehouse", asked.rows(session.QUERY)[0])
        _wait_for_turn(asked)
        found = migrate.migration(asked, contracts)
        if found.refusals:
            reasons = "; ".join(map(str, found.refusals))
            raise WarehouseError(f"the warehouse cannot follow the contracts, and nothing was changed: {reasons}")
        try:
            migrate.perform(asked, found.steps)
        except RetriableError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            asked.rollback()
            raise RetriableError(_locked(asked.rows(_READERS))) from error
        asked.commit()
    return found


def _locked(readers: Sequence[tuple[Any, ...]]) -> str:
    """That others hold a lock, and who does; nobody when they have just ended."""
    by = ", ".join(f"session {pid} ({application or 'of no name'})" for pid, application in readers)
    end = "; ".join(f"SELECT pg_terminate_backend({pid})" for pid, _ in readers)
    return (
        f"the warehouse's tables were locked for {migrate.LOCK_WAIT} s{f' by {by}' if by else ''}, and nothing was "
        f"changed; deploy again when that has ended{f', or end it: {end}' if end else ''}"
    )


def _wait_for_turn(asked: Asked) -> None:
    """Take the lock for the transaction; asks again and again, as Ctrl-C does not end a wait inside of libpq."""
    end = time.monotonic() + _TURN
    while not asked.rows(TRY_LOCK)[0][0]:
        if time.monotonic() >= end:
            raise RetriableError(
                f"a load has kept the warehouse's tables for {_TURN / 60:.0f} minutes{_holder(asked)}; deploy again "
                "when it has ended (`totelake runs`)"
            )
        time.sleep(_POLL)


def _holder(asked: Asked) -> str:
    """Who has the lock, and how that is ended; nothing when it has just ended."""
    found = asked.rows(HOLDER)
    if not found:
        return ""
    pid, application = found[0]
    return f" (session {pid}, {application or 'of no name'}; if no run owns it: SELECT pg_terminate_backend({pid}))"


def _refused(error: psycopg2.Error, role: str) -> TotelakeError:
    said = " ".join(str(error).split())
    cause = cause_of(error.pgcode or "", said, WAREHOUSE)
    remedy = cause.remedy.format(role=role) if cause else "see the server's log"
    kind = RetriableError if cause and cause.passes else WarehouseError
    return kind(f"the warehouse's tables cannot be created or changed: {said}; {remedy}")
