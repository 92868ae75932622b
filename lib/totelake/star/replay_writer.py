"""Quarantined rows read again from the star logs, and written as rows where they fit the contracts of now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from totelake.contracts import load_contracts
from totelake.contracts.model import Table
from totelake.contracts.types import spark_type
from totelake.lake.checksums import ObjectChecks
from totelake.lake.keys import Attempt
from totelake.lake.quarantine import MISSING_COLUMN, NEVER_REPLAYED, PLACE_NAMES, SPARK_SCHEMA, UNREADABLE
from totelake.lake.records.star_commit import StarCommit, Years
from totelake.ports.object_store import ObjectStore
from totelake.runtime.spark import activate
from totelake.schemas.changes import FREEZE
from totelake.star import dim_date
from totelake.star.build import split_events
from totelake.star.exact import read_text
from totelake.star.plan import Written
from totelake.star.projection import columns_text, types_of
from totelake.star.sorting import METADATA, reason
from totelake.star.write import UnitWriter

_TEXTS, _PAYLOAD = "_texts", "map<string,string>"
Log = Sequence[StarCommit]


class ReplayWriter:
    """Writes what a replay of a star table commits. A log is all commits of a table that count, the oldest first."""

    def __init__(self, spark: SparkSession, store: ObjectStore, writer: UnitWriter) -> None:
        self._spark, self._store, self._writer = spark, store, writer

    def rows(self, table: Table, log: Log, attempt: Attempt) -> Written | None:
        """Write the rows of a table's quarantine that fit now; None when the quarantine is empty."""
        activate(self._spark)
        entries = self._open_entries(table, log)
        if entries is None:
            return None
        frame, reasons = typed(entries, load_contracts().driving_table(table))
        most = sum(item.rows for commit in log for item in commit.quarantine)
        return self._writer.write_again(split_events(table, frame, reasons).rows, table, most, attempt)

    def dates(self, target: Table, newest: StarCommit, facts: Mapping[str, Log], attempt: Attempt) -> Written | None:
        """Write the days that quarantined rows of the facts refer to and that are not there yet, as rows of the newest
        batch; None when no day is missing."""
        activate(self._spark)
        needed = self._years(target, facts)
        missing, years = dim_date.missing_years(newest.years, needed), dim_date.union(newest.years, needed)
        if not missing:
            return None
        moment = datetime.fromisoformat(newest.committed_at).astimezone(timezone.utc).replace(tzinfo=None)
        rows = dim_date.build(self._spark, target, missing, newest.through, moment)
        return replace(self._writer.write_again(rows, target, 366 * len(missing), attempt), years=years)

    def _years(self, target: Table, facts: Mapping[str, Log]) -> Years | None:
        events = []
        for name, log in facts.items():
            fact = load_contracts().star(name)
            entries = self._open_entries(fact, log)
            if entries is not None:
                source = load_contracts().driving_table(fact)
                events.append((source, typed(entries, source)[0]))
        return dim_date.years_of(events, target) if events else None

    def _open_entries(self, table: Table, log: Log) -> DataFrame | None:
        """The quarantined rows that no replay has released; None when nothing was ever quarantined."""
        keys = [item.key for commit in log for item in commit.quarantine]
        if not keys:
            return None
        released = [item for commit in log if commit.is_replay for item in commit.objects]
        ObjectChecks(self._store).check([*(item for commit in log for item in commit.quarantine), *released])
        # the payload of some is no text, or lacks columns: they never become rows
        entries = self._spark.read.schema(SPARK_SCHEMA).parquet(*self._paths(keys))
        entries = entries.where(~F.col("rule").isin(*NEVER_REPLAYED))
        # what a row lacks it still lacks while the contract names any column that it never had
        named = F.array(*[F.lit(name) for name in load_contracts().driving_table(table).column_names])
        had = F.map_keys(F.from_json("payload", _PAYLOAD))
        entries = entries.where((F.col("rule") != MISSING_COLUMN) | (F.size(F.array_except(named, had)) == 0))
        entries = without_unknown(entries, load_contracts().driving_table(table))
        done = [item.key for item in released]
        if not done:
            return entries
        kind = spark_type(table.column(table.key_name).type)
        schema = columns_text({table.key_name: kind, "_batch": "bigint"})
        rows = self._spark.read.schema(schema).parquet(*self._paths(done))
        left = rows.select(F.col(table.key_name).cast("bigint").alias("source_key"), "_batch")
        return entries.join(left, ["source_key", "_batch"], how="left_anti")

    def _paths(self, keys: Sequence[str]) -> list[str]:
        return [self._store.address(key) for key in keys]


def without_unknown(entries: DataFrame, source: Table) -> DataFrame:
    """The rows without those that have what the frozen contract of a feed's table still does not name."""
    if source.dataset is None or source.policy != FREEZE:
        return entries
    known = F.array(*[F.lit(name) for name in (*source.column_names, *PLACE_NAMES)])
    return entries.where(F.size(F.array_except(F.map_keys(F.from_json("payload", _PAYLOAD)), known)) <= 0)


def typed(entries: DataFrame, source: Table) -> tuple[DataFrame, list[SparkColumn]]:
    """Quarantined rows with the source's columns out of their payload; the reasons against values that still cannot be
    read."""
    kinds = types_of(source)
    texts = {name: F.col(_TEXTS)[name] for name in kinds}
    frame = entries.withColumn(_TEXTS, F.from_json("payload", _PAYLOAD)).select(
        *[read_text(f"{_TEXTS}['{name}']", kind).alias(name) for name, kind in kinds.items()], _TEXTS, *METADATA
    )
    lost = {name: text.isNotNull() & F.col(name).isNull() for name, text in texts.items()}
    return frame, [F.when(lost[name], reason(UNREADABLE, name, texts[name])) for name in kinds]
