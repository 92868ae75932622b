"""What a part of localglue offers: handlers by the names of Glue's operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from localglue.documents import Document

Handler = Callable[[Document], Document]
Operations = Mapping[str, Handler]
