"""The HTTP client against a real host with every fault: each ends in an answer, or in a sentence of the right class."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from email.utils import format_datetime

import pytest

from tests.integration.feeds.rates.hosts import JSON, Reply, serving
from totelake.errors import RetriableError, SourceError, TotelakeError
from totelake.feeds.rates.addresses import NotThereError, is_allowed
from totelake.feeds.rates.http_client import HttpClient, Limits, pause_of, trusted

pytestmark = pytest.mark.integration
QUICK = Limits(connect=1, read=0.4, total=1, tries=3, first_pause=1, longest_pause=60, bytes=2000)


class Clock:
    """Notes the pauses in place of sleeping."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def client(self, limits: Limits = QUICK) -> HttpClient:
        """A client whose jitter is the middle one."""
        return HttpClient(limits, sleep=self.pauses.append, share=lambda: 0.5)


def test_a_document_comes_with_exact_decimals() -> None:
    with serving(Reply(b'\xef\xbb\xbf{"rate": 0.12345678901234567890, "n": 3}')) as host:
        assert Clock().client().json(host.url) == {"rate": Decimal("0.12345678901234567890"), "n": 3}


def test_what_passes_is_tried_again_after_a_pause_that_grows() -> None:
    clock = Clock()
    with serving(Reply(status=500), Reply(status=503), Reply(b"[1]")) as host:
        assert clock.client().json(host.url) == [1]
    assert clock.pauses == [0.75, 1.5]


@pytest.mark.parametrize("is_date", [False, True])
def test_retry_after_is_waited_for(is_date: bool) -> None:
    clock = Clock()
    until = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=20), usegmt=True)
    headers = {"Retry-After": until if is_date else "20", **JSON}
    with serving(Reply(status=429, headers=headers), Reply(b"[1]")) as host:
        assert clock.client().json(host.url) == [1]
    assert clock.pauses == [pytest.approx(20, abs=2)]


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (
            Reply(status=429, headers={"Retry-After": "3600", **JSON}),
            RetriableError,
            "answers 429 and asks to wait 3600 s;",
        ),
        (Reply(status=429), RetriableError, "answers 429, 3 times; run the job again later"),
        (Reply(status=500), RetriableError, "answers 500, 3 times"),
        (Reply(wait=0.6), RetriableError, "gave no whole answer within 0.4 s, 3 times"),
        (Reply(b'{"a": 1.5, "b": 22}', pause=0.15), RetriableError, "gave no whole answer within 1 s, 3 times"),
        (Reply(b'{"a": 1', length=20), RetriableError, "ended the connection: .*7.*, 3 times"),
        (Reply(status=404), NotThereError, "answers 404; wait until"),
        (Reply(status=403), SourceError, "answers 403; correct the host"),
        (
            Reply(b"<html>", headers={"Content-Type": "text/html; charset=utf-8"}),
            SourceError,
            "gives text/html in place",
        ),
        (Reply(b"{}", headers={}), SourceError, "gives no type of content"),
        (Reply(b"\x1f\x8b", headers={"Content-Encoding": "gzip", **JSON}), SourceError, "encoded as gzip"),
        (Reply(b'{"a": 1'), SourceError, "gives no valid JSON"),
        (Reply(b'{"a": NaN}'), SourceError, "NaN is no number"),
        (Reply(b'{"a": 1, "a": 2}'), SourceError, "'a' is there twice"),
        (Reply(b'{"a": "\xff"}'), SourceError, "byte 7 is no UTF-8"),
        (Reply(b"[" * 1990), SourceError, "no valid JSON"),
        (Reply(b" " * 2001), SourceError, "more than 2000 bytes"),
        (Reply(status=302, headers={"Location": "{host}/"}), SourceError, "redirects in a circle"),
        (Reply(status=302, headers={"Location": "http://example.org/"}), SourceError, "which is not protected by TLS"),
        (Reply(status=302, headers={"Location": "file:///etc/passwd"}), SourceError, "which is not protected by TLS"),
        (Reply(status=302, headers={}), SourceError, "redirects in a circle"),
    ],
)
def test_every_fault_is_one_clear_sentence(reply: Reply, kind: type[TotelakeError], words: str) -> None:
    started = time.monotonic()
    with serving(reply) as host, pytest.raises(kind, match=words) as caught:
        Clock().client().json(f"{host.url}/")
    assert type(caught.value) is kind
    message = str(caught.value)
    assert message.startswith(f"{host.url}/ ") and "; " in message and "\n" not in message
    assert time.monotonic() - started < 3 * QUICK.total + 1


def test_redirects_are_followed_as_often_as_is_allowed() -> None:
    def to(path: str) -> Reply:
        return Reply(status=307, headers={"Location": path})

    with serving(to("/b"), to("/c"), to("/d"), Reply(b"[1]")) as host:
        assert Clock().client().json(f"{host.url}/a") == [1]
        assert host.asked == ["/a", "/b", "/c", "/d"]
    with serving(*[to(f"/{number}") for number in range(5)]) as host, pytest.raises(SourceError, match="more than 3"):
        Clock().client().json(host.url)


def test_a_host_that_is_not_there_may_be_later() -> None:
    with serving(Reply()) as host:
        url = host.url
    with pytest.raises(RetriableError, match="cannot be reached, or ended the connection: .*refused"):
        Clock().client().json(url)


def test_a_client_goes_on_after_an_answer_that_never_ended() -> None:
    with serving(Reply(b"x" * 50, pause=0.15), Reply(b"[1]")) as host:
        assert Clock().client().json(host.url) == [1]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0), ("7", 7), (" 7 ", 7), ("9" * 400, float("inf")), ("-7", None), ("soon", None), ("", None),
        (None, None),
        ("Mon, 30 Nov 2026 10:00:30 GMT", 30), ("Mon, 30 Nov 2026 09:00:00 GMT", 0), ("Mon, 99 Nov 2026", None),
    ],
)  # fmt: skip
def test_retry_after_in_every_form(text: str | None, seconds: float | None) -> None:
    assert pause_of(text, datetime(2026, 11, 30, 10, tzinfo=timezone.utc)) == seconds


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://example.org/a", True), ("http://127.0.0.1:8000", True), ("http://localhost/a", True),
        ("http://example.org", False), ("http://127.0.0.1.example.org", False), ("ftp://127.0.0.1", False),
        ("https://", False), ("https://a:b", False), ("example.org", False), ("https://[::1", False),
    ],
)  # fmt: skip
def test_only_tls_or_this_machine_is_asked(url: str, allowed: bool) -> None:
    assert is_allowed(url) is allowed


def test_the_machine_says_whom_it_trusts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    found = trusted()
    assert found is True or os.path.isfile(found)
    monkeypatch.setenv("SSL_CERT_FILE", "/own.pem")
    assert trusted() == "/own.pem"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/other.pem")
    assert trusted() == "/other.pem"
