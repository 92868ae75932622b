"""The table of Glue's operations: which are done here, which moto answers, and which are refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping

_HOW: Mapping[str, str] = {
    "done": "localglue does what AWS documents, as far as [how it differs](localglue.md) does not say otherwise",
    "over moto": "checked against the service model and passed on; moto keeps what it is given, and does no work",
    "refused": "UnsupportedOperationException; nothing was done",
}


def markdown(operations: Collection[str], handled: Collection[str], forwarded: Collection[str]) -> str:
    """The table as a document; `forwarded` are those of the `handled` ones that the AWS endpoint alone answers."""
    how = {name: _how(name, handled, forwarded) for name in sorted(operations)}
    counts = {kind: sum(one == kind for one in how.values()) for kind in _HOW}
    legend = [f"| {kind} | {counts[kind]} | {meaning} |" for kind, meaning in _HOW.items()]
    rows = [f"| {name} | {kind} |" for name, kind in how.items()]
    return "\n".join(
        [
            "# Operations of localglue",
            "",
            "Made by `python -m localglue operations` from the code; a test holds it.",
            "",
            "| | number | |",
            "|---|---|---|",
            *legend,
            "",
            "| operation | here |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def _how(name: str, handled: Collection[str], forwarded: Collection[str]) -> str:
    if name in forwarded:
        return "over moto"
    return "done" if name in handled else "refused"
