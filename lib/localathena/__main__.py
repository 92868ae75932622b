"""`python -m localathena`."""

from __future__ import annotations

import sys

from localathena.cli import main

if __name__ == "__main__":
    sys.exit(main())
