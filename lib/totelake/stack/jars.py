"""The jars that Spark and its jobs need beside pyspark's own, fetched once by pyspark's Ivy, checked by SHA-256."""

from __future__ import annotations

import hashlib
import subprocess  # nosec B404 # Ivy is a Java program
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from totelake.errors import ConfigurationError
from totelake.stack.java import find_java
from totelake.stack.trust import trust_options


@dataclass(frozen=True)
class Jar:
    """One artifact of Maven Central, without what it depends on: pyspark ships that."""

    organisation: str
    revision: str
    name: str
    sha256: str

    @property
    def file_name(self) -> str:
        """Its name in the cache."""
        return f"{self.name}-{self.revision}.jar"


_TELLING = ("Server access error", "Exception", "not found", "FAILED")
_HADOOP, _AWS, _POSTGRESQL = ("org.apache.hadoop", "3.3.4"), ("com.amazonaws", "1.12.262"), ("org.postgresql", "42.7.7")
CONNECTOR = (
    Jar(*_HADOOP, "hadoop-aws", "53f9ae03c681a30a50aa17524bd9790ab596b28481858e54efd989a826ed3a4a"),
    Jar(*_AWS, "aws-java-sdk-core", "06fed99f929c389e168278c1b111aaf1afb270d07202fbbce92e73d1e4279678"),
    Jar(*_AWS, "aws-java-sdk-s3", "a0cb7580178bc0d4d3558295a5bb890008478da8a6b3241989c71238b0ed3be5"),
    Jar(*_AWS, "aws-java-sdk-dynamodb", "7af4ba06d0d9b3c2ab435089caecd0567810d203aa285f7aa72861f1964d442e"),
)
"""S3A for the Hadoop that pyspark ships, as AWS Glue brings one; DynamoDB only because S3AUtils names a class of it."""
DRIVER = Jar(*_POSTGRESQL, "postgresql", "157963d60ae66d607e09466e8c0cdf8087e9cb20d0159899ffca96bca2528460")
"""PostgreSQL's JDBC driver, which a release brings to the jobs that name it."""
JARS = (*CONNECTOR, DRIVER)


def cache_folder() -> Path:
    """Where they lie: in the environment that runs us, shared by all its stacks."""
    return Path(sys.prefix) / "share" / "totelake" / "jars"


def spark_home() -> Path:
    """The folder of pyspark."""
    import pyspark

    return Path(pyspark.__file__).parent


def is_intact(path: Path, jar: Jar) -> bool:
    """Whether the file is there with the content we know."""
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == jar.sha256


def ensure_jars(jars: Sequence[Jar] = JARS, folder: Path | None = None) -> list[Path]:
    """The paths of jars, fetched when they are missing. Raises ConfigurationError when they cannot be had."""
    folder = folder or cache_folder()
    if not all(is_intact(folder / jar.file_name, jar) for jar in jars):
        _fetch(folder)
    damaged = [jar.file_name for jar in jars if not is_intact(folder / jar.file_name, jar)]
    if damaged:
        raise ConfigurationError(f"{', '.join(damaged)} in {folder} is not the jar we know; remove it and try again")
    return [folder / jar.file_name for jar in jars]


def _fetch(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"Spark's jars are not in {folder}, which cannot be made ({error.strerror}); "
            "run `make install` as the owner of this installation"
        ) from None
    with tempfile.TemporaryDirectory() as work:
        module = Path(work) / "ivy.xml"
        module.write_text(_module(), encoding="utf-8")
        command = [str(find_java() / "bin" / "java"), *trust_options(Path(work))]
        command += ["-cp", f"{spark_home()}/jars/*", "org.apache.ivy.Main"]
        command += ["-ivy", str(module), "-cache", f"{work}/cache", "-types", "jar"]
        command += ["-retrieve", f"{folder}/[artifact]-[revision].[ext]"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # nosec B603 # no shell
    if done.returncode:
        lines = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
        telling = [line for word in _TELLING for line in lines if word in line]
        said = telling[0] if telling else "no reason given"
        raise ConfigurationError(
            f"Spark's jars could not be fetched from Maven Central ({said}); check the network, "
            f"or put {', '.join(jar.file_name for jar in JARS)} into {folder}"
        )


def _module() -> str:
    dependencies = "".join(
        f'<dependency org="{jar.organisation}" name="{jar.name}" rev="{jar.revision}" transitive="false" '
        'conf="default->master"/>'
        for jar in JARS
    )
    return (
        '<ivy-module version="2.0"><info organisation="totelake" module="jars"/><configurations>'
        f'<conf name="default"/></configurations><dependencies>{dependencies}</dependencies></ivy-module>'
    )
