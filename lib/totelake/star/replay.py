"""Rows in quarantine tried again: after a contract was mended, those that fit now become rows of their own batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from totelake.contracts import catalog
from totelake.contracts.model import Table
from totelake.contracts.types import spark_type
from totelake.lake.keys import Attempt
from totelake.lake.manifest import REPLAY, Manifest
from totelake.lake.quarantine import MISSING_COLUMN, SPARK_SCHEMA, UNREADABLE
from totelake.lake.verdicts import SOURCE
from totelake.runtime.spark import activate
from totelake.star import dim_date
from totelake.star.build import sorted_events
from totelake.star.plan import Written
from totelake.star.projection import types_of
from totelake.star.refused import METADATA, reason
from totelake.star.write import UnitWriter

_TEXTS, _PAYLOAD = "_texts", "map<string,string>"


class Replay:
    """Reads what the star logs set apart, and sorts it again by the contracts of now."""

    def __init__(self, spark: SparkSession, bucket: str, writer: UnitWriter) -> None:
        self._spark, self._bucket, self._writer = spark, bucket, writer

    def rows(self, table: Table, log: Sequence[Manifest], attempt: Attempt) -> Written | None:
        """Write the rows of a table's quarantine that fit now; None when none is open."""
        activate(self._spark)
        entries = self._open_entries(table, log)
        if entries is None:
            return None
        frame, unreadable = typed(entries, catalog().table(table.source or ""))
        most = sum(item.rows for manifest in log for item in manifest.quarantine_of(table.name))
        return self._writer.write_again(sorted_events(table, frame, unreadable).rows, table, most, attempt)

    def dates(
        self, target: Table, newest: Manifest, logs: Mapping[str, Sequence[Manifest]], attempt: Attempt
    ) -> Written | None:
        """Write the days that those rows refer to and that are not there yet, as rows of the newest batch."""
        activate(self._spark)
        covered = newest.state.get("years")
        before = (covered[0], covered[1]) if covered else None
        needed = self._years(target, logs)
        years, after = dim_date.missing_years(before, needed), dim_date.union(before, needed)
        if not years or after is None:
            return None
        moment = datetime.fromisoformat(newest.committed_at).astimezone(timezone.utc).replace(tzinfo=None)
        rows = dim_date.build(self._spark, target, years, int(newest.state["through"][SOURCE]), moment)
        written = self._writer.write_again(rows, target, 366 * len(years), attempt)
        return replace(written, state={"years": list(after)})

    def _years(self, target: Table, logs: Mapping[str, Sequence[Manifest]]) -> dim_date.Years | None:
        events = []
        for name, log in logs.items():
            fact = catalog().table(name)
            entries = self._open_entries(fact, log)
            if entries is not None:
                source = catalog().table(fact.source or "")
                events.append((source, typed(entries, source)[0]))
        return dim_date.years_of(events, target) if events else None

    def _open_entries(self, table: Table, log: Sequence[Manifest]) -> DataFrame | None:
        keys = [item.key for manifest in log for item in manifest.quarantine_of(table.name)]
        if not keys:
            return None
        entries = self._spark.read.schema(SPARK_SCHEMA).parquet(*self._paths(keys))
        # what a row lacks it still lacks while the contract names any column that it never had
        named = F.array(*[F.lit(name) for name in catalog().table(table.source or "").column_names])
        had = F.map_keys(F.from_json("payload", _PAYLOAD))
        entries = entries.where((F.col("rule") != MISSING_COLUMN) | (F.size(F.array_except(named, had)) == 0))
        done = [item.key for manifest in log if manifest.kind == REPLAY for item in manifest.objects_of(table.name)]
        if not done:
            return entries
        kind = spark_type(table.column(table.key_name).type)
        rows = self._spark.read.schema(f"`{table.key_name}` {kind}, `_batch` bigint").parquet(*self._paths(done))
        released = rows.select(F.col(table.key_name).cast("bigint").alias("source_key"), "_batch")
        return entries.join(released, ["source_key", "_batch"], how="left_anti")

    def _paths(self, keys: Sequence[str]) -> list[str]:
        return [f"s3://{self._bucket}/{key}" for key in keys]


def typed(entries: DataFrame, source: Table) -> tuple[DataFrame, list[SparkColumn]]:
    """Quarantined rows with the source's columns out of their payload, and the reasons against what is still none."""
    kinds = types_of(source)
    texts = {name: F.col(_TEXTS)[name] for name in kinds}
    frame = entries.withColumn(_TEXTS, F.from_json("payload", _PAYLOAD)).select(
        *[F.expr(f"try_cast({_TEXTS}['{name}'] AS {kind})").alias(name) for name, kind in kinds.items()],
        _TEXTS,
        *METADATA,
    )
    lost = {name: text.isNotNull() & F.col(name).isNull() for name, text in texts.items()}
    return frame, [F.when(lost[name], reason(UNREADABLE, name, texts[name])) for name in kinds]
