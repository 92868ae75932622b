"""From a unit's events to the rows of one star table, by the builder of its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import reduce
from typing import Any, Callable

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from totelake.contracts import catalog
from totelake.contracts.model import Table, inputs_of
from totelake.lake.quarantine import SPARK_SCHEMA
from totelake.runtime.spark import activate
from totelake.star import dim_currency, dim_date, joined
from totelake.star.events import EventReader
from totelake.star.plan import Unit
from totelake.star.projection import columns_text, project, types_of, with_month
from totelake.star.refused import METADATA_TYPES, Sorted, sort_out


@dataclass(frozen=True)
class Built:
    """The rows of a unit and those it refused, what the next unit has to know, the inputs' newest rows to keep."""

    rows: DataFrame | None
    sorted: Sorted | None = None
    state: Mapping[str, Any] = field(default_factory=dict)
    keep: Mapping[str, DataFrame] = field(default_factory=dict)


def sorted_events(table: Table, events: DataFrame, more: Sequence[SparkColumn] = ()) -> Sorted:
    """Events of a table's one source as its rows, and those it refuses; `more` are reasons beside the table's own."""
    source = catalog().table(table.source or "")
    derive = dim_currency.build if table.name == "dim_currency" else project
    columns, reasons = derive(table, source)
    found = sort_out(events, source, columns, [*more, *reasons])
    return replace(found, rows=with_month(found.rows, table.partition_by)) if table.partition_by else found


class Builder:
    """Builds the rows of any star table; reads nothing but the events and states that it is given."""

    def __init__(self, spark: SparkSession, reader: EventReader, processed: str) -> None:
        self.spark, self._reader, self._processed = spark, reader, processed

    def build(self, unit: Unit) -> Built:
        """The unit's rows in contract order with exact types and metadata; facts with their partition column."""
        activate(self.spark)
        table = unit.table
        is_joined = table.source is not None and len(inputs_of(table)) > 1
        if is_joined and (unit.sources or unit.unreadable):
            return self._joined(unit)
        if not unit.sources:
            return Built(None, state=unit.carried)
        if table.source is None:
            return self._dates(unit)
        found = sorted_events(table, self._events(unit, table.source))
        return Built(found.rows, found)

    def unreadable(self, unit: Unit) -> DataFrame | None:
        """Rows of the unit's driving table that never were its contract's rows; None when there are none.

        Ingestion set them apart, or their schema is wider or another one and their values do not fit.
        """
        paths = [f"s3://{self._reader.bucket}/{item.quarantine}" for item in unit.unreadable]
        frames = [self.spark.read.schema(SPARK_SCHEMA).parquet(*paths)] if paths else []
        source = unit.table.source
        if source is not None and source in unit.sources:
            frames += self._reader.refused(catalog().table(source), unit.objects(source))
        return reduce(DataFrame.unionByName, frames) if frames else None

    def _events(self, unit: Unit, name: str) -> DataFrame:
        return self._reader.read(catalog().table(name), unit.objects(name))

    def _dates(self, unit: Unit) -> Built:
        covered = unit.carried.get("years")
        before = (covered[0], covered[1]) if covered else None
        events = [(catalog().table(name), self._events(unit, name)) for name in unit.sources]
        needed = dim_date.years_of(events, unit.table)
        years, after = dim_date.missing_years(before, needed), dim_date.union(before, needed)
        state = {"years": list(after)} if after else {}
        if not years:
            return Built(None, state=state)
        # of the first batch: whoever loads a part of the unit has the days that its facts refer to
        first = unit.batches[0]
        captured_at = datetime.fromisoformat(first.captured_at).astimezone(timezone.utc).replace(tzinfo=None)
        return Built(dim_date.build(self.spark, unit.table, years, first.batch, captured_at), state=state)

    def _joined(self, unit: Unit) -> Built:
        driving, other = (catalog().table(name) for name in inputs_of(unit.table))
        inputs = joined.Inputs(
            self._versions(unit, driving, joined.driving_versions), self._versions(unit, other, joined.joined_versions)
        )
        versions = {driving.name: inputs.driving, other.name: inputs.joined}
        changed = {*unit.sources, *([driving.name] if unit.unreadable else [])}
        keep = {name: joined.newest(versions[name]) for name in sorted(changed)}
        found = joined.candidates(unit.table, driving, other, inputs, unit.after)
        pairs = sort_out(found.pairs, driving, *joined.columns(unit.table, driving, other))
        rows = pairs.rows.unionByName(joined.tombstones(unit.table, driving, found.gone))
        return Built(rows, pairs, unit.carried, keep)

    def _versions(
        self, unit: Unit, table: Table, versions_of: Callable[[DataFrame | None, DataFrame, Table], DataFrame]
    ) -> DataFrame:
        """One input's versions: what the last unit kept, and this unit's events."""
        schema = columns_text({**types_of(table), **METADATA_TYPES})
        kept: Sequence[str] = unit.carried.get("inputs", {}).get(table.name, ())
        paths = [f"s3://{self._processed}/{key}" for key in kept]
        # written by the contract of then, so its own footers say what is in it
        state = _by_contract(self.spark.read.parquet(*paths), table) if paths else None
        has_events = table.name in unit.sources
        events = self._events(unit, table.name) if has_events else self.spark.createDataFrame([], schema)
        unreadable = self.unreadable(unit) if table.name == unit.table.source else None
        if unreadable is not None:
            events = events.unionByName(_as_versions(unreadable, table))
        return versions_of(state, events, table)


def _by_contract(kept: DataFrame, source: Table) -> DataFrame:
    """Kept rows with the columns of the contract of now; what it has gained is NULL until an event brings it."""
    wanted = {**types_of(source), **METADATA_TYPES}
    return kept.select(
        *[
            (F.expr(f"try_cast(`{name}` AS {kind})") if name in kept.columns else F.lit(None).cast(kind)).alias(name)
            for name, kind in wanted.items()
        ]
    )


def _as_versions(unreadable: DataFrame, source: Table) -> DataFrame:
    """Rows that could not be read as versions of which only the key is known."""
    key = source.key[0].name
    values = [
        (F.col("source_key") if name == key else F.lit(None)).cast(kind).alias(name)
        for name, kind in types_of(source).items()
    ]
    return unreadable.select(*values, F.lit(joined.UNREADABLE).alias("_op"), "_batch", "_captured_at")
