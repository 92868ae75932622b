"""What a request says of its own signature: by whom, when, over what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from localgate.calls import Call
from localgate.refusals import Reason, Refused

ALGORITHM = "AWS4-HMAC-SHA256"
LONGEST_SECONDS = 7 * 24 * 3600
_CREDENTIAL = r"(?P<key>[^,/\s]+)/(?P<date>[0-9]{8})/(?P<region>[^,/\s]+)/(?P<service>[^,/\s]+)/aws4_request"
# moto looks for the service in what stands first, so that other orders are other requests to it
_HEADER = re.compile(
    rf"{ALGORITHM} +Credential={_CREDENTIAL}, *"
    r"SignedHeaders=(?P<headers>[^,\s]+), *Signature=(?P<signature>[0-9a-f]{64})"
)
_SCOPE = re.compile(_CREDENTIAL)
_TIMESTAMP = "%Y%m%dT%H%M%SZ"
_IS_TIMESTAMP = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_IS_COUNT = re.compile(r"[0-9]{1,6}")
_OF_QUERY = ("Credential", "Date", "Expires", "SignedHeaders", "Signature")


@dataclass(frozen=True)
class Claim:
    """The parts of a signature. `expires` are the seconds for which a presigned URL is good; None for a header."""

    key_id: str
    timestamp: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    expires: int | None = None

    @property
    def moment(self) -> datetime:
        """When it was signed."""
        return datetime.strptime(self.timestamp, _TIMESTAMP).replace(tzinfo=timezone.utc)

    @property
    def scope(self) -> str:
        """What the signing key is good for."""
        return f"{self.timestamp[:8]}/{self.region}/{self.service}/aws4_request"


def claim_of(call: Call) -> Claim:
    """Read it. Raises Refused when there is none, or one that says too little or too much."""
    header, by_query = call.header("authorization"), "X-Amz-Algorithm" in call.parameters
    if header and by_query:
        raise Refused(Reason.MALFORMED, "a request is signed by the header Authorization or by its query, not by both")
    if not header and not by_query and "AWSAccessKeyId" not in call.parameters:
        raise Refused(Reason.MISSING, "the request is not signed; sign it with this endpoint's own key")
    algorithm = call.parameters.get("X-Amz-Algorithm", "") if by_query else header.partition(" ")[0]
    if algorithm != ALGORITHM:
        raise Refused(Reason.UNSUPPORTED, f"the authorization mechanism is not supported; please use {ALGORITHM}")
    return _of_query(call) if by_query else _of_header(call, header)


def _of_header(call: Call, header: str) -> Claim:
    found = _HEADER.fullmatch(header)
    if found is None:
        wanted = f"{ALGORITHM} Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=..., Signature=..."
        raise Refused(Reason.MALFORMED, f"the header Authorization is not of the form '{wanted}'")
    return _claim(found, _timestamp(call), found["headers"], found["signature"], None)


def _of_query(call: Call) -> Claim:
    given = {name: call.parameters.get(f"X-Amz-{name}", "") for name in _OF_QUERY}
    missing = [f"X-Amz-{name}" for name, value in given.items() if not value]
    if missing:
        raise Refused(Reason.MALFORMED_QUERY, f"the presigned URL lacks {', '.join(missing)}")
    found = _SCOPE.fullmatch(given["Credential"])
    if found is None:
        raise Refused(Reason.MALFORMED_QUERY, "X-Amz-Credential is not KEY/DATE/REGION/SERVICE/aws4_request")
    seconds = given["Expires"]
    if not _IS_COUNT.fullmatch(seconds) or not 0 < int(seconds) <= LONGEST_SECONDS:
        raise Refused(Reason.MALFORMED_QUERY, f"X-Amz-Expires is '{seconds}', not seconds from 1 to {LONGEST_SECONDS}")
    return _claim(found, given["Date"], given["SignedHeaders"], given["Signature"], int(seconds))


def _claim(found: re.Match[str], timestamp: str, headers: str, signature: str, expires: int | None) -> Claim:
    names = tuple(headers.split(";"))
    claim = Claim(found["key"], timestamp, found["region"], found["service"], names, signature, expires)
    reason = Reason.MALFORMED if expires is None else Reason.MALFORMED_QUERY
    if not _is_moment(claim):
        message = f"X-Amz-Date is '{timestamp}', which is no moment such as 20241130T120000Z"
        raise Refused(reason, message, claim.service)
    if found["date"] != timestamp[:8]:
        message = f"the day in the credential is {found['date']}, and the request is of {timestamp}; they have to agree"
        raise Refused(reason, message, claim.service)
    return claim


def _timestamp(call: Call) -> str:
    given = call.header("x-amz-date")
    if given:
        return given
    try:
        return parsedate_to_datetime(call.header("date")).astimezone(timezone.utc).strftime(_TIMESTAMP)
    except (TypeError, ValueError, OverflowError):
        return ""


def _is_moment(claim: Claim) -> bool:
    if not _IS_TIMESTAMP.fullmatch(claim.timestamp):
        return False
    try:
        return claim.moment is not None
    except ValueError:
        return False
