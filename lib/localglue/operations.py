"""What a part of localglue offers: handlers by the names of Glue's operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from localglue.model import Body

Handler = Callable[[Body], Body]
Operations = Mapping[str, Handler]
