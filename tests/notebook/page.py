"""Tables of HTML read back."""

from __future__ import annotations

from html.parser import HTMLParser


class _Tables(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._within = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self._within = True
            self.rows[-1].append("")
        if tag == "small" and self._within:
            self.rows[-1][-1] += " "

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._within = False

    def handle_data(self, data: str) -> None:
        if self._within:
            self.rows[-1][-1] += data


def rows_of(page: str) -> tuple[list[str], list[list[str]]]:
    """The head and the rows of the table of a page."""
    tables = _Tables()
    tables.feed(page)
    return tables.rows[0], tables.rows[1:]
