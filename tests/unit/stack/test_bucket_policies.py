"""Which statements of a bucket's policy a request meets."""

from __future__ import annotations

from typing import Any

import pytest

from totelake.stack.bucket_policies import applicable

HTTPS = {"aws:securetransport": "true", "aws:sourceaccount": "123456789012"}
CREATES = {**HTTPS, "s3:if-none-match": "*"}


def met(condition: dict[str, Any], context: dict[str, str]) -> bool:
    """Whether a statement with the condition applies."""
    statement = {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": condition}
    return applicable({"Statement": statement}, context)["Statement"] == [statement]


@pytest.mark.parametrize(
    ("condition", "context", "is_met"),
    [
        ({}, HTTPS, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, HTTPS, False),
        ({"Bool": {"aws:SecureTransport": False}}, HTTPS, False),
        ({"Bool": {"aws:SecureTransport": ["false"]}}, {}, False),
        ({"Null": {"s3:if-none-match": "true"}}, HTTPS, True),
        ({"Null": {"s3:if-none-match": "true"}}, CREATES, False),
        ({"Null": {"s3:if-none-match": "false"}}, CREATES, True),
        ({"Null": {"s3:if-none-match": ["true"]}, "Bool": {"aws:SecureTransport": "false"}}, HTTPS, False),
        ({"StringEquals": {"aws:SourceAccount": ["1", "123456789012"]}}, HTTPS, True),
        ({"StringEquals": {"aws:SourceAccount": "1"}}, HTTPS, False),
        ({"StringEquals": {"aws:SourceAccount": "1"}}, {}, False),
        ({"StringEqualsIfExists": {"aws:SourceAccount": "1"}}, {}, True),
        ({"StringNotEquals": {"aws:SourceAccount": "1"}}, HTTPS, True),
        ({"StringNotEquals": {"aws:SourceAccount": ["1", "123456789012"]}}, HTTPS, False),
        ({"StringNotEquals": {"aws:SourceAccount": "1"}}, {}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:*:rule/a*"}}, {"aws:sourcearn": "arn:aws:events:x:1:rule/ab"}, True),
        ({"ArnNotLike": {"aws:SourceArn": "arn:*:rule/a*"}}, {"aws:sourcearn": "arn:aws:events:x:1:rule/ab"}, False),
    ],
)
def test_a_statement_applies_when_every_condition_holds(
    condition: dict[str, Any], context: dict[str, str], is_met: bool
) -> None:
    assert met(condition, context) is is_met


def test_an_operator_that_is_not_known_is_an_error_and_no_permission() -> None:
    with pytest.raises(ValueError, match="the operator IpAddress, which the local stack does not know"):
        met({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, HTTPS)
