"""A source, by the role of its secret: whether its tables can be captured, by the rules of the capture itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Callable

from totelake.capture.postgres.column_grants import WHY, columns_only
from totelake.capture.postgres.server import position_remedy, read_identity, refused_functions, tells_position
from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import blocked_tables
from totelake.contracts.model import Table
from totelake.doctor.connection import Opened
from totelake.doctor.finding import Finding, Look, examine, some
from totelake.doctor.role_limits import LIMITS, Limits, judge_limits
from totelake.lake.records.batch import BlockedTable, ServerIdentity
from totelake.ports.postgres_address import PostgresAddress
from totelake.runtime.outcome import Result, ok, told, warning

_SCRIPT = "lib/totelake/roles/source_reader.sql"
_CONNECTIONS = 3
_AT_ONCE = "ingestion, watch and a person make three"
_LONG_HOURS = 1
_ROLE = """
SELECT session_user::text, current_user::text, r.rolsuper,
       ARRAY(SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE (n.nspname::text, c.relname::text) IN %s
               AND (has_table_privilege(c.oid, 'DELETE, TRUNCATE')
                    OR has_any_column_privilege(c.oid, 'INSERT, UPDATE')) ORDER BY 1)
FROM pg_roles r WHERE r.rolname = current_user
"""
_SETTINGS = """
SELECT DISTINCT split_part(item, '=', 1) FROM pg_db_role_setting s
LEFT JOIN pg_database d ON d.oid = s.setdatabase LEFT JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) AS item
WHERE coalesce(d.datname = current_database(), true) AND coalesce(r.rolname = session_user, true) ORDER BY 1
"""
_STANDBY = (
    "SELECT current_setting('hot_standby_feedback') = 'on', current_setting('max_standby_streaming_delay'),"
    " current_setting('max_standby_archive_delay')"
)
_OPEN = f"""
SELECT (SELECT count(*) FROM pg_prepared_xacts WHERE prepared < now() - interval '{_LONG_HOURS} hour'),
       (SELECT count(*) FROM pg_stat_activity
        WHERE xact_start < now() - interval '{_LONG_HOURS} hour' AND backend_type = 'client backend')
"""


@dataclass(frozen=True)
class Role:
    """Who reads; `changes` are the tables that it may change, or some of their columns."""

    session: str
    current: str
    is_superuser: bool
    changes: Sequence[str]


def look_at_source(
    name: str, read: Callable[[], PostgresAddress], tables: Sequence[Table], more: str = ""
) -> list[Finding]:
    """Everything of one source. `more` is added to the remedy when no connection can be had."""
    with ExitStack() as held:
        source = Opened(read, held, more)

        def asked(look: Callable[[Session], Iterator[Result]]) -> Look:
            return lambda: source.ask(lambda connection: look(Session(connection)))

        return examine(
            f"source {name}",
            (
                ("connection", source.connect),
                ("server", asked(server)),
                ("role", asked(partial(role, tables))),
                ("settings", asked(settings)),
                ("encoding", asked(encoding)),
                ("open transactions", asked(open_transactions)),
                ("tables", asked(partial(captured, tables))),
            ),
        )


def server(session: Session) -> Iterator[Result]:
    """A primary or a standby, and whether it tells its position. Raises SourceError for a standby that does not."""
    identity = read_identity(session)
    yield from judge_server(identity, position_remedy(session), refused_functions(session))
    if identity.in_recovery:
        feedback, *delays = session.row(_STANDBY)
        yield from judge_standby(feedback, delays)


def judge_server(identity: ServerIdentity, remedy: str, refused: Sequence[str]) -> Iterator[Result]:
    """The position in the log; `refused` are functions of it that the role may not execute."""
    if tells_position(identity) and refused:
        yield warning(
            f"the role may not execute {some(refused)}, with which ingestion waits for durable commits", remedy
        )
    elif tells_position(identity):
        yield ok(f"a {'standby' if identity.in_recovery else 'primary'} that tells its position in the log")
    else:
        yield warning(
            "the server does not tell its position in its log, so after each of its starts everything is compared",
            remedy,
        )


def judge_standby(feedback: bool, delays: Sequence[str]) -> Iterator[Result]:
    """Whether a standby may cancel what is read of it."""
    if feedback or set(delays) == {"-1"}:
        yield ok("the standby cancels nothing that a look reads")
    else:
        yield warning(
            f"the standby cancels a look that holds up its replay for longer than {' or '.join(dict.fromkeys(delays))}",
            "there set hot_standby_feedback = on, or raise max_standby_streaming_delay and max_standby_archive_delay",
        )


def role(tables: Sequence[Table], session: Session) -> Iterator[Result]:
    """The rights of the reading role."""
    names = tuple((table.schema, table.name) for table in tables)
    yield from judge_role(Role(*session.row(_ROLE, (names,))), Limits(*session.row(LIMITS)))


def judge_role(found: Role, limits: Limits) -> Iterator[Result]:
    """Rights beyond reading, a limit, an end."""
    other = "" if found.session == found.current else f", which works as {found.current}"
    doubts = [*_doubts(found), *judge_limits(limits, 1, _CONNECTIONS, _AT_ONCE)]
    yield from doubts or [ok(f"{found.session}{other} may read and change no table")]


def _doubts(found: Role) -> Iterator[Result]:
    narrower = f"make the reading role by {_SCRIPT}, and store it in the secret"
    if found.is_superuser:
        yield warning(f"{found.current} is a superuser, and ingestion has only to read", narrower)
    elif found.changes:
        yield warning(f"{found.current} may change {some(found.changes)}, and ingestion has only to read", narrower)


def settings(session: Session) -> Iterator[Result]:
    """What role and database set for every session."""
    names = [str(row[0]) for row in session.rows(_SETTINGS)]
    yield ok(f"{', '.join(names)}: set for every session; a look sets what it relies on itself" if names else "none")


def encoding(session: Session) -> Iterator[Result]:
    """Whether the database knows what its texts are."""
    yield from judge_encoding(session.encoding)


def judge_encoding(name: str) -> Iterator[Result]:
    """The database's encoding."""
    if name == "SQL_ASCII":
        yield warning(
            "the database has the encoding SQL_ASCII: a row whose bytes are no UTF-8 goes to quarantine",
            "move it to a database with ENCODING 'UTF8'",
        )
    else:
        yield ok(f"{name}, which is read as UTF-8" if name != "UTF8" else name)


def open_transactions(session: Session) -> Iterator[Result]:
    """Transactions that have been open for long: every run reads again what was written since."""
    yield from judge_transactions(*session.row(_OPEN))


def judge_transactions(prepared: int, running: int) -> Iterator[Result]:
    """Of the running ones a role sees those of its own and of roles that it is a member of."""
    long = f"open for more than {_LONG_HOURS} hour, so every run reads again what was written since"
    if prepared:
        yield warning(
            f"prepared transactions: {prepared}, {long}", "COMMIT PREPARED or ROLLBACK PREPARED (pg_prepared_xacts)"
        )
    if running:
        yield warning(f"transactions: {running}, {long}", "end them (pg_stat_activity)")
    if not prepared and not running:
        yield ok("none that this role sees is open for long")


def captured(tables: Sequence[Table], session: Session) -> Iterator[Result]:
    """The tables that are blocked, and those whose content is compared. Raises SourceError when all are blocked."""
    blocked = blocked_tables(session, tables)
    compared = columns_only(session, [(table.schema, table.name) for table in tables if table.name not in blocked])
    yield from judge_tables(len(tables), blocked, [f"{schema}.{name}" for schema, name in sorted(compared)])


def judge_tables(total: int, blocked: Mapping[str, BlockedTable], compared: Sequence[str]) -> Iterator[Result]:
    """One line for each table that is blocked."""
    for item in blocked.values():
        yield told(item.why, "see docs/types.md")
    if compared:
        yield warning(
            f"{some(compared)}: {WHY}", f"GRANT SELECT on the whole table, as {_SCRIPT} does, to have less read"
        )
    if not blocked and not compared:
        yield ok(f"all {total} can be captured")
