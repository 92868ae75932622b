"""Free memory is that of the machine or, where it is less, what a container's limit leaves."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from localglue import free_memory
from localglue.free_memory import free_memory as measured

MB = 1 << 20


@pytest.mark.parametrize(
    ("limit", "used", "kept", "free"),
    [(None, 0, 0, 8000), ("max", 7000, 0, 8000), (9000, 500, 0, 8000), (3000, 2500, 0, 500), (3000, 2500, 400, 900)],
    ids=["no container", "no limit", "a wide limit", "a narrow limit", "files that are given back"],
)
def test_the_smaller_one_counts(
    limit: int | str | None, used: int, kept: int, free: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if limit is not None:
        (tmp_path / "memory.max").write_text(f"{limit if limit == 'max' else int(limit) * MB}\n")
        (tmp_path / "memory.current").write_text(f"{used * MB}\n")
        (tmp_path / "memory.stat").write_text(f"anon 1\ninactive_file {kept * MB}\n")
    machine = SimpleNamespace(virtual_memory=lambda: SimpleNamespace(available=8000 * MB))
    monkeypatch.setattr(free_memory, "psutil", machine)
    assert measured(tmp_path) == free * MB
