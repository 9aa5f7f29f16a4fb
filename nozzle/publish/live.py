"""A page in pieces, for a reader who watches it grow: blocks with keys, so that only what changed is sent."""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from html import escape

from nozzle.document.mdast import Node, children, parse, walk
from nozzle.publish.clean import Link
from nozzle.publish.drawing import Drawing, Mark
from nozzle.publish.html import blocks
from nozzle.publish.leaf import headline, lifted, title


def render(
    source: str,
    text: str,
    *,
    cells: Mapping[int, tuple[str, ...]] | None = None,
    marks: Mapping[int, Mark] | None = None,
    said: Mapping[int, str] | None = None,
    link: Link = lambda url: url,
    says: Callable[[str], str] = lambda url: "",
) -> tuple[str, list[tuple[str, str]], str]:
    """Return an entry's title, its top-level blocks as (key, HTML), and the title as HTML.

    Equal keys, equal HTML; a page holds each key once. The footnotes are the last block. Cells, marks and what is said
    are keyed by line, from 0, as in `Page`. Whoever watches may let code run: none of an agent's is hidden from him,
    nor what came of it, whatever its tags say.
    """
    article = parse(text)
    _unhide(article["mdast"]["children"])
    drawing = Drawing(link=link, says=says, cells=cells or {}, marks=marks or {}, said=said or {})
    children, drawing.shift = lifted(article)
    seen: dict[str, int] = {}
    found: list[tuple[str, str]] = []
    for html in blocks({**article["mdast"], "children": children}, drawing):
        if html:
            key = blake2b(html.encode(errors="replace"), digest_size=8).hexdigest()
            seen[key] = seen.get(key, 0) + 1
            found.append((key if seen[key] == 1 else f"{key}-{seen[key]}", html))
    return title(source, article), found, headline(source, article)


def _unhide(nodes: list[Node]) -> None:
    """Show all of what an agent proposes, of its cells and of their outputs."""
    by_agent = False
    for node in nodes:
        kind = node.get("data", {}).get("nozzle", {}).get("kind")
        by_agent = kind == "cell" or (by_agent and kind is not None)
        if by_agent or kind == "proposal":
            for each in walk(node):
                each.pop("visibility", None)
                if each["type"] == "block":
                    each.pop("class", None)  # by which a style sheet could hide it


def phrase(text: str, link: Link = lambda url: url) -> str:
    """Return the HTML of a line of prose, as it is drawn within a paragraph; anything else stands as it is written.

    >>> phrase("is *a* `b` < [c](c.md)?")
    'is <em>a</em> <code>b</code> &lt; <a href="c.md">c</a>?'
    >>> phrase("# no line of prose")
    '# no line of prose'
    """
    nodes = children(parse(text)["mdast"])
    if len(nodes) != 1 or nodes[0]["type"] != "paragraph":
        return escape(text, quote=False)
    return Drawing(link=link).inner(nodes[0])
