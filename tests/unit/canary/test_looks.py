"""Each look tells what is as expected, and each wrong finding with what to change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.ports.answers import client_error
from totelake.canary import account, database, deployment, lake, login, process
from totelake.canary.look import UNKNOWN, Finding, Look, examine
from totelake.errors import LakeError
from totelake.ports.memory import MemoryCatalog, MemoryStore
from totelake.ports.postgres_address import VERIFY, PostgresAddress
from totelake.runtime.outcome import OK, PROBLEM, WARNING

FAR = PostgresAddress("db.example.com", 5432, "shop", "reader", "secret")
HERE = replace(FAR, host="127.0.0.1")
AWS, LOCAL = True, False


def look(wanted: Look) -> Finding:
    """What a look finds."""
    (found,) = examine([wanted])
    return found


def store(**changed: Any) -> MemoryStore:
    """A bucket whose named methods are others."""
    found = MemoryStore("ingestion")
    for name, method in changed.items():
        setattr(found, name, method)
    return found


def refusing(code: str, status: int) -> Callable[..., None]:
    """A write that S3 refuses, as the store translates it."""

    def refuse(*_: Any) -> None:
        raise LakeError(f"{code}; grant it") from client_error(code, status)

    return refuse


def catalog(**changed: Any) -> MemoryCatalog:
    """A database of the Data Catalog whose named methods are others."""
    found = MemoryCatalog("lake_ingestion")
    for name, method in changed.items():
        setattr(found, name, method)
    return found


def head(answer: Mapping[str, str]) -> Any:
    """A client of S3 that says how an object is encrypted."""
    return SimpleNamespace(head_object=lambda **_: answer)


def having(**versions: str) -> process.Import:
    """Only these packages can be imported."""

    def load(name: str) -> Any:
        if name not in versions:
            raise ModuleNotFoundError(f"No module named '{name}'")
        return SimpleNamespace(__version__=versions[name])

    return load


OPEN = [{"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}]
KMS = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "arn:aws:kms:eu-west-2:1:key/1"}
RUNS, DPUS = "max concurrent job runs per account", "max task dpus per account"
LOOKS: Mapping[str, tuple[Callable[[], Look], str, str, str]] = {
    "arguments": (lambda: process.arguments(["--source", "shop"], ()), OK, "--source shop", ""),
    "an argument that nobody knows": (
        lambda: process.arguments(["--sauce", "shop"], ("--sauce",)), WARNING, "--sauce shop", "no job reads --sauce"),
    "interpreter": (lambda: process.interpreter(["3.9"], AWS, (3, 9, 18), "python"), OK, "Python 3.9.18 in python", ""),
    "another interpreter": (
        lambda: process.interpreter(["3.9"], AWS, (3, 11, 2), "python"), WARNING, "3.11.2", "python_version"),
    "one of several": (
        lambda: process.interpreter(["3.11", "3.13"], AWS, (3, 13, 1), "python"), OK, "Python 3.13.1", ""),
    "another one on one machine": (
        lambda: process.interpreter(["3.9"], LOCAL, (3, 11, 2), "python"), UNKNOWN, "this machine's", "make install"),
    "an interpreter that is too old": (
        lambda: process.interpreter(["3.9"], AWS, (3, 6, 1), "python"), PROBLEM, "3.6.1", "set Python 3.9"),
    "packages": (lambda: process.packages({"a": "1.2"}, "do", having(a="1.10.0")), OK, "a 1.10.0", ""),
    "a package that is too old": (
        lambda: process.packages({"a": "1.2", "b": "7"}, "do", having(a="1.1", b="7")), PROBLEM, "a 1.1", "do (a)"),
    "a package that is not there": (
        lambda: process.packages({"a": "1", "b": "7"}, "do", having(a="1")), PROBLEM, "No module named 'b'", "do (b)"),
    "conditional PUT": (lambda: lake.written_once(store(), "k"), OK, "second wrote nothing", ""),
    "a condition that nobody heeds": (
        lambda: lake.written_once(store(create=lambda key, body: True, get=lambda key: b"second"), "k"),
        PROBLEM, "first wrote, second wrote, the object has 'second'", "If-None-Match"),
    "a PUT that is refused": (
        lambda: lake.refused_put(store(put=refusing("AccessDenied", 403)), "_commits/x", AWS), OK, "AccessDenied", ""),
    "a PUT that is not refused": (
        lambda: lake.refused_put(store(), "_commits/x", AWS), WARNING, "was written", "WrittenOnce"),
    "one on one machine": (lambda: lake.refused_put(store(), "_commits/x", LOCAL), UNKNOWN, "no policy", "look on AWS"),
    "a PUT that fails otherwise": (
        lambda: lake.refused_put(store(put=refusing("KMS.Disabled", 400)), "_commits/x", AWS),
        PROBLEM, "KMS.Disabled", "grant it"),
    "a copy that is refused": (
        lambda: lake.refused_copy(store(copy=refusing("AccessDenied", 403)), "o", "_commits/x", AWS),
        OK, "AccessDenied", ""),
    "a copy that is not refused": (
        lambda: lake.refused_copy(store(), "o", "_commits/x", AWS), WARNING, "was written", "WrittenOnce"),
    "multipart upload": (lambda: lake.multipart(store(), "k"), OK, "5,242,881 bytes", ""),
    "an upload that arrives otherwise": (
        lambda: lake.multipart(store(get=lambda key: b"cut"), "k"), PROBLEM, "others were read", "nothing between"),
    "an upload that is refused": (
        lambda: lake.multipart(store(upload=refusing("AccessDenied", 403)), "k"), PROBLEM, "AccessDenied", "grant it"),
    "KMS": (lambda: lake.encryption(store(), "k", head(KMS), AWS), OK, "aws:kms", ""),
    "another encryption": (
        lambda: lake.encryption(store(), "k", head({"ServerSideEncryption": "AES256"}), AWS),
        WARNING, "AES256 with no key", "deploy again"),
    "none on one machine": (lambda: lake.encryption(store(), "k", head({}), LOCAL), UNKNOWN, "no encryption", "AWS"),
    "a key that decrypts nothing": (
        lambda: lake.encryption(store(get=refusing("KMS.DisabledException", 400)), "k", head(KMS), AWS),
        PROBLEM, "KMS.DisabledException", "grant it"),
    "Data Catalog": (lambda: account.catalogue(catalog(), "t", "s3://b/t/"), OK, "t made, changed, partitions", ""),
    "a catalogue that refuses": (
        lambda: account.catalogue(catalog(create=refusing("AccessDeniedException", 400)), "t", "s3://b/t/"),
        PROBLEM, "AccessDeniedException", "grant it"),
    "a table that is not changed": (
        lambda: account.catalogue(catalog(replace=lambda *_, **__: False), "t", "s3://b/t/"),
        PROBLEM, "not changed", "start the canary again"),
    "a table that is not there": (
        lambda: account.catalogue(catalog(table=lambda _: None), "t", "s3://b/t/"), PROBLEM, "is not there", "console"),
    "libpq": (lambda: database.client(lambda: 140001), OK, "libpq 14.1", ""),
    "a libpq without SCRAM": (lambda: database.client(lambda: 90224), WARNING, "libpq 9.2.24", "kind: glueetl"),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOKS)
def test_a_look_tells_what_it_found_and_what_to_change(name: str) -> None:
    make, outcome, found, remedy = LOOKS[name]
    told = look(make())
    assert told.outcome == outcome, told
    assert found in told.found
    assert remedy in told.remedy if remedy else told.remedy == ""
    assert told.expected


@pytest.mark.parametrize(
    "make",
    [
        lambda place: lake.written_once(place, "_commits/canary/1"),
        lambda place: lake.refused_put(place, "_commits/canary/1", AWS),
        lambda place: lake.refused_copy(place, "_canary/1/o", "_commits/canary/1", AWS),
        lambda place: lake.multipart(place, "_canary/1/parts"),
        lambda place: lake.encryption(place, "_canary/1/k", head(KMS), AWS),
    ],
)
def test_a_look_leaves_nothing_in_the_bucket(make: Callable[[MemoryStore], Look]) -> None:
    place = store()
    look(make(place))
    assert list(place.list("")) == []


@pytest.mark.parametrize(
    "make",
    [
        lambda place: lake.written_once(place, "_commits/canary/1"),
        lambda place: lake.multipart(place, "_canary/1/parts"),
        lambda place: lake.encryption(place, "_canary/1/k", head(KMS), AWS),
    ],
)
def test_a_look_that_fails_leaves_nothing_either(make: Callable[[MemoryStore], Look]) -> None:
    place = store(get=refusing("SlowDown", 503))
    assert look(make(place)).outcome == PROBLEM
    assert list(place.list("")) == []


@pytest.mark.parametrize(
    ("arn", "is_aws", "outcome"),
    [
        ("arn:aws:sts::1:assumed-role/lake-canary/GlueJobRunnerSession", AWS, OK),
        ("arn:aws:iam::1:user/somebody", AWS, WARNING),
        ("arn:aws:sts::1:user/moto", LOCAL, UNKNOWN),
    ],
)
def test_a_job_runs_as_a_role(arn: str, is_aws: bool, outcome: str) -> None:
    assert account.judge_role(arn, is_aws).outcome == outcome


@pytest.mark.parametrize(
    ("address", "protocol", "outcome", "told"),
    [
        (FAR, "TLSv1.3", OK, "by TLSv1.3, sslmode verify-full"),
        (FAR, "", WARNING, "is not encrypted"),
        (replace(FAR, sslmode="require"), "TLSv1.3", WARNING, "need not prove that it is the server"),
        (HERE, "", UNKNOWN, "on this machine"),
    ],
)
def test_a_login_is_judged_by_its_encryption(address: PostgresAddress, protocol: str, outcome: str, told: str) -> None:
    found = login.judge_login(address, "17.2", protocol)
    assert (found.outcome, found.remedy) == (outcome, {WARNING: VERIFY, UNKNOWN: "look on AWS"}.get(outcome, ""))
    assert told in found.detail
    assert "secret" not in found.detail


GROUP = "/aws-glue/jobs/lake-role/lake-canary-spark"


@pytest.mark.parametrize(
    ("found", "outcome", "told"),
    [
        ([(f"{GROUP}/output", "jr_1"), (f"{GROUP}/error", "jr_1")], OK, f"{GROUP}/error jr_1"),
        ([], WARNING, f"no stream of the run in {GROUP}"),
        ([(f"{GROUP}/output", "jr_1-driver")], WARNING, "jr_1-driver"),
        ([("/aws-glue/jobs/output", "jr_1")], WARNING, "/aws-glue/jobs/output jr_1"),
    ],
)
def test_a_log_is_looked_for_where_logs_reads_it(found: list[tuple[str, str]], outcome: str, told: str) -> None:
    said = deployment.judge_logs(GROUP, "jr_1", found)
    assert (said.outcome, told in said.detail) == (outcome, True)
    assert bool(said.remedy) is (outcome != OK)


@pytest.mark.parametrize(
    ("found", "outcome", "told"),
    [
        ({RUNS: 50, DPUS: 300}, OK, "Max task dpus per account: 300"),
        ({RUNS: 5, DPUS: 300}, WARNING, "Max concurrent job runs per account: 5"),
        ({RUNS: 50}, UNKNOWN, "Max task dpus per account is not listed"),
        ({}, UNKNOWN, "none; "),
    ],
)
def test_quotas_are_held_against_what_all_jobs_need(found: dict[str, float], outcome: str, told: str) -> None:
    said = deployment.judge_quotas(found, 10, 8.5, "grant it")
    assert (said.outcome, told in said.detail) == (outcome, True)


def test_what_a_pipeline_needs_is_all_of_its_jobs_at_once() -> None:
    pipeline = {
        "defaults": {
            "pythonshell": {"max_capacity": 0.0625},
            "glueetl": {"worker_type": "G.1X", "number_of_workers": 2},
        },
        "jobs": {
            "a": {"kind": "pythonshell"},
            "b": {"kind": "glueetl"},
            "c": {"kind": "glueetl", "worker_type": "G.2X"},
        },
    }
    assert deployment.needed(pipeline, {"G.1X": 1, "G.2X": 2}) == (3, 6.0625)


@pytest.mark.parametrize(
    ("settings", "outcome", "told"),
    [
        ({"CreateDatabaseDefaultPermissions": OPEN, "CreateTableDefaultPermissions": OPEN}, OK, "has ALL"),
        ({"CreateDatabaseDefaultPermissions": OPEN, "CreateTableDefaultPermissions": []}, WARNING, "new tables"),
        ({}, WARNING, "new databases and tables"),
    ],
)
def test_lake_formation_is_told_where_it_refuses_whom_iam_allows(
    settings: dict[str, Any], outcome: str, told: str
) -> None:
    said = deployment.judge_lake_formation(settings)
    assert (said.outcome, told in said.detail) == (outcome, True)
