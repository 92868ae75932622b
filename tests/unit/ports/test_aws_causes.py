"""Every error that botocore can raise, and every code that AWS is known to answer: is a retry of use, and what is?"""

from __future__ import annotations

import inspect
import re
import string
import sys
from types import SimpleNamespace
from typing import Any

import botocore.exceptions
import pytest
from botocore.exceptions import BotoCoreError, ClientError, SSLError, UnknownServiceError

from tests.unit.ports.answers import client_error
from totelake.errors import ConfigurationError, LakeError, QuotaError, RetriableError
from totelake.ports.aws_causes import cause_of_class
from totelake.ports.aws_errors import AwsError, translated, translation_of

CLASSES = sorted(
    name
    for name, kind in vars(botocore.exceptions).items()
    if inspect.isclass(kind) and issubclass(kind, Exception) and not issubclass(kind, (ClientError, Warning))
)
# what may succeed when the same run is started again; everything else waits for somebody
PASSING = {
    "CapacityNotAvailableError", "ChecksumError", "ConnectTimeoutError", "ConnectionClosedError", "ConnectionError",
    "EndpointConnectionError", "FlexibleChecksumError", "HTTPClientError", "IncompleteReadError",
    "MetadataRetrievalError", "ProxyConnectionError", "ReadTimeoutError", "ResponseStreamingError",
    "UnseekableStreamError", "WaiterError",
}  # fmt: skip
# by class a word of its remedy
REMEDIES = {
    "ChecksumError": "proxy", "ConfigParseError": "AWS_CONFIG_FILE", "ConnectTimeoutError": "network",
    "ConnectionClosedError": "network", "CredentialRetrievalError": "process", "EndpointConnectionError": "endpoint",
    "FlexibleChecksumError": "proxy", "IncompleteReadError": "network", "InfiniteLoopConfigError": "~/.aws/config",
    "InvalidDNSNameError": "bucket's name", "InvalidProxiesConfigError": "HTTPS_PROXY", "InvalidRegionError": "region",
    "LoginRefreshRequired": "`aws login`", "MetadataRetrievalError": "metadata service",
    "MissingDependencyException": "install", "NoCredentialsError": "role", "NoRegionError": "AWS_DEFAULT_REGION",
    "ProfileNotFound": "AWS_CONFIG_FILE", "ProxyConnectionError": "HTTPS_PROXY", "ReadTimeoutError": "network",
    "RefreshWithMFAUnsupportedError": "MFA", "SSLError": "AWS_CA_BUNDLE", "SSOTokenLoadError": "`aws sso login`",
    "TokenRetrievalError": "`aws sso login`", "UnauthorizedSSOTokenError": "`aws sso login`",
    "UnknownServiceError": "install",
}  # fmt: skip


def raised(name: str) -> Any:
    """An error of botocore's with its words."""
    kind = getattr(botocore.exceptions, name)
    fields = [field for _, field, _, _ in string.Formatter().parse(getattr(kind, "fmt", "")) if field]
    answer: Any = {"last_response": {}} if name == "WaiterError" else {}
    return kind(**{field: f"its {field}" for field in fields}, **answer)


@pytest.mark.parametrize("name", CLASSES)
def test_every_error_of_botocore_has_a_class_and_a_remedy(name: str) -> None:
    error = raised(name)
    assert isinstance(error, AwsError)
    found = translation_of(error)
    assert (type(found) is RetriableError) == (name in PASSING)
    said, remedy = str(found).rsplit("; ", 1)
    assert " ".join(str(error).split()).rstrip(".")[:100] in said
    assert remedy.endswith("run the job again") == (name in PASSING)
    assert REMEDIES.get(name, "") in remedy
    # its own words are no remedy: botocore's own class for all alone has none of ours
    assert (cause_of_class(type(error)) is None) == (name == "BotoCoreError")
    assert "could not be reached" not in str(found) and "\n" not in str(found)


def test_the_classes_that_are_told_apart_are_botocores() -> None:
    if sys.version_info >= (3, 11):  # AWS Glue's Python shell has an older botocore, which lacks some
        assert set(CLASSES) >= PASSING | REMEDIES.keys()
    assert len(CLASSES) > 70


def test_an_error_that_a_later_botocore_brings_says_plainly_what_it_is() -> None:
    class NewError(BotoCoreError):
        fmt = "a new thing"

    class NewTimeoutError(botocore.exceptions.ReadTimeoutError):
        fmt = "a new time-out"

    found = translation_of(NewError())
    assert (type(found), str(found)) == (
        LakeError,
        "the AWS client raised NewError: a new thing; see what this names and correct it",
    )
    assert isinstance(translation_of(NewTimeoutError(endpoint_url="x")), RetriableError)


@pytest.mark.parametrize(
    ("said", "kind", "remedy"),
    [
        ("[SSL: CERTIFICATE_VERIFY_FAILED] self signed certificate in chain", ConfigurationError, "AWS_CA_BUNDLE"),
        ("[Errno 2] No such file or directory", ConfigurationError, "AWS_CA_BUNDLE"),
        ("certificate verify failed: certificate has expired", ConfigurationError, "renew"),
        ("Hostname mismatch, certificate is not valid for 'x'", ConfigurationError, "correct the endpoint"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number", ConfigurationError, "write http://"),
        ("EOF occurred in violation of protocol", RetriableError, "run the job again"),
        ("The handshake operation timed out", RetriableError, "run the job again"),
        ("something else", ConfigurationError, "AWS_CA_BUNDLE"),
    ],
)
@pytest.mark.parametrize("host", ["s3", "my-certificates.s3", "geofences.s3"])
def test_what_is_wrong_with_tls_is_told_apart(said: str, kind: type[Exception], remedy: str, host: str) -> None:
    found = translation_of(SSLError(endpoint_url=f"https://{host}", error=said))
    assert type(found) is kind and remedy in str(found).rsplit("; ", 1)[1]


CODES = {
    RetriableError: {
        "run the job again": (
            "Throttling ThrottlingException RequestTimeout OperationTimeoutException TooManyRequestsException "
            "OperationAborted SlowDown ServiceUnavailable InternalError RequestLimitExceeded InternalServiceException "
            "ConcurrentModificationException TemporaryRedirect KMS.ThrottlingException"
        ),
        # the next run of a job has new ones
        "get new credentials": "ExpiredToken ExpiredTokenException RequestExpired",
    },
    QuotaError: {
        "quota": "LimitExceeded LimitExceededException ResourceNumberLimitExceededException "
        "ConcurrentRunsExceededException ServiceQuotaExceededException"
    },
    ConfigurationError: {
        "correct the access key": "InvalidClientTokenId UnrecognizedClientException InvalidAccessKeyId InvalidToken",
        "correct the secret key": "SignatureDoesNotMatch InvalidSignatureException",
        "set the clock": "RequestTimeTooSkewed RequestInTheFuture",
        "enable the service": "OptInRequired SubscriptionRequiredException NotSignedUp",
        "region of the bucket": "PermanentRedirect AuthorizationHeaderMalformed IllegalLocationConstraintException 301",
        "create it": "ResourceNotFoundException AWS.SimpleQueueService.NonExistentQueue",
    },
    LakeError: {
        "grant the job's role": "AccessDenied AccessDeniedException 403 "
        "UnauthorizedOperation KMS.AccessDeniedException",
        "enable the KMS key": "KMS.DisabledException KMS.KMSInvalidStateException KMSInvalidStateException",
        "the KMS key exists": "KMS.NotFoundException DecryptionFailure GlueEncryptionException",
        "create it": "NoSuchBucket EntityNotFoundException",
        "correct the setting": "InvalidRequest InvalidArgument ValidationException InvalidInputException",
        "an endpoint that has": "NotImplemented MethodNotAllowed",
    },
}
CASES = [
    (code, kind, remedy)
    for kind, remedies in CODES.items()
    for remedy, codes in remedies.items()
    for code in codes.split()
]


@pytest.mark.parametrize(("code", "kind", "remedy"), CASES)
@pytest.mark.parametrize("status", [0, 400, 503])
def test_a_known_code_decides_whatever_the_status(code: str, kind: type[Exception], remedy: str, status: int) -> None:
    found = translation_of(client_error(code, status, message="Its words."))
    assert type(found) is kind and remedy in str(found).rsplit("; ", 1)[1]
    assert ("run the job again" in str(found)) == issubclass(kind, RetriableError)
    assert re.fullmatch(r"GetTable failed with .*: Its words; .*|the bucket .*", str(found))


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, LakeError), (409, LakeError), (500, RetriableError), (503, RetriableError), (501, LakeError)],
)
def test_of_an_unknown_code_the_status_decides(status: int, kind: type[Exception]) -> None:
    assert type(translation_of(client_error("SomethingNew", status))) is kind


@pytest.mark.parametrize(
    ("code", "message", "remedy"),
    [
        ("AccessDenied", "is not authorized to perform: kms:Decrypt on resource", "on the key"),
        ("AccessDeniedException", "not authorized to perform: kms:GenerateDataKey", "on the key"),
        ("InvalidSignatureException", "Signature expired: 20261129T1 is now earlier than 20261129T2", "clock"),
        ("InvalidSignatureException", "Signature not yet current: 20261129T1", "clock"),
        ("SignatureDoesNotMatch", "Signature expired: 20261129T1 is now earlier than 20261129T2", "clock"),
    ],
)
def test_the_words_of_an_answer_narrow_its_code_down(code: str, message: str, remedy: str) -> None:
    assert remedy in str(translation_of(client_error(code, message=message))).rsplit("; ", 1)[1]


def test_a_transfer_of_boto3_that_gives_up_is_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3.exceptions

    with pytest.raises(RetriableError, match="AWS's answer broke off: Max Retries .*; see the network"), translated():
        raise boto3.exceptions.RetriesExceededError(ValueError("cut"))
    with pytest.raises(LakeError, match="the AWS client raised S3UploadFailedError: gone; see what"), translated():
        raise boto3.exceptions.S3UploadFailedError("gone")
    monkeypatch.setitem(sys.modules, "boto3.exceptions", SimpleNamespace(Boto3Error=KeyError))
    with pytest.raises(ZeroDivisionError), translated():
        raise ZeroDivisionError


def test_an_error_that_names_everything_it_knows_stays_one_short_sentence() -> None:
    error = UnknownServiceError(service_name="glu", known_service_names=", ".join(f"service{n}" for n in range(400)))
    assert len(str(translation_of(error))) < 600
    assert str(translation_of(error)).startswith("AWS was not asked: Unknown service: 'glu'.")
