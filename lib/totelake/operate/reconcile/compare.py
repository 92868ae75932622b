"""All comparisons of one source, from the source to the warehouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from totelake.capture.postgres.reading import read_source
from totelake.contracts import Contracts
from totelake.contracts.model import Table
from totelake.contracts.sources import Source
from totelake.errors import DamagedError
from totelake.feeds.looks import Place
from totelake.lake.commits import CommitLog
from totelake.lake.records.batch import Batch, Bookmark
from totelake.lake.records.star_commit import StarCommit
from totelake.lake.records.verdict import LOG, JudgedBatch, pending_batches
from totelake.operate.positions import read as positions
from totelake.operate.reconcile.behind import behind, nothing_captured
from totelake.operate.reconcile.feed import compare_feed
from totelake.operate.reconcile.finding import EQUAL, Finding, unreadable
from totelake.operate.reconcile.lake import KEYS, compare_keys, compare_log, has_one_input
from totelake.operate.reconcile.position import compare_position
from totelake.operate.reconcile.source import compare_source
from totelake.operate.reconcile.warehouse import CONTENT, compare_balance, compare_content
from totelake.ports.object_store import ObjectStore
from totelake.ports.postgres import read_only
from totelake.ports.postgres_address import PostgresAddress

# of each table of a source, what is there against what is known
Look = Callable[[Sequence[Table], Bookmark], "list[Finding]"]


def look_of_database(address: PostgresAddress, ingestion: ObjectStore) -> Look:
    """The look at a database, by its reading role."""
    return lambda tables, bookmark: read_source(
        address, lambda session: compare_source(session, ingestion, tuple(tables), bookmark)
    )


def look_of_feed(place: Place, source: Source) -> Look:
    """The look at a source that is no database."""
    return lambda tables, bookmark: compare_feed(place, source, tables, bookmark)


def reconcile(
    ingestion: ObjectStore,
    processed: ObjectStore,
    contracts: Contracts,
    source: str,
    look: Look,
    warehouse_dsn: str | None,
) -> Iterator[Finding]:
    """Every finding as it is made; `look` compares the source itself with what is known of it. Nothing is changed
    anywhere.

    What is behind is compared as far as it has come, and a finding says so; so does one when nothing is captured yet,
    or when there is no address of the warehouse. Raises SourceError, WarehouseError or LakeError when one of them
    cannot be read.
    """
    tables, stars = contracts.source_tables(source), contracts.star_tables(source)
    batches = [Batch.of(manifest) for manifest in CommitLog(ingestion, source).since(0)]
    bookmark = batches[-1].bookmark if batches else Bookmark()
    if not bookmark.tables:
        is_database = contracts.source(source).is_database
        # a feed that has nothing yet is no lake that lacks something
        empty = [] if is_database else [item for item in look(tables, bookmark) if item.outcome == EQUAL]
        yield from empty if len(empty) == len(tables) else [nothing_captured(source)]
        return
    compared = look(tables, bookmark)
    yield from compared
    judged = pending_batches(CommitLog(ingestion, LOG), 0, source, None)
    logs = {
        star.name: [StarCommit.of(star, item) for item in CommitLog(processed, star.name).since(0)] for star in stars
    }
    for table in tables:
        keys = {batch.batch: found.key for batch in judged if (found := batch.find(table.name)) is not None}
        state = bookmark.tables.get(table.name)
        yield _compared(table, KEYS, partial(compare_keys, ingestion, table, state, batches, keys))
    for star in stars:
        if has_one_input(star):
            yield compare_log(star, logs[star.name], judged)
    newest = judged[-1].batch if judged else 0
    reached = positions(ingestion, processed, contracts, source, warehouse_dsn)
    for star in stars if newest else ():
        yield compare_position(star, newest, reached)
    if warehouse_dsn and any(logs.values()):
        yield from _warehouse(warehouse_dsn, processed, contracts, source, logs, judged)
    yield from behind(source, compared, bookmark, reached)


def _compared(table: Table, check: str, compare: Callable[[], Finding]) -> Finding:
    """A comparison, or what is wrong with an object of the table: the others are compared all the same."""
    try:
        return compare()
    except DamagedError as error:
        return unreadable(table.name, check, error)


def _warehouse(
    dsn: str,
    processed: ObjectStore,
    contracts: Contracts,
    source: str,
    logs: Mapping[str, Sequence[StarCommit]],
    judged: Sequence[JudgedBatch],
) -> Iterator[Finding]:
    """The warehouse's comparisons; none where it has no tables yet."""
    with read_only(dsn) as cursor:
        cursor.execute("SELECT to_regclass('etl.replay')")
        if cursor.fetchone() == (None,):
            return
        for star in contracts.star_tables(source):
            yield _compared(star, CONTENT, partial(compare_content, cursor, processed, star, logs[star.name]))
        for fact in contracts.facts(source):
            yield compare_balance(cursor, fact, logs[fact.name], judged)
