"""A pipeline whose source is altered between runs, whose contracts can be mended, and a dead-letter queue beside it."""

from __future__ import annotations

import copy
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.e2e.pipeline import ORACLE, Rows
from tests.faults.world import CHECK, WATCH, World
from totelake.alerts.store import ROOT
from totelake.contracts import load_contracts
from totelake.contracts.documents import documents
from totelake.contracts.model import Table
from totelake.lake.records.verdict import LOG, SourceVerdict, Verdict
from totelake.operate.watch import pending_commits

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
    """One pipeline; `oracle` replaces words of the hand-written SQL where the source has other names or types.

    `written` has the SQL of star tables that the repository has not.
    """

    def __init__(self, *given: Any, patch: pytest.MonkeyPatch) -> None:
        self._patch, self.oracle, self.written = patch, dict[str, str](), dict[str, str]()
        self.queue = ""
        super().__init__(*given)
        self.sqs = self.clients.client("sqs")
        self.queue = str(self.sqs.create_queue(QueueName=self.crawler)["QueueUrl"])
        self.job_clients.client("sqs")

    def given(self) -> dict[str, Any]:
        return {**super().given(), "dead_letter_queue": self.queue}

    def expected(self, table: Table) -> Rows:
        text = self.written.get(table.name) or (ORACLE / f"{table.name}.sql").read_text(encoding="utf-8")
        for word, other in self.oracle.items():
            text = text.replace(word, other)
        return Counter(self.source(text))

    def release(self, *mends: Mend) -> None:
        """Deploy contracts that were mended, and nothing of an earlier release."""
        new = Release(documents())
        for mend in mends:
            mend(new)
        module = sys.modules["totelake.contracts.contracts"]
        self._patch.setattr(module, "documents", lambda: new.documents)
        load_contracts.cache_clear()

    def verdict(self) -> SourceVerdict:
        """What the newest verdict says of the source."""
        return Verdict.of(self.log(LOG).newest()).of_source(SOURCE)

    def changes(self, table: str) -> list[tuple[str, str]]:
        """Column and class of the changes that a table has by the newest verdict."""
        return [(change.column, change.kind) for change in self.verdict().standings[table].changes]

    def held(self) -> dict[str, list[int]]:
        """The batches that wait, by source table."""
        standings = self.verdict().standings
        return {name: list(standing.held) for name, standing in standings.items() if standing.held}

    def behind(self) -> set[str]:
        """The star tables that the warehouse has not to the newest batch."""
        newest = self.newest()
        reached = dict(self.warehouse("SELECT target_table, max(batch) FROM etl.batch WHERE held = 0 GROUP BY 1"))
        return {table.name for table in load_contracts().star_tables() if reached[table.name] < newest}

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

    def quarantined(self) -> list[tuple[Any, ...]]:
        """What is in quarantine of the newest batch that has any of it."""
        columns = "target_table, source_key, rule, column_name, status"
        return self.warehouse(
            f"SELECT {columns} FROM etl.quarantine WHERE batch = (SELECT max(batch) FROM etl.quarantine) ORDER BY 1, 2"
        )

    def pending(self) -> list[str]:
        """What the next look would start a run for."""
        with self.opened(WATCH) as job:
            return pending_commits(job, self.newest())

    def outcome(self) -> dict[str, Rows]:
        """All that the warehouse holds but serial numbers, times, and what has left the quarantine again."""
        found = self.content(with_times=False)
        return {**found, "quarantine": Counter(row for row in found["quarantine"].elements() if row[-1] == "open")}

    def said(self) -> dict[str, Any]:
        """What the warehouse says to its users: dimensions, and of each fact the versions that say anything new."""
        found: dict[str, Any] = {table.name: self.loaded(table) for table in load_contracts().dimensions()}
        for table in load_contracts().facts(SOURCE):
            found[table.name] = news(self.loaded_history(table))
        return found


def news(history: Rows) -> dict[int, list[tuple[Any, ...]]]:
    """By key the batches and rows of those versions and deletions that differ from the one before."""
    found: dict[int, list[tuple[Any, ...]]] = {}
    for batch, key, *row in sorted(history.elements(), key=lambda version: version[:2]):
        versions = found.setdefault(key, [])
        if not versions or versions[-1][1:] != tuple(row):
            versions.append((batch, *row))
    return found
