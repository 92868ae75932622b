"""The providers on one machine: what they answer is what our own readers of the real ones take."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timezone
from typing import Any, cast
from urllib.parse import urlsplit

import pytest

from localgate.wsgi import StartResponse
from totelake.contracts import load_contracts
from totelake.feeds.rates.addresses import NotThereError
from totelake.feeds.rates.http_client import HttpClient
from totelake.feeds.rates.json_text import parsed
from totelake.feeds.rates.progress import Wanted, wanted
from totelake.feeds.rates.providers import FreeForexApi
from totelake.feeds.rates.settings import ENDPOINT, Settings
from totelake.stack.rates_host import PATH, providing, rate

WHOLE_CATALOG = True
NOW = datetime(2026, 11, 30, 9, tzinfo=timezone.utc)
TODAY = NOW.date()
AT = f"http://127.0.0.1:1{PATH}"


def moto(request: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """What answers for everything else."""
    start_response("418 moto", [])
    return [b"moto"]


def ask(url: str, method: str = "GET") -> tuple[str, bytes]:
    """Status and body of an answer."""
    parts, status = urlsplit(url), list[str]()
    request = {
        "REQUEST_METHOD": method,
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "wsgi.input": io.BytesIO(),
    }
    body = b"".join(providing(moto, lambda: NOW)(request, lambda found, _: status.append(found)))
    return status[0], body


class Client:
    """The client of the job, without a network."""

    def json(self, url: str) -> Any:
        status, body = ask(url)
        if status.startswith("404"):
            raise NotThereError(f"{url} answers 404; wait")
        assert status == "200 OK"
        return parsed(body)


@pytest.mark.parametrize("host", [0, 1])
def test_the_deployed_source_reads_its_rates_from_either_host(host: int) -> None:
    settings = Settings.of(load_contracts().source("rates"), {ENDPOINT: AT})
    hosts = settings.hosts[host : host + 1]
    asked = wanted({}, settings.currencies, TODAY, settings.period)
    assert asked[0] == Wanted(TODAY, ("EUR", "USD")) and all(text.startswith(f"{AT}/") for text in hosts)
    for item in (asked[0], asked[-1]):
        for bases in settings.provider.requests(item.bases):
            (found,) = settings.provider.rates(cast("HttpClient", Client()), hosts, item.day, bases, settings.quote)
            assert (found.day, found.base, found.quote) == (item.day, bases[0], "GBP")
            assert float(found.value) == rate(found.base, "GBP", item.day) and 0.5 < found.value < 1


def test_freeforexapi_answers_of_now() -> None:
    hosts = (f"{AT}/www.freeforexapi.com/api/live",)
    found = FreeForexApi().rates(cast("HttpClient", Client()), hosts, TODAY, ("EUR", "USD"), "GBP")
    assert [(item.day, item.base) for item in found] == [(TODAY, "EUR"), (TODAY, "USD")]
    assert json.loads(ask(f"{AT}/www.freeforexapi.com/api/live")[1])["code"] == 1001
    assert json.loads(ask(f"{AT}/www.freeforexapi.com/api/live?pairs=EURXXX")[1])["code"] == 1002


@pytest.mark.parametrize(
    ("version", "base", "status"),
    [
        ("2026-11-30", "eur", "200"), ("latest", "eur", "200"), ("2024-03-02", "eur", "200"),
        ("2024-03-01", "eur", "404"), ("2026-12-01", "eur", "404"), ("2026-02-30", "eur", "404"),
        ("2026-11-30", "xxx", "404"), ("2026-11-30", "EUR", "404"),
    ],
)  # fmt: skip
def test_it_has_the_days_and_currencies_that_the_provider_has(version: str, base: str, status: str) -> None:
    url = f"{AT}/cdn.jsdelivr.net/npm/@fawazahmed0/currency-api@{version}/v1/currencies/{base}.json"
    assert ask(url)[0].startswith(status)
    assert ask(url, "POST")[0].startswith("405")


def test_everything_else_is_left_to_the_endpoint_behind() -> None:
    assert [ask(f"http://127.0.0.1:1{path}")[0] for path in ("/bucket/key", "/_rates", "/")] == ["418 moto"] * 3


def test_rates_are_plausible_and_the_same_everywhere() -> None:
    days = [date(2026, 1, 1), date(2026, 1, 2), date(2026, 7, 1)]
    assert [rate("EUR", "GBP", day) for day in days] == [rate("EUR", "GBP", day) for day in days]
    first, second, _ = (rate("EUR", "GBP", day) for day in days)
    assert first != second and abs(first / second - 1) < 0.03
    assert rate("GBP", "GBP", days[0]) == 1 and 0.005 < rate("JPY", "GBP", days[0]) < 0.006
