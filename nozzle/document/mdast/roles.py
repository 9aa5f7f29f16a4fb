"""Roles: `{name}`words`` inside a line of text. One row per name; a name nobody knows is shown as it was written."""

import re
from collections.abc import Callable

from nozzle.document.mdast.node import Node, label, text

_WITH_TARGET = re.compile(r"^(.*)<([^<>]*)>$", re.S)
_ABBREVIATION = re.compile(r"^(.*)\(([^()]*)\)$", re.S)


def role(name: str, value: str) -> Node:
    """Return the node of one role."""
    make = _ROLES.get(name)
    return make(name, value) if make else {"type": "mystRole", "name": name, "value": value}


def _styled(kind: str) -> Callable[[str, str], Node]:
    return lambda _, value: {"type": kind, "children": [text(value)]}


def _leaf(kind: str) -> Callable[[str, str], Node]:
    return lambda _, value: {"type": kind, "value": value}


def _reference(name: str, value: str) -> Node:
    found = _WITH_TARGET.match(value)
    words, target = (found[1].strip(), found[2]) if found else ("", value)
    said = [text(words)] if words else []
    return {"type": "crossReference", "kind": name, "label": target, "identifier": label(target), "children": said}


def _download(_: str, value: str) -> Node:
    found = _WITH_TARGET.match(value)
    words, target = (found[1].strip(), found[2]) if found else (value, value)
    return {"type": "link", "url": target, "children": [text(words or target)]}


def _abbreviation(_: str, value: str) -> Node:
    found = _ABBREVIATION.match(value)
    if found is None:
        return {"type": "abbreviation", "children": [text(value)]}
    return {"type": "abbreviation", "title": found[2].strip(), "children": [text(found[1].rstrip())]}


_ROLES: dict[str, Callable[[str, str], Node]] = {
    "math": _leaf("inlineMath"),
    "code": _leaf("inlineCode"),
    "sub": _styled("subscript"),
    "subscript": _styled("subscript"),
    "sup": _styled("superscript"),
    "superscript": _styled("superscript"),
    "del": _styled("delete"),
    "delete": _styled("delete"),
    "strike": _styled("delete"),
    "u": _styled("underline"),
    "underline": _styled("underline"),
    "kbd": _styled("keyboard"),
    "keyboard": _styled("keyboard"),
    "sc": _styled("smallcaps"),
    "smallcaps": _styled("smallcaps"),
    "abbr": _abbreviation,
    "abbreviation": _abbreviation,
    "ref": _reference,
    "numref": _reference,
    "eq": _reference,
    "math:numref": lambda _, value: _reference("eq", value),
    "doc": _download,
    "download": _download,
}
