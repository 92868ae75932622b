"""The table of operations in the docs is that of the code."""

from __future__ import annotations

import pytest

from localglue.cli import main
from localglue.data_catalog import FORWARDED
from tests.conftest import ROOT


def test_the_table_in_the_docs_is_that_of_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["operations"]) == 0
    assert (ROOT / "docs" / "localglue-operations.md").read_text(encoding="utf-8") == capsys.readouterr().out


def test_moto_has_every_operation_that_is_passed_on() -> None:
    from botocore import xform_name
    from moto.glue.responses import GlueResponse

    assert [name for name in FORWARDED if not hasattr(GlueResponse, xform_name(name))] == []
