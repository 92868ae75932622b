"""The environment of a run: a list of variables, and none of the settings and keys of whoever started localglue."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from localglue.clients import Clients
from localglue.environment import environment
from localglue.settings import Settings
from tests.hostile_environment import VARIABLES, make_home

SETTINGS = Settings("http://aws", "http://glue", Path("/state"), "/py/python3.9", region="eu-west-1")
OWN = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_ENDPOINT_URL": "http://aws",
    "AWS_ENDPOINT_URL_GLUE": "http://glue",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "*",
    "no_proxy": "*",
    "PYTHONUNBUFFERED": "1",
    "TZ": "UTC",
}


def test_a_run_inherits_what_is_listed_and_gets_the_endpoints_and_its_python_path() -> None:
    inherited = {"PATH": "/bin", "LC_ALL": "C.UTF-8", "COVERAGE_FILE": "/c", "TZ": "Asia/Kathmandu", "OTHER": "1"}
    made = environment(SETTINGS, inherited, [Path("/wheels/1"), Path("/wheels/2")])
    kept = {"PATH": "/bin", "LC_ALL": "C.UTF-8", "COVERAGE_FILE": "/c"}
    assert made == {**OWN, **kept, "PYTHONPATH": "/wheels/1:/wheels/2"}


@pytest.mark.parametrize("name", VARIABLES)
def test_a_run_gets_no_variable_that_is_not_on_the_list(name: str) -> None:
    assert environment(SETTINGS, {name: VARIABLES[name]}, []) == OWN


def test_more_variables_are_inherited_by_name_or_beginning() -> None:
    settings = Settings("http://aws", "http://glue", Path("/state"), "python", inherit=("TOTELAKE_*", "SPARK_HOME"))
    given = {"TOTELAKE_HOME": "/h", "SPARK_HOME": "/s", "SPARK_HOMES": "/x", "AWS_ACCESS_KEY_ID": "AKIAREALUSER"}
    made = environment(settings, given, [])
    assert made.keys() - OWN.keys() == {"TOTELAKE_HOME", "SPARK_HOME"}
    assert made["AWS_ACCESS_KEY_ID"] == "testing"


def test_spark_uses_the_python_beside_it_unless_an_inherited_variable_names_another(tmp_path: Path) -> None:
    (tmp_path / "python").write_text("")
    submit = str(tmp_path / "spark-submit")
    settings = Settings("a", "b", Path("/state"), "python", submit, inherit=("PYSPARK_DRIVER_PYTHON",))
    made = environment(settings, {"PYSPARK_DRIVER_PYTHON": "/own", "PYSPARK_PYTHON": "/not/inherited"}, [])
    assert (made["PYSPARK_PYTHON"], made["PYSPARK_DRIVER_PYTHON"]) == (str(tmp_path / "python"), "/own")


def test_its_own_clients_know_no_profile_no_proxy_and_no_key_of_the_users(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(make_home(tmp_path / "home")))
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "http_proxy"):
        monkeypatch.setenv(name, VARIABLES[name])
    monkeypatch.delenv("AWS_CONFIG_FILE", raising=False)
    clients = Clients("http://127.0.0.1:1", "eu-west-3")  # a region of its own: sessions are shared by region
    found = clients.s3._request_signer._credentials  # type: ignore[attr-defined]
    assert (found.access_key, found.secret_key, found.token) == ("testing", "testing", None)
    assert clients.s3.meta.config.proxies == {}  # type: ignore[attr-defined]
    clients.close()
