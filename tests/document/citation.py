"""Whether what a map cites is there: asked of the text, not of the map."""

from nozzle.document.entry import Entry
from nozzle.document.thought.map import Link, Point


def supported(entry: Entry, point: Point) -> bool:
    """Whether each of a point's lines still says what it is cited for."""
    return all(_says(entry, link) for link in point.links)


def _says(entry: Entry, link: Link) -> bool:
    first = " ".join(entry.rows[link.line].split()) if link.line < len(entry.rows) else ""
    here = " ".join(" ".join(entry.rows[link.line : link.line + 12]).split())
    at = here.find(link.words[:60])
    return at >= 0 if link.by == "cell" else 0 <= at < max(1, len(first))
