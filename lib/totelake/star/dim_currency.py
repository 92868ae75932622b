"""dim_currency: the currency's name from ISO 4217."""

from __future__ import annotations

from functools import lru_cache

import iso4217
from pyspark.sql import Column as SparkColumn
from pyspark.sql import functions as F

from totelake.contracts.model import Table
from totelake.contracts.types import spark_type
from totelake.lake.quarantine import UNKNOWN_CODE
from totelake.star.projection import project
from totelake.star.sorting import reason

NAME, CODE = "currency_name", "currency_code"


@lru_cache(maxsize=1)
def names() -> dict[str, str]:
    """ISO 4217's code -> name."""
    return {currency.code: currency.currency_name for currency in iso4217.Currency}


def build(target: Table, source: Table) -> tuple[list[SparkColumn], list[SparkColumn]]:
    """The dimension's columns, and the reasons against a row: a code that ISO 4217 does not have is one."""
    columns, reasons = project(target, source)
    known = F.create_map(*[F.lit(word) for pair in sorted(names().items()) for word in pair])
    name = F.try_element_at(known, F.trim(F.upper(F.col(CODE))))
    kept = F.when(F.col("_op") != "D", name).cast(spark_type(target.column(NAME).type)).alias(NAME)
    place = [column.name for column in target.lake_columns].index(NAME)
    columns[place] = kept
    return columns, [*reasons, F.when(name.isNull(), reason(UNKNOWN_CODE, CODE, F.col(CODE)))]
