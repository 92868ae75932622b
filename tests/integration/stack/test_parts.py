"""Java, keytool and PostgreSQL's programs as they are installed: the right one is found, and it runs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import certifi
import pytest

from tests.unit.stack.test_parts import fake_java
from totelake.stack import java, postgres
from totelake.stack.trust import trust_options

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(("version", "status"), [("21.0.1", 0), ("1.8.0_301", 0), ("17.0.9", 1)])
def test_another_java_or_a_broken_one_is_passed_over(
    version: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "jdk", version, status)))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert java.version_of(java.find_java()) == 17


def test_a_java_trusts_the_authorities_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    (_, kind, password) = options = trust_options(tmp_path)
    assert (options[0], kind) == (
        f"-Djavax.net.ssl.trustStore={tmp_path / 'trust.p12'}", "-Djavax.net.ssl.trustStoreType=PKCS12",
    )  # fmt: skip
    keytool = [str(java.find_java() / "bin" / "keytool"), "-list", "-keystore", str(tmp_path / "trust.p12")]
    said = subprocess.run([*keytool, "-storepass", password.split("=")[1]], capture_output=True, text=True, check=True)
    assert said.stdout.count("trustedCertEntry") == Path(certifi.where()).read_text().count("BEGIN CERTIFICATE")


def test_the_programs_of_the_wheel_run_from_where_another_user_gets_at_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(postgres.os, "get_exec_path", list)
    monkeypatch.setattr(postgres, "_SYSTEM", tmp_path)
    wheel = postgres.find_binaries()
    assert "site-packages" in str(wheel)
    monkeypatch.setattr(postgres, "unprivileged_user", lambda: "nobody")
    monkeypatch.setattr(postgres, "_reachable", lambda path: False)
    monkeypatch.setattr(postgres, "_temporary", lambda: tmp_path)
    monkeypatch.setattr(postgres.tempfile, "mkdtemp", lambda prefix, dir: str(dir))
    _, binaries = postgres.place(tmp_path / "home", wheel)
    assert binaries.is_relative_to(tmp_path)
    for program in ("initdb", "postgres"):
        said = subprocess.run([str(binaries / program), "--version"], capture_output=True, text=True, check=True)
        assert said.stdout.startswith(program)
