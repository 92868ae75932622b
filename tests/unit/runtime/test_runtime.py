"""The runtime turns known failures into one sentence and never into success."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from totelake.errors import ConfigurationError, SourceError
from totelake.runtime import Clients, JobArguments, open_runtime
from totelake.runtime.aws_errors import sentence_for


def client_error(code: str, message: str = "no", operation: str = "GetTable", **more: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message, **more}}, operation)  # type: ignore[typeddict-item]


SLOW_DOWN = ClientError(
    {
        "Error": {"Code": "SlowDown", "Message": "Reduce your request rate."},
        "ResponseMetadata": {"HTTPStatusCode": 503},  # type: ignore[typeddict-item]
    },
    "PutObject",
)


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


def arguments(**values: Any) -> JobArguments:
    return JobArguments(job="watch", **values)


def test_a_known_error_fails_the_run_with_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, open_runtime(arguments(), Fakes()):
        raise SourceError("totesys is away; start it")
    assert ended.value.code == "SourceError: totesys is away; start it"
    assert capsys.readouterr().out.endswith(" ERROR totesys is away; start it\n")


def test_an_aws_error_fails_the_run_with_one_sentence() -> None:
    with pytest.raises(SystemExit) as ended, open_runtime(arguments(), Fakes()):
        raise client_error("NoSuchBucket", operation="ListObjectsV2", BucketName="lake")
    assert ended.value.code == (
        "LakeError: the bucket lake does not exist (ListObjectsV2); create it or correct the argument"
    )


def test_debug_shows_the_error_as_it_is() -> None:
    with pytest.raises(SourceError), open_runtime(arguments(debug=True), Fakes()):
        raise SourceError("away")


def test_an_unknown_error_is_not_dressed_up() -> None:
    with pytest.raises(ZeroDivisionError), open_runtime(arguments(), Fakes()):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (client_error("AccessDenied"), "GetTable failed with AccessDenied: no; grant the job's role this action"),
        (client_error("EntityNotFoundException"), "GetTable failed with EntityNotFoundException: no; create it (`tote"),
        (client_error("ResourceNotFoundException"), "GetTable failed with ResourceNotFoundException: no; create it or"),
        (client_error("Other"), "GetTable failed with Other: no; see the AWS message for what to do"),
        (client_error("ThrottlingException"), "GetTable failed with ThrottlingException: no; run the job again"),
        (SLOW_DOWN, "PutObject failed with SlowDown: Reduce your request rate; run the job again"),
        (NoCredentialsError(), "there are no AWS credentials; give the job a role"),
        (
            EndpointConnectionError(endpoint_url="http://x"),
            'Could not connect to the endpoint URL: "http://x"; see that',
        ),
        (ReadTimeoutError(endpoint_url="http://x"), "AWS could not be reached: Read timeout on endpoint URL"),
    ],
    ids=["denied", "entity", "resource", "other", "throttled", "busy", "credentials", "endpoint", "timeout"],
)
def test_aws_errors_become_sentences(error: Exception, sentence: str) -> None:
    assert str(sentence_for(error)).startswith(sentence)


def test_other_errors_are_no_aws_errors() -> None:
    assert sentence_for(ValueError("x")) is None


def test_run_properties_belong_to_a_workflow_run() -> None:
    glue = Glue()
    with open_runtime(arguments(workflow="w", workflow_run_id="wr"), Fakes(glue=glue)) as runtime:
        assert runtime.run_property("a") is None
        runtime.put_run_property("a", "1")
        assert runtime.run_property("a") == "1"
    with open_runtime(arguments(), Fakes()) as alone:
        alone.put_run_property("a", "1")
        assert alone.run_property("a") is None


def test_a_secret_is_a_json_object() -> None:
    answer = {"SecretString": json.dumps({"host": "h"})}
    with open_runtime(arguments(), Fakes(secretsmanager=Secrets(answer))) as runtime:
        assert runtime.secret("s") == {"host": "h"}


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"SecretString": "hunter2"}, "the secret s is not a JSON object"),
        ({"SecretString": "[1]"}, "the secret s is not a JSON object"),
        ({"SecretBinary": b""}, "the secret s is not a JSON object"),
        (client_error("ResourceNotFoundException"), "there is no secret s; create it"),
    ],
    ids=["no JSON", "no object", "binary", "absent"],
)
def test_an_unusable_secret_is_named_and_never_shown(answer: Any, sentence: str) -> None:
    fakes = Fakes(secretsmanager=Secrets(answer))
    with open_runtime(arguments(debug=True), fakes) as runtime, pytest.raises(ConfigurationError) as refused:
        runtime.secret("s")
    assert str(refused.value).startswith(sentence)
    assert "hunter2" not in str(refused.value)


def test_a_metric_has_its_dimensions_in_order_and_never_fails_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    cloudwatch = CloudWatch()
    with open_runtime(arguments(), Fakes(cloudwatch=cloudwatch)) as runtime:
        runtime.metric("Freshness", 3.0, "Seconds", b="2", a="1")
        cloudwatch.error = client_error("Throttling")
        runtime.metric("Freshness", 4.0)
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
    assert clients.s3.meta.config.s3 == {"addressing_style": "path"}
