"""The commit protocol: a log of manifests, each written only where none is, that readers follow instead of listings.

Writing a manifest where none is (`If-None-Match: *`) is the commit. What happens before it leaves only garbage in
flight; what comes after it (copies to final keys) can be repeated by anyone from the manifest alone.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Callable

from totelake.errors import DamagedError, RetriableError
from totelake.lake import keys
from totelake.lake.checksums import compare
from totelake.lake.manifest import LakeObject, Manifest, from_json, to_json
from totelake.ports.object_store import NoSuchObjectError, ObjectStore

TRIES = 5
_WRITES = 4
_PAGE = 1000
# so many commits at most are listed to find the newest one
_MILESTONE = 64
_COPIES_AT_ONCE = 8
Decide = Callable[["Manifest | None"], "Manifest | None"]


class CommitLog:
    """One log of one bucket: `_commits/<log>/<number, 12 digits>.json`, and milestones to find its end by.

    A milestone is a hint: it is written after a commit, and a log is read rightly without it or with a wrong one.
    """

    def __init__(self, store: ObjectStore, log: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self.store = store
        self._sleep = sleep
        self.log = log
        self._milestone: int | None = None

    def append(self, decide: Decide, tries: int = TRIES) -> Manifest | None:
        """The one optimistic loop: `decide` gets the newest commit and gives the next one, None to leave the log as it
        is. When another run commits first, `decide` decides anew.

        The commit that was made; None when there is none. Raises RetriableError when others commit first each time.
        """
        for _ in range(tries):
            wanted = decide(self.newest())
            if wanted is None or self.commit(wanted):
                return wanted
        raise RetriableError(
            f"other runs committed to the log {self.log} first, {tries} times; run the job again when they have ended"
        )

    def attempt(self, newest: Manifest | None, run_id: str) -> keys.Attempt:
        """A try at the number after the newest commit."""
        return keys.Attempt.new(self.log, newest.number + 1 if newest else 1, run_id)

    def newest(self, after: int = 0) -> Manifest | None:
        """The newest manifest with a number beyond `after`; None when there is none."""
        number = self.newest_number(after)
        return None if number is None else self.get(number)

    def newest_number(self, after: int = 0) -> int | None:
        """The newest number beyond `after`, found by a listing from the newest milestone on.

        Without milestones, as in a log from before there were any, it is found by doubling steps.
        """
        numbers, truncated = self._page(after) if after else self._last_page()
        if not numbers:
            return None
        last, step = numbers[-1], _PAGE
        while truncated:
            numbers, more = self._page(last + step)
            if numbers:
                last, truncated, step = numbers[-1], more, step * 2
            elif step > _PAGE:
                step //= 2
            else:
                numbers, truncated = self._page(last)
                last = numbers[-1] if numbers else last
        return last

    def _last_page(self) -> tuple[list[int], bool]:
        """The numbers from the newest milestone on; from the first one on when there is none or its commit is not."""
        prefix = keys.milestones_prefix(self.log)
        key = self.store.first(prefix)
        self._milestone = (keys.milestone_number(key[len(prefix) :]) if key else None) or 0
        if self._milestone:
            found = self._page(self._milestone - 1)
            if found[0]:
                return found
        return self._page(0)

    def since(self, number: int, limit: int | None = None) -> Iterator[Manifest]:
        """The manifests beyond that number, in order; at most `limit`."""
        given = 0
        while True:
            numbers, truncated = self._page(number)
            for found in numbers:
                if limit is not None and given >= limit:
                    return
                yield self.get(found)
                given += 1
            if not truncated:
                return
            number = numbers[-1]

    def get(self, number: int) -> Manifest:
        """The manifest of that number. Raises DamagedError when it is not there."""
        found = self._read(number)
        if found is None:
            raise NoSuchObjectError(self.store.bucket, keys.commit_key(self.log, number))
        return found

    def commit(self, manifest: Manifest) -> bool:
        """Write the manifest; True when this attempt owns the number, False when another does.

        Raises RetriableError when the store cannot be asked; a later run then finds out whether the commit took place.
        """
        is_ours = self._claim(manifest)
        if is_ours:
            self._leave_milestone(manifest.number)
        return is_ours

    def _claim(self, manifest: Manifest) -> bool:
        """Write the manifest, and see whose the number is when the answer is lost or another was faster."""
        key, body = keys.commit_key(self.log, manifest.number), to_json(manifest)
        failure: RetriableError | str = "it is there, but whose it is cannot be read"
        for attempt in range(_WRITES):
            try:
                if self.store.create(key, body):
                    return True
            except RetriableError as error:
                # the answer may be lost and the manifest there: its owner is asked for all the same
                failure = error
            owner = self._owner(manifest.number)
            if owner is not None:
                return owner == manifest.attempt
            self._sleep(random.uniform(0, 0.1 * 2**attempt))  # nosec B311 # spreads retries, guards nothing
        raise RetriableError(f"{self.store.address(key)} could not be written ({failure}); run the job again")

    def _leave_milestone(self, number: int) -> None:
        """Leave a milestone beside a commit that is far from the last one."""
        is_far = number % _MILESTONE == 0 if self._milestone is None else number - self._milestone >= _MILESTONE
        if is_far:
            self.store.create(keys.milestone_key(self.log, number), b"")
            self._milestone = number

    def _owner(self, number: int) -> str | None:
        """The attempt that owns a number; None when nobody does, or when it cannot be asked."""
        try:
            found = self._read(number)
        except RetriableError:
            return None
        return None if found is None else found.attempt

    def finish(self, manifest: Manifest) -> None:
        """Copy every object of a committed manifest to its final key; what is there already is left alone."""
        pending = self.unfinished(manifest)
        if not pending:
            return
        with ThreadPoolExecutor(min(_COPIES_AT_ONCE, len(pending))) as pool:
            for done in [pool.submit(self._copy, manifest, item) for item in pending]:
                done.result()

    def unfinished(self, manifest: Manifest) -> list[LakeObject]:
        """The objects of a committed manifest that are not at their final keys.

        Raises DamagedError when another object than the one that was committed lies at one.
        """
        items = [item for item in manifest.objects() if item.key != item.staged]
        if not items:
            return []
        with ThreadPoolExecutor(min(_COPIES_AT_ONCE, len(items))) as pool:
            is_there = list(pool.map(self._is_there, items))
        return [item for item, there in zip(items, is_there) if not there]

    def _is_there(self, item: LakeObject) -> bool:
        """Whether an object is at its final key. Raises DamagedError for another one of its size."""
        found = self.store.stat(item.key)
        if found is None or found.bytes != item.bytes:
            return False
        compare(self.store, item.key, found, item.checksum)
        return True

    def _copy(self, manifest: Manifest, item: LakeObject) -> None:
        found = self.store.stat(item.staged)
        if found is None or found.bytes != item.bytes:
            raise DamagedError(
                f"{self.store.address(item.staged)} of {manifest.log} {manifest.number} is not there with its "
                f"{item.bytes} bytes, nor is its copy {item.key}; restore one from the bucket's version history"
            )
        compare(self.store, item.staged, found, item.checksum)
        self.store.copy(item.staged, item.key, item.bytes)

    def _read(self, number: int) -> Manifest | None:
        key = keys.commit_key(self.log, number)
        body = self.store.find(key)
        if body is None:
            return None
        found = from_json(body, self.store.address(key))
        if (found.log, found.number) != (self.log, number):
            raise DamagedError(
                f"{self.store.address(key)} is the commit {found.number} of the log {found.log}; "
                "restore the object from its version history"
            )
        return found

    def _page(self, after: int) -> tuple[list[int], bool]:
        prefix, last = keys.commits_prefix(self.log), keys.commit_key(self.log, after)
        while True:
            found, is_more = self.store.page(prefix, last)
            # nobody but a log's writers names an object so; what others put there is no commit
            numbers = [keys.commit_number(item.key) for item in found if keys.is_commit(item.key[len(prefix) :])]
            if numbers or not is_more:
                return numbers, is_more
            last = found[-1].key
