"""What stands in a page and nobody here can draw: it is shown as it was written, and the author is told where."""

import re
from collections.abc import Iterator

from nozzle.document.mdast import Node, children
from nozzle.publish.formula import undrawn

_CITED = re.compile(r"(?<!\w)\[-?@\w[\w:.-]*|(?<![\w@/.-])@[A-Za-z][\w:-]*")
_YEAR = re.compile(r"[0-9]{4}")
"""A name without brackets is taken for a citation when it holds one; else it may be anybody's."""
_CITES = re.compile(r"cite(?::?[a-z*]+)?")
_BY_MYSTMD = "a citation is resolved by mystmd only"


def strange(text: str, root: Node) -> list[tuple[int, str]]:
    """Return lines, from 1, and what is to be told of them."""
    rows = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found: list[tuple[int, str]] = []
    for line, sought, words in _found(root, 1):
        at = next((at for at in range(line, len(rows) + 1) if sought in rows[at - 1]), line)
        found.append((at, f"{words}: it is shown as it is written"))
    return list(dict.fromkeys(found))


def _found(node: Node, line: int) -> Iterator[tuple[int, str, str]]:
    """For each strange node: where its block begins, what its line holds, what it is."""
    waiting = [(node, line)]
    while waiting:
        one, above = waiting.pop()
        at = one.get("position", {}).get("start", {}).get("line") or above
        if one["type"] in ("mystRole", "mystDirective") and not children(one):
            yield at, f"{{{one.get('name')}}}", _unknown(one)
        elif one["type"] == "text":
            names = _CITED.findall(str(one.get("value")))
            for cited in (name for name in names if name.startswith("[") or _YEAR.search(name)):
                yield at, cited, f"{cited}{']' if cited.startswith('[') else ''}: {_BY_MYSTMD}"
        elif one["type"] in ("math", "inlineMath") and not one.get("html"):
            tex = str(one.get("value"))
            if why := undrawn(tex, one["type"] == "math"):
                row = next((row for row in tex.split("\n") if row.strip()), "")
                yield at, row, f"the formula {row.strip()[:80]!r} cannot be drawn ({why})"
        waiting += [(child, at) for child in reversed(children(one))]


def _unknown(node: Node) -> str:
    kind, name = node["type"].removeprefix("myst").lower(), str(node.get("name"))
    if kind == "role" and _CITES.fullmatch(name):
        return f"{{{name}}}`{node.get('value')}`: {_BY_MYSTMD}"
    return f"{{{name}}} is no {kind} that nozzle knows"
