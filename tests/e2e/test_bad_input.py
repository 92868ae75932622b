"""What is wrong around a job fails the run with one sentence that names the thing, and commits nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from typing import Any

import pytest

from tests.e2e.pipeline import Pipeline, running

pytestmark = pytest.mark.e2e
INGEST = "totelake-ingest-totesys"
SECRET = "totelake/totesys"  # nosec B105: a name


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A small source and the deployed pipeline; after all tests nothing is committed."""
    with running(tmp_path_factory.mktemp("bad")) as found:
        found.command("seed", "--orders", "20")
        found.command("deploy")
        before = found.keys()
        yield found
        commits = {key for key in found.keys() - before if not {"_inflight", "_alerts"} & set(key.split("/"))}
        assert commits == set()


@contextmanager
def secret(pipeline: Pipeline, **changed: Any) -> Iterator[None]:
    """The source's secret with some members changed."""
    text = pipeline.secrets.get_secret_value(SecretId=SECRET)["SecretString"]
    pipeline.secrets.put_secret_value(SecretId=SECRET, SecretString=json.dumps({**json.loads(text), **changed}))
    try:
        yield
    finally:
        pipeline.secrets.put_secret_value(SecretId=SECRET, SecretString=text)


@contextmanager
def source(pipeline: Pipeline, statement: str, undo: str) -> Iterator[None]:
    """The source in another state for a while."""
    pipeline.source(statement)
    try:
        yield
    finally:
        pipeline.source(undo)


def failure(pipeline: Pipeline, job: str = INGEST, **arguments: str) -> str:
    """The message of a run that failed; it is one line, without a stack trace."""
    run = pipeline.job(job, **arguments)
    assert run["JobRunState"] == "FAILED"
    message: str = run["ErrorMessage"]
    assert "\n" not in message and "Traceback" not in message
    return message


def test_a_wrong_password_is_named_without_being_shown(pipeline: Pipeline) -> None:
    with secret(pipeline, password="not-the-one"):  # nosec B106: it is wrong
        message = failure(pipeline)
    assert message.startswith("SourceError: database totesys at 127.0.0.1:")
    assert "refuses the role totelake_reader" in message
    assert "; correct username and password in the secret" in message
    assert "not-the-one" not in message


def test_a_database_that_cannot_be_reached_is_named(pipeline: Pipeline) -> None:
    with secret(pipeline, port=1):
        message = failure(pipeline)
    assert message.startswith(("SourceError: ", "RetriableError: "))
    assert "127.0.0.1:1" in message


def test_a_missing_grant_is_named_with_the_statement_that_gives_it(pipeline: Pipeline) -> None:
    with source(
        pipeline, "REVOKE SELECT ON payment FROM totelake_reader", "GRANT SELECT ON payment TO totelake_reader"
    ):
        message = failure(pipeline)
    assert "totelake_reader may not read public.payment" in message
    assert "GRANT SELECT ON public.payment TO totelake_reader" in message


def test_a_missing_table_is_named(pipeline: Pipeline) -> None:
    with source(pipeline, "ALTER TABLE design RENAME TO plan", "ALTER TABLE plan RENAME TO design"):
        message = failure(pipeline)
    assert "design" in message


def test_an_argument_that_is_missing_is_named(pipeline: Pipeline) -> None:
    assert failure(pipeline, source=" ", nonsense="1") == (
        "ConfigurationError: job ingest: the argument --source is missing; give it to the job or to the run"
    )


def test_a_missing_bucket_is_named(pipeline: Pipeline) -> None:
    assert failure(pipeline, ingestion_bucket="absent") == (
        "LakeError: the bucket absent does not exist (ListObjectsV2); create it or correct the argument"
    )


def test_a_missing_secret_is_named(pipeline: Pipeline) -> None:
    assert failure(pipeline, source_secret="totelake/none") == (
        "ConfigurationError: there is no secret totelake/none; create it or correct the job's argument"
    )


def test_a_script_that_raises_fails_its_run_with_its_own_words(pipeline: Pipeline) -> None:
    bucket = pipeline.stack.artifacts_bucket
    pipeline.s3.put_object(Bucket=bucket, Key="raise.py", Body=b"raise ValueError('the moon is full')")
    command = {"Name": "pythonshell", "PythonVersion": "3.9", "ScriptLocation": f"s3://{bucket}/raise.py"}
    pipeline.glue.create_job(Name="raises", Role="r", Command=command)
    assert failure(pipeline, "raises") == "ValueError: the moon is full"


def test_a_failed_step_fails_the_command_which_names_it(pipeline: Pipeline) -> None:
    with source(
        pipeline, "REVOKE SELECT ON payment FROM totelake_reader", "GRANT SELECT ON payment TO totelake_reader"
    ):
        status, _, shown = pipeline.attempt("run", "--wait")
    assert status == 1
    last = shown.splitlines()[-1]
    assert "totelake-ingest-totesys FAILED: SourceError: the role totelake_reader may not read public.payment" in last
    assert "see `totelake logs wr_" in last
    assert "Traceback" not in shown
    (report,) = pipeline.command("runs")
    assert (report["status"], report["outcome"]) == ("COMPLETED", "FAILED")


def test_what_failed_is_told_by_mail_once_even_when_watch_cannot_see_the_source(pipeline: Pipeline) -> None:
    for _ in range(2):
        assert "there is no secret totelake/none" in failure(
            pipeline, "totelake-watch-totesys", source_secret="totelake/none"
        )
    mails = [
        message_from_bytes(file.read_bytes(), policy=policy.default)
        for file in sorted(pipeline.stack.outbox.glob("*.eml"))
    ]
    subjects = [mail["Subject"] for mail in mails]
    assert sorted(item["subject"] for item in pipeline.command("alerts")) == sorted(subjects)
    (told,) = (mail for mail in mails if mail["Subject"].startswith("totelake-refresh-totesys failed"))
    assert told["Subject"] == "totelake-refresh-totesys failed: totelake-ingest-totesys FAILED"
    (run,) = pipeline.command("runs")
    text = told.get_content()
    assert "totelake-ingest-totesys FAILED: SourceError: the role totelake_reader may not read public.payment" in text
    assert f"run {run['id']}, started " in text
    assert f"  totelake logs {run['id'][:11]}\n" in text
    assert "What to do\n  Correct what the message names, then `totelake run`." in text
    # the first look failed too, and the second one told that; the runs by hand above, each with a cause of its own
    assert subjects.count("totelake-watch-totesys FAILED") == 1
    assert "totelake-ingest-totesys FAILED" in subjects
