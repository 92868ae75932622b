"""The databases' roles as scripts for psql, which the local stack runs, too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources

from psycopg2 import sql

# lines for psql alone: comments, its own commands, what is for these, and the transaction
_OF_PSQL = re.compile(r"--|\\|DO |BEGIN;|COMMIT;|.*\\gset$")
_OF_ROLE = ("CREATE ROLE", "ALTER ROLE")
SOURCE_READER, WAREHOUSE_LOADER = "source_reader", "warehouse_loader"
_VARIABLE = re.compile(r""":(?:"(?P<name>\w+)"|'(?P<text>\w+)')""")


def statements(script: str, variables: Mapping[str, str], with_role: bool = True) -> list[sql.Composed]:
    """A script's statements, psql's :"name" and :'text' filled in as psql does. Raises KeyError for an unset one.

    They are those of a first run. Without `with_role` those that make the role are left out.
    """
    text = resources.files(__package__).joinpath(f"{script}.sql").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not _OF_PSQL.match(line)]
    found = [statement.strip() for statement in " ".join(lines).split(";") if statement.strip()]
    kept = [statement for statement in found if with_role or not statement.startswith(_OF_ROLE)]
    return [_filled(statement, variables) for statement in kept]


def _filled(statement: str, variables: Mapping[str, str]) -> sql.Composed:
    parts: list[sql.Composable] = []
    end = 0
    for found in _VARIABLE.finditer(statement):
        parts.append(sql.SQL(statement[end : found.start()]))
        name = found["name"]
        parts.append(sql.Identifier(variables[name]) if name else sql.Literal(variables[found["text"]]))
        end = found.end()
    return sql.Composed([*parts, sql.SQL(statement[end:])])
