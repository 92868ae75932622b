"""The scripts that create the databases' roles."""

from __future__ import annotations

import pytest

from totelake.roles import SOURCE_READER, WAREHOUSE_LOADER, statements


@pytest.mark.parametrize("script", [SOURCE_READER, WAREHOUSE_LOADER])
def test_a_script_without_its_variables_makes_nothing(script: str) -> None:
    with pytest.raises(KeyError):
        statements(script, {"role": "r"})
