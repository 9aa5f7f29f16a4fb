"""A title as HTML that may stand anywhere, also inside a link: its words, emphasis, code and formulas, and no more."""

from collections.abc import Sequence
from html import escape

from nozzle.document.mdast import Node, children, parse, plain, walk
from nozzle.publish.drawing import Drawing

_DRAWN = ("text", "inlineMath", "inlineCode", "emphasis", "strong", "delete", "subscript", "superscript", "smallcaps")
_MARKS = {"inlineMath": "$", "inlineCode": "`"}
"""What is drawn of a title that is no Markdown, and what stands around it: a star is a star there."""


def heading(nodes: Sequence[Node]) -> str:
    """Draw the words of a heading; what would lead somewhere, or be fetched, is its words."""
    return " ".join(Drawing().inner({"type": "paragraph", "children": _bare(nodes)}).split())


def typed(title: str) -> str:
    """Draw a title that front matter gives: its formulas and its code, and all else as it is written.

    >>> typed("f*g*h < `np.convolve`")
    'f*g*h &lt; <code>np.convolve</code>'
    """
    found, at = [], 0
    for node in walk(parse(f"# {title}")["mdast"]):
        mark = _MARKS.get(node["type"], "")
        start = title.find(f"{mark}{node['value']}{mark}", at) if mark else -1
        if start >= 0:
            found += [escape(title[at:start], quote=False), heading([node])]
            at = start + len(node["value"]) + 2
    return "".join(found) + escape(title[at:], quote=False)


def _bare(nodes: Sequence[Node]) -> list[Node]:
    found: list[Node] = []
    for node in nodes:
        if node["type"] in _DRAWN:
            within = {"children": _bare(children(node))} if children(node) else {}
            found.append({"type": node["type"], "value": node.get("value"), "html": node.get("html"), **within})
        elif children(node):
            found += _bare(children(node))
        else:
            found.append({"type": "text", "value": plain(node)})
    return found
