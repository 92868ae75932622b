"""Which libpq a job has stands in its log, and one that is too old for SCRAM is told with the way out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

from tests.unit.operate.jobs import ZONES, MemoryJob
from tests.unit.ports.test_postgres import ADDRESS, NAME
from totelake.capture.ingest import ingest
from totelake.errors import ConfigurationError, SourceError
from totelake.operate.watch import watch
from totelake.ports import postgres, postgres_client
from totelake.ports.postgres_errors import connection_error
from totelake.runtime.job_arguments import IngestArguments, WatchArguments

OLD = 90224
REMEDY = (
    "libpq 9.2.24 cannot authenticate by SCRAM, libpq 10 can: set `kind: glueetl` for this job in "
    "catalog/pipeline.yaml and deploy, and it brings a psycopg2 with a newer libpq"
)


@pytest.fixture
def libpq(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets the version of libpq."""
    return lambda version: monkeypatch.setattr(postgres_client, "libpq_version", lambda: version)


@pytest.mark.parametrize(
    ("version", "text"), [(OLD, "9.2.24"), (90600, "9.6.0"), (100000, "10.0"), (140001, "14.1"), (170011, "17.11")]
)
def test_a_version_is_written_as_postgresql_writes_it(version: int, text: str) -> None:
    assert postgres_client.version_text(version) == text


@pytest.mark.parametrize(("version", "warnings"), [(OLD, [REMEDY]), (99999, None), (100000, []), (170011, [])])
def test_the_log_has_the_version_and_a_warning_when_it_is_too_old(
    version: int, warnings: list[str] | None, libpq: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    libpq(version)
    with caplog.at_level(logging.INFO):
        postgres_client.tell_client(logging.getLogger("memory"))
    told, *more = caplog.records
    assert told.levelno == logging.INFO
    assert told.getMessage().startswith("psycopg2 2.")
    assert told.getMessage().endswith(f"libpq {postgres_client.version_text(version)}")
    assert all(record.levelno == logging.WARNING for record in more)
    if warnings is None:
        assert len(more) == 1
    else:
        assert [record.getMessage() for record in more] == warnings


@pytest.mark.parametrize(
    ("work", "arguments"),
    [
        (ingest, IngestArguments(**ZONES, source="totesys", source_secret="s")),
        (watch, WatchArguments(**ZONES, source="totesys", source_secret="s", prefix="shop")),
    ],
)
def test_every_job_that_reads_a_source_tells_it_before_it_does_anything(
    work: Callable[[Any], object], arguments: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise ConfigurationError("nothing is there")

    for name in ("capture.ingest.Job.database", "operate.watch._start_refresh", "operate.watch.scan_failures"):
        monkeypatch.setattr(f"totelake.{name}", refuse)
    with caplog.at_level(logging.INFO), pytest.raises(ConfigurationError, match="nothing is there"):
        work(MemoryJob(arguments))
    assert [record.getMessage() for record in caplog.records if "with libpq" in record.getMessage()]


@pytest.mark.parametrize(
    "said",
    [
        "SCRAM authentication requires libpq version 10 or above\n",
        "authentication method 10 not supported",
        'connection to server at "db", port 5432 failed: authentication method 10 not supported\n',
    ],
)
def test_a_server_that_asks_an_old_libpq_for_scram_is_told_with_the_way_out(
    said: str, libpq: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(**_: object) -> None:
        raise psycopg2.OperationalError(said)

    libpq(OLD)
    monkeypatch.setattr("totelake.ports.postgres.psycopg2.connect", refused)
    with pytest.raises(SourceError) as raised, postgres.connect(ADDRESS):
        pass
    words = " ".join(said.split())
    assert str(raised.value) == f"{NAME} asks the role reader for SCRAM: {words}; {REMEDY}"


def test_a_wrong_password_is_no_matter_of_an_old_libpq(libpq: Callable[[int], None]) -> None:
    libpq(OLD)
    found = str(connection_error(ADDRESS, 'FATAL:  password authentication failed for user "reader"'))
    assert "; correct username and password in the secret; if they are right, the password has ended" in found
