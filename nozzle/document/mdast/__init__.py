"""Text -> the tree mystmd makes of it (mdast, version 3), in pure Python: what site and live page are drawn from.

Any text has a tree; words are never lost, at worst they are shown as they were written. Nothing is run, fetched or
looked up on disk, and no HTML is made here.
"""

from nozzle.document.frontmatter import meta
from nozzle.document.mdast import envelopes, references
from nozzle.document.mdast.build import Reading, build
from nozzle.document.mdast.fence import uncommented
from nozzle.document.mdast.grammar import blocks
from nozzle.document.mdast.node import Node, children, label, named, plain, walk

__all__ = ["Node", "children", "label", "named", "parse", "plain", "uncommented", "walk"]


def parse(text: str) -> Node:
    """Read an entry: the page as mystmd would write it to JSON, with `frontmatter` and `mdast` (its root node)."""
    reading = Reading()
    tokens = blocks(text.removeprefix("\ufeff"), reading.names, front=True)
    front = next((token.content for token in tokens if token.type == "front_matter"), "")
    said, _ = meta(front)
    odd = bool(front.strip()) and not said
    shown: list[Node] = [{"type": "code", "lang": "yaml", "value": front}] if odd else []
    warnings = ["what stands between the first --- lines is no YAML mapping: it is shown as it is"] if odd else []
    root: Node = {"type": "root", "children": shown + envelopes.grouped(build(tokens, reading))}
    references.abbreviate(root, said.get("abbreviations"))
    references.resolved(root)
    cells = any(node.get("kind") == "notebook-code" for node in walk(root))
    return {
        "version": 3,
        "kind": "Notebook" if cells else "Article",
        "frontmatter": dict(said),
        "mdast": root,
        "references": {},
        "warnings": warnings,
    }
