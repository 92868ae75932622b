"""An HTML page, read back."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "link"}


class Parsed(HTMLParser):
    """The elements of a page, its text, and whether every element is closed where it should be."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.is_well_formed = True
        self._open: list[str] = []
        self.feed(source)
        self.close()
        self.is_well_formed &= not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """It has to end the element that began last."""
        self.is_well_formed &= bool(self._open) and self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note the text."""
        self.words.append(data)
