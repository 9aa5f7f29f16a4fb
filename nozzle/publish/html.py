"""mdast -> HTML, whoever made the tree: one small function per node type; a type nobody knows shows its children.

Pages carry no inline style and no inline script; every link goes through the page's resolver, every raw tag through
clean.py.
"""

from html import escape

from nozzle.document.mdast import Node, children, walk
from nozzle.publish import cells, flow, inline
from nozzle.publish.clean import Raw
from nozzle.publish.drawing import TABLE, Drawing

TABLE |= {**inline.DRAWERS, **flow.DRAWERS, **cells.DRAWERS}


def draw(root: Node, page: Drawing) -> str:
    """Draw a page's tree, footnotes last."""
    return "\n".join(part for part in blocks(root, page) if part)


def blocks(root: Node, page: Drawing) -> list[str]:
    """Draw a page's top-level blocks; blocks that share a raw tag are one."""
    for node in walk(root):
        if node["type"] == "footnoteDefinition":
            page.definitions.setdefault(str(node.get("identifier")), node)
    parts = []
    for group in _groups(children(root)):
        drawn = "".join(page.series(group))
        parts.append(_named(group[0], page) + drawn if drawn.strip() else drawn)
    return [*parts, _footnotes(page)]


def _named(node: Node, page: Drawing) -> str:
    """What others link to a block of the author's by: a digest of its words."""
    line = int(node.get("position", {}).get("start", {}).get("line", 0)) - 1
    digest = page.said.get(line, "")
    return f'<a class="chain" id="said-{escape(digest)}"></a>' if digest else ""


def _groups(nodes: list[Node]) -> list[list[Node]]:
    groups: list[list[Node]] = []
    raw = Raw(lambda url: url)
    for node in nodes:
        if raw.balanced:
            groups.append([])
        groups[-1].append(node)
        if node["type"] == "html":
            raw.feed(str(node.get("value", "")))
    return groups


def _footnotes(page: Drawing) -> str:
    rows: list[str] = []
    for name in page.notes:  # a footnote may refer to a further one: the list grows while it is drawn
        node = page.definitions.get(name)
        if node:
            back = f'<a class="back" href="#fnref-{escape(name)}" aria-label="back to the text">↩</a>'
            rows.append(f'<li id="fn-{escape(name)}">{page.inner(node)}{back}</li>')
    return f'<section class="footnotes" aria-label="Footnotes"><ol>{"".join(rows)}</ol></section>' if rows else ""
