"""What the rest of a site needs to know of one page: its title, date, tags, names, and the words it can be found by."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import PurePosixPath
from typing import Any

from nozzle.document.frontmatter import day
from nozzle.document.mdast import Node, children, parse, plain, walk
from nozzle.document.mdast.references import labels, words
from nozzle.publish.heading import heading, typed
from nozzle.publish.site import Page
from nozzle.publish.strange import strange

_END = re.compile(r"[.!?…][\"”’)]?(?=\s|$)")
_WORD = re.compile(r"[^\W_][\w'’-]*[^\W_]|[^\W_]")
_ANCHOR = re.compile(r"""\b(?:id|name)\s*=\s*["']?([\w.:-]+)""")
_TRUE = ("true", "yes", "on", "1")
"""A draft, whichever YAML its author thinks in: nothing he holds back may go out."""
_TEX = re.compile(r"[\\^_{}&]")
_FORMULA = "\ufffc"
_RESERVED = ("README", "index")


@dataclass(frozen=True)
class Leaf:
    """One page, as the others see it."""

    source: str
    target: str
    title: str
    heading: str = ""  # the title as HTML
    date: str = ""  # ISO, or empty
    tags: tuple[str, ...] = ()
    summary: str = ""
    draft: bool = False
    listed: bool = True
    names: dict[str, str] = field(default_factory=dict)  # anchor -> the words a reference to it says, as HTML
    anchors: dict[str, str] = field(default_factory=dict)  # label -> anchor
    words: str = ""
    warnings: tuple[str, ...] = ()


def leaf(page: Page, article: Node) -> Leaf:
    """Read off what others may ask."""
    front, root = article["frontmatter"], article["mdast"]
    named = labels(root)
    return Leaf(
        source=page.source,
        target=target(page.source),
        title=title(page.source, article),
        heading=headline(page.source, article),
        date=_date(page, front),
        tags=_tags(front),
        summary=_one_line(front.get("description")) or _summary(root),
        draft=bool(page.unread) or _draft(page, front),
        listed=PurePosixPath(page.source).stem not in _RESERVED,
        names=_names(page, root, named),
        anchors={name: str(node["html_id"]) for name, node in named.items() if node.get("html_id")},
        words=_search(root),
        warnings=_warnings(page, article),
    )


def title(source: str, article: Node) -> str:
    """Return what a page is called: as its front matter says, else its first heading, else its file."""
    first = _title(article["mdast"])
    return _one_line(article["frontmatter"].get("title")) or (plain(first) if first else "") or _readable(source)


def headline(source: str, article: Node) -> str:
    """Return the same as HTML: of a heading that says what the front matter says, the heading."""
    first, said = _title(article["mdast"]), _one_line(article["frontmatter"].get("title"))
    if first is not None and plain(first) and _says_so(first, said):
        return heading(children(first))
    return typed(said) if said else escape(title(source, article), quote=False)


LISTINGS = ("index.html", "tags.html", "search.html", "404.html")
"""Pages that are made of no source."""


def target(source: str) -> str:
    """Return where a page stands in the site.

    >>> target("journal/2026-11-22-fusion.md"), target("README.md"), target("notes/README.md")
    ('journal/2026-11-22-fusion.html', 'about.html', 'notes/index.html')
    """
    path = PurePosixPath(source)
    if path.stem == "README":
        return "about.html" if path.parent == PurePosixPath() else str(path.with_name("index.html"))
    return str(path.with_suffix(".html"))


def sources(place: str) -> list[str]:
    """Return what a page may stand for, when it is one of an entry: no page that the journal makes of itself.

    >>> sources("journal/fusion.html"), sources("about.html"), sources("tags.html")
    (['journal/fusion.md', 'journal/fusion.markdown'], ['about.md', 'about.markdown', 'README.md'], [])
    """
    path = PurePosixPath(place)
    if path.suffix != ".html" or place in LISTINGS or path.parts[0] == "tags":
        return []
    readme = ["README.md", *(f"{folder}/README.md" for folder in path.parents[:-1])]
    own = [str(path.with_suffix(suffix)) for suffix in (".md", ".markdown")]
    return [*own, *(each for each in readme if target(each) == place)]


def lifted(article: Node) -> tuple[list[Node], int]:
    """Return a page's blocks without the heading that is its title, and by how much the other headings go down."""
    root = article["mdast"]
    first = _title(root)
    said = _one_line(article["frontmatter"].get("title"))
    if first is not None and _says_so(first, said):
        return [node for node in children(root) if node is not first], 0
    tops = any(node["type"] == "heading" and node.get("depth") == 1 for node in walk(root))
    return children(root), int(tops)


def _warnings(page: Page, article: Node) -> tuple[str, ...]:
    whole = [f"{page.source}: {words}" for words in (page.unread, *article.get("warnings", [])) if words]
    return (*whole, *(f"{page.source}:{line}: {words}" for line, words in strange(page.text, article["mdast"])))


def _draft(page: Page, front: dict[str, Any]) -> bool:
    return str(front.get("draft")).lower() in _TRUE or PurePosixPath(page.source).name.startswith("_")


def _title(root: Node) -> Node | None:
    seen = (node for node in children(root) if node["type"] not in ("mystComment", "comment", "html", "blockBreak"))
    first = next(seen, None)
    return first if first and first["type"] == "heading" and first.get("depth") == 1 else None


def _says_so(first: Node, said: str) -> bool:
    """Whether a heading is the title that front matter gives, or there is none."""
    words = _one_line(plain(first))
    return said in ("", words) or _one_line(plain(parse(f"# {said}")["mdast"])) == words


def _one_line(value: object) -> str:
    return " ".join(str(value).split()) if isinstance(value, str | int | float) else ""


def _readable(source: str) -> str:
    stem = PurePosixPath(source).stem.lstrip("_")
    words = re.sub(r"[-_]+", " ", re.sub(r"^\d{4}-\d{2}-\d{2}[-_]?", "", stem)).strip()
    return words[:1].upper() + words[1:] or stem


def _date(page: Page, front: dict[str, Any]) -> str:
    places = (page.when, front.get("date"), PurePosixPath(page.source).name)
    return next(filter(None, (day(str(place)[:40]) for place in places if place)), "")


def _tags(front: dict[str, Any]) -> tuple[str, ...]:
    value = front.get("tags") or front.get("keywords") or []
    parts = value if isinstance(value, list) else str(value).split(",")
    return tuple(dict.fromkeys(filter(None, map(_one_line, parts))))


def _summary(root: Node) -> str:
    line = next((_spoken(node) for node in children(root) if node["type"] == "paragraph" and plain(node).strip()), "")
    line = " ".join(line.split())
    found = list(_sentences(line)) or [line]
    sentence = next((one for one in found if _FORMULA not in one), found[0]).strip().replace(_FORMULA, "…")
    return sentence if len(sentence) <= 220 else sentence[:200].rsplit(" ", 1)[0] + " …"


def _sentences(line: str) -> Iterator[str]:
    """What ends as a sentence does, one after the other; what is left at the end is none.

    >>> list(_sentences('Is it? He said "no." So be it'))
    ['Is it?', ' He said "no."']
    """
    start = 0
    for end in _END.finditer(line):
        if end.start() > start:
            yield line[start : end.end()]
            start = end.end()


def _spoken(node: Node) -> str:
    """The words of a paragraph, a mark in the place of each formula that is more than letters, digits and signs."""
    formulas = (one["type"] == "inlineMath" and _TEX.search(str(one.get("value"))) for one in walk(node))
    parts = (plain({**one, "children": []}) for one in walk(node))
    return "".join(_FORMULA if formula else words for formula, words in zip(formulas, parts, strict=True))


def _names(page: Page, root: Node, named: dict[str, Node]) -> dict[str, str]:
    found = {str(node["html_id"]): heading(words(node)) for node in named.values() if node.get("html_id")}
    for node in walk(root):
        if node["type"] == "html":
            found |= dict.fromkeys(_ANCHOR.findall(str(node.get("value"))), "")
    found |= {f"said-{digest}": "" for digest in page.said.values()}
    return found | {f"cell-{name}": "" for names in page.cells.values() for name in names}


def _search(root: Node) -> str:
    found: set[str] = set()
    for node in walk(root):
        if isinstance(node.get("value"), str):
            found.update(word for word in _WORD.findall(node["value"].lower()) if len(word) < 40)
    return " ".join(sorted(found))
