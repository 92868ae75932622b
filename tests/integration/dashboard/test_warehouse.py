"""`totelake dashboard` over a real warehouse: one moment, exact numbers, one sentence for what is wrong."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest

from tests.conftest import Postgres
from tests.integration.dashboard.conftest import wanted
from tests.integration.dashboard.shop import rows
from totelake.cli import dashboard as command
from totelake.cli.main import main
from totelake.contracts import load_contracts
from totelake.contracts.documents import documents
from totelake.contracts.queries import queries_of
from totelake.dashboard import page
from totelake.dashboard.answers import gather, shown
from totelake.dashboard.write import write
from totelake.query import warehouse as asked
from totelake.warehouse import tables

pytestmark = pytest.mark.integration
WHOLE_CATALOG = True


def document(file: Path) -> Any:
    """The data of a page."""
    text = file.read_text(encoding="utf-8")
    return json.loads(text.partition('id="data">')[2].partition("</script>")[0])


def content(given: Any) -> list[tuple[Any, ...]]:
    """The rows of a query in a page."""
    columns = [
        [column["values"][place] for place in column["places"]] if "places" in column else column["values"]
        for column in given["columns"]
    ]
    return list(zip(*columns))


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the command find a warehouse."""

    def at(dsn: str) -> None:
        monkeypatch.setattr(command.Target, "named", lambda kind, home: SimpleNamespace(warehouse_dsn=dsn))

    return at


def test_every_row_of_every_query_is_in_the_file(
    shop: str, tmp_path: Path, reached: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    reached(shop)
    file = tmp_path / "page.html"
    assert main(["dashboard", "--output", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    found = document(file)["queries"]
    assert told == {"file": str(file), "bytes": file.stat().st_size, "rows": sum(q["rows"] for q in found.values())}
    for name, given in found.items():
        expected = rows(shop, queries_of(documents())[name].sql.replace("%", "%%"))
        assert content(given) == [tuple(map(shown, row)) for row in expected], name
        # no order was changed yesterday: the business is of a fixed day
        assert (given["rows"] > 0) == (name != "changed_yesterday"), name
    assert file.stat().st_size < 5_200_000


def test_all_queries_see_one_moment(shop: str, postgres: Postgres) -> None:
    """An order that is committed between two queries is in none of them, as the first has not seen it."""
    name = shop.rsplit("/", 1)[1]
    copy = f"{name}_copy"
    postgres.run(f"CREATE DATABASE {copy} TEMPLATE {name} OWNER totelake_loader")
    dsn = postgres.dsn(copy, "totelake_loader")
    board, before = wanted(dsn), rows(dsn, "SELECT count(*) FROM current_sales_order")
    with board.asking() as ask:
        counted = []

        def slow(sql: str) -> Any:
            answer = ask(sql)
            counted.append(len(answer.rows))
            rows(dsn, "DELETE FROM etl.fact_version WHERE target_table = 'fact_sales_order' AND source_key = %s",
                 len(counted))  # fmt: skip
            return answer

        found = gather(board.dashboard, board.queries, "warehouse", slow)
    orders = {row[0] for row in found["sales_orders"].rows}
    assert len(orders) == before[0][0] > rows(dsn, "SELECT count(*) FROM current_sales_order")[0][0]
    assert orders <= {row[0] for row in found["order_versions"].rows}


def test_what_is_older_is_left_out(shop: str, tmp_path: Path, reached: Any) -> None:
    reached(shop)
    file = tmp_path / "page.html"
    assert main(["dashboard", "--output", str(file), "--since", "2025-12-01"]) == 0
    told = document(file)
    found = {row[0] for row in content(told["queries"]["sales_orders"])}
    expected = rows(shop, "SELECT sales_order_id FROM current_sales_order WHERE created_date >= '2025-12-01'")
    assert found == {str(key) for (key,) in expected} != set()
    assert told["since"]["day"] == "2025-12-01"
    for name in sorted(set(told["queries"]) - set(told["since"]["queries"])):
        whole = rows(shop, queries_of(documents())[name].sql.replace("%", "%%"))
        assert content(told["queries"][name]) == [tuple(map(shown, row)) for row in whole], name


def test_a_warehouse_that_is_empty_lacks_a_view_or_is_away_is_one_sentence(
    postgres: Postgres, tmp_path: Path, reached: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "page.html"
    file.write_text("before")
    empty, bare = (postgres.new_database("totelake_loader") for _ in range(2))
    tables.create(empty, load_contracts())
    away = empty.replace(f":{postgres.port}/", ":1/")
    for dsn, words in (
        (empty, "totelake: the warehouse has no rows for the dashboard business; run `totelake run --wait`, and write"),
        (bare, "totelake: the dashboard business needs the query sales_orders: the warehouse has not all it reads "
               '(relation "sales_order_gbp" does not exist); run `totelake deploy`, which makes its tables and views'),
        (away, "totelake: the warehouse cannot be reached: "),
    ):  # fmt: skip
        reached(dsn)
        assert main(["dashboard", "--output", str(file)]) == 1
        said = capsys.readouterr()
        assert said.err.startswith(words) and said.err.count("\n") == 1 and said.out == ""
    assert file.read_text() == "before" and list(tmp_path.iterdir()) == [file]


def test_a_reader_of_the_file_sees_a_whole_page_while_it_is_written_again(shop: str, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    write(wanted(shop), file)
    with file.open(encoding="utf-8") as reader:
        begun = reader.read(1000)
        write(wanted(shop, every=60), file)
        text = begun + reader.read()
    assert text.endswith("</html>\n") and document(file)["every"] == 60
    assert json.loads(text.partition('id="data">')[2].partition("</script>")[0])["every"] == 0


@pytest.mark.parametrize("before", [None, "before"], ids=["no-file", "a-file"])
def test_the_connection_that_breaks_leaves_the_file_as_it_was(before: str | None, shop: str, tmp_path: Path) -> None:
    """The server ends the session between two queries."""
    board, file = wanted(shop), tmp_path / "page.html"
    if before:
        file.write_text(before)

    @contextlib.contextmanager
    def breaking() -> Iterator[Any]:
        with board.asking() as ask:
            pid = ask("SELECT pg_backend_pid() AS pid").rows[0][0]
            with contextlib.closing(psycopg2.connect(shop)) as other, other.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s)", (pid,))
            yield ask

    with pytest.raises(psycopg2.OperationalError):
        write(replace(board, asking=breaking), file)
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == ({file.name: before} if before else {})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["moon"], "catalog/dashboards has no moon; it has business"),
        (["--on", "moon"], "--on is 'moon'; use lake or warehouse"),
        (["--watch", "1"], "--watch is 1; use 5 to 86400 seconds"),
        (
            ["--watch", "5", "--json"],
            "--watch does not end by itself, so there is no one JSON document; leave out --json",
        ),
        (["--since", "yesterday"], "--since is 'yesterday'; write a day as 2024-01-31"),
    ],
)
def test_words_that_are_wrong_are_refused(
    words: list[str], message: str, reached: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    reached("postgresql://nobody@127.0.0.1:1/none")
    assert main(["dashboard", *words, "--output", str(tmp_path / "page.html")]) == 1
    assert capsys.readouterr().err == f"totelake: {message}\n"


def test_the_browser_is_opened_with_the_file(
    shop: str, tmp_path: Path, reached: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reached(shop)
    monkeypatch.setattr(page, "library", lambda: "var Plotly = {};")
    opened: list[str] = []
    monkeypatch.setattr(command.webbrowser, "open", lambda address: opened.append(address) or len(opened) == 1)
    words = ["dashboard", "--output", str(tmp_path / "page.html"), "--open"]
    assert main(words) == 0
    assert opened == [(tmp_path / "page.html").as_uri()]
    assert main(words) == 1
    assert "no browser is found on this machine; open file://" in capsys.readouterr().err


def test_watching_tells_what_fails_and_goes_on(
    shop: str, tmp_path: Path, reached: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def two_rounds(board: Any, file: Path, told: Any) -> None:
        told(write(board, file))
        told(asked.WarehouseError("the warehouse cannot be reached; see its address"))

    reached(shop)
    monkeypatch.setattr(page, "library", lambda: "var Plotly = {};")
    monkeypatch.setattr(command, "watch", two_rounds)
    file = tmp_path / "page.html"
    assert main(["dashboard", "--output", str(file), "--watch", "60"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"{file}: ") and document(file)["every"] == 60
    assert said.err == (
        "totelake: the warehouse cannot be reached; see its address; "
        f"{file} stays as it was, and is tried again in 60 s\n"
    )
