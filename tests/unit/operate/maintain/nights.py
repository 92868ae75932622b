"""Buckets in memory whose objects have an age, and nights of maintain_lake over them."""

from __future__ import annotations

import io
import logging
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from totelake.lake.manifest import Manifest, to_json
from totelake.operate.maintain.job import Report, maintain_lake
from totelake.runtime.arguments import JobArguments

NIGHT = datetime(2026, 11, 24, 2, 15, tzinfo=timezone.utc)
INGESTION, PROCESSED = "ingestion", "processed"
PAGE = 3


def error(status: int, code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "op")


class Buckets:
    """The calls of S3 that maintenance makes; listings come in small pages."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], tuple[bytes, datetime]] = {}
        self.now = NIGHT
        self.refused: set[str] = set()
        self.meta = SimpleNamespace(events=SimpleNamespace(register=lambda *_, **__: None))

    def keys(self, bucket: str) -> set[str]:
        return {key for found, key in self.objects if found == bucket}

    def store(self, bucket: str, key: str, age: float, body: bytes = b"x") -> str:
        self.objects[bucket, key] = (body, self.now - timedelta(hours=age))
        return key

    def commit(self, bucket: str, manifest: Manifest) -> None:
        key = f"_commits/{manifest.log}/{manifest.number:012d}.json"
        self.objects[bucket, key] = (to_json(manifest), datetime.fromisoformat(manifest.committed_at))

    def put_object(self, Bucket: str, Key: str, Body: bytes, **_: Any) -> None:
        if (Bucket, Key) in self.objects and Key.startswith("_commits/"):
            raise error(412, "PreconditionFailed")
        self.objects[Bucket, Key] = (Body, self.now)

    def get_object(self, Bucket: str, Key: str, Range: str = "") -> dict[str, Any]:
        if (Bucket, Key) not in self.objects:
            raise error(404, "NoSuchKey")
        body = self.objects[Bucket, Key][0]
        if Range:
            first, last = (int(part) for part in Range[len("bytes=") :].split("-"))
            body = body[first : last + 1]
        return {"Body": io.BytesIO(body)}

    def list_objects_v2(self, Bucket: str, Prefix: str, StartAfter: str, Delimiter: str = "") -> dict[str, Any]:
        keys = sorted(key for key in self.keys(Bucket) if key.startswith(Prefix) and key > StartAfter)
        if Delimiter:
            names = sorted({Prefix + key[len(Prefix) :].split(Delimiter)[0] + Delimiter for key in keys})
            return {"CommonPrefixes": [{"Prefix": name} for name in names[:PAGE]], "IsTruncated": len(names) > PAGE}
        items = [(key, self.objects[Bucket, key]) for key in keys[:PAGE]]
        contents = [{"Key": key, "Size": len(body), "LastModified": at} for key, (body, at) in items]
        return {"Contents": contents, "IsTruncated": len(keys) > PAGE}

    def delete_objects(self, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:
        keys = [item["Key"] for item in Delete["Objects"]]
        refused = [{"Key": key, "Code": "AccessDenied", "Message": "not you"} for key in keys if key in self.refused]
        for key in keys:
            if key not in self.refused:
                self.objects.pop((Bucket, key), None)
        return {"Errors": refused} if refused else {}


class NoTables:
    """A Data Catalog in which nothing is registered."""

    def get_table(self, **_: str) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": "EntityNotFoundException", "Message": "none"}}, "GetTable")


def night(s3: Buckets, **more: str) -> Report:
    """One run at the buckets' time."""
    given = {
        "ingestion_bucket": INGESTION,
        "processed_bucket": PROCESSED,
        "ingestion_database": "i",
        "processed_database": "p",
        "ingestion_crawler": "c",
        **more,
    }
    words = [word for name, value in given.items() for word in (f"--{name}", value)]
    runtime: Any = SimpleNamespace(
        clients=SimpleNamespace(s3=s3, glue=NoTables()),
        log=logging.getLogger("nights"),
        now=lambda: s3.now,
        metric=lambda *_, **__: None,
    )
    return maintain_lake(runtime, JobArguments.from_argv(["script", *words], "maintain_lake"))
