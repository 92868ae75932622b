"""The script of a standby: Spark warms up, waits for a run, and becomes the interpreter of the run's script.

`spark-submit` runs it (localglue copies it into a folder of its own), so it imports nothing of localglue.
It never runs a job's code itself: the process is replaced by a new interpreter, which has nothing of this one but its
id, its folder, its variables and Spark's JVM.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
BELL, REQUEST, WARM, EXAMPLE = "bell", "request.json", "warm", "example"
"""Files beside this one: a pipe that rings for a run; the run's script and arguments; the sign that all is warm; the
address of an object that runs read."""
_NAME, _TIME, _COMMAND = "spark.app.name", "spark.app.submitTime", "sun.java.command"
_ROWS = (
    "SELECT id, id % 2 AS parent, CAST(id AS string) AS text, CAST(id AS decimal(10,2)) AS amount, id > 3 AS flag, "
    "CAST(id AS int) AS number, current_timestamp() AS moment, DATE '2024-08-01' AS day, '2024-08' AS month "
    "FROM range(8)"
)
_QUESTIONS = (
    "SELECT l.parent, count(*) AS many, sum(l.amount) AS total, max(l.moment) AS last FROM standby AS l "
    "LEFT JOIN standby AS r ON r.id = l.parent WHERE l.text IS NOT NULL GROUP BY l.parent ORDER BY l.parent",
    "SELECT l.*, lead(l.id) OVER (PARTITION BY l.parent ORDER BY l.id) AS following FROM standby AS l LEFT ANTI JOIN "
    "(SELECT id FROM standby WHERE id = 1) AS gone ON gone.id = l.id "
    "UNION ALL SELECT l.*, 0L FROM standby AS l WHERE l.flag",
)


def main() -> int:
    """Warm up until a run rings, and become its script; 0 when localglue has ended or has taken the run back."""
    variables = dict(os.environ)
    bell = os.open(HERE / BELL, os.O_RDONLY | os.O_NONBLOCK)
    steps, heard = _steps(), _heard(bell)
    while heard is None and next(steps, None):
        heard = _heard(bell)
    steps.close()
    if heard is None:
        (HERE / WARM).touch()
        poll = select.poll()
        poll.register(bell, select.POLLIN)
        poll.poll()
        heard = _heard(bell)
    if not heard:
        return 0
    request = json.loads((HERE / REQUEST).read_text(encoding="utf-8"))
    script, words = request["script"], request["argv"]
    _tell_java(script, words)
    try:
        (HERE / REQUEST).unlink()
    except FileNotFoundError:  # localglue has taken the run back
        return 0
    shutil.rmtree(HERE)
    os.execve(sys.executable, [sys.executable, script, *words], variables)  # noqa: S606 # nosec B606


def _heard(bell: int) -> bytes | None:
    """The ring of a run; nothing when nobody is left who could ring; None while there is neither."""
    try:
        return os.read(bell, 1)
    except BlockingIOError:
        return None


def _java() -> Any:
    """The JVM, as a job that has no session sees it."""
    from pyspark import SparkContext

    SparkContext._ensure_initialized()
    return SparkContext._jvm


def _steps() -> Generator[str, None, None]:
    """Do what sessions do first, in short steps. Whenever it is closed, the session and all that it left are gone."""
    from pyspark.sql import SparkSession

    java = _java()
    properties = java.java.lang.System.getProperties().clone()
    yield "Java"
    session = SparkSession.builder.getOrCreate()
    folder = HERE / "rows"
    try:
        yield "session"
        session.sql(_ROWS).write.partitionBy("month").parquet(str(folder))
        yield "written"
        session.read.parquet(str(folder)).createOrReplaceTempView("standby")
        for question in _QUESTIONS:
            session.sql(question).collect()
            yield "asked"
        if session.conf.get("spark.hadoop.fs.s3.impl", None):
            session.read.text((HERE / EXAMPLE).read_text(encoding="utf-8")).count()
            yield "read"
    finally:
        session.stop()
        java.java.lang.System.setProperties(properties)
        shutil.rmtree(folder, ignore_errors=True)
        _forget(java)


def _forget(java: Any) -> None:
    """Let Java forget what a stopped session leaves: open file systems, their counts, the folders for its files."""
    java.org.apache.hadoop.fs.FileSystem.closeAll()
    java.org.apache.hadoop.fs.FileSystem.clearStatistics()
    getattr(getattr(java.org.apache.spark.util, "Utils$"), "MODULE$").clearLocalRootDirs()


def _tell_java(script: str, words: list[str]) -> None:
    """Give the JVM the properties that spark-submit would have set for this script."""
    own, system = str(Path(__file__).resolve()), _java().java.lang.System
    if system.getProperty(_NAME) == Path(own).name:  # unless a setting names it
        system.setProperty(_NAME, Path(script).name)
    if system.getProperty(_TIME):
        system.setProperty(_TIME, str(int(time.time() * 1000)))
    system.setProperty(_COMMAND, system.getProperty(_COMMAND).replace(own, " ".join([script, *words])))


if __name__ == "__main__":
    sys.exit(main())
