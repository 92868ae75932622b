"""Sources of frames: files, tables of the Data Catalog, and tables of databases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from awsglue import formats, jdbc
from awsglue.bookmarks import now
from awsglue.catalog import Partition, Table, folder_of
from awsglue.dynamicframe import DynamicFrame
from awsglue.formats import Read, Wanted
from awsglue.gluetypes import Field, StructType
from awsglue.missing import NotThere
from awsglue.objects import files_of
from awsglue.rows import united
from awsglue.schemas import of_words

if TYPE_CHECKING:
    from awsglue.context import GlueContext

FILE_CONNECTIONS = ("s3", "file", "parquet", "orc")
_STREAMS = ("kinesis", "kafka")


class DataSource:
    """What a script reads, with a format that it may set until it asks for the frame."""

    def __init__(
        self, glue_ctx: GlueContext, connection_type: str, options: Mapping[str, Any], transformation_ctx: str = ""
    ) -> None:
        if connection_type not in FILE_CONNECTIONS and not jdbc.is_database(connection_type):
            raise NotThere(f"a source of the connection type {connection_type}")
        self._glue_ctx, self._kind, self._context = glue_ctx, connection_type, transformation_ctx
        self._options = dict(options)
        self._format = connection_type if connection_type in ("parquet", "orc") else ""
        self._format_options: dict[str, Any] = {}

    def setFormat(self, format: str, **options: Any) -> None:  # noqa: A002, N802
        """Set the files' format, with its options."""
        self._format, self._format_options = format, options

    def getFrame(self, **options: Any) -> DynamicFrame:  # noqa: N802
        """Read the frame. Raises ValueError for files without a format or without paths."""
        if jdbc.is_database(self._kind):
            jdbc.refuse_bookmark(self._glue_ctx.bookmark, self._context)
            found = jdbc.read(self._glue_ctx.spark_session, self._kind, self._options)
            return DynamicFrame(found, self._glue_ctx, self._context)
        given = {**self._options, **options}
        paths = [given["path"]] if "path" in given else given.get("paths", ())
        if not paths or not self._format:
            raise ValueError("a source of files needs paths (or path) and a format")
        moment = now()
        listed = files_of(list(paths), str(given.get("recurse", "false")).lower() == "true", given)
        chosen = self._glue_ctx.bookmark.files(self._context, listed, given, moment)
        return _frame(self._glue_ctx, self._context, self._format, Wanted(chosen, self._format_options))


def _frame(glue_ctx: GlueContext, name: str, format: str, wanted: Wanted) -> DynamicFrame:  # noqa: A002
    return _of(glue_ctx, name, formats.read(glue_ctx.spark_session, format, wanted))


def _of(glue_ctx: GlueContext, name: str, read: Read) -> DynamicFrame:
    frame, kind, errors = read
    return DynamicFrame(frame, glue_ctx, name, kind, [errors] if errors else [])


class CatalogSource:
    """A table of the Data Catalog: those of its partitions that the script wants, and their files."""

    def __init__(
        self, glue_ctx: GlueContext, table: Table, options: Mapping[str, Any], transformation_ctx: str, predicate: str
    ) -> None:
        self._glue_ctx, self._table = glue_ctx, table
        self._options = {**table.parameters, **options}
        self._context, self._predicate = transformation_ctx, predicate
        if table.parameters.get("connectionName") or "streamARN" in table.parameters:
            raise NotThere(f"reading the table {table.name}, which is not one of files")

    def frame(self, catalog_id: str | None = None) -> DynamicFrame:
        """Read the frame."""
        table, options = self._table, self._options
        if not table.keys:
            moment = now()
            listed = files_of([table.location], True, options)
            chosen = self._glue_ctx.bookmark.files(self._context, listed, options, moment)
            return _frame(self._glue_ctx, self._context, table.format, self._wanted(chosen))
        expression = str(options.get("catalogPartitionPredicate", ""))
        partitions = self._glue_ctx.catalog(catalog_id).partitions(table, self._predicate, expression)
        return self._of_partitions(partitions)

    def _wanted(self, files: Sequence[Any], base: str = "", keys: StructType | None = None) -> Wanted:
        declared = StructType([Field(name, of_words(kind)) for name, kind in self._table.columns])
        is_csv = self._table.format == "csv"
        return Wanted(files, self._table.csv_and_json(), base, keys or StructType(), declared if is_csv else None)

    def _of_partitions(self, partitions: Sequence[Partition]) -> DynamicFrame:
        """The frame of partitions: in one go where they lie as Hive lays them, else one by one."""
        names = [name for name, _ in self._table.keys]
        kinds = StructType([Field(name, of_words(kind)) for name, kind in self._table.keys])
        base = self._table.location.rstrip("/")
        hive = [one for one in partitions if one.location.rstrip("/") == folder_of(base, names, one.values)]
        others = [one for one in partitions if one not in hive]
        moment = now()
        listed = {one: files_of([one.location], True, self._options) for one in partitions}
        every = sorted(
            (file for files in listed.values() for file in files), key=lambda one: (one.modified, one.address)
        )
        new = self._glue_ctx.bookmark.files(self._context, every, self._options, moment)
        chosen = {one.address for one in new}
        taken = {one: [file for file in files if file.address in chosen] for one, files in listed.items()}
        together = [file for one in hive for file in taken[one]]
        found = _frame(self._glue_ctx, self._context, self._table.format, self._wanted(together, base, kinds))
        for one in others:
            if taken[one]:
                found = self._added(found, one, taken[one], kinds)
        return found

    def _added(self, found: DynamicFrame, one: Partition, files: Sequence[Any], kinds: StructType) -> DynamicFrame:
        """The frame with a partition more, whose keys are not in the names of its folders."""
        read = _frame(self._glue_ctx, self._context, self._table.format, self._wanted(files))
        frame, schema = read.toDF(), read.schema()
        for key, value in zip(kinds, one.values):
            frame = frame.selectExpr("*", jdbc.literal(key, value))
        kind = StructType([*schema.fields, *kinds.fields])
        made, united_kind = united((found.toDF(), found.schema()), (frame, kind))
        errors = [*found.step_errors, *read.step_errors]
        return DynamicFrame(made, self._glue_ctx, self._context, united_kind, errors)
