"""The Python library of AWS Glue's scripts on one machine: written from AWS's documentation, without AWS's jars.

What it has and how it differs from AWS's own is in docs/awsglue.md. Importing the package, or `awsglue.utils`, needs no
Spark: Python shell jobs do that, too.
"""

from __future__ import annotations

from typing import Any

_LAZY = {"DynamicFrame": "awsglue.dynamicframe", "DynamicFrameCollection": "awsglue.collection"}


def __getattr__(name: str) -> Any:
    """The classes that scripts import from here, each with its module when it is asked for."""
    if name not in _LAZY:
        raise AttributeError(f"module 'awsglue' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)
