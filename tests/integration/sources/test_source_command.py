"""`totelake source`: what becomes a source's catalogue, what is left out of it, and what is refused whole."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.integration.sources.conftest import READER, Database
from totelake.contracts.sources import FILE
from totelake.sources import writing

pytestmark = pytest.mark.integration
ITEM = "CREATE TABLE item (item_id integer PRIMARY KEY, name text)"
SECOND = "CREATE TABLE part (part_id uuid PRIMARY KEY, item_id integer REFERENCES item, note text)"


def test_a_source_gets_its_own_file_and_a_contract_for_every_table(database: Database) -> None:
    database.sql(
        ITEM, SECOND, 'CREATE TABLE "source" (id bigint PRIMARY KEY)', 'CREATE TABLE "order" (id date PRIMARY KEY)'
    )
    said = database.add("crm", "--schedule", "cron(0 * * * ? *)")
    folder = database.catalog / "sources" / "crm"
    names = {"source.yaml", "source.table.yaml", "item.yaml", "part.yaml", "order.yaml"}
    assert {path.name for path in folder.iterdir()} == {Path(path).name for path in said["written"]} == names
    source = database.contracts().source("crm")
    assert (source.secret_name("dev"), source.schedule) == ("dev/crm", "cron(0 * * * ? *)")
    assert {table.name for table in database.contracts().source_tables("crm")} == {"item", "part", "order", "source"}
    password = database.postgres.passwords[READER]
    assert not [path for path, text in database.files().items() if password in text]
    assert (said["secret"], said["is_secret_stored"]) == ("{prefix}/crm", False)


LEFT_OUT = {
    "CREATE TABLE odd (a integer)": "public.odd has no primary key and no unique index",
    "CREATE UNLOGGED TABLE odd (a integer PRIMARY KEY)": "ALTER TABLE public.odd SET LOGGED",
    "CREATE TABLE odd (_op integer PRIMARY KEY)": "keeps for itself; rename it: ALTER TABLE public.odd RENAME",
    'CREATE TABLE odd (a integer PRIMARY KEY, "x;y" integer)': 'ALTER TABLE public.odd RENAME COLUMN "x;y" TO a name',
    'CREATE TABLE odd ("Id" integer PRIMARY KEY)': 'ALTER TABLE public.odd RENAME COLUMN "Id" TO id',
    'CREATE TABLE "Odd" (a integer PRIMARY KEY)': 'ALTER TABLE "public"."Odd" RENAME TO odd',
    'CREATE TABLE "o ""dd" (a integer PRIMARY KEY)': "RENAME TO a name of small letters, digits and _, at most 63",
}


@pytest.mark.parametrize(("statement", "why"), LEFT_OUT.items())
def test_a_table_that_cannot_be_captured_is_left_out_and_told(database: Database, statement: str, why: str) -> None:
    database.sql(ITEM, statement)
    said = database.add("crm", status=3)
    (left,) = said["left_out"]
    assert why in left["why"]
    assert [item["table"] for item in said["tables"]] == ["public.item"]


def test_a_table_that_may_not_be_read_is_left_out_with_the_grant(database: Database) -> None:
    database.sql(ITEM)
    database.sql(SECOND, grant=False)
    (left,) = database.add("crm", status=3)["left_out"]
    assert f"GRANT SELECT ON public.part TO {READER}" in left["why"]


def test_a_column_that_no_contract_can_name_is_kept_and_told(database: Database) -> None:
    database.sql('CREATE TABLE item (item_id integer PRIMARY KEY, "Unit Price" numeric NOT NULL)')
    (sentence,) = database.add("crm")["unsaid"]
    assert "item.Unit Price" in sentence and "in the Data Catalog as unit price" in sentence
    (table,) = database.contracts().source_tables("crm")
    assert table.column_names == ("item_id",)


def test_partitions_views_temporary_and_foreign_tables_are_no_tables_of_a_source(database: Database) -> None:
    database.sql(
        ITEM, "CREATE VIEW seen AS SELECT * FROM item", "CREATE MATERIALIZED VIEW kept AS SELECT * FROM item",
        "CREATE TABLE big (id integer PRIMARY KEY) PARTITION BY RANGE (id)",
        "CREATE TABLE big_1 PARTITION OF big FOR VALUES FROM (0) TO (10)", "CREATE TEMP TABLE brief (id integer)",
    )  # fmt: skip
    assert [item["table"] for item in database.add("crm")["tables"]] == ["public.big", "public.item"]


def test_patterns_choose_tables_and_references_stay_among_them(database: Database) -> None:
    database.sql(ITEM, SECOND, "CREATE TABLE part_old (id integer PRIMARY KEY)")
    said = database.add("crm", "--include", "part*", "--exclude", "public.part_o?d")
    assert [item["table"] for item in said["tables"]] == ["public.part"]
    (part,) = database.contracts().source_tables("crm")
    assert part.column("item_id").foreign_key is None


def test_a_reference_to_a_table_of_that_name_in_another_schema_is_none(database: Database) -> None:
    database.sql(
        ITEM, "CREATE SCHEMA shop", "CREATE TABLE shop.item (item_id integer PRIMARY KEY)",
        "CREATE TABLE part (part_id integer PRIMARY KEY, item_id integer REFERENCES shop.item)",
    )  # fmt: skip
    database.add("crm")
    assert database.contracts().table(database.contracts().find("part").id).column("item_id").foreign_key is None


REFUSED = {
    ("Crm",): "'Crm' is no name for a source; use small letters, digits and _",
    ("../crm",): "'../crm' is no name for a source",
    ("rows",): "'rows' is no name for a source",
    ("totesys",): "catalog/sources/totesys/source.yaml is there already; --update adds what is new",
    ("totesys", "--update", "--schedule", "cron(0 * * * ? *)"): "has its secret and its schedule; change them there",
    ("crm", "--schedule", "hourly"): "the schedule is 'hourly'; write it as cron(0/10 * * * ? *)",
    ("crm", "--secret", "a b"): "the secret is 'a b'; write it as {prefix}/crm",
    ("crm", "--schema", "sales"): "no table in the schema sales; schemas with tables: public, shop; name one with",
    ("crm", "--include", "x*"): "--include 'x*' matches no table; there are item",
    ("crm", "--exclude", "x*"): "--exclude 'x*' matches no table; there are item",
    ("crm", "--exclude", "*"): "--exclude leaves no table; there are item",
    ("crm", "--schema", "public", "--schema", "shop"): "public.item and shop.item have one name",
}  # fmt: skip


@pytest.mark.parametrize(("words", "why"), REFUSED.items(), ids=[" ".join(words) for words in REFUSED])
def test_what_cannot_be_is_one_sentence_and_nothing_is_written(
    database: Database, words: tuple[str, ...], why: str
) -> None:
    database.sql(ITEM, "CREATE SCHEMA shop", "CREATE TABLE shop.item (item_id integer PRIMARY KEY)")
    assert why in database.refused(*words)


def test_a_database_without_tables_or_without_any_that_can_be_captured_is_refused(database: Database) -> None:
    assert "no table in the schema public; schemas with tables: none" in database.refused("crm")
    database.sql("CREATE TABLE odd (a integer)")
    assert database.refused("crm").startswith("no table can be captured: public.odd: public.odd has no primary key")


def test_a_table_name_that_another_source_has_in_the_data_catalog_is_refused(database: Database) -> None:
    database.sql("CREATE TABLE item (id integer PRIMARY KEY)")
    database.add("shop")
    other = database.catalog / "sources" / "shop" / FILE
    other.write_text(other.read_text(encoding="utf-8") + "table_prefix: crm_\n", encoding="utf-8")
    assert "would both be registered as crm_item" in database.refused("crm")


def test_update_adds_what_is_new_tells_what_differs_and_changes_no_file(database: Database) -> None:
    database.sql(ITEM)
    database.add("crm")
    before = database.files()
    database.sql("ALTER TABLE item DROP name, ADD price numeric(10,2)", SECOND)
    said = database.add("crm", "--update")
    assert [Path(path).name for path in said["written"]] == ["part.yaml"]
    assert {(change["column"], change["is_breaking"]) for change in said["differing"]} == {
        ("name", True),
        ("price", False),
    }
    assert {path: text for path, text in database.files().items() if path in before} == before
    assert database.add("crm", "--update")["written"] == []


def test_a_file_that_is_there_is_not_written_over(database: Database) -> None:
    database.sql(ITEM)
    database.add("crm")
    database.sql(SECOND, "CREATE TABLE a_part (id integer PRIMARY KEY)")
    (database.catalog / "sources" / "crm" / "part.yaml").symlink_to("elsewhere")
    assert "part.yaml is there already and is not overwritten" in database.refused("crm", "--update")


def test_a_disk_that_fills_while_files_are_written_leaves_none(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.sql(ITEM, SECOND)
    real, done = Path.write_text, []

    def failing(path: Path, *given: str, **named: str) -> int:
        done.append(path)
        if len(done) > 1:
            raise OSError(28, "No space left on device", str(path))
        return real(path, *given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(writing.Path, "write_text", failing)
        assert "No space left" in database.refused("crm")
    assert len(database.add("crm")["written"]) == 3


def test_an_update_that_was_killed_half_way_is_completed_by_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.sql(ITEM)
    database.add("crm")
    database.sql("CREATE TABLE base (base_id integer PRIMARY KEY)")
    database.sql("CREATE TABLE a_part (id integer PRIMARY KEY, base_id integer REFERENCES base)")
    database.add("crm", "--update")
    (database.catalog / "sources" / "crm" / "base.yaml").unlink()
    assert [Path(path).name for path in database.add("crm", "--update")["written"]] == ["base.yaml"]
    assert len(database.contracts().source_tables("crm")) == 3


def test_a_database_that_lets_nobody_in_is_one_sentence_without_the_password(database: Database) -> None:
    dsn = database.reader.replace(database.postgres.passwords[READER], "wr0ng-secret")
    result = database.invoke("add", "crm", "--dsn", dsn, "--catalog", str(database.catalog))
    assert "password authentication failed" in str(result.exception)
    assert "wr0ng-secret" not in str(result.exception)
    assert sorted(os.listdir(database.catalog / "sources")) == sorted(os.listdir(ROOT / "catalog" / "sources"))


def test_the_address_may_come_from_the_environment(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    database.sql(ITEM)
    monkeypatch.setenv("TOTELAKE_SOURCE_DSN", database.reader)
    result = database.invoke("add", "crm", "--catalog", str(database.catalog), "--json")
    assert json.loads(result.stdout)["tables"] == [{"table": "public.item", "columns": 2, "key": ["item_id"]}]


def test_an_update_looks_at_the_schemas_that_the_source_has_tables_of(database: Database) -> None:
    grants = (f"GRANT USAGE ON SCHEMA shop TO {READER}", f"GRANT SELECT ON ALL TABLES IN SCHEMA shop TO {READER}")
    database.sql("CREATE SCHEMA shop", "CREATE TABLE shop.item (id integer PRIMARY KEY)", ITEM, *grants)
    assert [item["table"] for item in database.add("crm", "--schema", "shop")["tables"]] == ["shop.item"]
    database.sql("CREATE TABLE shop.part (id integer PRIMARY KEY)", *grants)
    assert [item["table"] for item in database.add("crm", "--update")["tables"]] == ["shop.part"]


def test_what_an_update_leaves_out_is_told_and_fails_nothing(database: Database) -> None:
    database.sql(ITEM)
    database.add("crm")
    database.sql("CREATE TABLE odd (a integer)", SECOND, grant=False)
    for _ in range(2):
        said = database.add("crm", "--update", status=3)
        assert [item["table"] for item in said["left_out"]] == ["public.odd", "public.part"]
        assert (said["written"], said["tables"]) == ([], [])


def test_a_reference_to_a_column_that_an_older_contract_lacks_is_told_and_fails_nothing(database: Database) -> None:
    database.sql(ITEM)
    database.add("crm")
    database.sql(
        "ALTER TABLE item ADD code text UNIQUE",
        "CREATE TABLE part (id integer PRIMARY KEY, item_code text REFERENCES item (code))",
    )
    said = database.add("crm", "--update")
    assert [Path(path).name for path in said["written"]] == ["part.yaml"]
    assert [text.partition(",")[0] for text in said["unsaid"]] == ["part.item_code refers to item.code"]
    (part,) = (table for table in database.contracts().source_tables("crm") if table.name == "part")
    assert part.column("item_code").foreign_key is None


def test_reserved_words_and_any_label_or_comment_come_back_as_they_are(database: Database) -> None:
    labels = ("yes", "1", "", "a'b", "x\ny", "{z}: # \x85")
    quoted = ", ".join("'" + label.replace("'", "''") + "'" for label in labels)
    database.sql(
        f'CREATE TYPE "odd type" AS ENUM ({quoted})',
        """CREATE TABLE "order" ("user" integer PRIMARY KEY, "select" "odd type" DEFAULT 'yes', "null" text[])""",
        """COMMENT ON TABLE "order" IS E'- {x}: \\n # "1" \\u0085'""",
        'CREATE TABLE _log (id uuid PRIMARY KEY, "order" integer REFERENCES "order")',
    )
    database.add("crm")
    log, order = sorted(database.contracts().source_tables("crm"), key=lambda table: table.name)
    assert (order.column_names, order.column("select").enum) == (("user", "select", "null"), labels)
    assert order.grain == '- {x}: \n # "1" \x85'
    assert str(log.column("order").foreign_key) == "order.user"


def test_a_comment_on_the_database_describes_the_source(database: Database) -> None:
    name = database.dsn.rsplit("/", 1)[1]
    database.sql(ITEM, f"COMMENT ON DATABASE {name} IS 'Whom we know.'")
    database.add("crm")
    assert database.contracts().source("crm").description == "Whom we know."


def test_names_and_comments_that_are_no_text_hide_nothing(database: Database) -> None:
    other = Database(database.postgres, database.catalog, encoding="SQL_ASCII")
    name = other.dsn.rsplit("/", 1)[1]
    odd = ('CREATE TABLE "od%s" (id integer PRIMARY KEY)', f"COMMENT ON DATABASE {name} IS '%s'")
    execute = "DO $$BEGIN EXECUTE convert_from(decode('{}', 'hex'), 'SQL_ASCII'); END$$"
    raw = [execute.format((statement % "\xff").encode("latin-1").hex()) for statement in odd]
    other.sql(ITEM, *raw)
    (left,) = other.add("crm", status=3)["left_out"]
    assert left["table"] == "public.od\\377" and "no text in UTF-8" in left["why"]
    assert other.contracts().source("crm").description == f"The PostgreSQL database {name}."
