"""Every contract is a valid document of the Open Data Contract Standard, by the standard's own schema."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest

from tests.conftest import ROOT
from totelake.contracts.documents import read_folder
from totelake.contracts.sources import is_source

pytest.importorskip("open_data_contract_standard", reason="the standard's schema is in the dev requirements only")
FILES = read_folder(ROOT / "catalog")
CONTRACTS = sorted(name for name in FILES if name.startswith(("sources/", "warehouse/")) and not is_source(name))


def problems(document: Any) -> list[str]:
    """Where a document is not what the standard asks for."""
    from jsonschema.validators import validator_for

    schema = json.loads(resources.files("open_data_contract_standard").joinpath("schema.json").read_text("utf-8"))
    found = validator_for(schema)(schema).iter_errors(json.loads(json.dumps(document)))
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in found]


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_contract_is_valid_by_the_standard(name: str) -> None:
    assert problems(FILES[name]) == []


def test_what_is_no_contract_is_not_valid() -> None:
    assert problems({"kind": "DataContract", "schema": [{"name": 1}]}) != []
