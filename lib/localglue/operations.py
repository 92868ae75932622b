"""The type of a table of handlers: Glue's operation names, and the functions that answer them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from localglue.documents import Document

Handler = Callable[[Document], Document]
Operations = Mapping[str, Handler]
