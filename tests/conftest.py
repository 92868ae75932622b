"""Real servers for the tests: PostgreSQL, the S3 protocol, Spark, the whole stack. Each starts once and is ended."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.loaders
import coverage
import hypothesis
import psycopg2
import pytest

ROOT = Path(__file__).resolve().parents[1]
# the source that the tests play with
SOURCE = "totesys"
# the access key of the endpoints that tests share
KEY = "testing"
# the folders whose tests count coverage
_COVERED = ("unit", "athena", "integration")
sys.path.insert(0, str(ROOT))
from tests.databases_alone import is_whole, read_catalog  # noqa: E402

# what tests read while they are collected
read_catalog(whole=False)
# their asserts are explained as those of test files are
pytest.register_assert_rewrite("tests.object_store_behaviour", "tests.schema_catalog_behaviour")

# no test asserts a time: a busy machine is no failure
hypothesis.settings.register_profile("totelake", deadline=None)
hypothesis.settings.load_profile("totelake")

# every session of boto3 reads the same large files anew; one process needs them once
_load = functools.cache(functools.partial(botocore.loaders.JSONFileLoader.load_file, botocore.loaders.JSONFileLoader()))
botocore.loaders.JSONFileLoader.load_file = lambda _, path: _load(path)


@pytest.fixture(scope="module", autouse=True)
def _coverage(request: pytest.FixtureRequest) -> Iterator[None]:
    """Coverage, where it is measured, counts what unit and integration tests run.

    Whole pipelines would run it all once more, in half as much time again; their tests prove promises, not coverage.
    """
    measured = coverage.Coverage.current()
    if measured is None or request.path.relative_to(ROOT / "tests").parts[0] in _COVERED:
        yield
        return
    measured.stop()
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("COVERAGE_PROCESS_START", raising=False)
        yield
    measured.start()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Function) -> None:
    """Read the catalog that a test is about before any fixture does, those of the whole session included."""
    read_catalog(is_whole(item.module))


@pytest.fixture(scope="session", autouse=True)
def no_query_under_way() -> Iterator[None]:
    """Nobody asks while a test widens a column, so there is nobody to wait for."""
    from totelake.lake import partition_columns

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(partition_columns, "PLANNING", 0)
        yield


@pytest.fixture(scope="session")
def real_snapshot() -> Path:
    """The folder with a real snapshot of totesys; the tests that need it are skipped without it."""
    named = os.environ.get("TOTELAKE_REAL_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data" / "totesys-2024-08-22"
    if not (folder / "sales_order.csv").is_file():
        pytest.skip(f"the real snapshot of totesys is not in {folder}; name its folder with TOTELAKE_REAL_DATA")
    return folder


class Postgres:
    """A PostgreSQL server of its own, with the roles of the stack."""

    def __init__(self, port: int, passwords: dict[str, str]) -> None:
        self.port = port
        self.passwords = passwords

    def dsn(self, database: str, role: str = "totelake_admin") -> str:
        """A connection URL."""
        return f"postgresql://{role}:{self.passwords[role]}@127.0.0.1:{self.port}/{database}"

    def new_database(self, owner: str = "totelake_admin", encoding: str = "UTF8") -> str:
        """Create an empty database; its owner's connection URL."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        other = "" if encoding == "UTF8" else f" TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'"
        self.run(f"CREATE DATABASE {name} OWNER {owner}{other}")
        self.run(f"ALTER DATABASE {name} SET search_path = star, public")
        return self.dsn(name, owner)

    def run(self, statement: str) -> None:
        """A statement of the server's owner, without a transaction."""
        with contextlib.closing(psycopg2.connect(self.dsn("postgres"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)

    def secret(self, dsn: str, role: str) -> dict[str, Any]:
        """The content of a secret for that database and role."""
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "dbname": dsn.rsplit("/", 1)[1],
            "username": role,
            "password": self.passwords[role],
        }


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """One PostgreSQL server; every test makes databases of its own."""
    from totelake.stack import postgres as server
    from totelake.stack.processes import free_port

    running = os.environ.get("TOTELAKE_TEST_POSTGRES_PORT")
    if running:
        password = os.environ["TOTELAKE_TEST_POSTGRES_PASSWORD"]
        yield Postgres(int(running), server.create_databases(int(running), password, (SOURCE,)))
        return
    home, port = tmp_path_factory.mktemp("postgres"), free_port()
    part, data, password = server.start_server(home, port, home / "postgres.log")
    try:
        yield Postgres(port, server.create_databases(port, password, (SOURCE,)))
    finally:
        server.stop_server(part, data)


@pytest.fixture
def busy_server(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody commits while a capture waits for its batch to be durable.

    On a server where nobody does, log that no commit wrote can stay unflushed for long; then the batch is taken as not
    durable and the next run compares every table, with one more commit that brings nothing.
    """
    from totelake.capture.postgres.server import wait_durable

    def flushed(session: Any, seen: Any) -> bool:
        with contextlib.closing(psycopg2.connect(postgres.dsn("postgres"))) as connection, connection:
            connection.cursor().execute("SELECT pg_logical_emit_message(true, 'tests', '')")
        return wait_durable(session, seen)

    monkeypatch.setattr("totelake.capture.ingest.wait_durable", flushed)


@pytest.fixture(scope="session")
def moto_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """moto as the AWS endpoint, in a process of its own; every test makes buckets and databases of its own."""
    running = os.environ.get("TOTELAKE_TEST_AWS_ENDPOINT")
    if running:
        yield running
        return
    from totelake.stack.lifecycle import answers
    from totelake.stack.processes import end, free_port, spawn, wait_ready

    port, log = free_port(), tmp_path_factory.mktemp("moto") / "moto.log"
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": KEY}
    environment = {**os.environ, **keys, "PYTHONPATH": str(ROOT / "lib")}
    environment.pop("COVERAGE_PROCESS_START", None)
    part = spawn("moto", [sys.executable, "-m", "totelake.stack.aws_endpoint", str(port)], port, log, environment)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_ready(part, lambda: answers(f"{url}/health"), log)
        yield url
    finally:
        end(part)


@pytest.fixture
def aws(moto_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The environment of a job on the moto endpoint; the endpoint's address."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    return moto_endpoint


@pytest.fixture(scope="session")
def localglue_endpoint(moto_endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """localglue over the moto endpoint, in this process; every test makes databases and crawlers of its own."""
    from localapi.server import Server
    from localgate.keys import Keys
    from localglue.app import SERVICE, LocalGlue
    from localglue.settings import Settings

    keys, state = Keys(KEY, KEY), tmp_path_factory.mktemp("localglue")
    server = Server("127.0.0.1", 0, keys, SERVICE)
    url = f"http://127.0.0.1:{server.server_port}"
    glue = server.application = LocalGlue(Settings(moto_endpoint, url, state, sys.executable, keys=keys))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield url
    finally:
        server.shutdown()
        thread.join()
        glue.close()
        server.server_close()


def driver_jar() -> str:
    """PostgreSQL's JDBC driver for a session of no job: a job has it by `--extra-jars`."""
    from totelake.stack.jars import DRIVER, ensure_jars

    return str(ensure_jars((DRIVER,))[0])


@pytest.fixture(scope="session")
def spark(moto_endpoint: str) -> Iterator[Any]:
    """The one Spark session of this process, with S3A on the moto endpoint."""
    from pyspark.sql import SparkSession

    from totelake.stack import spark as stack_spark

    os.environ.update(AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=KEY)  # where Spark looks for them when it starts
    builder = SparkSession.builder.appName("tests").config("spark.sql.ansi.enabled", "true")
    if os.environ.get("TOTELAKE_SPARK") == "platform":
        properties = stack_spark.platform_settings(moto_endpoint)
    else:
        os.environ.update(stack_spark.environment())
        properties = stack_spark.settings(moto_endpoint)
    for name, value in {**properties, "spark.jars": driver_jar()}.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    gateway = session.sparkContext._gateway
    session.stop()
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.send_signal(signal.SIGTERM)
    gateway.proc.wait()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The whole local stack in a folder of its own."""
    from totelake.stack import lifecycle

    home = tmp_path_factory.mktemp("stack")
    running = lifecycle.start(home)
    try:
        yield running
    finally:
        lifecycle.stop(home)
        keep = os.environ.get("TOTELAKE_KEEP_LOGS")
        if keep:
            shutil.copytree(home / "logs", keep, dirs_exist_ok=True)
