"""The monitor's page: one HTML file that asks nobody for anything, whatever is in what was seen."""

from __future__ import annotations

from importlib import resources
from string import Template

from totelake.dashboard.page import policy
from totelake.monitor.gather import Seen
from totelake.monitor.html import element, joined, text
from totelake.monitor.sections import sections


def page(seen: Seen, every: int = 0) -> str:
    """The HTML of a look. An open page loads itself again after `every` seconds, 0 for never."""
    parts = list(sections(seen))
    code = _own("page.js")
    where = "on this machine" if seen.kind == "local" else "on AWS"
    follows = f" An open page follows every {every} s." if every else ""
    return Template(_own("page.html")).substitute(
        policy=text(policy([code])),
        title=text(f"{seen.prefix}: run monitor"),
        style=_own("page.css"),
        every=every,
        at=f"{seen.at:%Y-%m-%dT%H:%M:%SZ}",
        taken=text(f"{seen.prefix} {where}, seen at {seen.at:%Y-%m-%d %H:%M:%S} UTC.{follows}"),
        links=joined(element("a", title, href=f"#{name}") for name, title, _ in parts),
        sections=joined(
            element("section", joined((element("h2", title), content)), id=name, aria_label=title)
            for name, title, content in parts
        ),
        code=code,
    )


def _own(name: str) -> str:
    return resources.files("totelake.monitor").joinpath(name).read_text(encoding="utf-8")
