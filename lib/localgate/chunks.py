"""A body whose chunks are signed one by one (aws-chunked, STREAMING-AWS4-HMAC-SHA256-PAYLOAD)."""

from __future__ import annotations

import hmac
import re
from hashlib import sha256

from localgate.calls import Call
from localgate.claims import Claim
from localgate.keys import Keys
from localgate.refusals import Reason, Refused, mismatch
from localgate.signatures import sign

_HEAD = re.compile(rb"([0-9a-fA-F]{1,8});chunk-signature=([0-9a-f]{64})")
_LONGEST_HEAD = 100
_LINE = b"\r\n"
_NOTHING = sha256(b"").hexdigest()
_TRAILER = b"x-amz-trailer-signature:"


def check_chunks(call: Call, claim: Claim, body: bytes, keys: Keys, *, has_trailer: bool) -> None:
    """Raises Refused when a chunk, their number or the trailer is another than the client signed.

    Each is signed together with the signature before it; the first with that of the request.
    """
    chunks, rest = _split(body, claim)
    before, start = claim.signature, f"{claim.timestamp}\n{claim.scope}\n"
    for given, chunk in chunks:
        text = f"AWS4-HMAC-SHA256-PAYLOAD\n{start}{before}\n{_NOTHING}\n{sha256(chunk).hexdigest()}"
        _check(sign(text, claim, keys), given, claim)
        before = given
    length = sum(len(chunk) for _, chunk in chunks)
    if str(length) != call.header("x-amz-decoded-content-length"):
        raise _incomplete(f"it has {length} bytes, unlike X-Amz-Decoded-Content-Length", claim)
    if has_trailer:
        lines = [line.strip() for line in rest.split(b"\n") if line.strip()]
        if not lines or not lines[-1].startswith(_TRAILER):
            raise _incomplete("no signature of a trailer follows its last chunk", claim)
        trailer = sha256(b"".join(line + b"\n" for line in lines[:-1])).hexdigest()
        expected = sign(f"AWS4-HMAC-SHA256-TRAILER\n{start}{before}\n{trailer}", claim, keys)
        _check(expected, lines[-1][len(_TRAILER) :].decode("latin-1"), claim)
    elif rest not in (b"", _LINE):
        raise _incomplete("something follows its last chunk", claim)


def _split(body: bytes, claim: Claim) -> tuple[list[tuple[str, memoryview]], bytes]:
    """The signature and content of each chunk, the empty last one too, and what follows them."""
    found: list[tuple[str, memoryview]] = []
    view, place = memoryview(body), 0
    while True:
        end = body.find(_LINE, place, place + _LONGEST_HEAD)
        head = _HEAD.fullmatch(body, place, end) if end >= 0 else None
        if head is None:
            raise _incomplete(f"no chunk begins at its byte {place}", claim)
        size, place = int(head[1], 16), end + len(_LINE)
        found.append((head[2].decode(), view[place : place + size]))
        if not size:
            return found, body[place:]
        place += size + len(_LINE)
        if body[place - len(_LINE) : place] != _LINE:
            raise _incomplete(f"a chunk does not end before its byte {place}", claim)


def _check(expected: str, given: str, claim: Claim) -> None:
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise mismatch(claim.service)


def _incomplete(what: str, claim: Claim) -> Refused:
    return Refused(Reason.INCOMPLETE_BODY, f"the body is not whole: {what}", claim.service)
