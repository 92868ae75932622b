"""A warehouse in another encoding or behind a pooler is refused in a sentence; a changed password is read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Postgres
from tests.integration.warehouse.conftest import Warehouse, dimensions, row
from tests.pooler import pooler
from totelake.contracts import load_contracts
from totelake.errors import WarehouseError
from totelake.runtime import job as runtime
from totelake.warehouse import tables
from totelake.warehouse.stage import Stage

pytestmark = pytest.mark.integration
PAYMENT = load_contracts().find("fact_payment")
UNTOUCHED = "SELECT count(*) FROM pg_namespace WHERE nspname IN ('star', 'etl')"


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_warehouse_in_another_encoding_is_refused_and_left_as_it_is(
    postgres: Postgres, aws: str, spark: Any, encoding: str
) -> None:
    warehouse = Warehouse(postgres, encoding)
    warehouse.commit(1, **dimensions())
    says = f"has the encoding {encoding}, in which not every text of the lake has a form; make the database anew"
    with pytest.raises(SystemExit, match=says):
        warehouse.load()
    with pytest.raises(WarehouseError, match=says):
        tables.create(warehouse.dsn, load_contracts())
    assert warehouse.rows(UNTOUCHED) == [(0,)]


@pytest.mark.parametrize(
    ("ignored", "says"),
    [
        ("", "is behind a pooler: .*unsupported startup parameter.*; name the server itself in the secret"),
        ("extra_float_digits, options", "a pooler between drops the startup parameter `options`; name the"),
    ],
)
def test_a_warehouse_behind_a_pooler_is_refused(warehouse: Warehouse, tmp_path: Path, ignored: str, says: str) -> None:
    warehouse.postgres.run(f"ALTER DATABASE {warehouse.dsn.rsplit('/', 1)[1]} RESET search_path")
    warehouse.commit(1, **dimensions())
    with pooler(warehouse.postgres, tmp_path, "transaction", ignored) as port:
        warehouse.change_secret(port=port)
        with pytest.raises(SystemExit, match=says):
            warehouse.load()
    assert warehouse.rows(UNTOUCHED) == [(0,)]


def test_a_password_that_changes_after_it_was_read_is_read_again_by_the_load(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, reads = runtime.read_secret, []

    def read_late(*arguments: Any) -> Mapping[str, Any]:
        reads.append(arguments)
        found = read(*arguments)
        return {**found, "password": "former"} if len(reads) == 1 else found

    monkeypatch.setattr(runtime, "read_secret", read_late)
    warehouse.commit(1, fact_payment=[row(PAYMENT, payment_id=7, payment_amount=Decimal("1.30"))], **dimensions())
    warehouse.load()
    assert warehouse.rows("SELECT payment_id FROM star.fact_payment") == [(7,)]
    # what it read is what fills the staging tables
    assert len(reads) == 2


def test_a_password_that_changes_during_a_load_is_read_again_by_what_fills_staging_tables(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, refused = Stage._copy, []

    def copy_late(stage: Stage, *arguments: Any) -> None:
        if not refused:
            former = replace(stage._address, database=replace(stage._address.database, password="former"))
            stage._address = former
            refused.append(former)
        copy(stage, *arguments)
        assert stage._address is not refused[0]

    monkeypatch.setattr(Stage, "_copy", copy_late)
    warehouse.commit(1, fact_payment=[row(PAYMENT, payment_id=7, payment_amount=Decimal("1.30"))], **dimensions())
    warehouse.load()
    assert warehouse.rows("SELECT payment_id FROM star.fact_payment") == [(7,)]
    assert refused
