"""Types of DynamicFrames in the words of Spark, of Hive, of scripts and of `printSchema`.

In Spark a choice is a struct with a field for each of its types, of which at most one is not null.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.sql import types as spark

from awsglue import gluetypes as glue
from awsglue.gluetypes import DataType, StructType

_ATOMS: dict[type[DataType], type[spark.DataType]] = {
    glue.BinaryType: spark.BinaryType,
    glue.BooleanType: spark.BooleanType,
    glue.ByteType: spark.ByteType,
    glue.ShortType: spark.ShortType,
    glue.IntegerType: spark.IntegerType,
    glue.LongType: spark.LongType,
    glue.FloatType: spark.FloatType,
    glue.DoubleType: spark.DoubleType,
    glue.StringType: spark.StringType,
    glue.DateType: spark.DateType,
    glue.TimestampType: spark.TimestampType,
    glue.NullType: spark.NullType,
    glue.UnknownType: spark.StringType,
    glue.EnumType: spark.StringType,
}
_OF_SPARK = {made: ours for ours, made in _ATOMS.items() if ours not in (glue.UnknownType, glue.EnumType)}
_WORDS: dict[str, type[DataType]] = {ours.word: ours for ours in _OF_SPARK.values()}
_WORDS |= {
    "integer": glue.IntegerType,
    "bigint": glue.LongType,
    "smallint": glue.ShortType,
    "tinyint": glue.ByteType,
    "float64": glue.DoubleType,
    "bool": glue.BooleanType,
    "varchar": glue.StringType,
    "char": glue.StringType,
    "decimal": glue.DecimalType,
}


def to_spark(kind: DataType) -> spark.DataType:
    """The type in Spark."""
    if isinstance(kind, StructType):
        return struct_of(kind)
    if isinstance(kind, glue.ChoiceType):
        return spark.StructType([spark.StructField(word, to_spark(one)) for word, one in kind.choices.items()])
    if isinstance(kind, glue.ArrayType):
        return spark.ArrayType(to_spark(kind.elementType))
    if isinstance(kind, glue.MapType):
        return spark.MapType(to_spark(kind.keyType), to_spark(kind.valueType))
    if isinstance(kind, glue.DecimalType):
        return spark.DecimalType(kind.precision, kind.scale)
    return _ATOMS[type(kind)]()


def struct_of(kind: StructType) -> spark.StructType:
    """The struct in Spark."""
    return spark.StructType([spark.StructField(one.name, to_spark(one.dataType)) for one in kind])


def of_spark(kind: spark.DataType) -> DataType:
    """The type of a column of Spark. Raises NotImplementedError for one that AWS's library does not have either."""
    if isinstance(kind, spark.StructType):
        return of_struct(kind)
    if isinstance(kind, spark.ArrayType):
        return glue.ArrayType(of_spark(kind.elementType))
    if isinstance(kind, spark.MapType):
        return glue.MapType(of_spark(kind.valueType), keyType=of_spark(kind.keyType))
    if isinstance(kind, spark.DecimalType):
        return glue.DecimalType(kind.precision, kind.scale)
    if isinstance(kind, (spark.CharType, spark.VarcharType)):
        return glue.StringType()
    if type(kind) in _OF_SPARK:
        return _OF_SPARK[type(kind)]()
    raise NotImplementedError(f"a DynamicFrame has no type for Spark's {kind.simpleString()}; cast the column first")


def of_struct(kind: spark.StructType) -> StructType:
    """The schema of a DataFrame."""
    return StructType([glue.Field(one.name, of_spark(one.dataType)) for one in kind.fields])


def of_words(words: str) -> DataType:
    """The type that a script or the Data Catalog names: `long`, `bigint`, `decimal(9,2)`, `array<struct<a:int>>`.

    Raises ValueError for anything else.
    """
    text = words.strip()
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]()
    try:
        return of_spark(spark._parse_datatype_string(text))
    except Exception as problem:  # Spark's parser has an error class of its own in each version
        raise ValueError(
            f"'{words}' is no type of AWS Glue or Hive; write it as long, string or decimal(9,2)"
        ) from problem


def hive(kind: DataType) -> str:
    """The type as the Data Catalog writes it."""
    return "string" if isinstance(kind, (glue.NullType, glue.UnknownType)) else to_spark(kind).simpleString()


def tree(kind: StructType) -> str:
    """The schema as `printSchema` prints it."""
    return "\n".join(["root", *_lines(kind, "|")])


def _lines(kind: DataType, margin: str) -> Iterator[str]:
    if isinstance(kind, StructType):
        for one in kind:
            yield f"{margin}-- {one.name}: {one.dataType.typeName()}"
            yield from _lines(one.dataType, f"{margin}    |")
    elif isinstance(kind, glue.ChoiceType):
        for word, member in kind.choices.items():
            yield f"{margin}-- {word}"
            yield from _lines(member, f"{margin}    |")
    elif isinstance(kind, (glue.ArrayType, glue.MapType)):
        name, inner = ("value", kind.valueType) if isinstance(kind, glue.MapType) else ("element", kind.elementType)
        yield f"{margin}-- {name}: {inner.typeName()}"
        yield from _lines(inner, f"{margin}    |")


def merged(first: DataType, second: DataType) -> DataType:
    """The type of values of both: a choice where they have nothing in common."""
    if isinstance(first, glue.NullType) or first == second:
        return second
    if isinstance(second, glue.NullType):
        return first
    if isinstance(first, glue.ChoiceType) or isinstance(second, glue.ChoiceType):
        return _choice(first, second)
    if isinstance(first, StructType) and isinstance(second, StructType):
        return merged_structs(first, second)
    if isinstance(first, glue.ArrayType) and isinstance(second, glue.ArrayType):
        return glue.ArrayType(merged(first.elementType, second.elementType))
    if isinstance(first, glue.MapType) and isinstance(second, glue.MapType) and first.keyType == second.keyType:
        return glue.MapType(merged(first.valueType, second.valueType), keyType=first.keyType)
    if isinstance(first, glue.DecimalType) and isinstance(second, glue.DecimalType):
        scale = max(first.scale, second.scale)
        whole = max(first.precision - first.scale, second.precision - second.scale)
        return glue.DecimalType(min(38, whole + scale), scale)
    return _choice(first, second)


def merged_structs(first: StructType, second: StructType) -> StructType:
    """The fields of both, those of the first one first."""
    found = {one.name: one.dataType for one in first}
    for one in second:
        found[one.name] = merged(found[one.name], one.dataType) if one.name in found else one.dataType
    return StructType([glue.Field(name, kind) for name, kind in found.items()])


def _choice(first: DataType, second: DataType) -> DataType:
    made = glue.ChoiceType()
    for each in (first, second):
        for word, one in each.choices.items() if isinstance(each, glue.ChoiceType) else [(each.typeName(), each)]:
            made.choices[word] = merged(made.choices[word], one) if word in made.choices else one
    return made
