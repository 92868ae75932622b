"""query: SQL over the lake or the warehouse."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from totelake.cli.output import AsJson, TargetName, print_json, say, table
from totelake.contracts.documents import documents
from totelake.contracts.queries import LAKE, WAREHOUSE, queries_of
from totelake.deploy.target import AWS, LOCAL, Target
from totelake.errors import ConfigurationError
from totelake.ports.postgres import read_only
from totelake.query import athena
from totelake.query.answer import Answer
from totelake.stack.model import QUERY, default_home

_WORKGROUP = "TOTELAKE_ATHENA_WORKGROUP"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(query)


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT, in Athena's SQL for the lake.")] = "",
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
    text = sql or _named(name)
    where = Target.named(target, default_home())
    answer = _of_lake(where, text) if on == LAKE else _of_warehouse(where, text)
    if as_json:
        print_json(answer.document())
    else:
        table(name or on, answer.columns, answer.rows, grouped=False)
        say(f"rows: {len(answer.rows)}")


def _list(as_json: bool) -> None:
    found = queries_of(documents()).values()
    if as_json:
        print_json([{"name": item.name, "title": item.title, "description": item.description} for item in found])
    else:
        table("catalog/queries", ("name", "title"), [(item.name, item.title) for item in found])


def _named(name: str) -> str:
    known = queries_of(documents())
    if name not in known:
        raise ConfigurationError(f"catalog/queries has no {name}; it has {', '.join(known)}")
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
    if where.warehouse_dsn is None:
        raise ConfigurationError("the warehouse's address is not known here; set WAREHOUSE_DSN")
    with read_only(where.warehouse_dsn, limited=True) as cursor:
        cursor.execute("SET search_path = star, public")
        cursor.execute(sql)
        return Answer(tuple(item.name for item in cursor.description or ()), cursor.fetchall())
