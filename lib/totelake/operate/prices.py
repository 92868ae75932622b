"""The price table of catalog/prices.yaml, for one region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from totelake.errors import ConfigurationError


@dataclass(frozen=True)
class Prices:
    """USD by the item's name, and how much of it is free; `oldest` is the day of the oldest price.

    `assumed` is the part `assumptions` of the file as it was read: numbers, and mappings of numbers.
    """

    region: str
    usd: Mapping[str, float]
    free: Mapping[str, float]
    assumed: Mapping[str, Any]
    oldest: str

    @classmethod
    def of(cls, document: Mapping[str, Any], region: str) -> Prices:
        """The table for a region. Raises ConfigurationError when it has no prices for it."""
        items: Mapping[str, Mapping[str, Any]] = document["prices"]
        known = sorted(set.intersection(*(set(item["certainty"]) for item in items.values())))
        if region not in known:
            raise ConfigurationError(
                f"catalog/prices.yaml has no prices for {region}; add them, or use --region {' or '.join(known)}"
            )
        return cls(
            region=region,
            usd={name: float(item[region]) for name, item in items.items()},
            free={name: float(item.get("free", 0)) for name, item in items.items()},
            assumed=document["assumptions"],
            oldest=min(item["as_of"] for item in items.values()),
        )

    def cost(self, name: str, quantity: float) -> float:
        """USD for a month's quantity, what is free taken off."""
        return max(0.0, quantity - self.free[name]) * self.usd[name]
