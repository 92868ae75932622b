"""From source columns to warehouse columns, as the contracts' lineage says. Pure: columns in, columns out."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from totelake.contracts.identifiers import spark_quoted
from totelake.contracts.model import Column, Table
from totelake.contracts.types import is_time, is_timestamp, spark_type
from totelake.lake.quarantine import INVALID_DATE, INVALID_VALUE, OUT_OF_RANGE, REQUIRED
from totelake.star.exact import as_text, cast_or_null, converted, is_lost
from totelake.star.sorting import no_reason, reason

DELETED = "deleted"


def valid_date(contract: Column) -> SparkColumn:
    """A column as a date when it is one by the contract's pattern and range, else NULL."""
    if not contract.is_text_date:
        return F.when(_in_range(contract, F.to_date(contract.name)), F.to_date(contract.name))
    # Java's $ also matches before a line break at the end, its z does not
    is_written_so = F.col(contract.name).rlike(rf"{contract.pattern}\z")
    return F.when(is_written_so & _in_range(contract, _parsed(contract)), _parsed(contract))


def _parsed(contract: Column) -> SparkColumn:
    return cast_or_null(contract.name, "date")


def _in_range(contract: Column, day: SparkColumn) -> SparkColumn:
    if contract.minimum is None:
        return F.lit(True)
    return day.between(F.lit(contract.minimum).cast("date"), F.lit(contract.maximum).cast("date"))


def derived(target: Column, source: Column) -> SparkColumn:
    """A warehouse column from one source column; NULL where the value cannot become one."""
    value = F.col(source.name)
    if target.type == "date":
        return valid_date(source)
    if is_timestamp(source.plain_type) and is_time(target.type):
        return time_text(source.name)
    if source.plain_type == target.type:
        return value
    return converted(source.name, source.plain_type, target.type)


def time_text(name: str) -> SparkColumn:
    """A timestamp's time of day in UTC as HH:mm:ss.SSS, cut to milliseconds.

    By division: `date_format` takes some 10 microseconds for each row, which is most of the time of a large build.
    """
    of_day = f"(pmod(unix_micros({spark_quoted(name)}), 86400000000) div 1000)"
    parts = (f"{of_day} div 3600000", f"{of_day} div 60000 % 60", f"{of_day} div 1000 % 60")
    clock = ", ':', ".join(f"lpad(CAST({part} AS string), 2, '0')" for part in parts)
    return F.expr(f"concat({clock}, '.', lpad(CAST({of_day} % 1000 AS string), 3, '0'))")


def month_text(name: str) -> SparkColumn:
    """A date's month as yyyy-MM; by arithmetic, as `time_text`, for the years that have four digits."""
    day = F.col(spark_quoted(name))
    plain = F.concat(F.year(day).cast("string"), F.lit("-"), F.lpad(F.month(day).cast("string"), 2, "0"))
    return F.when(F.year(day).between(1000, 9999), plain).otherwise(F.date_format(day, "yyyy-MM"))


def against(target: Column, source: Column) -> SparkColumn:
    """The reason why a row's value cannot become the target's; NULL when it can."""
    there = F.col(spark_quoted(source.name)).isNotNull()
    # the text of a value costs more than all else: it is made of a value that is lost alone
    value, lost = as_text(source.name, source.plain_type), _is_lost(target, source)
    found = no_reason() if lost is None else F.when(lost, _why_lost(target, source, value))
    if target.required:
        found = F.coalesce(found, F.when(~there, reason(REQUIRED, source.name, value)))
    return found


def _is_lost(target: Column, source: Column) -> SparkColumn | None:
    """Whether there is a value that does not become one of the target; None when every value does."""
    if target.type == "date":
        if not source.is_text_date and source.minimum is None:
            return None
        return F.col(spark_quoted(source.name)).isNotNull() & valid_date(source).isNull()
    if is_timestamp(source.plain_type) and is_time(target.type):
        return None
    return is_lost(source.name, source.plain_type, target.type)


def _why_lost(target: Column, source: Column, value: SparkColumn) -> SparkColumn:
    if target.type != "date":
        return reason(INVALID_VALUE, source.name, value)
    day = _parsed(source) if source.is_text_date else F.to_date(source.name)
    outside = F.when(~_in_range(source, day), reason(OUT_OF_RANGE, source.name, value))
    return F.coalesce(outside, reason(INVALID_DATE, source.name, value))


def project(target: Table, source: Table) -> tuple[list[SparkColumn], list[SparkColumn]]:
    """The target's columns in contract order with exact types, and the reasons that speak against a row.

    A deletion has its key alone.
    """
    key_target = _fed_by(target, source.name, source.key[0].name)
    columns, reasons = [], []
    for column in target.lake_columns:
        origin = source.column(column.sources[0].column)
        value = derived(column, origin)
        kept = value if column.name == key_target else F.when(F.col("_op") != "D", value)
        columns.append(kept.cast(spark_type(column.type)).alias(column.name))
        reasons.append(against(column, origin))
    return columns, reasons


def _fed_by(target: Table, table: str, column: str) -> str:
    """The target's column that carries the source's key."""
    for item in target.lake_columns:
        if item.sources and (item.sources[0].table, item.sources[0].column) == (table, column):
            return item.name
    raise KeyError(f"{target.name} does not carry the key {table}.{column}")


def with_month(rows: DataFrame, partition: str) -> DataFrame:
    """Add a fact's partition column: the month of created_date, `deleted` for a deletion."""
    month = F.when(F.col("_op") == "D", F.lit(DELETED)).otherwise(month_text("created_date"))
    return rows.withColumn(partition, month)


def types_of(table: Table) -> Mapping[str, str]:
    """The Spark types of a source table's columns."""
    return {column.name: spark_type(column.plain_type) for column in table.columns}


def columns_text(types: Mapping[str, str]) -> str:
    """Names and Spark types as Spark reads a schema from text."""
    return ", ".join(f"{spark_quoted(name)} {kind}" for name, kind in types.items())
