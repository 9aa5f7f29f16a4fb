"""Where a link leads: from page to page, to a file that is copied, or nowhere.

Answers are values, so that a later build can ask the same questions again and see whether a page would still say the
same. A link never brings a hidden file or one outside the journal into the site, whoever wrote it.
"""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote, unquote

from nozzle import whole
from nozzle.document.slug import slug
from nozzle.publish.leaf import Leaf

_AWAY = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.I)
_KEPT = "/%:@!$&'()*+,;=~-._"


@dataclass(frozen=True)
class Answer:
    """What became of a link."""

    href: str | None
    words: str = ""  # what a reference without words says, as HTML
    file: str = ""  # the file of the journal that is copied for it
    why: str = ""  # why it leads nowhere


@dataclass(frozen=True)
class World:
    """All that can be linked to."""

    root: Path
    leaves: Mapping[str, Leaf]  # by source
    folders: Mapping[str, str]  # by source: where its relative links start from
    drafts: frozenset[str] = frozenset()

    def ask(self, source: str, url: str) -> Answer:
        """Return where `url` leads from the page made of `source`."""
        if _AWAY.match(url):
            return Answer(url)
        path, _, fragment = url.partition("#")
        path = unquote(path.partition("?")[0])
        if not path:
            return self._anchor(source, source, unquote(fragment)) if fragment else Answer("", why="")
        return self._path(source, path, unquote(fragment))

    def _anchor(self, source: str, to: str, name: str) -> Answer:
        leaf = self.leaves[to]
        anchor = next((one for one in (leaf.anchors.get(name), name, slug(name)) if one in leaf.names), None)
        if anchor is not None:
            return Answer(f"{self._page(source, to)}#{quote(anchor, _KEPT)}", leaf.names[anchor])
        if source == to:
            return self._elsewhere(source, name)
        return Answer(None, why=f"{to} has nothing named {name!r}")

    def _elsewhere(self, source: str, name: str) -> Answer:
        """A cell, or a label, of another page."""
        holders = [leaf for leaf in self.leaves.values() if name in leaf.names or name in leaf.anchors]
        if len(holders) != 1:
            why = f"named in {len(holders)} pages: say which" if holders else "nothing has that name"
            return Answer(None, why=why)
        anchor = holders[0].anchors.get(name, name)
        href = f"{self._page(source, holders[0].source)}#{quote(anchor, _KEPT)}"
        return Answer(href, holders[0].names.get(anchor, ""))

    def _page(self, source: str, to: str) -> str:
        if source == to:
            return ""
        start = posixpath.dirname(self.leaves[source].target) or "."
        return quote(posixpath.relpath(self.leaves[to].target, start), _KEPT)

    def _path(self, source: str, path: str, fragment: str) -> Answer:
        if "\x00" in path or "\\" in path:
            return Answer(None, why="that is no path")
        start = "" if path.startswith("/") else self.folders[source]
        place = posixpath.normpath(posixpath.join(start, path.lstrip("/")))
        if place == ".." or place.startswith("../"):
            return Answer(None, why="it leads out of the journal")
        for name in (place, f"{place}.md", f"{place}/README.md"):
            if name in self.leaves:
                return self._to(source, name, fragment)
            if name in self.drafts:
                return Answer(None, why=f"{name} is a draft")
        return self._file(source, place, fragment)

    def _to(self, source: str, to: str, fragment: str) -> Answer:
        if fragment:
            return self._anchor(source, to, fragment)
        return Answer(self._page(source, to) or "#", self.leaves[to].heading)

    def _file(self, source: str, place: str, fragment: str) -> Answer:
        if any(part.startswith(".") for part in place.split("/")):
            return Answer(None, why="hidden files are not published")
        if not self._holds(place):
            return Answer(None, why="there is no such file")
        start = posixpath.dirname(self.leaves[source].target) or "."
        href = quote(posixpath.relpath(place, start), _KEPT) + (f"#{quote(fragment, _KEPT)}" if fragment else "")
        return Answer(href, escape(posixpath.basename(place), quote=False), file=place)

    def _holds(self, place: str) -> bool:
        try:
            whole.opened(self.root / place, root=self.root).close()
        except (OSError, UnicodeError):  # none, a link, or no name for a file system
            return False
        return True
