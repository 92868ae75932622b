"""A graph of boxes in columns, drawn as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from totelake.pages.html import Html, element, joined

_WIDTH, _GAP, _ROW, _HEIGHT = 210, 50, 66, 50
_LONGEST = 26
_ARROW = Html(
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0,0 L8,4 L0,8 z"></path></marker></defs>'
)


@dataclass(frozen=True)
class Box:
    """A box of a graph: its name, the column where it stands, the boxes that lines come from, the words below its name,
    the CSS class of its look, the address that it leads to, '' for none, and the `label` that is shown for the name."""

    name: str
    column: int
    after: tuple[str, ...] = ()
    words: str = ""
    kind: str = ""
    leads: str = ""
    label: str = ""


def graph_of(boxes: Sequence[Box], said: str) -> Html:
    """The boxes with the lines between them; `said` is the same in words. Nothing where there is no box."""
    if not boxes:
        return Html("")
    places = _places(boxes)
    lines = joined(_edge(places[other], places[box.name]) for box in boxes for other in box.after if other in places)
    width = max(x for x, _ in places.values()) + _WIDTH + 2
    height = max(y for _, y in places.values()) + _HEIGHT + 2
    return svg(joined((_ARROW, lines, *(_drawn(box, places[box.name]) for box in boxes))), width, height, said, "graph")


def svg(inside: Html, width: int, height: int, said: str, kind: str) -> Html:
    """A drawing in a region that scrolls by keyboard, with the words that say the same."""
    drawn = joined((element("title", said), inside))
    picture = element("svg", drawn, viewBox=f"0 0 {width} {height}", width=width, height=height, role="group",
                      aria_label=said, class_=kind)  # fmt: skip
    return element("div", picture, class_="scroll", tabindex=0, role="region", aria_label=said)


def cut(name: str) -> str:
    """A name that is not longer than a box."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _places(boxes: Sequence[Box]) -> Mapping[str, tuple[int, int]]:
    rows: dict[int, int] = {}
    places = {}
    for box in boxes:
        row = rows.get(box.column, 0)
        rows[box.column] = row + 1
        places[box.name] = (1 + box.column * (_WIDTH + _GAP), 1 + row * _ROW)
    return places


def _drawn(box: Box, place: tuple[int, int]) -> Html:
    x, y = place
    drawn = joined((
        element("title", f"{box.label or box.name}, {box.words}"),
        element("rect", x=x, y=y, width=_WIDTH, height=_HEIGHT, rx=7, class_=f"box {box.kind}"),
        element("text", cut(box.label or box.name), x=x + 10, y=y + 21, class_="name"),
        element("text", cut(box.words) if box.words else Html(""), x=x + 10, y=y + 39, class_="said"),
    ))  # fmt: skip
    return element("a", drawn, href=box.leads) if box.leads else element("g", drawn)


def _edge(start: tuple[int, int], end: tuple[int, int]) -> Html:
    x1, y1, x2, y2 = start[0] + _WIDTH, start[1] + _HEIGHT // 2, end[0], end[1] + _HEIGHT // 2
    middle = (x1 + x2) // 2
    return element(
        "path", d=f"M{x1},{y1} C{middle},{y1} {middle},{y2} {x2},{y2}", class_="edge", marker_end="url(#arrow)"
    )
