"""AWS's errors translated into ours: each a class that says whether to try again, and a sentence with the remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Union

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)

from totelake.errors import ConfigurationError, LakeError, RetriableError, TotelakeError

AwsError = (ClientError, BotoCoreError)
_Error = Union[ClientError, BotoCoreError]
_PASSING = (
    "Throttling",
    "ThrottlingException",
    "RequestTimeout",
    "OperationTimeoutException",
    "TooManyRequestsException",
    "OperationAborted",
)
# no request was sent, and none will be until a setting or the code is corrected
_UNSENT = (NoRegionError, ParamValidationError, PartialCredentialsError, ProfileNotFound)
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
_DENIED = ("AccessDenied", "AccessDeniedException", "403", "UnauthorizedOperation")


@contextmanager
def translated() -> Iterator[None]:
    """Translate the AWS errors that the block raises."""
    try:
        yield
    except AwsError as error:
        raise translation_of(error) from error


def code_of(error: ClientError) -> str:
    """The error's code, such as NoSuchKey."""
    return str(error.response.get("Error", {}).get("Code", "?"))


def status_of(error: ClientError) -> int:
    """The HTTP status of an error; 0 when there is none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def translation_of(error: _Error) -> TotelakeError:
    """The error of ours that an error of AWS is raised as: RetriableError where trying again may help."""
    if isinstance(error, ClientError):
        return _client_error(error)
    if isinstance(error, EndpointConnectionError):
        return RetriableError(
            f"{error}; see that the endpoint is up (one machine: `totelake status`) and run the job again"
        )
    if isinstance(error, NoCredentialsError):
        return ConfigurationError(
            "there are no AWS credentials; give the job a role, or on one machine use `totelake env`"
        )
    words = " ".join(str(error).split()).rstrip(".")
    if isinstance(error, _UNSENT):
        return ConfigurationError(f"AWS was not asked: {words}; correct the setting that this names")
    return RetriableError(f"AWS could not be reached: {words}; run the job again")


def _client_error(error: ClientError) -> TotelakeError:
    details = error.response.get("Error", {})
    code, message = code_of(error), details.get("Message", str(error))
    what = f"{error.operation_name} failed with {code}: {message}"
    if code == "NoSuchBucket":
        bucket = details.get("BucketName", "named in the job's arguments")
        return LakeError(
            f"the bucket {bucket} does not exist ({error.operation_name}); create it or correct the argument"
        )
    if status_of(error) >= 500 or code in _PASSING:
        return RetriableError(f"{what.rstrip('.')}; run the job again")
    if code in _EXPIRED:
        return RetriableError(f"{what.rstrip('.')}; run the job again, or on your machine sign in to AWS again")
    if code in _DENIED:
        return LakeError(f"{what}; grant the job's role this action")
    if code == "EntityNotFoundException":
        return LakeError(f"{what}; create it (`totelake deploy`), or run `totelake up` and deploy on one machine")
    if code == "ResourceNotFoundException":
        return ConfigurationError(f"{what}; create it or correct the name in the job's arguments")
    return LakeError(what if what.endswith(".") else f"{what}; see the AWS message for what to do")
