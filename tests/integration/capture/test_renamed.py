"""A table of the source that was renamed: what it is told to do, and what a contract that follows it brings."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.conftest import SOURCE
from tests.integration.capture.conftest import Source
from totelake.contracts import TableId, load_contracts
from totelake.lake.records.batch import Batch

pytestmark = pytest.mark.integration


def test_what_a_renamed_table_is_told_to_do_brings_it_back_whole(paid: Source) -> None:
    paid.sql('ALTER TABLE payment RENAME TO "Paid\'s"', 'UPDATE "Paid\'s" SET paid = false WHERE payment_id = 3')
    paid.run()
    (blocked,) = paid.bookmark().blocked.values()
    (told,) = re.findall(r"ALTER TABLE .* RENAME TO \S+", blocked.why)
    paid.sql(told)
    assert paid.changes(paid.run(), "payment") == [("U", 3)]
    assert paid.replayed("payment") == paid.content("payment")


def test_a_contract_that_follows_a_renamed_table_brings_every_row_as_one_of_a_new_table(
    paid: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, table = load_contracts(), load_contracts().table(TableId(SOURCE, "payment"))
    following = {name: item for name, item in ours.by_id.items() if name != table.id}
    renamed = replace(table, name="payments")
    contracts = replace(ours, by_id={**following, renamed.id: renamed})
    paid.sql("ALTER TABLE payment RENAME TO payments", "DELETE FROM payments WHERE payment_id > 198")
    monkeypatch.setattr("totelake.capture.ingest.load_contracts", lambda: contracts)
    manifest = paid.run()
    assert manifest is not None
    commit = Batch.of(manifest).commits["payments"]
    assert (commit.inserts, commit.updates, commit.deletes) == (198, 0, 0)
    assert {name: item.why for name, item in paid.bookmark().blocked.items()} == {
        "payment": "no contract in catalog/sources/ names payment any more; what is known of it is kept until one does"
    }
