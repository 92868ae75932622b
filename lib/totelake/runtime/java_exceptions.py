"""Exceptions of the Java machine as py4j hands them out: their causes, and whose matter they are.

py4j gives them no type, so they are `Any` here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_DEEPEST = 20
# what is wrong with the machine, the network or a service of AWS, whatever is being built
_SURROUNDINGS = frozenset((
    "java.io.IOException",
    "java.lang.ClassNotFoundException",
    "java.lang.InterruptedException",
    "java.lang.LinkageError",
    "java.lang.OutOfMemoryError",
    "java.util.concurrent.TimeoutException",
    "com.amazonaws.SdkBaseException",
    "software.amazon.awssdk.core.exception.SdkException",
))  # fmt: skip
# of these, what may be gone when it is tried again: the network, a service that is busy, what was interrupted
_PASSING = frozenset((
    "java.io.InterruptedIOException",
    "java.lang.InterruptedException",
    "java.net.SocketException",
    "java.util.concurrent.TimeoutException",
    "org.apache.hadoop.fs.s3a.AWSServiceThrottledException",
    "org.apache.hadoop.fs.s3a.AWSStatus500Exception",
    "org.apache.http.NoHttpResponseException",
))  # fmt: skip
_SAID_PASSING = ("Throttl", "SlowDown", "TooManyRequests", "ExpiredToken", "RequestExpired", "Unable to execute HTTP")
# of these I/O errors what is wrong is the object: it is gone, cut off, or no parquet
_OF_AN_OBJECT = ("java.io.FileNotFoundException", "java.io.EOFException")
_NO_PARQUET = ".TException"
# what Spark says of itself and not of what it computes
_LOST = ("ExecutorLostFailure", "Container killed", "SparkContext was shut down", "stopped SparkContext", "cancelled")


def java_exception(error: Exception) -> Any:
    """Java's own exception inside one of py4j or PySpark; None for a failure of PySpark's Python side."""
    return getattr(error, "java_exception", None) or getattr(error, "_origin", None)


def causes(exception: Any) -> Iterator[Any]:
    """A Java exception and what caused it, the outermost first."""
    for _ in range(_DEEPEST):
        if exception is None:
            return
        yield exception
        name = str(exception.getClass().getName())
        following = exception.getNextException() if name == "java.sql.BatchUpdateException" else None
        exception = following or exception.getCause()


def is_of_surroundings(exception: Any) -> bool:
    """Whether memory, disk, network, AWS or Spark itself failed, and not what was being computed."""
    found = list(causes(exception))
    classes = [_classes(item) for item in found]
    if any(names & set(_OF_AN_OBJECT) or any(name.endswith(_NO_PARQUET) for name in names) for names in classes):
        return False
    if any(names & _SURROUNDINGS for names in classes):
        return True
    return any(word in str(item.getMessage()) for item in found[:1] for word in _LOST)


def may_pass(exception: Any) -> bool:
    """Whether what failed around a computation may be gone when the job runs again."""
    found = list(causes(exception))
    if any(_classes(item) & _PASSING for item in found):
        return True
    said = [str(item.getMessage()) for item in found]
    return any(word in text for text in said for word in _SAID_PASSING) or any(word in said[0] for word in _LOST)


def _classes(exception: Any) -> set[str]:
    """The names of its class and of those above that."""
    names = set()
    found = exception.getClass()
    while found is not None:
        names.add(str(found.getName()))
        found = found.getSuperclass()
    return names
