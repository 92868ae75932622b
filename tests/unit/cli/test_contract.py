"""`totelake contract new`: YAML that any terminal can show and any reader reads back."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from totelake.cli import contract as command
from totelake.cli.main import main


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("name", ["design", "Entwürfe", "\u202edesign", "a\nb", "\x1b[2J"])
def test_the_document_is_read_back_as_it_was(encoding: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def described(*_: Any) -> Any:
        return (SimpleNamespace(name="design", problem="", columns=()),)

    stdout = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(command.Target, "named", lambda kind, home: None)
    monkeypatch.setattr(command, "described_source", described)
    monkeypatch.setattr(command, "draft", lambda table, source: {"name": name})
    monkeypatch.setattr(sys, "stdout", stdout)
    assert main(["contract", "new", "design"]) == 0
    stdout.flush()
    shown = stdout.buffer.getvalue().decode(encoding)
    assert yaml.safe_load(shown) == {"name": name}
    assert not {"\x1b", "\u202e"} & set(shown)
    assert ("Entwürfe" in shown) is (name == "Entwürfe" and encoding == "utf-8")
