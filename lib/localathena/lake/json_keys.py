"""The keys of JSON documents in small letters, as Athena's columns and fields have them; keys of maps stay."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

from localathena.sql.quoting import quoted
from localathena.sql.types import Type

_PARTS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]', re.DOTALL)
# what may be a key with a capital; most objects have none, and are read as they are
_CAPITAL = r'"[^"]*\p{Lu}[^"]*"\s*:'
_FETCHED = 10_000


def folded(document: str, kind: Type) -> str:
    """A document of a type, a row, whose rows' keys are in small letters. What is no such document stays."""
    parts, end = [], 0
    opened: list[tuple[str, Type | None]] = []
    coming: Type | None = kind
    found = list(_PARTS.finditer(document))
    for number, token in enumerate(found):
        text = token[0]
        if text in ("{", "["):
            opened.append((text, coming))
            coming = _item(coming) if text == "[" else None
        elif text in ("}", "]"):
            opened = opened[:-1]
        elif text == "," and opened and opened[-1][0] == "[":
            coming = _item(opened[-1][1])
        elif text[0] == '"' and number + 1 < len(found) and found[number + 1][0] == ":" and opened:
            container = opened[-1][1]
            if container is not None and container.name == "row":
                parts += [document[end : token.start()], text.lower()]
                end = token.end()
            coming = _value(container, text[1:-1].lower())
    return "".join([*parts, document[end:]])


def _item(kind: Type | None) -> Type | None:
    return kind.inner[0] if kind is not None and kind.name == "array" else None


def _value(kind: Type | None, key: str) -> Type | None:
    if kind is not None and kind.name == "map":
        return kind.inner[1]
    if kind is None or kind.name != "row":
        return None
    return next((part for name, part in zip(kind.fields, kind.inner) if name is not None and name.lower() == key), None)


def readable(connection: Any, path: Path, columns: list[tuple[str, Type]]) -> Path:
    """A file whose keys are in small letters: the file itself if they are, or one beside it."""
    source = f"read_ndjson_objects([{quoted(str(path))}])"
    if not connection.execute(f"SELECT bool_or(regexp_matches(json, {quoted(_CAPITAL)})) FROM {source}").fetchone()[0]:
        return path
    kind = Type("row", tuple(part for _, part in columns), tuple(name for name, _ in columns))
    made = path.with_name(f"{path.name.partition('.')[0]}.{uuid.uuid5(uuid.NAMESPACE_OID, str(kind))}.ndjson")
    if not made.is_file():
        # two statements may do this at once
        part = path.with_name(f"{path.name}.{uuid.uuid4()}.part")
        try:
            with part.open("w", encoding="utf-8") as file:
                cursor = connection.execute(f"SELECT json FROM {source}")
                while rows := cursor.fetchmany(_FETCHED):
                    file.writelines(f"{folded(row[0], kind)}\n" for row in rows)
            part.replace(made)
        finally:
            part.unlink(missing_ok=True)
    return made
