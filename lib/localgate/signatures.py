"""The signature that a request ought to have, by botocore's own rules of Signature Version 4."""

from __future__ import annotations

from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from localgate.calls import Call
from localgate.claims import Claim
from localgate.keys import Keys
from localgate.refusals import S3_FAMILY

_UNRESERVED = "-_.~"
# what may stand in a path as it is; anything else a client has to encode
_IN_PATHS = "/%:@!$&'()*+,;=-_.~"


def expected_signature(call: Call, claim: Claim, payload: str, keys: Keys) -> str:
    """The signature of a request; `payload` is the hash of its body, or what stands for it."""
    signer = _signer(keys, claim.service, claim.region)
    request: Any = SimpleNamespace(
        method=call.method,
        url=f"http://localhost{_path(call, claim.service)}?{_query(call)}",
        params=None,
        headers={"X-Amz-Content-SHA256": payload},
        signed={name.lower(): _text(call.header(name)) for name in claim.signed_headers},
        context={"timestamp": claim.timestamp},
    )
    return sign(signer.string_to_sign(request, signer.canonical_request(request)), claim, keys)


def sign(text: str, claim: Claim, keys: Keys) -> str:
    """Sign a text by the key of the claim's day, region and service."""
    key = _signing_key(keys, claim.service, claim.region, claim.timestamp[:8])
    return str(_signer(keys, claim.service, claim.region)._sign(key, text, hex=True))


class _OnlySigned:
    """Takes the headers that the client says it has signed, in place of those that botocore would sign."""

    def headers_to_sign(self, request: Any) -> HTTPHeaders:
        found = HTTPHeaders()
        for name, value in request.signed.items():
            found[name] = value
        return found


class _S3Signer(_OnlySigned, S3SigV4Auth):
    """Encodes a path once."""


class _Signer(_OnlySigned, SigV4Auth):
    """Encodes a path twice, and resolves its dots."""


@lru_cache(maxsize=64)
def _signer(keys: Keys, service: str, region: str) -> Any:
    kind = _S3Signer if service in S3_FAMILY else _Signer
    return kind(Credentials(keys.access_key_id, keys.secret_access_key), service, region)


@lru_cache(maxsize=64)
def _signing_key(keys: Keys, service: str, region: str, day: str) -> bytes:
    key = f"AWS4{keys.secret_access_key}".encode()
    for word in (day, region, service, "aws4_request"):
        key = _signer(keys, service, region)._sign(key, word)
    return key


def _path(call: Call, service: str) -> str:
    """The path as the rules of the service encode it once, whatever a client leaves as it is."""
    if service in S3_FAMILY:
        return quote(unquote_to_bytes(_bytes(call.path)), safe=f"/{_UNRESERVED}")
    return quote(_bytes(call.path), safe=_IN_PATHS)


def _query(call: Call) -> str:
    """The query as whoever answers it reads it, encoded anew; its order is botocore's matter."""
    pairs = ((_again(name), _again(value)) for name, value in call.pairs)
    return "&".join(f"{name}={value}" for name, value in pairs if name != "X-Amz-Signature")


def _again(part: str) -> str:
    return quote(unquote_to_bytes(_bytes(part.replace("+", " "))), safe=_UNRESERVED)


def _bytes(text: str) -> bytes:
    """The bytes that came: servers hand them on as Latin-1."""
    return text.encode("latin-1")


def _text(value: str) -> str:
    """A header's value as the client wrote it, in UTF-8."""
    try:
        return _bytes(value).decode()
    except UnicodeDecodeError:
        return value
