"""What a role may have at once and for how long: its connections, those of the database, the end of its password."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from totelake.runtime.outcome import Result, problem, warning

_SOON_DAYS = 14
LIMITS = """
SELECT r.rolname::text, d.datname::text, r.rolsuper, r.rolconnlimit::int, d.datconnlimit::int,
       CASE WHEN isfinite(r.rolvaliduntil) THEN floor(extract(epoch FROM r.rolvaliduntil - now()) / 86400)::int END
FROM pg_roles r, pg_database d WHERE r.rolname = session_user AND d.datname = current_database()
"""


@dataclass(frozen=True)
class Limits:
    """Of the role that logs in; a limit below 0 is none, `days` are those until its password ends, None without end."""

    role: str
    database: str
    is_superuser: bool
    of_role: int
    of_database: int
    days: int | None


def judge_limits(found: Limits, least: int, enough: int, who: str) -> Iterator[Result]:
    """Limits below what is needed at once: with less than `least` nothing works. `who` says what takes `enough`."""
    # a superuser is let in beyond both
    limits = {
        f"ALTER ROLE {found.role}": (f"{found.role} may have", found.of_role),
        f"ALTER DATABASE {found.database}": (f"the database {found.database} takes", found.of_database),
    }
    for statement, (detail, limit) in limits.items():
        if not found.is_superuser and 0 <= limit < enough:
            kind = problem if limit < least else warning
            yield kind(f"{detail} {limit} connections; {who}", f"{statement} CONNECTION LIMIT {enough}")
    if found.days is not None and found.days < _SOON_DAYS:
        yield warning(
            f"the password of {found.role} ends in {found.days} days",
            f"ALTER ROLE {found.role} VALID UNTIL 'infinity', or rotate it as docs/operations.md says",
        )
