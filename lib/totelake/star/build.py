"""From a unit's events to the rows of one star table, by the builder of its kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import reduce
from typing import Callable

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from totelake.contracts import load_contracts
from totelake.contracts.model import Table, TableId, inputs_of
from totelake.errors import DamagedError
from totelake.lake.footers import read_footer
from totelake.lake.quarantine import SPARK_SCHEMA, deletions_of
from totelake.lake.records.star_commit import Years
from totelake.ports.object_store import ObjectStore
from totelake.runtime.spark import activate
from totelake.star import dim_currency, dim_date, joined
from totelake.star.events import EventReader
from totelake.star.exact import cast_or_null
from totelake.star.plan import Unit, is_joined
from totelake.star.projection import columns_text, project, types_of, with_month
from totelake.star.sorting import METADATA_TYPES, SplitRows, split_by_reason


@dataclass(frozen=True)
class Built:
    """What is built of a unit.

    `rows` are the star table's rows; `split` also has those that do not fit. The next unit has to know `years` and
    `inputs`, as in a StarCommit, and `keep`: by source table the newest rows, which have to be written.
    """

    rows: DataFrame | None
    split: SplitRows | None = None
    years: Years | None = None
    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keep: Mapping[str, DataFrame] = field(default_factory=dict)


def split_events(table: Table, events: DataFrame, more: Sequence[SparkColumn] = ()) -> SplitRows:
    """Events of the driving table as rows of the star table, and those that do not fit.

    `more` are reasons against a row beside the table's own.
    """
    source = load_contracts().driving_table(table)
    derive = dim_currency.build if table.name == "dim_currency" else project
    columns, reasons = derive(table, source)
    found = split_by_reason(events, source, columns, [*more, *reasons])
    return replace(found, rows=with_month(found.rows, table.partition_by)) if table.partition_by else found


class Builder:
    """Builds the rows of any star table; reads nothing but the events and state files that it is given."""

    def __init__(self, spark: SparkSession, reader: EventReader, processed: ObjectStore) -> None:
        self.spark, self._reader, self._processed = spark, reader, processed

    def build(self, unit: Unit) -> Built:
        """The unit's rows in contract order with exact types and metadata; facts with their partition column."""
        activate(self.spark)
        if is_joined(unit.table) and not unit.is_empty:
            return self._joined(unit)
        if not unit.inputs:
            return Built(None, years=unit.before.years, inputs=unit.before.inputs)
        if unit.driving is None:
            return self._dates(unit)
        found = split_events(unit.table, self._events(unit, unit.driving))
        return Built(found.rows, found)

    def unreadable(self, unit: Unit) -> DataFrame | None:
        """Events of the unit's driving table that are no rows of its contract; None when there are none.

        Ingestion quarantined them, or their schema is wider or another one and their values do not fit.
        """
        paths = [self._reader.store.address(item.quarantine) for item in unit.quarantined_at_ingestion]
        frames = [self.spark.read.schema(SPARK_SCHEMA).parquet(*paths)] if paths else []
        if unit.driving in unit.inputs:
            table = load_contracts().driving_table(unit.table)
            frames += self._reader.quarantined(table, unit.objects(table.id))
        return reduce(DataFrame.unionByName, frames) if frames else None

    def deletions_at_ingestion(self, unit: Unit) -> Counter[int]:
        """By batch the deletions among the events that ingestion has quarantined."""
        found = Counter[int]()
        for item in unit.quarantined_at_ingestion:
            found.update(deletions_of(self._reader.store.get(item.quarantine)))
        return found

    def _events(self, unit: Unit, table: TableId) -> DataFrame:
        return self._reader.read(load_contracts().table(table), unit.objects(table))

    def _dates(self, unit: Unit) -> Built:
        covered = unit.before.years
        events = [(load_contracts().table(table), self._events(unit, table)) for table in unit.inputs]
        needed = dim_date.years_of(events, unit.table)
        missing, years = dim_date.missing_years(covered, needed), dim_date.union(covered, needed)
        if not missing:
            return Built(None, years=years)
        # of the first batch: whoever loads a part of the unit has the days that its facts refer to
        first = unit.batches[0]
        captured_at = datetime.fromisoformat(first.captured_at).astimezone(timezone.utc).replace(tzinfo=None)
        return Built(dim_date.build(self.spark, unit.table, missing, first.batch, captured_at), years=years)

    def _joined(self, unit: Unit) -> Built:
        driving, other = (load_contracts().table(table) for table in inputs_of(unit.table))
        inputs = joined.Inputs(
            self._versions(unit, driving, joined.driving_versions), self._versions(unit, other, joined.joined_versions)
        )
        versions = {driving.name: inputs.driving, other.name: inputs.joined}
        changed = {table.name for table in unit.inputs}
        changed |= {driving.name} if unit.quarantined_at_ingestion else set()
        keep = {name: joined.newest(versions[name]) for name in sorted(changed)}
        found = joined.candidates(unit.table, driving, other, inputs, unit.after)
        pairs = split_by_reason(found.pairs, driving, *joined.columns(unit.table, driving, other))
        rows = pairs.rows.unionByName(joined.tombstones(unit.table, driving, found.gone))
        return Built(rows, pairs, inputs=unit.before.inputs, keep=keep)

    def _versions(
        self, unit: Unit, table: Table, versions_of: Callable[[DataFrame | None, DataFrame, Table], DataFrame]
    ) -> DataFrame:
        """One input's versions: what the last unit kept, and this unit's events."""
        schema = columns_text({**types_of(table), **METADATA_TYPES})
        keys = unit.before.inputs.get(table.name, ())
        state = _by_contract(self._kept(keys), table) if keys else None
        has_events = table.id in unit.inputs
        events = self._events(unit, table.id) if has_events else self.spark.createDataFrame([], schema)
        unreadable = self.unreadable(unit) if table.id == unit.driving else None
        if unreadable is not None:
            events = events.unionByName(as_versions(unreadable, table))
        return versions_of(state, events, table)

    def _kept(self, keys: Sequence[str]) -> DataFrame:
        """Rows that one unit kept, by the contract of then, so the first file's footer says what is in all of them.

        Our own reader looks: where Spark does, PySpark loads whatever Python class a footer names.
        """
        size = self._processed.size(keys[0])
        if size is None:
            raise DamagedError(f"{self._processed.address(keys[0])} is not there; restore it, or rebuild the dimension")
        columns = dict(read_footer(self._processed, keys[0], size))
        return self.spark.read.schema(columns_text(columns)).parquet(*map(self._processed.address, keys))


def _by_contract(kept: DataFrame, source: Table) -> DataFrame:
    """Kept rows with the columns of the contract of now; what it has gained is NULL until an event brings it."""
    wanted = {**types_of(source), **METADATA_TYPES}
    return kept.select(
        *[
            (cast_or_null(name, kind) if name in kept.columns else F.lit(None).cast(kind)).alias(name)
            for name, kind in wanted.items()
        ]
    )


def as_versions(unreadable: DataFrame, source: Table) -> DataFrame:
    """Rows that could not be read as versions of which only the key is known.

    A row whose key is none of the contract's type is no version of any.
    """
    key = source.key[0].name
    kinds = types_of(source)
    known = cast_or_null("source_key", kinds[key])
    values = [(known if name == key else F.lit(None).cast(kind)).alias(name) for name, kind in kinds.items()]
    rows = unreadable.where(known.isNotNull())
    return rows.select(*values, F.lit(joined.UNREADABLE).alias("_op"), "_batch", "_captured_at")
