"""What the looks at Spark make of what Spark says; no Spark runs here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from tests.unit.canary.test_looks import look
from totelake.canary import spark_looks
from totelake.canary.look import Look
from totelake.canary.spark_looks import Driver
from totelake.ports.memory import MemoryStore
from totelake.runtime.outcome import OK, PROBLEM, WARNING

JAR = ["--extra-jars", "s3://b/releases/1/postgresql-42.7.7.jar"]


def committing(rows: int, *names: str) -> Look:
    """The look at a committer that leaves these objects."""
    store = MemoryStore("processed")

    def write(key: str) -> int:
        for name in names:
            store.put(f"{key}/{name}", b"x")
        return rows

    return spark_looks.committer(lambda: "fs.s3a.committer.name=magic", write, store, "_canary/1/rows")


LOOKS: Mapping[str, tuple[Callable[[], Look], str, str, str]] = {
    "Spark": (lambda: spark_looks.version(lambda: "Spark 3.5.6 on Java 17"), OK, "3.5.6", ""),
    "an old Spark": (lambda: spark_looks.version(lambda: "Spark 3.3.0 on Java 8"), PROBLEM, "3.3.0", "glue_version"),
    "S3A": (lambda: spark_looks.connector(lambda: "org.apache.hadoop.fs.s3a.S3AFileSystem"), OK, "S3A", ""),
    "EMRFS": (lambda: spark_looks.connector(lambda: "com.amazon.ws.emr.hadoop.fs.EmrFileSystem"), OK, "Emr", ""),
    "another connector": (lambda: spark_looks.connector(lambda: "a.b.Other"), WARNING, "a.b.Other", "nobody has tried"),
    "committer": (lambda: committing(100, "part-0.parquet"), OK, "100 rows in 1 files by fs.s3a.committer.name", ""),
    "one that leaves a mark": (
        lambda: committing(100, "part-0.parquet", "_SUCCESS"), WARNING, "left ['/_SUCCESS']", "maintain-lake"),
    "one that loses rows": (lambda: committing(99, "part-0.parquet"), PROBLEM, "99 rows", "committer"),
    "one that writes nothing": (lambda: committing(100), PROBLEM, "0 files", "committer"),
    "the release's driver": (lambda: spark_looks.driver(lambda: Driver("42.7.7", "file:/x"), JAR), OK, "42.7.7", ""),
    "Glue's own driver": (
        lambda: spark_looks.driver(lambda: Driver("42.7.3", "file:/glue"), JAR), WARNING, "file:/glue", "jars:"),
    "an old driver": (
        lambda: spark_looks.driver(lambda: Driver("42.2.5", "file:/glue"), []), PROBLEM, "42.2.5", "jars:"),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOKS)
def test_a_look_tells_what_it_found_and_what_to_change(name: str) -> None:
    make, outcome, found, remedy = LOOKS[name]
    told = look(make())
    assert (told.outcome, found in told.found) == (outcome, True), told
    assert remedy in told.remedy if remedy else told.remedy == ""


def test_what_a_committer_leaves_is_deleted() -> None:
    store = MemoryStore("processed")

    def write(key: str) -> int:
        store.put(f"{key}/part-0.parquet", b"x")
        store.put(f"{key}/_temporary/0", b"x")
        raise RuntimeError("Spark gave up")

    found = look(spark_looks.committer(lambda: "", write, store, "_canary/1/rows"))
    assert (found.outcome, "Spark gave up" in found.found) == (PROBLEM, True)
    assert list(store.list("")) == []
