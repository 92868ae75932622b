"""A pipeline whose source is altered between runs, whose contracts can be mended, and a dead-letter queue beside it."""

from __future__ import annotations

import copy
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.e2e.pipeline import ORACLE, Rows
from tests.faults.world import CHECK, World
from totelake.contracts import catalog
from totelake.contracts.documents import documents
from totelake.contracts.model import Table
from totelake.lake.manifest import Manifest
from totelake.lake.verdicts import LOG, SOURCE
from totelake.observe.alerts import ROOT

Properties = list[dict[str, Any]]
Mend = Callable[["Release"], None]


class Release:
    """The contracts of a new release, as a copy that may be changed."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        self.documents = {name: copy.deepcopy(document) for name, document in found.items()}

    def table(self, path: str) -> dict[str, Any]:
        """The table of a contract, such as `sources/totesys/design`."""
        table: dict[str, Any] = self.documents[f"{path}.yaml"]["schema"][0]
        return table

    def column(self, path: str, name: str) -> dict[str, Any]:
        """One column of a contract."""
        (found,) = [item for item in self.table(path)["properties"] if item["name"] == name]
        return dict_of(found)

    def drop(self, path: str, name: str) -> None:
        """A column less."""
        table = self.table(path)
        table["properties"] = [item for item in table["properties"] if item["name"] != name]


def dict_of(found: Any) -> dict[str, Any]:
    """A mapping of a document."""
    assert isinstance(found, dict)
    return found


class DriftingWorld(World):
    """One pipeline; `oracle` replaces words of the hand-written SQL where the source has other names or types."""

    def __init__(self, *given: Any, patch: pytest.MonkeyPatch) -> None:
        self._patch, self.oracle = patch, dict[str, str]()
        self.queue = ""
        super().__init__(*given)
        self.sqs = self.clients.client("sqs")
        self.queue = str(self.sqs.create_queue(QueueName=self.crawler)["QueueUrl"])
        self.job_clients.client("sqs")

    def words(self, **more: Any) -> list[str]:
        return super().words(dead_letter_queue=self.queue, **more)

    def expected(self, table: Table) -> Rows:
        text = (ORACLE / f"{table.name}.sql").read_text(encoding="utf-8")
        for word, other in self.oracle.items():
            text = text.replace(word, other)
        return Counter(self.source(text))

    def release(self, *mends: Mend) -> None:
        """Deploy contracts that were mended, and nothing of an earlier release."""
        new = Release(documents())
        for mend in mends:
            mend(new)
        module = sys.modules["totelake.contracts.catalog"]
        self._patch.setattr(module, "documents", lambda: new.documents)
        catalog.cache_clear()

    def verdict(self) -> Manifest:
        """The newest verdict."""
        found = self.log(LOG).newest()
        assert found is not None
        return found

    def changes(self, table: str) -> list[tuple[str, str]]:
        """Column and class of the changes that a table has by the newest verdict."""
        entry = self.verdict().state["tables"][SOURCE][table]
        return [(change["column"], change["kind"]) for change in entry["changes"]]

    def held(self) -> dict[str, list[int]]:
        """The batches that wait, by source table."""
        standings = self.verdict().state["tables"][SOURCE]
        return {name: [int(number) for number in entry["held"]] for name, entry in standings.items() if entry["held"]}

    def behind(self) -> set[str]:
        """The star tables that the warehouse has not to the newest batch."""
        newest = self.newest()
        reached = dict(self.warehouse("SELECT target_table, max(batch) FROM etl.batch WHERE held = 0 GROUP BY 1"))
        return {table.name for table in catalog().warehouse_tables() if reached[table.name] < newest}

    def letters(self) -> list[tuple[str, int, int]]:
        """Table, batch and events of the messages in the dead-letter queue, which are taken out of it."""
        found = []
        while messages := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                body = json.loads(message["Body"])
                found.append((body["table"], body["batch"], body["events"]))
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return sorted(found)

    def alerts(self) -> list[dict[str, Any]]:
        """What was noted about schemas."""
        listed = self.s3.list_objects_v2(Bucket=self.ingestion, Prefix=f"{ROOT}/incidents/schema").get("Contents", ())
        bodies = [self.s3.get_object(Bucket=self.ingestion, Key=item["Key"])["Body"].read() for item in listed]
        return [json.loads(body) for body in bodies]

    def check(self) -> Any:
        """Judge alone."""
        return self.run(CHECK)
