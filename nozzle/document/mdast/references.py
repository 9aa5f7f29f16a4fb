"""Names within a page: targets find what they name, figures and equations are counted, references find their target.

What another page must answer (a file, a label that is not here) is left as it stands: publish asks the other pages.
"""

import re
from collections.abc import Iterable, Iterator

from nozzle.document.mdast.node import Node, children, label, named, plain, text, walk
from nozzle.document.slug import slug

_COUNTED = {"figure": "Figure", "table": "Table", "code": "Program"}


def resolved(root: Node) -> Node:
    """Resolve what a page can by itself; the tree is changed in place and returned."""
    _attach(root)
    _anchor(root)
    _count(root)
    known = labels(root)
    for node in list(walk(root)):
        if node["type"] == "link":
            _internal(node, known)
        if node["type"] == "crossReference":
            _refer(node, known)
    return root


def labels(root: Node) -> dict[str, Node]:
    """Return the nodes of a page that have a name: by label, and by anchor."""
    found: dict[str, Node] = {}
    for node in walk(root):
        if node["type"] not in ("crossReference", "footnoteReference", "footnoteDefinition", "mystTarget"):
            for name in (node.get("identifier"), node.get("html_id")):
                if name:
                    found.setdefault(name, node)
    return found


def abbreviate(root: Node, meanings: object) -> None:
    """Mark the words whose meaning the front matter gives under `abbreviations`, as mystmd does."""
    known = {str(word): str(meaning) for word, meaning in meanings.items()} if isinstance(meanings, dict) else {}
    if not all(known) or not known:
        return
    longest = sorted(known, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, longest))})(?!\w)")
    for parent in list(walk(root)):
        if parent["type"] not in ("abbreviation", "link", "crossReference") and "children" in parent:
            parent["children"] = [part for node in children(parent) for part in _abbreviated(node, pattern, known)]


def _abbreviated(node: Node, pattern: re.Pattern[str], known: dict[str, str]) -> list[Node]:
    if node["type"] != "text":
        return [node]
    parts = enumerate(pattern.split(node["value"]))
    return [_meaning(part, known[part]) if at % 2 else text(part) for at, part in parts if part]


def _meaning(word: str, meaning: str) -> Node:
    return {"type": "abbreviation", "title": meaning, "children": [text(word)]}


def _attach(root: Node) -> None:
    """Give every `(name)=` to the block that follows it, and drop it."""
    for parent in list(walk(root)):
        kept: list[Node] = []
        waiting: list[str] = []
        for node in children(parent):
            if node["type"] == "mystTarget":
                waiting.append(node["label"])
                continue
            for name in waiting:
                node = _target(node, name, kept)
            waiting = []
            kept.append(node)
        kept += [_point(name) for name in waiting]
        if "children" in parent:
            parent["children"] = kept


def _target(node: Node, name: str, kept: list[Node]) -> Node:
    if node.get("identifier"):
        kept.append(_point(name))  # it has a name of its own: the second one is a point before it
        return node
    return named(node, name)


def _point(name: str) -> Node:
    return named({"type": "span", "children": []}, name)


def _anchor(root: Node) -> None:
    """Give headings an anchor of their own: the author's first, so that a machine's words never move his."""
    taken = {node["html_id"] for node in walk(root) if node.get("html_id") and node["type"] != "crossReference"}
    for node in [*_headings(root, machine=False), *_headings(root, machine=True)]:
        if "html_id" not in node:
            node["html_id"] = _free(slug(plain(node)) or "section", taken)
            taken.add(node["html_id"])


def _headings(root: Node, *, machine: bool) -> Iterator[Node]:
    for block in children(root):
        if ("nozzle" in block.get("data", {})) == machine:
            yield from (node for node in walk(block) if node["type"] == "heading")


def _free(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    number = 1
    while f"{name}-{number}" in taken:
        number += 1
    return f"{name}-{number}"


def _count(root: Node) -> None:
    counts: dict[str, int] = {}
    for node in walk(root):
        kind = "equation" if node["type"] == "math" else node.get("kind") if node["type"] == "container" else None
        if kind is None or not node.get("identifier"):
            continue
        counts[kind] = counts.get(kind, 0) + 1
        node["enumerator"] = str(counts[kind])
        _number(node, _COUNTED.get(kind))


def _number(node: Node, word: str | None) -> None:
    caption = next((part for part in children(node) if part["type"] == "caption"), None)
    if word is None or caption is None:
        return
    line = next((part for part in children(caption) if part["type"] == "paragraph"), caption)
    words = [text(f"{word} {node['enumerator']}")]
    number = {"type": "captionNumber", "kind": node["kind"], "value": node["enumerator"], "children": words}
    line["children"] = [number, *children(line)]


def _internal(node: Node, known: dict[str, Node]) -> None:
    """A link to `#label`, or to a bare label of this page, is a reference."""
    url = str(node.get("url", ""))
    target = label(url.removeprefix("#"))
    if not url or (not url.startswith("#") and target not in known):
        return
    if url.startswith("#") and target not in known:
        target = url.removeprefix("#")  # an anchor as it is: #cell-<digest>
    node |= {"type": "crossReference", "identifier": target, "label": url.removeprefix("#")}
    del node["url"]


def _refer(node: Node, known: dict[str, Node]) -> None:
    target = known.get(node["identifier"])
    node["resolved"] = target is not None and (node.get("kind") != "eq" or target["type"] == "math")
    if target is None or not node["resolved"]:
        return
    node["html_id"] = target.get("html_id")
    node.setdefault("enumerator", target.get("enumerator"))
    if not children(node):
        node["children"] = words(target, node.get("kind"))
    elif node.get("kind") == "numref":
        node["children"] = [_filled(child, target.get("enumerator")) for child in children(node)]


def _filled(node: Node, number: str | None) -> Node:
    if node["type"] != "text" or number is None:
        return node
    return text(node["value"].replace("%s", number).replace("{number}", number))


def words(target: Node, kind: str | None = None) -> list[Node]:
    """Return what a reference says when its author left the words to its target."""
    number = target.get("enumerator")
    if target["type"] == "math":
        return [text(f"({number})")]
    if target["type"] == "container" and number and (kind == "numref" or not _caption(target)):
        return [text(f"{_COUNTED.get(target['kind'], target['kind'].capitalize())} {number}")]
    if target["type"] == "container":
        return _caption(target)
    if target["type"] in ("heading", "definitionTerm"):
        return children(target)
    title = next((part for part in children(target) if part["type"] == "admonitionTitle"), None)
    return children(title) if title else [text(str(target.get("label", "")))]


def _caption(target: Node) -> list[Node]:
    captions: Iterable[Node] = (part for part in children(target) if part["type"] == "caption")
    lines = [node for caption in captions for part in children(caption) for node in children(part)]
    return [node for node in lines if node["type"] != "captionNumber"]
