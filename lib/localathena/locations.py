"""Places in S3, as tables and results name them."""

from __future__ import annotations

import re

_PLACE = re.compile(r"s3[an]?://([^/]+)(?:/(.*))?", re.DOTALL)


def split(location: str) -> tuple[str, str] | None:
    """Bucket and key of an address; None of what is no place in S3."""
    found = _PLACE.fullmatch(location)
    return (found[1], found[2] or "") if found else None


def folder(location: str) -> tuple[str, str] | None:
    """Bucket and prefix of a folder, which ends with a slash unless it is empty; None of what is no place."""
    found = split(location)
    if found is None:
        return None
    bucket, prefix = found
    return bucket, f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
