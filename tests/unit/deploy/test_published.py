"""What is known of a release beside its files, when git or the document fail."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from totelake.deploy.environment import head_of
from totelake.deploy.published import DOCUMENT, Published, saved
from totelake.errors import ConfigurationError

PARTS: dict[str, Any] = {"libraries": ["l.whl"], "compiled": [], "jars": []}
WHOLE: dict[str, Any] = {"id": "0123", "wheel": "t.whl", "commit": "", **PARTS}


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in WHOLE.items() if key != name}).encode()


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b"\xff\xfe\x00", b"null", b"[]", b'"0123"', b"<<<<<<< HEAD",
        *(without(name) for name in ("id", "wheel", "commit")),
        *(json.dumps({**WHOLE, name: 1}).encode() for name in WHOLE),
        *(json.dumps({**WHOLE, name: [None]}).encode() for name in PARTS),
    ],
)  # fmt: skip
def test_a_document_that_is_damaged_is_named_with_what_to_do(text: bytes, tmp_path: Path) -> None:
    (tmp_path / DOCUMENT).write_bytes(text)
    with pytest.raises(ConfigurationError, match=f"^{re.escape(str(tmp_path / DOCUMENT))}.*; make it again with `make"):
        saved(tmp_path)


def test_a_document_of_before_there_were_compiled_wheels_and_jars_is_read() -> None:
    text = json.dumps({name: value for name, value in WHOLE.items() if name not in ("compiled", "jars")})
    assert Published.from_json(text.encode(), "there", "do this") == Published("0123", "t.whl", ("l.whl",))


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)


def test_a_repository_that_git_refuses_is_told_in_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "-q")
    with pytest.raises(ConfigurationError, match=f"git does not tell the commit of {tmp_path}: fatal: .*HEAD"):
        head_of(tmp_path)
    # as it is in a container whose user is another than the checkout's
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    with pytest.raises(ConfigurationError, match="fatal: detected dubious ownership in repository.*safe.directory"):
        head_of(tmp_path)


def test_a_folder_without_a_repository_has_no_commit(tmp_path: Path) -> None:
    assert head_of(tmp_path) == ""
