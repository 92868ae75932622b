"""The canary's look at a provider: a rate, or what is wrong with the remedy."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, cast

import pytest

from tests.unit.feeds.rates.test_ingest import START, Rates
from totelake.canary.look import examine
from totelake.canary.provider import rate
from totelake.contracts import load_contracts
from totelake.errors import RetriableError
from totelake.feeds.rates.http_client import HttpClient

TODAY = START + timedelta(days=10)


@pytest.mark.parametrize(
    ("value", "outcome", "words"),
    [
        ("0.85", "ok", "EURGBP 0.85 of 2024-03-09"),
        ("-1", "problem", "has a rate of EURGBP that is -1"),
        (None, "problem", "answers 404"),
        (RetriableError("https://host answers 500; run the job again later"), "problem", "answers 500"),
    ],
)
def test_the_look_says_what_a_job_would_get(value: Any, outcome: str, words: str) -> None:
    provider = Rates()
    provider.put(7, value)
    look = rate(load_contracts().source("rates"), TODAY, cast("HttpClient", provider))
    (found,) = examine([look])
    assert found.outcome == outcome and words in found.found and (found.remedy != "") == (outcome != "ok")


def test_before_the_first_day_that_is_asked_for() -> None:
    provider = Rates()
    provider.put(0, "0.8")
    (found,) = examine([rate(load_contracts().source("rates"), date(2024, 3, 3), cast("HttpClient", provider))])
    assert found.found == "EURGBP 0.8 of 2024-03-02"
