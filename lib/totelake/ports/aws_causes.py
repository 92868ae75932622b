"""What botocore's errors and AWS's error codes mean for a run: the class to raise, what happened, and the remedy.

botocore's classes are found by name, since an older botocore lacks some of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from totelake.errors import ConfigurationError, LakeError, QuotaError, RetriableError, TotelakeError


@dataclass(frozen=True)
class AwsCause:
    """What an error means for a run: the class to raise, RetriableError where the same run may succeed later, and what
    to do. `what` says what happened; it is empty where the error's own words do.
    """

    kind: type[TotelakeError]
    remedy: str
    what: str = ""


def _unsent(remedy: str) -> AwsCause:
    """No request was sent, and none will be until that is done."""
    return AwsCause(ConfigurationError, remedy, "AWS was not asked")


def _passing(what: str, remedy: str) -> AwsCause:
    return AwsCause(RetriableError, f"{remedy}, and run the job again" if remedy else "run the job again", what)


def _by_name(groups: Mapping[AwsCause, str]) -> dict[str, AwsCause]:
    return {name: cause for cause, names in groups.items() for name in names.split()}


_SETTING = _unsent("correct the setting that this names")
_BUNDLE = AwsCause(
    ConfigurationError,
    "name the bundle of the authority that signed the endpoint's certificate in AWS_CA_BUNDLE, or correct the endpoint",
    "AWS's certificate is not trusted",
)
_NO_TLS = AwsCause(
    ConfigurationError, "write http:// in AWS_ENDPOINT_URL where the endpoint has no TLS", "the endpoint speaks no TLS"
)
_OTHER_NAME = AwsCause(
    ConfigurationError, "correct the endpoint or have a certificate made for it", "the certificate is of another name"
)
_EXPIRED = AwsCause(
    ConfigurationError,
    "renew the endpoint's certificate, or set this machine's clock",
    "the certificate is not valid now",
)
_BROKEN = _passing("the connection to AWS broke", "see the network on the way to the endpoint")
_LATE = _passing("AWS did not answer in time", "see the endpoint and the network on the way to it")
_CUT = _passing("AWS's answer broke off", "see the network on the way to the endpoint")
_CREDENTIALS = _unsent("see that the role, the profile or the process that gives credentials works")
_INSTALLATION = _unsent("install boto3 and botocore in the versions of constraints/, which know what this names")
_CHANGED = _passing(
    "what arrived is not what AWS says it sent",
    "see that no proxy changes answers, and restore the object from its history when only it has this",
)
# by class; a class that is not here has the cause of the one it is made of
_CLASSES = _by_name(
    {
        _SETTING: """
            ParamValidationError ValidationError MissingParametersError OperationNotPageableError
            InvalidExpressionError WaiterConfigError AwsChunkedWrapperError InvalidChecksumConfigError
            InvalidDefaultsMode InvalidIMDSEndpointError InvalidIMDSEndpointModeError InvalidMaxRetryAttemptsError
            InvalidRetryConfigurationError InvalidS3AddressingStyleError InvalidSTSRegionalEndpointsConfigError
            InvalidS3UsEast1RegionalEndpointConfigError InvalidEndpointDiscoveryConfigurationError
            UnsupportedOutpostResourceError UnsupportedS3AccesspointConfigurationError UnsupportedS3ArnError
            UnsupportedS3ConfigurationError UnsupportedS3ControlArnError UnsupportedS3ControlConfigurationError""",
        _unsent("correct the region: AWS_REGION or AWS_DEFAULT_REGION, or that of the profile"): """
            BaseEndpointResolverError InvalidRegionError UnknownRegionError ServiceNotInRegionError""",
        _unsent("correct the endpoint (AWS_ENDPOINT_URL), the region or the bucket's name"): """
            EndpointProviderError InvalidEndpointConfigurationError InvalidDNSNameError InvalidHostLabelError""",
        _unsent("correct ~/.aws/config, or the file that AWS_CONFIG_FILE names"): """
            ConfigNotFound ConfigParseError ProfileNotFound InvalidConfigError""",
        _unsent("correct HTTP_PROXY, HTTPS_PROXY, NO_PROXY or the proxies of ~/.aws/config"): """
            InvalidProxiesConfigError""",
        AwsCause(
            ConfigurationError,
            "give the job a role, or as a person use `aws sso login`, a profile in AWS_PROFILE or keys in variables",
            "there are no AWS credentials",
        ): "NoCredentialsError",
        _CREDENTIALS: "PartialCredentialsError UnknownCredentialError CredentialRetrievalError",
        _unsent(
            "use a role or a session that asks for no MFA token while a job runs"
        ): "RefreshWithMFAUnsupportedError",
        _unsent("log in again with `aws sso login`, or use a role"): """
            SSOError NoAuthTokenError TokenRetrievalError UnknownTokenProviderError""",
        _unsent("log in again with `aws login`, or use a role"): "LoginError",
        _unsent("grant signin:CreateOAuth2Token to who logs in, or use a role"): "LoginInsufficientPermissions",
        _INSTALLATION: """
            DataNotFoundError ApiVersionNotFoundError MissingDependencyException MD5UnavailableError
            UndefinedModelAttributeError UnknownClientMethodError UnknownServiceStyle UnknownSignatureVersionError
            UnsupportedSignatureVersionError UnsupportedServiceProtocolsError""",
        _unsent("remove botocore's stubber, which answers in AWS's place"): "StubResponseError",
        _CHANGED: "ChecksumError FlexibleChecksumError",
        AwsCause(
            LakeError, "see that the endpoint and what is before it are AWS's", "AWS's pages have no end"
        ): "PaginationError",
        _BUNDLE: "SSLError",
        _passing("the proxy did not take the request", "see that it is up, and HTTPS_PROXY and NO_PROXY right"): """
            ProxyConnectionError""",
        _passing("", "see that the endpoint is up (one machine: `totelake status`)"): "EndpointConnectionError",
        _LATE: "ConnectTimeoutError ReadTimeoutError",
        _BROKEN: "ConnectionError ConnectionClosedError HTTPClientError",
        _CUT: "IncompleteReadError ResponseStreamingError RetriesExceededError",
        _passing("AWS asked for a request again that could not be repeated", ""): "UnseekableStreamError",
        _passing("too many requests to AWS failed lately", "see why they do"): "CapacityNotAvailableError",
        _passing("credentials cannot be fetched", "see that the machine's metadata service answers"): """
            MetadataRetrievalError""",
        _passing("what was waited for did not come", "see what it names"): "WaiterError",
    }
)
# by what a TLS library says, since one class stands for all of it; the first that is said counts
_SAID = (
    ("wrong_version_number", _NO_TLS),
    ("wrong version number", _NO_TLS),
    ("unknown_protocol", _NO_TLS),
    ("hostname mismatch", _OTHER_NAME),
    ("doesn't match", _OTHER_NAME),
    ("is not valid for", _OTHER_NAME),
    ("has expired", _EXPIRED),
    ("not yet valid", _EXPIRED),
    ("certificate", _BUNDLE),
    ("no such file", _BUNDLE),
    ("eof", _BROKEN),
    ("reset by peer", _BROKEN),
    ("timed out", _LATE),
)
_DENIED = AwsCause(LakeError, "grant the job's role this action")
_DENIED_KEY = AwsCause(LakeError, "grant the job's role this action on the key, in its policy and in the key's")
_UNUSABLE_KEY = AwsCause(LakeError, "enable the KMS key or cancel its deletion, since it alone decrypts")
_CLOCK = AwsCause(ConfigurationError, "set the clock of the machine that asks")
_QUOTA = AwsCause(QuotaError, "run the job again when other runs have ended, or raise the quota in Service Quotas")
_REGION = AwsCause(ConfigurationError, "name the region of the bucket in AWS_REGION and AWS_DEFAULT_REGION")
_BUSY = AwsCause(RetriableError, "run the job again")
# the message has the remedy, as far as there is one
_UNKNOWN = AwsCause(LakeError, "")
_CODES = _by_name(
    {
        _BUSY: """
            BandwidthLimitExceeded ConcurrentModificationException ConditionalRequestConflict IDPCommunicationError
            InternalError InternalFailure InternalServerError InternalServiceException KMS.ThrottlingException
            OperationAborted OperationTimeoutException PriorRequestNotComplete ProvisionedThroughputExceededException
            RequestLimitExceeded RequestThrottled RequestThrottledException RequestTimeout RequestTimeoutException
            ServiceUnavailable ServiceUnavailableException SlowDown TemporaryRedirect ThrottledException Throttling
            ThrottlingException TooManyRequestsException TransactionInProgressException""",
        _QUOTA: """
            ConcurrentRunsExceededException LimitExceeded LimitExceededException ResourceNumberLimitExceededException
            ServiceQuotaExceededException TooManyBuckets""",
        _DENIED: "AccessDenied AccessDeniedException 403 UnauthorizedOperation AuthorizationError",
        _DENIED_KEY: "KMS.AccessDeniedException KMSAccessDenied KMSAccessDeniedException",
        _UNUSABLE_KEY: """
            DisabledException KMS.DisabledException KMSDisabled KMSDisabledException KMSInvalidStateException
            KMSInvalidState KMS.KMSInvalidStateException KMS.InvalidStateException""",
        AwsCause(LakeError, "see that the KMS key exists in this region and the job's role may use it"): """
            DecryptionFailure EncryptionFailure GlueEncryptionException KMS.NotFoundException KMSNotFound
            KMSNotFoundException KMSOptInRequired InvalidKeyUsageException KMS.InvalidKeyUsageException""",
        AwsCause(RetriableError, "on your machine get new credentials (`aws sso login`), and run the job again"): """
            ExpiredToken ExpiredTokenException RequestExpired TokenRefreshRequired""",
        AwsCause(
            ConfigurationError, "correct the access key and token: `aws sso login`, another AWS_PROFILE, or keys"
        ): """
            AuthFailure IncompleteSignature InvalidAccessKeyId InvalidClientTokenId InvalidSecurity InvalidToken
            MissingAuthenticationToken MissingAuthenticationTokenException UnrecognizedClientException""",
        AwsCause(ConfigurationError, "correct the secret key, and see that no proxy changes requests"): """
            InvalidSignatureException SignatureDoesNotMatch""",
        _CLOCK: "RequestTimeTooSkewed RequestInTheFuture",
        AwsCause(ConfigurationError, "enable the service and the region for the account, or use another"): """
            AccountProblem NotSignedUp OptInRequired SubscriptionRequiredException""",
        _REGION: """
            301 AuthorizationHeaderMalformed BucketRegionError IllegalLocationConstraintException PermanentRedirect
            PermanentRedirectError""",
        AwsCause(LakeError, "use an endpoint that has this operation"): """
            MethodNotAllowed NotImplemented UnknownOperationException UnsupportedOperation""",
        AwsCause(LakeError, "correct the setting that this names"): """
            InvalidArgument InvalidBucketName InvalidInputException InvalidParameter InvalidParameterException
            InvalidParameterValue InvalidRequest InvalidRequestException ValidationError ValidationException""",
        AwsCause(
            LakeError, "create it (`totelake deploy`), or run `totelake up` and deploy on one machine"
        ): "EntityNotFoundException",
        AwsCause(
            ConfigurationError, "create it or correct the name in the job's arguments"
        ): "ResourceNotFoundException AWS.SimpleQueueService.NonExistentQueue QueueDoesNotExist NotFoundException",
    }
)
# words of an answer that tell more than its code, and the codes that they belong to
_EXACTLY = (
    ("kms:", "AccessDenied AccessDeniedException", _DENIED_KEY),
    ("signature expired", "InvalidSignatureException SignatureDoesNotMatch", _CLOCK),
    ("signature not yet current", "InvalidSignatureException SignatureDoesNotMatch", _CLOCK),
)
# what a server that is asked again answers alike: not implemented, version not supported
_LASTING = (501, 505)


def cause_of_class(kind: type[BaseException], said: str = "") -> AwsCause | None:
    """What an error of botocore or boto3 means, by its class and those that it is made of, and for TLS by what it says;
    None when none of them is known."""
    name = next((base.__name__ for base in kind.__mro__ if base.__name__ in _CLASSES), "")
    if name == "SSLError":
        return next((cause for words, cause in _SAID if words in said.lower()), _BUNDLE)
    return _CLASSES.get(name)


def cause_of_code(code: str, status: int, said: str = "") -> AwsCause:
    """What an answer of AWS means: by its code, which its words may narrow down, else by its HTTP status."""
    for words, codes, cause in _EXACTLY:
        if words in said.lower() and code in codes.split():
            return cause
    if code in _CODES:
        return _CODES[code]
    return _BUSY if status >= 500 and status not in _LASTING else _UNKNOWN


def kind_and_remedy(code: str, said: str, remedy: str) -> tuple[type[TotelakeError], str]:
    """For one of many things that AWS refuses in an answer that succeeds: the class to raise and what to do; `remedy`
    where the refusal lasts."""
    cause = cause_of_code(code, 0, said)
    return (cause.kind, cause.remedy) if issubclass(cause.kind, RetriableError) else (LakeError, remedy)
