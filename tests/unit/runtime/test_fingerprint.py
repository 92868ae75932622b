"""A fingerprint is another one when the code is, or a contract that the star table is built by, and no other time."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import ROOT, SOURCE
from totelake.contracts import TableId, load_contracts
from totelake.runtime import fingerprint
from totelake.runtime.fingerprint import fingerprint_of

CONTRACTS = load_contracts()
DESIGN, STAFF = CONTRACTS.star("dim_design"), CONTRACTS.star("dim_staff")


def test_each_star_table_has_its_own() -> None:
    assert fingerprint_of(DESIGN, CONTRACTS) == fingerprint_of(DESIGN, CONTRACTS)
    assert fingerprint_of(DESIGN, CONTRACTS) != fingerprint_of(STAFF, CONTRACTS)


def test_it_changes_with_the_contracts_that_the_table_is_built_by() -> None:
    key = TableId(SOURCE, "design")
    table = CONTRACTS.table(key)
    other = replace(CONTRACTS, by_id={**CONTRACTS.by_id, key: replace(table, columns=table.columns[:-1])})
    assert fingerprint_of(DESIGN, other) != fingerprint_of(DESIGN, CONTRACTS)
    assert fingerprint_of(STAFF, other) == fingerprint_of(STAFF, CONTRACTS)


def test_it_changes_with_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint_of(DESIGN, CONTRACTS)
    monkeypatch.setattr(fingerprint, "_code", lambda: "another release")
    assert fingerprint_of(DESIGN, CONTRACTS) != before


def test_it_is_the_same_in_a_wheel_and_in_a_folder(tmp_path: Path) -> None:
    wheel = tmp_path / "totelake.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path in sorted((ROOT / "lib" / "totelake").rglob("*.py")):
            archive.write(path, path.relative_to(ROOT / "lib").as_posix())
    words = "from totelake.runtime import fingerprint; print(fingerprint._code())"
    found = [
        subprocess.run(
            [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(place)!r}); {words}"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for place in (wheel, ROOT / "lib")
    ]
    assert found[0] == found[1] and len(found[0]) == 33
