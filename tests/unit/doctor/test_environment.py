"""Variables and files: none that is put aside is a problem, what is taken up has to be right, no value is shown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.hostile_environment import VARIABLES, make_home
from tests.unit.doctor.results import outcomes
from totelake.doctor import environment
from totelake.runtime.outcome import OK, PROBLEM, WARNING
from totelake.stack.clean_environment import undisturbed, user_environment

STACK = {"AWS_ENDPOINT_URL": "http://127.0.0.1:5", "AWS_ACCESS_KEY_ID": "of the stack", "AWS_SESSION_TOKEN": ""}
_OF_PYTHON = ("PYTHONIOENCODING",)


def named(variables: Mapping[str, str], home: Path) -> str:
    """All that is said for this machine's stack."""
    return "\n".join(finding.sentence for finding in environment.of_machine(variables, home, None))


def test_every_variable_that_leads_astray_is_named_and_none_is_a_problem(tmp_path: Path) -> None:
    variables = {name: value for name, value in VARIABLES.items() if value}
    found = environment.of_machine(variables, make_home(tmp_path / "home"), None)
    said = "\n".join(finding.sentence for finding in found)
    harmless = {"GITHUB_TOKEN", "DATABASE_URL", "COLUMNS", *_OF_PYTHON}
    assert {name for name in variables if name not in said} == harmless
    assert {finding.outcome for finding in found} == {OK, WARNING}
    assert [finding.check for finding in found if finding.outcome == WARNING] == ["Python"]
    assert "~/.aws/config, ~/.aws/credentials, ~/.pgpass" in said


def test_no_value_is_shown(tmp_path: Path) -> None:
    values = {name: f"hunter2-{number}" for number, name in enumerate(VARIABLES) if name != "SSL_CERT_FILE"}
    values |= {"https_proxy": "http://user:hunter2@proxy"}
    assert "hunter2" not in named(values, tmp_path)


def test_a_clean_environment_is_ok(tmp_path: Path) -> None:
    assert {finding.outcome for finding in environment.of_machine({"PATH": "/bin"}, tmp_path, None)} == {OK}


@pytest.mark.parametrize(("value", "outcome"), [("1", OK), ("2", WARNING), ("", OK)])
def test_python_without_docstrings(value: str, outcome: str) -> None:
    assert outcomes(environment.of_python({"PYTHONOPTIMIZE": value}))[0] == outcome


@pytest.mark.parametrize(
    ("value", "expected"), [("http://proxy:8080", [OK]), ("proxy:8080", [WARNING, OK]), ("", [OK])]
)
@pytest.mark.parametrize("for_account", [True, False])
def test_a_proxy(value: str, expected: list[str], for_account: bool) -> None:
    assert outcomes(environment.proxies({"HTTPS_PROXY": value}, for_account)) == expected


@pytest.mark.parametrize("content", ["no certificate", None])
def test_certificates_that_cannot_be_read(content: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    (result,) = environment.certificates(os.environ)
    assert (result.outcome, result.remedy) == (WARNING, "correct or unset it")


def test_a_folder_of_certificates_that_is_none(tmp_path: Path) -> None:
    assert outcomes(environment.certificates({"SSL_CERT_DIR": str(tmp_path / "none")})) == [WARNING, OK]
    assert outcomes(environment.certificates({"SSL_CERT_DIR": f"/not/there:{tmp_path}"})) == [OK]


@pytest.mark.parametrize(
    ("variables", "outcome"),
    [
        ({}, OK),
        ({"AWS_ACCESS_KEY_ID": "the user's own"}, OK),
        (STACK, OK),
        ({**STACK, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, WARNING),
        ({**STACK, "AWS_SESSION_TOKEN": "the user's own"}, WARNING),
    ],
    ids=["nothing", "an account", "this stack", "an earlier stack", "half of it"],
)
def test_where_the_shell_leads(variables: Mapping[str, str], outcome: str) -> None:
    assert outcomes(environment.shell(variables, STACK)) == [outcome]


@pytest.mark.parametrize(
    ("config", "named", "outcome"),
    [
        ("[profile corp]\nregion = eu-west-2\n", "corp", OK),
        ("[profile corp]\nregion = eu-west-2\n", "", OK),
        ("[profile other]\nregion = eu-west-2\n", "corp", PROBLEM),
        (None, "corp", PROBLEM),
        ("[profile corp\nbroken\n", "corp", PROBLEM),
        ("[profile corp\nbroken\n", "", PROBLEM),
    ],
    ids=["there", "none named", "not there", "no file", "broken", "broken and not named"],
)
def test_the_profile(
    config: str | None, named: str, outcome: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    if config is not None:
        (tmp_path / "config").write_text(config)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    if named:
        monkeypatch.setenv("AWS_PROFILE", named)
    assert outcomes(environment.profile()) == [outcome]


@pytest.mark.parametrize(
    ("variables", "outcome"), [({}, OK), ({"PGSSLMODE": ""}, OK), ({"PGOPTIONS": "-c x=1"}, WARNING)]
)
def test_what_libpq_takes_up_beside_the_secrets(variables: Mapping[str, str], outcome: str) -> None:
    assert outcomes(environment.libpq(variables)) == [outcome]


@pytest.mark.parametrize(
    ("variables", "outcome"),
    [({}, OK), ({"AWS_ENDPOINT_URL_S3": ""}, OK), ({"AWS_ENDPOINT_URL_S3": "http://x"}, WARNING)],
)
def test_an_endpoint_in_the_place_of_aws(variables: Mapping[str, str], outcome: str) -> None:
    assert outcomes(environment.endpoint(variables)) == [outcome]


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        ("http://127.0.0.1:5000", True),
        ("http://127.0.1.1", True),
        ("https://LOCALHOST:4566", True),
        ("http://s3.localhost:4566", True),
        ("http://[::1]:5000", True),
        ("https://s3.eu-west-2.amazonaws.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://[broken", False),
    ],
)
def test_doctor_takes_no_stack_for_an_account(url: str, is_here: bool) -> None:
    found = list(environment.endpoint({"AWS_ENDPOINT_URL_GLUE": url}, may_be_here=False))
    assert [item.outcome for item in found] == [PROBLEM if is_here else WARNING]
    assert outcomes(environment.endpoint({"AWS_ENDPOINT_URL_GLUE": url})) == [WARNING]
    assert ("totelake env" in found[0].remedy) is is_here


@pytest.mark.parametrize(
    "config",
    [
        "[default]\nendpoint_url = http://localhost:4566\n",
        "[default]\nservices = s\n[services s]\ns3 =\n  endpoint_url = http://localhost:4566\n",
    ],
    ids=["of the profile", "of one service"],
)
def test_doctor_sees_an_endpoint_of_the_profile(config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text(config)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    assert outcomes(environment.endpoint({}, may_be_here=False)) == [PROBLEM]


def test_what_is_put_aside_can_still_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "corp")
    with undisturbed():
        assert ("AWS_PROFILE" in os.environ, user_environment()["AWS_PROFILE"]) == (False, "corp")
    monkeypatch.delenv("AWS_PROFILE")
    assert "AWS_PROFILE" not in user_environment()
