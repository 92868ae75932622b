"""The stack's constants: what scripts ask for is there, and costs nobody else the time to import it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from totelake.seed import SOURCE
from totelake.stack import model


def test_scripts_find_the_name_of_the_source_that_the_seed_fills() -> None:
    assert model.TOTESYS == SOURCE
    with pytest.raises(AttributeError, match="has no attribute CRM"):
        _ = model.CRM


def test_the_seed_is_not_imported_before_somebody_asks_for_it() -> None:
    asked = "import sys, totelake.stack.model; print('totelake.seed' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
