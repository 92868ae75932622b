"""Files of S3 deleted, and partitions whose files are all gone."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from awsglue.catalog import Catalog, Table
from awsglue.objects import client, every_object, split

_WEEK = 168.0
_AT_ONCE = 1000


def purge(path: str, options: Mapping[str, Any], context: str = "") -> bool:
    """Delete the objects below a path that are older than `retentionPeriod` hours (168); whether none is left.

    Raises RuntimeError with the first object that S3 did not delete; the manifest names all of them.
    """
    bucket, key = split(path)
    prefix = key.rstrip("/")
    kept_since = time.time() - float(options.get("retentionPeriod", _WEEK)) * 3600
    given = options.get("excludeStorageClasses") or ()
    classes = set(json.loads(given) if isinstance(given, str) else given)
    inside = [one for one in every_object(bucket, prefix) if not prefix or one["Key"][len(prefix) :][:1] in ("", "/")]
    old = [
        one["Key"]
        for one in inside
        if one["LastModified"].timestamp() <= kept_since and one.get("StorageClass", "STANDARD") not in classes
    ]
    failed = _delete(bucket, old)
    gone = [key for key in old if key not in failed]
    _write_manifests(str(options.get("manifestFilePath", "")), context, bucket, gone, failed)
    if failed:
        key, said = next(iter(failed.items()))
        raise RuntimeError(f"{len(failed)} objects of {path} were not deleted, the first: {key} ({said})")
    return len(gone) == len(inside)


def purge_table(catalog: Catalog, table: Table, options: Mapping[str, Any], context: str = "") -> None:
    """Purge the files of a table, or of the partitions of `partitionPredicate`; an empty partition is deleted."""
    if not table.keys:
        purge(table.location, options, context)
        return
    found = catalog.partitions(table, str(options.get("partitionPredicate", "")))
    catalog.remove_partitions(table, [one for one in found if purge(one.location, options, context)])


def _delete(bucket: str, keys: Sequence[str]) -> dict[str, str]:
    """Delete the objects; what S3 said of those that it did not."""
    failed = {}
    for start in range(0, len(keys), _AT_ONCE):
        part = [{"Key": key} for key in keys[start : start + _AT_ONCE]]
        answer = client("s3").delete_objects(Bucket=bucket, Delete={"Objects": part, "Quiet": True})
        failed.update({one["Key"]: one.get("Message", one.get("Code", "")) for one in answer.get("Errors", ())})
    return failed


def _write_manifests(path: str, context: str, bucket: str, gone: Iterable[str], failed: Iterable[str]) -> None:
    if not path:
        return
    manifest_bucket, prefix = split(path)
    folder = "/".join(filter(None, [prefix.strip("/"), context]))
    for name, keys in (("Success.csv", gone), ("Failed.csv", failed)):
        content = io.StringIO()
        csv.writer(content).writerows([bucket, key] for key in keys)
        key = f"{folder}/{name}" if folder else name
        client("s3").put_object(Bucket=manifest_bucket, Key=key, Body=content.getvalue().encode())
