"""What becomes of `--enable-glue-datacatalog`: Spark's SQL does not see the Data Catalog here, and no job may think so.

A query of a table of the Data Catalog fails by itself. What writes a table would succeed, in a metastore that ends with
the run; so a script that does is refused.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from localglue.errors import InvalidInput

_OPTION, _CONF, _CATALOG = "--enable-glue-datacatalog", "--conf", "spark.sql.catalog."
_METHODS = ("saveAsTable", "insertInto", "writeTo", "createTable", "createExternalTable")
_CALLS = rf"\.\s*(?:{'|'.join(_METHODS)})\s*\("
_STATEMENTS = (
    r"\b(?:CREATE|REPLACE)\s+(?:EXTERNAL\s+)?(?:TABLE|DATABASE|SCHEMA)\b"
    r"|\bCREATE\s+(?:OR\s+REPLACE\s+)?VIEW\b"
    r"|\b(?:ALTER|MSCK\s+REPAIR|DROP|TRUNCATE)\s+(?:TABLE|DATABASE|SCHEMA)\b"
    r"|\bINSERT\s+(?:INTO|OVERWRITE)\b"
)
_SQL = re.compile(_STATEMENTS, re.IGNORECASE)
_TEXT = re.compile(f"{_CALLS}|{_STATEMENTS}", re.IGNORECASE)
_DRIVERS = frozenset(
    ("psycopg", "psycopg2", "pg8000", "asyncpg", "pymysql", "MySQLdb", "mysql", "pymssql", "pyodbc", "cx_Oracle")
    + ("oracledb", "redshift_connector", "snowflake", "sqlite3", "sqlalchemy")
)
"""Packages that send SQL to databases: a script that imports one may have SQL that is not Spark's."""
_REMEDY = "read with create_dynamic_frame.from_catalog, and write with getSink and setCatalogInfo"
Found = tuple[int, str]
"""A line, and the words in it."""


def is_asked_for(arguments: Mapping[str, str]) -> bool:
    """Whether the run wants the Data Catalog in Spark's SQL, and has no catalogue of its own by --conf."""
    return arguments.get(_OPTION, "false").lower() != "false" and _CATALOG not in arguments.get(_CONF, "")


def notice(arguments: Mapping[str, str]) -> str:
    """What the log of such a run says first; nothing for another run."""
    if not is_asked_for(arguments):
        return ""
    return f"localglue: Spark's SQL does not see the Data Catalog here, whatever {_OPTION} says; {_REMEDY}"


def refuse_writes(script: str, arguments: Mapping[str, str]) -> None:
    """Raises InvalidInput for a script of such a run that writes a table of a database by Spark's SQL.

    A script that sets a catalogue of its own may. Comments and docstrings are not looked at.
    """
    found = _first_write(script) if is_asked_for(arguments) else None
    if found:
        raise InvalidInput(
            f"line {found[0]} of the script ({found[1]}) needs the Data Catalog as Spark's metastore ({_OPTION}), "
            f"which localglue does not have, so the table would be gone with the run; {_REMEDY}"
        )


def _first_write(script: str) -> Found | None:
    try:
        tree = ast.parse(script)
    # of another Python or of none, nested too deeply, or parsed by two threads at once, which CPython 3.11 confuses
    except (SyntaxError, ValueError, RecursionError, MemoryError, SystemError):
        match = _TEXT.search(script)
        return (script.count("\n", 0, match.start()) + 1, _words(match.group())) if match else None
    texts = _texts(tree)
    if any(_CATALOG in str(one.value) for one in texts):
        return None
    return min([*_calls(tree), *_statements(_of_spark(tree, texts))], default=None)


def _words(found: str) -> str:
    return " ".join(found.split()).strip("( .")


def _texts(tree: ast.AST) -> list[ast.Constant]:
    """The texts of the code, those of f-strings included, without docstrings."""
    unused = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in unused
    ]


def _calls(tree: ast.AST) -> Iterator[Found]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
            yield node.func.end_lineno or node.lineno, node.func.attr


def _statements(texts: list[ast.Constant]) -> Iterator[Found]:
    for one in texts:
        match = _SQL.search(str(one.value))
        if match:
            yield one.lineno + str(one.value).count("\n", 0, match.start()), _words(match.group())


def _of_spark(tree: ast.AST, texts: list[ast.Constant]) -> list[ast.Constant]:
    """The texts that may be Spark's SQL: all, or beside a driver of databases those that reach a call of `sql`."""
    if not _DRIVERS & set(_imported(tree)):
        return texts
    calls = [(_called(node), _arguments(node)) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    given: list[ast.AST] = [one for name, arguments in calls if name == "sql" for one in arguments]
    values = [*_assigned(tree), *_passed(tree, calls)]
    names: set[str] = set()
    while True:  # a text may go through several names
        new = {node.id for part in given for node in ast.walk(part) if isinstance(node, ast.Name)} - names
        if not new:
            break
        names |= new
        given += [value for target, value in values if target in new]
    reaching = {id(node) for part in given for node in ast.walk(part)}
    return [one for one in texts if id(one) in reaching]


def _called(call: ast.Call) -> str:
    """The last name of what is called."""
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(one.value for one in call.keywords)]


def _passed(tree: ast.AST, calls: list[tuple[str, list[ast.expr]]]) -> Iterator[tuple[str, ast.AST]]:
    """Names of parameters with what calls pass to their functions."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            for called, arguments in calls:
                if called == node.name:
                    yield from ((name, value) for name in names for value in arguments)


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name.split(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def _assigned(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Names with what is assigned to them, or gone through in a loop."""
    for node in ast.walk(tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign, ast.NamedExpr, ast.For, ast.comprehension)):
            targets = [node.target]
        value = node.iter if isinstance(node, (ast.For, ast.comprehension)) else getattr(node, "value", None)
        if value is not None:
            yield from ((one.id, value) for target in targets for one in ast.walk(target) if isinstance(one, ast.Name))
