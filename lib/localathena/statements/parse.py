"""A statement's words as the kind of statement that they are. Raises Refused for what is none."""

from __future__ import annotations

from localathena.sql.refusals import not_here, refuse
from localathena.statements import parsed
from localathena.statements.alter import alter_table
from localathena.statements.create_table import create_table
from localathena.statements.lexer import Reader, arguments, tokens, unquoted

_QUERIES = ("SELECT", "WITH", "VALUES", "TABLE", "(")
_SHOWN_OF_TABLES = ("PARTITIONS", "TBLPROPERTIES", "COLUMNS")


def statement_of(sql: str, database: str) -> parsed.Statement:
    """The statement; names without a database are of `database`."""
    reader = Reader(sql)
    first = reader.peek()
    if first is None:
        refuse("SYNTAX_ERROR", "line 1:1: mismatched input '<EOF>'. Expecting: a statement")
    word = first.text.upper()
    if word in _QUERIES:
        return parsed.Select(reader.rest())
    reader.token()
    if word == "CREATE":
        return _create(reader, database)
    if word == "INSERT":
        return _insert(reader, database)
    if word == "UNLOAD":
        return _unload(reader)
    if word == "DROP":
        return _drop(reader, database)
    if word == "ALTER":
        return alter_table(reader, database)
    if word == "MSCK":
        reader.expect("REPAIR", "TABLE")
        of = reader.qualified(database)
        reader.end()
        return parsed.Repair(*of)
    if word in ("SHOW", "DESCRIBE", "DESC"):
        return _show(reader, database) if word == "SHOW" else _describe(reader, database)
    if word in ("PREPARE", "EXECUTE", "DEALLOCATE"):
        return _prepared(word, reader)
    if word in ("EXPLAIN", "UPDATE", "DELETE", "MERGE", "VACUUM", "OPTIMIZE"):
        not_here(f"{word}{', whose plan would be another engine' + chr(39) + 's,' if word == 'EXPLAIN' else ''}")
    refuse("SYNTAX_ERROR", f"line 1:{first.start + 1}: mismatched input '{first.text}'. Expecting: a statement")


def _create(reader: Reader, database: str) -> parsed.Statement:
    if reader.accept("EXTERNAL", "TABLE"):
        return create_table(reader, database)
    if reader.accept("DATABASE") or reader.accept("SCHEMA"):
        return _create_database(reader)
    replace = reader.accept("OR", "REPLACE")
    if reader.accept("VIEW"):
        of = reader.qualified(database)
        reader.expect("AS")
        return parsed.CreateView(*of, reader.rest(), replace)
    if replace:
        reader.fail("VIEW")
    if reader.sees("PROTECTED") or reader.sees("MULTI"):
        not_here("a view of several dialects")
    reader.expect("TABLE")
    absent = reader.accept("IF", "NOT", "EXISTS")
    of = reader.qualified(database)
    if reader.sees("("):
        not_here("a table of Iceberg")
    properties = with_properties(reader.bracketed()) if reader.accept("WITH") else {}
    reader.expect("AS")
    query, with_data = _without_data(reader.rest())
    return parsed.Ctas(*of, query, properties, absent, with_data)


def _without_data(query: str) -> tuple[str, bool]:
    """A query without WITH [NO] DATA behind it, and whether there are data."""
    words = tokens(query)
    ending = [token.text.upper() for token in words[-3:]]
    if ending == ["WITH", "NO", "DATA"]:
        return query[: words[-3].start].rstrip(), False
    if ending[-2:] == ["WITH", "DATA"]:
        return query[: words[-2].start].rstrip(), True
    return query, True


def with_properties(text: str) -> dict[str, str]:
    """Properties as queries write them: format = 'PARQUET', partitioned_by = ARRAY['a', 'b'] as a,b."""
    found = {}
    for item in arguments(text):
        words = tokens(item)
        if len(words) < 3 or words[1].text != "=":
            refuse("SYNTAX_ERROR", f"mismatched input '{item}'. Expecting: name = value")
        value = item[words[1].end :].strip()
        if words[2].text.upper() == "ARRAY":
            value = ",".join(unquoted(token.text) for token in tokens(value) if token.kind == "text")
        found[unquoted(words[0].text).lower()] = unquoted(value)
    return found


def _create_database(reader: Reader) -> parsed.CreateDatabase:
    absent = reader.accept("IF", "NOT", "EXISTS")
    name, comment, location, properties = reader.name(), "", "", {}
    while not reader.is_done:
        if reader.accept("COMMENT"):
            comment = reader.text()
        elif reader.accept("LOCATION"):
            location = reader.text()
        else:
            reader.expect("WITH", "DBPROPERTIES")
            properties = reader.properties()
    return parsed.CreateDatabase(name, absent, comment, location, properties)


def _insert(reader: Reader, database: str) -> parsed.Insert:
    reader.expect("INTO")
    of = reader.qualified(database)
    columns: tuple[str, ...] = ()
    following = reader.peek(1)
    if reader.sees("(") and not (following is not None and following.text.upper() in ("SELECT", "WITH", "VALUES", "(")):
        columns = tuple(unquoted(name).lower() for name in arguments(reader.bracketed()))
    return parsed.Insert(*of, reader.rest(), columns)


def _unload(reader: Reader) -> parsed.Unload:
    query = reader.bracketed()
    reader.expect("TO")
    location = reader.text()
    properties = with_properties(reader.bracketed()) if reader.accept("WITH") else {}
    reader.end()
    return parsed.Unload(query, location, properties)


def _drop(reader: Reader, database: str) -> parsed.Drop:
    for word, what in (("TABLE", "TABLE"), ("VIEW", "VIEW"), ("DATABASE", "DATABASE"), ("SCHEMA", "DATABASE")):
        if reader.accept(word):
            there = reader.accept("IF", "EXISTS")
            of = ("", reader.name()) if what == "DATABASE" else reader.qualified(database)
            cascade = reader.accept("CASCADE")
            reader.accept("RESTRICT")
            reader.end()
            return parsed.Drop(what, *of, there, cascade)
    reader.fail("'DATABASE', 'SCHEMA', 'TABLE', 'VIEW'")


def _show(reader: Reader, database: str) -> parsed.Show:
    if reader.accept("CREATE"):
        what = "CREATE_VIEW" if reader.accept("VIEW") else "CREATE_TABLE"
        if what == "CREATE_TABLE":
            reader.expect("TABLE")
        first, of = reader.peek(), reader.qualified(database)
        is_qualified = first is not None and unquoted(first.text).lower() != of[1]
        reader.end()
        return parsed.Show(what, of, written=".".join(of) if is_qualified else of[1])
    what = reader.token().text.upper()
    what = "DATABASES" if what == "SCHEMAS" else what
    if what in _SHOWN_OF_TABLES:
        if what != "TBLPROPERTIES" and (reader.accept("FROM") or reader.accept("IN")):
            pass
        of = reader.qualified(database)
        if reader.accept("FROM") or reader.accept("IN"):
            of = (reader.name(), of[1])
        like = reader.bracketed() if what == "TBLPROPERTIES" and reader.sees("(") else None
        reader.end()
        return parsed.Show(what, of, unquoted(like) if like is not None else None)
    if what not in ("TABLES", "VIEWS", "DATABASES"):
        refuse("SYNTAX_ERROR", f"mismatched input '{what}' behind SHOW")
    of = (reader.name(), "") if reader.accept("IN") or reader.accept("FROM") else (database, "")
    reader.accept("LIKE")
    following = reader.peek()
    like = reader.text() if following is not None and following.kind == "text" else None
    reader.end()
    return parsed.Show(what, of, like)


def _describe(reader: Reader, database: str) -> parsed.Show:
    what = "DESCRIBE"
    if reader.accept("EXTENDED") or reader.accept("FORMATTED"):
        not_here("DESCRIBE EXTENDED")
    of = reader.qualified(database)
    if not reader.is_done:
        not_here("DESCRIBE of a partition or a column")
    return parsed.Show(what, of)


def _prepared(word: str, reader: Reader) -> parsed.Statement:
    if word == "DEALLOCATE":
        reader.expect("PREPARE")
    token = reader.token()
    name = unquoted(token.text)
    if word == "PREPARE":
        reader.expect("FROM")
        return parsed.Prepare(name, reader.rest())
    if word == "DEALLOCATE":
        reader.end()
        return parsed.Deallocate(name)
    values = arguments(reader.rest()) if reader.accept("USING") else []
    reader.end()
    return parsed.Execute(name, tuple(values))
