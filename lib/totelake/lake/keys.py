"""Where objects lie: every key of both buckets is made here."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

COMMITS = "_commits"
INFLIGHT = "_inflight"
STATE = "_state"
SCHEMAS = "_schemas"
FINISHED = "_finished"
APART = "_apart"
DEAD_LETTERS = "dead_letters"
QUARANTINE = f"{DEAD_LETTERS}/rows"
COMPACTED = "compacted"
CANARY = "_canary"
# the canary's folder among the logs: a source of that name would have its log there
CANARY_LOG = "canary"
_DIGITS = 12
_DOWN = 10**_DIGITS - 1


def number_text(number: int) -> str:
    """A batch or commit number as 12 digits, so that keys sort as numbers do."""
    return f"{number:0{_DIGITS}d}"


def commits_prefix(log: str) -> str:
    """The prefix below which a log's manifests lie."""
    return f"{COMMITS}/{log}/"


def commit_key(log: str, number: int) -> str:
    """The key of one manifest."""
    return f"{commits_prefix(log)}{number_text(number)}.json"


def milestones_prefix(log: str) -> str:
    """The beginning of the keys of a log's milestones; they sort before its manifests."""
    return f"{commits_prefix(log)}-"


def milestone_key(log: str, number: int) -> str:
    """The key of the milestone beside a manifest. Its name counts down: a listing's first is the newest."""
    return f"{milestones_prefix(log)}{number_text(_DOWN - number)}"


def milestone_number(name: str) -> int | None:
    """The number of the manifest that a name below `milestones_prefix` stands beside; None for any other name."""
    return _DOWN - int(name) if re.fullmatch(f"[0-9]{{{_DIGITS}}}", name) else None


def commit_number(key: str) -> int:
    """The number of the manifest at that key."""
    return int(key.rsplit("/", 1)[-1][: -len(".json")])


def is_commit(name: str) -> bool:
    """Whether a name below `commits_prefix` is that of a manifest."""
    return re.fullmatch(f"[0-9]{{{_DIGITS}}}\\.json", name) is not None


def ingested_key(source: str, table: str, day: str, batch: int) -> str:
    """The final key of a table's events of one batch; `day` is YYYY-MM-DD."""
    return f"{source}/{table}/ingested_on={day}/{number_text(batch)}.parquet"


def quarantined_key(zone: str, table: str, number: int, part: int = 0) -> str:
    """The final key of quarantined rows: `zone` is the source's name, or `star_quarantine` for those of builders."""
    return f"{QUARANTINE}/{zone}/{table}/{number_text(number)}-{part}.parquet"


def star_quarantine(rebuilt: int) -> str:
    """The zone of the rows that builders quarantine; of a table that was built anew, by the commit that did it."""
    return f"star-{number_text(rebuilt)}" if rebuilt else "star"


def star_prefix(table: str, folder: str, moved: int) -> str:
    """The prefix of a star table's partition, which `folder` names; '' in a table without partitions.

    `moved` is the commit that rewrote it last, 0 when none did. No prefix is inside another, so a listing of one shows
    nothing of others.
    """
    root = f"{COMPACTED}/{table}/{number_text(moved)}/" if moved else f"{table}/"
    return f"{root}{folder}/" if folder else root


def dead_letter_key(source: str, table: str, batch: int) -> str:
    """The key of a table's events of one batch while they are held."""
    return f"{DEAD_LETTERS}/{source}/{table}/{number_text(batch)}.parquet"


def finished_key(log: str, number: int) -> str:
    """The key of the mark that all of a commit was registered and reported."""
    return f"{FINISHED}/{log}/{number_text(number)}.json"


def view_key(name: str) -> str:
    """The key of the mark that a view over a source's table was made by us."""
    return f"{FINISHED}/views/{name}.json"


def apart_prefix(source: str, table: str = "") -> str:
    """The prefix of the marks that registered tables of a source, or one of them, are left apart."""
    return f"{APART}/{source}/{table}/" if table else f"{APART}/{source}/"


def apart_key(source: str, table: str, incident: str, refusal: str) -> str:
    """The key of the mark that a registered table is left apart.

    Each refusal has a mark of its own, so that whoever removes one removes none that it has not seen. Both are 16
    hexadecimal digits.
    """
    return f"{apart_prefix(source, table)}{incident}-{refusal}.json"


def apart_mark(key: str) -> tuple[str, str, str] | None:
    """The source, table and incident of the mark at a key; None for any other object."""
    found = re.fullmatch(rf"{APART}/([^/]+)/([^/]+)/([0-9a-f]{{16}})-[0-9a-f]{{16}}\.json", key)
    return (found[1], found[2], found[3]) if found else None


def schema_key(source: str, table: str, fingerprint: str) -> str:
    """The key of a known schema."""
    return f"{SCHEMAS}/{source}/{table}/{fingerprint}.json"


def is_schema(key: str) -> bool:
    """Whether a key below `_schemas/` is that of a known schema, which is named by its fingerprint."""
    return re.fullmatch(r"[0-9a-f]{32}\.json", key.rsplit("/", 1)[-1]) is not None


def canary_report_key(run: str, job: str) -> str:
    """The key of what one of a canary's jobs reports; `job` is its script, with its source where it has one."""
    return f"{CANARY}/{run}/{job}.json"


def canary_probe_key(run: str, job: str, name: str) -> str:
    """The key of an object that a canary's job writes to see how, and deletes."""
    return f"{CANARY}/{run}/{job}/{name}"


def canary_once_key(run: str, job: str, name: str) -> str:
    """As `canary_probe_key`, in a place that may be written only where nothing is."""
    return f"{COMMITS}/{CANARY_LOG}/{run}-{job}-{name}"


@dataclass(frozen=True)
class Attempt:
    """One try at committing a number; no other try writes where it does."""

    log: str
    number: int
    id: str

    @classmethod
    def new(cls, log: str, number: int, run_id: str) -> Attempt:
        """An attempt of that run, which differs from its other attempts by a random part."""
        return cls(log, number, f"{run_id}-{uuid.uuid4().hex[:12]}")

    @property
    def prefix(self) -> str:
        """The in-flight prefix that only this attempt writes to."""
        return f"{INFLIGHT}/{self.log}/{number_text(self.number)}/{self.id}/"

    def staged_key(self, table: str, name: str) -> str:
        """The in-flight key of one object."""
        return f"{self.prefix}{table}/{name}"

    def state_key(self, owner: str, name: str) -> str:
        """The key of a state object, which is read where it was written because only the manifest names it."""
        return f"{STATE}/{owner}/{number_text(self.number)}-{self.id}{name}"
