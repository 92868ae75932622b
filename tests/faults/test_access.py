"""What each job does in AWS is what its role may do: `access` in pipeline.yaml, which Terraform makes its policy of.

Seen at the clients of a whole pipeline; what Spark itself reads and writes goes another way and is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from tests.conftest import SOURCE
from tests.faults.world import (
    AUDIT,
    CANARY_SHELL,
    CANARY_SPARK,
    CHECK,
    DIMENSIONS,
    FACTS,
    INGEST,
    JOBS,
    MAINTAIN,
    WATCH,
    World,
)
from tests.integration.star.samples import SPARK
from totelake.contracts import load_contracts
from totelake.contracts.documents import documents
from totelake.contracts.pipeline import expanded
from totelake.operate.runs import refresh_workflow

pytestmark = SPARK
SERVICES = ("s3", "glue", "sqs")
READ = ("GetObject", "HeadObject")
WRITE = ("PutObject", "CopyObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload")
# the rest of AWS Glue, by what of `access` allows it
CALLS: dict[str, set[str]] = {
    "tables": {
        "GetTable", "GetTables", "CreateTable", "UpdateTable",
        "GetPartitions", "BatchCreatePartition", "UpdatePartition", "BatchUpdatePartition",
    },
    "crawls": {"StartCrawler", "GetCrawler"},
    "starts": {"StartWorkflowRun", "GetWorkflowRun", "GetWorkflowRuns", "GetJobRuns"},
}  # fmt: skip


class Seen:
    """The objects that a run touched, as `zone/key`, and its other calls."""

    def __init__(self, world: World) -> None:
        self._zones = {world.ingestion: "ingestion", world.processed: "processed"}
        self.objects: dict[str, set[str]] = {"read": set(), "write": set(), "delete": set()}
        self.calls: set[str] = set()

    def note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        """One call of a client."""
        if model.service_model.service_name != "s3":
            self.calls.add(model.name)
        elif model.name in READ:
            self._touch("read", params["Bucket"], params["Key"])
        elif model.name in WRITE:
            self._touch("write", params["Bucket"], params["Key"])
            if model.name == "CopyObject":
                self._touch("read", **params["CopySource"])
        elif model.name == "DeleteObjects":
            for item in params["Delete"]["Objects"]:
                self._touch("delete", params["Bucket"], item["Key"])
        else:
            assert model.name == "ListObjectsV2", model.name

    def _touch(self, kind: str, Bucket: str, Key: str) -> None:  # noqa: N803
        self.objects[kind].add(f"{self._zones[Bucket]}/{Key}")


@contextmanager
def seen(world: World) -> Iterator[Seen]:
    """What the jobs' clients do while inside."""
    found = Seen(world)
    events = [world.job_clients.client(service).meta.events for service in SERVICES]
    for event in events:
        event.register("before-parameter-build.*", found.note)
    try:
        yield found
    finally:
        for event in events:
            event.unregister("before-parameter-build.*", found.note)


def prefixes(paths: Iterable[Any]) -> Iterator[str]:
    """The prefixes of an entry of `access`, which has lists in lists."""
    for path in paths:
        yield from prefixes(path) if isinstance(path, list) else (f"{path}/",)


def access_of(job: str) -> Mapping[str, Any]:
    """What the role of a job may do, whichever way to publish it belongs to."""
    contracts = load_contracts()
    pipeline = expanded(documents()["pipeline.yaml"], contracts.sources, list(contracts.stars))
    (access,) = [entry["access"] for entry in pipeline["jobs"].values() if entry["script"] == job]
    found: Mapping[str, Any] = access
    return found


def refused(job: str, found: Seen) -> list[str]:
    """What a run did that its job's access does not allow."""
    access = access_of(job)
    objects = [
        f"{kind} {key}"
        for kind, keys in found.objects.items()
        for key in keys
        if not key.startswith(tuple(prefixes(access.get(kind, ()))))
    ]
    allowed = {name for part, names in CALLS.items() if access.get(part) for name in names}
    return sorted([*objects, *(found.calls - allowed)])


def test_a_role_that_lacks_what_its_job_does_is_told(world: World) -> None:
    world.edit()
    with seen(world) as found:
        world.run(JOBS[0])
    assert {line.split("/000")[0] for line in refused("watch", found)} >= {"write ingestion/_commits/totesys"}
    assert world.settle() == {}


@contextmanager
def denied(world: World, call: str, table: str) -> Iterator[None]:
    """Inside, AWS Glue denies a call for a table, as Lake Formation does."""

    def answer(params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]] | None:
        if f'"TableName": "{table}"' not in params["body"].decode():
            return None
        error = {"Code": "AccessDeniedException", "Message": f"Insufficient Lake Formation permission(s) on {table}"}
        return SimpleNamespace(status_code=400), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}

    events = world.job_clients.client("glue").meta.events
    events.register(f"before-call.glue.{call}", answer)
    try:
        yield
    finally:
        events.unregister(f"before-call.glue.{call}", answer)


def test_a_table_that_is_denied_is_left_apart_and_taken_up_with_what_the_job_may_do(world: World) -> None:
    world.edit()
    world.run(INGEST)
    with seen(world) as found, denied(world, "BatchCreatePartition", "payment"):
        world.run(CHECK)
    assert any(key.startswith("ingestion/_apart/totesys/payment/") for key in found.objects["write"])
    with seen(world) as after:
        world.run(CHECK)
    assert any(key.startswith("ingestion/_apart/totesys/payment/") for key in after.objects["delete"])
    assert refused(CHECK, found) == refused(CHECK, after) == []


def test_no_job_does_what_its_access_does_not_allow(world: World) -> None:
    world.edit(with_dimension=True)
    # rows that are quarantined, a new schema that the crawler registers, an alert of both
    world.source("UPDATE payment SET payment_date = '2024-8-5' WHERE payment_id = 1")
    world.source("ALTER TABLE design ADD COLUMN note text")
    for job in JOBS:
        more = {"compact_objects": 2} if job in (DIMENSIONS, FACTS) else {}
        with seen(world) as found:
            world.run(job, **more)
        assert refused(job, found) == [], job
        assert any(found.objects["write"]), job
    # `watch` finds nothing to start as long as no night asked for more
    world.glue.create_workflow(Name=refresh_workflow(world.crawlers, SOURCE))
    for job in (WATCH, MAINTAIN, AUDIT, CANARY_SHELL, CANARY_SPARK):
        with seen(world) as found:
            world.run(job)
        assert refused(job, found) == [], job
