"""Whatever boto3's own clients sign is let in, and refused once it is altered."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from hypothesis import assume, given
from hypothesis import strategies as st

from localgate.calls import Call
from localgate.refusals import Reason
from tests.unit.localgate.honest import ENDPOINT, TOKEN, admitted, caught, client, opened, reason, sent, signed_by

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)
KEYS = st.one_of(TEXT, st.text("ab/ .+%?&=#~!*'();:@$,\"<>[]{}|\\^`é😀\t\n", min_size=1, max_size=20))
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
BODIES = st.binary(max_size=200)
TOKENS = st.sampled_from([None, TOKEN])


@given(KEYS, BODIES, VALUES, TOKENS)
def test_an_object_is_put_under_any_key(key: str, body: bytes, value: str, token: str | None) -> None:
    call, content = caught(
        lambda: client("s3", token).put_object(Bucket="lake", Key=key, Body=body, Metadata={"a": f"{value}  {value}"})
    )
    assert admitted(call, content)
    assert content == body


@given(KEYS, KEYS, st.integers(1, 1000))
def test_a_folder_is_listed_by_any_prefix(prefix: str, start: str, count: int) -> None:
    call, content = caught(
        lambda: client("s3").list_objects_v2(
            Bucket="lake", Prefix=prefix, StartAfter=start, MaxKeys=count, EncodingType="url"
        )
    )
    assert admitted(call, content)


@given(TEXT, TOKENS)
def test_json_of_any_content_is_let_in(name: str, token: str | None) -> None:
    call, content = caught(lambda: client("secretsmanager", token).create_secret(Name=name, SecretString=name))
    assert admitted(call, content)


@given(TEXT)
def test_a_form_of_any_content_is_let_in(message: str) -> None:
    call, content = caught(lambda: client("sns").publish(TopicArn="arn:aws:sns:eu-west-2:1:x", Message=message))
    assert admitted(call, content)


@given(KEYS)
def test_paths_of_other_services_are_encoded_twice(name: str) -> None:
    assume(name.strip("/.") and not name.startswith("/"))
    call, content = caught(lambda: client("lambda").get_function(FunctionName=name[:100]))
    assert admitted(call, content)


@given(KEYS, st.sampled_from(["GET", "PUT", "DELETE"]), TOKENS)
def test_a_presigned_url_of_any_key_is_let_in(key: str, method: str, token: str | None) -> None:
    operation = {"GET": "get_object", "PUT": "put_object", "DELETE": "delete_object"}[method]
    url = client("s3", token).generate_presigned_url(operation, Params={"Bucket": "lake", "Key": key})
    assert admitted(opened(url, method), b"what is not signed" if method == "PUT" else b"")


def test_a_presigned_url_of_another_service_is_let_in() -> None:
    request = AWSRequest("GET", f"{ENDPOINT}/", params={"Action": "GetCallerIdentity", "Version": "2011-06-15"})
    assert admitted(*sent(signed_by(SigV4QueryAuth, "sts", request)))


def test_a_client_may_send_what_it_signs_less_encoded_than_the_rules() -> None:
    call, _ = caught(lambda: client("s3").get_object(Bucket="lake", Key="a=b!c (d)~"))
    assert admitted(replace(call, target=call.target.replace("%3D", "=").replace("%21", "!").replace("%28", "(")))


def test_a_client_may_date_its_request_by_the_plain_header() -> None:
    request = AWSRequest("POST", f"{ENDPOINT}/", data=b"{}", headers={"Date": "will be set"})
    call, body = sent(signed_by(SigV4Auth, "glue", request))
    assert "x-amz-date" not in call.headers
    assert admitted(call, body)


def test_a_body_may_go_unsigned() -> None:
    request = AWSRequest("PUT", f"{ENDPOINT}/lake/key", data=b"x")
    request.context["payload_signing_enabled"] = False
    request.headers["X-Amz-Content-SHA256"] = "UNSIGNED-PAYLOAD"
    call, _ = sent(signed_by(SigV4Auth, "glue", request))
    assert admitted(call, b"another")


# the same, altered


def _target(call: Call, more: str) -> Call:
    return replace(call, target=f"{call.target}{'&' if '?' in call.target else '?'}{more}")


def _header(call: Call, name: str, value: str) -> Call:
    return replace(call, headers={**call.headers, name: value})


def _in_authorization(call: Call, pattern: str, value: str) -> Call:
    changed, count = re.subn(pattern, value, call.header("authorization"))
    assert count == 1
    return _header(call, "authorization", changed)


def _other_second(date: str) -> str:
    return f"{date[:-2]}{(int(date[-2]) + 1) % 10}Z"


ALTERATIONS: dict[str, Callable[[Call], Call]] = {
    "method": lambda call: replace(call, method="DELETE"),
    "path": lambda call: replace(call, target=f"/other{call.target}"),
    "end of the path": lambda call: replace(call, target=f"{call.path}x{call.target[len(call.path) :]}"),
    "query": lambda call: _target(call, "acl"),
    "query's value": lambda call: _target(call, "versionId=1"),
    "host": lambda call: _header(call, "host", "127.0.0.1:4511"),
    "signed header": lambda call: _header(call, "x-amz-date", _other_second(call.header("x-amz-date"))),
    "header more": lambda call: _header(call, "x-amz-copy-source", "/other/secret"),
    "target": lambda call: _header(call, "x-amz-target", "AWSGlue.DeleteJob"),
    "token more": lambda call: _header(call, "x-amz-security-token", "forged"),
    "region": lambda call: _in_authorization(call, "eu-west-2", "eu-west-1"),
    "service": lambda call: _in_authorization(call, r"/(s3|glue)/aws4", "/sqs/aws4"),
    "signed headers": lambda call: _in_authorization(call, "SignedHeaders=", "SignedHeaders=accept;"),
    "signature": lambda call: _in_authorization(call, r"Signature=\w{4}", "Signature=0000"),
}


@pytest.mark.parametrize("alter", ALTERATIONS.values(), ids=ALTERATIONS)
@pytest.mark.parametrize("service", ["s3", "glue"])
def test_what_is_altered_is_refused(service: str, alter: Callable[[Call], Call]) -> None:
    asks: dict[str, Callable[[], Any]] = {
        "s3": lambda: client("s3").put_object(Bucket="lake", Key="a/b", Body=b"rows"),
        "glue": lambda: client("glue").start_job_run(JobName="job"),
    }
    call, body = caught(asks[service])
    assert admitted(call, body)
    assert alter(call) != call
    assert reason(alter(call), body) in (Reason.MISMATCH, Reason.DENIED)


@given(KEYS, KEYS)
def test_no_other_key_of_an_object_is_reached(key: str, other: str) -> None:
    assume(key != other)
    call, other_call = (caught(lambda name=name: client("s3").get_object(Bucket="lake", Key=name))[0] for name in
                        (key, other))  # fmt: skip
    assert reason(replace(call, target=other_call.target)) is Reason.MISMATCH


@given(BODIES, BODIES)
def test_no_other_body_is_taken(body: bytes, other: bytes) -> None:
    assume(body != other)
    stored, _ = caught(lambda: client("s3").put_object(Bucket="lake", Key="a", Body=body))
    assert reason(stored, other) is Reason.OTHER_BODY
    stream = sent(signed_by(SigV4Auth, "glue", AWSRequest("POST", f"{ENDPOINT}/", data=body)))
    assert reason(stream[0], other) is Reason.MISMATCH


@given(KEYS, st.sampled_from(["Expires", "Date", "Credential", "SignedHeaders", "Signature"]), st.data())
def test_no_part_of_a_presigned_url_can_be_altered(key: str, part: str, data: st.DataObject) -> None:
    url = client("s3").generate_presigned_url("get_object", Params={"Bucket": "lake", "Key": key})
    head, tail = url.split(f"X-Amz-{part}=")
    value, *rest = tail.split("&")
    place = data.draw(st.integers(0, len(value) - 1))
    letter = data.draw(st.sampled_from("0189aZ"))
    altered = value[:place] + letter + value[place + 1 :]
    assume(altered != value)
    call = opened(f"{head}X-Amz-{part}={'&'.join([altered, *rest])}")
    assert reason(call) is not Reason.MISSING
    assert reason(opened(url.replace("/lake/", "/other/"))) is Reason.MISMATCH
    assert reason(opened(url, "PUT")) is Reason.MISMATCH
    assert reason(opened(f"{url}&acl")) is Reason.MISMATCH
    assert reason(opened(url, headers=[("x-amz-acl", "public-read")])) is Reason.DENIED


def test_the_services_own_rules_for_paths_are_kept_apart() -> None:
    request = AWSRequest("GET", f"{ENDPOINT}/2015-03-31/functions/a%20b")
    call, _ = sent(signed_by(S3SigV4Auth, "lambda", request))
    assert reason(call) is Reason.MISMATCH
