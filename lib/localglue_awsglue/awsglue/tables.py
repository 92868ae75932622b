"""The table of the Data Catalog for files that a sink has written, and its partitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from awsglue.catalog import Catalog, Partition, folder_of
from awsglue.expressions import quoted
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
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


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

    def storage(self) -> dict[str, Any]:
        """The storage descriptor."""
        columns = [{"Name": one.name, "Type": hive(one.dataType)} for one in self.schema if one.name not in self.keys]
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
        has_header = self.format == "csv" and str(self.options.get("writeHeader", "true")).lower() == "true"
        return {
            "Name": self.table,
            "TableType": "EXTERNAL_TABLE",
            "StorageDescriptor": self.storage(),
            "PartitionKeys": [{"Name": key, "Type": hive(known[key].dataType)} for key in self.keys],
            "Parameters": {
                "EXTERNAL": "TRUE",
                "classification": self.format,
                **({"skip.header.line.count": "1"} if has_header else {}),
            },
        }


def register(catalog: Catalog, written: Written, frame: DataFrame, may_change: bool) -> None:
    """Create or update the table, and add the partitions that the frame has."""
    catalog.put_table(written.database, written.document(), may_change)
    if not written.keys:
        return
    # as Spark writes them into the names of folders
    texts = [f"coalesce(CAST({quoted(key)} AS string), '{_NO_VALUE}') AS {quoted(key)}" for key in written.keys]
    values = [tuple(row) for row in frame.selectExpr(*texts).distinct().collect()]
    found = [Partition(one, f"{folder_of(written.path, written.keys, one)}/") for one in sorted(values)]
    catalog.add_partitions(written.database, written.table, written.storage(), found)
