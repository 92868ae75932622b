"""Spark's settings on one machine: what AWS Glue brings along, and nothing that a job could notice."""

from __future__ import annotations

import hashlib
import os
import subprocess  # nosec B404 # a throw-away Spark session is a process
import sys
from pathlib import Path

from totelake.stack.jars import cache_folder, ensure_jars
from totelake.stack.java import find_java
from totelake.stack.model import CREDENTIAL

# with one tier of compilation Java reserves little room for code, and stops compiling in a long session that fills it
_QUICK = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC -Duser.timezone=UTC"
_WARM_UP = "totelake.stack.warm_up"


def settings(aws_endpoint: str | None) -> dict[str, str]:
    """Spark's properties; without an endpoint there is no S3."""
    return {**_session(), **(s3_settings(aws_endpoint) if aws_endpoint else {})}


def _session() -> dict[str, str]:
    jars = ensure_jars()
    options = f"{_QUICK} -Xshare:auto -Xlog:cds=off -Xlog:cds+dynamic=off"
    archive = _archive()
    if archive.is_file():
        options += f" -XX:SharedArchiveFile={archive}"
    return {
        "spark.master": "local[2]",
        "spark.driver.memory": "1500m",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraClassPath": os.pathsep.join(str(jar) for jar in jars),
        "spark.driver.extraJavaOptions": options,
        "spark.ui.enabled": "false",
        "spark.log.level": "WARN",
        # nobody reads an attempt in flight, so tasks may put their files in place themselves: one rename less for each
        "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000",
    }


def platform_settings(aws_endpoint: str) -> dict[str, str]:
    """Spark's properties where the platform brings Spark, Java and the S3 connector, as AWS Glue's image does."""
    return {"spark.master": "local[2]", "spark.sql.session.timeZone": "UTC", **s3_settings(aws_endpoint)}


def s3_settings(aws_endpoint: str) -> dict[str, str]:
    """Spark's properties for S3 at an endpoint, by the connector that it brings with it."""
    return {
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.s3a.endpoint": aws_endpoint,
        "spark.hadoop.fs.s3a.endpoint.region": "eu-west-2",
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        "spark.hadoop.fs.s3a.aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
        "spark.hadoop.fs.s3a.access.key": CREDENTIAL,
        "spark.hadoop.fs.s3a.secret.key": CREDENTIAL,
        "spark.hadoop.fs.s3a.change.detection.mode": "none",
    }


def write_properties(path: Path, aws_endpoint: str) -> Path:
    """Write them as a properties file for spark-submit."""
    lines = [f"{name} {value}" for name, value in settings(aws_endpoint).items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def environment() -> dict[str, str]:
    """The variables with which spark-submit finds Java and Python."""
    return {
        "JAVA_HOME": str(find_java()),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }


def _archive() -> Path:
    """Named by what is archived: another warm-up makes another."""
    content = Path(__file__).with_name("warm_up.py").read_bytes() + _QUICK.encode()
    return cache_folder() / f"spark-{hashlib.sha256(content).hexdigest()[:12]}.jsa"


def ensure_archive() -> Path | None:
    """Java's class data archive (AppCDS) for Spark, which halves its start; None where Java cannot make one."""
    ensure_jars()
    archive = _archive()
    if archive.is_file():
        return archive
    properties = settings(None)
    options = f"{_QUICK} -XX:ArchiveClassesAtExit={archive} -Xlog:cds=off -Xlog:cds+dynamic=off"
    properties["spark.driver.extraJavaOptions"] = options
    arguments = " ".join(f'--conf "{name}={value}"' for name, value in properties.items())
    subprocess.run(  # nosec B603 # our own interpreter, no shell
        [sys.executable, "-m", _WARM_UP],
        env={**os.environ, **environment(), "PYSPARK_SUBMIT_ARGS": f"{arguments} pyspark-shell"},
        capture_output=True,
        check=False,
    )
    return archive if archive.is_file() else None
