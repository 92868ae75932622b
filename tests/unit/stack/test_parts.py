"""Java, jars, interpreters and PostgreSQL's programs: found where they are, missed in one clear sentence."""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.process_ends import ends
from totelake.errors import ConfigurationError, NoAnswerError
from totelake.stack import jars, java, postgres, prepare, python_shell, spark
from totelake.stack.ask import ask
from totelake.stack.model import Part, Stack, default_home
from totelake.stack.trust import trust_options


def fake_java(home: Path, version: str, status: int = 0) -> Path:
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\nexit {status}\n")
    program.chmod(0o755)
    return home


def test_java_17_is_taken_from_java_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = fake_java(tmp_path / "jdk", "17.0.9")
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert java.find_java() == home


@pytest.mark.parametrize(
    "kind", ["missing", "not executable", "of another machine", "of version 8", "failing", "silent"]
)
def test_a_java_home_that_will_not_do_is_passed_over_and_named_where_there_is_no_other(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / "named"
    if kind != "missing":
        program = (
            fake_java(named, "1.8.0_392" if kind == "of version 8" else "17.0.9", int(kind == "failing")) / "bin/java"
        )
        if kind == "not executable":
            program.chmod(0o644)
        elif kind == "of another machine":
            program.write_bytes(b"\x7fELF of another machine")
        elif kind == "silent":
            program.write_text("#!/bin/sh\nsleep 600\n")
            monkeypatch.setattr(java, "ask", partial(ask, within=0.2))
    monkeypatch.setenv("JAVA_HOME", str(named))
    monkeypatch.setenv("PATH", str(tmp_path / "other" / "bin") + os.pathsep + os.environ["PATH"])
    other = fake_java(tmp_path / "other", "17.0.9")
    assert java.find_java() == other
    monkeypatch.setattr(java.shutil, "which", lambda _: None)
    monkeypatch.setattr(java.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=f"no Java 17 that runs was found, and JAVA_HOME names {named}; set"):
        java.find_java()


def test_a_program_that_does_not_end_is_killed_with_what_it_started(tmp_path: Path) -> None:
    program = tmp_path / "silent"
    program.write_text(f"#!/bin/sh\nsleep 600 &\necho $! >{tmp_path}/child\nwait\n")
    program.chmod(0o755)
    with pytest.raises(NoAnswerError, match=f"{program} does not end within 1 s"):
        ask(program, "--version", within=1.0)
    child = int((tmp_path / "child").read_text())
    assert ends(child)


def test_a_program_has_nothing_to_read(tmp_path: Path) -> None:
    program = tmp_path / "reading"
    program.write_text("#!/bin/sh\ncat\necho ended >&2\nexit 3\n")
    program.chmod(0o755)
    assert ask(program) == (3, "ended\n")


def test_no_java_at_all_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(java.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match="no Java 17 that runs was found; set JAVA_HOME"):
        java.find_java()


def test_jars_that_cannot_be_fetched_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "jdk" / "bin" / "java"
    broken.parent.mkdir(parents=True)
    broken.write_text("#!/bin/sh\necho 'WARN: module not found'\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(jars, "find_java", lambda: tmp_path / "jdk")
    with pytest.raises(ConfigurationError, match=r"could not be fetched .*module not found.*postgresql-42.7.7"):
        jars.ensure_jars(folder=tmp_path / "jars")
    monkeypatch.setattr(jars, "cache_folder", lambda: tmp_path / "jars")
    assert prepare.main() == 1


def test_a_java_without_a_class_archive_is_told_and_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(spark, "ensure_jars", lambda *_: ())
    monkeypatch.setattr(prepare, "ensure_jars", lambda *_: ())
    monkeypatch.setattr(spark, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(spark, "find_java", lambda: tmp_path)
    monkeypatch.setattr(spark.subprocess, "run", lambda *_, **__: None)
    monkeypatch.setattr(spark, "environment", dict)
    assert prepare.main() == 0
    assert capsys.readouterr().err == "totelake: Java made no class archive; Spark jobs start more slowly\n"


@pytest.mark.parametrize(("brings", "names"), [(True, ["spark"]), (False, ["java", "spark"])])
def test_a_java_that_brings_no_archive_of_its_own_classes_gets_one_below_sparks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, brings: bool, names: list[str]
) -> None:
    java, cache = tmp_path / "java", tmp_path / "cache"
    (java / "lib" / "server").mkdir(parents=True)
    cache.mkdir()
    if brings:
        (java / spark._OWN_ARCHIVE).touch()
    commands: list[list[str]] = []

    def run(command: list[str], env: dict[str, str], **_: Any) -> None:
        commands.append([*command, env.get("PYSPARK_SUBMIT_ARGS", "")])

    monkeypatch.setattr(spark, "ensure_jars", lambda *_: ())
    monkeypatch.setattr(spark, "cache_folder", lambda: cache)
    monkeypatch.setattr(spark, "find_java", lambda: java)
    monkeypatch.setattr(spark.subprocess, "run", run)
    monkeypatch.setattr(spark, "environment", dict)
    assert spark.ensure_archive() is None
    archives = spark._archives(java)
    assert [archive.name.split("-")[0] for archive in archives] == names
    assert [f"-XX:SharedArchiveFile={archives[0]}" in command for command in commands] == [True, False][brings:]
    assert (f"-XX:SharedArchiveFile={archives[0]}" in commands[-1][-1]) is not brings
    for archive in archives:
        assert "SharedArchiveFile" not in spark.settings(None)["spark.driver.extraJavaOptions"]
        archive.touch()
    shared = f"-XX:SharedArchiveFile={':'.join(str(archive) for archive in archives)}"
    assert shared in spark.settings(None)["spark.driver.extraJavaOptions"]
    assert spark.ensure_archive() == archives[-1]


def test_authorities_that_cannot_be_read_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    assert trust_options(tmp_path) == []
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with pytest.raises(ConfigurationError, match=r"SSL_CERT_FILE names .*none.pem, which cannot be read as PEM"):
        trust_options(tmp_path)


def test_a_jar_with_other_content_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for jar in jars.JARS:
        (tmp_path / jar.file_name).write_bytes(b"not the jar")
    monkeypatch.setattr(jars, "_fetch", lambda folder: None)
    with pytest.raises(ConfigurationError, match="hadoop-aws-3.3.4.jar.* is not the jar we know"):
        jars.ensure_jars(folder=tmp_path)


def test_the_python_shell_is_the_one_that_is_named_else_3_9_else_ours(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOTELAKE_PYTHON_SHELL", "/named/python")
    assert python_shell.find_python_shell() == Path("/named/python")
    monkeypatch.delenv("TOTELAKE_PYTHON_SHELL")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    assert python_shell.find_python_shell() == Path(sys.executable)
    beside = tmp_path / ".venv-pyshell" / "bin" / "python"
    beside.parent.mkdir(parents=True)
    beside.touch()
    assert python_shell.find_python_shell() == beside


def test_no_postgresql_at_all_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(postgres, "_candidates", lambda: iter([tmp_path]))
    with pytest.raises(ConfigurationError, match="no PostgreSQL was found"):
        postgres.find_binaries()


def test_as_root_programs_that_others_cannot_reach_are_copied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "install" / "bin").mkdir(parents=True)
    (closed / "install" / "bin" / "postgres").write_text("#!/bin/sh\n")
    closed.chmod(0o700)
    monkeypatch.setattr(postgres, "unprivileged_user", lambda: "nobody")
    data, binaries = postgres.place(closed, closed / "install" / "bin")
    assert closed not in data.parents and closed not in binaries.parents
    assert (binaries / "postgres").stat().st_mode & 0o005 == 0o005
    postgres.remove_data(data)
    assert not binaries.exists()
    monkeypatch.setattr(postgres, "unprivileged_user", lambda: None)
    assert postgres.place(closed, binaries) == (closed / "postgres", binaries)


def test_a_stack_survives_its_file_and_shows_no_password(tmp_path: Path) -> None:
    parts = {name: Part(name, 1, 2.0, 3) for name in ("postgres", "moto", "localglue", "localathena")}
    stack = Stack(str(tmp_path), parts, {"totelake_reader": "secret"}, "data")
    stack.save()
    assert Stack.read(tmp_path) == stack
    assert (tmp_path / "stack.json").stat().st_mode & 0o077 == 0
    assert "secret" not in repr(stack)
    assert Stack.read(tmp_path / "other") is None


def test_the_home_is_the_one_that_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOTELAKE_HOME", str(tmp_path))
    assert default_home() == tmp_path
    monkeypatch.delenv("TOTELAKE_HOME")
    monkeypatch.chdir(tmp_path)
    assert default_home() == tmp_path / ".totelake"


def test_as_root_a_temporary_folder_that_is_closed_to_the_server_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "closed"))
    monkeypatch.setattr(postgres, "_reachable", lambda path: "closed" not in str(path))
    assert postgres._temporary() == Path("/tmp")
    monkeypatch.setattr(postgres, "_reachable", lambda _: False)
    with pytest.raises(
        ConfigurationError, match="closed is closed to the user nobody, .*; name an open folder in TMPDIR"
    ):
        postgres._temporary()
