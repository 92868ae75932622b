"""Sends log lines to CloudWatch Logs while a run goes on."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import InputLogEventTypeDef

_LOG = logging.getLogger(__name__)
_INTERVAL = 0.5
"""Seconds between two requests."""
_MAX_EVENTS = 10_000
_MAX_BYTES = 1_000_000
_EVENT_OVERHEAD = 26
"""Bytes that CloudWatch counts for each event besides its text."""
_MAX_WAITING = 50_000
"""Lines of one log group; a writer waits while there are more."""
_CLOSE_TIMEOUT = 30.0

Line = tuple[int, str]
"""Milliseconds since the epoch, text."""


class LogShipper:
    """Sends lines to one stream of several log groups, every half second and in the order they were written."""

    def __init__(
        self, client: CloudWatchLogsClient, groups: Sequence[str], stream: str, key: str | None = None
    ) -> None:
        self._client = client
        self._key = key
        self._stream = stream
        self._waiting: dict[str, list[Line]] = {group: [] for group in groups}
        self._changed = threading.Condition()
        self._closing = False
        self._broken = False
        self._thread = threading.Thread(target=self._run, name=f"logs-{stream[:12]}", daemon=True)
        self._thread.start()

    def write(self, group: str, text: str) -> None:
        """Queue one line. Blocks while too many lines are queued."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting[group]) < _MAX_WAITING or self._broken)
            if not self._broken:
                self._waiting[group].append((int(time.time() * 1000), text or " "))

    def close(self) -> None:
        """Send the remaining lines, and wait until they are sent, at most 30 seconds."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(_CLOSE_TIMEOUT)

    def _run(self) -> None:
        try:
            for group in self._waiting:
                ensure_stream(self._client, group, self._stream, self._key)
            while self._send():
                with self._changed:
                    self._changed.wait_for(lambda: self._closing, _INTERVAL)
        except (BotoCoreError, ClientError) as problem:
            _LOG.error("the log lines of %s cannot be sent to CloudWatch Logs: %s", self._stream, problem)
            with self._changed:
                self._broken = True
                self._changed.notify_all()

    def _send(self) -> bool:
        """Send the queued lines. Returns False after the last of them."""
        with self._changed:
            closing = self._closing
            taken = {group: lines for group, lines in self._waiting.items() if lines}
            self._waiting.update({group: [] for group in taken})
            self._changed.notify_all()
        for group, lines in taken.items():
            send(self._client, group, self._stream, lines)
        return not closing


def send(client: CloudWatchLogsClient, group: str, stream: str, lines: Sequence[Line]) -> None:
    """Put the lines into the stream, in batches that fit CloudWatch's limits."""
    for batch in batches(lines):
        events: list[InputLogEventTypeDef] = [{"timestamp": moment, "message": text} for moment, text in batch]
        client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def batches(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """The lines in batches of at most 10,000 events and a million bytes."""
    batch: list[Line] = []
    size = 0
    for line in lines:
        own = len(line[1].encode("utf-8", "replace")) + _EVENT_OVERHEAD
        if batch and (len(batch) == _MAX_EVENTS or size + own > _MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += own
    if batch:
        yield batch


def ensure_stream(client: CloudWatchLogsClient, group: str, stream: str, key: str | None) -> None:
    """Create the log group, encrypted if there is a key for it, and the stream if they are missing."""
    with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
        if key is None:
            client.create_log_group(logGroupName=group)
        else:
            client.create_log_group(logGroupName=group, kmsKeyId=key)
    with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
        client.create_log_stream(logGroupName=group, logStreamName=stream)
