"""awsglue on the path."""

from __future__ import annotations

import sys

from tests.conftest import ROOT

LIBRARY = str(ROOT / "lib" / "localglue_awsglue")
sys.path.append(LIBRARY)
