"""PutObject with If-None-Match, on every boto3: releases before 1.35 have no parameter for it, so the header is set."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from typing import Any, Callable

from botocore.exceptions import ClientError

_EVENT = "before-call.s3.PutObject"
_HANDLER_ID = "totelake-if-none-match"
_TRIES = 6
_CONFLICT, _THERE = 409, 412
_conditional = threading.local()


def _set_header(params: Mapping[str, Any], **_: Any) -> None:
    if getattr(_conditional, "active", False):
        params["headers"]["If-None-Match"] = "*"


def put_if_absent(s3: Any, bucket: str, key: str, body: bytes, content_type: str = "application/json") -> None:
    """Write an object only where none is. Raises ClientError 412 (there is one) or 409 (a writer is at it)."""
    s3.meta.events.register(_EVENT, _set_header, unique_id=_HANDLER_ID)
    before = getattr(_conditional, "active", False)
    _conditional.active = True
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
    finally:
        _conditional.active = before


def create_once(s3: Any, bucket: str, key: str, body: bytes, sleep: Callable[[float], None] = time.sleep) -> bool:
    """Write an object unless one is there; whether this call wrote it. A writer that is at it is waited for."""
    for attempt in range(_TRIES):
        try:
            put_if_absent(s3, bucket, key, body)
            return True
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if status == _THERE:
                return False
            if status != _CONFLICT or attempt + 1 == _TRIES:
                raise
        sleep(random.uniform(0, 0.1 * 2**attempt))  # nosec B311 # spreads retries, guards nothing
    raise AssertionError("the last try returns or raises")
