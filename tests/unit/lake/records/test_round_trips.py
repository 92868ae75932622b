"""Whatever a record says, its manifest says: written as JSON and read again it is the same record."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from totelake.contracts import load_contracts
from totelake.lake.keys import Attempt
from totelake.lake.layout import Layout
from totelake.lake.manifest import COMPACTION, DATA, REPLAY, LakeObject, Manifest, TableCommit, from_json, to_json
from totelake.lake.records.batch import (
    Batch,
    BlockedTable,
    Bookmark,
    LedgerFiles,
    ServerIdentity,
    Snapshot,
    StateFile,
    TableState,
    Window,
    with_schema,
)
from totelake.lake.records.holds import Hold, Holds
from totelake.lake.records.marks import AuditMark, LoadMark, MaintenanceMark
from totelake.lake.records.star_commit import BatchCounts, StarCommit
from totelake.lake.records.verdict import (
    AcceptedObject,
    HeldEvents,
    JudgedBatch,
    Release,
    SourceVerdict,
    TableReport,
    TableStanding,
    Verdict,
)
from totelake.schemas.changes import KINDS, Change
from totelake.schemas.columns import SourceColumn, TableSchema

NOW = datetime(2026, 11, 29, 13, tzinfo=timezone.utc)
STAR = load_contracts().star("fact_sales_order")
FEW = settings(max_examples=60)
COUNTS, NUMBERS = st.integers(0, 2**63), st.integers(1, 10**12 - 1)
TEXTS = st.text(max_size=6)
NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,5}", fullmatch=True)


def mapping(keys: Any, values: Any) -> Any:
    """A few values by name or number."""
    return st.dictionaries(keys, values, max_size=2)


def few(values: Any) -> Any:
    """A tuple of a few."""
    return st.lists(values, max_size=2).map(tuple)


OBJECTS = st.builds(LakeObject, TEXTS, TEXTS, COUNTS, COUNTS, TEXTS, mapping(NAMES, TEXTS))
COLUMNS = few(st.builds(SourceColumn, NAMES, TEXTS, st.booleans(), few(TEXTS), st.none() | TEXTS))
SCHEMAS = st.builds(TableSchema, TEXTS, COLUMNS)
COMMITS = st.builds(
    with_schema, st.builds(TableCommit, few(OBJECTS), COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, few(OBJECTS)), SCHEMAS
)
CHANGES = st.builds(Change, NAMES, NAMES, st.sampled_from(sorted(KINDS)), TEXTS, TEXTS)
BLOCKED = st.builds(BlockedTable, CHANGES, TEXTS, COUNTS)
FILES = st.builds(StateFile, TEXTS, COUNTS, COUNTS, TEXTS)
STATES = st.builds(
    TableState, COUNTS, COUNTS, TEXTS, st.builds(Window, COUNTS, TEXTS),
    st.builds(LedgerFiles, st.none() | FILES, few(FILES)), TEXTS, TEXTS, TEXTS, TEXTS, TEXTS,
)  # fmt: skip
BOOKMARKS = st.builds(
    Bookmark,
    batch=NUMBERS,
    identity=st.builds(ServerIdentity, TEXTS, COUNTS, st.booleans(), COUNTS, COUNTS, TEXTS, TEXTS),
    snapshot=st.tuples(COUNTS, COUNTS).map(lambda ids: Snapshot.parse(f"{ids[0]}:{ids[1]}:{ids[0]}")),
    captured_at=TEXTS,
    durable=st.booleans(),
    compare=TEXTS,
    since=COUNTS,
    tables=mapping(NAMES, STATES),
    blocked=mapping(NAMES, BLOCKED),
)
BATCHES = st.builds(Batch, BOOKMARKS, mapping(NAMES, COMMITS), mapping(NAMES, SCHEMAS), mapping(NAMES, COUNTS))
ACCEPTED = st.builds(
    AcceptedObject, TEXTS, COUNTS, COUNTS, COUNTS, COUNTS, TEXTS, TEXTS, COUNTS, st.booleans()
)  # fmt: skip
HELD = mapping(NUMBERS, st.builds(HeldEvents, st.just(0), TEXTS, COUNTS)).map(
    lambda found: {number: HeldEvents(number, item.captured_at, item.events) for number, item in found.items()}
)
REPORTS = st.builds(TableReport, NAMES, NUMBERS, TEXTS, few(CHANGES), COLUMNS, few(NUMBERS), TEXTS)


@st.composite
def standings(draw: Any) -> TableStanding:
    """A table; a schema is written only where it differs from the contract."""
    changes = draw(few(CHANGES))
    schema = draw(COLUMNS) if changes else ()
    return TableStanding(draw(TEXTS), draw(COUNTS), draw(TEXTS), schema, changes, draw(HELD), draw(st.none() | BLOCKED))


@st.composite
def judged(draw: Any, verdict: int) -> JudgedBatch:
    """A batch in which a table is either accepted or held."""
    accepted = draw(mapping(NAMES, ACCEPTED))
    held = {name: item for name, item in draw(mapping(NAMES, ACCEPTED)).items() if name not in accepted}
    return JudgedBatch(draw(NUMBERS), draw(TEXTS), verdict, accepted, held)


@st.composite
def verdicts(draw: Any) -> Verdict:
    """A verdict about one of several sources, whose tables may have one name."""
    number = draw(st.integers(2, 10**6))
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    tables = mapping(NAMES | st.just("staff"), standings())
    own = SourceVerdict(
        through=draw(COUNTS),
        standings=draw(tables),
        batches=draw(few(judged(number))),
        released=draw(few(st.builds(Release, NUMBERS, NAMES, ACCEPTED))),
        register=frozenset(draw(few(NAMES))),
        reports=draw(few(REPORTS)),
        judged_in=number,
    )
    carried = {
        name: SourceVerdict(draw(COUNTS), draw(tables), judged_in=draw(st.integers(1, number - 1)))
        for name in names[1:]
    }
    places = st.tuples(st.just(names[0]), NUMBERS, NAMES)
    return Verdict(number, NOW.isoformat(), {**carried, names[0]: own}, draw(mapping(places, COMMITS)))


def stored(manifest: Manifest) -> Manifest:
    """A manifest as somebody else reads it."""
    found = from_json(to_json(manifest), "here")
    assert to_json(found) == to_json(manifest)
    return found


def attempt(log: str, number: int = 1) -> Attempt:
    return Attempt(log, number, "jr_1-a")


@FEW
@given(BATCHES)
def test_a_batch(batch: Batch) -> None:
    assert Batch.of(stored(batch.manifest(attempt("totesys", batch.number), NOW))) == batch


@FEW
@given(BOOKMARKS)
def test_a_move_of_the_bookmark(bookmark: Bookmark) -> None:
    assert Bookmark.of(stored(bookmark.moved(attempt("totesys", bookmark.batch), NOW))) == bookmark


@FEW
@given(verdicts())
def test_a_verdict_of_several_sources(verdict: Verdict) -> None:
    found = Verdict.of(stored(verdict.manifest(attempt("verdicts", verdict.number), NOW)))
    assert (found, found.source) == (verdict, verdict.source)


@FEW
@given(
    st.builds(
        StarCommit,
        table=st.just(STAR.name),
        source=st.just(STAR.source),
        number=NUMBERS,
        kind=st.sampled_from([DATA, REPLAY, COMPACTION]),
        committed_at=st.just(NOW.isoformat()),
        through=COUNTS,
        verdict=COUNTS,
        commit=COMMITS.filter(lambda commit: bool(commit.objects or commit.quarantine)) | st.just(TableCommit()),
        batches=mapping(NUMBERS, st.builds(BatchCounts, COUNTS, COUNTS, COUNTS, COUNTS, TEXTS)),
        layout=st.builds(Layout, mapping(TEXTS, COUNTS), mapping(TEXTS, COUNTS)),
        years=st.none() | st.tuples(st.integers(1, 9999), st.integers(1, 9999)),
        inputs=mapping(NAMES, few(TEXTS)),
        replayed=mapping(NUMBERS, COUNTS),
    )
)
def test_a_commit_of_a_star_table(commit: StarCommit) -> None:
    assert StarCommit.of(STAR, stored(commit.manifest(attempt(STAR.name, commit.number), NOW))) == commit


@FEW
@given(mapping(TEXTS, COUNTS), mapping(TEXTS, TEXTS), TEXTS)
def test_the_marks(numbers: dict[str, int], nights: dict[str, str], through: str) -> None:
    load, maintenance, audit = LoadMark(numbers), MaintenanceMark(numbers, nights), AuditMark(through)
    assert LoadMark.of(stored(load.manifest(attempt("warehouse"), NOW))) == load
    assert MaintenanceMark.of(stored(maintenance.manifest(attempt("maintenance"), NOW))) == maintenance
    assert AuditMark.of(stored(audit.manifest(attempt("audit"), NOW))) == audit


WAITING = st.builds(HeldEvents, NUMBERS, TEXTS, COUNTS)
HOLDS = st.builds(
    Hold, COUNTS, TEXTS, TEXTS, TEXTS, few(WAITING).map(lambda items: {item.batch: item for item in items})
)


@FEW
@given(mapping(NAMES, mapping(NAMES, HOLDS)))
def test_the_holds(steps: dict[str, dict[str, Hold]]) -> None:
    assert Holds.of(stored(Holds(steps).manifest(attempt("holds"), NOW))) == Holds(steps)
