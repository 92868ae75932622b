"""The standbys of one localglue: started when no Spark job runs, given away once, thrown away when they are no use."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from localapi.documents import Document
from localglue.free_memory import free_memory
from localglue.orphans import end_orphan, start_time_of
from localglue.settings import Settings
from localglue.standby import Shape, Standby
from localglue.store import STANDBY, Store

_LOG = logging.getLogger(__name__)
_LOOK = 1.0
_QUIET = 1.0
"""Seconds without a Spark run before a standby is started: the next job of a workflow starts at once."""
_SIZE = 1 << 30
"""Bytes that a standby may come to take; one is started only when they are there beside the reserve."""


class Standbys:
    """At most `settings.standbys` processes, of the shapes that the newest Spark runs had. Threads may share it."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings, self._store = settings, store
        self._changed = threading.Condition()
        self._standbys: list[Standby] = []
        self._wanted: deque[Shape] = deque(maxlen=settings.standbys)
        self._active, self._quiet_since = 0, time.monotonic()
        self._closing = False
        self._thread = threading.Thread(target=self._keep, name="standbys", daemon=True)
        if settings.standbys:
            self._thread.start()

    def recover(self) -> None:
        """End the standbys that a localglue which was killed has left."""
        for left in self._store.all(STANDBY):
            end_orphan(left["Pid"], left["Birth"])
            self._store.delete(STANDBY, left["Name"])

    @contextmanager
    def used_by(self, shape: Shape) -> Iterator[Standby | None]:
        """A standby of this shape, for a run that takes as long as the block. Whoever gets it ends it."""
        with self._changed:
            self._active += 1
            self._wanted.append(shape)
            alive = [item for item in self._standbys if item.shape == shape and item.process.is_alive]
            found = max(alive, key=lambda item: item.is_warm, default=None)
            if found is not None:
                self._standbys.remove(found)
        try:
            yield found
        finally:
            with self._changed:
                self._active -= 1
                self._quiet_since = time.monotonic()
                self._changed.notify_all()

    def forget(self, standby: Standby) -> None:
        """Remove the record of a standby that has ended."""
        self._store.delete(STANDBY, standby.folder.name)

    def document(self) -> Document:
        """How many there may be, and of each that waits its process, whether it is warm, and bytes of memory."""
        with self._changed:
            found = list(self._standbys)
        standbys = [{"Pid": item.process.pid, "Warm": item.is_warm, "Bytes": item.bytes()} for item in found]
        return {"Most": self._settings.standbys, "Standbys": standbys}

    def close(self) -> None:
        """End all of them. None is started any more."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        for item in self._standbys:
            self._discard(item, "localglue ends")

    def _keep(self) -> None:
        """Throw away what is no use and start what is missing, until localglue ends."""
        while not self._closing:
            try:
                self._look()
            except Exception:  # whatever a look met, as a full disk: the next one is not to be missed
                _LOG.exception("the standbys could not be looked at; runs of Spark jobs start without where none waits")
            with self._changed:
                if not self._closing:
                    self._changed.wait(_LOOK)

    def _look(self) -> None:
        with self._changed:
            useless = self._useless()
            self._standbys = [item for item in self._standbys if item not in useless]
            missing = None if useless else self._missing()
        for item, why in useless.items():
            self._discard(item, why)
        if missing is not None:
            self._start(missing)

    def _useless(self) -> dict[Standby, str]:
        """The standbys to throw away, with the reason. Of a shape that came to nothing none is wanted until it runs."""
        unmet, found = list(self._wanted), {}
        is_low = free_memory() < self._settings.standby_reserve
        for item in self._standbys:
            if item.shape not in unmet:
                found[item] = "newer runs need another"
                continue
            unmet.remove(item.shape)
            if not item.process.is_alive:
                found[item] = f"it has ended ({item.last_line()})"
            elif is_low:
                found[item] = "memory is low"
            elif time.monotonic() - item.since > self._settings.standby_idle:
                found[item] = "no run has come"
            else:
                continue
            self._wanted.remove(item.shape)
        return found

    def _missing(self) -> Shape | None:
        """The shape of which a standby is to be started now, if any."""
        if self._active or time.monotonic() - self._quiet_since < _QUIET:
            return None
        if free_memory() < self._settings.standby_reserve + _SIZE:
            return None
        unmet = list(self._wanted)
        for item in self._standbys:
            unmet.remove(item.shape)
        return unmet[-1] if unmet else None

    def _start(self, shape: Shape) -> None:
        try:
            started = Standby(shape, self._settings.state / "runs")
        except OSError as problem:
            _LOG.warning("no standby can be started (%s); runs of Spark jobs start without", problem)
            with self._changed:
                self._wanted.clear()
            return
        name, pid = started.folder.name, started.process.pid
        record = {"Name": name, "JobName": "standby", "Pid": pid, "Birth": start_time_of(pid)}
        try:
            self._store.put(STANDBY, name, record)
        except BaseException:  # without a record nobody would end it after a localglue that was killed
            started.discard(self._settings.grace)
            raise
        with self._changed:
            self._standbys.append(started)

    def _discard(self, item: Standby, why: str) -> None:
        _LOG.info("the standby of process %s is thrown away: %s", item.process.pid, why)
        item.discard(self._settings.grace)
        self.forget(item)
