"""The frame of our pages: head, title, links, sections; one HTML file that asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from string import Template

from totelake.pages.html import Html, element, joined, text


@dataclass(frozen=True)
class Section:
    """A part of a page: its name in the address, its title and its content."""

    name: str
    title: str
    content: Html


@dataclass(frozen=True)
class Page:
    """What stands in the frame; `said` is the line below the title, `links` lead to other files before the sections.

    `style` and `code` are a page's own CSS and JavaScript, `data` what the code reads from the body's attributes.
    """

    title: str
    said: str
    sections: Sequence[Section]
    links: Sequence[tuple[str, str]] = ()
    style: str = ""
    code: str = ""
    data: Mapping[str, object] = field(default_factory=dict)


def framed(page: Page) -> str:
    """The HTML of a page."""
    inside = joined(element("a", section.title, href=f"#{section.name}") for section in page.sections)
    outside = joined(element("a", title, href=address) for title, address in page.links)
    return Template(_own("frame.html")).substitute(
        policy=text(policy([page.code])),
        title=text(page.title),
        style=_own("frame.css") + page.style,
        data=joined(Html(f' data-{name}="{text(str(value))}"') for name, value in page.data.items()),
        said=text(page.said),
        links=joined((outside, inside)),
        sections=joined(
            element("section", joined((element("h2", item.title), item.content)), id=item.name, aria_label=item.title)
            for item in page.sections
        ),
        code=page.code,
    )


def policy(scripts: list[str]) -> str:
    """No request leaves, and no script runs but ours; styles are those of the page itself."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts
    )
    rules = ("default-src 'none'", f"script-src {hashes}", "style-src 'unsafe-inline'", "img-src data:")
    return "; ".join((*rules, "base-uri 'none'", "form-action 'none'"))


def _own(name: str) -> str:
    return resources.files("totelake.pages").joinpath(name).read_text(encoding="utf-8")
