"""The programs' checks: each with one that will do, and with one that will not."""

from __future__ import annotations

import re
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.unit.doctor.results import outcomes
from totelake.doctor import programs
from totelake.doctor.finding import BROKEN, examine
from totelake.errors import ConfigurationError
from totelake.runtime.outcome import OK, PROBLEM, WARNING
from totelake.stack import spark
from totelake.stack.ask import ask
from totelake.stack.java import WANTED


def program(path: Path, says: str, status: int = 0) -> Path:
    """A program that says something and ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {status}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("version", "outcome"),
    [((3, 10, 9), PROBLEM), ((3, 11, 0), OK), ((3, 13, 2), OK), ((3, 14, 0), PROBLEM), ((2, 7, 18), PROBLEM)],
)
def test_python(version: tuple[int, ...], outcome: str) -> None:
    assert outcomes(programs.python(version)) == [outcome]


def test_the_pythons_are_those_of_the_makefile() -> None:
    found = re.search(r"\((\d), (\d+)\) <= sys.version_info < \((\d), (\d+)\)", (ROOT / "Makefile").read_text())
    assert found and tuple(map(int, found.groups())) == (*programs.PYTHONS[0], *programs.PYTHONS[1])


@pytest.mark.parametrize(
    ("says", "status", "outcome"),
    [
        ("Python 3.9.18", 0, OK),
        ("Python 3.12.1", 0, OK),
        ("Python 3.9.18", 1, PROBLEM),
        ("", 0, PROBLEM),
        ("Python 2.7.18", 0, PROBLEM),
        ("Python 3.8.20", 0, PROBLEM),
        ("GNU bash, version 5.2.15(1)-release", 0, PROBLEM),
    ],
)
def test_python_shell(says: str, status: int, outcome: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOTELAKE_PYTHON_SHELL", str(program(tmp_path / "python", says, status)))
    assert outcomes(programs.python_shell()) == [outcome]


def test_a_python_shell_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOTELAKE_PYTHON_SHELL", str(tmp_path / "none"))
    (result,) = programs.python_shell()
    assert (result.outcome, "No such file or directory" in result.detail) == (PROBLEM, True)


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/echo", "/bin/cat", sys.executable])
def test_only_a_python_is_a_python_shell(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOTELAKE_PYTHON_SHELL", shell)
    assert outcomes(programs.python_shell()) == [OK if shell == sys.executable else PROBLEM]


def test_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(programs, "find_java", lambda: tmp_path)
    assert outcomes(programs.java()) == [OK]


def test_no_java_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Path:
        raise ConfigurationError("no Java 17 that runs was found; set JAVA_HOME")

    monkeypatch.setattr(programs, "find_java", none)
    assert [finding.outcome for finding in examine("g", [("Java", programs.java)])] == [PROBLEM]


def test_a_java_home_that_is_passed_over_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(programs, "find_java", lambda: tmp_path)
    monkeypatch.setenv("JAVA_HOME", "/java/21")
    (result,) = programs.java()
    assert result.detail.endswith(f"JAVA_HOME is passed over, for /java/21 is no Java {WANTED} that runs")


@pytest.mark.parametrize("name", ["python", "postgres", "initdb"])
def test_a_program_that_does_not_end_is_a_check_that_failed(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for other in ("postgres", "initdb"):
        program(tmp_path / other, f"{other} (PostgreSQL) 15.18")
    (tmp_path / name).write_text("#!/bin/sh\nsleep 600\n")
    (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("TOTELAKE_PYTHON_SHELL", str(tmp_path / name))
    monkeypatch.setattr(programs, "find_binaries", lambda: tmp_path)
    monkeypatch.setattr(programs, "ask", partial(ask, within=0.3))
    look = programs.python_shell if name == "python" else programs.postgresql
    (finding,) = examine("g", [("one", look)])
    assert (finding.outcome, f"{tmp_path / name} does not end within" in finding.detail) == (BROKEN, True)


@pytest.mark.parametrize(
    ("says", "status", "user", "outcome"),
    [
        ("postgres (PostgreSQL) 15.18 (Debian 15.18-1)", 0, None, OK),
        ("postgres (PostgreSQL) 13.1", 0, "root", OK),
        ("postgres (PostgreSQL) 18beta1", 0, None, OK),
        ("postgres (PostgreSQL) 12.20", 0, None, PROBLEM),
        ("error while loading shared libraries: libpq.so.5", 127, None, PROBLEM),
        ("postgres (PostgreSQL) 15.18", 0, "no such user", PROBLEM),
    ],
)
def test_postgresql(
    says: str, status: int, user: str | None, outcome: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program(tmp_path / "initdb", "initdb (PostgreSQL) 15.18")
    monkeypatch.setattr(programs, "find_binaries", lambda: program(tmp_path / "postgres", says, status).parent)
    monkeypatch.setattr(programs, "unprivileged_user", lambda: user)
    assert outcomes(programs.postgresql()) == [outcome]


@pytest.mark.parametrize("text", ["#!/nowhere/sh\n", "#!/bin/sh\nexit 127\n"])
def test_an_initdb_that_cannot_run(text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path / "postgres", "postgres (PostgreSQL) 15.18")
    program(tmp_path / "initdb", "").write_text(text)
    monkeypatch.setattr(programs, "find_binaries", lambda: tmp_path)
    (result,) = programs.postgresql()
    assert (result.outcome, result.detail.startswith(f"{tmp_path / 'initdb'} does not run")) == (PROBLEM, True)


def test_spark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(spark, "spark_home", lambda: tmp_path / "spark")
    assert outcomes(programs.spark()) == [PROBLEM]
    program(tmp_path / "spark-submit", "")
    assert outcomes(programs.spark()) == [OK]


@pytest.mark.parametrize(
    ("there", "intact", "outcome"), [(True, True, OK), (True, False, PROBLEM), (False, True, WARNING)]
)
def test_jars(there: bool, intact: bool, outcome: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(programs, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(programs, "is_intact", lambda path, _: intact or path.name != programs.JARS[0].file_name)
    for jar in programs.JARS if there else programs.JARS[1:]:
        (tmp_path / jar.file_name).touch()
    (result,) = programs.jars()
    assert result.outcome == outcome
    assert outcome == OK or result.detail.startswith(programs.JARS[0].file_name + " ")
