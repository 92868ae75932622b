"""The table of the Data Catalog for files that a sink has written, and its partitions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from awsglue import gluetypes as glue
from awsglue.catalog import Catalog, Partition, Table, folder_of
from awsglue.expressions import NO_VALUE, quoted
from awsglue.gluetypes import StructType
from awsglue.schemas import hive

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_TEXT_IN = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"
_ORC = "org.apache.hadoop.hive.ql.io.orc"
# input format, output format, SerDe
_STORAGE = {
    "parquet": (
        f"{_PARQUET}.MapredParquetInputFormat",
        f"{_PARQUET}.MapredParquetOutputFormat",
        f"{_PARQUET}.serde.ParquetHiveSerDe",
    ),
    "orc": (f"{_ORC}.OrcInputFormat", f"{_ORC}.OrcOutputFormat", f"{_ORC}.OrcSerde"),
    "json": (_TEXT_IN, _TEXT_OUT, "org.openx.data.jsonserde.JsonSerDe"),
    "csv": (_TEXT_IN, _TEXT_OUT, "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"),
}
_INPUT = (
    "Name", "Description", "Owner", "LastAccessTime", "LastAnalyzedTime", "Retention", "StorageDescriptor",
    "PartitionKeys", "ViewOriginalText", "ViewExpandedText", "TableType", "Parameters", "TargetTable",
)  # fmt: skip
"""The members of a table that a client may set."""


@dataclass(frozen=True)
class Written:
    """What a sink has written, and where."""

    database: str
    table: str
    path: str
    format: str
    schema: StructType
    keys: Sequence[str]
    options: Mapping[str, Any]
    may_change: bool = True
    """Whether a table that is there gets new columns."""

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Names and Hive types, without the partition keys."""
        return [(one.name, hive(one.dataType)) for one in self.schema if one.name not in self.keys]

    @property
    def _has_header(self) -> bool:
        return self.format == "csv" and str(self.options.get("writeHeader", "true")).lower() == "true"

    def storage(self) -> dict[str, Any]:
        """The storage descriptor."""
        columns = [{"Name": name, "Type": kind} for name, kind in self.columns]
        given, put, serde = _STORAGE[self.format]
        separator = {"field.delim": str(self.options.get("separator", ","))} if self.format == "csv" else {}
        return {
            "Columns": columns,
            "Location": self.path,
            "InputFormat": given,
            "OutputFormat": put,
            "SerdeInfo": {"SerializationLibrary": serde, "Parameters": {"serialization.format": "1", **separator}},
        }

    def document(self) -> dict[str, Any]:
        """The table."""
        known = self.schema.field_map
        return {
            "Name": self.table,
            "TableType": "EXTERNAL_TABLE",
            "StorageDescriptor": self.storage(),
            "PartitionKeys": [{"Name": key, "Type": hive(known[key].dataType)} for key in self.keys],
            "Parameters": {
                "EXTERNAL": "TRUE",
                "classification": self.format,
                **({"skip.header.line.count": "1"} if self._has_header else {}),
            },
        }

    def refuse_another(self, present: Table | None) -> None:
        """Raises ValueError when the table that is there has other partition keys, or files of another format."""
        if present is None:
            return
        there = [name for name, _ in present.keys]
        if [one.lower() for one in there] != [one.lower() for one in self.keys]:
            raise ValueError(
                f"the table {present.name} is partitioned by {', '.join(there) or 'nothing'}, and the sink by "
                f"{', '.join(self.keys) or 'nothing'}; give the sink the table's partitionKeys, in their order"
            )
        kind = present.known_format
        if kind and kind != self.format:
            raise ValueError(
                f"the table {present.name} has files of {kind}, and the sink writes {self.format}; set the table's "
                "format, or name another table"
            )
        if kind == "csv" and present.csv_and_json()["skipFirst"] != self._has_header:
            first = "a line of names first" if not self._has_header else "no line of names"
            raise ValueError(
                f"the CSV of the table {present.name} has {first}, and that of the sink differs; set writeHeader"
            )

    def in_order(self, present: Table | None, frame: DataFrame) -> DataFrame:
        """The frame with the columns in the table's order when it is of CSV, whose readers go by position."""
        if present is None or self.format != "csv":
            return frame
        known = {name.lower(): name for name, _ in self.columns}
        there = [
            quoted(known[name.lower()]) if name.lower() in known else f"CAST(NULL AS string) AS {quoted(name)}"
            for name, _ in present.columns
        ]
        return frame.selectExpr(*there, *map(quoted, self.missing_from(present)), *map(quoted, self.keys))

    def missing_from(self, present: Table) -> list[str]:
        """The names of the columns that the table has not."""
        known = {name.lower() for name, _ in present.columns}
        return [name for name, _ in self.columns if name.lower() not in known]

    def merged(self, present: Table) -> dict[str, Any]:
        """The table that is there with the columns and parameters of what was written.

        Columns stay in their order and keep their comments; types are those that were written, and new columns come
        last. SerDe, location, description and whatever else the table says stay as they are.
        """
        written = {name.lower(): kind for name, kind in self.columns}
        nulls = {one.name.lower() for one in self.schema if isinstance(one.dataType, glue.NullType)}
        columns = [
            {**one, "Type": one["Type"] if name in nulls else written.get(name, one["Type"])}
            for one in present.storage.get("Columns", ())
            for name in [one["Name"].lower()]
        ]
        new = self.missing_from(present)
        columns += [{"Name": name, "Type": kind} for name, kind in self.columns if name in new]
        document = {name: value for name, value in present.document.items() if name in _INPUT}
        storage = {**self.storage(), **present.storage, "Columns": columns}
        parameters = {**self.document()["Parameters"], **present.document.get("Parameters", {})}
        return {**document, "StorageDescriptor": storage, "Parameters": parameters}


def register(catalog: Catalog, written: Written, frame: DataFrame, say: Callable[[str], None]) -> None:
    """Create or update the table, and add the partitions that the frame has.

    `say` gets what is left as it was: the columns of a table without partition keys, as on AWS, and those of one that
    may not change, which then gets no partitions with columns that it has not. Raises ValueError for a table with
    other partition keys.
    """
    left: list[str] = []

    def made(present: Table | None) -> Mapping[str, Any] | None:
        written.refuse_another(present)
        left.clear()
        if present is None:
            return written.document()
        if not written.may_change or not written.keys:
            left.extend(written.missing_from(present))
            return None
        document = written.merged(present)
        return None if all(present.document.get(name) == value for name, value in document.items()) else document

    document = catalog.put_table(written.database, written.table, made)
    if left:
        why = "updateBehavior is LOG, so no partition was added" if written.keys else "it has no partition keys"
        say(f"the table {written.database}.{written.table} did not get the columns {', '.join(left)}, as {why}")
    place = document.get("StorageDescriptor", {}).get("Location", "")
    if not written.keys and place.rstrip("/") != written.path.rstrip("/"):
        say(f"the table {written.database}.{written.table} lies at {place}, so it has nothing of {written.path}")
    if left or not written.keys:
        return
    # as Spark writes them into the names of folders
    texts = [
        f"coalesce(nullif(CAST({quoted(key)} AS string), ''), '{NO_VALUE}') AS {quoted(key)}" for key in written.keys
    ]
    values = [tuple(row) for row in frame.selectExpr(*texts).distinct().collect()]
    found = [Partition(one, f"{folder_of(written.path, written.keys, one)}/") for one in sorted(values)]
    catalog.add_partitions(written.database, written.table, document["StorageDescriptor"], found)
