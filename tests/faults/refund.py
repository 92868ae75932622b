"""A release with a source table and a fact that are new: what of it lies in catalog/, and the oracle's SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MADE = """
CREATE TABLE refund (refund_id integer PRIMARY KEY, created_at timestamp(3) NOT NULL,
    last_updated timestamp(3) NOT NULL, currency_id integer NOT NULL, refund_amount numeric(10,2) NOT NULL);
GRANT SELECT ON refund TO totelake_reader;
INSERT INTO refund SELECT payment_id, created_at, last_updated, currency_id, payment_amount FROM payment LIMIT 3"""
ORACLE = """
SELECT refund_id, created_at::date, created_at::time, last_updated::date, last_updated::time, currency_id, refund_amount
  FROM refund"""
_MOMENT, _NUMBER = "timestamp(3) without time zone", "integer"
_SOURCE = (
    ("refund_id", "integer", _NUMBER),
    ("created_at", "timestamp", _MOMENT),
    ("last_updated", "timestamp", _MOMENT),
    ("currency_id", "integer", _NUMBER),
    ("refund_amount", "number", "numeric(10,2)"),
)
_FACT = (
    ("refund_record_id", "integer", _NUMBER, ""),
    ("refund_id", "integer", _NUMBER, "refund_id"),
    ("created_date", "date", "date", "created_at"),
    ("created_time", "time", "time without time zone", "created_at"),
    ("last_updated_date", "date", "date", "last_updated"),
    ("last_updated_time", "time", "time without time zone", "last_updated"),
    ("currency_id", "integer", _NUMBER, "currency_id"),
    ("refund_amount", "number", "numeric(10,2)", "refund_amount"),
)
_PARENTS = {"created_date": "dim_date.date_id", "last_updated_date": "dim_date.date_id"}
_PARENTS |= {"currency_id": "dim_currency.currency_id"}


def documents() -> dict[str, Any]:
    """The two files, by their paths below catalog/."""
    source = [_property(name, logical, kind) for name, logical, kind in _SOURCE]
    source[0].update(primaryKey=True, primaryKeyPosition=1)
    fact = [_property(name, logical, kind) for name, logical, kind, _ in _FACT]
    fact[0].update(primaryKey=True, primaryKeyPosition=1, customProperties=_properties({"serial": True}))
    for item, (name, _, _, column) in zip(fact[1:], _FACT[1:]):
        item["transformSourceObjects"] = [f"refund.{column}"]
        if name in _PARENTS:
            item["relationships"] = [{"type": "foreignKey", "to": _PARENTS[name]}]
        if name.endswith(("_date", "_time")):
            item["transformLogic"] = f"{name.rsplit('_', 1)[1]} part"
    of_source = {"kind": "source", "schemaPolicy": "evolve"}
    of_fact = {
        "kind": "fact", "source": "totesys", "drivingTable": "refund", "sourceKey": "refund_id",
        "partitionBy": "created_month", "shortName": "refund",
    }  # fmt: skip
    return {
        "sources/totesys/refund.yaml": _contract("totesys", "refund", "public", of_source, source),
        "warehouse/fact_refund.yaml": _contract("warehouse", "fact_refund", "star", of_fact, fact),
    }


def _property(name: str, logical: str, kind: str) -> dict[str, Any]:
    return {"name": name, "logicalType": logical, "physicalType": kind, "required": True}


def _properties(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"property": name, "value": value} for name, value in values.items()]


def _contract(
    domain: str, name: str, schema: str, custom: Mapping[str, Any], columns: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    table = {
        "name": name,
        "logicalType": "object",
        "physicalType": "table",
        "physicalName": f"{schema}.{name}",
        "dataGranularityDescription": "One row for each refund.",
        "customProperties": _properties(custom),
        "properties": list(columns),
    }
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": f"totelake.{domain}.{name}",
        "name": name,
        "version": "1.0.0",
        "status": "active",
        "domain": domain,
        "description": {"purpose": "What customers were given back."},
        "schema": [table],
    }
