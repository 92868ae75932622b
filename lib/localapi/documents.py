"""The JSON documents that an API takes, keeps and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Document = dict[str, Any]
"""A request or an answer as JSON. Its shape is botocore's model of the service,
which every request is checked against."""

Handler = Callable[[Document], Document]
Operations = Mapping[str, Handler]
