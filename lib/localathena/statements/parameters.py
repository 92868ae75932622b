"""Parameters: values in the place of the question marks of a statement."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from localathena.sql.quoting import quoted
from localathena.sql.refusals import Refused
from localathena.sql.words import parse
from localathena.statements.lexer import tokens, without_comments

# what a parameter may be made of; a name in it is a text without quotes, as users write them
_VALUES = (exp.Literal, exp.Boolean, exp.Null, exp.Cast, exp.Neg, exp.Array, exp.DataType, exp.Interval, exp.Paren)


def count(sql: str) -> int:
    """How many parameters a statement has."""
    return sum(token.kind == "sign" and token.text == "?" for token in tokens(sql))


def filled(sql: str, values: Sequence[str]) -> str:
    """The statement with values in place of its question marks. Raises Refused when there are more or fewer."""
    marks = [token for token in tokens(sql) if token.kind == "sign" and token.text == "?"]
    if len(marks) != len(values):
        raise Refused(
            "INVALID_PARAMETER_USAGE",
            f"line 1:1: Incorrect number of parameters: expected {len(marks)} but found {len(values)}",
        )
    parts, start = [], 0
    for mark, value in zip(marks, values):
        parts += [sql[start : mark.start], without_comments(value)]
        start = mark.end
    return "".join([*parts, sql[start:]])


def literal(value: str) -> str:
    """A value of ExecutionParameters as SQL: a literal as it is, without comments, and anything else as a text."""
    written = without_comments(value)
    # in brackets nothing of it can hide what follows, such as a comment that has no end
    return written if _is_value(written) and _is_value(f"({written})") else quoted(value)


def _is_value(sql: str) -> bool:
    """Whether it is one expression, and that a literal."""
    try:
        select = parse(f"SELECT {sql}")
    except Refused:
        return False
    if not isinstance(select, exp.Select) or len(select.expressions) != 1:
        return False
    has_more = any(part for name, part in select.args.items() if name != "expressions")
    return not has_more and all(isinstance(node, _VALUES) for node in select.expressions[0].walk())
