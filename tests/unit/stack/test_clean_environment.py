"""The stack's processes get variables from a list, and the command's own connections none that lead astray."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import pytest

from localgate.keys import Keys
from tests.hostile_environment import VARIABLES
from totelake.cli import main as cli
from totelake.stack import clean_environment, java, lifecycle, postgres, servers, spark
from totelake.stack.clean_environment import child_environment, undisturbed


class _StartedError(Exception):
    """A process would have been started."""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, str]]:
    """The environments of what is started in place of processes."""
    environments: list[Mapping[str, str]] = []

    def popen(*words: Any, **options: Any) -> NoReturn:
        environments.append(options["env"])
        raise _StartedError

    monkeypatch.setattr("subprocess.Popen", popen)
    monkeypatch.setattr(spark, "ensure_jars", lambda *_: ())
    return environments


def start_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start every process of the stack, as far as its environment."""
    monkeypatch.setattr(spark, "environment", lambda: {"JAVA_HOME": "/java"})
    monkeypatch.setattr(spark, "cache_folder", lambda: folder)
    binaries = folder / "bin"
    (folder / "java" / "bin").mkdir(parents=True)
    (folder / "java" / "bin" / "java").touch()
    monkeypatch.setattr(postgres, "unprivileged_user", lambda: None)
    monkeypatch.setattr(postgres, "place", lambda *_: (folder / "data", binaries))
    steps = (
        lambda: servers._start_moto(folder, 1, Keys.random()),
        lambda: servers._start_localglue(folder, 1, "http://aws", Keys.random()),
        lambda: lifecycle._end_jobs(folder),
        lambda: postgres.start_server(folder, 1, folder / "logs" / "postgres.log"),
        lambda: postgres._serve(
            binaries, folder / "data", 1, folder / "logs" / "postgres.log", "password", postgres.unprivileged_user()
        ),
        lambda: java.version_of(folder / "java"),
        spark.ensure_archive,
    )
    for step in steps:
        with pytest.raises(_StartedError):
            step()


@pytest.mark.parametrize("name", VARIABLES)
def test_no_process_of_the_stack_gets_a_variable_that_is_not_on_the_list(
    name: str, monkeypatch: pytest.MonkeyPatch, started: list[Mapping[str, str]], tmp_path: Path
) -> None:
    hostile = VARIABLES[name] or "/not/there.so"
    monkeypatch.setenv(name, hostile)
    start_all(tmp_path, monkeypatch)
    assert len(started) == 7
    assert [environment[name] for environment in started if environment.get(name) == hostile] == []


def test_what_is_on_the_list_is_passed_and_what_is_given_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = {"HOME": "/home/ä", "TZ": "Asia/Kathmandu", "LC_NUMERIC": "tr_TR.UTF-8", "TOTELAKE_X": "1", "PATH": "/p"}
    listed |= {"COVERAGE_FILE": "/c", "SSL_CERT_FILE": "/ca.pem"}
    for name, value in listed.items():
        monkeypatch.setenv(name, value)
    made = child_environment({"PATH": "/own", "SPARK_HOME": "/spark"})
    assert made.items() >= {**listed, "PATH": "/own", "SPARK_HOME": "/spark", "AWS_CONFIG_FILE": os.devnull}.items()


def test_our_own_package_is_found_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = Path(clean_environment.__file__).parents[2]
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    assert child_environment({})["PYTHONPATH"] == str(own)
    monkeypatch.setattr("sys.prefix", str(own))
    assert "PYTHONPATH" not in child_environment({})


@pytest.mark.parametrize("name", [name for name in VARIABLES if name.startswith(("PG", "AWS_"))])
def test_the_commands_own_connections_see_no_variable_of_libpq_and_botocore(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, VARIABLES[name])
    before = dict(os.environ)
    with undisturbed():
        assert os.environ.get(name) in (None, os.devnull)
        assert os.environ["AWS_CONFIG_FILE"] == os.devnull
    assert dict(os.environ) == before


@pytest.mark.parametrize(("known", "passed"), [(None, "127.0.0.1"), ("corp.example", "corp.example,127.0.0.1")])
def test_a_proxy_is_kept_for_what_is_not_on_this_machine(
    known: str | None, passed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.utils import get_environ_proxies

    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    if known:
        monkeypatch.setenv("NO_PROXY", known)
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")
    assert get_environ_proxies("http://127.0.0.1:4510/")
    with undisturbed():
        assert os.environ["no_proxy"] == os.environ["NO_PROXY"] == passed
        assert not get_environ_proxies("http://127.0.0.1:4510/")
        assert get_environ_proxies("http://pypi.invalid/")
    assert os.environ.get("NO_PROXY") == known


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        (["status"], None),
        (["runs", "--target", "local"], None),
        (["runs", "--target", "aws"], "corp"),
        (["runs", "--target=aws", "--debug"], "corp"),
    ],
)
def test_only_an_aws_account_is_reached_with_the_users_profile(
    words: list[str], seen: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles: list[str | None] = []
    monkeypatch.setenv("AWS_PROFILE", "corp")

    def program(**_: Any) -> None:
        profiles.append(os.environ.get("AWS_PROFILE"))

    monkeypatch.setattr(cli, "app_for", lambda words: program)
    assert cli.main(words) == 0
    assert profiles == [seen]
    assert os.environ["AWS_PROFILE"] == "corp"


def test_a_health_check_asks_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def connect(_: object, address: object) -> NoReturn:
        asked.append(address)
        raise ConnectionRefusedError

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setattr("socket.socket.connect", connect)
    assert not lifecycle.answers("http://127.0.0.1:4510/health")
    assert asked == [("127.0.0.1", 4510)]
