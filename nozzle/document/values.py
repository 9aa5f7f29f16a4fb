"""YAML as an author of an entry means it: front matter and the options of directives are read here, and nowhere else.

Dates stay the words the author wrote, and so do `yes` and `12:30`: values are read as YAML 1.2 and mystmd read them.
Whatever the text holds, the answer is a value or `NoYaml`; no tag builds an object, no alias makes a short text long.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yaml import Node, YAMLError

_LONGEST = 64_000
"""Characters that are read."""
_MOST = 10_000
"""Values a text may hold, each alias counted as what it stands for."""
_WORDS: dict[str, bool | None] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)


class NoYaml(Exception):
    """A text that cannot be read: on which of its lines, counted from 0, and why."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line, self.reason = line, reason


def plain(text: str) -> str | int | float | bool | None:
    """What a word without quotes means in YAML 1.2; a date means itself."""
    if text in _WORDS:
        return _WORDS[text]
    if re.fullmatch(r"[-+]?(?:0|[1-9][0-9]{0,17})", text):
        return int(text)
    if re.fullmatch(r"[-+]?(?:[0-9]{1,18}\.[0-9]{0,18}|\.[0-9]{1,18})(?:[eE][-+]?[0-9]{1,3})?", text):
        return float(text)
    return text


def load(text: str, word: Callable[[str], Any] = plain) -> Any:
    """The value of a YAML text, each word without quotes made a value by `word`; raises NoYaml.

    >>> load("draft: yes\\nat: 12:30\\nn: 3"), load("n: 3", str)
    ({'draft': 'yes', 'at': '12:30', 'n': 3}, {'n': '3'})
    """
    from yaml import BaseLoader, YAMLError

    if len(text) > _LONGEST:
        raise NoYaml(0, f"longer than {_LONGEST:,} characters")
    loader = None
    try:
        loader = BaseLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _size(node, {}, frozenset())
        return _value(node, word)
    except YAMLError as error:
        raise NoYaml(_line(error, text), _reason(error)) from None
    except RecursionError:
        raise NoYaml(0, "nested too deeply") from None
    finally:
        if loader is not None:
            loader.dispose()


def _line(error: "YAMLError", text: str) -> int:
    mark = getattr(error, "problem_mark", None)
    return int(mark.line) if mark else text.count("\n", 0, getattr(error, "position", 0))


def _reason(error: "YAMLError") -> str:
    return str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)


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


def _value(node: "Node", word: Callable[[str], Any]) -> Any:
    from yaml import MappingNode, ScalarNode, SequenceNode

    match node:
        case MappingNode():
            return {_key(key): _value(value, word) for key, value in node.value}
        case SequenceNode():
            return [_value(part, word) for part in node.value]
        case ScalarNode() if node.style is None:
            return word(node.value)
    return node.value


def _key(node: "Node") -> str:
    return node.value if isinstance(node.value, str) else str(_value(node, plain))
