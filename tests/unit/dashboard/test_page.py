"""The page as HTML: nothing in its data becomes code, and nothing in it may ask anybody."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from importlib.machinery import ModuleSpec
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ROOT
from totelake.dashboard import page as module
from totelake.dashboard.page import SCRIPTS, as_json, page
from totelake.errors import ConfigurationError

LIBRARY = 'var Plotly = {version: "</script><!-- <script>"};'
DOCUMENT = {"title": "T", "queries": {}}
MOST_BYTES = 5_000_000
hostile = st.text() | st.sampled_from(
    ["</script>", "<!--", "<script", "]]>", "&lt;", "\u2028", "\ud800", "${x}", "$title"]
)


class Elements(HTMLParser):
    """The elements of a page, with their text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, Any], str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        self.found.append(("", {}, ""))

    def handle_data(self, data: str) -> None:
        if self.found:
            tag, attributes, text = self.found[-1]
            self.found[-1] = (tag, attributes, text + data)

    def of(self, tag: str) -> list[tuple[dict[str, Any], str]]:
        """Attributes and text of the elements of a kind."""
        return [(attributes, text) for name, attributes, text in self.found if name == tag]


@pytest.fixture(autouse=True)
def small_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that is no five megabytes, and holds what ends an element."""
    monkeypatch.setattr(module, "library", lambda: LIBRARY)


@given(st.recursive(st.none() | hostile, lambda inner: st.lists(inner) | st.dictionaries(hostile, inner)), hostile)
def test_whatever_is_in_the_data_stays_data(data: Any, title: str) -> None:
    found = Elements(page({"title": title, "data": data}))
    scripts = found.of("script")
    assert [attributes.get("type") for attributes, _ in scripts] == ["application/json", None, None]
    assert json.loads(scripts[0][1]) == {"title": title, "data": data}
    assert "<" not in scripts[0][1] and "&" not in scripts[0][1] and scripts[0][1].isascii()
    assert [tag for tag, *_ in found.found] == [tag for tag, *_ in Elements(page(DOCUMENT)).found]


def test_a_script_is_known_by_its_hash_and_nothing_else_may_be_had() -> None:
    found = Elements(page(DOCUMENT))
    (policy,) = [attributes["content"] for attributes, _ in found.of("meta") if "http-equiv" in attributes]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'" and set(rules) == {
        "default-src", "script-src", "style-src", "img-src", "base-uri", "form-action",
    }  # fmt: skip
    scripts = [text for attributes, text in found.of("script") if "type" not in attributes]
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in scripts]
    assert rules["script-src"].split() == hashes
    assert scripts[0] == r'var Plotly = {version: "\x3c/script>\x3c!-- \x3cscript>"};'


def test_our_code_takes_no_text_for_html_and_no_text_for_code() -> None:
    for name in SCRIPTS:
        code = (ROOT / "lib" / "totelake" / "dashboard" / name).read_text(encoding="utf-8")
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function|fetch\(|https?:", code
        )
        assert len(code.splitlines()) <= 300, name


def test_without_the_library_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    words = "^the package plotly, which draws the dashboard, is not installed; run `make install`"
    for found in (None, ModuleSpec("plotly", None)):
        monkeypatch.setattr(module, "find_spec", lambda _, found=found: found)
        with pytest.raises(ConfigurationError, match=words):
            module.library()


def test_a_page_without_data_is_below_five_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert len(page(DOCUMENT).encode()) < MOST_BYTES


def test_json_that_is_none_is_no_page() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        as_json({"a": float("nan")})
