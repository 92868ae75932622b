"""A bucket on its bad days: files that change while they are read, that cannot be read, and very many of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.feeds.conftest import SOURCE, TABLE, Files, target
from totelake.contracts import load_contracts
from totelake.errors import RetriableError, SourceError
from totelake.feeds.files import bucket as module
from totelake.feeds.files.bucket import SourceBucket
from totelake.lake.records.batch import Bookmark
from totelake.ports.memory import MemoryStore
from totelake.runtime.clients import Clients

REFUSED = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetObject")


def failing(monkeypatch: pytest.MonkeyPatch, name: str, error: Exception) -> None:
    """Let the file of that name be read up to its last byte, and no further."""
    read = SourceBucket._chunks

    def chunks(self: SourceBucket, item: Any, start: int) -> Any:
        if not item.key.endswith(name):
            yield from read(self, item, start)
            return
        if not start:
            yield b"".join(read(self, item, start))[:-1]
        raise self._refused(error, item) if isinstance(error, ClientError) else error

    monkeypatch.setattr(SourceBucket, "_chunks", chunks)


def test_a_file_that_is_replaced_while_it_is_read_is_taken_whole_or_not_at_all(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = [target(1, 1), target(2, 1)], [target(1, 2), target(3, 2)]
    files.put("a.json", old)
    files.put("b.json", [target(9)])
    monkeypatch.setattr(module, "_CHUNK", 16)
    read, replaced = SourceBucket._chunks, list[str]()

    def chunks(self: SourceBucket, item: Any, start: int) -> Any:
        for place, chunk in enumerate(read(self, item, start)):
            yield chunk
            if place == 2 and item.key.endswith("a.json") and not replaced:
                replaced.append(item.key)
                files.put("a.json", new)
                raise RetriableError("the connection ended")

    monkeypatch.setattr(SourceBucket, "_chunks", chunks)
    first = files.run()
    assert replaced and files.amounts(first) == {9: ("I", "100.00")}
    assert "a.json" in files.look().news
    assert files.amounts(files.run()) == {1: ("I", "2.00"), 3: ("I", "2.00")}


def test_a_connection_that_breaks_is_made_again_where_it_broke(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    files.put("a.json", [target(month) for month in range(1, 10)])
    monkeypatch.setattr(module, "_CHUNK", 64)
    read, starts = SourceBucket._chunks, list[int]()

    def chunks(self: SourceBucket, item: Any, start: int) -> Any:
        starts.append(start)
        for place, chunk in enumerate(read(self, item, start)):
            yield chunk
            if place == 1 and len(starts) < 4:
                raise RetriableError("the connection ended")

    monkeypatch.setattr(SourceBucket, "_chunks", chunks)
    assert len(files.amounts(files.run())) == 9 and starts == [0, 128, 256, 384]


@pytest.mark.parametrize("error", [REFUSED, RetriableError("busy")], ids=["refused", "busy"])
def test_a_file_that_cannot_be_read_stops_no_other(
    files: Files, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    for name in ("a.json", "b.json"):
        files.put(name, [target(1 if name[0] == "a" else 2)])
    with monkeypatch.context() as patch:
        failing(patch, "a.json", error)
        assert files.amounts(files.run()) == {2: ("I", "100.00")}
        assert "a.json" in files.look().news + files.look().waits
        if isinstance(error, RetriableError):
            with pytest.raises(RetriableError):
                files.run()
        else:
            assert files.run() is None
    assert files.amounts(files.run()) == {1: ("I", "100.00")}


def test_the_later_file_counts_and_of_one_the_later_record(files: Files) -> None:
    files.put("b.json", [target(1, 1), target(1, 2)])
    files.put("a.json", [target(2, 1)])
    assert files.amounts(files.run()) == {1: ("I", "2.00"), 2: ("I", "1.00")}


def test_a_bucket_that_is_missing_is_told_in_a_sentence(files: Files) -> None:
    source = load_contracts().source(SOURCE)
    with pytest.raises(SourceError, match="s3://nobody-targets/sales_target/ cannot be listed: the bucket"):
        list(SourceBucket(files.clients, source, "nobody").files(load_contracts().source_tables(SOURCE)[0]))


def test_ten_thousand_files_are_found_page_by_page(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listed in pages as S3 gives them; read from memory, so that the test is about the listing."""
    kept = MemoryStore()
    for number in range(10_000):
        kept.put(f"{TABLE}/{number:05d}.json", json.dumps([target(1 + number % 12, number)]).encode())
    pages: list[int] = []

    class Paged(MemoryStore):
        def list(self, prefix: str, after: str = "") -> Any:
            while True:
                found, is_more = kept.page(prefix, after)
                pages.append(len(found))
                yield from found
                if not is_more:
                    return
                after = found[-1].key

    monkeypatch.setattr(module, "S3Store", lambda *_: Paged())
    monkeypatch.setattr(SourceBucket, "_chunks", lambda _, item, start: iter([kept.get(item.key)[start:]]))
    manifest = files.run()
    assert len(files.amounts(manifest)) == 12 and sum(pages) == 10_000 and max(pages) <= 1000
    assert manifest is not None and Bookmark.of(manifest).position["tables"][TABLE]["rows"] == 10_000  # type: ignore[index]
    assert files.run() is None


def test_a_role_of_another_account_is_taken_for_its_bucket(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    monkeypatch.setattr(Clients, "of_role", lambda self, role, region: taken.append(f"{role} {region}") or self)
    source = load_contracts().source(SOURCE)
    role = "arn:aws:iam::111122223333:role/reader"
    bucket = SourceBucket(
        files.clients, replace(source, options={**source.options, "role": role, "region": "eu-west-1"}), files.prefix
    )
    assert list(bucket.files(load_contracts().source_tables(SOURCE)[0])) == []
    assert taken == [f"{role} eu-west-1"]
