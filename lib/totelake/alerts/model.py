"""What is worth an alert, what its message says, and when the message is due; pure, without any I/O."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from totelake.runtime.plain_text import plain_lines

QUIET = timedelta(hours=1)
_SUBJECT_LIMIT = 99
# SNS takes 256 KiB, and mail programs little more than this
_TEXT_LIMIT = 128 * 1024
_CUT = "\n\nThe rest of {} bytes is left out here: the incident below _alerts/ in the ingestion bucket has all of it."
_DIGEST = 24
# what differs between two incidents of one cause: numbers and ids
_PARTICULAR = re.compile(r"\b(?:wr|jr)_\w+|\b[0-9a-f]{16,}\b|\d+")


def without_particulars(text: str) -> str:
    """A text with `#` for numbers and ids, so that two incidents of one cause read the same."""
    return _PARTICULAR.sub("#", text)


@dataclass(frozen=True)
class Alert:
    """Something that somebody has to know.

    kind: what sort of thing (run, job, schema, quarantine, ...). subject: one line. body: what happened, where to look,
    what to do. key: names the incident within its kind; an incident is sent once, ever. cause: what several incidents
    have in common, by default the subject without its numbers; a cause is sent at most once an hour. about: the table
    whose state it tells; messages about one table come in the order of what happened to it.
    """

    kind: str
    subject: str
    body: str
    key: str
    cause: str = ""
    about: str = ""

    @property
    def id(self) -> str:
        """Names the incident in keys of objects."""
        return _digest(self.kind, self.key)

    @property
    def cause_id(self) -> str:
        """Names the cause in keys of objects."""
        return f"{self.kind}-{_digest(self.kind, without_particulars(self.cause or self.subject))}"

    @property
    def document(self) -> dict[str, Any]:
        """The form in the bucket."""
        return asdict(self)


@dataclass(frozen=True)
class Message:
    """What is sent: `count` incidents of one cause in one mail."""

    subject: str
    text: str
    count: int

    @property
    def document(self) -> dict[str, Any]:
        """The form in the bucket."""
        return asdict(self)


@dataclass(frozen=True)
class NewestIncident:
    """A cause's newest incident, by which causes are sent in order: when it was (ISO 8601, UTC), and about what."""

    at: str
    about: str = ""


def body(happened: str, look: str, do: str) -> str:
    """An alert's body: what happened, where to look, what to do."""
    parts = (("What happened", happened), ("Where to look", look), ("What to do", do))
    return "\n\n".join(f"{title}\n{_indented(text)}" for title, text in parts)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _digest(*words: str) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:_DIGEST]


def message(subject: str, text: str, count: int, since: str) -> Message:
    """The mail for incidents of one cause: the newest with its text, and how many there were since the first."""
    if count == 1:
        return Message(_line(subject), _text(f"{subject}\n\n{text}"), 1)
    more = f"It happened {count} times since {since[:16].replace('T', ' ')} UTC; this is the newest."
    return Message(_line(f"{count} x {subject}"), _text(f"{subject}\n{more}\n\n{text}"), count)


def _text(text: str) -> str:
    """A text as a mail takes it: nothing in it acts, and one that is too long ends earlier and says so."""
    shown = plain_lines(text)
    content = shown.encode("utf-8")
    if len(content) <= _TEXT_LIMIT:
        return shown
    return content[:_TEXT_LIMIT].decode("utf-8", "ignore") + _CUT.format(f"{len(content):,}")


def _line(text: str) -> str:
    """A subject as SNS takes it: printable ASCII, one line, less than 100 characters."""
    plain = " ".join(text.encode("ascii", "replace").decode().split())
    plain = "".join(sign if sign.isprintable() else "?" for sign in plain)
    return plain if len(plain) <= _SUBJECT_LIMIT else f"{plain[: _SUBJECT_LIMIT - 3]}..."


def is_due(cause: str, sent: Mapping[str, datetime], now: datetime) -> bool:
    """Whether a cause need not wait; `sent` has by cause when it was sent last, as it may be once an hour."""
    return cause not in sent or now - sent[cause] >= QUIET


def oldest_first(incidents: Mapping[str, datetime]) -> list[str]:
    """The incidents of a cause by when they were noted."""
    return sorted(incidents, key=lambda incident: (incidents[incident], incident))


def in_order(ready: Collection[str], newest: Mapping[str, NewestIncident]) -> list[str]:
    """The causes to send now, as it happened: those that are ready, and those that are not but would be overtaken.

    The last message about a table is then of the state that it is in.
    """
    latest: dict[str, str] = {}
    for cause in ready:
        found = newest[cause]
        latest[found.about] = max(latest.get(found.about, ""), found.at)
    overtaken = [cause for cause, found in newest.items() if found.about and found.at < latest.get(found.about, "")]
    return sorted({*ready, *overtaken}, key=lambda cause: (newest[cause].at, cause))
