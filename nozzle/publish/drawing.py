"""One page being drawn, and the table of who draws what: the ground on which the drawers of node types stand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape

from nozzle.document.mdast import Node, children
from nozzle.publish.clean import Link, Raw, classes


@dataclass(frozen=True)
class Mark:
    """What is known about an envelope: a state for the eye, and the words beside it."""

    state: str  # intact | signed | stale | edited | unsigned
    words: str


@dataclass
class Drawing:
    """One page being drawn."""

    link: Link = lambda url: url
    says: Callable[[str], str] = lambda url: (
        ""
    )  # what a reference without words says, as HTML, when another page must answer
    cells: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    marks: Mapping[int, Mark] = field(default_factory=dict)
    said: Mapping[int, str] = field(default_factory=dict)
    shift: int = 0  # levels by which headings go down, because the page has a title of its own
    line: int = 0  # where the block being drawn begins, from 1
    notes: list[str] = field(default_factory=list)  # footnotes, in the order they were referred to
    definitions: dict[str, Node] = field(default_factory=dict)
    raw: Callable[[Link], Raw] = Raw

    def inner(self, node: Node) -> str:
        """Draw the children of a node."""
        return "".join(self.series(children(node)))

    def series(self, nodes: list[Node]) -> list[str]:
        """Draw siblings, one string each; raw tags that reach over several of them end with the last."""
        raw = self.raw(self.link)
        return [*(self._part(node, raw) for node in nodes), raw.close()]

    def _part(self, node: Node, raw: Raw) -> str:
        self.line = node.get("position", {}).get("start", {}).get("line") or self.line
        return raw.feed(str(node.get("value", ""))) if node["type"] == "html" else self.draw(node)

    def draw(self, node: Node) -> str:
        """Draw one node."""
        if node.get("visibility") == "remove":
            return ""
        return TABLE.get(node["type"], unknown)(node, self)

    def url(self, node: Node, key: str = "url") -> str | None:
        """Return the address a node points to; None when it leads nowhere."""
        return self.link(str(node.get(key) or ""))


Draw = Callable[[Node, Drawing], str]


def attributes(node: Node, *names: str, **more: object) -> str:
    """Return an element's attributes: its anchor, its classes (fixed ones first), and more."""
    anchor = node.get("html_id") or node.get("identifier")
    style = " ".join(filter(None, [*names, classes(str(node.get("class") or ""))]))
    pairs: dict[str, object] = {"id": anchor, "class": style, **more}
    return "".join(
        f' {key}="{escape(str(value))}"' for key, value in pairs.items() if value is not None and value != ""
    )


def tag(name: str, *style: str) -> Draw:
    """Return a drawer of plain elements."""
    return lambda node, page: f"<{name}{attributes(node, *style)}>{page.inner(node)}</{name}>"


def unknown(node: Node, page: Drawing) -> str:
    """Draw a node of a type nobody knows: its children, or its words."""
    return page.inner(node) if children(node) else escape(str(node.get("value") or ""), quote=False)


def nothing(_: Node, __: Drawing) -> str:
    """Draw what is not shown."""
    return ""


TABLE: dict[str, Draw] = {}  # by node type: filled by html.py
