"""TLS to a real PostgreSQL: the server proves its name by a certificate of our bundle, or nothing is sent."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.conftest import Postgres
from totelake.errors import ConfigurationError, SourceError, WarehouseError
from totelake.ports.postgres import connect
from totelake.ports.postgres_address import PostgresAddress
from totelake.runtime import Clients
from totelake.runtime.job import read_secret
from totelake.stack.postgres import unprivileged_user
from totelake.warehouse import jdbc

pytestmark = pytest.mark.integration
PEM = serialization.Encoding.PEM
ENCRYPTED = "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


@dataclass(frozen=True)
class Authority:
    """A certificate authority."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def new(cls, name: str) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        return cls(key, certificate(name, name, key, key, x509.BasicConstraints(ca=True, path_length=0)))

    def pem(self) -> bytes:
        return self.certificate.public_bytes(PEM)


def certificate(subject: str, issuer: str, key: Any, signer: Any, extension: x509.ExtensionType) -> x509.Certificate:
    """A certificate of an hour's life."""
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in (subject, issuer)]
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder().subject_name(names[0]).issuer_name(names[1]).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).add_extension(extension, critical=False)
    builder = builder.not_valid_before(now - timedelta(minutes=5)).not_valid_after(now + timedelta(hours=1))
    return builder.sign(signer, hashes.SHA256())


def administer(postgres: Postgres, *statements: str) -> list[Any]:
    """Statements as the server's owner; the rows of the last."""
    with contextlib.closing(psycopg2.connect(postgres.dsn("postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def authority(postgres: Postgres) -> Iterator[Authority]:
    """The authority whose certificate, for the name localhost alone, the server shows while these tests run."""
    if os.environ.get("TOTELAKE_TEST_POSTGRES_PORT"):
        pytest.skip("the server is not ours to configure")
    if not administer(postgres, "SHOW ssl_library")[0][0]:
        pytest.skip("this PostgreSQL was built without TLS (the one from PyPI is); install PostgreSQL to run these")
    found, key = Authority.new("totelake test"), ec.generate_private_key(ec.SECP256R1())
    localhost = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    shown = certificate("server", "totelake test", key, found.key, localhost)
    private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    folder = Path(administer(postgres, "SHOW data_directory")[0][0])
    for name, content in (("server.crt", shown.public_bytes(PEM)), ("server.key", private)):
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o600)
        if unprivileged_user():
            shutil.chown(folder / name, unprivileged_user())
    administer(postgres, "ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()")
    yield found
    administer(postgres, "ALTER SYSTEM RESET ssl", "SELECT pg_reload_conf()")


@pytest.fixture
def secret(postgres: Postgres, authority: Authority, tmp_path: Path) -> dict[str, Any]:
    """The reader's secret, with the authority's certificate as the bundle."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(authority.pem())
    found = postgres.secret(postgres.new_database("totelake_reader"), "totelake_reader")
    return {**found, "host": "localhost", "sslmode": "verify-full", "sslrootcert": str(bundle)}


def ask(secret: dict[str, Any]) -> str:
    """Connect as ingestion does, and ask whether the connection is encrypted."""
    with connect(PostgresAddress.from_secret(secret, "s")) as connection, connection.cursor() as cursor:
        cursor.execute(ENCRYPTED)
        return str(cursor.fetchone()[0])


def warehouse(secret: dict[str, Any]) -> jdbc.JdbcAddress:
    """The address that a load reads from the secret."""
    return jdbc.JdbcAddress(PostgresAddress.from_secret(secret, "s", "the warehouse"))


def test_the_source_is_read_from_a_server_that_proves_its_name(secret: dict[str, Any]) -> None:
    assert ask(secret) == "true"


def test_a_server_of_another_name_is_refused_before_the_password_is_sent(secret: dict[str, Any]) -> None:
    with pytest.raises(SourceError, match=r"not trusted: .* does not match host name .127\.0\.0\.1.; correct host or"):
        ask({**secret, "host": "127.0.0.1"})


def test_a_server_that_another_authority_vouches_for_is_refused(secret: dict[str, Any], tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(Authority.new("somebody else").pem())
    with pytest.raises(SourceError, match="not trusted: .*certificate verify failed; correct host or sslrootcert"):
        ask({**secret, "sslrootcert": str(other)})


def test_the_warehouse_is_loaded_the_same_way(secret: dict[str, Any], spark: Any, tmp_path: Path) -> None:
    jvm = spark.sparkContext._jvm
    with jdbc.connect(jvm, warehouse(secret)) as connection:
        assert connection.rows(ENCRYPTED) == [("true",)]
    other_name = warehouse({**secret, "host": "127.0.0.1"})
    refusal = "is not trusted: The hostname 127.0.0.1 could not be verified"
    with pytest.raises(WarehouseError, match=refusal), jdbc.connect(jvm, other_name):
        raise AssertionError


def test_the_bundle_may_lie_in_a_bucket(aws: str, secret: dict[str, Any], authority: Authority) -> None:
    clients, bucket = Clients.from_environment(), f"bundles-{uuid.uuid4().hex[:12]}"
    s3 = clients.s3
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    s3.put_object(Bucket=bucket, Key="tls/bundle.pem", Body=authority.pem())
    s3.put_object(Bucket=bucket, Key="tls/page.html", Body=b"<html>")
    names = {name: f"{bucket}/{name}" for name in ("bundle.pem", "page.html")}
    for file, name in names.items():
        stored = json.dumps({**secret, "sslrootcert": f"s3://{bucket}/tls/{file}"})
        clients.secretsmanager.create_secret(Name=name, SecretString=stored)
    assert ask(dict(read_secret(clients, names["bundle.pem"]))) == "true"
    refusal = f"page.html, the sslrootcert of the secret {names['page.html']}, holds no certificate"
    with pytest.raises(ConfigurationError, match=refusal):
        read_secret(clients, names["page.html"])


@pytest.mark.parametrize(("host", "mode"), [("totesys.example.com", "verify-full"), ("127.0.0.1", "prefer")])
def test_without_an_sslmode_any_other_machine_has_to_prove_its_name(host: str, mode: str) -> None:
    secret = {"host": host, "port": 5432, "dbname": "d", "username": "u", "password": "p"}
    assert PostgresAddress.from_secret(secret, "s").sslmode == mode
    assert warehouse(secret).properties["sslmode"] == mode
