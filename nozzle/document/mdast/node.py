"""A node of the tree is what mystmd writes as JSON: a dict with a type. Here is what can be asked of any node."""

import re
from collections.abc import Iterator
from typing import Any

from nozzle.document.slug import slug

Node = dict[str, Any]

_BLANKS = re.compile(r"\s+")


def text(value: str) -> Node:
    """Make a text node."""
    return {"type": "text", "value": value}


def children(node: Node) -> list[Node]:
    """Return a node's children; a leaf has none."""
    found = node.get("children")
    return found if isinstance(found, list) else []


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and all below it, in reading order."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        yield here
        waiting.extend(reversed(children(here)))


def plain(node: Node) -> str:
    """Return the words of a node, without marks."""
    return "".join(_words(here) for here in walk(node))


def _words(node: Node) -> str:
    if node["type"] in ("text", "inlineCode", "inlineMath"):
        return str(node.get("value") or "")
    if node["type"] == "break":
        return "\n"
    return str(node.get("alt") or "") if node["type"] == "image" else ""


def label(words: str) -> str:
    """Return the identifier a label is known by, as mystmd writes it.

    >>> label("  My   Figure ")
    'my figure'
    """
    return _BLANKS.sub(" ", words.strip()).lower()


def named(node: Node, name: object) -> Node:
    """Give a node the label an author wrote for it."""
    if isinstance(name, str | int | float) and not isinstance(name, bool) and str(name).strip():
        node |= {"label": str(name), "identifier": label(str(name)), "html_id": slug(str(name))}
    return node
