"""The address of a source as a URL, and the secret that is made of it."""

from __future__ import annotations

import pytest

from totelake.errors import ConfigurationError
from totelake.ports.postgres_address import PostgresAddress
from totelake.sources.address import secret_of


def test_a_url_becomes_the_content_of_a_secret() -> None:
    found = secret_of("postgresql://reader:p%40ss%2F%20w%25rd@db.example:6432/sales?sslmode=require")
    assert found == {
        "host": "db.example", "port": "6432", "dbname": "sales", "username": "reader", "password": "p@ss/ w%rd",
        "sslmode": "require",
    }  # fmt: skip
    address = PostgresAddress.from_secret(found, "s")
    assert (address.port, address.password, address.sslmode) == (6432, "p@ss/ w%rd", "require")


def test_without_a_port_it_is_postgresql_s_and_a_certificate_is_named_from_anywhere() -> None:
    found = secret_of("postgresql://reader:secret@127.0.0.1/sales?sslrootcert=bundle.pem")
    assert found["port"] == "5432"
    assert found["sslrootcert"].startswith("/") and found["sslrootcert"].endswith("/bundle.pem")


@pytest.mark.parametrize(
    ("dsn", "why"),
    [
        ("nonsense", "cannot be read; write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, every character"),
        ("postgresql://reader:hush@p@host/sales", "cannot be read"),
        ("postgresql://reader@host/sales", "has no password; write"),
        ("postgresql://:hush@host/sales", "has no user; write"),
        ("postgresql://reader:hush@host", "has no dbname; write"),
        ("postgresql://reader:hush@/sales", "has no host; write"),
        ("host=a,b dbname=sales user=reader password=hush", "has several hosts; name one"),
        ("postgresql://reader:hush@host/sales?options=-c%20x", "has options, which a source's secret does not keep"),
    ],
)
def test_an_address_that_no_secret_can_hold_is_one_sentence_without_the_password(dsn: str, why: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        secret_of(dsn)
    assert why in str(error.value)
    assert "hush" not in str(error.value)
