"""Why a request is refused, in the codes and the form in which AWS says it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from html import escape

from localgate.calls import Call

# signed as S3's are, and answered as S3 answers
S3_FAMILY = frozenset({"s3", "s3express", "s3-outposts", "s3-object-lambda"})
_XML_SERVICES = frozenset({"cloudfront", "route53"})
_JSON = "application/x-amz-json-1.1"


@dataclass(frozen=True)
class _Codes:
    """A status, and the codes of S3, of services that answer XML, and of those that answer JSON."""

    status: int
    s3: str
    query: str
    json: str


class Reason(Enum):
    """Why a request is refused."""

    FOREIGN = _Codes(403, "AccessDenied", "AccessDenied", "AccessDeniedException")
    MISSING = _Codes(403, "AccessDenied", "MissingAuthenticationToken", "MissingAuthenticationTokenException")
    MALFORMED = _Codes(400, "AuthorizationHeaderMalformed", "IncompleteSignature", "IncompleteSignatureException")
    MALFORMED_QUERY = _Codes(
        400, "AuthorizationQueryParametersError", "IncompleteSignature", "IncompleteSignatureException"
    )
    UNSUPPORTED = _Codes(400, "InvalidRequest", "IncompleteSignature", "IncompleteSignatureException")
    UNKNOWN_KEY = _Codes(403, "InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException")
    SKEWED = _Codes(403, "RequestTimeTooSkewed", "SignatureDoesNotMatch", "InvalidSignatureException")
    DENIED = _Codes(403, "AccessDenied", "SignatureDoesNotMatch", "InvalidSignatureException")
    MISMATCH = _Codes(403, "SignatureDoesNotMatch", "SignatureDoesNotMatch", "InvalidSignatureException")
    OTHER_BODY = _Codes(400, "XAmzContentSHA256Mismatch", "SignatureDoesNotMatch", "InvalidSignatureException")
    INCOMPLETE_BODY = _Codes(400, "IncompleteBody", "IncompleteBody", "SerializationException")


class Refused(Exception):
    """The request is refused; the message says why, and what to do."""

    def __init__(self, reason: Reason, message: str, service: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.service = service


def mismatch(service: str) -> Refused:
    """That a signature is not the one that the request ought to have."""
    message = (
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method."
    )
    return Refused(Reason.MISMATCH, message, service)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes


def answer_to(call: Call, refused: Refused) -> Answer:
    """The refusal in the protocol that the client speaks, so that it shows code and message."""
    codes, message = refused.reason.value, refused.message
    if call.header("x-amz-target"):
        return json_answer_to(refused)
    is_query = (
        call.header("content-type").startswith("application/x-www-form-urlencoded") or "Action" in call.parameters
    )
    if refused.service in S3_FAMILY or not (refused.service or is_query):
        return _xml(codes.status, f"<Error>{_error(codes.s3, message)}</Error>", call.method)
    if refused.service == "ec2":
        error = f"<Response><Errors><Error>{_error(codes.query, message)}</Error></Errors></Response>"
        return _xml(codes.status, error, call.method)
    if is_query or refused.service in _XML_SERVICES:
        error = f"<ErrorResponse><Error><Type>Sender</Type>{_error(codes.query, message)}</Error></ErrorResponse>"
        return _xml(codes.status, error, call.method)
    return _json(codes.json, message, codes.status)


def json_answer_to(refused: Refused) -> Answer:
    """The refusal in AWS JSON 1.0 and 1.1, whose errors have the status 400."""
    status = 403 if refused.reason is Reason.FOREIGN else 400
    return _json(refused.reason.value.json, refused.message, status)


def _json(code: str, message: str, status: int) -> Answer:
    content = json.dumps({"__type": code, "Message": message, "message": message}).encode()
    return Answer(status, (("Content-Type", _JSON), ("x-amzn-ErrorType", code)), content)


def _xml(status: int, document: str, method: str) -> Answer:
    content = b"" if method == "HEAD" else f'<?xml version="1.0" encoding="UTF-8"?>\n{document}'.encode()
    return Answer(status, (("Content-Type", "application/xml"),), content)


def _error(code: str, message: str) -> str:
    return f"<Code>{code}</Code><Message>{escape(message, quote=False)}</Message>"
