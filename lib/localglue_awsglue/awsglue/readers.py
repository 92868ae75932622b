"""`create_dynamic_frame`, `create_data_frame` and `write_dynamic_frame`: short ways to what the context has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from awsglue.context import GlueContext
    from awsglue.data_sink import Writable
    from awsglue.dynamicframe import DynamicFrame


class DynamicFrameReader:
    """Reads frames; the parameters are those of the context's methods."""

    def __init__(self, glue_context: GlueContext) -> None:
        self._glue_context = glue_context

    def from_rdd(self, data: Any, name: str, schema: Any = None, sampleRatio: float | None = None) -> DynamicFrame:  # noqa: N803
        """The frame of an RDD."""
        return self._glue_context.create_dynamic_frame_from_rdd(data, name, schema, sampleRatio)

    def from_options(self, connection_type: str, *given: Any, **options: Any) -> DynamicFrame:
        """The frame of files or of a table of a database."""
        return self._glue_context.create_dynamic_frame_from_options(connection_type, *given, **options)

    def from_catalog(self, database: str = "", table_name: str = "", *given: Any, **options: Any) -> DynamicFrame:
        """The frame of a table of the Data Catalog."""
        return self._glue_context.create_dynamic_frame_from_catalog(database, table_name, *given, **options)


class DataFrameReader:
    """Reads DataFrames; the parameters are those of the context's methods."""

    def __init__(self, glue_context: GlueContext) -> None:
        self._glue_context = glue_context

    def from_options(self, connection_type: str, *given: Any, **options: Any) -> DataFrame:
        """The DataFrame of files or of a table of a database."""
        return self._glue_context.create_data_frame_from_options(connection_type, *given, **options)

    def from_catalog(self, database: str = "", table_name: str = "", **options: Any) -> DataFrame:
        """The DataFrame of a table of the Data Catalog."""
        return self._glue_context.create_data_frame_from_catalog(database, table_name, **options)


class DynamicFrameWriter:
    """Writes frames; the parameters are those of the context's methods."""

    def __init__(self, glue_context: GlueContext) -> None:
        self._glue_context = glue_context

    def from_options(self, frame: Writable, connection_type: str, *given: Any, **options: Any) -> Writable:
        """Write to files or to a table of a database."""
        return self._glue_context.write_from_options(frame, connection_type, *given, **options)

    def from_catalog(
        self, frame: DynamicFrame, database: str = "", table_name: str = "", *given: Any, **options: Any
    ) -> DynamicFrame:
        """Write to a table of the Data Catalog."""
        name = database or options.pop("name_space", "")
        return self._glue_context.write_dynamic_frame_from_catalog(frame, name, table_name, *given, **options)

    def from_jdbc_conf(self, frame: Writable, catalog_connection: str, *given: Any, **options: Any) -> Writable:
        """Write to a table of the database of a connection of the Data Catalog."""
        return self._glue_context.write_from_jdbc_conf(frame, catalog_connection, *given, **options)
