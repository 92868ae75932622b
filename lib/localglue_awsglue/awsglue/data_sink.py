"""Sinks of frames: files, with their table in the Data Catalog when the script wants it, and tables of databases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Union

from awsglue import gluetypes as glue
from awsglue import jdbc, tables
from awsglue.collection import DynamicFrameCollection
from awsglue.dynamicframe import DynamicFrame
from awsglue.expressions import Column, top
from awsglue.missing import NotThere
from awsglue.relations import selected

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, DataFrameWriter

    from awsglue.context import GlueContext

Writable = Union[DynamicFrame, DynamicFrameCollection]
_FORMATS = {"json": "json", "csv": "csv", "parquet": "parquet", "glueparquet": "parquet", "orc": "orc"}
_BEHAVIOURS = ("UPDATE_IN_DATABASE", "LOG")


class DataSink:
    """Where a script writes, with a format and a table that it may set before."""

    def __init__(self, glue_ctx: GlueContext, connection_type: str, options: Mapping[str, Any]) -> None:
        if connection_type not in ("s3", "file", "parquet", "orc") and not jdbc.is_database(connection_type):
            raise NotThere(f"a sink of the connection type {connection_type}")
        self._glue_ctx, self._kind, self._options = glue_ctx, connection_type, dict(options)
        self._format = connection_type if connection_type in _FORMATS else ""
        self._format_options: dict[str, Any] = {}
        self._table: tuple[str, str, str | None] | None = None

    def setFormat(self, format: str, **options: Any) -> None:  # noqa: A002, N802
        """Set the files' format, with its options. Raises NotImplementedError for one that is not there."""
        if format.lower() not in _FORMATS:
            raise NotThere(f"writing the format {format}", f"there are {', '.join(_FORMATS)}")
        self._format, self._format_options = format.lower(), options

    def setAccumulableSize(self, size: int) -> None:  # noqa: N802
        """Do nothing: Spark needs no such size here."""

    def setCatalogInfo(  # noqa: N802
        self,
        catalogDatabase: str,  # noqa: N803
        catalogTableName: str,  # noqa: N803
        catalogId: str | None = None,  # noqa: N803
    ) -> None:
        """Set the table of the Data Catalog that a write creates or updates, with `enableUpdateCatalog`."""
        self._table = (catalogDatabase, catalogTableName, catalogId or None)

    def write(self, dynamic_frame_or_dfc: Writable, info: str = "") -> Writable:
        """Write a frame, or each frame of a collection into a folder or table of its name."""
        if isinstance(dynamic_frame_or_dfc, DynamicFrame):
            return self.writeFrame(dynamic_frame_or_dfc, info)
        for name, frame in dynamic_frame_or_dfc.items():
            options = dict(self._options)
            if "path" in options:
                options["path"] = f"{str(options['path']).rstrip('/')}/{name}"
            else:
                options["dbtable"] = name
            one = DataSink(self._glue_ctx, self._kind, options)
            one._format, one._format_options = self._format, self._format_options
            one.writeFrame(frame, info)
        return dynamic_frame_or_dfc

    def writeFrame(self, dynamic_frame: DynamicFrame, info: str = "") -> DynamicFrame:  # noqa: N802
        """Append the records to what is there. Raises ValueError for a sink without path, format or table."""
        if jdbc.is_database(self._kind):
            jdbc.write(_writable(dynamic_frame), self._kind, self._options)
            return dynamic_frame
        path = str(self._options.get("path", ""))
        if not path or not self._format:
            raise ValueError("a sink of files needs a path and a format; set both before the frame is written")
        updates = str(self._options.get("enableUpdateCatalog", "false")).lower() == "true"
        if self._options.get("updateBehavior", "LOG") not in _BEHAVIOURS:
            raise ValueError(f"updateBehavior is {self._options['updateBehavior']}; use {' or '.join(_BEHAVIOURS)}")
        if updates and self._table is None:
            raise ValueError("enableUpdateCatalog needs the table; call setCatalogInfo before the frame is written")
        keys = [str(key) for key in self._options.get("partitionKeys", ())]
        made = self._written(dynamic_frame, path, keys) if updates else None
        frame = _writable(dynamic_frame)
        if not frame.columns:  # a source without new files has no fields, and there is nothing to write
            return dynamic_frame
        self._refuse_missing(frame, keys)
        catalog = self._glue_ctx.catalog(self._table[2] if self._table else None)
        if made:
            present = catalog.find(made.database, made.table)
            made.refuse_another(present)
            frame = made.in_order(present, frame)
            frame = frame.persist() if keys else frame
        self._writer(frame, keys).save(path)
        if made:
            tables.register(catalog, made, frame, self._glue_ctx.get_logger().warning)
        return dynamic_frame

    def _refuse_missing(self, frame: DataFrame, keys: list[str]) -> None:
        missing = [key for key in keys if key not in frame.columns]
        if missing:
            raise ValueError(f"the partition keys {', '.join(missing)} are no fields of the frame")

    def _writer(self, frame: DataFrame, keys: list[str]) -> DataFrameWriter:
        options, given = self._format_options, self._options
        writer = frame.write.mode("append").format(_FORMATS[self._format])
        # a marker that no reader of AWS Glue expects
        writer = writer.option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false")
        compression = given.get("compression") or options.get("compression")
        if compression:
            writer = writer.option("compression", {"bzip": "bzip2"}.get(str(compression), str(compression)))
        if self._format == "csv":
            quote = str(options.get("quoteChar", '"'))
            writer = writer.options(
                sep=str(options.get("separator", ",")),
                header=str(options.get("writeHeader", "true")).lower(),
                quote="" if quote == "-1" else quote,
                escape=str(options.get("escaper", '"')),
                ignoreLeadingWhiteSpace="false",
                ignoreTrailingWhiteSpace="false",
            )
        return writer.partitionBy(*keys) if keys else writer

    def _written(self, frame: DynamicFrame, path: str, keys: list[str]) -> tables.Written:
        database, name, _ = self._table or ("", "", None)
        schema = glue.StructType(list(frame.schema()))
        # without a behaviour the schema is updated, as AWS documents it
        may_change = self._options.get("updateBehavior", "UPDATE_IN_DATABASE") != "LOG"
        kind, options = _FORMATS[self._format], self._format_options
        return tables.Written(database, name, path, kind, schema, keys, options, may_change)


def _writable(frame: DynamicFrame) -> DataFrame:
    """The frame as files and databases can hold it: a field that is null in every record is text."""
    columns = [
        Column(one.name, f"CAST({one.sql} AS string)", glue.StringType())
        if isinstance(one.kind, glue.NullType)
        else one
        for one in top(frame.schema())
    ]
    return selected(frame.toDF(), columns)[0]
