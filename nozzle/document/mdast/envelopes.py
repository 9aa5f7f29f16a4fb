"""What nozzle wrote stands between two comment lines: everything between them becomes one node that says so.

Only comments at the top level of an entry count, so that words printed by a cell can never open or close an envelope of
their own; a line that opens one that is never closed is a comment like any other.
"""

import re

from nozzle.document.marker import CLOSING, OPENING, closes, keys, marker
from nozzle.document.mdast.node import Node, children, text, walk

_SAID = re.compile(r"^/(ask|do)[ \t]+(?::here:[ \t]+)?")
_OWNED = ("output", "note", "answer", "status", "news", "proposal", "cell", "attempt", "quote", "task")


_AUTHORS = ("block", "mystDirective")
"""What no output holds: a cell, a directive that nobody knows."""


def grouped(blocks: list[Node]) -> list[Node]:
    """Return an entry's top-level nodes with every envelope as one node."""
    found: list[Node] = []
    at = 0
    while at < len(blocks):
        opened = _marker(OPENING, blocks[at])
        stop = _closing(blocks, at, opened) if opened else None
        if opened and stop:
            found.append(_envelope(opened, blocks[at : stop + 1]))
            at = stop
        else:
            found.append(_addressed(blocks[at]))
        at += 1
    return _shown(found)


def _marker(pattern: re.Pattern[str], node: Node) -> re.Match[str] | None:
    return marker(pattern, node["value"]) if node["type"] == "html" else None


def _closing(blocks: list[Node], start: int, opened: re.Match[str]) -> int | None:
    for stop in range(start + 1, len(blocks)):
        if _marker(OPENING, blocks[stop]) or (opened[1] == "output" and blocks[stop]["type"] in _AUTHORS):
            return None
        if closed := _marker(CLOSING, blocks[stop]):
            return stop if closes(closed, opened) else None
    return None


def _envelope(opened: re.Match[str], blocks: list[Node]) -> Node:
    closed = _marker(CLOSING, blocks[-1])
    facts = {**keys(opened[2]), **keys(closed[1] if closed else ""), "kind": opened[1]}
    within = [_quoted(node) for node in blocks[1:-1]]
    position = {"start": blocks[0]["position"]["start"], "end": blocks[-1]["position"]["end"]}
    style = f"nozzle nozzle-{opened[1]}" if opened[1] in _OWNED else "nozzle"
    return {"type": "div", "class": style, "data": {"nozzle": facts}, "position": position, "children": within}


def _quoted(node: Node) -> Node:
    for here in walk(node):
        if here["type"] == "div" and here.get("class") in ("ask", "do"):
            here["class"] = "quoted"  # a machine's words are not the author's question
    return node


def _addressed(node: Node) -> Node:
    first = children(node)[:1]
    if node["type"] != "paragraph" or not first or first[0]["type"] != "text":
        return node
    said = _SAID.match(first[0]["value"])
    if said is None:
        return node
    words = [text(first[0]["value"][said.end() :]), *children(node)[1:]]
    paragraph = {**node, "children": words}
    return {"type": "div", "class": said[1], "position": node.get("position", {}), "children": [paragraph]}


def _shown(blocks: list[Node]) -> list[Node]:
    """Carry a cell's tags over to the outputs that stand in its slot."""
    hidden: str | None = None
    for node in blocks:
        kind = node.get("data", {}).get("nozzle", {}).get("kind") if node["type"] == "div" else None
        if kind in (None, "cell"):
            hidden = next(filter(None, map(_hidden, [node, *children(node)])), None)
        elif kind == "output" and hidden:
            node["visibility"] = hidden
    return blocks


def _hidden(node: Node) -> str | None:
    tags = node.get("data", {}).get("tags", []) if node["type"] == "block" else []
    if "remove-output" in tags or "remove-cell" in tags:
        return "remove"
    return "hide" if "hide-output" in tags else None
