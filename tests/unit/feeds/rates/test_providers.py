"""What a provider is asked, and what its answer must say to be believed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, cast

import pytest

from totelake.errors import RetriableError, SourceError, TotelakeError
from totelake.feeds.rates.addresses import NoRateError, NotThereError
from totelake.feeds.rates.http_client import HttpClient
from totelake.feeds.rates.json_text import parsed
from totelake.feeds.rates.model import Rate
from totelake.feeds.rates.providers import PROVIDERS, ExchangeApi, FreeForexApi, Provider

DAY = date(2026, 11, 30)
BASES = ("EUR", "USD")
NOON = int(datetime(2026, 11, 30, 12, tzinfo=timezone.utc).timestamp())
FIRST, SECOND = "https://first/{date}/{base}.json", "https://second/{date}/{base}.json"


class Answers:
    """A client that has answers by address, some of them errors, and notes what it was asked."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers, self.asked = answers, list[str]()

    def json(self, url: str) -> Any:
        self.asked.append(url)
        found = self.answers.get(url, NotThereError(f"{url} answers 404; wait until the provider has it"))
        if isinstance(found, Exception):
            raise found
        return parsed(found.encode())


def ask(provider: Provider, answers: Answers, *hosts: str, bases: tuple[str, ...] = ("EUR",)) -> tuple[Rate, ...]:
    """What a provider gives of the day in GBP."""
    return provider.rates(cast("HttpClient", answers), hosts or provider.hosts, DAY, bases, "GBP")


def rate(value: str, base: str = "EUR", day: date = DAY, provider: str = "fawazahmed0") -> Rate:
    return Rate(day, base, "GBP", provider, Decimal(value))


def test_the_exchange_api_has_a_file_for_each_day_and_base() -> None:
    url = "https://cdn.jsdelivr.net/npm/@fawazahmed0/currency-api@2026-11-30/v1/currencies/eur.json"
    answers = Answers({url: '{"date": "2026-11-30", "eur": {"usd": 1.08, "gbp": 0.87654321}}'})
    assert ask(ExchangeApi(), answers) == (rate("0.87654321"),)
    assert answers.asked == [url] and ExchangeApi().requests(["EUR", "USD"]) == [("EUR",), ("USD",)]


@pytest.mark.parametrize(
    "first",
    [
        RetriableError("https://first answers 500; later"),
        SourceError("https://first answers 403; correct it"),
        '{"date": "2026-11-29", "eur": {"gbp": 0.9}}',
        '{"date": "2026-11-30", "usd": {"gbp": 0.9}}',
        '{"date": "2026-11-30", "eur": {"gbp": "0.9"}}',
        '{"date": "2026-11-30", "eur": {"gbp": null}}',
        '{"date": "2026-11-30", "eur": {"usd": 1}}',
        "[]",
        None,
    ],
)
def test_a_host_that_fails_is_followed_by_the_next(first: object) -> None:
    answers = Answers(
        {
            **({"https://first/2026-11-30/eur.json": first} if first else {}),
            "https://second/2026-11-30/eur.json": '{"date": "2026-11-30", "eur": {"gbp": 0.8}}',
        }
    )
    assert ask(ExchangeApi(), answers, FIRST, SECOND) == (rate("0.8"),)


def _gives(text: str) -> Callable[[str], str]:
    return lambda url: f"what {url} gives {text}; correct the host in source.yaml"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ('{"date": "2026-11-29", "eur": {"gbp": 1}}', "is of 2026-11-29 and not of 2026-11-30"),
        ('{"eur": {"gbp": 1}}', "is of None and not of 2026-11-30"),
        ('{"date": "2026-11-30", "eur": 3}', "has no rates of EUR"),
        ('{"date": "2026-11-30", "eur": {"gbp": -1.5}}', "has a rate of EURGBP that is -1.5, which is not above 0"),
        ('{"date": "2026-11-30", "eur": {"gbp": 1e-20}}', "more than 15 digits behind the point"),
        ("[1]", "is no JSON object"),
    ],
)
def test_an_answer_that_is_wrong_is_one_sentence(answer: str, words: str) -> None:
    with pytest.raises(SourceError) as caught:
        ask(ExchangeApi(), Answers({"https://first/2026-11-30/eur.json": answer}), FIRST)
    message = str(caught.value)
    assert message.startswith("fawazahmed0 gave no rates: what https://first/2026-11-30/eur.json gives ")
    assert words in message and message.endswith("; correct the host in source.yaml")


def test_the_error_of_several_hosts_is_of_the_class_that_gives_most_hope() -> None:
    passing, lasting = RetriableError("first is slow; later"), SourceError("first refuses; correct it")
    cases: list[tuple[Any, type[TotelakeError]]] = [
        (None, NotThereError), (passing, RetriableError), (lasting, SourceError),
    ]  # fmt: skip
    for first, kind in cases:
        answers = Answers({"https://first/2026-11-30/eur.json": first} if first else {})
        with pytest.raises(kind) as caught:
            ask(ExchangeApi(), answers, FIRST, SECOND)
        assert type(caught.value) is kind
        assert str(caught.value).count("; ") == 1 and len(answers.asked) == 2


def test_an_answer_without_the_wanted_rate_has_none() -> None:
    url = "https://first/2026-11-30/eur.json"
    with pytest.raises(NoRateError, match=f"no rates: what {url} gives has no rate of EURGBP; wait until the provider"):
        ask(ExchangeApi(), Answers({url: '{"date": "2026-11-30", "eur": {"usd": 1}}'}), FIRST)
    with pytest.raises(SourceError, match="EURGBP that is null and no number") as caught:
        ask(ExchangeApi(), Answers({url: '{"date": "2026-11-30", "eur": {"gbp": null}}'}), FIRST)
    assert not isinstance(caught.value, NotThereError)


def test_the_next_host_of_freeforexapi_is_asked_for_the_pairs_that_the_first_lacks() -> None:
    eur, usd = ({f"{base}GBP": {"rate": 0.9, "timestamp": NOON}} for base in BASES)
    both, rest = "https://a?pairs=EURGBP,USDGBP", "https://b?pairs=EURGBP"
    whole = (rate("0.9", provider="freeforexapi"), rate("0.9", "USD", provider="freeforexapi"))
    answers = Answers({both: forex(usd), rest: forex(eur)})
    assert ask(FreeForexApi(), answers, "https://a", "https://b", "https://c", bases=BASES) == whole
    assert answers.asked == [both, rest]
    others: list[Any] = [forex({}), RetriableError("b is slow; later"), forex({"EURGBP": None})]
    for other in others:
        answers = Answers({both: forex(usd), rest: other})
        assert ask(FreeForexApi(), answers, "https://a", "https://b", bases=BASES) == whole[1:]
    with pytest.raises(NoRateError, match="has no rate of EURGBP, USDGBP"):
        ask(FreeForexApi(), Answers({both: forex({})}), "https://a", bases=BASES)


def forex(rates: Mapping[str, Any], **more: Any) -> str:
    return json.dumps({"rates": rates, "code": 200, **more})


@pytest.mark.parametrize("stamp", [NOON, NOON * 1000])
def test_freeforexapi_gives_all_pairs_at_once_each_with_its_moment(stamp: int) -> None:
    url = "https://www.freeforexapi.com/api/live?pairs=EURGBP,USDGBP"
    friday = int(datetime(2026, 11, 27, 21, tzinfo=timezone.utc).timestamp())
    rates = {"EURGBP": {"rate": 0.891724, "timestamp": stamp}, "USDGBP": {"rate": 1, "timestamp": friday}}
    answers = Answers({url: forex(rates)})
    found = ask(FreeForexApi(), answers, bases=("EUR", "USD"))
    assert found == (rate("0.891724", provider="freeforexapi"), rate("1", "USD", date(2026, 11, 27), "freeforexapi"))
    assert answers.asked == [url] and FreeForexApi().requests(["EUR", "USD"]) == [("EUR", "USD")]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (forex({"EURGBP": {"rate": 0.9}}), "whose timestamp None is none"),
        (forex({"EURGBP": {"rate": 0.9, "timestamp": "1532428704"}}), "whose timestamp 1532428704 is none"),
        (forex({"EURGBP": {"rate": 0.9, "timestamp": 10**40}}), "timestamp 1000.* is none"),
        (forex({"EURGBP": {"rate": 0.9, "timestamp": NOON + 3 * 86400}}), "of 2026-12-03, which is after 2026-11-30"),
        (forex({"EURGBP": {"rate": None, "timestamp": NOON}}), "is null and no number"),
        (forex({"EURGBP": 0.9}), "has no rate of EURGBP with its timestamp"),
        (forex({}, code=1002, message="unknown\npair"), r"says code 1002 \(unknown pair\) in place of rates"),
        (json.dumps({"rates": None, "code": 200}), "has no rates"),
    ],
)
def test_an_answer_of_freeforexapi_that_is_wrong_is_one_sentence(answer: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        ask(FreeForexApi(), Answers({"https://host?pairs=EURGBP": answer}), "https://host")


def test_a_rate_of_a_zone_ahead_is_of_the_day_that_it_is_here() -> None:
    ahead = NOON + int(timedelta(hours=13).total_seconds())
    answers = Answers({"https://host?pairs=EURGBP": forex({"EURGBP": {"rate": 1, "timestamp": ahead}})})
    assert [item.day for item in ask(FreeForexApi(), answers, "https://host")] == [DAY]


def test_providers_are_known_by_their_names() -> None:
    assert all(PROVIDERS[name].name == name for name in PROVIDERS) and len(PROVIDERS) == 2
