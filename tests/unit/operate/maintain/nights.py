"""Buckets in memory whose objects have an age, and nights of maintain_lake over them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.unit.operate.jobs import ZONES, MemoryJob
from totelake.errors import LakeError
from totelake.lake.manifest import Manifest, to_json
from totelake.operate.maintain.job import Report, maintain_lake
from totelake.ports.memory import MemoryCatalog, MemoryStore
from totelake.ports.object_store import Listed
from totelake.runtime.job_arguments import MaintainArguments

NIGHT = datetime(2026, 11, 24, 2, 15, tzinfo=timezone.utc)
INGESTION, PROCESSED = "ingestion", "processed"
PAGE = 3


class NightStore(MemoryStore):
    """A bucket that lists small pages, notes what is read of it, and refuses to delete some keys."""

    def __init__(self, bucket: str) -> None:
        super().__init__(bucket, lambda: self.at)
        self.at = NIGHT
        self.refused: set[str] = set()
        self.read_keys: list[str] = []

    def find(self, key: str) -> bytes | None:
        self.read_keys.append(key)
        return super().find(key)

    def page(self, prefix: str, after: str = "") -> tuple[Sequence[Listed], bool]:
        found = list(self.list(prefix, after))
        return found[:PAGE], len(found) > PAGE

    def delete(self, keys: Sequence[str]) -> None:
        super().delete([key for key in keys if key not in self.refused])
        for key in keys:
            if key in self.refused:
                raise LakeError(f"{self.address(key)} could not be deleted: not you")

    def keys(self) -> set[str]:
        return {item.key for item in self.list("")}


class Buckets:
    """Both buckets and both databases of the Data Catalog, at one time."""

    def __init__(self) -> None:
        self.stores = {name: NightStore(name) for name in (INGESTION, PROCESSED)}
        self.tables = MemoryCatalog("i"), MemoryCatalog("p")
        self.now = NIGHT

    def keys(self, bucket: str) -> set[str]:
        return self.stores[bucket].keys()

    def objects(self) -> dict[tuple[str, str], tuple[bytes, datetime]]:
        """Everything there is, by bucket and key."""
        return {
            (name, item.key): (store.get(item.key), item.modified)
            for name, store in self.stores.items()
            for item in store.list("")
        }

    def store(self, bucket: str, key: str, age: float, body: bytes = b"x") -> str:
        """Put an object that is so many hours old."""
        self.stores[bucket].at = self.now - timedelta(hours=age)
        self.stores[bucket].put(key, body)
        return key

    def commit(self, bucket: str, manifest: Manifest) -> None:
        age = (self.now - datetime.fromisoformat(manifest.committed_at)).total_seconds() / 3600
        self.store(bucket, f"_commits/{manifest.log}/{manifest.number:012d}.json", age, to_json(manifest))

    def job(self, **more: Any) -> MemoryJob[MaintainArguments]:
        """A job over the buckets, at their time."""
        job = MemoryJob(MaintainArguments(crawlers="c", **ZONES, **more))
        job.at = self.now
        job.ingestion, job.processed = self.stores[INGESTION], self.stores[PROCESSED]
        job.ingestion_tables, job.processed_tables = self.tables
        for store in self.stores.values():
            store.at = self.now
        return job


def night(buckets: Buckets, **more: Any) -> Report:
    """One run at the buckets' time."""
    return maintain_lake(buckets.job(**more))
