"""The body of a request against what its signature says of it."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from hashlib import sha256

from localgate.calls import Call
from localgate.chunks import check_chunks
from localgate.claims import Claim
from localgate.keys import Keys
from localgate.refusals import S3_FAMILY, Reason, Refused, mismatch
from localgate.signatures import expected_signature

_UNSIGNED = "UNSIGNED-PAYLOAD"
_UNSIGNED_CHUNKS = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
_SIGNED_CHUNKS_AND_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
_WORDS = (_UNSIGNED, _UNSIGNED_CHUNKS, _SIGNED_CHUNKS, _SIGNED_CHUNKS_AND_TRAILER)
_HASH = re.compile(r"[0-9a-f]{64}")
Read = Callable[[], bytes]


def checked_body(call: Call, claim: Claim, keys: Keys, read: Read) -> bytes:
    """The body of a request whose signature is right. Raises Refused when the signature or the body is not.

    Where the client has signed a hash, the body is read only once the signature over the hash holds.
    """
    declared = _declared(call, claim)
    if declared is None:
        body = read()
        _check_signature(call, claim, sha256(body).hexdigest(), keys)
        return body
    _check_signature(call, claim, declared, keys)
    body = read()
    if declared in (_SIGNED_CHUNKS, _SIGNED_CHUNKS_AND_TRAILER):
        check_chunks(call, claim, body, keys, has_trailer=declared == _SIGNED_CHUNKS_AND_TRAILER)
    elif declared not in _WORDS and sha256(body).hexdigest() != declared:
        message = "the body is not the one that was signed: its SHA-256 is not that of X-Amz-Content-SHA256"
        raise Refused(Reason.OTHER_BODY, message, claim.service)
    return body


def _declared(call: Call, claim: Claim) -> str | None:
    """What the client says of its body; None where its hash is in the signature without being told."""
    given = call.header("x-amz-content-sha256")
    is_s3 = claim.service in S3_FAMILY
    if not given and is_s3 and claim.expires is not None:
        return _UNSIGNED
    if not given and not is_s3:
        return None
    if given in _WORDS or _HASH.fullmatch(given):
        return given
    wanted = f"the SHA-256 of the body, {', '.join(_WORDS)}"
    raise Refused(Reason.UNSUPPORTED, f"X-Amz-Content-SHA256 is '{given}'; it has to be {wanted}", claim.service)


def _check_signature(call: Call, claim: Claim, payload: str, keys: Keys) -> None:
    if not hmac.compare_digest(expected_signature(call, claim, payload, keys).encode(), claim.signature.encode()):
        raise mismatch(claim.service)
