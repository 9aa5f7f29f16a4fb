"""A fence with a name in braces is a directive: its argument, its options and its body are told apart here.

Options are `:key: value` lines, a `---` block of YAML, and for cells Quarto's `#| key: value` comments. A body is never
read as options when it does not look like them.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

Options = dict[str, Any]

_INFO = re.compile(r"^\{\s*([^}\s]+)\s*\}[ \t]*(.*)$", re.S)
_OPTION = re.compile(r"^:([A-Za-z][\w-]*):(?:[ \t]+(.*?))?[ \t]*$")
_BRACKETS = 1000  # nobody's options nest like that, and PyYAML's time grows with the square
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_COMMENT = re.compile(r"^[ \t]*(?:#|//|--|%)\|[ \t]?(.*)$")


@dataclass(frozen=True)
class Directive:
    """A directive as its author wrote it."""

    name: str
    argument: str
    body: str
    line: int  # the body's first line, counted from 0 in the entry
    raw: str  # options and body together: what is shown when nobody knows the name
    options: Options = field(default_factory=dict)


def directive(info: str, content: str, line: int) -> Directive | None:
    """Read a fence as a directive; None when its info string names none."""
    found = _INFO.match(info.strip())
    if found is None:
        return None
    raw = content.removesuffix("\n")
    options, skipped = _options(raw.split("\n"))
    body = "\n".join(raw.split("\n")[skipped:])
    return Directive(found[1], found[2].strip(), body, line + skipped, raw, options)


def _options(lines: list[str]) -> tuple[Options, int]:
    if lines[0].strip() == "---":
        stop = next((n for n, row in enumerate(lines[1:], 1) if row.strip() == "---"), 0)
        return (mapping("\n".join(lines[1:stop])), stop + 1) if stop else ({}, 0)
    options: Options = {}
    for number, row in enumerate(lines):
        found = _OPTION.match(row)
        if found is None:
            return options, number
        options[found[1]] = True if found[2] is None else found[2]
    return options, len(lines)


def comments(code: str) -> tuple[Options, str]:
    """Tell a cell's `#|` lines from the code that is shown.

    >>> comments("#| label: sum\\n1 + 1")
    ({'label': 'sum'}, '1 + 1')
    """
    rows, shown = _rows(code)
    return mapping("\n".join(rows)), shown


def uncommented(code: str) -> str:
    """Return a cell's code without its `#|` lines."""
    return _rows(code)[1]


def _rows(code: str) -> tuple[list[str], str]:
    lines = code.split("\n")
    rows: list[str] = []
    while len(rows) < len(lines) and (found := _COMMENT.match(lines[len(rows)])):
        rows.append(found[1])
    return rows, "\n".join(lines[len(rows) :])


def mapping(source: str) -> Options:
    """Read YAML that should be a mapping; what is no mapping reads as empty."""
    if not source.strip() or source.count("[") + source.count("{") > _BRACKETS:
        return {}
    # libyaml is ten times as fast, but nests on the C stack: a long text is read in Python, which stops in time
    loader = yaml.SafeLoader if len(source) > 2000 else _LOADER
    try:
        value = yaml.load(source, loader)
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError):  # the last three: a date, a number, a depth
        return {}
    return {str(key): _json(item) for key, item in value.items()} if isinstance(value, dict) else {}


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def tags(options: Options) -> list[str]:
    """Return a cell's tags, however they were written: `[a, b]`, `a, b` or a YAML list."""
    value = options.get("tags")
    if isinstance(value, list):
        return [str(tag) for tag in value]
    return re.findall(r"[\w.-]+", value) if isinstance(value, str) else []
