"""Pieces of HTML: everything that is not ours by construction is escaped, here and nowhere else."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(value: object) -> Html:
    """A value as HTML: HTML stays what it is, nothing is a dash, a float has at most two digits after the point."""
    if isinstance(value, Html):
        return value
    if value is None or value == "":
        return Html("<span class='quiet'>-</span>")
    if isinstance(value, bool):
        return Html("yes" if value else "no")
    if isinstance(value, int):
        return Html(f"{value:,}")
    if isinstance(value, float):
        return Html(f"{value:,.2f}".rstrip("0").rstrip("."))
    return Html(html.escape(str(value), quote=True))


def element(name: str, content: object = "", **attributes: object) -> Html:
    """An element; an attribute's underscore at its end is none, the others are hyphens."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value), quote=True)}"'
        for key, value in attributes.items()
    )
    inside = "" if content == "" else text(content)
    return Html(f"<{name}{given}>{inside}</{name}>")


def joined(parts: Iterable[str], between: str = "") -> Html:
    """Pieces of HTML one after another. Text among them is escaped."""
    return Html(between.join(text(part) for part in parts))


def table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[object]], none: str) -> Html:
    """A table with its caption, in a region that scrolls by keyboard; the words `none` where it has no rows."""
    if not rows:
        return element("p", none, class_="none") if none else Html("")
    top = joined(element("th", head, scope="col") for head in heads)
    lines = joined(element("tr", joined(_cell(value) for value in row)) for row in rows)
    inner = joined((element("caption", caption), element("thead", element("tr", top)), element("tbody", lines)))
    return element("div", element("table", inner), class_="scroll", tabindex=0, role="region", aria_label=caption)


def _cell(value: object) -> Html:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return element("td", text(value), class_="number") if is_number else element("td", text(value))


def state(outcome: str) -> Html:
    """How something stands, as a word with a colour beside it."""
    return element("span", outcome, class_=f"state {outcome.lower().replace('_', '-').replace(' ', '-')}")
