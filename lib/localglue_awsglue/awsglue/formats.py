"""Files read: CSV, JSON, parquet and ORC, each as the schema of its records says."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Optional

from pyspark.sql import types as spark

from awsglue import gluetypes as glue
from awsglue.choices import choices_in
from awsglue.expressions import Column, converted, quoted, sql_type, struct, top
from awsglue.gluetypes import StructType
from awsglue.missing import NotThere
from awsglue.objects import File
from awsglue.records import Errors, frame_of, parsed, surveyed
from awsglue.relations import selected
from awsglue.rows import united
from awsglue.schemas import of_struct, struct_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, DataFrameReader, SparkSession

Read = tuple["DataFrame", StructType, Optional[Errors]]
_LOOKS = 4
"""How many headers are read at a time."""
_PARTS = (StructType, glue.ArrayType, glue.MapType)


@dataclass(frozen=True)
class Wanted:
    """What is read: files, the format's options, and what the Data Catalog says of them.

    With `keys` the files lie in folders key=value below `base`. `declared` are the columns of a table, by position.
    """

    files: Sequence[File]
    options: Mapping[str, Any] = field(default_factory=dict)
    base: str = ""
    keys: StructType = field(default_factory=StructType)
    declared: StructType | None = None

    @property
    def addresses(self) -> list[str]:
        """The files' addresses."""
        return [one.address for one in self.files]

    def is_on(self, option: str) -> bool:
        """Whether an option is true, as a boolean or as text."""
        return str(self.options.get(option, "false")).lower() == "true"


def read(session: SparkSession, format: str, wanted: Wanted) -> Read:  # noqa: A002
    """The records of the files. Raises NotImplementedError for a format that is not there."""
    reader = _READERS.get(format.lower())
    if reader is None:
        raise NotThere(f"the format {format}", f"there are {', '.join(_READERS)}")
    return reader(session, wanted) if wanted.files else _nothing(session)


def _nothing(session: SparkSession) -> Read:
    return session.createDataFrame([], spark.StructType()), StructType(), None


def _files(session: SparkSession) -> DataFrameReader:
    """A reader to which an address is one file, whatever characters its name has."""
    return session.read.option("__globPaths__", "false")


def _source(session: SparkSession, wanted: Wanted) -> DataFrameReader:
    """A reader that adds the partition keys of the folders, and no others."""
    if wanted.keys.fields:
        return _files(session).option("basePath", wanted.base)
    return _files(session).option("recursiveFileLookup", "true")


def _with_keys(schema: spark.StructType, wanted: Wanted) -> spark.StructType:
    names = {one.name for one in wanted.keys}
    kept = [one for one in schema.fields if one.name not in names]
    return spark.StructType([*kept, *struct_of(wanted.keys).fields])


def _columnar(name: str) -> Callable[[SparkSession, Wanted], Read]:
    """A reader of files that bring their schema; fields of all files are there."""

    def reader(session: SparkSession, wanted: Wanted) -> Read:
        bare = _files(session).option("recursiveFileLookup", "true").option("mergeSchema", "true")
        found = bare.format(name).load(wanted.addresses)
        if wanted.keys.fields:
            schema = _with_keys(found.schema, wanted)
            found = _source(session, wanted).format(name).schema(schema).load(wanted.addresses)
        return found, of_struct(found.schema), None

    return reader


def _csv(session: SparkSession, wanted: Wanted) -> Read:
    """Texts, unless a table declares types: a value that does not fit its type makes the column a choice."""
    options = wanted.options
    quote = str(options.get("quoteChar", '"'))
    has_header = wanted.is_on("withHeader")
    given = {
        "sep": str(options.get("separator", ",")),
        "quote": "" if quote == "-1" else quote,
        "escape": str(options.get("escaper", '"')),
        "multiLine": str(wanted.is_on("multiLine")).lower(),
        "header": str(has_header or wanted.is_on("skipFirst")).lower(),
        "encoding": str(options.get("encoding", "UTF-8")),
    }

    def lines(names: Sequence[str], addresses: list[str]) -> DataFrame:
        texts = spark.StructType([spark.StructField(name, spark.StringType()) for name in names])
        reader = _source(session, wanted).options(**given).option("enforceSchema", "true")
        return reader.schema(_with_keys(texts, wanted)).csv(addresses)

    if wanted.declared:
        found = lines([one.name for one in wanted.declared], wanted.addresses)
        return (*selected(found, [*_typed(found, wanted.declared), *top(wanted.keys)]), None)
    parts = [
        selected(lines(names, addresses), [*map(_text, names), *top(wanted.keys)])
        for names, addresses in _by_names(session, wanted, given, has_header).items()
    ]
    return (*functools.reduce(united, parts), None) if parts else _nothing(session)


def _by_names(
    session: SparkSession, wanted: Wanted, given: Mapping[str, str], has_header: bool
) -> dict[tuple[str, ...], list[str]]:
    """The files by the names of their columns: those of each header, or col0, col1, and so on for all.

    Spark would read every file by the columns of the first. Names that differ by case alone are one, as in Spark.
    """
    options = {**given, "header": str(has_header).lower()}

    def columns(address: str) -> list[str]:
        return list(_files(session).option("recursiveFileLookup", "true").options(**options).csv(address).columns)

    with ThreadPoolExecutor(_LOOKS) as pool:
        headers = list(pool.map(columns, wanted.addresses))
    if not has_header:
        most = max(map(len, headers))
        return {tuple(f"col{number}" for number in range(most)): wanted.addresses} if most else {}
    spelled: dict[str, str] = {}
    found: dict[tuple[str, ...], list[str]] = {}
    for address, names in zip(wanted.addresses, headers):
        if names:
            found.setdefault(tuple(spelled.setdefault(one.lower(), one) for one in names), []).append(address)
    return found


def _text(name: str) -> Column:
    return Column(name, quoted(name), glue.StringType())


def _typed(found: DataFrame, declared: StructType) -> list[Column]:
    """The columns as the table declares them; reads all records once for those that are no text."""
    nested = [one.name for one in declared if isinstance(one.dataType, _PARTS)]
    if nested:
        raise NotThere(f"CSV with nested columns ({', '.join(nested)})")
    typed = [one for one in declared if not isinstance(one.dataType, glue.StringType)]
    bad = [f"count_if({quoted(one.name)} IS NOT NULL AND {_cast(one)} IS NULL)" for one in typed]
    counts = found.selectExpr(*bad).first() if bad else None
    misfits = {one.name for number, one in enumerate(typed) if counts is not None and counts[number]}
    return [_choice(one) if one.name in misfits else Column(one.name, _cast(one), one.dataType) for one in declared]


def _cast(one: glue.Field) -> str:
    if isinstance(one.dataType, glue.StringType):
        return quoted(one.name)
    return f"try_cast({quoted(one.name)} AS {sql_type(one.dataType)})"


def _choice(one: glue.Field) -> Column:
    """The values that fit their type, and as text those that do not."""
    words, text = one.dataType.typeName(), glue.StringType()
    rest = f"IF({_cast(one)} IS NULL, {quoted(one.name)}, NULL)"
    sql, _ = struct([Column(words, _cast(one), one.dataType), Column("string", rest, text)], quoted(one.name))
    return Column(one.name, sql, glue.ChoiceType([one.dataType, text]))


def _json(session: SparkSession, wanted: Wanted) -> Read:
    """The records of JSON: an object a line, or with `multiLine` a whole file of one object or an array of them."""
    is_whole = wanted.is_on("multiline") or wanted.is_on("multiLine")
    path = _json_path(str(wanted.options.get("jsonPath", "")))
    keys = [one.name for one in wanted.keys]
    schema = _with_keys(spark.StructType([spark.StructField("value", spark.StringType())]), wanted)
    found = _source(session, wanted).schema(schema).text(wanted.addresses, wholetext=is_whole)
    survey = surveyed(found.select("value").rdd.map(lambda row: row[0]), path)
    if survey.is_plain and not choices_in(survey.schema):
        # Spark reads it by itself, without a process of Python for each reading
        reader = _source(session, wanted).option("multiLine", is_whole)
        made = reader.schema(_with_keys(struct_of(survey.schema), wanted)).json(wanted.addresses)
        return made, of_struct(made.schema), None
    texts = found.rdd.map(lambda row: (row[0], dict(zip(keys, row[1:]))))
    frame, kind, errors = frame_of(session, parsed(texts, path), wanted.keys if keys else None)
    return _as_keys(frame, kind, wanted.keys), _schema_with_keys(kind, wanted.keys), errors


def _schema_with_keys(kind: StructType, keys: StructType) -> StructType:
    known = keys.field_map
    return StructType([known.get(one.name, one) for one in kind])


def _as_keys(frame: DataFrame, kind: StructType, keys: StructType) -> DataFrame:
    """The frame with partition keys of their declared types."""
    target = _schema_with_keys(kind, keys)
    columns = [
        Column(one.name, converted(Column(one.name, quoted(one.name), old.dataType), one.dataType), one.dataType)
        for one, old in zip(target, kind)
    ]
    return selected(frame, columns)[0]


def _json_path(path: str) -> tuple[str, ...]:
    """The steps of a path such as $.records[*]. Raises NotImplementedError for a path with anything else in it."""
    if not path:
        return ()
    steps = path.replace("[*]", ".*").split(".")
    if steps[0] != "$" or any("[" in one or "?" in one or not one for one in steps[1:]):
        raise NotThere(f"the jsonPath {path}", "use $, names and [*]")
    return tuple(steps[1:])


_READERS: dict[str, Callable[[SparkSession, Wanted], Read]] = {
    "csv": _csv,
    "json": _json,
    "parquet": _columnar("parquet"),
    "glueparquet": _columnar("parquet"),
    "orc": _columnar("orc"),
}
