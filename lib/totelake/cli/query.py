"""query: SQL over the lake or the warehouse."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the command where its package is there."""
