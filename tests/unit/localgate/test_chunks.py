"""Bodies of signed chunks, as the Java and other SDKs send them over plain HTTP."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from hypothesis import given
from hypothesis import strategies as st

from localgate.calls import Call
from localgate.refusals import Reason
from tests.unit.localgate.honest import ENDPOINT, KEYS, admitted, reason, refusal, sent, signed_by

SIGNED, SIGNED_AND_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
CHUNKS = st.lists(st.binary(min_size=1, max_size=40), max_size=5)
NOTHING = sha256(b"").hexdigest()


@dataclass
class Upload:
    """An upload in chunks, signed by the rules of the documentation, with code of its own."""

    chunks: Sequence[bytes]
    kind: str = SIGNED
    trailer: bytes = b""
    length: int | None = None

    def __post_init__(self) -> None:
        length = sum(map(len, self.chunks)) if self.length is None else self.length
        headers = {"X-Amz-Decoded-Content-Length": str(length), "Content-Encoding": "aws-chunked"}
        request = AWSRequest("PUT", f"{ENDPOINT}/lake/key", headers=headers)
        signer = type("Signer", (S3SigV4Auth,), {"payload": lambda *_: self.kind})
        self.call, _ = sent(signed_by(signer, "s3", request))
        self._before = self.call.header("authorization").rpartition("=")[2]

    def _sign(self, what: str, *hashes: str) -> str:
        date = self.call.header("x-amz-date")
        key = f"AWS4{KEYS.secret_access_key}".encode()
        for word in (date[:8], "eu-west-2", "s3", "aws4_request"):
            key = hmac.new(key, word.encode(), sha256).digest()
        scope = f"{date[:8]}/eu-west-2/s3/aws4_request"
        text = "\n".join([f"AWS4-HMAC-SHA256-{what}", date, scope, self._before, *hashes])
        self._before = hmac.new(key, text.encode(), sha256).hexdigest()
        return self._before

    def body(self) -> bytes:
        """The body as it goes over the wire."""
        parts = []
        for chunk in (*self.chunks, b""):
            signature = self._sign("PAYLOAD", NOTHING, sha256(chunk).hexdigest())
            parts.append(b"%x;chunk-signature=%s\r\n%s" % (len(chunk), signature.encode(), chunk))
        if self.kind == SIGNED:
            return b"\r\n".join(parts) + b"\r\n"
        signature = self._sign("TRAILER", sha256(self.trailer + b"\n").hexdigest())
        trailer = b"%s\r\nx-amz-trailer-signature:%s\r\n\r\n" % (self.trailer, signature.encode())
        return b"\r\n".join(parts) + trailer


@given(CHUNKS)
def test_signed_chunks_are_let_in(chunks: list[bytes]) -> None:
    upload = Upload(chunks)
    assert admitted(upload.call, upload.body())


@given(CHUNKS)
def test_a_signed_trailer_is_let_in(chunks: list[bytes]) -> None:
    upload = Upload(chunks, SIGNED_AND_TRAILER, b"x-amz-checksum-crc32c:sOO8/Q==")
    assert admitted(upload.call, upload.body())


@given(CHUNKS, st.sampled_from([SIGNED, SIGNED_AND_TRAILER]), st.data())
def test_no_byte_of_them_can_be_altered(chunks: list[bytes], kind: str, data: st.DataObject) -> None:
    upload = Upload(chunks, kind, b"x-amz-checksum-crc32c:sOO8/Q==")
    body = upload.body()
    place = data.draw(st.integers(0, len(body) - len(b"\r\n\r\n") - 1))
    letter = data.draw(st.sampled_from(b"0aZ;=\r"))
    altered = body[:place] + bytes([letter]) + body[place + 1 :]
    if altered != body:
        assert reason(upload.call, altered) in (Reason.MISMATCH, Reason.INCOMPLETE_BODY)


def test_chunks_keep_their_order_and_their_number() -> None:
    upload = Upload([b"one", b"two"])
    body = upload.body()
    first, rest = body[:89], body[89:]
    second, last = rest[:89], rest[89:]
    assert (first[-5:], second[-5:], last[:2]) == (b"one\r\n", b"two\r\n", b"0;")
    assert admitted(upload.call, first + second + last)
    assert reason(upload.call, second + first + last) is Reason.MISMATCH
    assert reason(upload.call, first + last) is Reason.MISMATCH
    for cut in (0, 10, 100, 178):
        assert reason(upload.call, body[:cut]) is Reason.INCOMPLETE_BODY


@pytest.mark.parametrize("more", [b"x", b"3;chunk-signature=", b"\r\n\r\n"])
def test_nothing_follows_the_last_chunk(more: bytes) -> None:
    upload = Upload([b"one"])
    assert reason(upload.call, upload.body() + more) is Reason.INCOMPLETE_BODY


def test_the_length_has_to_be_the_one_that_was_signed() -> None:
    upload = Upload([b"one"], length=4)
    assert "it has 3 bytes" in refusal(upload.call, upload.body()).message


def test_a_trailer_needs_its_signature() -> None:
    upload = Upload([b"one"], SIGNED_AND_TRAILER, b"x-amz-checksum-crc32c:sOO8/Q==")
    cut = upload.body().partition(b"x-amz-trailer-signature")[0]
    assert reason(upload.call, cut) is Reason.INCOMPLETE_BODY


def test_unsigned_chunks_are_let_in_by_the_signature_over_the_request() -> None:
    upload = Upload([], "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    assert admitted(upload.call, b"3\r\none\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n")
    call = Call(upload.call.method, "/lake/other", upload.call.headers)
    assert reason(call, b"0\r\n\r\n") is Reason.MISMATCH
