"""check_schemas: judge every new batch, move what is accepted to its table, register it, and fix what is built."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from totelake.contracts import catalog
from totelake.errors import RetriableError
from totelake.lake.catalogue import get_table
from totelake.lake.commits import CommitLog, status_of
from totelake.lake.conditional import create_once
from totelake.lake.keys import Attempt, dead_letter_key, finished_key, schema_key
from totelake.lake.manifest import DATA, Manifest, TableCommit
from totelake.lake.partitions import partition_locations, register_locations
from totelake.lake.verdicts import BUILD_TO, HELD, LOG, AcceptedObject, batch_document, release_document, standings_of
from totelake.registry.crawl import crawl
from totelake.registry.judge import Judged, Standing, breaks, judge
from totelake.registry.register import check_registered, lacking, set_schema, storage_of
from totelake.registry.report import announce
from totelake.runtime.arguments import JobArguments
from totelake.runtime.runtime import Runtime

SOURCE = "totesys"
_TRIES = 3


@dataclass(frozen=True)
class Schema:
    """A schema of a table's objects as its batch brought it; whether any of them went to the table."""

    table: str
    fingerprint: str
    columns: Any
    is_accepted: bool


def check_schemas(runtime: Runtime, arguments: JobArguments) -> Manifest | None:
    """Judge what is pending, and what is held; the verdict, None when there was nothing to say."""
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


def restore_registered(runtime: Runtime, arguments: JobArguments) -> list[str]:
    """Give registered tables the columns that the verdicts left them; those that had others."""
    return _Check(runtime, arguments).restore([table.name for table in catalog().source_tables(SOURCE)])


class _Check:
    """The logs and the catalogue of one run."""

    def __init__(self, runtime: Runtime, arguments: JobArguments) -> None:
        self._runtime, self._arguments = runtime, arguments
        self._s3, self._glue = runtime.clients.s3, runtime.clients.glue
        self._bucket, self._database = arguments.ingestion_bucket, arguments.ingestion_database
        self._ingested = CommitLog(self._s3, self._bucket, SOURCE)
        self.verdicts = CommitLog(self._s3, self._bucket, LOG)

    def judge(self, newest: Manifest | None) -> Manifest | None:
        """The verdict on the batches after the newest one's, as many as the row limit takes, and on what is held.

        None when there are no batches and nothing is released.
        """
        through = int(newest.state["through"].get(SOURCE, 0)) if newest else 0
        batches = list(_up_to(self._ingested.since(through), self._arguments.row_limit))
        before = {name: Standing.of(entry) for name, entry in standings_of(newest, SOURCE).items()}
        judged = judge(batches, before, catalog())
        if not batches and not judged.released:
            return None
        number = newest.number + 1 if newest else 1
        attempt = Attempt.new(LOG, number, self._arguments.job_run_id)
        self._say(batches)
        given = {batch.number: batch for batch in batches}
        items = {
            (batch.number, name): _placed(batch.number, name, item, name in judged.held.get(batch.number, ()))
            for batch in batches
            for name, item in batch.tables.items()
        }
        released = self._released(judged, given)
        items.update({place: item for place, item in released.items() if place not in items})
        return Manifest(
            log=LOG,
            number=number,
            attempt=attempt.id,
            kind=DATA,
            committed_at=self._runtime.now().isoformat(),
            tables={f"{SOURCE}.{batch}.{name}": item for (batch, name), item in items.items()},
            state={
                "through": {SOURCE: batches[-1].number if batches else through},
                "batches": {SOURCE: [_document(batch, judged.held.get(batch.number, frozenset()), items)
                                     for batch in batches]},
                "released": {SOURCE: [release_document(batch, name, _accepted(item))
                                      for (batch, name), item in sorted(released.items())]},
                "register": {SOURCE: sorted(judged.registers)},
                "tables": {SOURCE: {name: item.document for name, item in sorted(judged.standings.items())}},
                "news": {SOURCE: [_news(item) for item in judged.news]},
            },
        )  # fmt: skip

    def _say(self, batches: Sequence[Manifest]) -> None:
        if batches:
            rows = sum(table.rows for batch in batches for table in batch.tables.values())
            self._runtime.log.info("judging batches %d to %d, %d rows", batches[0].number, batches[-1].number, rows)

    def _released(self, judged: Judged, given: Mapping[int, Manifest]) -> dict[tuple[int, str], TableCommit]:
        """What was held and is accepted now: to its table if it fits the contract, else row by row where it lies."""
        found = {}
        for name, numbers in judged.released.items():
            for number in numbers:
                item = (given[number] if number in given else self._ingested.get(number)).tables[name]
                is_strict = breaks(catalog().table(name), item.extra["schema"])
                found[number, name] = _placed(number, name, item, is_strict)
        return found

    def finish(self, verdict: Manifest) -> None:
        """Copy, register and announce what a verdict accepts; all of it can be repeated."""
        self.verdicts.finish(verdict)
        accepted = {key.rsplit(".", 1)[1] for key, item in verdict.tables.items() if _is_in_table(item)}
        schemas = schemas_of_objects(verdict)
        unknown = [schema for schema in schemas if not self._is_there(_key_of(schema))]
        mark = finished_key(LOG, verdict.number)
        has_news = any(verdict.state.get(part, {}).get(SOURCE) for part in ("register", "news"))
        is_due = (has_news or _holds(verdict)) and not self._is_there(mark)
        made = self._crawl(accepted, unknown)
        self.restore(made)
        # of an older verdict, which recovery brings here, a newer one has registered what there is since
        is_newest = self.verdicts.newest_number(verdict.number) is None
        storages = {}
        for name in sorted(accepted):
            newest = [schema for schema in schemas if schema.table == name and schema.is_accepted][-1]
            if is_newest and name not in made:
                self._register(is_due and name in verdict.state["register"][SOURCE], newest)
            storages[name] = storage_of(self._glue, self._database, name, self._arguments.ingestion_crawler)
        for schema in unknown:
            self._remember(schema)
        for key, item in verdict.tables.items():
            name = key.rsplit(".", 1)[1]
            if _is_in_table(item):
                locations = partition_locations(self._bucket, item.objects)
                register_locations(self._glue, self._database, name, storages[name], locations)
        if is_due:
            announce(self._runtime, self._arguments, catalog(), verdict)
            create_once(self._s3, self._bucket, mark, b"{}")

    def _crawl(self, accepted: set[str], unknown: Sequence[Schema]) -> set[str]:
        """Let the crawler register new tables, and columns that no schema had before; the tables that are new."""
        new, made = set(), set()
        for name in accepted:
            present = get_table(self._glue, self._database, name)
            columns = present["StorageDescriptor"]["Columns"] if present else []
            schemas = [schema.columns for schema in unknown if schema.table == name and schema.is_accepted]
            has_new = any(not found for schema in schemas for found, _ in lacking(columns, schema).values())
            if present is None or has_new:
                new.add(name)
            if present is None:
                made.add(name)
        if new:
            self._runtime.log.info("crawling, since these tables have a new schema: %s", ", ".join(sorted(new)))
            crawl(self._glue, self._arguments.ingestion_crawler)
        return made

    def restore(self, names: Collection[str]) -> list[str]:
        """Give tables that a crawl made of many files, or somebody changed, the verdicts' columns; which."""
        present = [name for name in names if get_table(self._glue, self._database, name)]
        schemas: dict[str, list[Any]] = {name: [] for name in present}
        for verdict in self.verdicts.since(0) if present else ():
            for schema in schemas_of_objects(verdict):
                if schema.table in schemas and schema.is_accepted:
                    schemas[schema.table].append(schema.columns)
        return [name for name, found in schemas.items() if set_schema(self._glue, self._database, name, *found)]

    def _register(self, is_new: bool, schema: Schema) -> None:
        """Set what the crawler cannot express of a schema that is new, see that a known one is as it was left."""
        present = storage_of(self._glue, self._database, schema.table, self._arguments.ingestion_crawler)["Columns"]
        if not is_new:
            check_registered(self._database, schema.table, present, schema.columns)
        elif set_schema(self._glue, self._database, schema.table, schema.columns):
            self._runtime.log.info("registered the new schema of %s", schema.table)

    def _is_there(self, key: str) -> bool:
        try:
            self._s3.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if status_of(error) != 404:
                raise
            return False
        return True

    def _remember(self, schema: Schema) -> None:
        body = json.dumps({"table": schema.table, "columns": schema.columns}, indent=1).encode("utf-8")
        create_once(self._s3, self._bucket, _key_of(schema), body)


def _up_to(batches: Iterator[Manifest], rows: int) -> Iterator[Manifest]:
    """Batches until they reach that many rows, but at least one."""
    taken = 0
    for batch in batches:
        yield batch
        taken += sum(table.rows for table in batch.tables.values())
        if taken >= rows:
            return


def _key_of(schema: Schema) -> str:
    return schema_key(SOURCE, schema.table, schema.fingerprint)


def _holds(verdict: Manifest) -> bool:
    batches = verdict.state["batches"].get(SOURCE, ())
    return any(item["verdict"] == HELD for batch in batches for item in batch["tables"].values())


def _placed(batch: int, name: str, item: TableCommit, is_apart: bool) -> TableCommit:
    """A table's commit with its objects at their final keys, or in the dead letters, where no partition is."""
    if not is_apart:
        return item
    key = dead_letter_key(SOURCE, name, batch)
    return replace(item, objects=tuple(replace(found, key=key, partition={}) for found in item.objects))


def _is_in_table(item: TableCommit) -> bool:
    return any(found.partition for found in item.objects)


def _document(batch: Manifest, held: frozenset[str], items: Mapping[tuple[int, str], TableCommit]) -> dict[str, Any]:
    found = {name: _accepted(items[batch.number, name]) for name in batch.tables}
    accepted = {name: item for name, item in found.items() if name not in held}
    apart = {name: replace(item, strict=False) for name, item in found.items() if name in held}
    return batch_document(batch.number, batch.state["captured_at"], accepted, apart)


def _accepted(item: TableCommit) -> AcceptedObject:
    key, apart = (items[0].key if items else "" for items in (item.objects, item.quarantine))
    counts = (item.rows, item.inserts, item.updates, item.deletes)
    is_strict = bool(item.objects) and not _is_in_table(item)
    return AcceptedObject(key, *counts, item.extra["fingerprint"], apart, item.quarantined, is_strict)


def _news(item: Any) -> dict[str, Any]:
    return {**asdict(item), "changes": [change.document for change in item.changes]}


def schemas_of_objects(verdict: Manifest) -> list[Schema]:
    """The schemas of a verdict's objects, each once; those of the newest batch last."""
    found: dict[tuple[str, str], Schema] = {}
    for key, item in sorted(verdict.tables.items(), key=lambda entry: int(entry[0].split(".")[1])):
        if not item.objects:  # rows that could not be read, and nothing else
            continue
        table, fingerprint = key.rsplit(".", 1)[1], item.extra["fingerprint"]
        before = found.pop((table, fingerprint), None)
        is_accepted = _is_in_table(item) or (before is not None and before.is_accepted)
        found[table, fingerprint] = Schema(table, fingerprint, item.extra["schema"], is_accepted)
    return list(found.values())
