"""What `totelake down` leaves of a stack, and what tells one stack from the next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from totelake.stack import lifecycle
from totelake.stack.model import LOCALGLUE, MOTO, OUTBOX, POSTGRES, QUERY, Part, Stack


@pytest.mark.parametrize("is_up", [True, False])
def test_down_removes_what_was_kept_of_the_lake(is_up: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("end", "_end_jobs"):
        monkeypatch.setattr(lifecycle, name, lambda *_: None)
    for name in (QUERY, "logs"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "1.parquet").write_bytes(b"names and addresses")
    (tmp_path / ".totelake-stack").write_text(str(tmp_path))
    if is_up:
        (tmp_path / OUTBOX).mkdir()
        Stack(str(tmp_path), parts(), {}).save()
    assert lifecycle.stop(tmp_path) == is_up
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]


@pytest.mark.parametrize("change", [{"pid": 9}, {"started": 9.0}])
def test_a_stack_is_another_than_the_one_before_in_the_same_folder(change: dict[str, float], tmp_path: Path) -> None:
    first = Stack(str(tmp_path), parts(), {})
    again = replace(first, parts={**parts(), MOTO: replace(parts()[MOTO], **change)})
    first.save()
    read = Stack.read(tmp_path)
    assert read is not None
    assert read.identity == first.identity != again.identity


def parts() -> dict[str, Part]:
    """The processes of a stack."""
    return {name: Part(name, number, 1.0, 5000 + number) for number, name in enumerate((POSTGRES, MOTO, LOCALGLUE), 1)}
