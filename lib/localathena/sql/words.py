"""A statement's words: read by sqlglot, after a look at what sqlglot takes and Athena does not."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import SqlglotError
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokenizer_core import Token, TokenType

from localathena.sql.refusals import not_here, refuse

_T = TokenType
# operators of other databases
_STRANGE = {
    "::", "**", "==", "^", "&", "|", "~", "!", "#", "@", "$", "<<", ">>", "<=>", "@>", "<@", "&&", ":", ":=", "{", "}",
    "\\", "~~", "->>", "//", "@@", "#>", "^@", "->", "=>",
}  # fmt: skip
_STRANGE_WORDS = {
    "ILIKE", "RLIKE", "QUALIFY", "PIVOT", "UNPIVOT", "GLOB", "SIMILAR", "NOTNULL", "DIV", "ASOF", "SEMI", "ANTI",
    "PREWHERE", "POSITIONAL", "REGEXP", "SETTINGS", "XOR", "MINUS",
}  # fmt: skip
_ARROWS = ("->", "=>")
_TYPES = {
    "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "INT", "BIGINT", "REAL", "DOUBLE", "DECIMAL", "DEC", "NUMERIC",
    "VARCHAR", "CHAR", "CHARACTER", "VARBINARY", "JSON", "DATE", "TIME", "TIMESTAMP", "INTERVAL", "ARRAY", "MAP", "ROW",
    "UUID", "IPADDRESS",
}  # fmt: skip
_UNITS = {"SECOND", "MINUTE", "HOUR", "DAY", "MONTH", "YEAR"}
# parts of sqlglot's nodes that the translation has no eye for
_UNREAD = {
    "join_mark", "symmetric", "on_overflow", "ordinality", "sample", "pivots", "laterals", "match", "hint", "hints",
    "prewhere", "cluster", "distribute", "sort", "locks", "settings", "for_", "options", "version", "system_time",
    "json_access", "connect", "with_fill", "siblings", "exclude", "materialized", "search", "cycle", "udfs", "scalar",
    "by_name", "totals", "match_condition", "nearest", "directed", "is_global", "unnest", "changes", "rows_from",
    "when",     "indexed", "pattern", "only", "partition", "collation", "first", "view", "outer", "cross_apply",
    "explode_array",
    "global_", "key_expressions", "action", "field", "zero_start", "requires_string",
}  # fmt: skip
# words that are no name unless they stand in double quotes
_RESERVED = {
    "ALTER", "AND", "AS", "BETWEEN", "BY", "CASE", "CAST", "CONSTRAINT", "CREATE", "CROSS", "CUBE", "CURRENT_CATALOG",
    "CURRENT_DATE", "CURRENT_PATH", "CURRENT_ROLE", "CURRENT_SCHEMA", "CURRENT_TIME", "CURRENT_TIMESTAMP",
    "CURRENT_USER", "DEALLOCATE", "DELETE", "DESCRIBE", "DISTINCT", "DROP", "ELSE", "END", "ESCAPE", "EXCEPT",
    "EXECUTE", "EXISTS", "EXTRACT", "FALSE", "FOR", "FROM", "FULL", "GROUP", "GROUPING", "HAVING", "IN", "INNER",
    "INSERT",
    "INTERSECT", "INTO", "IS", "JOIN", "JSON_ARRAY", "JSON_EXISTS", "JSON_OBJECT", "JSON_QUERY", "JSON_TABLE",
    "JSON_VALUE", "LEFT", "LIKE", "LISTAGG", "LOCALTIME", "LOCALTIMESTAMP", "NATURAL", "NORMALIZE", "NOT", "NULL", "ON",
    "OR", "ORDER", "OUTER", "PREPARE", "RECURSIVE", "RIGHT", "ROLLUP", "SELECT", "SKIP", "TABLE", "THEN", "TRIM",
    "TRUE", "UESCAPE", "UNION", "UNNEST", "USING", "VALUES", "WHEN", "WHERE", "WITH",
}  # fmt: skip
# what may stand before the bracket of a subscript, or makes an array of it
_BEFORE_BRACKET = (_T.VAR, _T.IDENTIFIER, _T.R_PAREN, _T.R_BRACKET, _T.ARRAY, _T.STRING)
# what follows a number's first digits: 0b11, 1_000
_REST = re.compile(r"[bo][0-7_]+|_[0-9_]+", re.IGNORECASE)
_DECIMAL = re.compile(r"\d+\.?\d*|\.\d+")
_BASES = {"x": 16, "o": 8, "b": 2}


class _Parser(TrinoParser):
    """Every function stays a call by the name that was written; a list of Athena's own says what it is."""

    FUNCTIONS: ClassVar[dict[str, Any]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        name: TrinoParser.FUNCTION_PARSERS[name]
        for name in ("CAST", "TRY_CAST", "EXTRACT", "TRIM", "POSITION", "LISTAGG", "SUBSTRING", "JSON_VALUE")
    }
    NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        name: TrinoParser.NO_PAREN_FUNCTION_PARSERS[name] for name in ("ANY", "CASE", "IF")
    }


class _Words(Trino):
    """Trino's SQL with subscripts as they are written."""

    INDEX_OFFSET = 0
    Parser = _Parser


def parse(sql: str) -> exp.Expr:
    """The one statement. Raises Refused for what is none, and for words that Athena does not take."""
    try:
        with silent():
            tokens = _numbers(_Words().tokenize(sql), sql)
            _check(tokens)
            found = [item for item in _Words().parser().parse(tokens, sql) if item is not None]
    except SqlglotError as error:
        refuse("SYNTAX_ERROR", _problem(error))
    except RecursionError:
        refuse("STACK_OVERFLOW", "the statement is nested too deep to be read; make it simpler")
    for item in found:
        _check_parts(item)
    if len(found) != 1 or any(token.token_type == _T.SEMICOLON for token in tokens[:-1]):
        refuse("SYNTAX_ERROR", "a query is one statement; ask one at a time")
    return found[0]


def _check_parts(parsed: exp.Expr) -> None:
    """Raise Refused for a part of a statement that the translation does not read: it would change the answer unseen."""
    for node in parsed.walk():
        for part, given in node.args.items():
            if given and part in _UNREAD:
                not_here(f"{part.strip('_').upper().replace('_', ' ')} of {node.key.upper()}")


def _problem(error: SqlglotError) -> str:
    details = getattr(error, "errors", None)
    if not details:
        return str(error).splitlines()[0]
    first = details[0]
    return f"line {first['line']}:{first['col']}: {first['description'].rstrip('.')} at {first['highlight']!r}"


def _numbers(tokens: list[Token], sql: str) -> list[Token]:
    """The tokens with 0x1F and 1_000 as the numbers that they are."""
    made: list[Token] = []
    for token in tokens:
        start, text = sql[token.start : token.start + 2].lower(), sql[token.start : token.end + 1]
        if token.token_type in (_T.HEX_STRING, _T.BIT_STRING) and start in ("0x", "0b"):
            made.append(_number(token, str(int(text[2:].replace("_", ""), _BASES[start[1]])), token.start))
        elif made and made[-1].token_type == _T.NUMBER and made[-1].end + 1 == token.start and _REST.fullmatch(text):
            joined = f"{made[-1].text}{text}".replace("_", "").lower()
            base = _BASES.get(joined[1:2], 10)
            made[-1] = _number(token, joined if base == 10 else str(int(joined[2:], base)), made[-1].start)
        elif (
            made
            and token.token_type == _T.STRING
            and made[-1].text.upper() == "DECIMAL"
            and _DECIMAL.fullmatch(token.text)
        ):
            # a literal of a decimal, which sqlglot would read as a cast to one without a point
            written = token.text if "." in token.text else f"{token.text}."
            made[-1] = _number(token, written, made[-1].start)
        else:
            made.append(token)
    return made


def _number(token: Token, text: str, start: int) -> Token:
    return Token(_T.NUMBER, text, token.line, token.col, start, token.end)


def _check(tokens: list[Token]) -> None:
    """Raise Refused for words that sqlglot takes and Athena does not."""
    if any(_text(token) in ("JSON_OBJECT", "JSON_OBJECTAGG") for token in tokens):
        not_here("JSON_OBJECT")
    limits: list[bool] = [False]
    joins = [0]
    for number, token in enumerate(tokens):
        before = tokens[number - 1] if number else None
        after = tokens[number + 1] if number + 1 < len(tokens) else None
        quoted = token.token_type in (_T.STRING, _T.IDENTIFIER)
        word = "" if quoted else token.text.upper()
        if token.token_type == _T.L_PAREN:
            limits.append(False)
            joins.append(0)
        elif token.token_type == _T.R_PAREN and len(limits) > 1:
            limits.pop()
            _check_joins(joins.pop(), token)
        elif token.token_type in (_T.LIMIT, _T.FETCH):
            limits[-1] = True
        elif token.token_type == _T.OFFSET and limits[-1]:
            _unexpected(token)
        elif token.token_type in (_T.UNION, _T.EXCEPT, _T.INTERSECT):
            limits[-1] = False
        if token.token_type == _T.JOIN and (before is None or before.token_type not in (_T.CROSS, _T.NATURAL)):
            joins[-1] += 1
        elif token.token_type in (_T.ON, _T.USING):
            joins[-1] -= 1
        _check_word(token, word, before, after, number > 1 and tokens[number - 2].token_type == _T.LIMIT)
        is_length = before is not None and before.text.upper() == "INTERVAL" and token.token_type == _T.STRING
        if is_length and (after is None or after.text.upper() not in _UNITS):
            refuse("TYPE_NOT_FOUND", f"line {token.line}:{token.col}: an interval is written INTERVAL '1' DAY")
    if tokens:
        _check_joins(joins[0], tokens[-1])
    for number, token in enumerate(tokens):
        if token.text.upper() in ("CAST", "TRY_CAST") and token.token_type not in (_T.STRING, _T.IDENTIFIER):
            _check_cast(tokens, number)


def _check_joins(without: int, token: Token) -> None:
    """Raise Refused when a JOIN has neither ON nor USING before the end of its brackets."""
    if without > 0:
        _unexpected(token)


def _text(token: Token | None) -> str:
    return "" if token is None else token.text.upper()


def _check_word(token: Token, word: str, before: Token | None, after: Token | None, in_limit: bool) -> None:
    strange = (word in _STRANGE and word not in _ARROWS) or token.token_type in (_T.HEREDOC_STRING, _T.PARAMETER)
    called = after is not None and after.token_type == _T.L_PAREN
    if strange or (word in _STRANGE_WORDS and not called):
        _unexpected(token)
    if (word == "ISNULL" and not called) or (word in ("LEFT", "RIGHT") and called):
        _unexpected(token)
    # a type in words, and names that sqlglot knows as something else, may come before a bracket
    named = before is not None and (before.token_type in _BEFORE_BRACKET or before.text.isidentifier())
    if token.token_type == _T.L_BRACKET and (not named or _text(before) in ("SELECT", "BY", "IN", "WHERE")):
        _unexpected(token)
    if word == "INTERVAL" and after is not None and after.token_type == _T.NUMBER:
        _unexpected(after)
    if token.token_type == _T.COMMA and before is not None and before.token_type == _T.NUMBER and in_limit:
        _unexpected(token)
    ended = after is None or after.token_type in (_T.FROM, _T.WHERE, _T.R_PAREN, _T.COMMA, _T.ORDER_BY, _T.GROUP_BY)
    if token.token_type == _T.COMMA and (ended or before is None or before.token_type in (_T.SELECT, _T.L_PAREN)):
        _unexpected(token)
    if before is not None and before.token_type == _T.ALIAS and (word in _RESERVED or token.token_type == _T.STRING):
        _unexpected(token)
    if word == "FROM" and (before is None or before.token_type in (_T.L_PAREN, _T.UNION, _T.ALL)):
        _unexpected(token)
    if word == "UNNEST" and before is not None and before.token_type not in (_T.FROM, _T.JOIN, _T.COMMA, _T.L_PAREN):
        _unexpected(token)


def _check_cast(tokens: list[Token], number: int) -> None:
    """Raise Refused when the type behind AS is named by a word of another database."""
    depth = 0
    for place in range(number + 1, len(tokens)):
        kind = tokens[place].token_type
        depth += (kind == _T.L_PAREN) - (kind == _T.R_PAREN)
        if depth == 0:
            return
        if kind == _T.ALIAS and depth == 1 and place + 1 < len(tokens):
            word = tokens[place + 1].text
            # sqlglot reads DOUBLE PRECISION and the like as one word
            if word.split()[0].split("(")[0].upper() not in _TYPES:
                refuse("TYPE_MISMATCH", f"Unknown type: {word.lower()}")


def _unexpected(token: Token) -> None:
    refuse("SYNTAX_ERROR", f"line {token.line}:{token.col}: mismatched input '{token.text}'")


@contextmanager
def silent() -> Iterator[None]:
    """Without the lines that sqlglot logs about what it does not know well."""
    logger = logging.getLogger("sqlglot")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
