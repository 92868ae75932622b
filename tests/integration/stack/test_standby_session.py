"""What a Spark job sees on a standby, with the stack's Spark: the same as without, field by field."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localglue import standbys
from tests.integration.localglue.bench import Bench, serving
from tests.integration.localglue.test_standbys import GROUP, waiting, warm
from totelake.stack import spark

SCRIPT = """
import sys
loaded = sorted(sys.modules)
import json, os
from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

def entries(java):
    return {str(entry.getKey()): str(entry.getValue()) for entry in java}

SparkContext._ensure_initialized()
jvm = SparkContext._jvm
here, session = os.getcwd(), jvm.org.apache.spark.sql.SparkSession
counted = jvm.org.apache.hadoop.fs.FileSystem.getAllStatistics()
seen = {
    "argv": sys.argv, "path": sys.path[:], "environ": dict(os.environ), "cwd": here, "modules": loaded,
    "name": [__name__, __file__, __doc__], "files": sorted(os.listdir(here)), "script": os.listdir(sys.path[0]),
    "properties": entries(jvm.java.lang.System.getProperties().entrySet()),
    "java environ": entries(jvm.java.lang.System.getenv().entrySet()), "conf": dict(SparkConf().getAll()),
    "active": [str(one) for one in (SparkContext._active_spark_context, session.getDefaultSession(),
                                    session.getActiveSession(), jvm.org.apache.spark.SparkEnv.get())],
    "read before": sum(one.getBytesRead() + one.getBytesWritten() for one in counted),
    "zone": jvm.java.util.TimeZone.getDefault().getID(), "locale": str(jvm.java.util.Locale.getDefault()),
}
own = SparkConf().setAppName("mine").set("spark.sql.shuffle.partitions", "7").set("spark.local.dir", here + "/mine")
context = SparkContext.getOrCreate(own)
spark = SparkSession(context)
hadoop = context._jsc.hadoopConfiguration().iterator()
seen["hadoop"] = {}
while hadoop.hasNext():
    entry = hadoop.next()
    seen["hadoop"][entry.getKey()] = entry.getValue()
seen |= {
    "session": dict(context.getConf().getAll()), "sql": {row.key: row.value for row in spark.sql("SET").collect()},
    "views": [table.name for table in spark.catalog.listTables()], "own folder": os.listdir(here + "/mine") != [],
    "rows": [list(row) for row in spark.sql("SELECT id % 3, count(*) FROM range(5) GROUP BY 1 ORDER BY 1").collect()],
    "listeners": context._jsc.sc().listenerBus().listeners().size(), "level": context._jvm.org.apache.logging.log4j
        .LogManager.getRootLogger().getLevel().toString(), "files after": sorted(os.listdir(here)),
}
print(json.dumps(seen))
raise ValueError("the batch is empty")
"""
FOLDER = "it's a stäte"
# what differs between two runs without standbys, too
PASSING = re.compile(
    r"(?<=/runs/)tmp\w{8}|spark-[0-9a-f-]{36}|userFiles-[0-9a-f-]{36}|local-\d{13}|\b\d{13}\b"
    r"|(?<=PORT\": \")\d+|(?<=driver.port\": \")\d+|(?<=SECRET\": \")[0-9a-f]+|^\d\d/\d\d/\d\d \d\d:\d\d:\d\d "
)


@pytest.fixture
def session_bench(moto_endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A localglue with the stack's Spark and one standby, and nothing of S3 in it, which each job says once."""
    monkeypatch.setattr(standbys, "_QUIET", 0.1)
    for name, value in spark.environment().items():
        monkeypatch.setenv(name, value)
    properties, own = tmp_path / "spark.conf", spark.settings(None)
    properties.write_text("".join(f"{name} {value}\n".replace("\\", "\\\\") for name, value in own.items()))
    more: dict[str, Any] = {"spark_submit": str(spark.find_submit()), "spark_properties": properties, "minute": 60.0}
    with serving(moto_endpoint, tmp_path / FOLDER, standbys=1, inherit=tuple(spark.environment()), **more) as bench:
        yield bench


def told(bench: Bench, run: dict[str, Any]) -> tuple[dict[str, Any], list[str], list[str]]:
    """What the script saw, and the lines of both streams, without what is another in each run."""

    def plain(text: str) -> str:
        return PASSING.sub("PASSING", text.replace(run["Id"], "ID"))

    first, *output = bench.lines(f"{GROUP}/output", run["Id"])
    seen = {name: plain(json.dumps(value, sort_keys=True)) for name, value in json.loads(first).items()}
    return seen, [plain(line) for line in output], [plain(line) for line in bench.lines(f"{GROUP}/error", run["Id"])]


def test_a_job_sees_the_same_on_a_standby(session_bench: Bench) -> None:
    job = session_bench.job(SCRIPT, kind="glueetl", DefaultArguments={"--word": "a b"})
    ids = []
    for _ in range(2):
        run_id = session_bench.glue.start_job_run(JobName=job)["JobRunId"]
        ids.append(session_bench.ended(job, run_id, 120))
        if len(ids) == 1:
            pid = warm(session_bench, 120)
    assert pid not in [item["Pid"] for item in waiting(session_bench)]
    assert [run["ErrorMessage"] for run in ids] == ["ValueError: the batch is empty"] * 2
    cold, hot = (told(session_bench, run) for run in ids)
    for name, value in cold[0].items():
        assert hot[0][name] == value, name
    assert (hot[1], sorted(hot[2])) == (cold[1], sorted(cold[2]))
    assert any("Running Spark version" in line for line in hot[2])
