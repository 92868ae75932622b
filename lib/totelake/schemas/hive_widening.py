"""How two types of the Data Catalog are related: which is the wider one, so that Athena reads objects of both by it."""

from __future__ import annotations

import re

_ORDERS = (("tinyint", "smallint", "int", "bigint"), ("float", "double"))
_DECIMAL = re.compile(r"^decimal\((\d+),(\d+)\)$")


def wider(present: str, wanted: str) -> str:
    """The wanted type, or the present one where it takes every value of it."""
    return present if present == wanted or is_wider(wanted, present) else wanted


def is_wider(narrow: str, wide: str) -> bool:
    """Whether the second type is another one and takes every value of the first, which is of the same kind."""
    for order in _ORDERS:
        if narrow in order and wide in order:
            return order.index(narrow) < order.index(wide)
    sizes = [_DECIMAL.match(kind) for kind in (narrow, wide)]
    if sizes[0] and sizes[1] and sizes[0].group(2) == sizes[1].group(2):
        return int(sizes[0].group(1)) < int(sizes[1].group(1))
    return False
