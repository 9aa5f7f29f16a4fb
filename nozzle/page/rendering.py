"""What an entry's page shows at one moment, and how to get there from an earlier one, by the keys of its blocks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from html import escape
from typing import Any
from urllib.parse import quote

_OURS = re.compile(r'(?:<details class="folded"><summary>[^<]*</summary>)?<section class="nozzle')


@dataclass(frozen=True)
class Live:
    """An entry's page as it is now: equal keys mean equal HTML, and no key comes twice."""

    title: str
    blocks: Sequence[tuple[str, str]]
    thread: str = ""
    """The thread that it is of, when that is not the one of the pages at the root."""
    first: str = ""
    """Where the same entry of that one is."""
    heading: str = ""
    """The title as HTML; empty: as it is."""


@dataclass(frozen=True)
class Away:
    """An entry that is not in the journal now: renamed, taken away, or of another step."""

    to: str = ""
    """The page of what it was renamed to, where that is known."""
    name: str = ""
    """What that is called."""

    @property
    def words(self) -> str:
        if self.to:
            return f"This entry was renamed: it is {self.name} now."
        return "This entry is not in the journal here: it was renamed or taken away, or is of another step."

    @property
    def live(self) -> Live:
        """The page that says so, until the entry comes back."""
        more = "It is shown as soon as it is here."
        if self.to:
            more = f'<a class="live-moved" data-to="{escape(self.to)}" href="/{quote(self.to)}">Go there</a>'
        block = f"<p>{escape(self.words, quote=False)} {more}</p>"
        return Live("Not here", [(f"away{self.to}", block)])


@dataclass(frozen=True)
class Rendering:
    """A moment of a page."""

    title: str
    blocks: tuple[tuple[str, str], ...]
    thread: str = ""
    first: str = ""
    heading: str = ""

    @cached_property
    def keys(self) -> tuple[str, ...]:
        return tuple(key for key, _ in self.blocks)

    @cached_property
    def stamp(self) -> str:
        """A name for this moment, by which a browser says what it shows."""
        words = "\0".join((self.title, self.heading, *self.keys))
        return blake2b(words.encode(errors="surrogatepass"), digest_size=12).hexdigest()

    def under(self, cell: str) -> tuple[str, ...]:
        """Return the keys of what nozzle wrote under a cell, or under what was asked."""
        mark = _mark(cell)
        at = next((at for at, (_, html) in enumerate(self.blocks) if mark in html), None)
        found: list[str] = []
        for key, html in self.blocks[at + 1 :] if at is not None else ():
            if not _OURS.match(html):
                break
            found.append(key)
        return tuple(found)

    def holds(self, cell: str) -> bool:
        """Does the page show this cell, or what was asked?"""
        mark = _mark(cell)
        return any(mark in html for _, html in self.blocks)


def _mark(name: str) -> str:
    """How the anchor of a cell begins, or of a paragraph of the author's (`said-…`)."""
    return f'id="{name}' if name.startswith("said-") else f'id="cell-{name}'


def rendering(live: Live) -> Rendering:
    """Fix what a page shows now."""
    heading = live.heading or escape(live.title, quote=False)
    return Rendering(live.title, tuple(live.blocks), live.thread, live.first, heading)


def patch(old: Rendering | None, new: Rendering) -> dict[str, Any]:
    """Return what makes the old page the new one: from `at`, `gone` blocks give way to `keys`; only new HTML is sent.

    Without an old page, all of it gives way.
    """
    facts = {"title": new.title, "heading": new.heading, "stamp": new.stamp}
    if old is None:
        return {**facts, "at": 0, "gone": None, "keys": new.keys, "html": dict(new.blocks)}
    start = _common(old.keys, new.keys)
    end = _common(old.keys[start:][::-1], new.keys[start:][::-1])
    known = set(old.keys)
    changed = new.blocks[start : len(new.blocks) - end]
    return {
        **facts,
        "at": start,
        "gone": len(old.keys) - start - end,
        "keys": [key for key, _ in changed],
        "html": {key: html for key, html in changed if key not in known},
    }


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
