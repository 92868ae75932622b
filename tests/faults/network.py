"""S3 as it answers on a bad day: errors, timeouts, answers that are lost, bodies that are cut, slow ones.

A fault sits in botocore's `before-send` event of a job's client, so the SDK's own retries meet it as they would.
"""

from __future__ import annotations

import io
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

_SLOW = 0.05
Decide = Callable[[str, Any], str]


class _Body(io.BytesIO):
    """A body as urllib3 gives it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.getvalue()


def _answer(request: Any, status: int, code: str) -> AWSResponse:
    body = f"<Error><Code>{code}</Code><Message>a bad day</Message></Error>".encode()
    return AWSResponse(request.url, status, {"Content-Type": "application/xml"}, _Body(body))


def is_conditional(request: Any) -> bool:
    """Whether it is a PUT that writes only where nothing is."""
    return "If-None-Match" in request.headers


class BadDay:
    """Gives requests the faults that `decide` names, by operation and request; '' lets one pass. Counts them."""

    def __init__(self, decide: Decide) -> None:
        self.given: Counter[str] = Counter()
        self._decide, self._session, self._lock = decide, URLLib3Session(), threading.Lock()

    def __call__(self, request: Any, event_name: str, **_: Any) -> AWSResponse | None:
        with self._lock:
            fault = self._decide(event_name.rsplit(".", 1)[1], request)
            if fault:
                self.given[fault] += 1
        return self._play(fault, request) if fault else None

    def _play(self, fault: str, request: Any) -> AWSResponse | None:
        if fault == "500":
            return _answer(request, 500, "InternalError")
        if fault == "503":
            return _answer(request, 503, "SlowDown")
        if fault == "409":
            return _answer(request, 409, "ConditionalRequestConflict")
        if fault == "timeout":
            raise ConnectTimeoutError(endpoint_url=request.url)
        if fault == "slow":
            time.sleep(_SLOW)
            return None
        answer = self._session.send(request)
        if fault == "cut":
            body = answer.raw.read()
            return AWSResponse(request.url, answer.status_code, answer.headers, _Body(body[: len(body) // 2]))
        _ = answer.content
        if fault == "lost with 500":
            return _answer(request, 500, "InternalError")
        raise ReadTimeoutError(endpoint_url=request.url)

    @contextmanager
    def over(self, client: Any) -> Iterator[None]:
        """While inside, the client meets the faults."""
        client.meta.events.register("before-send.s3.*", self)
        try:
            yield
        finally:
            client.meta.events.unregister("before-send.s3.*", self)


def at_random(seed: str, rate: float, longest: int) -> Decide:
    """Faults at random requests, up to `longest` of a kind in a row, which can outlast the SDK's retries."""
    dice = random.Random(seed)
    follow: list[str] = []

    def decide(operation: str, request: Any) -> str:
        if not follow and dice.random() < rate:
            kinds = ["500", "503", "timeout", "slow", "lost with 500", "lost in silence"]
            kinds += ["409"] if is_conditional(request) else ["cut"] if operation == "GetObject" else []
            follow.extend([dice.choice(kinds)] * dice.randint(1, longest))
        if not follow:
            return ""
        fault = follow.pop()
        fits = {"409": is_conditional(request), "cut": operation == "GetObject"}
        return fault if fits.get(fault, True) else "500"

    return decide


def first_of_each(fault: str, is_wanted: Callable[[str, Any], bool]) -> Decide:
    """The fault at the first try of every request that is wanted; tries that follow pass."""
    seen: set[str] = set()

    def decide(operation: str, request: Any) -> str:
        if not is_wanted(operation, request) or request.url in seen:
            return ""
        seen.add(request.url)
        return fault

    return decide
