"""The monitor's page: one HTML file that asks nobody for anything, whatever is in what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from totelake.monitor.gather import Seen
from totelake.monitor.sections import sections
from totelake.pages.frame import Page, framed


def page(seen: Seen, every: int = 0, links: Sequence[tuple[str, str]] = ()) -> str:
    """The HTML of a look. An open page loads itself again after `every` seconds, 0 for never.

    `links` are titles and addresses of other pages.
    """
    where = "on this machine" if seen.kind == "local" else "on AWS"
    follows = f" An open page follows every {every} s." if every else ""
    return framed(
        Page(
            title=f"{seen.prefix}: run monitor",
            said=f"{seen.prefix} {where}, seen at {seen.at:%Y-%m-%d %H:%M:%S} UTC.{follows}",
            sections=tuple(sections(seen)),
            links=links,
            style=_own("page.css"),
            code=_own("page.js"),
            data={"every": every, "took": round(seen.took), "at": f"{seen.at:%Y-%m-%dT%H:%M:%SZ}"},
        )
    )


def _own(name: str) -> str:
    return resources.files("totelake.monitor").joinpath(name).read_text(encoding="utf-8")
