"""Every type of a source arrives exactly, whatever role and database set for their sessions."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import psycopg2
import pyarrow.parquet as pq
import pytest

from tests.integration.capture.conftest import PAYMENTS, READER, Source, insert_designs
from tests.integration.capture.test_obstacles import BROKEN_TYPE, TABLES
from tests.integration.capture.test_settings import HOSTILE, alter
from tests.integration.capture.type_values import AS_TEXT, DOMAINS, EXTENSIONS, MADE, NATIVE, Kind
from totelake.capture.detect.look import look
from totelake.capture.postgres.session import Session
from totelake.contracts.types import hive_type, is_zoned
from totelake.lake.records.batch import Batch, Bookmark, schema_of
from totelake.ports.postgres import connect
from totelake.ports.postgres_address import PostgresAddress

pytestmark = pytest.mark.integration
# any settings under which a text that is read again is the same value
_PLAIN = (
    "SET DateStyle = 'ISO, YMD'; SET IntervalStyle = postgres; SET extra_float_digits = 3; SET lc_monetary = 'C'; "
    "SET TimeZone = 'UTC'; SET bytea_output = hex; SET search_path = ''; SET array_nulls = on; "
    "SET xmloption = content; SET standard_conforming_strings = on"
)
_AGAINST_US = {**HOSTILE, "search_path": "''", "lc_monetary": "C.utf8"}
# of both, the role's settings in the database count
_AGAINST_THE_ROLE = {
    "DateStyle": "Postgres, MDY",
    "IntervalStyle": "iso_8601",
    "TimeZone": "America/St_Johns",
    "extra_float_digits": "0",
}


def fill(source: Source, kinds: Mapping[str, Kind]) -> dict[str, str]:
    """Give the table of designs a column of each type, with its values and a NULL; the columns by type."""
    columns = {kind: f"c{place}" for place, kind in enumerate(kinds)}
    rows = max(len(kind.values) for kind in kinds.values()) + 1
    source.sql(f"TRUNCATE design; {insert_designs(1, rows)}")
    source.sql(f"ALTER TABLE design {', '.join(f'ADD {column} {kind}' for kind, column in columns.items())}")
    for key in range(1, rows):
        found = {columns[name]: kind.values[key - 1] for name, kind in kinds.items() if key <= len(kind.values)}
        source.sql(f"UPDATE design SET {', '.join(f'{name} = {value}' for name, value in found.items())} "
                   f"WHERE design_id = {key}")  # fmt: skip
    return columns


def wrong(source: Source, events: list[dict[str, Any]], columns: Mapping[str, str]) -> dict[str, list[Any]]:
    """By type, what the lake has that is not what PostgreSQL makes of it again."""
    source.sql(_PLAIN)
    cursor, found = source.connection.cursor(), dict[str, list[Any]]()
    for kind, column in columns.items():
        for event in events:
            value = event[column]
            text = f"{value.isoformat()}Z" if is_zoned(kind) and value is not None else value
            both = [f"(%s::{kind})", column]
            # what a cast to text keeps of an XML declaration is no part of the value
            written = [f"format('%%s', {side})" if kind == "xml" else f"{side}::text" for side in both]
            cursor.execute(
                f"SELECT {' IS NOT DISTINCT FROM '.join(written)} FROM public.design WHERE design_id = %s",
                (_shown(text), event["design_id"]),
            )
            if cursor.fetchone() != (True,):
                found.setdefault(kind, []).append(value)
    return found


def _shown(value: Any) -> Any:
    """What PostgreSQL reads as exactly this value."""
    if isinstance(value, bytes):
        return psycopg2.Binary(value)
    return value if value is None else str(value)


def check(source: Source, kinds: Mapping[str, Kind]) -> None:
    """Capture values of these types with settings against us, and again when nothing has changed."""
    columns = fill(source, kinds)
    alter(source, _AGAINST_US)
    database = source.dsn.rsplit("/", 1)[1]
    for setting, value in _AGAINST_THE_ROLE.items():
        source.postgres.run(f"ALTER ROLE {READER} IN DATABASE {database} SET {setting} = '{value}'")
    manifest = source.run()
    assert manifest is not None
    batch = Batch.of(manifest)
    assert not batch.bookmark.blocked
    stored = {column.name: hive_type(column.plain_type) for column in schema_of(manifest.tables["design"]).columns}
    assert {kind: stored[column] for kind, column in columns.items()} == {
        kind: found.hive for kind, found in kinds.items()
    }
    events = source.events(manifest, "design")
    assert len(events) == max(len(kind.values) for kind in kinds.values()) + 1
    assert wrong(source, events, columns) == {}
    source.sql("UPDATE public.design SET design_name = design_name")
    assert source.changes(source.run(), "design") == [], "the same values again are no event"


@pytest.fixture
def made(source: Source) -> Source:
    """A source with types of its own."""
    source.sql(*MADE)
    return source


def test_each_native_type(made: Source) -> None:
    check(made, NATIVE)


def test_each_type_that_is_text(made: Source) -> None:
    check(made, AS_TEXT)


def test_each_domain_has_the_type_beneath_all_of_its_domains(made: Source) -> None:
    check(made, {name: kind for name, (_, kind) in DOMAINS.items()})
    made.sql("ALTER TABLE public.design ADD least public.least")
    (first, second) = [schema_of(manifest.tables["design"]).columns for manifest in (made.log().get(1), made.run())]
    added = first[-len(DOMAINS) :]
    assert [column.type for column in added] == [beneath for beneath, _ in DOMAINS.values()]
    assert not any(column.required for column in added)
    assert (second[-1].type, second[-1].required) == ("numeric(8,2)", True)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_each_type_of_an_extension(source: Source, extension: str) -> None:
    if not source.rows(f"SELECT FROM pg_available_extensions WHERE name = '{extension}'"):
        pytest.skip(f"this server has no extension {extension}")
    source.sql(f"CREATE EXTENSION {extension} SCHEMA public")
    check(source, EXTENSIONS[extension])


def test_texts_are_those_of_one_format_whatever_the_session_has(made: Source) -> None:
    kinds = {
        "interval": "1 year -2 mons +3 days -04:05:06.000007",
        "money": "$1,234.50",
        "tstzrange": '["2024-02-03 04:05:06+05:45",)',
        "bytea[]": '{"\\\\x00ff"}',
        "date[]": "{2024-02-03}",
        "real[]": "{0.1}",
        "regclass": "public.design",
    }
    columns = fill(made, {kind: Kind("string", (f"'{value}'",)) for kind, value in kinds.items()})
    alter(made, _AGAINST_US)
    (event, _) = sorted(made.events(made.run(), "design"), key=lambda item: item["design_id"])
    assert {kind: event[column] for kind, column in columns.items()} == {
        **kinds,
        "interval": "10 mons 3 days -04:05:06.000007",
        "tstzrange": '["2024-02-02 22:20:06+00",)',
    }


@pytest.mark.parametrize(
    "change",
    ["ALTER TYPE public.\"Mood\" RENAME VALUE 'ok' TO 'fine'", "ALTER TYPE public.pair ADD ATTRIBUTE d integer"],
)
def test_a_changed_type_within_a_type_is_an_event_of_every_row_that_shows_it(made: Source, change: str) -> None:
    made.sql(
        insert_designs(1, 3),
        "CREATE TYPE public.nests AS RANGE (subtype = public.nest, multirange_type_name = public.many)",
        "ALTER TABLE design ADD many public.many[], ADD n integer",
        """UPDATE design SET many = ARRAY[public.many(public.nests(((1, 'x', NULL)::public.pair, '{ok}'), NULL))]
         WHERE design_id = 2""",
    )
    made.run()
    made.sql(change)
    assert made.changes(made.run(), "design") == [("U", 2)]


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "0044-03-15 12:00:00+00 BC", "294276-12-31 23:59:59+00"])
def test_a_moment_that_the_lake_cannot_hold_is_quarantined_with_its_row_alone(source: Source, moment: str) -> None:
    source.sql(insert_designs(1, 3), "ALTER TABLE design ADD at timestamptz, ADD raw bytea")
    source.sql(f"UPDATE design SET at = '{moment}', raw = '\\x00ff' WHERE design_id = 2")
    source.sql("UPDATE design SET raw = '\\x5c78' WHERE design_id = 3")
    manifest = source.run()
    assert {event["design_id"]: event["raw"] for event in source.events(manifest, "design")} == {1: None, 3: b"\\x"}
    assert manifest is not None
    (item,) = manifest.tables["design"].quarantine
    body = source.s3.get_object(Bucket=source.bucket, Key=item.staged)["Body"].read()
    (row,) = pq.read_table(io.BytesIO(body)).to_pylist()
    payload = json.loads(row["payload"])
    assert (row["rule"], row["column_name"], payload["raw"]) == ("unreadable", "at", "\\x00ff")
    assert row["value"] == moment.replace("+00", "")


def test_values_larger_than_any_block_arrive_and_are_no_event_again(source: Source) -> None:
    source.sql(insert_designs(1, 3), "ALTER TABLE design ADD raw bytea, ADD details jsonb")
    source.sql(
        "UPDATE design SET raw = decode(repeat('00ff5c27', 3000000), 'hex') WHERE design_id = 2",
        "UPDATE design SET details = jsonb_build_object('a', repeat('b\",\n', 3000000)) WHERE design_id = 3",
    )
    events = {event["design_id"]: event for event in source.events(source.run(), "design")}
    assert events[2]["raw"] == b"\x00\xff\\'" * 3_000_000
    assert json.loads(events[3]["details"]) == {"a": 'b",\n' * 3_000_000}
    source.sql("UPDATE design SET raw = raw || '\\x', details = details || '{}'")
    assert source.changes(source.run(), "design") == []


def test_a_look_finds_no_work_in_a_table_that_is_blocked_by_its_type(source: Source) -> None:
    source.sql(insert_designs(1, 3), PAYMENTS, *BROKEN_TYPE)
    first = Bookmark.of(source.run())
    assert set(first.blocked) == {"payment"}
    address = PostgresAddress.from_secret(source.postgres.secret(source.dsn, READER), "s")
    with connect(address) as connection, look(Session(connection), TABLES, first) as seen:
        assert (set(seen.blocked), seen.newly_blocked, seen.has_work) == ({"payment"}, (), False)
    source.sql("UPDATE pg_proc SET prosrc = 'textout' WHERE proname = 'odd_out'")
    with connect(address) as connection, look(Session(connection), TABLES, first) as seen:
        assert (set(seen.blocked), seen.has_work) == (set(), True)
