"""What the gate refuses: strangers, clocks, half signatures; each in the code and the form of the client's protocol."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.exceptions import ClientError

from localgate.calls import Call
from localgate.keys import Keys
from localgate.places import local_hosts, refuse_foreign
from localgate.refusals import Answer, Reason, Refused, answer_to
from tests.unit.localgate.honest import (
    ENDPOINT,
    KEYS,
    admitted,
    caught,
    client,
    opened,
    reason,
    refusal,
    sent,
    signed_by,
    with_headers,
)  # fmt: skip

MINUTE = timedelta(minutes=1)
V4 = "AWS4-HMAC-SHA256"


def listed() -> Call:
    """A request of S3."""
    return caught(lambda: client("s3").list_buckets())[0]


def got() -> tuple[Call, bytes]:
    """A request of Glue."""
    return caught(lambda: client("glue").get_job(JobName="job"))


# the clock


@pytest.mark.parametrize("minutes", [-14, 0, 14])
def test_a_clock_may_be_wrong_by_a_quarter_of_an_hour(minutes: int) -> None:
    assert admitted(listed(), later=minutes * MINUTE)
    assert admitted(*got(), later=minutes * MINUTE)


@pytest.mark.parametrize("minutes", [-16, 16, 60 * 24 * 365])
def test_a_clock_that_is_wrong_by_more_is_told(minutes: int) -> None:
    found = refusal(listed(), later=minutes * MINUTE)
    assert found.reason is Reason.SKEWED
    assert "correct the clock, or sign anew" in found.message


def test_a_presigned_url_is_good_for_its_seconds_and_no_longer() -> None:
    url = client("s3").generate_presigned_url("get_object", Params={"Bucket": "lake", "Key": "a"}, ExpiresIn=7200)
    assert admitted(opened(url), later=119 * MINUTE)
    found = refusal(opened(url), later=121 * MINUTE)
    assert (found.reason, found.message.partition(":")[0]) == (Reason.DENIED, "Request has expired")
    assert refusal(opened(url), later=-16 * MINUTE).message.startswith("Request is not valid yet")


# what is no signature


def presigned() -> str:
    """A presigned URL."""
    return str(client("s3").generate_presigned_url("get_object", Params={"Bucket": "lake", "Key": "a"}))


def signed() -> str:
    """The Authorization of a request of S3."""
    return listed().header("authorization")


def authorized(value: str) -> Call:
    """A request of S3 with another Authorization."""
    return with_headers(listed(), authorization=value)


HALF: dict[str, tuple[Callable[[], Call], Reason]] = {
    "none": (lambda: with_headers(listed(), authorization=None), Reason.MISSING),
    "an empty one": (lambda: authorized(""), Reason.MISSING),
    "version 2": (lambda: authorized(f"AWS {KEYS.access_key_id}:c2ln"), Reason.UNSUPPORTED),
    "version 2 in a query": (lambda: opened(f"{ENDPOINT}/b?AWSAccessKeyId=x&Signature=y"), Reason.UNSUPPORTED),
    "password": (lambda: authorized("Basic dGVzdGluZzp0ZXN0aW5n"), Reason.UNSUPPORTED),
    "asymmetric": (lambda: authorized("AWS4-ECDSA-P256-SHA256 Credential=x"), Reason.UNSUPPORTED),
    "nothing but the word": (lambda: authorized(V4), Reason.MALFORMED),
    "made up": (
        lambda: authorized(f"{V4} Credential=x/20240101/eu-west-2/s3/aws4_request, SignedHeaders=host, Signature=x"),
        Reason.MALFORMED,
    ),
    "another order": (
        lambda: authorized(" ".join([V4, *reversed(signed().split(" ")[1:])])), Reason.MALFORMED
    ),
    "another day": (lambda: with_headers(listed(), x_amz_date="20200101T000000Z"), Reason.MALFORMED),
    "no day": (lambda: with_headers(listed(), x_amz_date=None), Reason.MALFORMED),
    "no such day": (lambda: with_headers(listed(), x_amz_date="20241399T000000Z"), Reason.MALFORMED),
    "a plain date of no sense": (lambda: with_headers(listed(), x_amz_date=None, date="yesterday"), Reason.MALFORMED),
    "both": (lambda: with_headers(opened(presigned()), authorization=signed()), Reason.MALFORMED),
    "a presigned URL for ever": (
        lambda: opened(presigned().replace("Expires=3600", "Expires=604801")), Reason.MALFORMED_QUERY
    ),
    "a presigned URL for no seconds": (
        lambda: opened(presigned().replace("Expires=3600", "Expires=" + "9" * 5000)), Reason.MALFORMED_QUERY
    ),
    "a presigned URL that was cut": (
        lambda: opened(presigned().partition("&X-Amz-Expires")[0]), Reason.MALFORMED_QUERY
    ),
    "a presigned URL of nobody": (
        lambda: opened(presigned().replace("Credential=", "Credential=%2F")), Reason.MALFORMED_QUERY
    ),
    "a part twice": (lambda: opened(presigned() + "&X-Amz-Date=20200101T000000Z"), Reason.MALFORMED_QUERY),
    "S3 without a hash": (lambda: with_headers(listed(), x_amz_content_sha256=None), Reason.UNSUPPORTED),
    "S3 with what is no hash": (lambda: with_headers(listed(), x_amz_content_sha256="x"), Reason.UNSUPPORTED),
    "no path": (lambda: replace(listed(), target="*"), Reason.UNSUPPORTED),
    "an address for a path": (lambda: replace(listed(), target="http://evil/"), Reason.UNSUPPORTED),
    "a host for a path": (lambda: replace(listed(), target="//evil/bucket"), Reason.UNSUPPORTED),
}  # fmt: skip


@pytest.mark.parametrize(("make", "why"), HALF.values(), ids=HALF)
def test_what_is_no_signature_is_refused(make: Callable[[], Call], why: Reason) -> None:
    assert reason(make()) is why


def test_the_host_has_to_be_signed() -> None:
    call = listed()
    header = call.header("authorization").replace("SignedHeaders=host;", "SignedHeaders=")
    assert "which were not signed: host" in refusal(with_headers(call, authorization=header)).message


# whoever has another key


def asked(service: str, keys: Keys, ask: Callable[[Any], Any]) -> ClientError:
    """The error that a client with these keys shows, the gate being its endpoint."""
    made = boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name="eu-west-2",
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
    )

    def answer(request: Any, **_: Any) -> AWSResponse:
        call, body = sent(request)
        found = answer_to(call, refusal(call, body))
        return AWSResponse(request.url, found.status, dict(found.headers), _Raw(found))

    made.meta.events.register_first("before-send.*", answer)
    with pytest.raises(ClientError) as caught_error:
        ask(made)
    return caught_error.value


class _Raw:
    def __init__(self, answer: Answer) -> None:
        self._content = answer.content

    def stream(self, **_: Any) -> list[bytes]:
        return [self._content]


ASKS: dict[str, Callable[[Any], Any]] = {
    "s3": lambda one: one.list_objects_v2(Bucket="lake"),
    "sns": lambda one: one.list_topics(),
    "ec2": lambda one: one.describe_vpcs(),
    "route53": lambda one: one.list_hosted_zones(),
    "glue": lambda one: one.get_jobs(),
    "lambda": lambda one: one.list_functions(),
}
UNKNOWN = {"s3": "InvalidAccessKeyId", "glue": "UnrecognizedClientException", "lambda": "UnrecognizedClientException"}
WRONG = {"glue": "InvalidSignatureException", "lambda": "InvalidSignatureException"}


@pytest.mark.parametrize("service", ASKS)
def test_each_protocols_client_shows_which_key_is_unknown_and_which_secret_is_wrong(service: str) -> None:
    unknown = asked(service, Keys("AKIAREALUSER", KEYS.secret_access_key), ASKS[service]).response["Error"]
    assert unknown["Code"] == UNKNOWN.get(service, "InvalidClientTokenId")
    assert unknown["Message"].endswith("Take the stack's own.")
    wrong = asked(service, replace(KEYS, secret_access_key="another"), ASKS[service]).response["Error"]
    assert wrong["Code"] == WRONG.get(service, "SignatureDoesNotMatch")
    assert "does not match the signature you provided" in wrong["Message"]


def test_an_answer_to_head_has_no_body() -> None:
    call, _ = caught(lambda: client("s3").head_object(Bucket="lake", Key="a"))
    answer = answer_to(call, refusal(replace(call, target="/other")))
    assert (answer.status, answer.content) == (403, b"")


def test_what_is_not_signed_is_told_in_its_protocols_words() -> None:
    why = Refused(Reason.MISSING, "not <signed> & none")
    form = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    answers = [answer_to(Call("POST", "/", headers), why) for headers in ({}, form, {"x-amz-target": "AWSGlue.GetJob"})]
    assert [answer.status for answer in answers] == [403, 403, 400]
    assert (
        b"<Error><Code>AccessDenied</Code><Message>not &lt;signed&gt; &amp; none</Message></Error>"
        in answers[0].content
    )
    assert b"<Code>MissingAuthenticationToken</Code>" in answers[1].content
    assert json.loads(answers[2].content)["__type"] == "MissingAuthenticationTokenException"


# web pages


@pytest.mark.parametrize("host", ["127.0.0.1:4510", "localhost:4510", "LocalHost:4510", "[::1]:4510", "glue:4510"])
def test_this_machines_names_are_answered(host: str) -> None:
    refuse_foreign(Call("GET", "/", {"host": host}), local_hosts(4510, ["glue"]))


@pytest.mark.parametrize(
    "host",
    ["", "rebind.evil.example:4510", "127.0.0.1", "localhost:4511", "evil.localhost:4510", "127.0.0.1:4510.evil"],
)
def test_a_name_that_only_anothers_dns_leads_here_is_refused(host: str) -> None:
    with pytest.raises(Refused, match="which is no name of this endpoint: .*127.0.0.1:4510"):
        refuse_foreign(Call("GET", "/", {"host": host}), local_hosts(4510))


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "http://127.0.0.1:4510"])
def test_a_web_page_is_refused_whatever_it_is(origin: str) -> None:
    with pytest.raises(Refused, match="answers no web page"):
        refuse_foreign(Call("GET", "/", {"host": "127.0.0.1:4510", "origin": origin}), local_hosts(4510))


def test_port_80_may_go_without_saying() -> None:
    refuse_foreign(Call("GET", "/", {"host": "localhost"}), local_hosts(80))


def test_keys_are_guessed_by_nobody_and_shown_by_no_repr() -> None:
    one, other = Keys.random(), Keys.random()
    assert one.access_key_id != other.access_key_id and one.secret_access_key != other.secret_access_key
    assert (len(one.access_key_id), len(one.secret_access_key)) == (20, 40)
    assert one.secret_access_key not in repr(one)
    assert one.token("a") != one.token("b") != other.token("b")
    assert Keys.of_environment(one.environment()) == one


def test_a_header_with_other_letters_than_asciis_is_signed_as_utf_8() -> None:
    request = AWSRequest("GET", f"{ENDPOINT}/lake/a", headers={"x-amz-meta-name": "größe"})
    call, _ = sent(signed_by(S3SigV4Auth, "s3", request))
    on_the_wire = call.header("x-amz-meta-name").encode().decode("latin-1")
    assert admitted(with_headers(call, x_amz_meta_name=on_the_wire))
