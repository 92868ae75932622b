"""CREATE EXTERNAL TABLE, in Hive's grammar."""

from __future__ import annotations

from typing import Any

from localathena.sql.refusals import refuse
from localathena.statements import parsed
from localathena.statements.lexer import Reader, Token, arguments, tokens, unquoted

_LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
_DELIMITERS = (
    (("FIELDS", "TERMINATED", "BY"), "field.delim"),
    (("COLLECTION", "ITEMS", "TERMINATED", "BY"), "collection.delim"),
    (("MAP", "KEYS", "TERMINATED", "BY"), "mapkey.delim"),
    (("LINES", "TERMINATED", "BY"), "line.delim"),
    (("ESCAPED", "BY"), "escape.delim"),
    (("NULL", "DEFINED", "AS"), "serialization.null.format"),
)


def create_table(reader: Reader, database: str) -> parsed.CreateTable:
    """What stands behind CREATE EXTERNAL TABLE."""
    absent = reader.accept("IF", "NOT", "EXISTS")
    of = reader.qualified(database)
    found: dict[str, Any] = {"columns": columns(reader.bracketed()) if reader.sees("(") else (), "keys": ()}
    while not reader.is_done:
        _clause(reader, found)
    if not found.get("location"):
        refuse("SYNTAX_ERROR", "CREATE EXTERNAL TABLE names no LOCATION; say where the objects are")
    return parsed.CreateTable(*of, if_not_exists=absent, **found)


def _clause(reader: Reader, found: dict[str, Any]) -> None:
    if reader.accept("COMMENT"):
        found["comment"] = reader.text()
    elif reader.accept("PARTITIONED", "BY"):
        found["keys"] = columns(reader.bracketed())
    elif reader.accept("CLUSTERED", "BY"):
        names = tuple(unquoted(name).lower() for name in arguments(reader.bracketed()))
        reader.expect("INTO")
        found["buckets"] = (names, reader.number())
        reader.expect("BUCKETS")
    elif reader.accept("ROW", "FORMAT", "SERDE"):
        found["serde"] = reader.text()
    elif reader.accept("ROW", "FORMAT", "DELIMITED"):
        found["serde"], found["serde_properties"] = _LAZY, _delimiters(reader)
    elif reader.accept("WITH", "SERDEPROPERTIES"):
        found["serde_properties"] = {**found.get("serde_properties", {}), **reader.properties()}
    elif reader.accept("STORED", "AS", "INPUTFORMAT"):
        written = reader.text()
        reader.expect("OUTPUTFORMAT")
        found["stored_as"] = (written, reader.text())
    elif reader.accept("STORED", "AS"):
        found["stored_as"] = reader.token().text.upper()
    elif reader.accept("LOCATION"):
        found["location"] = reader.text()
    else:
        reader.expect("TBLPROPERTIES")
        found["properties"] = reader.properties()


def _delimiters(reader: Reader) -> dict[str, str]:
    found = {}
    while True:
        for words, name in _DELIMITERS:
            if reader.accept(*words):
                found[name] = _unescaped(reader.text())
                break
        else:
            return found


def _unescaped(text: str) -> str:
    return {"\\t": "\t", "\\n": "\n", "\\001": "\x01", "\\u0001": "\x01", "\\\\": "\\"}.get(text, text)


def columns(text: str) -> tuple[tuple[str, str, str], ...]:
    """Names, types and comments of columns."""
    found = []
    for item in _parts(text):
        words = tokens(item)
        if len(words) < 2:
            refuse("SYNTAX_ERROR", f"mismatched input '{item}'. Expecting: a column and its type")
        comment, end = "", len(item)
        for number, token in enumerate(words):
            if token.kind == "word" and token.text.upper() == "COMMENT" and number > 1:
                comment, end = _comment(item, words[number + 1 :]), token.start
                break
        kind = "".join(item[words[0].end : end].split()).replace("`", "").lower()
        found.append((unquoted(words[0].text).lower(), kind, comment))
    return tuple(found)


def _comment(item: str, words: list[Token]) -> str:
    if len(words) != 1 or words[0].kind not in ("text", "name"):
        refuse("SYNTAX_ERROR", f"mismatched input '{item}'. Expecting: a text behind COMMENT")
    return unquoted(words[0].text)


def _parts(text: str) -> list[str]:
    """What stands between commas that are in no bracket, angles included."""
    found, depth, start = [], 0, 0
    for token in tokens(text):
        if token.kind == "sign":
            depth += {"(": 1, "<": 1, ")": -1, ">": -1}.get(token.text, 0)
            if token.text == "," and not depth:
                found.append(text[start : token.start])
                start = token.end
    return [item.strip() for item in (*found, text[start:]) if item.strip()]
