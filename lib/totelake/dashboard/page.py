"""The page of a dashboard: one HTML file that asks nobody for anything, whatever is in its data."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Any

from totelake.errors import ConfigurationError
from totelake.pages.frame import policy

SCRIPTS = ("exact.js", "data.js", "measure.js", "table.js", "chart.js", "tile.js", "history.js", "main.js")
"""Our own code, in the order in which it is put together."""
_LIBRARY, _FILE = "plotly", "package_data/plotly.min.js"
# what ends a script, or begins a part of one in which its end is another
_ENDING = re.compile(r"<(?=/script|script|!--)", re.IGNORECASE)


def page(document: Mapping[str, Any]) -> str:
    """The HTML of a dashboard's document. Raises ConfigurationError without the plotting library."""
    code = "\n".join(["(() => {", '"use strict";', *map(_own, SCRIPTS), "})();"])
    scripts = [_inside_script(library()), _inside_script(code)]
    return Template(_own("page.html")).substitute(
        policy=html.escape(policy(scripts)),
        title=html.escape(document["title"]),
        style=_own("page.css"),
        data=as_json(document),
        library=scripts[0],
        code=scripts[1],
    )


def as_json(document: Mapping[str, Any]) -> str:
    """JSON that nothing in it ends as an element of HTML: it holds no `<`, no `&` and no character but ASCII's."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", text)


def library() -> str:
    """The plotting library's code, which its package brings along. Raises ConfigurationError where it is not there."""
    found = find_spec(_LIBRARY)
    folders = (found.submodule_search_locations or ()) if found else ()
    for folder in folders:
        file = Path(folder) / _FILE
        if file.is_file():
            return file.read_text(encoding="utf-8")
    raise ConfigurationError(
        f"the package {_LIBRARY}, which draws the dashboard, is not installed; run `make install`, or install totelake "
        "with its extra 'local'"
    )


def _inside_script(code: str) -> str:
    r"""Code as it may stand in an element: in a text or a pattern `\x3c` is the same as `<`."""
    return _ENDING.sub(r"\\x3c", code)


def _own(name: str) -> str:
    return resources.files("totelake.dashboard").joinpath(name).read_text(encoding="utf-8")
