"""Looks at a bucket by the pipeline's own store: what is written once, what is refused, parts, encryption."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Callable

from botocore.exceptions import ClientError

from totelake.canary.look import Look, unknown
from totelake.errors import LakeError
from totelake.lake.objects import ObjectWriter
from totelake.ports.aws_errors import code_of, status_of, translated
from totelake.ports.object_store import ObjectStore
from totelake.runtime.outcome import Result, ok, problem, warning

PART = 5 * 1024**2
_REFUSED = 403
_POLICY = (
    "deploy again, so that the bucket's policy has the statement WrittenOnce: without it a faulty or foreign "
    "writer may overwrite a commit"
)
_CONDITION = "commits need conditional writes (If-None-Match): see that no proxy or endpoint before S3 drops the header"
_KMS = "kms"


@contextmanager
def _removed(store: ObjectStore, key: str) -> Iterator[None]:
    """Delete an object at the end of the block, however that ends."""
    try:
        yield
    finally:
        store.delete([key])


def written_once(store: ObjectStore, key: str) -> Look:
    """The conditional PUT by which the lake commits."""
    expected = "the first PUT with If-None-Match writes, the second writes nothing"
    return Look("conditional PUT", expected, partial(_written_once, store, key))


def _written_once(store: ObjectStore, key: str) -> Result:
    with _removed(store, key):
        first, second = store.create(key, b"first"), store.create(key, b"second")
        content = store.get(key)
    told = f"first {_wrote(first)}, second {_wrote(second)}, the object has {content.decode('utf-8', 'replace')!r}"
    return ok(told) if (first, second, content) == (True, False, b"first") else problem(told, _CONDITION)


def _wrote(is_written: bool) -> str:
    return "wrote" if is_written else "wrote nothing"


def refused_put(store: ObjectStore, key: str, is_aws: bool) -> Look:
    """A PUT without the condition where everything is written once."""
    return Look("plain PUT", _refusal(key), partial(_refused, store, key, lambda: store.put(key, b"plain"), is_aws))


def refused_copy(store: ObjectStore, source: str, key: str, is_aws: bool) -> Look:
    """A CopyObject, which cannot carry the condition, to where everything is written once; `source` is made for it."""

    def copy() -> None:
        store.copy(source, key, len(_COPIED))

    def find() -> Result:
        with _removed(store, source):
            store.put(source, _COPIED)
            return _refused(store, key, copy, is_aws)

    return Look("CopyObject", _refusal(key), find)


_COPIED = b"copied"


def _refusal(key: str) -> str:
    return f"refused with 403 below {key.split('/')[0]}/"


def _refused(store: ObjectStore, key: str, write: Callable[[], None], is_aws: bool) -> Result:
    """Whether the bucket refuses a write; this role has just written there by the condition, so it may write."""
    try:
        write()
    except LakeError as error:
        cause = error.__cause__
        if not isinstance(cause, ClientError) or status_of(cause) != _REFUSED:
            raise
        return ok(f"refused with {code_of(cause)}")
    store.delete([key])
    told = f"{store.address(key)} was written"
    return warning(told, _POLICY) if is_aws else unknown(f"{told}: this bucket has no policy", "look on AWS")


def multipart(store: ObjectStore, key: str) -> Look:
    """An upload of parts by the writer of the ledgers."""
    return Look("multipart upload", f"two parts, read back whole ({PART + 1:,} bytes)", partial(_multipart, store, key))


def _multipart(store: ObjectStore, key: str) -> Result:
    writer = ObjectWriter(store, key, PART)
    try:
        writer.write(bytes(PART + 1))
        stored = writer.store()
    except BaseException:
        writer.abandon()
        raise
    with _removed(store, key):
        body = store.get(key)
    told = f"{len(body):,} bytes, SHA-256 {stored.sha256[:16]}"
    if hashlib.sha256(body).hexdigest() == stored.sha256:
        return ok(told)
    return problem(f"{told}, but others were read", "see that nothing between the job and S3 changes what is sent")


def encryption(store: ObjectStore, key: str, s3: Any, is_aws: bool) -> Look:
    """An object that a KMS key encrypts and decrypts by the bucket's default; `s3` tells which."""
    return Look("KMS", "an object is encrypted by aws:kms, and decrypted", partial(_encryption, store, key, s3, is_aws))


def _encryption(store: ObjectStore, key: str, s3: Any, is_aws: bool) -> Result:
    with _removed(store, key):
        store.put(key, b"secret")
        body = store.get(key)
        with translated():
            head = s3.head_object(Bucket=store.bucket, Key=key)
    way, named = str(head.get("ServerSideEncryption") or "no encryption"), str(head.get("SSEKMSKeyId") or "no key")
    told = f"{way} with {named}, {len(body)} bytes decrypted"
    if body != b"secret":
        return problem(f"{told}, which are others", "see that nothing between the job and S3 changes what is sent")
    if _KMS in way:
        return ok(told)
    if not is_aws:
        return unknown(told, "look on AWS")
    return warning(told, "deploy again, so that the bucket's default encryption is the deployment's KMS key")
