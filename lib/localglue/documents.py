"""The JSON documents that localglue takes, stores and answers."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]
"""A request, an answer or a stored definition of Glue, as JSON.

Its shape is botocore's service model of Glue, which localglue checks every request against; types in Python would
only repeat that model. `Any` is for what is in documents, and for nothing else.
"""
