"""JSON by HTTPS, within limits of time, size and redirects; what may pass is tried again, ever more rarely.

A host that is down, slow, or answers with something else ends in one sentence with its address and what to do.
"""

from __future__ import annotations

import os
import random
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Callable
from urllib.parse import urljoin

import requests
import urllib3

from totelake.errors import NoAnswerError, RetriableError, SourceError
from totelake.feeds.rates.addresses import NotThereError, has_tls, is_allowed, is_loopback
from totelake.feeds.rates.json_text import parsed
from totelake.runtime.time_limit import within

_CHUNK = 1 << 16
_PASSING = (408, 425, 429, 500, 502, 503, 504)
_MOVED = (301, 302, 303, 307, 308)
_GONE = (404, 410)
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "totelake"}
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
_BROKEN = (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError, urllib3.exceptions.HTTPError)
_SLOW = (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, NoAnswerError)


@dataclass(frozen=True)
class Limits:
    """Seconds to connect, to wait for the next bytes, and for a whole answer; how often a host is tried, and how long
    a pause between two tries is at most; bytes of an answer; redirects that are followed."""

    connect: float = 5
    read: float = 10
    total: float = 30
    tries: int = 4
    first_pause: float = 1
    longest_pause: float = 60
    bytes: int = 1 << 20
    redirects: int = 3


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class _Passing(Exception):
    """What may be over when it is tried again; `pause` is what the host asks for, in seconds."""

    def __init__(self, what: str, pause: float | None = None) -> None:
        super().__init__(what)
        self.pause = pause


class HttpClient:
    """Asks hosts for JSON. One client keeps its connections and is used by one thread at a time."""

    def __init__(
        self,
        limits: Limits | None = None,
        warn: Callable[[str], None] = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
        share: Callable[[], float] = random.random,
    ) -> None:
        self._limits, self._warn, self._sleep, self._share = limits or Limits(), warn, sleep, share
        self._session = _session()

    def json(self, url: str) -> Any:
        """The document at an address, numbers with a point as Decimal.

        Raises NotThereError when the host has none, RetriableError for what may pass, SourceError for anything else.
        """
        for attempt in range(1, self._limits.tries + 1):
            try:
                return self._document(url, self._followed(url))
            except _Passing as error:
                what = str(error)
                pause = self._pause(attempt, error.pause)
            if attempt == self._limits.tries or pause is None:
                break
            self._warn(f"{url} {what}; it is tried again in {pause:.1f} s")
            self._sleep(pause)
        tried = "" if attempt == 1 else f", {attempt} times"
        raise RetriableError(f"{url} {what}{tried}; run the job again later, or name another host in source.yaml")

    def _pause(self, attempt: int, asked: float | None) -> float | None:
        """Seconds until the next try: what the host asks for, else twice as long each time, with jitter; None when
        the host asks for more than is waited."""
        longest = self._limits.longest_pause
        if asked is not None:
            return asked if asked <= longest else None
        doubled: float = self._limits.first_pause * 2 ** (attempt - 1)
        return min(doubled, longest) * (0.5 + self._share() / 2)

    def _followed(self, url: str) -> _Answer:
        """The answer at the end of the redirects."""
        seen, address = [url], url
        while True:
            answer = self._get(address)
            if answer.status not in _MOVED:
                return answer
            before, address = address, urljoin(address, answer.headers.get("Location", ""))
            if not is_allowed(address) or (has_tls(before) and not has_tls(address)):
                raise SourceError(
                    f"{url} redirects to {address}, which is not protected by TLS; name a host in source.yaml that "
                    "answers by itself"
                )
            if address in seen or len(seen) > self._limits.redirects:
                why = "in a circle" if address in seen else f"more than {self._limits.redirects} times"
                raise SourceError(f"{url} redirects {why}; name a host in source.yaml that answers by itself")
            seen.append(address)

    def _get(self, url: str) -> _Answer:
        session = self._session
        try:
            # an answer that drips, byte by byte, passes every time-out between two of them
            (answer,) = within(self._limits.total, lambda: [self._read(session, url)], "no end")
            return answer
        except _SLOW as error:
            # what still reads from it has the old session to itself
            self._session = _session()
            raise _Passing(f"gave no whole answer within {self._waited(error)} s") from error
        except requests.exceptions.SSLError as error:
            if "CERTIFICATE_VERIFY_FAILED" not in str(error):
                raise _Passing(f"ended the connection: {_words(error)}") from error
            raise SourceError(
                f"{url} has a certificate that this machine does not trust; correct the host in source.yaml, or name "
                f"the bundle that has its authority in {_BUNDLES[0]}"
            ) from error
        except _BROKEN as error:
            raise _Passing(f"cannot be reached, or ended the connection: {_words(error)}") from error
        except (requests.exceptions.RequestException, ValueError) as error:
            raise SourceError(f"{url} cannot be asked: {_words(error)}; correct the host in source.yaml") from error

    def _waited(self, error: Exception) -> float:
        is_connecting = isinstance(error, requests.exceptions.ConnectTimeout)
        is_reading = isinstance(error, (requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError))
        return self._limits.connect if is_connecting else self._limits.read if is_reading else self._limits.total

    def _read(self, session: requests.Session, url: str) -> _Answer:
        limits = self._limits
        times = (limits.connect, limits.read)
        proxies = {} if is_loopback(url) else requests.utils.get_environ_proxies(url)
        with session.get(
            url, timeout=times, stream=True, allow_redirects=False, verify=trusted(), proxies=proxies
        ) as response:
            body = bytearray()
            if response.status_code != 200:
                return _Answer(response.status_code, response.headers, b"")
            while chunk := response.raw.read(_CHUNK, decode_content=False):
                body += chunk
                if len(body) > limits.bytes:
                    raise SourceError(
                        f"{url} gives more than {limits.bytes} bytes, which no day's rates have; correct the host in "
                        "source.yaml"
                    )
            length = response.headers.get("Content-Length", "")
            if length.isdecimal() and len(body) < int(length):
                raise urllib3.exceptions.ProtocolError(f"{len(body)} of {length} bytes came")
            return _Answer(response.status_code, response.headers, bytes(body))

    def _document(self, url: str, answer: _Answer) -> Any:
        status, headers = answer.status, answer.headers
        if status in _GONE:
            raise NotThereError(f"{url} answers {status}; wait until the provider has it")
        if status in _PASSING:
            asked = pause_of(headers.get("Retry-After"), datetime.now(timezone.utc))
            words = f" and asks to wait {asked:.0f} s" if asked is not None else ""
            raise _Passing(f"answers {status}{words}", asked)
        if status != 200:
            raise SourceError(f"{url} answers {status}; correct the host in source.yaml")
        kind = headers.get("Content-Type", "").split(";")[0].strip().lower()
        encoding = headers.get("Content-Encoding", "identity").strip().lower()
        if encoding != "identity" or (kind != "application/json" and not kind.endswith("+json")):
            what = f"text encoded as {encoding}" if encoding != "identity" else kind or "no type of content"
            raise SourceError(f"{url} gives {what} in place of JSON; correct the host in source.yaml")
        try:
            return parsed(answer.body)
        except ValueError as error:
            raise SourceError(f"{url} gives no valid JSON: {error}; correct the host in source.yaml") from error


def pause_of(text: str | None, now: datetime) -> float | None:
    """The seconds that a header Retry-After asks for, as a number or as a date; None for none that can be read."""
    if text is None:
        return None
    if text.strip().isdecimal():
        # a float of any length: more digits than int() takes are longer than anybody waits, too
        return float(Decimal(text.strip()))
    try:
        until = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    aware = until if until.tzinfo is not None else until.replace(tzinfo=timezone.utc)
    return max(0.0, (aware - now).total_seconds())


def trusted() -> str | bool:
    """The certificates that this machine trusts: what its variables name, its own bundle, else that of requests."""
    named = next((os.environ[name] for name in _BUNDLES if os.environ.get(name)), None)
    return named or ssl.get_default_verify_paths().cafile or True


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: requests would read the whole answer that redirects, however long it is."""
        return None


def _session() -> requests.Session:
    session = _Session()
    # proxies are given with each request; what a file .netrc holds is for nobody here
    session.trust_env = False
    session.headers.update(_HEADERS)
    return session


def _words(error: Exception) -> str:
    """What an error says, on one line, without the objects that it names."""
    reason = getattr(error, "reason", None) or (error.args[0] if error.args else error)
    reason = getattr(reason, "reason", None) or reason
    return " ".join(str(reason).split())
