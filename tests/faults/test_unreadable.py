"""An object that cannot be read is one table's finding: reconcile compares all others, and says which object it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.faults.world import World
from tests.integration.star.samples import SPARK
from totelake.contracts import load_contracts
from totelake.lake.commits import CommitLog
from totelake.lake.records.batch import Bookmark
from totelake.lake.records.star_commit import StarCommit, live_objects
from totelake.operate.reconcile.lake import KEYS
from totelake.operate.reconcile.source import CHECK
from totelake.operate.reconcile.warehouse import CONTENT
from totelake.ports.s3 import S3Store

pytestmark = SPARK
Harm = Callable[[Any, str, str], object]


def archive(s3: Any, bucket: str, key: str) -> None:
    """As a lifecycle rule does."""
    s3.copy_object(Bucket=bucket, Key=key, CopySource=f"{bucket}/{key}", StorageClass="GLACIER")


def remove(s3: Any, bucket: str, key: str) -> None:
    """As somebody who tidies up."""
    s3.delete_object(Bucket=bucket, Key=key)


def overwrite(s3: Any, bucket: str, key: str) -> None:
    """With as many bytes that are no parquet."""
    size = s3.head_object(Bucket=bucket, Key=key)["ContentLength"]
    s3.put_object(Bucket=bucket, Key=key, Body=bytes(size))


# what becomes of an object, and what is said of it
HARMS: dict[Harm, str] = {
    archive: "is archived",
    remove: "is not there with its",
    overwrite: "is not what its job wrote",
}


@contextmanager
def harmed(world: World, bucket: str, key: str, harm: Harm) -> Iterator[None]:
    """An object as the harm leaves it; whole again afterwards."""
    body = world.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    harm(world.s3, bucket, key)
    try:
        yield
    finally:
        world.s3.put_object(Bucket=bucket, Key=key, Body=body)


@pytest.mark.parametrize(("harm", "said"), HARMS.items())
def test_an_object_that_cannot_be_read_is_its_tables_finding_and_no_others(world: World, harm: Harm, said: str) -> None:
    star = load_contracts().star("dim_payment_type")
    log = CommitLog(S3Store(world.s3, world.processed), star.name)
    built = live_objects([StarCommit.of(star, manifest) for manifest in log.since(0)])[0].key
    events = next(iter(S3Store(world.s3, world.ingestion).list("totesys/address/"))).key
    ledger = Bookmark.of(world.log().newest()).tables["design"].ledger.base
    assert ledger is not None
    known = len(world.all_findings())
    places = [(world.ingestion, ledger.key), (world.ingestion, events), (world.processed, built)]
    with ExitStack() as stack:
        for bucket, key in places:
            stack.enter_context(harmed(world, bucket, key, harm))
        found = world.findings()
        assert len(world.all_findings()) == known
    assert {(item.table, item.check): item.detail.split(" ")[0] for item in found} == {
        ("design", CHECK): f"s3://{world.ingestion}/{ledger.key}",
        ("design", KEYS): f"s3://{world.ingestion}/{ledger.key}",
        ("address", KEYS): f"s3://{world.ingestion}/{events}",
        (star.name, CONTENT): f"s3://{world.processed}/{built}",
    }
    assert all(said in item.detail for item in found if item.table != "design" or harm is not overwrite)
    world.is_sound = not world.findings()


def test_a_column_with_a_name_of_pyarrows_is_compared_as_any_other(world: World) -> None:
    world.source('ALTER TABLE address ADD "__filename" text; ALTER TABLE address ADD "__batch_index" integer')
    world.source("UPDATE address SET \"__filename\" = 'x', phone = phone || '1'")
    world.chain()
    assert world.findings() == []
