"""Columns of any type in the Data Catalog."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.integration.registry.conftest import Registry
from tests.integration.registry.test_check import DESIGNS, columns

pytestmark = pytest.mark.integration


def test_columns_of_any_type_are_registered_as_the_lake_has_them_and_the_audit_agrees(registry: Registry) -> None:
    more = {
        "details": ("jsonb", "string", '{"a": 1}'),
        "ident": ("uuid", "string", "6f1d0d0a-0000-4000-8000-000000000000"),
        "exact": ("numeric", "string", "1e-1000"),
        "raw": ("bytea", "binary", b"\x00\xff"),
        "at": ("timestamp(3) with time zone", "timestamp", datetime(2026, 11, 23, 9)),
    }
    values = {name: value for name, (_, _, value) in more.items()}
    registry.ingest(1, {"design": [{**DESIGNS[0], **values}]}, **{name: kind for name, (kind, _, _) in more.items()})
    assert registry.check() is not None
    found = columns(registry, "design")
    assert {name: found[name] for name in more} == {name: hive for name, (_, hive, _) in more.items()}
    assert registry.audit() == []
