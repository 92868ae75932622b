"""The Spark session of a job: AWS Glue's where there is one, else a plain one. Only Spark jobs import this module."""

from __future__ import annotations

from typing import Any

from py4j.java_gateway import java_import
from pyspark import SparkContext
from pyspark.sql import SparkSession

# what the suite relies on, whatever the platform's defaults are
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.int96RebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
}
_CLASSES = ("org.apache.spark.sql.functions", "org.apache.spark.api.python.PythonUtils")


def open_spark(name: str) -> SparkSession:
    """The session, with UTC, ANSI SQL and microsecond timestamps."""
    session = _glue_session() or SparkSession.builder.appName(name).getOrCreate()
    for setting, value in _SETTINGS.items():
        session.conf.set(setting, value)
    _import_classes(session)
    return session


def _import_classes(session: SparkSession) -> None:
    """Let py4j find by name what PySpark asks for with every column expression.

    PySpark imports whole packages, so py4j looks for such a name in one after the other, through all jars, every time.
    """
    for name in _CLASSES:
        java_import(session._jvm, name)


def activate(session: SparkSession) -> None:
    """Make the session the active one of the calling thread.

    A cast takes its mode, ANSI or not, from the active session at the time its column is made. In a thread without one
    a number that is too large for its type would wrap, whatever the settings say.
    """
    jvm: Any = session._jvm
    jvm.org.apache.spark.sql.SparkSession.setActiveSession(session._jsparkSession)


def _glue_session() -> SparkSession | None:
    """The session inside Glue's own context, which feeds Glue's metrics; None where Glue's classes are not there."""
    try:
        from awsglue.context import GlueContext
    except ImportError:
        return None
    context: Any = SparkContext.getOrCreate()
    if type(context._jvm.com.amazonaws.services.glue.GlueContext).__name__ == "JavaPackage":
        return None
    session: SparkSession = GlueContext(context).spark_session
    return session


def open_jvm() -> Any:
    """The driver's Java machine without a session: enough for JDBC, and ready long before Spark is. It has no type."""
    SparkContext._ensure_initialized()
    return SparkContext._jvm
