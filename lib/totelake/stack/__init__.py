"""The local stack: PostgreSQL, an AWS endpoint and localglue on one machine, started, watched and ended together."""

from __future__ import annotations

from totelake.stack.lifecycle import load, start, status, stop
from totelake.stack.model import Part, Stack

__all__ = ["Part", "Stack", "load", "start", "status", "stop"]
