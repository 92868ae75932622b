"""Which server answered, and whether it is the one the last batch came from, further on or behind."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Callable

from totelake.capture.postgres.session import Session
from totelake.errors import SourceError
from totelake.lake.records.batch import ServerIdentity

SAME, CHANGED, BEHIND = "same", "changed", "behind"
DURABLE_WITHIN = 5.0
_POLL = 0.05

# the control file is stale after a promotion, so a primary's timeline is read from its current WAL file
_POSITION = """
SELECT (SELECT system_identifier::text FROM pg_control_system()),
       CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id FROM pg_control_checkpoint())
            ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END,
       CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END - '0/0'::pg_lsn,
       (SELECT setting::int FROM pg_settings WHERE name = 'wal_block_size'),
       (SELECT setting::int FROM pg_settings WHERE name = 'wal_segment_size')
"""
_SERVER = """
SELECT pg_is_in_recovery(),
       current_setting('server_version_num')::int,
       current_database()::text,
       to_char(pg_postmaster_start_time() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')
"""
# object_not_in_prerequisite_state, as Aurora answers unless wal_level is logical; feature_not_supported, as it did
# before; insufficient_privilege, where a provider took the functions from the public
_NO_POSITION = ("55000", "0A000", "42501")
# what a position is read with, and whether it is durable
_FUNCTIONS = """
SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace
AND p.proname IN ('pg_control_system', 'pg_control_checkpoint', 'pg_walfile_name', 'pg_current_wal_lsn',
                  'pg_current_wal_insert_lsn', 'pg_current_wal_flush_lsn', 'pg_last_wal_replay_lsn')
AND NOT has_function_privilege(p.oid, 'EXECUTE') ORDER BY 1
"""
_UNKNOWN = ("unknown", 0, 0)
# what a page of the log begins with: more in the first page of a file
_PAGE_HEADER, _FILE_HEADER = 24, 40


@dataclass(frozen=True)
class Standing:
    """How the server that answers stands to the last batch; `why` says it in words."""

    kind: str
    why: str = ""


def read_identity(session: Session) -> ServerIdentity:
    """Who answers, and how far it is.

    Aurora refuses to tell a position in its log. Of such a primary only its start is known: after each one everything
    is compared. Raises SourceError for such a standby, of which nobody could say whether it lags.
    """
    in_recovery, version, dbname, started = session.row(_SERVER)
    position = session.row_unless(_NO_POSITION, _POSITION)
    if position is None and in_recovery:
        raise SourceError(
            f"the standby of {dbname} does not tell how far it is, so it could lag unseen; name the primary in the "
            f"secret (Aurora: the writer), or {position_remedy(session)}"
        )
    system, timeline, lsn = _UNKNOWN
    if position is not None:
        system, timeline, found, page, file = position
        lsn = end_of_log(int(found), page, file)
    return ServerIdentity(system, int(timeline), bool(in_recovery), lsn, version, dbname, started)


def refused_functions(session: Session) -> list[str]:
    """The functions of a position in the log that the role may not execute."""
    return [str(row[0]) for row in session.rows(_FUNCTIONS)]


def position_remedy(session: Session) -> str:
    """What lets a server tell its position: a grant where the role lacks one, else a setting of Aurora's."""
    refused = refused_functions(session)
    if not refused:
        return "set wal_level to logical (Aurora: rds.logical_replication = 1)"
    return f"GRANT EXECUTE ON FUNCTION {', '.join(refused)} TO the reading role"


def tells_position(identity: ServerIdentity) -> bool:
    """Whether the server told how far it is in its log; else everything is compared after each of its starts."""
    return identity.system != _UNKNOWN[0]


def end_of_log(lsn: int, page: int, file: int) -> int:
    """Where the last record ends, given where the next one begins.

    That is behind a header when the last one filled its page, or when the log was switched to its next file. Flushing
    and replaying do not get there before there is another record.
    """
    header = _FILE_HEADER if lsn % file < page else _PAGE_HEADER
    return lsn - header if lsn % page == header else lsn


def judge(previous: ServerIdentity | None, now: ServerIdentity) -> Standing:
    """Compare with the server of the last batch; without one everything is the same."""
    if previous is None:
        return Standing(SAME)
    for name, label in (("system", "system identifier"), ("dbname", "database"), ("timeline", "timeline")):
        before, after = getattr(previous, name), getattr(now, name)
        if name == "timeline" and now.in_recovery and after < before:
            return Standing(BEHIND, f"the standby is on timeline {after}, where the last batch saw timeline {before}")
        if before != after:
            return Standing(CHANGED, f"the source's {label} was {before} and is {after}")
    # a server restored from its disks keeps identifier and timeline, and may soon be further on than it was
    if not (previous.in_recovery or now.in_recovery) and previous.started != now.started:
        return Standing(CHANGED, f"the primary was started at {previous.started} and now at {now.started}")
    if now.lsn >= previous.lsn:
        return Standing(SAME)
    if now.in_recovery:
        return Standing(BEHIND, f"the standby has replayed {previous.lsn - now.lsn} bytes less than the last batch saw")
    return Standing(CHANGED, f"the primary went back by {previous.lsn - now.lsn} bytes of its log")


def wait_durable(
    session: Session,
    seen: ServerIdentity,
    within: float = DURABLE_WITHIN,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Wait until a primary has flushed its log up to `seen`; False when it has not in time.

    True on a standby, and where no position is told: a crash there is a new start, after which everything is compared.

    What a crash with synchronous_commit = off takes back would otherwise stay captured under reused transaction ids.
    """
    if seen.in_recovery or not tells_position(seen):
        return True
    deadline = clock() + within
    with session.transaction():
        while True:
            flushed = int(session.row("SELECT pg_current_wal_flush_lsn() - '0/0'::pg_lsn")[0])
            if flushed >= seen.lsn:
                return True
            if clock() >= deadline:
                return False
            sleep(_POLL)
