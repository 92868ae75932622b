"""A source of rates as its source.yaml describes it: whom to ask, for what, and since when."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from totelake.contracts.sources import FILE, FOLDER, HTTP, Source
from totelake.errors import ConfigurationError, ContractError
from totelake.feeds.rates.addresses import is_allowed
from totelake.feeds.rates.model import is_code
from totelake.feeds.rates.progress import Period
from totelake.feeds.rates.providers import PROVIDERS, Provider

# where all hosts are asked for, as AWS_ENDPOINT_URL says it of AWS: an address below which each host is a folder
ENDPOINT = "TOTELAKE_RATES_ENDPOINT"


@dataclass(frozen=True)
class Settings:
    """What is asked for: of each of `currencies` what one unit is worth in `quote`, by day from `start` on."""

    source: str
    provider: Provider
    hosts: tuple[str, ...]
    quote: str
    currencies: tuple[str, ...]
    start: date

    @classmethod
    def of(cls, source: Source, environment: Mapping[str, str] | None = None) -> Settings:
        """Read them. Raises ContractError for a source.yaml that contradicts itself, ConfigurationError for an
        endpoint of the environment that is none."""
        if source.kind != HTTP:
            raise _wrong(source, f"the kind is {source.kind}", f"a source of rates is of kind {HTTP}")
        provider = PROVIDERS.get(source.option("provider"))
        if provider is None:
            raise _wrong(source, f"the provider is '{source.option('provider')}'", f"use {' or '.join(PROVIDERS)}")
        currencies, quote = tuple(source.options["currencies"]), source.option("quote")
        wrong = next((text for text in currencies if not is_code(text)), None)
        if wrong is not None:
            raise _wrong(source, f"the currency '{wrong}' is no code", "write three capitals, such as EUR")
        if quote in currencies or len(set(currencies)) < len(currencies):
            twice = quote if quote in currencies else next(text for text in currencies if currencies.count(text) > 1)
            raise _wrong(source, f"{twice} is there twice", "name each currency once, and not the quote")
        try:
            start = date.fromisoformat(source.option("start"))
        except ValueError:
            raise _wrong(
                source, f"the start '{source.option('start')}' is no day", "write it as '2026-01-31'"
            ) from None
        hosts = tuple(source.options.get("hosts", provider.hosts))
        for host in hosts:
            if not is_allowed(host):
                raise _wrong(source, f"the host '{host}' is no address with TLS", "begin it with https://")
            missing = [word for word in provider.words if word not in host]
            if missing:
                raise _wrong(source, f"the host '{host}' lacks {missing[0]}", f"write it like {provider.hosts[0]}")
        endpoint = (os.environ if environment is None else environment).get(ENDPOINT, "")
        return cls(source.name, provider, _at(endpoint, hosts), quote, currencies, start)

    @property
    def first(self) -> date | None:
        """The first day whose rates are asked for; None when the provider has those of now alone."""
        has = self.provider.first_day
        return None if has is None else max(has, self.start)

    @property
    def period(self) -> Period:
        """The days that are asked for."""
        return Period(self.first)

    def series(self, base: str) -> str:
        """The name under which the bookmark has the days of a base."""
        return f"{self.provider.name} {base}{self.quote}"


def _at(endpoint: str, hosts: tuple[str, ...]) -> tuple[str, ...]:
    """The hosts as they are asked for at an endpoint, themselves without one."""
    if not endpoint:
        return hosts
    if not is_allowed(endpoint):
        raise ConfigurationError(f"{ENDPOINT} is '{endpoint}', no address with TLS or of this machine; correct it")
    return tuple(f"{endpoint.rstrip('/')}/{host.split('://', 1)[1]}" for host in hosts)


def _wrong(source: Source, what: str, advice: str) -> ContractError:
    return ContractError(f"catalog/{FOLDER}/{source.name}/{FILE}: {what}; {advice}")
