"""Tables that hypothesis draws, with keys of any type, writers and runs: the lake has what the source has."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg2
import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from tests.conftest import Postgres
from tests.faults.conftest import SOAK
from tests.integration.capture.conftest import Source
from tests.integration.capture.keyed import Keyed, table_of
from tests.integration.capture.test_any_key import MOOD, is_captured
from tests.integration.capture.test_key_order import CASELESS
from totelake.contracts.identifiers import sql_text
from totelake.operate.reconcile.finding import EQUAL
from totelake.runtime.job_arguments import DISABLE

pytestmark = pytest.mark.integration
COLLATIONS = ("", ' COLLATE "C"', ' COLLATE "en-US-x-icu"', " COLLATE caseless")
_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4) | st.text("aAbB ", max_size=3)
# values of each type in SQL, few enough that some are met again
VALUES = {
    "smallint": st.integers(-4, 4).map(str) | st.integers(-(2**15), 2**15 - 1).map(str),
    "integer": st.integers(-4, 4).map(str) | st.integers(-(2**31), 2**31 - 1).map(str),
    "bigint": st.integers(-4, 4).map(str) | st.integers(-(2**63), 2**63 - 1).map("'{}'".format),
    "uuid": st.uuids().map("'{}'".format),
    "text": _TEXTS.map(sql_text),
    "character varying(4)": _TEXTS.map(sql_text),
    "character(4)": _TEXTS.map(sql_text),
    "date": st.dates().map("'{:%Y-%m-%d}'".format).filter(lambda text: len(text) == 12),
    "timestamp without time zone": st.datetimes().map(lambda at: f"'{at.isoformat()}'"),
    "timestamp with time zone": st.datetimes().map(lambda at: f"'{at.isoformat()}+00'"),
    "numeric(12,4)": st.decimals(-(10**7), 10**7, places=4).map(str) | st.integers(-2, 2).map("{}.5".format),
    "bytea": st.binary(max_size=3).map(lambda value: f"'\\x{value.hex()}'"),
    '"mood"': st.sampled_from(("'ok'", "'it''s'", "''", "'Bad'", "'bad'")),
    "boolean": st.sampled_from(("true", "false")),
}  # fmt: skip
KINDS = [kind for kind in VALUES if is_captured(kind)]
OPERATIONS = ("insert", "insert", "insert", "update", "update", "rekey", "delete")


@dataclass(frozen=True)
class Drawn:
    """A table: the types of its key's columns and of the others, and the collation of its texts."""

    key: Sequence[str]
    others: Sequence[str]
    collation: str

    @property
    def columns(self) -> dict[str, str]:
        """The columns' types by name."""
        names = [f"k{place}" for place in range(len(self.key))] + [f"v{place}" for place in range(len(self.others))]
        return dict(zip(names, (*self.key, *self.others)))

    @property
    def key_names(self) -> list[str]:
        """The key's columns."""
        return list(self.columns)[: len(self.key)]

    @property
    def definition(self) -> str:
        """The columns in SQL."""
        is_text = {"text", "character varying(4)", "character(4)"}
        found = [f"{name} {kind}{self.collation if kind in is_text else ''}" for name, kind in self.columns.items()]
        return ", ".join([*found, f"PRIMARY KEY ({', '.join(self.key_names)})"])


TABLES = st.builds(
    Drawn,
    st.lists(st.sampled_from(KINDS), min_size=1, max_size=3) | st.lists(st.sampled_from(KINDS), min_size=8, max_size=8),
    st.lists(st.sampled_from(KINDS), max_size=3),
    st.sampled_from(COLLATIONS),
)


def statement(data: st.DataObject, table: Drawn) -> str:
    """What a writer does to one row."""
    operation = data.draw(st.sampled_from(OPERATIONS))
    key = [data.draw(VALUES[kind]) for kind in table.key]
    others = [data.draw(st.just("NULL") | VALUES[kind]) for kind in table.others]
    values = dict(zip(table.columns, [*key, *others]))
    row = f"ctid = (SELECT ctid FROM thing OFFSET {data.draw(st.integers(0, 9))} LIMIT 1)"
    if operation == "insert":
        return f"INSERT INTO thing VALUES ({', '.join(values.values())}) ON CONFLICT DO NOTHING"
    if operation == "delete":
        return f"DELETE FROM thing WHERE {row}"
    chosen = [name for name in values if (name in table.key_names) == (operation == "rekey")] or table.key_names
    return f"UPDATE thing SET {', '.join(f'{name} = {values[name]}' for name in chosen)} WHERE {row}"


def written(connection: Any, statements: Sequence[str]) -> None:
    """Do what the server allows: a text that is too long, a key that is there, a row that another one has."""
    for one in statements:
        with contextlib.suppress(psycopg2.errors.IntegrityError, psycopg2.DataError, psycopg2.errors.LockNotAvailable):
            cursor = connection.cursor()
            cursor.execute("SAVEPOINT one" if not connection.autocommit else "SELECT")
            try:
                cursor.execute(one)
            except psycopg2.Error:
                cursor.execute("ROLLBACK TO SAVEPOINT one" if not connection.autocommit else "SELECT")
                raise


@settings(
    max_examples=SOAK and 200 or 24,
    phases=[Phase.generate],
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.data())
def test_whatever_is_written_the_lake_has_what_the_source_has(
    postgres: Postgres, aws: str, busy_server: None, data: st.DataObject
) -> None:
    drawn = data.draw(TABLES)
    with contextlib.closing(Source(postgres)) as source, pytest.MonkeyPatch.context() as patch:
        table = Keyed(source, patch, table_of(drawn.columns, drawn.key_names))
        source.sql(MOOD, CASELESS, "SET lock_timeout = '50ms'")
        table.create(drawn.definition)
        note(f"CREATE TABLE thing ({drawn.definition})")
        for _ in range(data.draw(st.integers(2, 4))):
            with contextlib.closing(source.connect(autocommit=False)) as other:
                statements = [statement(data, drawn) for _ in range(data.draw(st.integers(0, 12)))]
                note(";\n".join(statements))
                written(source.connection, statements)
                other.cursor().execute("SET lock_timeout = '50ms'")
                written(other, [statement(data, drawn) for _ in range(data.draw(st.integers(0, 2)))])
                table.run(allow_deletes="thing", bookmark=data.draw(st.sampled_from(("enable", "enable", DISABLE))))
                assert table.lake() == table.rows()
                if data.draw(st.booleans()):
                    other.commit()
        table.run(allow_deletes="thing")
        assert table.lake() == table.rows()
        assert table.run(bookmark=DISABLE) == []
        if source.log().newest() is not None:
            assert [outcome for outcome, _ in table.outcomes()] == [EQUAL, EQUAL]
