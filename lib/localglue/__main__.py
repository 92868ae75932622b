"""`python -m localglue`."""

from __future__ import annotations

import sys

from localglue.cli import main

if __name__ == "__main__":
    sys.exit(main())
