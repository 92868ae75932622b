"""Amounts of money in one currency: which facts have them, and the SQL that Athena and PostgreSQL share for it; pure.

An amount is multiplied by the rate of its day, so that every engine gives the same sum to the last penny; a quotient
would have as many digits as each engine likes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Callable

from totelake.contracts.documents import place
from totelake.contracts.identifiers import sql_quoted, sql_text
from totelake.contracts.model import FACT, Conversion, Table
from totelake.contracts.types import hive_type
from totelake.errors import ContractError

RATES, CURRENCIES = "fact_exchange_rate", "dim_currency"
CODE, DAY = "currency_code", "created_date"
RATE_COLUMNS = ("rate_date", "base", "quote", "provider", "rate")
AMOUNT, CONVERTED = "decimal(20,2)", "decimal(38,2)"
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class Converted:
    """A fact with amounts of money, what converts them, and the provider whose rates come before those of others."""

    fact: Table
    conversion: Conversion
    currencies: Table
    rates: Table
    provider: str

    @property
    def tables(self) -> tuple[Table, ...]:
        """The star tables that the view is made of."""
        return (self.fact, self.currencies, self.rates)

    @property
    def more_columns(self) -> tuple[tuple[str, str], ...]:
        """The columns beside the fact's own, with their types in the lake."""
        kinds = ("string", AMOUNT, "date", hive_type(self.rates.column("rate").type), "int", CONVERTED)
        return tuple(zip(converted_columns(self.conversion), kinds))


def converted_columns(conversion: Conversion) -> tuple[str, ...]:
    """The names of the columns that a view has beside the fact's own."""
    return (CODE, "amount", "rate_date", "rate", "rate_age_days", f"amount_{conversion.quote.lower()}")


def conversions(stars: Mapping[str, Table], providers: Mapping[str, str]) -> tuple[Converted, ...]:
    """The conversions of these star tables; none without rates. `providers` are those of sources of rates, by name."""
    rates, currencies = stars.get(RATES), stars.get(CURRENCIES)
    if rates is None or currencies is None:
        return ()
    provider = providers.get(rates.source, "")
    return tuple(
        Converted(fact, fact.conversion, currencies, rates, provider) for fact in stars.values() if fact.conversion
    )


def check_conversions(stars: Mapping[str, Table]) -> None:
    """Raises ContractError for a conversion of what has no amounts, no day or no currency."""
    for table in stars.values():
        found = table.conversion
        if found is None:
            continue
        where = f"{place(table.origin, table.line)}: the property converted of {table.name}"
        if table.kind != FACT or currency_column(table) is None:
            raise ContractError(f"{where} is for facts with a {DAY} and a foreign key to {CURRENCIES}; take it away")
        missing = [name for name in (found.quantity, found.price, DAY) if name not in table.column_names]
        if missing:
            raise ContractError(f"{where} names {missing[0]}, which it has not; name one of its columns")
        twice = [name for name in converted_columns(found) if name in table.column_names]
        if twice:
            raise ContractError(f"{where} makes a column {twice[0]}, which it has; rename that one")
        if not _CURRENCY.fullmatch(found.quote):
            raise ContractError(f"{where} has the quote '{found.quote}'; write the code of a currency, such as GBP")
    if any(table.conversion for table in stars.values()) and RATES in stars:
        lacking = [name for name in RATE_COLUMNS if name not in stars[RATES].column_names]
        if lacking:
            where = place(stars[RATES].origin, stars[RATES].line)
            raise ContractError(f"{where}: {RATES} has no column {lacking[0]}, by which amounts are converted; add it")


def currency_column(fact: Table) -> str | None:
    """The fact's column that refers to the currencies; None when it has none."""
    keys = (column for column in fact.columns if column.foreign_key and column.foreign_key.table == CURRENCIES)
    return next((column.name for column in keys), None)


def converted_from(item: Converted) -> dict[str, frozenset[tuple[str, str]]]:
    """The columns of star tables, as (table, column), of which each of the view's own columns is made."""
    found, fact = item.conversion, item.fact.name
    code = {(fact, str(currency_column(item.fact))), (CURRENCIES, CODE)}
    amount = {(fact, found.quantity), (fact, found.price)}
    known = {*code, (fact, DAY), *((item.rates.name, name) for name in RATE_COLUMNS)}
    made = (code, amount, known, known, known, amount | known)
    return {name: frozenset(columns) for name, columns in zip(converted_columns(found), made)}


def converted_sql(
    item: Converted, columns: tuple[str, ...], orders: str, currencies: str, rates: str, days: Callable[[str, str], str]
) -> str:
    """The view's query: each order, with the last rate that was known on its day, and how old that was.

    `orders`, `currencies` and `rates` are what it reads, as they stand in FROM; `days` counts those from one date to
    another. An order without a rate has NULL for it, and a rate of 1 in the wanted currency itself.
    """
    found, quote = item.conversion, sql_text(item.conversion.quote)
    own = ", ".join(f"o.{sql_quoted(name)}" for name in columns)
    code, day = f"c.{sql_quoted(CODE)}", f"o.{sql_quoted(DAY)}"
    amount = f"o.{sql_quoted(found.quantity)} * o.{sql_quoted(found.price)}"
    kind = hive_type(item.rates.column("rate").type)
    rate = f'CASE WHEN {code} = {quote} THEN CAST(1 AS {kind}) ELSE r."rate" END'
    known = f'CASE WHEN {code} = {quote} THEN {day} ELSE r."rate_date" END'
    first = f'CASE WHEN "provider" = {sql_text(item.provider)} THEN 0 ELSE 1 END'
    key = f"o.{sql_quoted(str(currency_column(item.fact)))} = c.{sql_quoted(item.currencies.key_name)}"
    return f"""SELECT {own}, {code}, CAST({amount} AS {AMOUNT}) AS "amount", {known} AS "rate_date", {rate} AS "rate",
 CAST({days(known, day)} AS integer) AS "rate_age_days",
 CAST({amount} * {rate} AS {CONVERTED}) AS {sql_quoted(item.more_columns[-1][0])}
 FROM {orders} AS o
 LEFT JOIN {currencies} AS c ON {key}
 LEFT JOIN (SELECT "base", "rate_date", "rate",
 lead("rate_date") OVER (PARTITION BY "base" ORDER BY "rate_date") AS "next_date"
 FROM (SELECT "base", "rate_date", "rate",
 row_number() OVER (PARTITION BY "base", "rate_date" ORDER BY {first}, "provider") AS "place"
 FROM {rates} AS "given" WHERE "quote" = {quote}) AS "chosen" WHERE "place" = 1) AS r
 ON r."base" = {code} AND r."rate_date" <= {day} AND (r."next_date" IS NULL OR r."next_date" > {day})"""
