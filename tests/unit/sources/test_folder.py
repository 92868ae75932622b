"""Where a source's files go: the catalogue of a checkout, never that of an installed wheel."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.conftest import ROOT
from totelake.cli.app import whole_app
from totelake.contracts import documents
from totelake.contracts.documents import checkout_folder
from totelake.errors import ConfigurationError
from totelake.sources.writing import contract_file

WHOLE_CATALOG = True


def test_a_checkout_s_catalogue_is_written_to() -> None:
    assert checkout_folder() == ROOT / "catalog"


@pytest.mark.parametrize(("name", "value"), [("COMPILED", "documents.py"), ("_FOLDER", Path("/nowhere"))])
def test_an_installed_wheel_says_where_to_run_instead(
    name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a compiled catalogue beside the modules, as in a wheel; no folder above them
    monkeypatch.setattr(documents, name, value)
    with pytest.raises(ConfigurationError, match="is an installed wheel, .*; run it in a checkout .* --catalog"):
        checkout_folder()


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    words = ["source", "add", "crm", "--dsn", "postgresql://r:s@127.0.0.1/d", "--catalog", str(tmp_path / "none")]
    assert "none has no pipeline.yaml; name the folder catalog/" in str(
        CliRunner().invoke(whole_app(), words).exception
    )


def test_a_contract_s_file_has_the_table_s_name_but_for_the_source_s_own() -> None:
    assert (contract_file("item"), contract_file("source")) == ("item.yaml", "source.table.yaml")
