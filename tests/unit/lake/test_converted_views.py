"""The views of amounts in one currency: there once all that they read is, as they are to be, whatever was there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from totelake.contracts import load_contracts
from totelake.errors import ContendedError, LakeError, QuotaError
from totelake.lake.converted_views import lacks_conversions, publish_conversions, widen_conversions
from totelake.lake.tables import as_input, columns_of
from totelake.lake.views import publish, view_sql
from totelake.ports.memory import MemoryCatalog

WHOLE_CATALOG = True
SALES, CURRENCIES, RATES, STAFF = "fact_sales_order", "dim_currency", "fact_exchange_rate", "dim_staff"
VIEW = "sales_order_gbp"


@pytest.fixture
def catalog() -> MemoryCatalog:
    return MemoryCatalog("lake")


def built(catalog: MemoryCatalog, *names: str) -> None:
    """Tables as a build publishes them."""
    for name in names:
        publish(catalog, load_contracts().star(name), 1)
        corrected(catalog, name)


def corrected(catalog: MemoryCatalog, name: str) -> None:
    """What follows a build of a table."""
    publish_conversions(catalog, load_contracts(), load_contracts().star(name))


def lacks(catalog: MemoryCatalog, name: str) -> bool:
    """Whether a recovery of a table has views to make."""
    return lacks_conversions(catalog, load_contracts(), load_contracts().star(name))


@pytest.mark.parametrize("order", [(SALES, CURRENCIES, RATES), (RATES, SALES, CURRENCIES), (CURRENCIES, RATES, SALES)])
def test_the_view_comes_with_the_last_of_what_it_reads(catalog: MemoryCatalog, order: tuple[str, ...]) -> None:
    for table in order[:-1]:
        built(catalog, table)
        assert catalog.table(VIEW) is None and not lacks(catalog, table)
    built(catalog, order[-1])
    found = catalog.table(VIEW)
    assert found is not None
    assert [name for name, _ in columns_of(found)][-2:] == ["rate_age_days", "amount_gbp"]
    assert '"lake"."current_exchange_rate"' in view_sql(found) and "_batch" not in view_sql(found)
    assert catalog.table("purchase_order_gbp") is None


def test_what_somebody_changed_or_took_away_is_put_back(catalog: MemoryCatalog) -> None:
    built(catalog, SALES, CURRENCIES, RATES)
    right = catalog.table(VIEW)
    assert right is not None and not lacks(catalog, RATES)
    changed = {**as_input(right), "ViewOriginalText": "/* Presto View: nothing */"}
    assert catalog.replace(changed, right, keep_version=False)
    for table in (SALES, RATES, CURRENCIES):
        assert lacks(catalog, table)
    assert not lacks(catalog, STAFF)
    corrected(catalog, SALES)
    again = catalog.table(VIEW)
    assert again is not None and view_sql(again) == view_sql(right)
    corrected(catalog, RATES)
    assert catalog.table(VIEW) == again


def test_a_type_is_widened_before_what_the_view_reads_and_a_column_waits_for_it(catalog: MemoryCatalog) -> None:
    built(catalog, SALES, CURRENCIES, RATES)
    contracts = load_contracts()
    sales = contracts.star(SALES)
    columns = [replace(item, type="bigint") if item.name == "units_sold" else item for item in sales.columns]
    wider = replace(sales, columns=tuple(columns))
    widen_conversions(catalog, replace(contracts, stars={**contracts.stars, SALES: wider}), wider)
    found = catalog.table(VIEW)
    assert found is not None and dict(columns_of(found))["units_sold"] == "bigint"
    more = replace(wider, columns=(*columns, replace(columns[-1], name="discount", type="integer")))
    later = replace(contracts, stars={**contracts.stars, SALES: more})
    widen_conversions(catalog, later, more)
    assert catalog.table(VIEW) == found and lacks_conversions(catalog, later, more)
    publish_conversions(catalog, later, more)
    assert "discount" in dict(columns_of(catalog.table(VIEW) or {}))


def test_a_view_of_somebody_else_is_left_as_it_is_and_told(catalog: MemoryCatalog) -> None:
    built(catalog, SALES, CURRENCIES)
    assert catalog.create({"Name": VIEW, "TableType": "VIRTUAL_VIEW", "ViewOriginalText": "theirs"})
    theirs = catalog.table(VIEW)
    publish(catalog, load_contracts().star(RATES), 1)
    told = publish_conversions(catalog, load_contracts(), load_contracts().star(RATES))
    assert [*told] == [VIEW] and "is somebody else's table or view and is left as it is; rename it" in told[VIEW]
    assert catalog.table(VIEW) == theirs and not lacks(catalog, RATES)


@pytest.mark.parametrize("error", [LakeError("denied"), ContendedError("changed"), QuotaError("too many")])
def test_what_the_data_catalog_refuses_of_a_view_is_told_and_holds_no_table(
    error: Exception, catalog: MemoryCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    built(catalog, SALES, CURRENCIES)
    publish(catalog, load_contracts().star(RATES), 1)

    def refuse(*_: object, **__: object) -> bool:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(MemoryCatalog, "create", refuse)
        rates = load_contracts().star(RATES)
        assert publish_conversions(catalog, load_contracts(), rates) == {VIEW: str(error)}
    assert lacks(catalog, RATES)
    corrected(catalog, RATES)
    assert not lacks(catalog, RATES)
