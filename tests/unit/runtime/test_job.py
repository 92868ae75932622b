"""A job: known failures become one sentence and never success; its ports, secrets, metrics and run properties."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.ports.answers import Client, client_error
from totelake.errors import ConfigurationError, LakeError, SourceError
from totelake.runtime import Clients, Job, open_job, run_job
from totelake.runtime.job import read_secret
from totelake.runtime.job_arguments import AuditArguments, JobRun


class Fakes(Clients):
    """Clients whose every service is one recording object."""

    def __init__(self, **services: Any) -> None:
        super().__init__()
        self._made = services


class Glue:
    def __init__(self) -> None:
        self.properties: dict[str, str] = {}

    def get_workflow_run_properties(self, Name: str, RunId: str) -> dict[str, Any]:
        return {"RunProperties": self.properties}

    def put_workflow_run_properties(self, Name: str, RunId: str, RunProperties: dict[str, str]) -> None:
        self.properties.update(RunProperties)


class Secrets:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def get_secret_value(self, SecretId: str) -> dict[str, Any]:
        if isinstance(self.answer, Exception):
            raise self.answer
        found: dict[str, Any] = self.answer
        return found


class CloudWatch:
    def __init__(self) -> None:
        self.data: list[Any] = []
        self.error: Exception | None = None

    def put_metric_data(self, Namespace: str, MetricData: list[Any]) -> None:
        if self.error:
            raise self.error
        self.data += [(Namespace, item) for item in MetricData]


LAKE: dict[str, Any] = {
    "ingestion_bucket": "in",
    "processed_bucket": "out",
    "ingestion_database": "i",
    "processed_database": "p",
}
ARGV = ["script.py", *(word for name, value in LAKE.items() for word in (f"--{name}", value)), "--crawlers", "c"]


def arguments(**values: Any) -> AuditArguments:
    return AuditArguments(**LAKE, crawlers="c", **values)


def test_a_known_error_fails_the_run_with_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, open_job(arguments(), Fakes()):
        raise SourceError("totesys is away; start it")
    assert ended.value.code == "SourceError: totesys is away; start it"
    assert capsys.readouterr().out.endswith(" ERROR totesys is away; start it\n")


def test_an_aws_error_fails_the_run_with_one_sentence() -> None:
    with pytest.raises(SystemExit) as ended, open_job(arguments(), Fakes()):
        raise client_error("NoSuchBucket", operation="ListObjectsV2", BucketName="lake")
    assert ended.value.code == (
        "LakeError: the bucket lake does not exist (ListObjectsV2); create it or correct the argument"
    )


def test_verbose_shows_the_error_as_it_is() -> None:
    with pytest.raises(SourceError), open_job(arguments(verbose=True), Fakes()):
        raise SourceError("away")


def test_an_unknown_error_is_not_dressed_up() -> None:
    with pytest.raises(ZeroDivisionError), open_job(arguments(), Fakes()):
        raise ZeroDivisionError


def test_a_script_reads_its_arguments_and_does_its_work(capsys: pytest.CaptureFixture[str]) -> None:
    def work(job: Job[AuditArguments]) -> None:
        job.log.info("%s of %s", job.arguments.crawlers, job.arguments.run.id)

    run_job(work, AuditArguments, [*ARGV, "--JOB_RUN_ID", "jr_1"])
    assert capsys.readouterr().out.endswith("Z INFO c of jr_1\n")


def test_a_script_with_wrong_arguments_does_not_begin() -> None:
    def work(job: Job[AuditArguments]) -> None:
        pytest.fail("it began")

    with pytest.raises(SystemExit) as ended:
        run_job(work, AuditArguments, [*ARGV, "--crawlers", ""])
    assert str(ended.value.code).startswith("ConfigurationError: job audit_catalog: the argument --crawlers is missing")
    with pytest.raises(ConfigurationError):
        run_job(work, AuditArguments, [*ARGV, "--crawlers", "", "--verbose"])


def test_what_a_script_does_not_know_is_told_and_stops_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    begun = []
    run_job(begun.append, AuditArguments, [*ARGV, "stray", "--moon", "secret"])
    assert len(begun) == 1
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and "WARNING audit_catalog knows nothing of '--moon', 'stray' and goes on" in said
    assert "secret" not in said


def test_the_ports_are_of_the_buckets_and_databases_of_the_arguments() -> None:
    with open_job(arguments(), Fakes(s3=Client(), glue=Client())) as job:
        assert (job.ingestion.bucket, job.processed.bucket) == ("in", "out")
        assert (job.ingestion_tables.database, job.processed_tables.database) == ("i", "p")
        assert job.crawler("c").name == "c"
        assert job.ingestion is job.ingestion
        assert job.now().utcoffset() == timedelta(0)


def test_run_properties_belong_to_a_workflow_run() -> None:
    glue = Glue()
    with open_job(arguments(run=JobRun(workflow="w", workflow_run_id="wr")), Fakes(glue=glue)) as job:
        assert job.run_property("a") is None
        job.put_run_property("a", "1")
        assert job.run_property("a") == "1"
    with open_job(arguments(), Fakes()) as alone:
        alone.put_run_property("a", "1")
        assert alone.run_property("a") is None


def test_run_properties_that_are_refused_are_an_error_of_the_lake() -> None:
    refused = client_error("AccessDeniedException", operation="GetWorkflowRunProperties")
    run = arguments(run=JobRun(workflow="w", workflow_run_id="wr"), verbose=True)
    client = Client(get_workflow_run_properties=[refused], put_workflow_run_properties=[refused])
    with open_job(run, Fakes(glue=client)) as job:
        with pytest.raises(LakeError, match="AccessDeniedException"):
            job.run_property("a")
        with pytest.raises(LakeError, match="AccessDeniedException"):
            job.put_run_property("a", "1")


def secret_of(answer: Any, **services: Any) -> Any:
    """What a job reads of the secret s."""
    with open_job(arguments(verbose=True), Fakes(secretsmanager=Secrets(answer), **services)) as job:
        return read_secret(job.clients, "s")


def test_a_secret_is_a_json_object() -> None:
    assert secret_of({"SecretString": json.dumps({"host": "h"})}) == {"host": "h"}


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"SecretString": "hunter2"}, "the secret s is not a JSON object"),
        ({"SecretString": "[1]"}, "the secret s is not a JSON object"),
        ({"SecretBinary": b""}, "the secret s is not a JSON object"),
        (
            client_error("ResourceNotFoundException", message="Secrets Manager can't find the specified secret."),
            "there is no secret s; create it",
        ),
        (
            client_error(
                "ResourceNotFoundException",
                message="Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
            ),
            "the secret s has no value yet; store a JSON object with host, port, dbname, username, password in it",
        ),
    ],
    ids=["no JSON", "no object", "binary", "absent", "without a value"],
)
def test_an_unusable_secret_is_named_and_never_shown(answer: Any, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        secret_of(answer)
    assert str(refused.value).startswith(sentence)
    assert "hunter2" not in str(refused.value)


def test_a_refused_secret_is_an_error_of_ours() -> None:
    with pytest.raises(LakeError, match="grant the job's role this action"):
        secret_of(client_error("AccessDeniedException", operation="GetSecretValue"))


BUNDLE = b"-----BEGIN CERTIFICATE-----\nMIIB\n"


def bundle_of(address: str, *bodies: bytes) -> Any:
    """What a job reads of a secret with that sslrootcert, with these objects in S3."""
    client = Client(get_object=[{"Body": Body(body)} for body in bodies])
    return secret_of({"SecretString": json.dumps({"host": "h", "sslrootcert": address})}, s3=client), client


class Body:
    """An object's content as boto3 gives it."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def read(self) -> bytes:
        """All of it."""
        return self.content


def test_a_certificate_in_s3_becomes_a_file_of_this_machine() -> None:
    found, client = bundle_of("s3://certs/rds/eu.pem", BUNDLE)
    file = Path(found["sslrootcert"])
    assert (file.name, file.read_bytes(), found["host"]) == ("eu.pem", BUNDLE, "h")
    assert client.calls == [("get_object", {"Bucket": "certs", "Key": "rds/eu.pem"})]


def test_a_certificate_on_this_machine_stays_where_it_is() -> None:
    found, client = bundle_of("/etc/ssl/eu.pem")
    assert (found["sslrootcert"], client.calls) == ("/etc/ssl/eu.pem", [])


def test_what_is_no_certificate_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="s3://certs/a.txt, the sslrootcert of the secret s, holds no certif"):
        bundle_of("s3://certs/a.txt", b"<html>")


def test_a_metric_has_its_dimensions_in_order_and_never_fails_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    cloudwatch = CloudWatch()
    with open_job(arguments(), Fakes(cloudwatch=cloudwatch)) as job:
        job.metric("Freshness", 3.0, "Seconds", b="2", a="1")
        cloudwatch.error = client_error("Throttling")
        job.metric("Freshness", 4.0)
    dimensions = [{"Name": "a", "Value": "1"}, {"Name": "b", "Value": "2"}]
    assert cloudwatch.data == [
        ("totelake", {"MetricName": "Freshness", "Value": 3.0, "Unit": "Seconds", "Dimensions": dimensions})
    ]
    assert "WARNING the metric Freshness=4.0 was not published" in capsys.readouterr().out


def test_clients_follow_the_endpoint_variables() -> None:
    clients = Clients.from_environment(
        {"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_GLUE": "http://g", "AWS_DEFAULT_REGION": "eu-west-2"}
    )
    assert (clients.region, clients.endpoints) == ("eu-west-2", {"": "http://a", "glue": "http://g"})
    assert clients.glue.meta.endpoint_url == "http://g"
    assert clients.s3.meta.endpoint_url == "http://a"
    assert clients.s3 is clients.s3
    services = (clients.logs, clients.cloudwatch, clients.secretsmanager)
    assert {client.meta.endpoint_url for client in services} == {"http://a"}
    config: Any = clients.s3.meta.config
    assert config.s3 == {"addressing_style": "path"}
