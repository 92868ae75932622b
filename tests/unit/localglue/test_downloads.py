"""Addresses, and content that is unpacked once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from localglue.downloads import _cached, split_uri


@pytest.mark.parametrize("uri", ["/tmp/x", "s3://bucket", "s3://bucket/", "https://bucket/key"])
def test_an_address_must_name_a_bucket_and_a_key(uri: str) -> None:
    with pytest.raises(ValueError, match="it is not an s3://bucket/key address"):
        split_uri(uri)


@pytest.mark.parametrize("key", ["jobs/a#b.py", "jobs/what?.py", "jobs/a b%20.py"])
def test_every_character_of_a_key_is_part_of_it(key: str) -> None:
    assert split_uri(f"s3a://bucket/{key}") == ("bucket", key)


def test_content_is_unpacked_once_even_by_two_at_the_same_time(tmp_path: Path) -> None:
    filled: list[Path] = []

    def fill(folder: Path) -> None:
        filled.append(folder)
        (folder / "x").write_text("x")
        if len(filled) == 1:
            _cached(tmp_path, b"content", fill)

    folder = _cached(tmp_path, b"content", fill)
    assert _cached(tmp_path, b"content", fill) == folder
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert len(filled) == 2 and (folder / "x").read_text() == "x"


def test_content_that_cannot_be_put_in_its_place_is_an_error(tmp_path: Path, monkeypatch: Any) -> None:
    def refuse(*paths: Any) -> None:
        raise OSError("no")

    monkeypatch.setattr("localglue.downloads.os.rename", refuse)
    with pytest.raises(OSError, match="no"):
        _cached(tmp_path, b"content", lambda folder: None)
    assert list(tmp_path.iterdir()) == []
