"""The pages about pages: index, tags, search, feed, and what every page shows around its text."""

import json
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any
from urllib.parse import quote

from nozzle.document.slug import slug
from nozzle.publish import pages
from nozzle.publish.leaf import Leaf
from nozzle.publish.shelf import Shelf
from nozzle.publish.site import Site

_ASSETS = ("journal.css", "journal.js", "search.js")


def newest_first(leaves: Iterable[Leaf]) -> list[Leaf]:
    """Return the entries of the journal, the newest first, those without a date last."""
    listed = sorted((one for one in leaves if one.listed), key=lambda one: one.source)
    return sorted(listed, key=lambda one: one.date, reverse=True)


def around(one: Leaf, order: Sequence[Leaf]) -> dict[str, Any]:
    """Return a page's neighbours."""
    at = next((n for n, other in enumerate(order) if other.source == one.source), None)
    if at is None:
        return {"newer": None, "older": None}
    return {
        "newer": _neighbour(one, order[at - 1]) if at else None,
        "older": _neighbour(one, order[at + 1]) if at + 1 < len(order) else None,
    }


def _neighbour(one: Leaf, other: Leaf) -> dict[str, str]:
    return {"href": _relative(other.target, one.target), "heading": other.heading}


def _relative(target: str, place: str) -> str:
    return quote(posixpath.relpath(target, posixpath.dirname(place) or "."))


def frame(site: Site, place: str) -> dict[str, Any]:
    """Return what the frame of every page needs; `up` leads to the top of the site."""
    return {"site": site, "up": "../" * place.count("/"), "base": _base(site), "place": place}


def _base(site: Site) -> str:
    return site.base_url.rstrip("/") + "/" if site.base_url else ""


def write(shelf: Shelf, site: Site, order: Sequence[Leaf], shown: Mapping[str, Leaf]) -> None:
    """Write every page that is not made of one source."""
    tags = _tagged(order)
    facts = {"years": _years(order), "tags": tags, "about": _about(shown), "count": len(order)}
    for name in ("index.html", "tags.html", "search.html"):
        shelf.put(name, pages.page(name, {**frame(site, name), **facts}), "nozzle's own page")
    missing = {**frame(site, "404.html"), "up": _base(site)}  # it is served at any depth
    shelf.put("404.html", pages.page("404.html", missing), "nozzle's own page")
    for tag, (name, entries) in tags.items():
        place = f"tags/{name}.html"
        of_tag = {"tag": tag, "years": _years(entries), "count": len(entries)}
        shelf.put(place, pages.page("tag.html", {**frame(site, place), **of_tag}), f"the tag {tag!r}")
    _write_data(shelf, site, order, shown)
    for name in _ASSETS:
        shelf.put(name, pages.asset(name), "nozzle's own file")


def _write_data(shelf: Shelf, site: Site, order: Sequence[Leaf], shown: Mapping[str, Leaf]) -> None:
    dated = [one for one in order if one.date]  # a feed says of each entry when it changed
    newest = max((one.date for one in dated), default="1970-01-01")
    facts = {**frame(site, "feed.xml"), "entries": dated[:50], "newest": newest}
    shelf.put("feed.xml", pages.page("feed.xml", facts), "nozzle's own file")
    if site.base_url:
        facts = {**frame(site, "sitemap.xml"), "entries": list(shown.values())}
        shelf.put("sitemap.xml", pages.page("sitemap.xml", facts), "nozzle's own file")
    shelf.put("search-index.js", _index(shown.values()), "nozzle's own file")


def _index(leaves: Iterable[Leaf]) -> bytes:
    """Return the words of all pages as a script: a page opened from a file may run one, but fetch nothing."""
    rows = [[quote(one.target), one.title, one.date, list(one.tags), one.summary, one.words] for one in leaves]
    data = json.dumps(sorted(rows), ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    return f"window.nozzlePages = {data};\n".encode(errors="replace")


def _years(entries: Sequence[Leaf]) -> list[tuple[str, list[tuple[str, list[Leaf]]]]]:
    return [
        (year, [(month, list(group)) for month, group in groupby(of_year, key=lambda one: one.date[:7])])
        for year, of_year in ((year, list(group)) for year, group in groupby(entries, key=lambda one: one.date[:4]))
    ]


def _tagged(order: Sequence[Leaf]) -> dict[str, tuple[str, list[Leaf]]]:
    """Return the entries of each tag, and the name of its page; tags that differ in case only are one."""
    found: dict[str, tuple[str, list[Leaf]]] = {}
    names: dict[str, str] = {}
    for one in order:
        for tag in one.tags:
            name = slug(tag) or "tag"
            found.setdefault(names.setdefault(name, tag), (name, []))[1].append(one)
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def _about(shown: Mapping[str, Leaf]) -> Leaf | None:
    return shown.get("README.md")
