"""Who provides rates: how a provider is asked for a day, and what its answer must say to be believed.

A new provider is a class here, and its name is part of its rates' keys.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Protocol, TypeVar

from totelake.errors import RetriableError, SourceError
from totelake.feeds.rates.addresses import NoRateError, NotThereError
from totelake.feeds.rates.model import Rate, exact

if TYPE_CHECKING:
    from totelake.feeds.rates.http_client import HttpClient

Read = TypeVar("Read")
# of a timestamp that counts seconds, so far in the future, it counts milliseconds
_MILLISECONDS = 10**11
_HOST_AHEAD = timedelta(days=1)
_ELSEWHERE = "wait until the provider has it, or name another currency or provider in source.yaml"


class _LackingError(ValueError):
    """An answer that is right, but for having no rate of what was asked for."""


class Provider(Protocol):
    """A provider of rates. `first_day` is the first that it has, None when it has none but today's; `hosts` are where
    it is asked when source.yaml names none, `words` what each address has in it."""

    name: str
    words: tuple[str, ...]
    first_day: date | None
    hosts: tuple[str, ...]

    def requests(self, bases: Sequence[str]) -> list[tuple[str, ...]]:
        """The bases that one request each is made for."""

    def rates(
        self, client: HttpClient, hosts: Sequence[str], day: date, bases: Sequence[str], quote: str
    ) -> tuple[Rate, ...]:
        """The rates of a day that one request gives; those of bases that no host has are not there.

        Raises NotThereError when it has none at all, as NoRateError where it has others, RetriableError and
        SourceError when no host gives an answer.
        """


class ExchangeApi:
    """fawazahmed0/exchange-api: a file for each day and base, published once a day."""

    name = "fawazahmed0"
    words: tuple[str, ...] = ("{date}", "{base}")
    first_day: date | None = date(2024, 3, 2)
    hosts: tuple[str, ...] = (
        "https://cdn.jsdelivr.net/npm/@fawazahmed0/currency-api@{date}/v1/currencies/{base}.json",
        "https://{date}.currency-api.pages.dev/v1/currencies/{base}.json",
    )

    def requests(self, bases: Sequence[str]) -> list[tuple[str, ...]]:
        """One for each base."""
        return [(base,) for base in bases]

    def rates(
        self, client: HttpClient, hosts: Sequence[str], day: date, bases: Sequence[str], quote: str
    ) -> tuple[Rate, ...]:
        """As Provider says, of one base."""
        (base,) = bases
        urls = [host.replace("{date}", day.isoformat()).replace("{base}", base.lower()) for host in hosts]

        def read(document: Any) -> tuple[Rate, ...]:
            found = _object(document)
            if found.get("date") != day.isoformat():
                raise ValueError(f"is of {_short(found.get('date'))} and not of {day}")
            rates = found.get(base.lower())
            if not isinstance(rates, Mapping):
                raise ValueError(f"has no rates of {base}")
            if quote.lower() not in rates:
                raise _LackingError(f"has no rate of {base}{quote}")
            return (Rate(day, base, quote, self.name, _exact(base, quote, rates[quote.lower()])),)

        return first_answer(self.name, client, urls, read)


class FreeForexApi:
    """freeforexapi.com and what answers as it does: pairs of currencies, at present, each with its moment."""

    name = "freeforexapi"
    words: tuple[str, ...] = ()
    first_day: date | None = None
    hosts: tuple[str, ...] = ("https://www.freeforexapi.com/api/live",)

    def requests(self, bases: Sequence[str]) -> list[tuple[str, ...]]:
        """One for all."""
        return [tuple(bases)]

    def rates(
        self, client: HttpClient, hosts: Sequence[str], day: date, bases: Sequence[str], quote: str
    ) -> tuple[Rate, ...]:
        """As Provider says. Each rate is of the day of its moment, which may be before `day`, as at a weekend.

        A host that has some of the pairs is followed by the next for the others.
        """
        found: dict[str, Rate] = {}
        failures: list[Exception] = []
        for host in hosts:
            pairs = {f"{base}{quote}": base for base in bases if base not in found}
            url = f"{host}?pairs={','.join(pairs)}"
            read = partial(self._rates, day, quote, pairs)
            try:
                found.update({rate.base: rate for rate in _answer(client, url, read)})
            except (RetriableError, SourceError) as error:
                failures.append(error)
            if len(found) == len(bases):
                break
        if not found:
            raise _none(self.name, failures)
        return tuple(found[base] for base in bases if base in found)

    def _rates(self, day: date, quote: str, pairs: Mapping[str, str], document: Any) -> tuple[Rate, ...]:
        """What a document has of these pairs, whose bases they name."""
        found = _object(document)
        if found.get("code") != 200:
            said = _short(found.get("message", "no reason given"))
            raise ValueError(f"says code {_short(found.get('code'))} ({said}) in place of rates")
        rates = found.get("rates")
        if not isinstance(rates, Mapping):
            raise ValueError("has no rates")
        if not any(pair in rates for pair in pairs):
            raise _LackingError(f"has no rate of {', '.join(pairs)}")
        return tuple(self._rate(day, base, quote, rates[pair]) for pair, base in pairs.items() if pair in rates)

    def _rate(self, day: date, base: str, quote: str, entry: Any) -> Rate:
        if not isinstance(entry, Mapping):
            raise ValueError(f"has no rate of {base}{quote} with its timestamp")
        value, moment = _exact(base, quote, entry.get("rate")), _moment(base, quote, entry.get("timestamp"))
        if moment.date() > day + _HOST_AHEAD:
            raise ValueError(f"has a rate of {base}{quote} of {moment.date()}, which is after {day}")
        return Rate(min(moment.date(), day), base, quote, self.name, value)


PROVIDERS: Mapping[str, Provider] = {provider.name: provider for provider in (ExchangeApi(), FreeForexApi())}


def first_answer(provider: str, client: HttpClient, urls: Sequence[str], read: Callable[[Any], Read]) -> Read:
    """What `read` makes of the answer of the first host that gives a good one; it raises ValueError for any other.

    Raises NotThereError when no host has it, else RetriableError when one of them may have it later, else SourceError.
    """
    failures: list[Exception] = []
    for url in urls:
        try:
            return _answer(client, url, read)
        except (RetriableError, SourceError) as error:
            failures.append(error)
    raise _none(provider, failures)


def _answer(client: HttpClient, url: str, read: Callable[[Any], Read]) -> Read:
    """What `read` makes of one answer. Raises NoRateError for one that lacks what is wanted, SourceError for one
    that is wrong."""
    document = client.json(url)
    try:
        return read(document)
    except _LackingError as error:
        raise NoRateError(f"what {url} gives {error}; {_ELSEWHERE}") from error
    except ValueError as error:
        raise SourceError(f"what {url} gives {error}; correct the host in source.yaml") from error


def _none(provider: str, failures: Sequence[Exception]) -> SourceError | RetriableError:
    """The error of hosts none of which gives what is wanted."""
    told = _together(provider, failures)
    if all(isinstance(error, NotThereError) for error in failures):
        lacks = any(isinstance(error, NoRateError) for error in failures)
        return NoRateError(told) if lacks else NotThereError(told)
    return RetriableError(told) if _has_passing(failures) else SourceError(told)


def _has_passing(failures: Collection[Exception]) -> bool:
    return any(isinstance(error, RetriableError) for error in failures)


def _together(provider: str, failures: Sequence[Exception]) -> str:
    """One sentence for all hosts, with the remedy of the first that says more than that it has nothing."""
    parts = [str(error).rpartition("; ") for error in failures]
    worse = [part for part, error in zip(parts, failures) if not isinstance(error, NotThereError)]
    return f"{provider} gave no rates: {', and '.join(what for what, _, _ in parts)}; {(worse or parts)[0][2]}"


def _object(document: Any) -> Mapping[str, Any]:
    if not isinstance(document, Mapping):
        raise ValueError("is no JSON object")
    return document


def _exact(base: str, quote: str, value: object) -> Any:
    try:
        return exact(value)
    except ValueError as error:
        raise ValueError(f"has a rate of {base}{quote} that {error}") from error


def _moment(base: str, quote: str, value: Any) -> datetime:
    """The moment of a timestamp, in UTC; it counts seconds, or milliseconds as the provider's newer answers do."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < _MILLISECONDS * 100:
        raise ValueError(f"has a rate of {base}{quote} whose timestamp {_short(value)} is none")
    return datetime.fromtimestamp(value / 1000 if value >= _MILLISECONDS else value, timezone.utc)


def _short(value: object) -> str:
    text = " ".join(str(value)[:80].split())
    return text if len(text) < 60 else f"{text[:57]}..."
