"""check_schemas: judge every new batch, move what is accepted to its table, register it, and fix what is built."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from totelake.contracts import catalog
from totelake.contracts.model import Table
from totelake.errors import LakeError, RetriableError, SchemaMismatchError
from totelake.lake.catalogue import get_table
from totelake.lake.commits import CommitLog, status_of
from totelake.lake.conditional import create_once
from totelake.lake.keys import Attempt, schema_key
from totelake.lake.manifest import DATA, Manifest, TableCommit
from totelake.lake.partitions import partition_locations, register_locations
from totelake.lake.verdicts import BUILD_TO, LOG, AcceptedObject, batch_document
from totelake.registry.crawl import crawl
from totelake.registry.drift import registered_differences, sentence, source_differences
from totelake.runtime.arguments import JobArguments
from totelake.runtime.runtime import Runtime

SOURCE = "totesys"
_TRIES = 3


@dataclass(frozen=True)
class Schema:
    """A schema of a table's objects as its batch brought it."""

    table: str
    fingerprint: str
    columns: Any


def check_schemas(runtime: Runtime, arguments: JobArguments) -> Manifest | None:
    """Judge what is pending; the verdict, None when nothing was. Raises SchemaMismatchError on drift."""
    check = _Check(runtime, arguments)
    for _ in range(_TRIES):
        # whoever commits a verdict has finished the one before it, so none is ever left behind
        newest = check.verdicts.newest()
        if newest is not None:
            check.finish(newest)
        verdict = check.judge(newest)
        if verdict is None or check.verdicts.commit(verdict):
            break
    else:
        raise RetriableError(f"other runs committed {_TRIES} verdicts first; run the job again when they ended")
    if verdict is not None:
        check.finish(verdict)
        newest = verdict
    through = int(newest.state["through"].get(SOURCE, 0)) if newest else 0
    runtime.put_run_property(BUILD_TO.format(source=SOURCE), str(through))
    runtime.log.info("judged to batch %d", through)
    return verdict


def finish_verdict(runtime: Runtime, arguments: JobArguments, verdict: Manifest) -> None:
    """Copy, register and announce what a committed verdict accepts; all of it can be repeated."""
    _Check(runtime, arguments).finish(verdict)


class _Check:
    """The logs and the catalogue of one run."""

    def __init__(self, runtime: Runtime, arguments: JobArguments) -> None:
        self._runtime, self._arguments = runtime, arguments
        self._s3, self._glue = runtime.clients.s3, runtime.clients.glue
        self._bucket, self._database = arguments.ingestion_bucket, arguments.ingestion_database
        self._ingested = CommitLog(self._s3, self._bucket, SOURCE)
        self.verdicts = CommitLog(self._s3, self._bucket, LOG)

    def judge(self, newest: Manifest | None) -> Manifest | None:
        """The verdict on the batches after the newest one's, as many as the row limit takes; None when there are none.

        Raises SchemaMismatchError when a batch's schema is not its contract's.
        """
        through = int(newest.state["through"].get(SOURCE, 0)) if newest else 0
        batches = list(_up_to(self._ingested.since(through), self._arguments.row_limit))
        if not batches:
            return None
        for batch in batches:
            self._compare(batch)
        number = newest.number + 1 if newest else 1
        attempt = Attempt.new(LOG, number, self._arguments.job_run_id)
        rows = sum(table.rows for batch in batches for table in batch.tables.values())
        self._runtime.log.info("accepting batches %d to %d, %d rows", batches[0].number, batches[-1].number, rows)
        return Manifest(
            log=LOG,
            number=number,
            attempt=attempt.id,
            kind=DATA,
            committed_at=self._runtime.now().isoformat(),
            tables={
                f"{SOURCE}.{batch.number}.{name}": item for batch in batches for name, item in batch.tables.items()
            },
            state={
                "through": {SOURCE: batches[-1].number},
                "batches": {SOURCE: [_document(batch) for batch in batches]},
            },
        )

    def _compare(self, batch: Manifest) -> None:
        differences = []
        for name, item in batch.tables.items():
            differences += source_differences(catalog().table(name), item.extra["schema"])
        if differences:
            raise SchemaMismatchError(sentence(differences, f"batch {batch.number} of {SOURCE}"))

    def finish(self, verdict: Manifest) -> None:
        """Copy, register and announce what a verdict accepts; all of it can be repeated."""
        self.verdicts.finish(verdict)
        tables = {
            key.rsplit(".", 1)[1]: catalog().table(key.rsplit(".", 1)[1])
            for key, item in verdict.tables.items()
            if item.objects
        }
        unknown = [schema for schema in _schemas(verdict) if not self._is_known(schema)]
        missing = {name for name in tables if get_table(self._glue, self._database, name) is None}
        to_register = sorted(missing | {schema.table for schema in unknown})
        if to_register:
            self._runtime.log.info("crawling, since these tables have a new schema: %s", ", ".join(to_register))
            crawl(self._glue, self._arguments.ingestion_crawler)
        storages = {name: self._registered(table) for name, table in tables.items()}
        for schema in unknown:
            self._remember(schema)
        for key, item in verdict.tables.items():
            name = key.rsplit(".", 1)[1]
            if name not in storages:
                continue
            locations = partition_locations(self._bucket, item.objects)
            register_locations(self._glue, self._database, name, storages[name], locations)

    def _registered(self, table: Table) -> Mapping[str, Any]:
        """The storage of a registered table, once it agrees with the contract."""
        registered = get_table(self._glue, self._database, table.name)
        if registered is None:
            raise LakeError(
                f"the crawler {self._arguments.ingestion_crawler} registered no table {self._database}.{table.name}; "
                "see that it has a target for it, and run the job again"
            )
        differences = registered_differences(table, registered["StorageDescriptor"]["Columns"])
        if differences:
            raise SchemaMismatchError(sentence(differences, f"the registered table {self._database}.{table.name}"))
        storage = registered["StorageDescriptor"]
        kept = ("Columns", "InputFormat", "OutputFormat", "SerdeInfo", "Compressed", "Parameters")
        return {field: storage[field] for field in kept if field in storage}

    def _is_known(self, schema: Schema) -> bool:
        try:
            self._s3.head_object(Bucket=self._bucket, Key=schema_key(SOURCE, schema.table, schema.fingerprint))
        except ClientError as error:
            if status_of(error) != 404:
                raise
            return False
        return True

    def _remember(self, schema: Schema) -> None:
        body = json.dumps({"table": schema.table, "columns": schema.columns}, indent=1).encode("utf-8")
        create_once(self._s3, self._bucket, schema_key(SOURCE, schema.table, schema.fingerprint), body)


def _up_to(batches: Iterator[Manifest], rows: int) -> Iterator[Manifest]:
    """Batches until they reach that many rows, but at least one."""
    taken = 0
    for batch in batches:
        yield batch
        taken += sum(table.rows for table in batch.tables.values())
        if taken >= rows:
            return


def _document(batch: Manifest) -> dict[str, Any]:
    accepted = {name: _accepted(item) for name, item in batch.tables.items()}
    return batch_document(batch.number, batch.state["captured_at"], accepted)


def _accepted(item: TableCommit) -> AcceptedObject:
    key, apart = (items[0].key if items else "" for items in (item.objects, item.quarantine))
    counts = (item.rows, item.inserts, item.updates, item.deletes)
    return AcceptedObject(key, *counts, item.extra["fingerprint"], apart, item.quarantined)


def _schemas(verdict: Manifest) -> list[Schema]:
    found = {}
    for key, item in verdict.tables.items():
        table = key.rsplit(".", 1)[1]
        if not item.objects:
            continue
        found[table, item.extra["fingerprint"]] = Schema(table, item.extra["fingerprint"], item.extra["schema"])
    return list(found.values())
