"""The Spark session of a job: AWS Glue's where there is one, else a plain one. Only Spark jobs import this module."""

from __future__ import annotations

from typing import Any

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
# classes that PySpark asks for by their last name, with every column expression, and others that it asks for in full
_SHORT = (
    "org.apache.spark.sql.functions",
    "org.apache.spark.api.python.PythonUtils",
    "org.apache.spark.sql.SparkSession",
    "org.apache.spark.sql.SparkSession$",
)
_FULL = ("org.apache.spark.sql.Observation", "org.apache.spark.util.Utils", "py4j.reflection.TypeUtil")


def open_spark(name: str) -> SparkSession:
    """The session, with UTC, ANSI SQL and microsecond timestamps."""
    session = _glue_session() or SparkSession.builder.appName(name).getOrCreate()
    for setting, value in _SETTINGS.items():
        session.conf.set(setting, value)
    _remember_classes(session._jvm)
    return session


def _remember_classes(jvm: Any) -> None:
    """Let py4j look each of these classes up once.

    It remembers nothing. Every part of a name it takes for a class first, and looks for that in all packages that
    PySpark imports, through all jars.
    """
    for name in (*_SHORT, *_FULL):
        found = jvm
        for part in name.split("."):
            child = getattr(found, part)
            setattr(found, part, child)
            found = child
        if name in _SHORT:
            setattr(jvm, name.rsplit(".", 1)[1], found)


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
    # before there is a context: a plain session is to be named by its job
    if type(open_jvm().com.amazonaws.services.glue.GlueContext).__name__ == "JavaPackage":
        return None
    session: SparkSession = GlueContext(SparkContext.getOrCreate()).spark_session
    return session


def open_jvm() -> Any:
    """The driver's Java machine without a session: enough for JDBC, and ready long before Spark is. It has no type."""
    SparkContext._ensure_initialized()
    return SparkContext._jvm
