"""Builders and load on a cluster: a standalone master, and a worker as another user in a folder of its own.

It is as near to AWS Glue's cluster as one machine comes: executors see no file of the driver's, only what Spark sends
them. One test, for a cluster takes its time to start.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.faults.world import CHECK, FUSED, INGEST, World
from tests.integration.star.samples import SPARK
from tests.integration.test_tls import Authority, authority
from totelake.stack import spark
from totelake.stack.clean_environment import child_environment
from totelake.stack.jars import DRIVER, ensure_jars
from totelake.stack.java import find_java
from totelake.stack.postgres import unprivileged_user

pytestmark = SPARK
__all__ = ["authority"]
_WITHIN = 240.0


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def _daemon(kind: str, words: Sequence[str], folder: Path, user: str | None) -> Iterator[Path]:
    """One of Spark's own servers, until the block ends; the file that its log goes to."""
    log = folder / f"{kind}.log"
    # as bin/load-spark-env.sh sets it; without it a worker looks for the folders of a build
    variables = {**spark.environment(), "SPARK_SCALA_VERSION": "2.12"}
    command = [str(find_java() / "bin" / "java"), "-cp", f"{variables['SPARK_HOME']}/jars/*", "-Xmx512m"]
    command += [f"org.apache.spark.deploy.{kind.lower()}.{kind}", "--host", "127.0.0.1", "--webui-port", "0", *words]
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=folder, env=child_environment(variables), stdout=file, stderr=subprocess.STDOUT, user=user
        )
        try:
            yield log
        finally:
            process.terminate()
            process.wait(_WITHIN)


def _until_said(log: Path, text: str) -> None:
    deadline = time.monotonic() + _WITHIN
    while text not in log.read_text(errors="replace"):
        assert time.monotonic() < deadline, log.read_text(errors="replace")[-2000:]
        time.sleep(0.1)


def _another_user() -> str | None:
    """A user who may start Java and read Spark's jars, as on AWS Glue; else the worker runs as we do."""
    user = unprivileged_user()
    needed = [
        find_java() / "bin" / "java",
        *ensure_jars(),
        *(Path(spark.environment()["SPARK_HOME"]) / "jars").iterdir(),
    ]
    probe = ["sh", "-c", 'for name; do test -r "$name" || exit 1; done', "sh", *map(str, needed)]
    return user if user and subprocess.run(probe, user=user, check=False).returncode == 0 else None


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A master's address, and the folder of its worker, which runs as another user where we may start one."""
    # not among pytest's folders: any pytest that starts beside this one closes those to other users
    with tempfile.TemporaryDirectory(prefix="totelake-worker-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        folder.chmod(0o777)
        yield from _cluster(folder, _another_user(), tmp_path)


def _cluster(folder: Path, user: str | None, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    address = f"spark://127.0.0.1:{_free_port()}"
    with _daemon("Master", ["--port", address.rsplit(":", 1)[1]], tmp_path, None) as master:
        _until_said(master, "I have been elected leader")
        words = ["--cores", "2", "--memory", "2g", "--work-dir", str(folder), address]
        with _daemon("Worker", words, folder, user) as worker:
            _until_said(worker, "Successfully registered with master")
            yield address, folder


def test_builders_and_load_run_on_a_cluster_that_sees_nothing_of_the_drivers_machine(
    world: World, cluster: tuple[str, Path], authority: Authority, root: Path, tmp_path: Path
) -> None:
    address, folder = cluster
    world.s3.put_object(Bucket=world.processed, Key="tls/authority.pem", Body=authority.pem())
    known = world.postgres.secret(world.warehouse_dsn, "totelake_loader")
    certified = {
        **known,
        "host": "localhost",
        "sslmode": "verify-full",
        "sslrootcert": f"s3://{world.processed}/tls/authority.pem",
    }
    world.clients.secretsmanager.put_secret_value(
        SecretId=world.given()["warehouse_secret"], SecretString=json.dumps(certified)
    )
    world.edit(with_dimension=True)
    world.chain((INGEST, CHECK))

    (driver,) = ensure_jars([DRIVER])
    jars = os.pathsep.join(str(jar) for jar in ensure_jars())
    command = [
        str(Path(sys.executable).parent / "spark-submit"),
        "--properties-file", str(spark.write_properties(tmp_path / "spark.properties", world.endpoint)),
        "--master", address,
        "--conf", f"spark.executor.extraClassPath={jars}",
        "--conf", "spark.executor.memory=1g",
        # as AWS Glue does with --extra-jars
        "--jars", str(driver), "--driver-class-path", os.pathsep.join([str(driver), jars]),
        str(root / "glue_jobs" / f"{FUSED}.py"), *world.words(FUSED),
    ]  # fmt: skip
    variables = {
        **spark.environment(),
        "PYTHONPATH": str(root / "lib"),
        "AWS_ENDPOINT_URL": world.endpoint,
        "AWS_ENDPOINT_URL_GLUE": world.localglue,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-2",
    }
    ran = subprocess.run(
        command, cwd=tmp_path, env=child_environment(variables), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, (ran.stdout + ran.stderr)[-3000:]
    world.history.add(world.newest())
    assert world.differences() == {}
    # executors built, and none of them needs the way to the warehouse
    assert list(folder.glob("app-*/*")) and not list(folder.glob("app-*/*/*.pem"))
    world.use_warehouse(world.warehouse_dsn)
    world.is_sound = True
