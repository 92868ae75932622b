"""The providers of exchange rates on one machine: their addresses and answers, with rates made of day and currency.

Each host is a folder: below `/_rates/`, as no bucket is named, is `cdn.jsdelivr.net/npm/...` and its like. It is as
strict as they are: no day before the first or after today, no currency that is none, no other method.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timezone
from typing import Any, Callable
from urllib.parse import parse_qs

from localgate.wsgi import Application, StartResponse
from totelake.feeds.rates.providers import ExchangeApi

PATH = "/_rates"
# what one unit was worth in US dollars, about
_DOLLARS = {
    "AUD": 0.66, "CAD": 0.73, "CHF": 1.13, "CNY": 0.14, "EUR": 1.08, "GBP": 1.27, "INR": 0.012, "JPY": 0.0067,
    "NOK": 0.094, "SEK": 0.096, "USD": 1.0,
}  # fmt: skip
_FILE = re.compile(
    r"/(?:cdn\.jsdelivr\.net/npm/@fawazahmed0/currency-api@(?P<cdn>[^/]+)|(?P<pages>[^/]+)\.currency-api\.pages\.dev)"
    r"/v1/currencies/(?P<base>[a-z0-9]+)(?:\.min)?\.json"
)
_LIVE = "/www.freeforexapi.com/api/live"
_JSON, _TEXT = "application/json; charset=utf-8", "text/plain; charset=utf-8"
# of the wave on which a rate lies: days of it, its height, and that of each day's chance
_WAVE, _HEIGHT, _CHANCE = 190.0, 0.04, 0.006
_Answer = tuple[str, str, bytes]


def providing(
    application: Application, now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)
) -> Application:
    """The application, with the providers below PATH, for whoever asks: their rates are no secret."""

    def answer(request: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = str(request.get("PATH_INFO", ""))
        if not path.startswith(f"{PATH}/"):
            return application(request, start_response)
        status, kind, body = _answer(request, path[len(PATH) :], now())
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    return answer


def rate(base: str, quote: str, day: date) -> float:
    """What one unit of `base` is worth in `quote` on a day, as the exchange API rounds it; the same on any machine."""
    value = _in_dollars(base, day) / _in_dollars(quote, day)
    zeros = 0 if value >= 0.1 else -math.floor(math.log10(value)) - 1
    return round(value, 8 + zeros)


def _in_dollars(code: str, day: date) -> float:
    if code == "USD":
        return 1.0
    digest = hashlib.sha256(f"{code} {day.isoformat()}".encode()).digest()
    start = hashlib.sha256(code.encode()).digest()[0]
    wave = _HEIGHT * math.sin(2 * math.pi * (day.toordinal() / _WAVE + start / 256))
    chance = _CHANCE * (int.from_bytes(digest[:4], "big") / 2**31 - 1)
    return _DOLLARS[code] * (1 + wave + chance)


def _answer(request: Mapping[str, Any], path: str, now: datetime) -> _Answer:
    if request.get("REQUEST_METHOD") != "GET":
        return "405 Method Not Allowed", _TEXT, b"only GET is answered\n"
    if path == _LIVE:
        return _live(str(request.get("QUERY_STRING", "")), now)
    found = _FILE.fullmatch(path)
    day = _day(found["cdn"] or found["pages"], now.date()) if found else None
    if found is None or day is None or found["base"].upper() not in _DOLLARS:
        return "404 Not Found", _TEXT, f"Couldn't find the requested file {path}.\n".encode()
    base = found["base"]
    rates = {code.lower(): rate(base.upper(), code, day) for code in sorted(_DOLLARS)}
    return "200 OK", _JSON, json.dumps({"date": day.isoformat(), base: rates}, indent=1).encode()


def _day(text: str, today: date) -> date | None:
    """The day of a version; None for one that the provider has not."""
    if text == "latest":
        return today
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    first = ExchangeApi.first_day
    return day if first is not None and first <= day <= today else None


def _live(query: str, now: datetime) -> _Answer:
    supported = [f"{base}{quote}" for base in _DOLLARS for quote in _DOLLARS if base != quote]
    pairs = [pair for text in parse_qs(query).get("pairs", []) for pair in text.split(",")]
    unknown = next((pair for pair in pairs if pair not in supported), None)
    found: dict[str, Any]
    if not pairs:
        found = {"supportedPairs": supported, "message": "'pairs' parameter is required", "code": 1001}
    elif unknown is not None:
        words = f"The currency pair '{unknown}' was not recognised or supported"
        found = {"supportedPairs": supported, "message": words, "code": 1002}
    else:
        stamp = int(now.timestamp())
        rates = {pair: {"rate": rate(pair[:3], pair[3:], now.date()), "timestamp": stamp} for pair in pairs}
        found = {"rates": rates, "code": 200}
    return "200 OK", _JSON, json.dumps(found).encode()
