"""All comparisons, from the source to the warehouse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from totelake.capture.detect.bookmark import Bookmark
from totelake.capture.postgres.connection import SourceAddress, connect
from totelake.capture.postgres.session import Session
from totelake.contracts.catalog import Catalog
from totelake.lake.commits import CommitLog
from totelake.lake.verdicts import LOG, SOURCE, pending_batches
from totelake.operate.reconcile.finding import Finding
from totelake.operate.reconcile.lake import compare_keys, compare_log, has_one_source
from totelake.operate.reconcile.source import compare_source
from totelake.operate.reconcile.warehouse import compare_balance, compare_content
from totelake.operate.warehouse import reading


def reconcile(
    s3: Any, ingestion: str, processed: str, contracts: Catalog, source: Mapping[str, Any], warehouse_dsn: str | None
) -> Iterator[Finding]:
    """Every finding as it is made; `source` is the secret of the reading role. Nothing is changed anywhere.

    The warehouse is left out where its address is not known. Raises SourceError, WarehouseError or LakeError when
    one of them cannot be read.
    """
    log, tables = CommitLog(s3, ingestion, SOURCE), contracts.source_tables(SOURCE)
    batches = list(log.since(0))
    bookmark = Bookmark.of(batches[-1] if batches else None)
    with connect(SourceAddress.from_secret(source, "of the source")) as connection:
        yield from compare_source(Session(connection), s3, ingestion, tables, bookmark)
    accepted = pending_batches(CommitLog(s3, ingestion, LOG), 0, SOURCE, None)
    for table in tables:
        places = {batch.batch: found.key for batch in accepted if (found := batch.find(table.name)) is not None}
        yield compare_keys(s3, ingestion, table, bookmark.tables.get(table.name), batches, places)
    logs = {table.name: list(CommitLog(s3, processed, table.name).since(0)) for table in contracts.warehouse_tables()}
    for table in contracts.warehouse_tables():
        if has_one_source(table):
            yield compare_log(table, logs[table.name], accepted)
    if not warehouse_dsn or not any(logs.values()):
        return
    with reading(warehouse_dsn) as cursor:
        cursor.execute("SELECT to_regclass('etl.replay')")
        if cursor.fetchone() == (None,):
            return
        for table in contracts.warehouse_tables():
            yield compare_content(cursor, s3, processed, table, logs[table.name])
        for table in contracts.facts():
            yield compare_balance(cursor, table, logs[table.name], accepted)
