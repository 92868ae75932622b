"""A damaged manifest is refused in one sentence, wherever the damage is: it is never read by half, nor a crash."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.lake.records.test_golden import GOLDEN, rewritten
from totelake.alerts.store import sent_messages
from totelake.errors import LakeError
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import from_json
from totelake.lake.reading import schema_at
from totelake.ports.memory import MemoryStore
from totelake.schemas.columns import documents_of

# of each kind of record the manifests that say most
RICHEST = (
    "batch-changes.json",
    "batch-blocked.json",
    "batch-new-schema.json",
    "bookmark-rewound.json",
    "verdict-held.json",
    "verdict-with-news.json",
    "verdict-released.json",
    "star-fact-quarantined.json",
    "star-joined-dimension.json",
    "star-replay-date.json",
    "warehouse-loaded.json",
    "maintenance.json",
    "audit.json",
    "holds.json",
)
Path = tuple[Any, ...]
# what is not read: of lakes older than marks by source, and what the kind of a change says by itself
UNREAD = ("night", "is_breaking")
# what need not be there is null, or empty in other words
MAY_BE_NULL = ("base", "obstacle", "years", "default")


def document_of(name: str) -> dict[str, Any]:
    """A golden manifest's JSON."""
    found: dict[str, Any] = json.loads((GOLDEN / name).read_bytes())
    return found


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where each value is; of a list only its first."""
    items = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from paths(item, (*path, key))


def at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def shapes(document: dict[str, Any]) -> list[Path]:
    """A path of each shape: names of tables and numbers do not tell shapes apart."""
    found: dict[Path, Path] = {}
    for path in paths(document):
        parent = at(document, path[:-1])
        kinds = tuple(key if isinstance(key, str) and key.islower() else "#" for key in path)
        is_record = isinstance(parent, dict) and len({type(item) for item in parent.values()}) > 1
        found.setdefault((*kinds[:2], len(kinds), kinds[-1] if is_record else type(at(document, path)).__name__), path)
    return list(found.values())


PLACES = [(name, path) for name in RICHEST for path in shapes(document_of(name))]


def read(document: Any, name: str) -> Any:
    """What its record makes of a manifest."""
    return rewritten(from_json(json.dumps(document).encode(), name))


def damaged(name: str, path: Path, *values: Any) -> dict[str, Any]:
    """A golden manifest with another value at that place, or without it."""
    document = document_of(name)
    if values:
        at(document, path[:-1])[path[-1]] = copy.deepcopy(values[0])
    else:
        del at(document, path[:-1])[path[-1]]
    return document


@pytest.mark.parametrize("value", [None, [1], "x", 7, 7.5, True, {"x": 1}], ids=repr)
def test_a_value_of_another_type_is_refused(value: Any) -> None:
    read_all_the_same = []
    for name, path in PLACES:
        former = at(document_of(name), path)
        if type(former) is type(value) or path == ("log",) or path[-1] in UNREAD:
            continue
        if (path[-1] in MAY_BE_NULL or former is None) and not value:
            continue
        try:
            read(damaged(name, path, value), name)
        except LakeError as error:
            assert " is no readable manifest (" in str(error) or " has format " in str(error)
            assert str(error).endswith(("restore the object from its version history", "upgrade totelake"))
        else:
            read_all_the_same.append(f"{name} {path}: {former!r}")
    assert not read_all_the_same, "\n".join(read_all_the_same)


def test_what_is_missing_is_refused_or_need_not_be_there() -> None:
    for name, path in PLACES:
        if path == ("log",):
            continue
        try:
            read(damaged(name, path), name)
        except LakeError as error:
            assert " is no readable manifest (" in str(error)


@pytest.mark.parametrize("field", ["objects", "rows", "inserts", "updates", "deletes"])
def test_a_table_without_its_objects_or_counts_is_not_taken_for_an_empty_one(field: str) -> None:
    with pytest.raises(LakeError, match=f"batch-changes.json is no readable manifest .'{field}'.;"):
        read(damaged("batch-changes.json", ("tables", "design", field)), "batch-changes.json")


@pytest.mark.parametrize("field", ["base", "deltas"])
def test_a_ledger_without_its_files_is_not_taken_for_an_empty_one(field: str) -> None:
    with pytest.raises(LakeError, match=r"^_commits/totesys/\d{12}.json is no readable manifest"):
        read(damaged("batch-changes.json", ("state", "tables", "design", "ledger", field)), "batch-changes.json")


def test_a_field_that_no_record_has_is_refused() -> None:
    document = document_of("batch-changes.json")
    document["state"]["tables"]["design"]["newer"] = 1
    with pytest.raises(LakeError, match="is no readable manifest .*newer.*restore the object"):
        read(document, "batch-changes.json")


@pytest.mark.parametrize("name", RICHEST)
def test_a_manifest_that_was_cut_off_is_refused(name: str) -> None:
    body = (GOLDEN / name).read_bytes().rstrip()
    for end in range(0, len(body), max(1, len(body) // 50)):
        with pytest.raises(LakeError, match=f"^{name} is no readable manifest"):
            from_json(body[:end], name)


@pytest.mark.parametrize(("log", "number"), [("totesys", 9), ("verdicts", 4)])
def test_a_manifest_that_lies_where_another_belongs_is_refused(log: str, number: int) -> None:
    store, body = MemoryStore("lake"), (GOLDEN / "batch-changes.json").read_bytes()
    document = json.loads(body)
    store.put(f"_commits/{log}/{number:012d}.json", body)
    with pytest.raises(LakeError) as refused:
        CommitLog(store, log).newest()
    assert str(refused.value) == (
        f"s3://lake/_commits/{log}/{number:012d}.json is the commit {document['number']} of the log totesys; "
        "restore the object from its version history"
    )


KNOWN = "_schemas/totesys/design/0badf00d.json"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"columns": 7}',
        b'{"columns": [{"name": "a"}]}',
        b'{"columns": [{"name": 1, "type": 2}]}',
    ],
)
def test_a_damaged_schema_is_refused(body: bytes) -> None:
    store = MemoryStore("lake")
    store.put(KNOWN, body)
    with pytest.raises(LakeError) as refused:
        schema_at(store, KNOWN)
    assert str(refused.value).startswith(f"s3://lake/{KNOWN} is no readable schema (")


def test_a_known_schema_has_its_fingerprint_from_its_name() -> None:
    store = MemoryStore("lake")
    store.put(KNOWN, (GOLDEN / "schema.json").read_bytes())
    found = schema_at(store, KNOWN)
    assert (found.fingerprint, documents_of(found.columns)) == ("0badf00d", document_of("schema.json")["columns"])


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7"])
def test_a_damaged_alert_is_refused(body: bytes) -> None:
    store = MemoryStore("lake")
    key = f"_alerts/messages/20261124T120000.000000Z-job-{'0' * 24}.json"
    store.put(key, body)
    with pytest.raises(LakeError, match=f"^s3://lake/{key} is no readable alert "):
        sent_messages(store, 1)
