"""AWS's errors become ours: which class, and a sentence with the remedy."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import (
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    ReadTimeoutError,
)

from tests.unit.ports.answers import client_error
from totelake.errors import ConfigurationError, LakeError, RetriableError, TotelakeError
from totelake.ports.aws_errors import code_of, status_of, translated, translation_of

SLOW_DOWN = client_error("SlowDown", 503, "PutObject", "Reduce your request rate.")


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (client_error("NoSuchBucket", 404, "ListObjectsV2", BucketName="lake"), LakeError,
         "the bucket lake does not exist (ListObjectsV2); create it or correct the argument"),
        (client_error("NoSuchBucket", 404, "PutObject"), LakeError,
         "the bucket named in the job's arguments does not exist (PutObject); create it or correct the argument"),
        (client_error("AccessDenied", 403), LakeError,
         "GetTable failed with AccessDenied: no; grant the job's role this action"),
        (client_error("AccessDeniedException"), LakeError,
         "GetTable failed with AccessDeniedException: no; grant the job's role this action"),
        (client_error("403", 403, "HeadObject", "Forbidden"), LakeError,
         "HeadObject failed with 403: Forbidden; grant the job's role this action"),
        (client_error("EntityNotFoundException"), LakeError,
         "GetTable failed with EntityNotFoundException: no; create it (`totelake deploy`), or run `totelake up` and "
         "deploy on one machine"),
        (client_error("ResourceNotFoundException"), ConfigurationError,
         "GetTable failed with ResourceNotFoundException: no; create it or correct the name in the job's arguments"),
        (client_error("ExpiredTokenException", 400, message="It has expired."), RetriableError,
         "GetTable failed with ExpiredTokenException: It has expired; on your machine get new credentials (`aws sso "
         "login`), and run the job again"),
        (client_error("Other"), LakeError, "GetTable failed with Other: no; see the AWS message for what to do"),
        (client_error("Other", message="Choose another name."), LakeError,
         "GetTable failed with Other: Choose another name."),
        (SLOW_DOWN, RetriableError, "PutObject failed with SlowDown: Reduce your request rate; run the job again"),
        (client_error("InternalError", 500), RetriableError,
         "GetTable failed with InternalError: no; run the job again"),
        (NoCredentialsError(), ConfigurationError,
         "there are no AWS credentials: Unable to locate credentials; give the job a role, or as a person "
         "use `aws sso login`, a profile in AWS_PROFILE or keys in variables"),
        (EndpointConnectionError(endpoint_url="http://x"), RetriableError,
         'Could not connect to the endpoint URL: "http://x"; see that the endpoint is up (one machine: `totelake '
         "status`), and run the job again"),
        (ReadTimeoutError(endpoint_url="http://x"), RetriableError,
         'AWS did not answer in time: Read timeout on endpoint URL: "http://x"; see the endpoint and the network on '
         "the way to it, and run the job again"),
    ],
)  # fmt: skip
def test_an_error_has_its_class_and_its_sentence(error: Any, kind: type[TotelakeError], sentence: str) -> None:
    found = translation_of(error)
    assert (type(found), str(found)) == (kind, sentence)


def test_a_call_that_is_wrong_is_not_tried_again() -> None:
    found = translation_of(ParamValidationError(report="Missing required parameter: Name"))
    assert (type(found), str(found)) == (
        ConfigurationError,
        "AWS was not asked: Parameter validation failed: Missing required parameter: Name; correct the setting that "
        "this names",
    )
    assert "You must specify a region; correct the region" in str(translation_of(NoRegionError()))


def test_errors_inside_the_block_are_translated_and_keep_their_cause() -> None:
    with pytest.raises(RetriableError) as raised, translated():
        raise SLOW_DOWN
    assert raised.value.__cause__ is SLOW_DOWN
    with pytest.raises(ZeroDivisionError), translated():
        raise ZeroDivisionError


def test_an_answer_without_its_parts_has_neither_code_nor_status() -> None:
    error = client_error("X")
    error.response.clear()
    assert (code_of(error), status_of(error)) == ("?", 0)
