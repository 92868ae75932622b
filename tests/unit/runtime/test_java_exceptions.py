"""Whose matter an exception of Java is: that of the table that is being built, or of everything around it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from totelake.runtime.java_exceptions import causes, is_of_surroundings, java_exception, may_pass

PARENTS = {
    "java.io.IOException": "java.lang.Exception",
    "java.net.SocketException": "java.io.IOException",
    "java.nio.file.AccessDeniedException": "java.io.IOException",
    "java.io.FileNotFoundException": "java.io.IOException",
    "org.apache.hadoop.fs.s3a.AWSClientIOException": "java.io.IOException",
    "com.amazonaws.AmazonClientException": "com.amazonaws.SdkBaseException",
    "org.apache.spark.memory.SparkOutOfMemoryError": "java.lang.OutOfMemoryError",
    "java.lang.NoClassDefFoundError": "java.lang.LinkageError",
}


class Class:
    def __init__(self, name: str) -> None:
        self.name = name

    def getName(self) -> str:  # noqa: N802
        return self.name

    def getSuperclass(self) -> Class | None:  # noqa: N802
        return Class(PARENTS[self.name]) if self.name in PARENTS else None


class Thrown:
    """A Java exception, of the names of its class and of its causes' classes."""

    def __init__(self, *names: str, message: str = "said") -> None:
        self._name, self._message = names[0], message
        self._cause = Thrown(*names[1:]) if names[1:] else None

    def getClass(self) -> Class:  # noqa: N802
        return Class(self._name)

    def getCause(self) -> Thrown | None:  # noqa: N802
        return self._cause

    def getMessage(self) -> str:  # noqa: N802
        return self._message


SPARK = "org.apache.spark.SparkException"


@pytest.mark.parametrize(
    "names",
    [
        ("org.apache.spark.sql.AnalysisException",),
        ("org.apache.spark.sql.catalyst.parser.ParseException",),
        (SPARK, "java.lang.ArithmeticException"),
        (SPARK, "org.apache.spark.SparkNumberFormatException"),
        (SPARK, "org.apache.parquet.io.ParquetDecodingException"),
        (SPARK, "java.io.FileNotFoundException"),
        (SPARK, "java.io.IOException", "shaded.parquet.org.apache.thrift.TException"),
        (SPARK, "java.lang.StackOverflowError"),
    ],
    ids=lambda names: names[-1].rsplit(".", 1)[1],
)
def test_what_spark_cannot_parse_find_compute_or_read_is_the_tables_matter(names: tuple[str, ...]) -> None:
    assert not is_of_surroundings(Thrown(*names))


@pytest.mark.parametrize(
    "names",
    [
        (SPARK, "java.net.SocketException"),
        (SPARK, "java.nio.file.AccessDeniedException"),
        (SPARK, "org.apache.hadoop.fs.s3a.AWSClientIOException", "com.amazonaws.AmazonClientException"),
        ("com.amazonaws.AmazonClientException",),
        (SPARK, "org.apache.spark.memory.SparkOutOfMemoryError"),
        ("java.lang.NoClassDefFoundError",),
        ("java.lang.RuntimeException", "java.lang.ClassNotFoundException"),
        (SPARK, "java.lang.InterruptedException"),
    ],
    ids=lambda names: names[-1].rsplit(".", 1)[1],
)
def test_what_network_disk_memory_or_aws_say_is_not(names: tuple[str, ...]) -> None:
    assert is_of_surroundings(Thrown(*names))


@pytest.mark.parametrize("said", ["ExecutorLostFailure (executor 1 exited)", "Job 3 cancelled part of job group"])
def test_a_job_whose_executor_is_lost_or_that_is_cancelled_says_nothing_of_the_table(said: str) -> None:
    assert is_of_surroundings(Thrown(SPARK, message=f"Job aborted due to stage failure: {said}"))


@pytest.mark.parametrize(
    ("thrown", "passes"),
    [
        (Thrown(SPARK, "java.net.SocketException"), True),
        (Thrown(SPARK, "java.lang.InterruptedException"), True),
        (Thrown("com.amazonaws.AmazonClientException", message="Rate exceeded (ThrottlingException)"), True),
        (Thrown(SPARK, message="Job aborted due to stage failure: ExecutorLostFailure (executor 1 exited)"), True),
        (Thrown(SPARK, "java.nio.file.AccessDeniedException"), False),
        (Thrown(SPARK, "org.apache.spark.memory.SparkOutOfMemoryError"), False),
        (Thrown("java.lang.NoClassDefFoundError"), False),
    ],
)
def test_of_what_is_around_a_table_the_network_and_what_is_busy_may_pass(thrown: Any, passes: bool) -> None:
    assert is_of_surroundings(thrown)
    assert may_pass(thrown) == passes


def test_a_failure_of_pythons_side_has_no_exception_of_java() -> None:
    java: Any = Thrown(SPARK)
    hidden = ValueError("x")
    hidden._origin = java  # type: ignore[attr-defined]
    assert java_exception(hidden) is java
    assert java_exception(ValueError("x")) is None and not is_of_surroundings(None)


def test_causes_that_are_each_others_end() -> None:
    loop = SimpleNamespace(getClass=lambda: Class(SPARK))
    loop.getCause = lambda: loop
    assert 1 < len(list(causes(loop))) < 100
