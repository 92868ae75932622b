"""A source of rates as it is described: each contradiction is one sentence with the file and the remedy."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from totelake.contracts import load_contracts
from totelake.contracts.sources import Source, sources_of
from totelake.errors import ConfigurationError, ContractError
from totelake.feeds.rates.providers import FreeForexApi
from totelake.feeds.rates.settings import ENDPOINT, Settings

FOREX = {"provider": "freeforexapi", "hosts": ("https://own.example/api/live",)}


def described(**options: Any) -> Source:
    """The deployed source with other options."""
    source = load_contracts().source("rates")
    return replace(source, options={**source.options, **options})


def test_the_deployed_source_asks_for_what_totesys_has() -> None:
    found = Settings.of(described(), {})
    assert (found.quote, found.currencies, found.first) == ("GBP", ("EUR", "USD"), date(2024, 3, 2))
    assert found.hosts == found.provider.hosts and found.series("EUR") == "fawazahmed0 EURGBP"


def test_the_first_day_is_one_that_the_provider_has() -> None:
    assert Settings.of(described(start="2015-01-01"), {}).first == date(2024, 3, 2)
    assert Settings.of(described(start="2026-01-01"), {}).first == date(2026, 1, 1)
    now = Settings.of(described(**FOREX), {})
    assert now.first is None and now.hosts == FOREX["hosts"] and isinstance(now.provider, FreeForexApi)


def test_an_endpoint_has_each_host_as_a_folder() -> None:
    found = Settings.of(described(**FOREX), {ENDPOINT: "http://127.0.0.1:8000/_rates/"})
    assert found.hosts == ("http://127.0.0.1:8000/_rates/own.example/api/live",)
    with pytest.raises(ConfigurationError, match=f"{ENDPOINT} is 'http://example.org', no address with TLS"):
        Settings.of(described(), {ENDPOINT: "http://example.org"})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"provider": "ecb"}, "the provider is 'ecb'; use fawazahmed0 or freeforexapi"),
        ({"currencies": ("EUR", "usd")}, "the currency 'usd' is no code; write three capitals"),
        ({"currencies": ("EUR", "GBP")}, "GBP is there twice; name each currency once"),
        ({"currencies": ("EUR", "EUR")}, "EUR is there twice"),
        ({"start": "2026-02-30"}, "the start '2026-02-30' is no day"),
        ({"hosts": ("http://example.org/{date}/{base}",)}, "is no address with TLS; begin it with https://"),
        ({"hosts": ("https://example.org/{date}",)}, "lacks {base}; write it like https://cdn"),
    ],
)
def test_a_contradiction_is_one_sentence(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ContractError) as caught:
        Settings.of(described(**options), {})
    message = str(caught.value)
    assert message.startswith("catalog/sources/rates/source.yaml: ") and words in message


def test_a_database_is_no_source_of_rates() -> None:
    with pytest.raises(ContractError, match="the kind is postgres; a source of rates is of kind http"):
        Settings.of(load_contracts().source("totesys"), {})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"quote": "pounds"}, "the quote is 'pounds'; write the code of a currency, such as GBP"),
        ({"start": "March"}, "the start is 'March'; write the first day as '2026-01-31', in quotes"),
        ({"currencies": "EUR"}, "the currencies are 'EUR'; write a list of texts"),
        ({"currencies": []}, "write a list of texts"),
        ({"secret": "{prefix}/rates"}, "'secret' is nothing that a source of kind http has"),
        ({"quote": None}, "the quote is None, which is no text"),
    ],
)
def test_a_malformed_file_is_refused_when_the_catalog_is_read(change: dict[str, Any], words: str) -> None:
    document = {
        "name": "rates", "kind": "http", "provider": "fawazahmed0", "quote": "GBP", "currencies": ["EUR"],
        "start": "2026-01-01", "schedule": "cron(0 5 * * ? *)",
    }  # fmt: skip
    assert sources_of({"sources/rates/source.yaml": document})["rates"].kind == "http"
    with pytest.raises(ContractError) as caught:
        sources_of({"sources/rates/source.yaml": {**document, **change}})
    assert words in str(caught.value)
