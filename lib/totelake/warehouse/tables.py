"""The warehouse's tables made from where people are: by psycopg2, in a session as a load has it, and never for ever."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection

from totelake.contracts import Contracts
from totelake.errors import NoAnswerError, RetriableError, TotelakeError, WarehouseError
from totelake.ports.postgres import open_dsn
from totelake.ports.postgres_limits import answering
from totelake.ports.sqlstates import WAREHOUSE, cause_of
from totelake.warehouse import session
from totelake.warehouse.ddl import HOLDER, TRY_LOCK, statements

# seconds: for the answer to one statement, which may itself wait a minute for a lock; for a load's transaction
_ANSWER, _TURN, _POLL = 120.0, 600.0, 0.2
_RELATIONS = """SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'v') AND n.nspname IN ('star', 'etl')"""


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
                f"the warehouse gave no answer within {_ANSWER:.0f} s while its tables were made; see that the server "
                "is up (pg_stat_activity, its log) and what is between (a firewall, a paused pooler), and deploy again"
            )


def relations(dsn: str) -> frozenset[str]:
    """The tables and views that the warehouse has. Raises WarehouseError when it cannot be reached."""
    with open_dsn(dsn, options=session.OPTIONS) as connection:
        return frozenset(row[0] for row in Asked(connection).rows(_RELATIONS))


def create(dsn: str, contracts: Contracts) -> None:
    """Create what is missing, in one transaction of a session as a load has it, after a load which is under way.

    Raises WarehouseError when the warehouse cannot be reached or the role may not, RetriableError for what may pass,
    NoAnswerError when the server is silent.
    """
    with open_dsn(dsn, options=session.OPTIONS) as connection:
        asked = Asked(connection)
        session.refuse_other("the warehouse", asked.rows(session.QUERY)[0])
        _wait_for_turn(asked)
        for statement in statements(contracts):
            asked.run(statement)
        asked.commit()


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
    return kind(f"the warehouse's tables cannot be created: {said}; {remedy}")
