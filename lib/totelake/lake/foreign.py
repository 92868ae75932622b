"""Objects in a table's place that no job wrote: told by their names from ours, and from what Athena reads."""

from __future__ import annotations

import re

_FOLDER, _NAME = "[^/=_.][^/=]*=[^/]+/", r"[0-9]{12}(?:-[0-9]+)?\.parquet"
_DIGITS = 12
_HIDDEN = ("_", ".")


def is_ours(relative: str, is_partitioned: bool = False) -> bool:
    """Whether a key has the form that jobs give it: a number right below the place, or in a folder of a partition."""
    return re.fullmatch(f"{_FOLDER if is_partitioned else ''}{_NAME}", relative) is not None


def number_of(key: str) -> int:
    """The number of the commit that a key of that form bears."""
    return int(key.rsplit("/", 1)[-1][:_DIGITS])


def is_passed_over(relative: str, size: int) -> bool:
    """Whether Athena and crawlers do not read an object: it is empty, or a part of its key begins with _ or a dot."""
    return not size or any(part.startswith(_HIDDEN) for part in relative.split("/"))
