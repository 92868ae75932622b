"""The context of a script: sources and sinks over one Spark session."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from pyspark.sql import SparkSession

from awsglue import jdbc, purging
from awsglue.bookmarks import Bookmark
from awsglue.catalog import Catalog
from awsglue.data_sink import DataSink, Writable
from awsglue.data_source import CatalogSource, DataSource
from awsglue.dynamicframe import DynamicFrame
from awsglue.missing import NotThere
from awsglue.readers import DataFrameReader, DynamicFrameReader, DynamicFrameWriter
from awsglue.records import applied, frame_of
from awsglue.schemas import of_struct

if TYPE_CHECKING:
    from pyspark import SparkContext
    from pyspark.sql import DataFrame

_MOMENTS = ("year", "month", "day", "hour", "minute")


class GlueLogger(logging.Logger):
    """A logger with the words of Log4j, which AWS's is."""

    def warn(self, msg: object, *args: object, **kwargs: Any) -> None:
        """Log a warning."""
        self.warning(msg, *args, **kwargs)

    def trace(self, msg: object, *args: object, **kwargs: Any) -> None:
        """Log what is of interest to who looks for a mistake."""
        self.debug(msg, *args, **kwargs)


_LOGGER = GlueLogger("GlueLogger", logging.INFO)


class GlueContext:
    """Sources, sinks and the Spark session. What Spark's session has, as `sql` and `read`, it has, too."""

    def __init__(self, sparkContext: SparkContext, **options: Any) -> None:  # noqa: N803 - the name is AWS's
        self.spark_session = SparkSession(sparkContext)
        self.bookmark = Bookmark("", "")
        """The job's bookmark, from `Job.init` on; before that there is none."""
        self.create_dynamic_frame = DynamicFrameReader(self)
        self.create_data_frame = DataFrameReader(self)
        self.write_dynamic_frame = DynamicFrameWriter(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or "spark_session" not in self.__dict__:
            raise AttributeError(name)
        if hasattr(self.spark_session, name):
            return getattr(self.spark_session, name)
        raise NotThere(f"GlueContext.{name}")

    def catalog(self, catalog_id: str | None = None) -> Catalog:
        """The Data Catalog."""
        return Catalog(self.spark_session, catalog_id or None)

    def get_logger(self) -> GlueLogger:
        """A logger that writes to the run's log."""
        if not _LOGGER.handlers:
            handler = logging.StreamHandler(sys.stderr)
            handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s [main] %(name)s: %(message)s"))
            _LOGGER.addHandler(handler)
        return _LOGGER

    # sources

    def getSource(  # noqa: N802
        self, connection_type: str, transformation_ctx: str = "", push_down_predicate: str = "", **options: Any
    ) -> DataSource:
        """What a script reads. Raises NotImplementedError for a connection type that is not there."""
        if push_down_predicate:
            raise NotThere("push_down_predicate without the Data Catalog", "use create_dynamic_frame.from_catalog")
        return DataSource(self, connection_type, options, transformation_ctx)

    def create_dynamic_frame_from_options(
        self,
        connection_type: str,
        connection_options: Mapping[str, Any] | None = None,
        format: str | None = None,  # noqa: A002
        format_options: Mapping[str, Any] | None = None,
        transformation_ctx: str = "",
        **others: Any,
    ) -> DynamicFrame:
        """The frame of files or of a table of a database."""
        source = self.getSource(connection_type, transformation_ctx, **dict(connection_options or {}), **others)
        if format:
            source.setFormat(format, **dict(format_options or {}))
        return source.getFrame()

    def create_dynamic_frame_from_catalog(
        self,
        database: str = "",
        table_name: str = "",
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        additional_options: Mapping[str, Any] | None = None,
        catalog_id: str | None = None,
        **others: Any,
    ) -> DynamicFrame:
        """The frame of a table of the Data Catalog, of the partitions for which `push_down_predicate` holds."""
        table = self.catalog(catalog_id).table(database or others.get("name_space", ""), table_name)
        options = dict(additional_options or {})
        return CatalogSource(self, table, options, transformation_ctx, push_down_predicate).frame(catalog_id)

    def create_dynamic_frame_from_rdd(
        self, data: Any, name: str, schema: Any = None, sample_ratio: float | None = None, transformation_ctx: str = ""
    ) -> DynamicFrame:
        """The frame of an RDD of dicts or rows; without a schema it is that of all records."""
        records = applied(lambda one: one.asDict(recursive=True) if hasattr(one, "asDict") else one, data)
        given = of_struct(schema) if hasattr(schema, "fieldNames") else schema
        frame, kind, errors = frame_of(self.spark_session, records, given, given)
        return DynamicFrame(frame, self, name, kind, [errors])

    def create_data_frame_from_options(self, connection_type: str, *given: Any, **options: Any) -> DataFrame:
        """The DataFrame of files or of a table of a database. Streams are not there."""
        return self.create_dynamic_frame_from_options(connection_type, *given, **options).toDF()

    def create_data_frame_from_catalog(self, database: str, table_name: str, **options: Any) -> DataFrame:
        """The DataFrame of a table of the Data Catalog."""
        return self.create_dynamic_frame_from_catalog(database, table_name, **options).toDF()

    def add_ingestion_time_columns(self, dataFrame: DataFrame, timeGranularity: str = "") -> DataFrame:  # noqa: N803
        """The DataFrame with the columns ingest_year and so on, to the `day`, `hour` or `minute` of now (UTC)."""
        now, found = datetime.now(timezone.utc), dataFrame
        if timeGranularity not in ("day", "hour", "minute"):
            raise ValueError(f"the time granularity is '{timeGranularity}'; use day, hour or minute")
        for name in _MOMENTS[: _MOMENTS.index(timeGranularity) + 1]:
            found = found.selectExpr("*", f"{getattr(now, name)} AS ingest_{name}")
        return found

    # sinks

    def getSink(  # noqa: N802
        self,
        connection_type: str,
        format: str | None = None,  # noqa: A002
        transformation_ctx: str = "",
        **options: Any,
    ) -> DataSink:
        """Where a script writes. Raises NotImplementedError for a connection type that is not there."""
        sink = DataSink(self, connection_type, options)
        if format:
            sink.setFormat(format)
        return sink

    def write_dynamic_frame_from_options(
        self,
        frame: DynamicFrame,
        connection_type: str,
        connection_options: Mapping[str, Any] | None = None,
        format: str | None = None,  # noqa: A002
        format_options: Mapping[str, Any] | None = None,
        transformation_ctx: str = "",
    ) -> DynamicFrame:
        """Append a frame to files or to a table of a database; the frame."""
        self.write_from_options(frame, connection_type, connection_options, format, format_options, transformation_ctx)
        return frame

    def write_from_options(
        self,
        frame_or_dfc: Writable,
        connection_type: str,
        connection_options: Mapping[str, Any] | None = None,
        format: str | None = None,  # noqa: A002
        format_options: Mapping[str, Any] | None = None,
        transformation_ctx: str = "",
    ) -> Writable:
        """Append a frame, or each frame of a collection to a folder or table of its name."""
        sink = self.getSink(connection_type, None, transformation_ctx, **dict(connection_options or {}))
        if format:
            sink.setFormat(format, **dict(format_options or {}))
        return sink.write(frame_or_dfc)

    def write_dynamic_frame_from_catalog(
        self,
        frame: DynamicFrame,
        database: str,
        table_name: str,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        additional_options: Mapping[str, Any] | None = None,
        catalog_id: str | None = None,
    ) -> DynamicFrame:
        """Append a frame to the files of a table of the Data Catalog, in its format."""
        table = self.catalog(catalog_id).table(database, table_name)
        sink = self.getSink("s3", None, transformation_ctx, path=table.location, **dict(additional_options or {}))
        options = table.csv_and_json() if table.format == "csv" else {}
        sink.setFormat(table.format, **{**options, **({"writeHeader": options["skipFirst"]} if options else {})})
        sink.setCatalogInfo(database, table_name, catalog_id)
        return sink.writeFrame(frame)

    def write_dynamic_frame_from_jdbc_conf(
        self,
        frame: DynamicFrame,
        catalog_connection: str,
        connection_options: Mapping[str, Any] | None = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        catalog_id: str | None = None,
    ) -> DynamicFrame:
        """Append a frame to a table of the database of a connection of the Data Catalog."""
        self.write_from_jdbc_conf(frame, catalog_connection, connection_options, catalog_id=catalog_id)
        return frame

    def write_from_jdbc_conf(
        self,
        frame_or_dfc: Writable,
        catalog_connection: str,
        connection_options: Mapping[str, Any] | None = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        catalog_id: str | None = None,
    ) -> Writable:
        """Append a frame, or each frame of a collection to the table of its name."""
        connection = self.extract_jdbc_conf(catalog_connection, catalog_id)
        options = jdbc.options_of(connection, connection_options or {})
        return self.getSink(connection["vendor"], **options).write(frame_or_dfc)

    def extract_jdbc_conf(self, connection_name: str, catalog_id: str | None = None) -> dict[str, str]:
        """User, password, vendor, url and fullUrl of a connection of the Data Catalog."""
        return self.catalog(catalog_id).connection(connection_name)

    # files

    def purge_s3_path(
        self, s3_path: str, options: Mapping[str, Any] | None = None, transformation_ctx: str = ""
    ) -> None:
        """Delete the objects below a path that are older than `retentionPeriod` hours, 168 when it is not given."""
        purging.purge(s3_path, options or {}, transformation_ctx)

    def purge_table(
        self,
        database: str,
        table_name: str,
        options: Mapping[str, Any] | None = None,
        transformation_ctx: str = "",
        catalog_id: str | None = None,
    ) -> None:
        """Delete the files of a table, and its partitions that are empty then."""
        catalog = self.catalog(catalog_id)
        purging.purge_table(catalog, catalog.table(database, table_name), options or {}, transformation_ctx)
