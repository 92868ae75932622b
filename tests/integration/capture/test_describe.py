"""The live source is held against the contracts before a run meets what has changed there."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from typer.testing import CliRunner

from tests.conftest import SOURCE
from tests.integration.capture.conftest import READER, Source
from tests.integration.capture.type_values import AS_TEXT, DOMAINS, MADE, NATIVE
from tests.unit.contracts.test_standard import problems
from totelake.capture.postgres.describe import describe
from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import blocked_tables, read_shapes
from totelake.cli import contract as command
from totelake.cli import drift as drift_command
from totelake.cli.app import whole_app
from totelake.cli.exit_status import BREAKING_DRIFT
from totelake.contracts import load_contracts
from totelake.contracts.documents import parse_yaml
from totelake.contracts.model import TableId
from totelake.contracts.parse import parse_tables
from totelake.errors import ConfigurationError, SourceError
from totelake.schemas import changes
from totelake.schemas.changes import differences
from totelake.schemas.described import DescribedTable
from totelake.schemas.draft import draft
from totelake.schemas.impact import impact_of
from totelake.schemas.live import source_changes

pytestmark = pytest.mark.integration
TABLES = load_contracts().source_tables(SOURCE)
NINE = ", ".join(f"c{place} integer" for place in range(9)) + f", PRIMARY KEY ({', '.join(f'c{i}' for i in range(9))})"


@contextlib.contextmanager
def reading(source: Source) -> Iterator[Session]:
    """A session of the reading role."""
    dsn = source.postgres.dsn(source.dsn.rsplit("/", 1)[1], "totelake_reader")
    with contextlib.closing(psycopg2.connect(dsn)) as connection:
        yield Session(connection)


def described(source: Source) -> tuple[DescribedTable, ...]:
    """The tables as the reading role sees them."""
    with reading(source) as session:
        return describe(session, ("public",))


def differing(source: Source) -> dict[str, list[tuple[str, str]]]:
    """Column and class of every change, by table."""
    with reading(source) as session:
        blocked = {name: item.change for name, item in blocked_tables(session, TABLES).items()}
        found = source_changes(TABLES, describe(session, ("public",)), blocked)
    return {name: [(item.column, item.kind) for item in changed] for name, changed in found.items() if changed}


def test_every_change_of_the_live_source_is_reported_with_its_class(source: Source) -> None:
    assert differing(source) == {}
    source.sql(
        "DROP TABLE department",
        "CREATE TABLE supplier (supplier_id integer PRIMARY KEY)",
        "ALTER TABLE staff ADD shoe_size integer",
        "ALTER TABLE design ALTER file_name TYPE integer USING 1, ALTER design_id TYPE bigint",
        "ALTER TABLE currency DROP CONSTRAINT currency_pkey, ADD PRIMARY KEY (currency_code)",
        "ALTER TABLE address ALTER phone DROP NOT NULL",
        "ALTER TABLE payment ADD _op jsonb, ADD note jsonb",
        "ALTER TABLE transaction SET UNLOGGED",
        "ALTER TABLE counterparty RENAME TO partner",
        f"CREATE VIEW counterparty AS TABLE partner; GRANT SELECT ON counterparty TO {READER}",
    )
    assert differing(source) == {
        "department": [("", changes.TABLE_MISSING)],
        "supplier": [("", changes.TABLE_NEW)],
        "staff": [("shoe_size", changes.COLUMN_ADDED)],
        "design": [("design_id", changes.TYPE_WIDENED), ("file_name", changes.TYPE_CHANGED)],
        "currency": [("currency_id", changes.KEY_CHANGED)],
        "address": [("phone", changes.NULLABILITY_LOOSENED)],
        "payment": [("_op", changes.NAME_RESERVED), ("note", changes.COLUMN_ADDED)],
        "transaction": [("", changes.NOT_CAPTURABLE)],
        "counterparty": [("", changes.NOT_CAPTURABLE)],
        "partner": [("", changes.TABLE_NEW)],
    }


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        ("ALTER TABLE payment RENAME TO gone", changes.TABLE_MISSING, "has no public.payment; public.gone has every"),
        ("REVOKE SELECT ON payment FROM totelake_reader", changes.NOT_CAPTURABLE, "GRANT SELECT ON public.payment"),
        ("ALTER TABLE payment ADD _op text", changes.NAME_RESERVED, "a name the lake keeps for itself"),
    ],
)
def test_one_table_is_reported_as_are_all_of_them(
    source: Source, monkeypatch: pytest.MonkeyPatch, change: str, kind: str, says: str
) -> None:
    source.sql(change)
    monkeypatch.setattr(drift_command.Target, "named", lambda *_: None)
    monkeypatch.setattr(drift_command, "described_source", lambda *_: described(source))
    with reading(source) as session:
        monkeypatch.setattr(drift_command, "blocked_in_source", lambda *_: blocked_tables(session, TABLES))
        results = [
            CliRunner().invoke(whole_app(), ["drift", name, "--against", "source", "--json"])
            for name in ("payment", "staff", "dim_staff")
        ]
    (payment,) = json.loads(results[0].stdout)
    (found,) = payment["changes"]
    assert (found["kind"], found["impact"]) == (kind, impact_of("payment").document())
    assert payment["not_captured"]["since"] is None and says in payment["not_captured"]["why"]
    assert [result.exit_code for result in results[:2]] == [BREAKING_DRIFT, 0]
    assert str(results[2].exception) == "dim_staff is no table of a source; leave out --against source"


def test_a_draft_of_columns_of_any_type_is_a_contract_that_the_source_fits(source: Source) -> None:
    source.sql(*MADE)
    kinds = {**NATIVE, **AS_TEXT, **{name: kind for name, (_, kind) in DOMAINS.items()}}
    columns = ", ".join(f"c{place} {kind}" for place, kind in enumerate(kinds))
    source.sql(f'CREATE TABLE thing (id integer PRIMARY KEY, {columns}, s "My, schema"."Kind")')
    (thing,) = [table for table in described(source) if table.name == "thing"]
    document = draft(thing, SOURCE)
    assert problems(document) == []
    drafted, _ = parse_tables({f"sources/{SOURCE}/thing.yaml": document}, load_contracts().sources)
    contract = drafted[TableId(SOURCE, "thing")]
    assert source_changes([contract], [thing], {}) == {"thing": []}
    with reading(source) as session:
        shapes, blocked = read_shapes(session, [contract])
    assert blocked == {} and differences(contract, shapes["thing"].columns) == ()
    stored = [(column.name, column.plain_type) for column in shapes["thing"].columns]
    assert [(column.name, column.plain_type) for column in contract.columns] == stored


def test_a_drafted_contract_is_valid_by_the_standard_and_says_what_ours_says(source: Source) -> None:
    source.sql(
        "ALTER TABLE staff ADD FOREIGN KEY (department_id) REFERENCES department, ADD UNIQUE (email_address)",
        "ALTER TABLE staff ALTER created_at SET DEFAULT CURRENT_TIMESTAMP",
        "COMMENT ON COLUMN staff.email_address IS 'Where letters go.'",
    )
    drafts = {f"sources/{SOURCE}/{table.name}.yaml": draft(table, SOURCE) for table in described(source)}
    assert [found for document in drafts.values() for found in problems(document)] == []
    drafted, _ = parse_tables(drafts, load_contracts().sources)
    for table in TABLES:
        plain = [(item.name, item.type, item.required, item.primary_key, item.enum) for item in table.columns]
        found = drafted[table.id].columns
        assert [(item.name, item.type, item.required, item.primary_key, item.enum) for item in found] == plain
    staff = drafted[TableId(SOURCE, "staff")]
    assert str(staff.column("department_id").foreign_key) == "department.department_id"
    assert (staff.column("email_address").unique, staff.column("email_address").description) == (
        True,
        "Where letters go.",
    )
    assert staff.column("created_at").default == "CURRENT_TIMESTAMP"


def test_a_key_of_several_columns_is_drafted_in_its_order_and_a_unique_index_where_there_is_none(
    source: Source,
) -> None:
    source.sql(
        "CREATE TABLE a_pair (left_id uuid, right_id integer, note text)",
        "ALTER TABLE a_pair ADD PRIMARY KEY (right_id, left_id) INCLUDE (note)",
        "CREATE TABLE a_code (code text NOT NULL, part integer NOT NULL, note text)",
        "CREATE UNIQUE INDEX a_code_all ON a_code (part, code)",
        "CREATE UNIQUE INDEX a_code_few ON a_code (code) WHERE part > 0",
        "CREATE UNIQUE INDEX a_code_lower ON a_code (lower(code))",
        "CREATE UNIQUE INDEX a_code_note ON a_code (note)",
    )
    drafts = {table.name: draft(table, SOURCE) for table in described(source) if table.name.startswith("a_")}
    assert [found for document in drafts.values() for found in problems(document)] == []
    files = {f"sources/{SOURCE}/{name}.yaml": document for name, document in drafts.items()}
    drafted, _ = parse_tables(files, load_contracts().sources)
    pair, code = (drafted[TableId(SOURCE, name)] for name in ("a_pair", "a_code"))
    assert (pair.key_names, pair.unique_index) == (("right_id", "left_id"), None)
    assert (code.key_names, code.unique_index) == (("part", "code"), "a_code_all")
    found = source_changes((pair, code), described(source), {})
    assert (found["a_pair"], found["a_code"]) == ([], [])
    source.sql("ALTER TABLE a_pair DROP CONSTRAINT a_pair_pkey", "ALTER TABLE a_code ALTER code DROP NOT NULL")
    found = source_changes((pair, code), described(source), {})
    assert (found["a_pair"][0].kind, found["a_code"][0].kind) == (changes.KEY_CHANGED, changes.KEY_CHANGED)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ("a integer", "public.odd has no primary key and no unique index on columns that are NOT NULL; ALTER TABLE "),
        ("a real PRIMARY KEY", "the primary key of public.odd has a real; a key's columns are integer, uuid, text, "),
        (NINE, "the primary key of public.odd has 9 columns, and a key may have 8; give it a shorter one"),
    ],
)
def test_a_table_without_a_key_that_can_be_captured_gets_no_contract(source: Source, columns: str, says: str) -> None:
    source.sql(f"CREATE TABLE odd ({columns})")
    odd = next(table for table in described(source) if table.name == "odd")
    with pytest.raises(SourceError, match=re.escape(says)):
        draft(odd, SOURCE)


def test_contract_new_writes_what_it_drafts_and_overwrites_nothing(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command.Target, "named", lambda *_: None)
    monkeypatch.setattr(command, "described_source", lambda *_: described(source))
    shown = CliRunner().invoke(whole_app(), ["contract", "new", "currency"])
    assert parse_yaml(shown.stdout, "currency.yaml")["id"] == "totelake.totesys.currency"
    file = tmp_path / "currency.yaml"
    for expected in (None, ConfigurationError):
        result = CliRunner().invoke(whole_app(), ["contract", "new", "currency", "--output", str(file)])
        assert (type(result.exception) if result.exception else None) == expected
        assert file.read_text(encoding="utf-8") == shown.stdout
    unknown = CliRunner().invoke(whole_app(), ["contract", "new", "moon"])
    assert str(unknown.exception).startswith("totesys has no table moon; it has address, counterparty, ")
