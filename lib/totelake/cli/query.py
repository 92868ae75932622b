"""query: SQL over the lake or the warehouse."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Callable

import typer
from typer.core import TyperCommand

from totelake.cli.output import AsJson, TargetName, print_json, say, table
from totelake.contracts.documents import documents
from totelake.contracts.queries import LAKE, WAREHOUSE, queries_of
from totelake.deploy.target import AWS, LOCAL, Target
from totelake.errors import ConfigurationError
from totelake.query import athena, warehouse
from totelake.query.answer import Answer
from totelake.stack.model import QUERY, default_home

_WORKGROUP = "TOTELAKE_ATHENA_WORKGROUP"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(cls=SqlCommand)(query)


class SqlCommand(TyperCommand):
    """A command whose argument is SQL, which may begin with a dash, as a comment does."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take words that begin with a dash and hold a space or a line end for SQL, unless an option asks for them."""
        valued = {name for item in self.params for name in item.opts if not getattr(item, "is_flag", True)}
        end = args.index("--") if "--" in args else len(args)
        sql = {
            place
            for place, word in enumerate(args[:end])
            if _is_sql(word, valued) and (place == 0 or args[place - 1] not in valued)
        }
        if sql:
            others = [word for place, word in enumerate(args[:end]) if place not in sql]
            args = [*others, "--", *(args[place] for place in sorted(sql)), *args[end + 1 :]]
        return super().parse_args(ctx, args)


def _is_sql(word: str, valued: set[str]) -> bool:
    return word.startswith("-") and len(word.split(None, 1)) > 1 and word.partition("=")[0] not in valued


def query(
    sql: Annotated[
        str,
        typer.Argument(
            help="One SELECT, in Athena's SQL for the lake. It may begin with a comment: what begins with a dash "
            "and has a space or a line end in it is SQL, and any word behind --."
        ),
    ] = "",
    name: Annotated[str, typer.Option(help="A query of catalog/queries in its place; 'list' shows them.")] = "",
    on: Annotated[str, typer.Option(help="lake or warehouse.")] = LAKE,
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """Ask the lake (Athena; on one machine DuckDB over the same Data Catalog) or the warehouse."""
    if name == "list":
        _list(as_json)
        return
    if bool(sql) == bool(name):
        raise ConfigurationError("give either a query or --name; `totelake query --name list` shows the names")
    if on not in (LAKE, WAREHOUSE):
        raise ConfigurationError(f"--on is '{on}'; use {LAKE} or {WAREHOUSE}")
    text = _readable(sql) if sql else _named(name)
    where = Target.named(target, default_home())
    answer = _of_lake(where, text) if on == LAKE else _of_warehouse(where, text)
    if as_json:
        print_json(answer.document())
    else:
        table(name or on, answer.columns, answer.rows, data=True)
        say(f"rows: {len(answer.rows)}")


def _readable(sql: str) -> str:
    """The query as it is. Raises ConfigurationError when the shell gave bytes that are no text."""
    try:
        sql.encode()
    except UnicodeEncodeError:
        raise ConfigurationError("the query holds bytes that are no UTF-8; write it in UTF-8") from None
    return sql


def _list(as_json: bool) -> None:
    found = queries_of(documents()).values()
    if as_json:
        print_json([{"name": item.name, "title": item.title, "description": item.description} for item in found])
    else:
        table("catalog/queries", ("name", "title"), [(item.name, item.title) for item in found])


def _named(name: str) -> str:
    known = queries_of(documents())
    if name not in known:
        raise ConfigurationError(f"catalog/queries has no {name}; it has {', '.join(known) or 'none'}")
    return known[name].sql


def _of_lake(where: Target, sql: str) -> Answer:
    database = f"{where.prefix.replace('-', '_')}_processed"
    if where.kind == AWS:
        workgroup = os.environ.get(_WORKGROUP) or where.prefix
        return athena.ask(where.clients.client("athena"), sql, database, workgroup)
    from totelake.query.cache import Cache
    from totelake.query.lake import Lake

    cache = Cache(default_home() / QUERY, where.stack.identity if where.stack else "")
    return Lake(where.clients, database, cache).ask(sql)


def _of_warehouse(where: Target, sql: str) -> Answer:
    with asking(where, WAREHOUSE) as ask:
        return ask(sql)


@contextmanager
def asking(where: Target, on: str) -> Iterator[Callable[[str], Answer]]:
    """What answers queries on the lake or the warehouse; there all of them see one moment.

    Raises ConfigurationError without the warehouse's address.
    """
    if on == LAKE:
        yield lambda sql: _of_lake(where, sql)
        return
    if where.warehouse_dsn is None:
        raise ConfigurationError("the warehouse's address is not known here; set WAREHOUSE_DSN")
    with warehouse.asking(where.warehouse_dsn) as ask:
        yield ask
