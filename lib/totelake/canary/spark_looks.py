"""Looks at Spark as AWS Glue starts it: version, way to S3, committer, the JDBC driver and a login by it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Callable

from totelake.canary.login import TLS, judge_login
from totelake.canary.look import Look
from totelake.canary.process import numbers
from totelake.ports.object_store import ObjectStore
from totelake.ports.postgres_address import PostgresAddress
from totelake.runtime.outcome import Result, ok, problem, warning
from totelake.runtime.spark import activate, open_spark
from totelake.star.write import COMMITTER
from totelake.warehouse.jdbc import JdbcAddress, connect

# the way to S3 of AWS Glue 5.1 and later, and that of earlier ones
_CONNECTORS = ("S3AFileSystem", "EmrFileSystem")
_COMMITTERS = (
    "spark.sql.sources.commitProtocolClass",
    "spark.sql.parquet.output.committer.class",
    "mapreduce.outputcommitter.factory.scheme.s3",
    "mapreduce.outputcommitter.factory.scheme.s3a",
    "fs.s3a.committer.name",
)
_ROWS = 100
_OLDEST_DRIVER = "42.7"
_START = 180.0
_TLS = "SELECT s.version FROM pg_stat_ssl s WHERE s.pid = pg_backend_pid() AND s.ssl"
_VERSION = "SELECT current_setting('server_version')"
_OWN_DRIVER = "let the job have `jars: [postgresql]` in catalog/pipeline.yaml, which puts the release's jar first"


@dataclass(frozen=True)
class Driver:
    """A JDBC driver: its version, and the place that its class came from."""

    version: str
    place: str


class SparkSide:
    """The session of the job, opened by the first look that asks for it."""

    def __init__(self, name: str, store: ObjectStore) -> None:
        self._name, self._store = name, store

    @cached_property
    def session(self) -> Any:
        """The session."""
        return open_spark(self._name)

    @property
    def jvm(self) -> Any:
        """The driver's Java machine, which has no type."""
        return self.session.sparkContext._jvm

    def version(self) -> str:
        """Spark's version, and Java's."""
        return f"Spark {self.session.version} on Java {self.jvm.java.lang.System.getProperty('java.version')}"

    def connector(self) -> str:
        """The class that leads to the bucket's addresses."""
        path = self.jvm.org.apache.hadoop.fs.Path(self._store.address(""))
        return str(path.getFileSystem(self._hadoop()).getClass().getName())

    def committers(self) -> str:
        """The settings by which Spark chooses its committer, those that are set."""
        hadoop, conf = self._hadoop(), self.session.conf
        found = {name: conf.get(name, None) or hadoop.get(name) for name in _COMMITTERS}
        return ", ".join(f"{name}={value}" for name, value in found.items() if value) or "Spark's own"

    def write(self, key: str) -> int:
        """Write rows as the builders do; how many are read back."""
        activate(self.session)
        rows = self.session.range(_ROWS).coalesce(1)
        rows.write.options(compression="zstd", **COMMITTER).parquet(self._store.address(key))
        return int(self.session.read.schema("id bigint").parquet(self._store.address(key)).count())

    def driver(self) -> Driver:
        """The driver that a load would use."""
        found = self.jvm.org.postgresql.Driver()
        place = found.getClass().getProtectionDomain().getCodeSource().getLocation()
        return Driver(str(self.jvm.org.postgresql.util.DriverInfo.DRIVER_VERSION), str(place))

    def _hadoop(self) -> Any:
        return self.session.sparkContext._jsc.hadoopConfiguration()


def version(tell: Callable[[], str]) -> Look:
    """Spark itself; the first look, which starts it."""

    def find() -> Result:
        told = tell()
        has = numbers(told.split()[1])
        if has >= (3, 5):
            return ok(told)
        return problem(told, "correct glue_version in catalog/pipeline.yaml: totelake needs Spark 3.5")

    return Look("Spark", "Spark 3.5 or newer", find, _START)


def connector(tell: Callable[[], str]) -> Look:
    """The class that reads and writes s3:// addresses."""

    def find() -> Result:
        name = tell()
        if name.endswith(_CONNECTORS):
            return ok(name)
        return warning(name, "report it: nobody has tried the builders by this way to S3")

    return Look("connector", " or ".join(_CONNECTORS), find, _START)


def committer(settings: Callable[[], str], write: Callable[[str], int], store: ObjectStore, key: str) -> Look:
    """What Spark leaves in the bucket when it writes as the builders do."""
    expected = f"{_ROWS} rows written and read, nothing left beside the files"
    return Look("committer", expected, partial(_committer, settings, write, store, key), _START)


def _committer(settings: Callable[[], str], write: Callable[[str], int], store: ObjectStore, key: str) -> Result:
    try:
        rows = write(key)
        keys = [item.key for item in store.list(key)]
    finally:
        store.delete([item.key for item in store.list(key)])
    files = [name for name in keys if name.endswith(".parquet")]
    left = [name[len(key) :] for name in keys if not name.endswith(".parquet")]
    told = f"{rows} rows in {len(files)} files by {settings()}{f', left {left}' if left else ''}"
    if rows != _ROWS or not files:
        return problem(told, "see the committer that these settings name; set Spark's own by --conf")
    if left:
        return warning(told, "it harms no reader, and maintain-lake deletes what builders leave; see its cost")
    return ok(told)


def driver(tell: Callable[[], Driver], argv: Sequence[str]) -> Look:
    """The JDBC driver of a load: that of the release, which the job is given by --extra-jars."""
    wanted = re.search(r"postgresql-([\d.]+\d)\.jar", " ".join(argv))
    expected = f"{wanted[1]}, the release's" if wanted else f"{_OLDEST_DRIVER} or newer"

    def find() -> Result:
        found = tell()
        told = f"{found.version} in {found.place}"
        if wanted and found.version != wanted[1]:
            return warning(told, _OWN_DRIVER)
        if numbers(found.version) < numbers(_OLDEST_DRIVER):
            return problem(told, _OWN_DRIVER)
        return ok(told)

    return Look("JDBC driver", expected, find, _START)


def login(jvm: Callable[[], Any], read: Callable[[], PostgresAddress]) -> Look:
    """A login to the warehouse by JDBC, with the session that a load asks for."""
    return Look("login", TLS, partial(_login, jvm, read), 60)


def _login(jvm: Callable[[], Any], read: Callable[[], PostgresAddress]) -> Result:
    address = read()
    with connect(jvm(), JdbcAddress(address)) as connection:
        connection.check_session()
        protocols = [str(row[0]) for row in connection.rows(_TLS)]
        ((server,),) = connection.rows(_VERSION)
    return judge_login(address, str(server).split()[0], protocols[0] if protocols else "")
