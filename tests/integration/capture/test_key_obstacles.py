"""What identifies no row, or not as before, blocks its table with what to do; no row is ever taken for another."""

from __future__ import annotations

import pytest

from tests.integration.capture.conftest import Source
from tests.integration.capture.keyed import Keyed, table_of
from totelake.operate.reconcile.finding import EQUAL
from totelake.runtime.job_arguments import DISABLE

pytestmark = pytest.mark.integration
COLUMNS = {"a": "integer", "b": "text", "v": "integer"}
PLAIN = "a integer NOT NULL, b text NOT NULL, v integer"
ROWS = "INSERT INTO thing VALUES (1, 'x', 1), (1, 'y', 2)"
NINE = [f"c{place}" for place in range(9)]


def refused(table: Keyed) -> str:
    """What a run says of its only table."""
    with pytest.raises(SystemExit) as error:
        table.run()
    return str(error.value)


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        (
            (),
            'ALTER TABLE public.thing ADD PRIMARY KEY ("a", "b"), or name a unique index on columns that are NOT NULL',
        ),
        (("ALTER TABLE thing ADD PRIMARY KEY (a)",), "the primary key of public.thing is a, its contract and all "),
        (
            ("ALTER TABLE thing ADD c real, ADD PRIMARY KEY (a, b, c)",),
            "public.thing.c is of the type real, which no key of the lake has; give it a key of columns that ",
        ),
        (
            (
                "ALTER TABLE thing " + ", ".join(f"ADD {name} integer" for name in NINE),
                f"ALTER TABLE thing ADD PRIMARY KEY ({', '.join(NINE)})",
            ),
            "the key of public.thing has 9 columns, and a key may have 8; give it a shorter one",
        ),
    ],
    ids=["no key", "another key", "another type", "nine columns"],
)
def test_a_key_that_cannot_be_captured(
    source: Source, monkeypatch: pytest.MonkeyPatch, statements: tuple[str, ...], says: str
) -> None:
    table = Keyed(source, monkeypatch, table_of(COLUMNS, ["a", "b"]))
    table.create(PLAIN)
    source.sql(*statements)
    assert says in refused(table)


@pytest.mark.parametrize(
    ("index", "says"),
    [
        ("UNIQUE INDEX one ON thing (a, b) WHERE v > 0", "the unique index one of public.thing covers some rows only"),
        ("UNIQUE INDEX one ON thing (a, lower(b))", "the unique index one of public.thing is on an expression"),
        ("UNIQUE INDEX one ON thing (a, v)", "the unique index one of public.thing has columns that may be NULL"),
        ("INDEX one ON thing (a, b)", "public.thing has no index one, so it does not identify every row; CREATE "),
        (
            "UNIQUE INDEX other ON thing (a, b)",
            'CREATE UNIQUE INDEX "one_of_all" ON public.thing ("a", "b"), once each is NOT NULL',
        ),
        ("UNIQUE INDEX one ON thing (b)", "the unique index one of public.thing is b, its contract and all that was "),
    ],
    ids=["partial", "expression", "nullable", "not unique", "another name", "other columns"],
)
def test_an_index_that_identifies_no_row(
    source: Source, monkeypatch: pytest.MonkeyPatch, index: str, says: str
) -> None:
    table = Keyed(source, monkeypatch, table_of(COLUMNS, ["a", "b"], "one"))
    table.create(PLAIN)
    source.sql(f"CREATE {index}")
    assert says in refused(table)


def test_an_index_that_is_checked_later_identifies_no_row(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    table = Keyed(source, monkeypatch, table_of(COLUMNS, ["a", "b"], "one"))
    table.create(PLAIN + ", CONSTRAINT one UNIQUE (a, b) DEFERRABLE")
    assert "the unique index one of public.thing is checked only at a transaction's end" in refused(table)


def test_a_unique_index_serves_where_there_is_no_primary_key(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    table = Keyed(source, monkeypatch, table_of(COLUMNS, ["a", "b"], "one"))
    table.create(PLAIN)
    source.sql(
        "CREATE UNIQUE INDEX one ON thing (b, a) INCLUDE (v)", "INSERT INTO thing VALUES (1, 'x', 1), (1, 'y', 2)"
    )
    assert table.run() == [("I", (1, "x")), ("I", (1, "y"))]
    source.sql("UPDATE thing SET a = 2 WHERE b = 'x'", "ALTER TABLE thing ALTER b DROP NOT NULL")
    assert "has columns that may be NULL" in refused(table)
    source.sql("ALTER TABLE thing ALTER b SET NOT NULL")
    assert sorted(table.run()) == [("D", (1, "x")), ("I", (2, "x"))]
    assert (table.lake(), [outcome for outcome, _ in table.outcomes()]) == (table.rows(), [EQUAL, EQUAL])


def test_a_key_of_another_kind_blocks_its_table_until_it_is_as_before(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Keyed(source, monkeypatch, table_of(COLUMNS, ["a"]))
    table.create("a integer PRIMARY KEY, b text, v integer")
    source.sql("INSERT INTO thing VALUES (1, 'x', 1), (2, 'y', 2)")
    table.run()
    source.sql("ALTER TABLE thing ALTER a TYPE text")
    table.follow(table_of({**COLUMNS, "a": "text"}, ["a"]))
    assert (
        "public.thing was captured under the key a (integer); its key now is a (text), and rows captured under "
        "the old key cannot be matched to the new one; give its columns their former types again"
    ) in refused(table)
    source.sql("ALTER TABLE thing ALTER a TYPE bigint USING a::bigint", "UPDATE thing SET v = 3 WHERE a = 1")
    table.follow(table_of({**COLUMNS, "a": "bigint"}, ["a"]))
    assert table.run() == [("U", (1,))]


def test_other_columns_in_a_key_block_its_table(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    table = Keyed(source, monkeypatch, table_of(COLUMNS, ["a", "b"]))
    table.create(PLAIN + ", PRIMARY KEY (a, b)")
    source.sql("INSERT INTO thing VALUES (1, 'x', 1), (2, 'y', 2)")
    table.run()
    source.sql("ALTER TABLE thing DROP CONSTRAINT thing_pkey", "ALTER TABLE thing ADD PRIMARY KEY (b, a)")
    assert table.run() == []
    source.sql("ALTER TABLE thing DROP CONSTRAINT thing_pkey", "ALTER TABLE thing ADD PRIMARY KEY (a)")
    table.follow(table_of(COLUMNS, ["a"]))
    assert "public.thing was captured under the key a (integer), b (text); its key now is a (integer)" in (
        refused(table)
    )


def test_a_key_column_with_a_new_name_goes_on(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    table = Keyed(source, monkeypatch, table_of(COLUMNS, ["a", "b"]))
    table.create(PLAIN + ", PRIMARY KEY (a, b)")
    source.sql("INSERT INTO thing VALUES (1, 'x', 1), (2, 'y', 2)")
    table.run()
    source.sql("ALTER TABLE thing RENAME b TO c", "DELETE FROM thing WHERE a = 1")
    table.follow(table_of({"a": "integer", "c": "text", "v": "integer"}, ["a", "c"]))
    assert sorted(table.run()) == [("D", (1, "x")), ("U", (2, "y"))]
    assert [outcome for outcome, _ in table.outcomes()] == [EQUAL, EQUAL]


def test_rows_that_are_there_twice_block_their_table(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    table = Keyed(source, monkeypatch, table_of(COLUMNS, ["a"]))
    table.create("a integer PRIMARY KEY, b text, v integer")
    source.sql("INSERT INTO thing SELECT i, 'x', i FROM generate_series(1, 50) AS i")
    table.run()
    # as a damaged index lets rows in, and no query looks into it
    source.sql(
        "UPDATE pg_index SET indisready = false, indisvalid = false WHERE indexrelid = 'thing_pkey'::regclass",
        "INSERT INTO thing VALUES (7, 'again', 7)",
    )
    assert "public.thing has rows with the same a, or gives them in another order" in refused(table)
    source.sql("DELETE FROM thing WHERE b = 'again'", "REINDEX TABLE thing")
    assert (table.run(), table.lake()) == ([], table.rows())


def test_values_that_no_type_of_the_lake_holds_are_quarantined_under_their_key(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = {"day": "date", "amount": "numeric(8,2)", "at": "timestamp without time zone", "v": "numeric(8,2)"}
    table = Keyed(source, monkeypatch, table_of(columns, ["day", "amount", "at"]))
    table.create(", ".join(map(" ".join, columns.items())) + ", PRIMARY KEY (day, amount, at)")
    days = ("2024-02-29", "infinity", "-infinity", "0044-03-15 BC", "12024-01-01")
    values = [f"('{day}', 1.5, '2024-01-01 12:00', 1)" for day in days]
    values += ["('2024-02-29', 'NaN', '2024-01-01 12:00', 1)", "('2024-02-29', 2, 'infinity', 1)"]
    source.sql(f"INSERT INTO thing VALUES {', '.join(values)}, ('2024-03-01', 1, '2024-01-01 12:00', 'NaN')")
    assert [operation for operation, _ in table.run()] == ["I"]
    rows = table.quarantined()
    assert (len(rows), {row["source_key"] for row in rows}) == (7, {None})
    assert '{"day": "0044-03-15 BC", "amount": "1.5", "at": "2024-01-01 12:00:00"}' in {
        row["key_values"] for row in rows
    }
    assert (table.run(), table.run(bookmark=DISABLE), len(table.quarantined())) == ([], [], 7)
    assert [outcome for outcome, _ in table.outcomes()] == [EQUAL, EQUAL]
    source.sql("UPDATE thing SET v = 2 WHERE v = 'NaN'", "DELETE FROM thing WHERE day = 'infinity'")
    assert [operation for operation, _ in table.run()] == ["U"]
    last = table.quarantined()[-1]
    assert (last["_op"], last["column_name"], last["value"]) == ("D", "day", "infinity")
    source.sql("DELETE FROM thing WHERE day = '0044-03-15 BC'")
    assert (table.run(), table.run(), table.quarantined()[-1]["value"]) == ([], [], "0044-03-15 BC")
    assert [outcome for outcome, _ in table.outcomes()] == [EQUAL, EQUAL]


def test_a_number_that_the_lake_keeps_as_text_is_a_key_as_it_is_written(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Keyed(source, monkeypatch, table_of({"k": "numeric", "v": "integer"}, ["k"]))
    table.create("k numeric PRIMARY KEY, v integer")
    source.sql(
        "INSERT INTO thing VALUES (1.50, 1), (-2, 2), (1e30, 3), (0.000, 4), ('NaN', 5), (10, 6), ('Infinity', 7)"
    )
    keys = sorted(key for _, (key,) in table.run())
    assert keys == sorted(["1.50", "-2", "1" + "0" * 30, "0.000", "NaN", "10", "Infinity"])
    source.sql("UPDATE thing SET k = 1.5 WHERE k = 1.5", "DELETE FROM thing WHERE k = 'NaN'")
    assert sorted(table.run()) == [("D", ("1.50",)), ("D", ("NaN",)), ("I", ("1.5",))]
    assert (table.run(bookmark=DISABLE), [outcome for outcome, _ in table.outcomes()]) == ([], [EQUAL, EQUAL])
