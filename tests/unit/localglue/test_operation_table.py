"""What the command line prints: the table of operations in the docs, the version, defaults."""

from __future__ import annotations

import pytest

import totelake
from localglue.cli import main
from localglue.data_catalog import FORWARDED
from tests.conftest import ROOT


def test_the_table_in_the_docs_is_that_of_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["operations"]) == 0
    assert (ROOT / "docs" / "localglue-operations.md").read_text(encoding="utf-8") == capsys.readouterr().out


def test_it_has_the_version_of_what_it_comes_with_and_help_says_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--version"], ["serve", "--help"]):
        with pytest.raises(SystemExit):
            main(words)
    printed = capsys.readouterr().out
    assert printed.startswith(f"localglue {totelake.__version__}\n")
    assert "(default: 4510)" in printed and "None" not in printed


def test_moto_has_every_operation_that_is_passed_on() -> None:
    from botocore import xform_name
    from moto.glue.responses import GlueResponse

    assert [name for name in FORWARDED if not hasattr(GlueResponse, xform_name(name))] == []
