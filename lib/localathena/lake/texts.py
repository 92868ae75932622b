"""How a line of LazySimpleSerDe is made of values: one rule, by which lines are read and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from localathena.sql.quoting import quoted
from localathena.sql.refusals import not_here, refuse

# two signs that stand for what is escaped while a line is split; no text has them
_ESCAPE, _DELIMITER = "\x1d\x02", "\x1d\x03"
_NAMED = {"\\t": "\t", "\\001": "\x01", "\\u0001": "\x01"}


@dataclass(frozen=True)
class TextForm:
    """What stands between the values of a line, for NULL, and before a sign that is part of a value."""

    delimiter: str = "\x01"
    null: str = "\\N"
    escape: str = ""

    def line(self, values: list[str | None]) -> str:
        """A line, without its end."""
        return self.delimiter.join(self.null if value is None else self._escaped(value) for value in values)

    def _escaped(self, value: str) -> str:
        if not self.escape:
            return value
        value = value.replace(self.escape, self.escape * 2)
        return value.replace(self.delimiter, f"{self.escape}{self.delimiter}")

    def split(self, line: str) -> str:
        """SQL of the raw values of a line, which is SQL, too."""
        if self.escape:
            line = f"replace({line}, {quoted(self.escape * 2)}, {quoted(_ESCAPE)})"
            line = f"replace({line}, {quoted(self.escape + self.delimiter)}, {quoted(_DELIMITER)})"
        return f"string_split({line}, {quoted(self.delimiter)})"

    def value(self, raw: str) -> str:
        """SQL of a value; `raw` is SQL of one of those that `split` finds."""
        found = f"nullif({raw}, {quoted(self.null)})"
        if self.escape:
            for sign, meant in ((_DELIMITER, self.delimiter), (self.escape, ""), (_ESCAPE, self.escape)):
                found = f"replace({found}, {quoted(sign)}, {quoted(meant)})"
        return found


def text_form(parameters: Mapping[str, str]) -> TextForm:
    """How a table's parameters make lines. Raises Refused for what is not read and written here."""
    ends = parameters.get("line.delim", "\n")
    if ends not in ("\n", "\\n", "10"):
        not_here(f"a table of LazySimpleSerDe whose lines end with {ends!r}")
    given = parameters.get("field.delim") or parameters.get("serialization.format") or "\x01"
    null = parameters.get("serialization.null.format", "\\N")
    form = TextForm(_sign(given), null, _sign(parameters.get("escape.delim", "")))
    if form.escape and (len(form.escape) > 1 or form.escape == form.delimiter):
        refuse(
            "INVALID_TABLE_PROPERTY",
            f"escape.delim is {form.escape!r}; it is one sign, and none that stands between values",
        )
    return form


def _sign(given: str) -> str:
    """A sign as a SerDe's parameter has it: itself, its number, or its name."""
    if given.isascii() and given.isdigit() and int(given) < 128:
        return chr(int(given))
    return _NAMED.get(given, given)


def skipped_lines(parameters: Mapping[str, str]) -> int:
    """How many lines at the start of each object are no rows. Raises Refused for lines at its end."""
    header, footer = (str(parameters.get(f"skip.{part}.line.count") or "0") for part in ("header", "footer"))
    if footer != "0":
        not_here("a table of which the last lines of each object are skipped (skip.footer.line.count)")
    if not (header.isascii() and header.isdigit()):
        refuse("INVALID_TABLE_PROPERTY", f"skip.header.line.count is '{header}'; it is a number of lines")
    return int(header)
