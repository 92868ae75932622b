"""A judgement as a verdict: which events go to their table, which to the dead letters; decided without any I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from totelake.contracts import Contracts
from totelake.contracts.model import TableId
from totelake.lake.keys import dead_letter_key
from totelake.lake.manifest import TableCommit
from totelake.lake.records.batch import Batch, schema_of
from totelake.lake.records.verdict import AcceptedObject, JudgedBatch, Release, SourceVerdict, Verdict
from totelake.registry.judge import Judgement
from totelake.schemas.changes import breaks
from totelake.schemas.columns import TableSchema

Place = tuple[int, str]
"""The number of a batch and the name of a table in it."""


@dataclass(frozen=True)
class ObjectSchema:
    """A schema of a table's objects; whether any of these objects went to the table."""

    table: str
    schema: TableSchema
    is_accepted: bool


def next_verdict(
    source: str, before: Verdict, batches: Sequence[Batch], judgement: Judgement, released: Mapping[Place, TableCommit]
) -> Verdict:
    """The verdict that follows `before`: a source's batches as judged; what it says of other sources is repeated.

    `released` are the commits that `released_commits` places.
    """
    commits = {
        (batch.number, name): placed(TableId(source, name), batch.number, item, judgement.holds(batch.number, name))
        for batch in batches
        for name, item in batch.commits.items()
    }
    objects = {**commits, **{place: item for place, item in released.items() if place not in commits}}
    own = SourceVerdict(
        through=batches[-1].number if batches else before.of_source(source).through,
        standings=judgement.standings,
        batches=[_judged(batch, judgement, commits) for batch in batches],
        released=[Release(batch, name, _accepted(item)) for (batch, name), item in sorted(released.items())],
        register=judgement.register,
        reports=judgement.reports,
    )
    return Verdict(
        sources={**{name: item.carried() for name, item in before.sources.items()}, source: own},
        objects={(source, *place): item for place, item in objects.items()},
    )


def released_commits(
    source: str, commits: Mapping[Place, TableCommit], contracts: Contracts
) -> dict[Place, TableCommit]:
    """What was held and is accepted now: to its table if it fits the contract, else row by row where it lies."""
    found = {}
    for (batch, name), item in commits.items():
        table = TableId(source, name)
        still_breaks = breaks(contracts.table(table), schema_of(item).columns)
        found[batch, name] = placed(table, batch, item, still_breaks)
    return found


def placed(table: TableId, batch: int, item: TableCommit, is_dead_letter: bool) -> TableCommit:
    """A table's commit with its objects at their final keys, or in the dead letters, where no partition is."""
    if not is_dead_letter:
        return item
    key = dead_letter_key(table.source, table.name, batch)
    return replace(item, objects=tuple(replace(found, key=key, partition={}) for found in item.objects))


def is_in_table(item: TableCommit) -> bool:
    """Whether a placed commit's objects lie in their table."""
    return any(found.partition for found in item.objects)


def schemas_of_objects(commits: Mapping[Place, TableCommit]) -> list[ObjectSchema]:
    """The schemas of a verdict's objects, each once; those of the newest batch last."""
    found: dict[tuple[str, str], ObjectSchema] = {}
    for (_, name), item in sorted(commits.items(), key=lambda entry: entry[0][0]):
        if not item.objects:  # rows that could not be read, and nothing else
            continue
        schema = schema_of(item)
        before = found.pop((name, schema.fingerprint), None)
        is_accepted = is_in_table(item) or (before is not None and before.is_accepted)
        found[name, schema.fingerprint] = ObjectSchema(name, schema, is_accepted)
    return list(found.values())


def schemas_by_table(schemas: Iterable[ObjectSchema]) -> dict[str, list[TableSchema]]:
    """The schemas of which objects went to the table, by table and in their order."""
    found: dict[str, list[TableSchema]] = {}
    for item in schemas:
        if item.is_accepted:
            found.setdefault(item.table, []).append(item.schema)
    return found


def _judged(batch: Batch, judgement: Judgement, commits: Mapping[Place, TableCommit]) -> JudgedBatch:
    found = {name: _accepted(commits[batch.number, name]) for name in batch.commits}
    accepted = {name: item for name, item in found.items() if not judgement.holds(batch.number, name)}
    held = {name: replace(item, strict=False) for name, item in found.items() if judgement.holds(batch.number, name)}
    return JudgedBatch(batch.number, batch.captured_at, 0, accepted, held)


def _accepted(item: TableCommit) -> AcceptedObject:
    key, quarantine = (items[0].key if items else "" for items in (item.objects, item.quarantine))
    is_strict = bool(item.objects) and not is_in_table(item)
    return AcceptedObject(
        key=key,
        rows=item.rows,
        inserts=item.inserts,
        updates=item.updates,
        deletes=item.deletes,
        fingerprint=schema_of(item).fingerprint,
        quarantine=quarantine,
        quarantined=item.quarantined,
        strict=is_strict,
    )
