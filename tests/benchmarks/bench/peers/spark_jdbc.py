"""`python -m tests.benchmarks.bench.peers.spark_jdbc WORK.json`: parquet files into a database by Spark's JDBC writer.

WORK has `levels` (lists of tables that may be written beside each other, one list after the other), `files` (table:
folder), `url`, `properties` and `folder`. Writes the seconds, without those of the session's start, to
`folder/seconds`. Runs in the environment of the project, whose Spark it is.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

_PARTITIONS = 4


def write(spark: SparkSession, work: dict[str, Any]) -> float:
    """Write all tables; the seconds."""
    # small enough that the tables of a small run are parted, too
    spark.conf.set("spark.sql.files.maxPartitionBytes", 4 << 20)
    # the first job of a session compiles much that every later one has
    spark.range(1).count()

    def one(table: str) -> None:
        rows = spark.read.parquet(work["files"][table])
        rows = rows.coalesce(_PARTITIONS)
        rows.write.format("jdbc").options(
            url=work["url"],
            dbtable=f'star."{table}"',
            driver="org.postgresql.Driver",
            batchsize=10_000,
            **work["properties"],
        ).mode("append").save()

    begun = time.perf_counter()
    with ThreadPoolExecutor(_PARTITIONS) as pool:
        for level in work["levels"]:
            list(pool.map(one, level))
    return time.perf_counter() - begun


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    session = SparkSession.builder.appName("bench").getOrCreate()
    Path(given["folder"], "seconds").write_text(str(write(session, given)), encoding="utf-8")
    session.stop()
