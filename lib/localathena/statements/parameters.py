"""Parameters: values in the place of the question marks of a statement."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from localathena.sql.quoting import quoted
from localathena.sql.refusals import Refused
from localathena.sql.words import parse
from localathena.statements.lexer import tokens

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
        parts += [sql[start : mark.start], value]
        start = mark.end
    return "".join([*parts, sql[start:]])


def literal(value: str) -> str:
    """A value of ExecutionParameters as SQL: a literal as it is, and anything else as a text."""
    try:
        select = parse(f"SELECT {value}")
    except Refused:
        return quoted(value)
    found = select.expressions[0] if len(select.expressions) == 1 and isinstance(select, exp.Select) else None
    is_one = (
        found is not None
        and set(select.args)
        and not any(select.args.get(part) for part in ("from_", "where", "order", "limit", "group"))
    )
    is_value = is_one and all(isinstance(node, _VALUES) or node is None for node in found.walk())  # type: ignore[union-attr]
    return value if is_value else quoted(value)
