"""All comparisons of one source, from the source to the warehouse."""

from __future__ import annotations

from collections.abc import Iterator

from totelake.capture.postgres.session import Session
from totelake.contracts import Contracts
from totelake.lake.commits import CommitLog
from totelake.lake.records.batch import Batch, Bookmark
from totelake.lake.records.star_commit import StarCommit
from totelake.lake.records.verdict import LOG, pending_batches
from totelake.operate.held import held_tables
from totelake.operate.reconcile.finding import Finding
from totelake.operate.reconcile.lake import compare_keys, compare_log, has_one_input
from totelake.operate.reconcile.position import applied_batch, compare_position
from totelake.operate.reconcile.source import compare_source
from totelake.operate.reconcile.warehouse import compare_balance, compare_content
from totelake.ports.object_store import ObjectStore
from totelake.ports.postgres import connect, read_only
from totelake.ports.postgres_address import PostgresAddress


def reconcile(
    ingestion: ObjectStore,
    processed: ObjectStore,
    contracts: Contracts,
    source: str,
    address: PostgresAddress,
    warehouse_dsn: str | None,
) -> Iterator[Finding]:
    """Every finding as it is made; `address` is the source's, by its reading role. Nothing is changed anywhere.

    Without an address of the warehouse, that is not compared. Raises SourceError, WarehouseError or LakeError when
    one of them cannot be read.
    """
    tables, stars = contracts.source_tables(source), contracts.star_tables(source)
    batches = [Batch.of(manifest) for manifest in CommitLog(ingestion, source).since(0)]
    bookmark = batches[-1].bookmark if batches else Bookmark()
    with connect(address) as connection:
        yield from compare_source(Session(connection), ingestion, tables, bookmark)
    judged = pending_batches(CommitLog(ingestion, LOG), 0, source, None)
    for table in tables:
        keys = {batch.batch: found.key for batch in judged if (found := batch.find(table.name)) is not None}
        yield compare_keys(ingestion, table, bookmark.tables.get(table.name), batches, keys)
    logs = {
        star.name: [StarCommit.of(star, item) for item in CommitLog(processed, star.name).since(0)] for star in stars
    }
    for star in stars:
        if has_one_input(star):
            yield compare_log(star, logs[star.name], judged)
    newest = judged[-1].batch if judged else 0
    built = {name: log[-1].through if log else 0 for name, log in logs.items()}
    held = held_tables(ingestion, processed, stars)
    if not warehouse_dsn or not any(logs.values()):
        for star in stars if newest else ():
            yield compare_position(star, newest, built[star.name], None, held)
        return
    with read_only(warehouse_dsn) as cursor:
        cursor.execute("SELECT to_regclass('etl.replay')")
        if cursor.fetchone() == (None,):
            return
        for star in stars:
            yield compare_position(star, newest, built[star.name], applied_batch(cursor, star), held)
        for star in stars:
            yield compare_content(cursor, processed, star, logs[star.name])
        for fact in contracts.facts(source):
            yield compare_balance(cursor, fact, logs[fact.name], judged)
