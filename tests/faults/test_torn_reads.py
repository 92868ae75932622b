"""A reader loops over the catalogue's views while batches edit many months at once, and the builders compact or build
anew: it sees whole batches."""

from __future__ import annotations

import io
import itertools
import random
import threading
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot

from tests.conftest import KEY, SOURCE
from tests.faults.conftest import SOAK
from tests.integration.warehouse.conftest import METADATA, row
from totelake.contracts import load_contracts
from totelake.contracts.model import Table
from totelake.contracts.types import arrow_type
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt, number_text
from totelake.lake.manifest import COMPACTION, REBUILD, LakeObject, TableCommit
from totelake.lake.records.verdict import LOG, AcceptedObject, JudgedBatch, SourceVerdict, Verdict
from totelake.lake.views import view_sql
from totelake.ports.s3 import S3Store
from totelake.runtime import Clients, Job, open_job
from totelake.runtime.job_arguments import BuildArguments, parse_arguments
from totelake.runtime.run_properties import REBUILD as REBUILD_PROPERTY
from totelake.star.job import build_tables
from totelake.star.plan import Unit, Written
from totelake.star.session import StarSession

pytestmark = pytest.mark.integration
BATCHES = 100 if SOAK else 40
# about so many reads and requests of a batch
READS, REQUESTS = 1.2, 60
FACT, DIMENSION = (load_contracts().find(name) for name in ("fact_sales_order", "dim_design"))
MONTHS = [date(2024, month, 5) for month in range(1, 6)]
NOON = datetime(2026, 11, 24, 12)
Version = tuple[int, str, int]


@cache
def op_of(key: int, batch: int) -> str:
    """What a batch does to a row: every row is written in each, but one that is deleted, and comes back in the next."""
    if batch % 5 == 0 and batch // 5 % len(MONTHS) == key:
        return "D"
    return "I" if batch == 1 or op_of(key, batch - 1) == "D" else "U"


def events(batch: int) -> list[Version]:
    """Key, operation and batch of what a batch brings."""
    return [(key, op_of(key, batch), batch) for key in range(len(MONTHS))]


def with_designs(batch: int) -> int:
    """The newest batch that changes the dimension."""
    return batch - (batch - 1) % 5


EXPECTED = {
    "fact_sales_order": lambda batch: [item for n in range(1, batch + 1) for item in events(n) if item[1] != "D"],
    "current_sales_order": lambda batch: [item for item in events(batch) if item[1] != "D"],
    "dim_design": lambda batch: [(key, "U", with_designs(batch)) for key in range(len(MONTHS))],
}


class Writer:
    """Stands in for Spark: the rows of a unit, an object for each month, below the attempt's prefix."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3, self._bucket = s3, bucket

    def write(self, unit: Unit, attempt: Attempt) -> Written:
        """The objects of its batches that have something of the table."""
        of_batch = events if unit.table is FACT else EXPECTED["dim_design"]
        batches = [batch.batch for batch in unit.batches if unit.table.driving in batch.tables]
        places: dict[str, list[Version]] = {}
        for item in (item for batch in batches for item in of_batch(batch)):
            month = "deleted" if item[1] == "D" else f"{MONTHS[item[0]]:%Y-%m}"
            places.setdefault(month if unit.table is FACT else "", []).append(item)
        objects = tuple(self._put(unit.table, attempt, month, found) for month, found in places.items())
        return Written(TableCommit(objects, len(MONTHS) * len(batches)))

    def write_anew(self, table: Table, items: Sequence[LakeObject], attempt: Attempt) -> tuple[LakeObject, ...]:
        """The rows of these objects, an object for each month."""
        places: dict[str, list[LakeObject]] = {}
        for item in items:
            places.setdefault("".join(item.partition.values()), []).append(item)
        return tuple(self._merged(table, attempt, month, found) for month, found in places.items())

    def _merged(self, table: Table, attempt: Attempt, month: str, items: list[LakeObject]) -> LakeObject:
        bodies = [self._s3.get_object(Bucket=self._bucket, Key=item.key)["Body"].read() for item in items]
        return self._store(
            table, attempt, month, pa.concat_tables([pq.read_table(io.BytesIO(body)) for body in bodies])
        )

    def _put(self, table: Table, attempt: Attempt, month: str, found: list[Version]) -> LakeObject:
        fields = [(column.name, arrow_type(column.type)) for column in table.lake_columns] + METADATA
        rows = [
            {**row(table), table.key_name: key, "_op": op, "_batch": batch, "_captured_at": NOON + timedelta(0, batch)}
            for key, op, batch in found
        ]
        return self._store(table, attempt, month, pa.Table.from_pylist(rows, schema=pa.schema(fields)))

    def _store(self, table: Table, attempt: Attempt, month: str, rows: pa.Table) -> LakeObject:
        body = io.BytesIO()
        pq.write_table(rows, body)
        key = attempt.staged_key(table.name, f"{month}.parquet")
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body.getvalue())
        partition = {table.partition_by: month} if table.partition_by else {}
        folders = [f"{name}={value}" for name, value in partition.items()]
        final = "/".join([table.name, *folders, f"{number_text(attempt.number)}-0.parquet"])
        return LakeObject(key, final, rows.num_rows, len(body.getvalue()), "", partition)


class Reader:
    """Reads views as Athena does: the view's text first, then partitions, then the objects under their locations."""

    def __init__(self, clients: Clients, database: str) -> None:
        self._s3, self._glue, self._database = clients.s3, clients.glue, database
        self._objects: dict[str, pa.Table] = {}

    def select(self, view: str, columns: str) -> tuple[int, list[tuple[Any, ...]]]:
        """The batch that the view's text names, and its rows."""
        table = self._glue.get_table(DatabaseName=self._database, Name=view)["Table"]
        parsed = sqlglot.parse_one(view_sql(table), read="athena")
        (log,) = {found.name for found in parsed.find_all(sqlglot.exp.Table)}
        with duckdb.connect() as connection:
            connection.register("rows", pa.concat_tables(self._parts(log)))
            for found in parsed.find_all(sqlglot.exp.Table):
                found.replace(sqlglot.exp.to_table("rows"))
            rows = connection.execute(f"SELECT {columns} FROM ({parsed.sql(dialect='duckdb')})").fetchall()
        return int(table["Parameters"]["totelake.batch"]), rows

    def _parts(self, log: str) -> Iterator[pa.Table]:
        table = self._glue.get_table(DatabaseName=self._database, Name=log)["Table"]
        if not table["PartitionKeys"]:
            yield from self._under(table["StorageDescriptor"]["Location"])
            return
        for part in self._glue.get_partitions(DatabaseName=self._database, TableName=log)["Partitions"]:
            for found in self._under(part["StorageDescriptor"]["Location"]):
                yield found.append_column(table["PartitionKeys"][0]["Name"], [[part["Values"][0]] * found.num_rows])

    def _under(self, location: str) -> Iterator[pa.Table]:
        bucket, prefix = location.removeprefix("s3://").split("/", 1)
        for item in self._s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", ()):
            key = item["Key"]
            if key not in self._objects:
                body = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
                self._objects[key] = pq.read_table(io.BytesIO(body))
            yield self._objects[key]


class Loop(threading.Thread):
    """Reads one view after the other until it is stopped, and all once more; what it saw that was no whole batch.

    Reads begin at requests of the writer that a dice picks, and go on while the writer does.
    """

    def __init__(self, reader: Reader) -> None:
        super().__init__(name="reader")
        self._reader, self._stop_it = reader, threading.Event()
        self._dice, self._due = random.Random(7), threading.Semaphore(0)
        self.seen: dict[str, list[int]] = {view: [] for view in EXPECTED}
        self.torn: list[Any] = []
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            views = itertools.cycle(EXPECTED)
            while self._due.acquire() and not self._stop_it.is_set():
                self._read(next(views))
            for view in EXPECTED:
                self._read(view)
        except BaseException as failure:
            self.failure = failure

    def _read(self, view: str) -> None:
        key = "design_id" if view == "dim_design" else "sales_order_id"
        batch, rows = self._reader.select(view, f'"{key}", "_batch"')
        self.seen[view].append(batch)
        whole = Counter((item[0], item[2]) for item in EXPECTED[view](batch))
        if Counter(rows) != whole:
            self.torn.append((view, batch, sorted((Counter(rows) - whole) + (whole - Counter(rows)))[:5]))

    def follow(self, client: Any) -> None:
        """Begin reads at requests of this client."""
        client.meta.events.register("before-call.*", self._tick)

    def _tick(self, **_: Any) -> None:
        if self._dice.random() < READS / REQUESTS:
            self._due.release()

    def finish(self) -> None:
        """Let it read once more and end."""
        self._stop_it.set()
        self._due.release()
        self.join()


def accept(s3: Any, bucket: str, batch: int) -> None:
    """A verdict over one batch that changes the fact, and sometimes the dimension."""
    item = AcceptedObject("key", len(MONTHS), 0, len(MONTHS), 0, "fingerprint")
    tables = {"sales_order": item, **({"design": item} if with_designs(batch) == batch else {})}
    judged = JudgedBatch(batch, f"{NOON.isoformat()}+00:00", batch, tables)
    verdict = Verdict(sources={SOURCE: SourceVerdict(through=batch, batches=(judged,))})
    manifest = verdict.manifest(Attempt.new(LOG, batch, "test"), NOON)
    assert CommitLog(S3Store(s3, bucket), LOG).commit(manifest)


class NothingToReplay:
    """No row of the test is in quarantine."""

    def rows(self, *_: Any) -> None:
        """None of a table's own."""

    def dates(self, *_: Any) -> None:
        """None that lacks a day."""


@pytest.mark.parametrize("kind", [COMPACTION, REBUILD])
def test_a_reader_sees_whole_batches_only_while_batches_arrive_and_partitions_are_written_anew(
    kind: str, moto_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = uuid.uuid4().hex[:12]
    clients, own = (Clients("eu-west-2", {"": moto_endpoint}, (KEY, KEY)) for _ in range(2))
    bucket, database = f"lake-{name}", f"processed_{name}"
    clients.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    clients.glue.create_database(DatabaseInput={"Name": database})
    monkeypatch.setattr(StarSession, "writer", lambda _: Writer(clients.s3, bucket))
    monkeypatch.setattr(StarSession, "replay_writer", lambda _: NothingToReplay())
    wanted: dict[str, str] = {}
    monkeypatch.setattr(Job, "run_property", lambda _, name: wanted.get(name))
    words = ["--source", SOURCE, "--ingestion_bucket", bucket, "--processed_bucket", bucket]
    words += ["--ingestion_database", "ingestion", "--processed_database", database]
    words += ["--compact_objects", "4" if kind == COMPACTION else "1000"]
    arguments = parse_arguments(["script", *words], BuildArguments)
    loop = Loop(Reader(own, database))
    try:
        for batch in range(1, BATCHES + 1):
            accept(clients.s3, bucket, batch)
            wanted[REBUILD_PROPERTY] = f"{FACT.name},{DIMENSION.name}" if kind == REBUILD and batch % 5 == 0 else ""
            with open_job(arguments, clients) as job:
                build_tables(job, (FACT, DIMENSION))
            if batch == 1:
                loop.follow(clients.s3)
                loop.follow(clients.glue)
                loop.start()
    finally:
        if loop.is_alive():
            loop.finish()
    if loop.failure is not None:
        raise loop.failure
    assert loop.torn == []
    for table in (FACT, DIMENSION):
        kinds = Counter(manifest.kind for manifest in CommitLog(S3Store(clients.s3, bucket), table.name).since(0))
        assert kinds[kind] >= BATCHES // 20, table.name
    for view, batches in loop.seen.items():
        newest = with_designs(BATCHES) if view == "dim_design" and kind == COMPACTION else BATCHES
        assert batches == sorted(batches) and batches[-1] == newest, view
        assert len(set(batches)) > BATCHES // 10, view
