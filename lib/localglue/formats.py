"""The formats of crawled files: how Glue's crawler describes each in the Data Catalog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from localapi.documents import Document

_TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_STORED: Mapping[str, tuple[str, str, str]] = {
    "parquet": (
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    ),
    "csv": (_TEXT_INPUT, _TEXT_OUTPUT, "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"),
    "json": (_TEXT_INPUT, _TEXT_OUTPUT, "org.openx.data.jsonserde.JsonSerDe"),
}
"""Input format, output format and serde by classification."""


@dataclass(frozen=True)
class Format:
    """A classification, a compression, and the parameters that the table and its serde have of it."""

    classification: str = "parquet"
    compression: str = "none"
    parameters: Mapping[str, str] = field(default_factory=dict)
    serde: Mapping[str, str] = field(default_factory=dict)

    def is_compatible(self, other: Format) -> bool:
        """Whether files of both may form one table: classification, compression, and how fields are told apart."""
        return self._kind() == other._kind()

    def _kind(self) -> tuple[str, str, str | None, str | None]:
        head = self.parameters.get("skip.header.line.count")
        return self.classification, self.compression, self.parameters.get("delimiter"), head

    @property
    def has_types(self) -> bool:
        """Whether the files themselves say the types of their columns."""
        return self.classification == "parquet"

    def stored(self, columns: list[str]) -> Document:
        """The members of a StorageDescriptor that say how the columns are stored."""
        reads, writes, library = _STORED[self.classification]
        serde = {"paths": ",".join(columns)} if self.classification == "json" else dict(self.serde)
        parameters = serde or {"serialization.format": "1"}
        return {
            "InputFormat": reads,
            "OutputFormat": writes,
            "SerdeInfo": {"SerializationLibrary": library, "Parameters": parameters},
            "Compressed": self.compression != "none",
        }

    def document(self) -> Document:
        """As JSON, for the cache."""
        return {
            "classification": self.classification,
            "compression": self.compression,
            "parameters": dict(self.parameters),
            "serde": dict(self.serde),
        }


PARQUET = Format()
_NUMBERS = ("int", "bigint", "double")


def wider(one: str, other: str) -> str:
    """The Hive type that holds the values of both, as far as text says: the wider number, else a string."""
    if one == other:
        return one
    if one in _NUMBERS and other in _NUMBERS:
        return max(one, other, key=_NUMBERS.index)
    is_nested = "<" in one and "<" in other
    return other if is_nested else "string"
