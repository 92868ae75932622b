"""The AWS endpoint as an open web page, another user of the machine and a listener would try it; nobody has the key."""

from __future__ import annotations

import http.client
import json
import stat
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from localgate.keys import Keys
from tests.conftest import KEY
from totelake.stack.aws_endpoint import serving
from totelake.stack.model import LOCALATHENA, LOCALGLUE, MOTO, Stack
from totelake.stack.outbox import path_of

pytestmark = pytest.mark.integration

KEYS = Keys.random()
SECRET = "the password"
MADE_UP = "AWS4-HMAC-SHA256 Credential=x/20240101/eu-west-2/{}/aws4_request, SignedHeaders=host, Signature=x"
LISTS = {"s3": "list_buckets", "secretsmanager": "list_secrets", "glue": "list_jobs", "athena": "list_work_groups"}
PAGE = {"Origin": "https://evil.example"}
VALUE = {"X-Amz-Target": "secretsmanager.GetSecretValue", "Content-Type": "application/x-amz-json-1.1"}


@dataclass
class Endpoint:
    """An endpoint that holds a secret and an object."""

    url: str

    def client(self, service: str, keys: Keys = KEYS) -> Any:
        """A client with a key."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="eu-west-2",
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}),
        )

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, bytes]:
        """One HTTP request; no answer lets a web page read it."""
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=30)
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        assert [name for name in answer.headers if name.lower().startswith("access-control")] == []
        return answer.status, content

    def signed(
        self, service: str, method: str, path: str, headers: dict[str, str], body: bytes = b"", keys: Keys = KEYS
    ) -> dict[str, str]:
        """The headers, and those of a signature."""
        request = AWSRequest(method, f"{self.url}{path}", headers, body)
        signer = S3SigV4Auth if service == "s3" else SigV4Auth
        signer(Credentials(keys.access_key_id, keys.secret_access_key), service, "eu-west-2").add_auth(request)
        return dict(request.headers.items())

    def is_whole(self) -> bool:
        """Whether secret and object are as they were made."""
        s3, secrets = self.client("s3"), self.client("secretsmanager")
        kept = s3.get_object(Bucket="lake", Key="a b")["Body"].read()
        return (kept, secrets.get_secret_value(SecretId="source")["SecretString"]) == (b"rows", SECRET)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """One for all tests; nobody gets at it."""
    with serving(KEYS) as url:
        made = Endpoint(url)
        s3 = made.client("s3")
        for bucket in ("lake", "keys"):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        s3.put_object(Bucket="lake", Key="a b", Body=b"rows")
        made.client("secretsmanager").create_secret(Name="source", SecretString=SECRET)
        yield made
        assert made.is_whole()


# an open web page


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_a_preflight_gets_no_permission(endpoint: Endpoint, origin: str) -> None:
    asking = {"Origin": origin, "Access-Control-Request-Headers": "x-amz-target,authorization"}
    status, content = endpoint.send("OPTIONS", "/", asking)
    assert (status, b"answers no web page" in content) == (403, True)


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        ("POST", "/moto-api/reset", {"Content-Type": "text/plain"}, b""),
        ("GET", "/moto-api/", {}, b""),
        ("GET", "/moto-api/data.json", {}, b""),
        ("POST", "/totelake-outbox", {"Content-Type": "text/plain"}, b"{}"),
        ("POST", "/totelake-outbox/", {"Content-Type": "text/plain"}, b"not JSON"),
        ("GET", "/latest/meta-data/iam/security-credentials/default", {}, b""),
        ("GET", "/lake/a%20b", {}, b""),
        ("GET", "/lake?list-type=2", {}, b""),
        ("PUT", "/lake/a%20b", {"Authorization": MADE_UP.format("s3")}, b"evil"),
        ("POST", "/", {**VALUE, "Authorization": MADE_UP.format("secretsmanager")}, b'{"SecretId": "source"}'),
        ("POST", "/lake", {"Content-Type": "multipart/form-data; boundary=x"}, b"--x\r\n\r\n--x--"),
    ],
)
@pytest.mark.parametrize("page", [{}, PAGE, {"Host": "rebind.evil.example:60105"}], ids=["nobody", "page", "rebinding"])
def test_nothing_is_reached_without_the_key(
    endpoint: Endpoint, method: str, path: str, headers: dict[str, str], body: bytes, page: dict[str, str]
) -> None:
    status, content = endpoint.send(method, path, {**headers, **page}, body)
    assert status in (400, 403)
    assert SECRET.encode() not in content and b"rows" not in content


@pytest.mark.parametrize("page", [PAGE, {"Host": "rebind.evil.example:60105"}, {"Host": "evil.localhost:80"}])
def test_not_even_a_right_signature_opens_it_to_a_page(endpoint: Endpoint, page: dict[str, str]) -> None:
    own = endpoint.signed("s3", "GET", "/lake/a%20b", page)
    assert endpoint.send("GET", "/lake/a%20b", {**own, **page})[0] == 403
    assert endpoint.send("GET", "/lake/a%20b", endpoint.signed("s3", "GET", "/lake/a%20b", {}))[1] == b"rows"


def test_that_it_is_up_is_all_that_is_told_to_everybody_here(endpoint: Endpoint) -> None:
    assert endpoint.send("GET", "/health", {}) == (200, b'{"status": "ok"}')
    assert endpoint.send("GET", "/health", PAGE)[0] == 403


# another user, and whoever listens


@pytest.mark.parametrize(
    ("service", "ask", "unknown", "wrong"),
    [
        ("s3", lambda one: one.list_buckets(), "InvalidAccessKeyId", "SignatureDoesNotMatch"),
        ("sts", lambda one: one.get_caller_identity(), "InvalidClientTokenId", "SignatureDoesNotMatch"),
        ("glue", lambda one: one.get_databases(), "UnrecognizedClientException", "InvalidSignatureException"),
        ("secretsmanager", lambda one: one.list_secrets(), "UnrecognizedClientException", "InvalidSignatureException"),
    ],
)
def test_another_users_client_shows_what_is_wrong(
    endpoint: Endpoint, service: str, ask: Callable[[Any], Any], unknown: str, wrong: str
) -> None:
    for keys, code in ((Keys("testing", "testing"), unknown), (Keys(KEYS.access_key_id, "testing"), wrong)):
        with pytest.raises(ClientError) as error:
            ask(endpoint.client(service, keys))
        assert error.value.response["Error"]["Code"] == code
    assert ask(endpoint.client(service))["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_the_keys_that_it_makes_itself_open_nothing(endpoint: Endpoint) -> None:
    iam = endpoint.client("iam")
    iam.create_user(UserName="somebody")
    made = iam.create_access_key(UserName="somebody")["AccessKey"]
    with pytest.raises(ClientError, match="does not exist in our records"):
        endpoint.client("s3", Keys(made["AccessKeyId"], made["SecretAccessKey"])).list_buckets()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/lake/a%20b", b"rowz"),
        ("PUT", "/lake/a%20b?acl", b"rows"),
        ("PUT", "/lake/a%20c", b"rows"),
        ("PUT", "/moto-api/reset", b"rows"),
        ("DELETE", "/lake/a%20b", b"rows"),
    ],
)
def test_a_request_that_was_listened_to_does_nothing_else(
    endpoint: Endpoint, method: str, path: str, body: bytes
) -> None:
    heard = endpoint.signed("s3", "PUT", "/lake/a%20b", {}, b"rows")
    assert endpoint.send("PUT", "/lake/a%20b", heard, b"rows")[0] == 200
    assert endpoint.send(method, path, heard, body)[0] in (400, 403)


def test_a_refused_upload_leaves_the_connection_usable(endpoint: Endpoint) -> None:
    connection = http.client.HTTPConnection(endpoint.url.removeprefix("http://"), timeout=30)
    for headers, status in (({}, 403), (endpoint.signed("s3", "GET", "/lake/a%20b", {}), 200)):
        connection.request("GET" if headers else "PUT", "/lake/a%20b", None if headers else b"x" * 1_000_000, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
    connection.close()


# whoever has the key


@pytest.mark.parametrize("key", ["a b", "a+b", "100%", "ü/é", "?x=1&y", "a//b", "~!*'();:@&=$,", "x" * 500])
def test_objects_of_any_key_come_back_and_can_be_shared_by_url(endpoint: Endpoint, key: str) -> None:
    s3 = endpoint.client("s3")
    s3.put_object(Bucket="keys", Key=key, Body=key.encode())
    assert s3.list_objects_v2(Bucket="keys", Prefix=key)["Contents"][0]["Key"] == key
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "keys", "Key": key})
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == key.encode()
    other = urllib.request.Request(url.replace("/keys/", "/lake/"))
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(other)
    s3.delete_object(Bucket="keys", Key=key)


def test_an_upload_in_parts_comes_back(endpoint: Endpoint) -> None:
    s3, parts = endpoint.client("s3"), [b"x" * (5 << 20), b"end"]
    upload = s3.create_multipart_upload(Bucket="lake", Key="parts")["UploadId"]
    tags = [
        s3.upload_part(Bucket="lake", Key="parts", UploadId=upload, PartNumber=number, Body=part)["ETag"]
        for number, part in enumerate(parts, 1)
    ]
    made = {"Parts": [{"ETag": tag, "PartNumber": number} for number, tag in enumerate(tags, 1)]}
    s3.complete_multipart_upload(Bucket="lake", Key="parts", UploadId=upload, MultipartUpload=made)
    assert s3.get_object(Bucket="lake", Key="parts")["Body"].read() == b"".join(parts)


# the whole stack


def test_each_stack_has_a_key_of_its_own_that_only_its_user_reads(stack: Stack) -> None:
    assert stack.access_key_id not in ("", KEY, KEYS.access_key_id)
    assert len(stack.secret_access_key) == 40
    assert stack.secret_access_key not in repr(stack)
    holding = [path for path in Path(stack.home).rglob("*") if path.is_file() and holds(path, stack.secret_access_key)]
    assert [path.name for path in holding] == ["stack.json"]
    assert stat.S_IMODE(holding[0].stat().st_mode) == 0o600
    for name in (MOTO, LOCALGLUE, LOCALATHENA):
        assert stack.secret_access_key not in " ".join(psutil.Process(stack.parts[name].pid).cmdline())


def holds(path: Path, text: str) -> bool:
    """Whether a file has this text."""
    return text.encode() in path.read_bytes()


@pytest.mark.parametrize("service", LISTS)
def test_the_stack_answers_nobody_but_its_own(stack: Stack, service: str) -> None:
    url = {"glue": stack.glue_endpoint, "athena": stack.athena_endpoint}.get(service, stack.aws_endpoint)
    for keys in (KEYS, Keys("testing", "testing"), Keys(stack.access_key_id, "testing")):
        client = Endpoint(url).client(service, keys)
        with pytest.raises(ClientError) as error:
            getattr(client, LISTS[service])()
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)


def test_only_the_topic_knows_where_mails_are_taken(stack: Stack) -> None:
    forged = {"Subject": "forged", "Message": "m", "MessageId": "m", "Timestamp": "2026-11-24T12:00:00.000Z"}
    endpoint = Endpoint(stack.aws_endpoint)
    for path in ("/totelake-outbox", path_of(KEYS), f"{path_of(stack.keys)}x"):
        assert endpoint.send("POST", path, {"Content-Type": "text/plain"}, json.dumps(forged).encode())[0] == 403
    assert endpoint.send("POST", path_of(stack.keys), PAGE, json.dumps(forged).encode())[0] == 403
    subjects = [path.read_text() for path in stack.outbox.glob("*.eml")] if stack.outbox.is_dir() else []
    assert not any("forged" in subject for subject in subjects)
