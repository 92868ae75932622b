"""ALTER TABLE, in Hive's grammar."""

from __future__ import annotations

from localathena.sql.refusals import not_here
from localathena.statements import parsed
from localathena.statements.create_table import columns
from localathena.statements.lexer import Reader, arguments, tokens, unquoted

ADD_PARTITIONS, DROP_PARTITIONS, RENAME_PARTITION = "ADD_PARTITION", "DROP_PARTITION", "RENAME_PARTITION"
SET_LOCATION, SET_PROPERTIES = "SET_LOCATION", "SET_TBLPROPERTIES"
ADD_COLUMNS, REPLACE_COLUMNS = "ADD_COLUMNS", "REPLACE_COLUMNS"


def alter_table(reader: Reader, database: str) -> parsed.AlterTable:
    """What stands behind ALTER."""
    if reader.sees("DATABASE") or reader.sees("SCHEMA") or reader.sees("VIEW"):
        not_here("ALTER of what is no table")
    reader.expect("TABLE")
    of = reader.qualified(database)
    if reader.accept("ADD"):
        if reader.accept("COLUMNS"):
            return parsed.AlterTable(*of, ADD_COLUMNS, columns=columns(reader.bracketed()))
        absent = reader.accept("IF", "NOT", "EXISTS")
        return parsed.AlterTable(*of, ADD_PARTITIONS, _partitions(reader), condition=absent)
    if reader.accept("DROP"):
        if reader.sees("COLUMN"):
            not_here("DROP COLUMN")
        there = reader.accept("IF", "EXISTS")
        return parsed.AlterTable(*of, DROP_PARTITIONS, _partitions(reader), condition=there)
    if reader.accept("REPLACE", "COLUMNS"):
        return parsed.AlterTable(*of, REPLACE_COLUMNS, columns=columns(reader.bracketed()))
    if reader.accept("SET", "LOCATION"):
        location = reader.text()
        reader.end()
        return parsed.AlterTable(*of, SET_LOCATION, location=location)
    if reader.accept("SET", "TBLPROPERTIES"):
        return parsed.AlterTable(*of, SET_PROPERTIES, properties=reader.properties())
    if reader.sees("PARTITION") or reader.sees("CHANGE") or reader.sees("RENAME"):
        not_here("ALTER TABLE ... PARTITION, CHANGE and RENAME")
    reader.fail("'ADD', 'DROP', 'REPLACE', 'SET'")


def _partitions(reader: Reader) -> tuple[parsed.Partition, ...]:
    found = []
    while not reader.is_done:
        reader.expect("PARTITION")
        values = {}
        for item in arguments(reader.bracketed()):
            words = tokens(item)
            if len(words) < 3 or words[1].text != "=":
                not_here(f"a partition by the condition {item}")
            values[unquoted(words[0].text).lower()] = unquoted(item[words[1].end :].strip())
        location = reader.text() if reader.accept("LOCATION") else ""
        found.append(parsed.Partition(values, location))
        reader.accept(",")
    if not found:
        reader.fail("PARTITION")
    return tuple(found)
