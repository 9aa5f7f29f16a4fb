"""The front matter of an entry: what it says, or why it cannot be read.

Dates stay the words the author wrote, and so do `yes` and `12:30`: values are read as YAML 1.2 and mystmd read them.
It raises nothing: what is wrong becomes one line that names the place, and then nothing in the entry runs.
"""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from nozzle.document.outline import Outline

if TYPE_CHECKING:
    from yaml import Node, YAMLError

_LONGEST = 64_000
"""Characters of front matter that are read."""
_MOST = 10_000
"""Values it may hold, each alias counted as what it stands for."""
_WORDS: dict[str, bool | None] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What stands between the first line, `---`, and the next one."""

    meta: Mapping[str, Any] = field(default_factory=dict)
    span: tuple[int, int] = (0, 0)
    """Its lines, half-open, both `---` among them; empty when there is none."""
    problem: str = ""
    """Why it cannot be read, and what to do; empty when it can."""


def read(outline: Outline) -> FrontMatter:
    """Read the front matter of an entry."""
    first = outline.rows[0] if outline.rows else ""
    top = outline.tops[0] if outline.tops else None
    if top is not None and top.kind == "front_matter":
        body = "\n".join(row.rstrip("\r\n") for row in outline.rows[1 : top.stop - 1])
        meta, problem = _parsed(body)
        return FrontMatter(meta, (0, top.stop), problem)
    if re.fullmatch(r"-{3,}\s*", first):
        return FrontMatter(problem="line 1: the front matter is not closed; put a line --- below it")
    if re.fullmatch(r"\ufeff-{3,}\s*", first):
        return FrontMatter(
            problem="line 1: a byte-order mark hides the front matter; save the file as UTF-8 without BOM"
        )
    return FrontMatter()


def conflict(rows: Sequence[str], covered: Container[int] = ()) -> int | None:
    """Return the line where a git conflict begins, when all three of its markers stand below each other.

    A heading's underline alone is none, and neither is what a cell printed: no conflict begins on a line `covered` by
    an output, whose marker, which carries its digest, would be part of it.
    """
    begins = [line for line, row in enumerate(rows) if row.startswith("<<<<<<<") and _marker(row, "<")]
    if not begins:
        return None
    begin = next((line for line in begins if line not in covered), len(rows))
    wanted = iter(("=", ">"))
    mark = next(wanted)
    for row in rows[begin + 1 :]:
        if _marker(row, mark) and (mark := next(wanted, "")) == "":
            return begin
    return None


def _marker(row: str, mark: str) -> bool:
    row = row.rstrip("\r\n")
    return row == mark * 7 or (mark != "=" and row.startswith(mark * 7 + " "))


@lru_cache(maxsize=64)
def _parsed(body: str) -> tuple[Mapping[str, Any], str]:
    """What front matter says, and what is wrong with it."""
    from yaml import YAMLError

    if len(body) > _LONGEST:
        return {}, f"line 1: the front matter is longer than {_LONGEST:,} characters; is a --- missing below it?"
    try:
        meta = _load(body)
    except YAMLError as error:
        return {}, _told(error, body)
    except RecursionError:
        return {}, "line 1: the front matter is nested too deeply to be read; make it simpler"
    if meta is None:
        return {}, ""
    if not isinstance(meta, dict):
        return {}, "line 2: the front matter should be lines of `key: value`; write it so, or take the --- lines away"
    return meta, ""


def _load(body: str) -> Any:
    from yaml import BaseLoader

    loader = BaseLoader(body)
    try:
        node = loader.get_single_node()
    finally:
        loader.dispose()
    if node is None:
        return None
    _size(node, {}, frozenset())
    return _value(node)


def _told(error: "YAMLError", body: str) -> str:
    mark = getattr(error, "problem_mark", None)
    line = mark.line if mark else body.count("\n", 0, getattr(error, "position", 0))
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    return f"line {line + 2}: the front matter cannot be read as YAML ({reason}); correct that line"


def _size(node: "Node", known: "dict[Node, int]", above: "frozenset[Node]") -> int:
    """Count the values a node stands for; aliases can make a short text mean billions."""
    from yaml import YAMLError

    if node in above:
        raise YAMLError("a value contains itself")
    if node not in known:
        parts = node.value if isinstance(node.value, list) else []
        nodes = [part for pair in parts for part in (pair if isinstance(pair, tuple) else (pair,))]
        known[node] = 1 + sum(_size(part, known, above | {node}) for part in nodes)
        if known[node] > _MOST:
            raise YAMLError(f"it stands for more than {_MOST:,} values")
    return known[node]


def _value(node: "Node") -> Any:
    from yaml import MappingNode, ScalarNode, SequenceNode

    match node:
        case MappingNode():
            return {_key(key): _value(value) for key, value in node.value}
        case SequenceNode():
            return [_value(part) for part in node.value]
        case ScalarNode() if node.style is None:
            return _plain(node.value)
    return node.value


def _plain(text: str) -> str | int | float | bool | None:
    """What a word without quotes means in YAML 1.2; a date means itself."""
    if text in _WORDS:
        return _WORDS[text]
    if re.fullmatch(r"[-+]?(?:0|[1-9][0-9]{0,17})", text):
        return int(text)
    if re.fullmatch(r"[-+]?(?:[0-9]{1,18}\.[0-9]{0,18}|\.[0-9]{1,18})(?:[eE][-+]?[0-9]{1,3})?", text):
        return float(text)
    return text


def _key(node: "Node") -> str:
    return node.value if isinstance(node.value, str) else str(_value(node))
