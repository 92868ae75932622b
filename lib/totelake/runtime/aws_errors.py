"""AWS's own errors as sentences that name the thing and the remedy."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError

from totelake.errors import ConfigurationError, LakeError, RetriableError, TotelakeError

_PASSING = ("Throttling", "ThrottlingException", "RequestTimeout", "TooManyRequestsException", "OperationAborted")
_DENIED = ("AccessDenied", "AccessDeniedException", "403", "UnauthorizedOperation")


def sentence_for(error: BaseException) -> TotelakeError | None:
    """The error as one of ours; None for what is no AWS error."""
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
    if isinstance(error, BotoCoreError):
        return RetriableError(f"AWS could not be reached: {error}; run the job again")
    return None


def _client_error(error: ClientError) -> TotelakeError:
    details = error.response.get("Error", {})
    code, message = details.get("Code", "?"), details.get("Message", str(error))
    what = f"{error.operation_name} failed with {code}: {message}"
    if code == "NoSuchBucket":
        bucket = details.get("BucketName", "named in the job's arguments")
        return LakeError(
            f"the bucket {bucket} does not exist ({error.operation_name}); create it or correct the argument"
        )
    if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500 or code in _PASSING:
        return RetriableError(f"{what.rstrip('.')}; run the job again")
    if code in _DENIED:
        return LakeError(f"{what}; grant the job's role this action")
    if code == "EntityNotFoundException":
        return LakeError(f"{what}; create it (`totelake deploy`), or run `totelake up` and deploy on one machine")
    if code == "ResourceNotFoundException":
        return ConfigurationError(f"{what}; create it or correct the name in the job's arguments")
    return LakeError(what if what.endswith(".") else f"{what}; see the AWS message for what to do")
