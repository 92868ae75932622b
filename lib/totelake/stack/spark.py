"""Spark's settings on one machine: what AWS Glue brings along, and nothing that a job could notice."""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess  # nosec B404 # a throw-away Spark session is a process
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from totelake.errors import ConfigurationError
from totelake.stack.clean_environment import child_environment
from totelake.stack.jars import CONNECTOR, cache_folder, ensure_jars, spark_home
from totelake.stack.java import find_java
from totelake.stack.private_files import write_private

# with one tier of compilation Java reserves little room for code, and stops compiling in a long session that fills it
_QUICK = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC -Duser.timezone=UTC"
_WARM_UP = "totelake.stack.warm_up"
DRIVER_MEGABYTES = 1500
# a Java that was made small, as the one from PyPI, brings none
_OWN_ARCHIVE = Path("lib", "server", "classes.jsa")


def settings(aws_endpoint: str | None) -> dict[str, str]:
    """Spark's properties; without an endpoint there is no S3."""
    return {**_session(), **(s3_settings(aws_endpoint) if aws_endpoint else {})}


def _session() -> dict[str, str]:
    jars = ensure_jars(CONNECTOR)
    options = f"{_QUICK} -Xshare:auto -Xlog:cds=off -Xlog:cds+dynamic=off"
    archives = _archives(find_java())
    if all(archive.is_file() for archive in archives):
        options += " " + _shared(archives)
    return {
        "spark.master": "local[2]",
        "spark.driver.memory": f"{DRIVER_MEGABYTES}m",
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
    """Spark's properties for S3 at an endpoint, by the connector that it brings with it.

    The key is in no property: Spark takes it from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
    """
    return {
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.s3a.endpoint": aws_endpoint,
        "spark.hadoop.fs.s3a.endpoint.region": "eu-west-2",
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        "spark.hadoop.fs.s3a.aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
        "spark.hadoop.fs.s3a.change.detection.mode": "none",
    }


def write_properties(path: Path, aws_endpoint: str) -> Path:
    """Write them as a properties file for spark-submit."""
    # in such a file a backslash begins an escape
    lines = [f"{name} {value}".replace("\\", "\\\\") for name, value in settings(aws_endpoint).items()]
    return write_private(path, "\n".join(lines) + "\n")


def find_submit() -> Path:
    """The program spark-submit. Raises ConfigurationError when there is none."""
    found = [folder / "spark-submit" for folder in (Path(sys.executable).parent, spark_home() / "bin")]
    for program in found:
        if os.access(program, os.X_OK):
            return program
    raise ConfigurationError(
        f"no spark-submit is in {' or '.join(str(item.parent) for item in found)}; run `make install`"
    )


def _one_option(option: str) -> str:
    """An option of Java as Spark reads it among others: as one, whatever its path holds."""
    return '"' + option.replace("\\", "\\\\").replace('"', '\\"') + '"'


def environment() -> dict[str, str]:
    """The variables with which spark-submit finds Java, Python and Spark.

    Named here, Spark's own folder need not be looked for by a script that fails when a path has a space; and without
    UTF-8 Java finds no file whose path has other letters than ASCII's.
    """
    return {
        "JAVA_HOME": str(find_java()),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "SPARK_HOME": str(spark_home()),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "LC_ALL": "C.UTF-8",
    }


def _archives(java: Path) -> list[Path]:
    """The class archive of Java's own classes, where that Java brings none, and Spark's above it.

    Named by what is archived: another Java, another warm-up or other jars make others.
    """
    release = java / "release"
    jars = " ".join(jar.sha256 for jar in CONNECTOR)
    parts = [Path(__file__).with_name("warm_up.py").read_bytes(), _QUICK.encode(), str(java).encode(), jars.encode()]
    parts += [release.read_bytes()] if release.is_file() else []
    name = hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]
    spark = cache_folder() / f"spark-{name}.jsa"
    return [spark] if (java / _OWN_ARCHIVE).is_file() else [cache_folder() / f"java-{name}.jsa", spark]


def _shared(archives: Sequence[Path]) -> str:
    return _one_option(f"-XX:SharedArchiveFile={os.pathsep.join(str(archive) for archive in archives)}")


def ensure_archive() -> Path | None:
    """Java's class data archive (AppCDS) for Spark, which halves its start; None where Java cannot make one."""
    ensure_jars()
    java = find_java()
    *own, archive = _archives(java)
    if archive.is_file():
        return archive
    properties = settings(None)
    options = [_QUICK, _one_option(f"-XX:ArchiveClassesAtExit={archive}"), "-Xlog:cds=off -Xlog:cds+dynamic=off"]
    for file in own:
        _run([str(java / "bin" / "java"), "-XX:+UseSerialGC", "-Xshare:dump", f"-XX:SharedArchiveFile={file}"], {})
        options.append(_shared([file]))
    properties["spark.driver.extraJavaOptions"] = " ".join(options)
    arguments = " ".join(f"--conf {shlex.quote(f'{name}={value}')}" for name, value in properties.items())
    _run([sys.executable, "-m", _WARM_UP], {**environment(), "PYSPARK_SUBMIT_ARGS": f"{arguments} pyspark-shell"})
    return archive if archive.is_file() else None


def _run(command: Sequence[str], variables: Mapping[str, str]) -> None:
    """A program whose result is a file, or none: a Java without archives is slower and no failure."""
    subprocess.run(  # nosec B603 # our own interpreter or Java, no shell
        command, env=child_environment(variables), capture_output=True, check=False
    )
