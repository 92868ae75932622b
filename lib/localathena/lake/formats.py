"""What a table's objects are: parquet, ORC, JSON, or one of two ways of CSV."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localathena.lake.json_keys import readable
from localathena.lake.texts import TextForm, skipped_lines, text_form
from localathena.sql.casts import registered
from localathena.sql.quoting import identifier, quoted
from localathena.sql.refusals import not_here, refuse
from localathena.sql.types import INTEGERS, NUMBERS, Type

PARQUET, ORC, JSON, LAZY, CSV = "PARQUET", "ORC", "JSON", "TEXTFILE", "OPENCSV"
_SERDES = {
    "parquethiveserde": PARQUET,
    "orcserde": ORC,
    "jsonserde": JSON,
    "lazysimpleserde": LAZY,
    "opencsvserde": CSV,
}
_CLASSIFICATIONS = {"parquet": PARQUET, "orc": ORC, "json": JSON, "csv": LAZY}
# no text has it: the whole of a line is one column
_NO_DELIMITER = "\x1e\x1f"
_NO_NULL = "\x1d\x1f"
_WHOLE = r"\s*[+-]?[0-9]+\s*"
_TRUTHS = "CASE lower({0}) WHEN 'true' THEN true WHEN 'false' THEN false END"
Reader = Callable[[Any, "Format", "list[tuple[str, Type]]", "list[Path]"], str]


@dataclass(frozen=True)
class Format:
    """The kind of a table's objects, and the parameters of its SerDe."""

    name: str
    parameters: Mapping[str, str]
    skipped_lines: int = 0

    @property
    def is_text(self) -> bool:
        """Whether its objects are lines of LazySimpleSerDe."""
        return self.name == LAZY

    @property
    def text(self) -> TextForm:
        """How its lines are made. Raises Refused for what is not read and written here."""
        return text_form(self.parameters)


def format_of(document: Mapping[str, Any]) -> Format:
    """The format of a table or partition of the Data Catalog. Raises Refused for one that is not read here."""
    descriptor = document.get("StorageDescriptor") or {}
    serde = descriptor.get("SerdeInfo") or {}
    parameters = {**(document.get("Parameters") or {}), **(serde.get("Parameters") or {})}
    library = str(serde.get("SerializationLibrary") or "")
    name = _SERDES.get(library.rpartition(".")[2].lower())
    if name is None and not library:
        name = _CLASSIFICATIONS.get(str(parameters.get("classification", "")).lower())
    if name is None:
        not_here(f"a table of the SerDe {library or 'that it does not name'}")
    return Format(name, parameters, skipped_lines(parameters))


def form_of_partition(partition: Mapping[str, Any], form: Format) -> Format:
    """A partition's own format, with what it does not say as its table says it."""
    has_own = ((partition.get("StorageDescriptor") or {}).get("SerdeInfo") or {}).get("SerializationLibrary")
    if not has_own:
        return form
    own = format_of(partition)
    return Format(own.name, {**form.parameters, **own.parameters}, own.skipped_lines or form.skipped_lines)


def selected(connection: Any, form: Format, columns: list[tuple[str, Type]], paths: list[Path]) -> str:
    """A query over files with the columns of a table, of their types."""
    return _READERS[form.name](connection, form, columns, paths)


def _listed(paths: list[Path]) -> str:
    return "[" + ", ".join(quoted(str(path)) for path in paths) + "]"


def _parquet(connection: Any, _: Format, columns: list[tuple[str, Type]], paths: list[Path]) -> str:
    """Columns by name, without case; those that no file has are NULL, as Athena shows what a table has just gained."""
    source = f"read_parquet({_listed(paths)}, union_by_name = true, hive_partitioning = false)"
    names = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
    spelled: dict[str, list[str]] = {}
    for name in names:
        spelled.setdefault(name.lower(), []).append(name)
    parts = []
    for name, kind in columns:
        found = [identifier(item) for item in spelled.get(name.lower(), ())]
        value = f"coalesce({', '.join(found)})" if len(found) > 1 else found[0] if found else "NULL"
        parts.append(f"{registered(value, kind) if found else f'CAST(NULL AS {kind.duckdb})'} AS {identifier(name)}")
    return f"SELECT {', '.join(parts)} FROM {source}"


def _orc(connection: Any, form: Format, columns: list[tuple[str, Type]], paths: list[Path]) -> str:
    return _parquet(connection, form, columns, [_as_parquet(path) for path in paths])


def _as_parquet(path: Path) -> Path:
    """An ORC file as parquet beside it: DuckDB reads no ORC."""
    import pyarrow.parquet
    from pyarrow import orc

    made = path.with_suffix(".orc.parquet")
    if not made.is_file():
        # two statements may do this at once
        part = path.with_name(f"{path.name}.{uuid.uuid4()}.part")
        try:
            file = orc.ORCFile(str(path))
            with pyarrow.parquet.ParquetWriter(str(part), file.schema) as writer:
                for number in range(file.nstripes):
                    writer.write_batch(file.read_stripe(number))
            part.replace(made)
        except (pyarrow.ArrowInvalid, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # it is the disk's, and not the file's
            refuse("HIVE_BAD_DATA", f"{path} is no ORC file: {error}")
        finally:
            part.unlink(missing_ok=True)
    return made


def _json(connection: Any, form: Format, columns: list[tuple[str, Type]], paths: list[Path]) -> str:
    """One document in each line; its keys are a column's or field's name whatever their case."""
    for name, value in form.parameters.items():
        if name.lower().startswith("mapping."):
            not_here(f"the parameter {name} of a table of JSON")
        if (name.lower(), str(value).lower()) in (("case.insensitive", "false"), ("dots.in.keys", "true")):
            not_here(f"{name} = {value} of a table of JSON")
    read = [readable(connection, path, columns) for path in paths]
    shapes = ", ".join(f"{quoted(name)}: {quoted(_json_shape(kind))}" for name, kind in columns)
    source = f"read_json({_listed(read)}, format = 'newline_delimited', columns = {{{shapes}}})"
    parts = [f"{_of_json(identifier(name), kind)} AS {identifier(name)}" for name, kind in columns]
    return f"SELECT {', '.join(parts)} FROM {source}"


def has_inner_bytes(kind: Type) -> bool:
    """Whether there is varbinary within a nested type, which JSON does not have here."""
    return any(part.name == "varbinary" or has_inner_bytes(part) for part in kind.inner)


def _json_shape(kind: Type) -> str:
    return "VARCHAR" if kind.name in ("date", "timestamp", "varbinary", "decimal") else kind.duckdb


def _of_json(name: str, kind: Type) -> str:
    if has_inner_bytes(kind):
        not_here(f"a column of the type {kind} in a table of JSON")
    return f"from_base64({name})" if kind.name == "varbinary" else f"CAST({name} AS {kind.duckdb})"


def _lines(form: Format, paths: list[Path]) -> str:
    """The lines of text as they are, each in one column."""
    return (
        f"read_csv({_listed(paths)}, columns = {{'line': 'VARCHAR'}}, auto_detect = false, header = false, "
        f"delim = {quoted(_NO_DELIMITER)}, quote = '', escape = '', nullstr = {quoted(_NO_NULL)}, "
        f"skip = {form.skipped_lines}, strict_mode = false)"
    )


def _lazy(_: Any, form: Format, columns: list[tuple[str, Type]], paths: list[Path]) -> str:
    """LazySimpleSerDe: no quotes; what is no value of the type is NULL, and so is what a line lacks."""
    text = form.text
    parts = []
    for number, (name, kind) in enumerate(columns, 1):
        parts.append(f"{_leniently(text.value(f'fields[{number}]'), kind)} AS {identifier(name)}")
    return f"SELECT {', '.join(parts)} FROM (SELECT {text.split('line')} AS fields FROM {_lines(form, paths)})"


def _leniently(part: str, kind: Type) -> str:
    if kind.name in ("varchar", "char"):
        return part
    if kind.name == "boolean":
        return _TRUTHS.format(part)
    if kind.name == "varbinary":
        return f"from_base64({part})"
    if kind.name in ("array", "map", "row"):
        not_here(f"a column of the type {kind} in a table of LazySimpleSerDe")
    if kind.name in INTEGERS:
        part = f"CASE WHEN regexp_full_match({part}, {quoted(_WHOLE)}) THEN {part} END"
    return f"TRY_CAST({part} AS {kind.duckdb})"


def _csv(_: Any, form: Format, columns: list[tuple[str, Type]], paths: list[Path]) -> str:
    """OpenCSVSerDe: fields in quotes; days and moments are numbers."""
    given = form.parameters
    names = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name, _ in columns)
    source = (
        f"read_csv({_listed(paths)}, columns = {{{names}}}, auto_detect = false, header = false, "
        f"delim = {quoted(given.get('separatorChar') or ',')}, quote = {quoted(given.get('quoteChar') or chr(34))}, "
        f"escape = {quoted(given.get('escapeChar') or given.get('quoteChar') or chr(34))}, "
        f"nullstr = {quoted(_NO_NULL)}, null_padding = true, skip = {form.skipped_lines}, strict_mode = false)"
    )
    parts = [f"{_strictly(identifier(name), kind)} AS {identifier(name)}" for name, kind in columns]
    return f"SELECT {', '.join(parts)} FROM {source}"


def _strictly(name: str, kind: Type) -> str:
    if kind.name in ("varchar", "char"):
        return name
    if kind.name == "boolean":
        return _TRUTHS.format(name)
    if kind.name == "date":
        return f"DATE '1970-01-01' + CAST({name} AS INTEGER)"
    if kind.name == "timestamp":
        return f"make_timestamp(CAST({name} AS BIGINT) * 1000)"
    if kind.name in NUMBERS:
        return f"CAST({name} AS {kind.duckdb})"
    refuse("NOT_SUPPORTED", f"OpenCSVSerDe has no values of the type {kind}")


_READERS: dict[str, Reader] = {PARQUET: _parquet, ORC: _orc, JSON: _json, LAZY: _lazy, CSV: _csv}
