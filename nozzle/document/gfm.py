"""A plain HTML table as a pipe table, so that a data frame can be read in any editor."""

from html.parser import HTMLParser

LIMIT = 60
"""Rows; a longer table is shown by its text/plain form."""


def table(html: str) -> list[str] | None:
    """The rows of a pipe table; None when the HTML is not just one simple table.

    >>> table("<table><tr><th>a</th></tr><tr><td>1</td></tr></table>")
    ['| a |', '| --- |', '| 1 |']
    """
    reader = _Reader()
    reader.feed(html)
    rows = [row for row in reader.rows if row]
    if reader.tables != 1 or reader.odd or not rows or len(rows) > LIMIT:
        return None
    width = max(len(row) for row in rows)
    if width == 0 or any(len(row) != width for row in rows):
        return None
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return [lines[0], "|" + " --- |" * width, *lines[1:]]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self.tables = 0
        self.odd = False
        self._cell: list[str] | None = None
        self._hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables += 1
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self._cell = []
            self.odd |= any(name in ("colspan", "rowspan") and value not in (None, "1") for name, value in attrs)
        elif tag in ("img", "svg", "script", "iframe", "ul", "ol"):
            self.odd = True
        elif tag == "style":
            self._hidden = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None and self.rows:
            self.rows[-1].append(_escaped("".join(self._cell)))
            self._cell = None
        elif tag == "style":
            self._hidden = False

    def handle_data(self, data: str) -> None:
        if self._cell is not None and not self._hidden:
            self._cell.append(data)


def _escaped(text: str) -> str:
    text = " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    for char in "`*_[$":
        text = text.replace(char, "\\" + char)
    return text
