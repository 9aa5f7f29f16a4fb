"""The options of a directive: `:key: value` lines, a `---` block, and, in a cell, Quarto's `#| key: value` comments.

All three say the same thing; a later one wins. Which of them change what a run does is one tuple, because those count
in the cell's digest and the others do not: adding a label must not run an expensive cell again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import yaml

EXECUTION_TAGS = ("skip-execution", "raises-exception")
COUNTED = ("timeout", "once", "cache")

_colon = re.compile(r":([\w-]+):(?:\s+(.*))?$")
_pipe = re.compile(r"#\|\s*([\w-]+)\s*:\s*(.*)$")


@dataclass(frozen=True)
class Options:
    values: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    """What could not be read, in plain words."""

    @cached_property
    def tags(self) -> frozenset[str]:
        return frozenset(_words(self.values.get("tags")))

    @property
    def label(self) -> str:
        return str(self.values.get("label") or self.values.get("name") or "")

    @property
    def skip(self) -> bool:
        return "skip-execution" in self.tags

    @property
    def raises(self) -> bool:
        return "raises-exception" in self.tags

    @property
    def once(self) -> bool:
        return _truth(self.values.get("once"))

    @property
    def timeout(self) -> float | None:
        """Seconds; None when none is given or it is no number."""
        try:
            seconds = float(self.values["timeout"])
        except (KeyError, TypeError, ValueError):
            return None
        return seconds if seconds > 0 else None

    @property
    def verify(self) -> str:
        return str(self.values.get("verify") or "")

    @property
    def counted(self) -> str:
        """What of them belongs to the cell's identity."""
        tags = [tag for tag in EXECUTION_TAGS if tag in self.tags]
        values = [f"{key}={self.values[key]}" for key in COUNTED if key in self.values]
        return ";".join([*tags, *values])


def read_options(rows: list[str]) -> tuple[Options, str]:
    """The options at the top of a directive's body, and the rest of the body.

    >>> options, body = read_options([":tags: [a, b]", "", "#| label: fuse", "x = 1"])
    >>> sorted(options.tags), options.label, body
    (['a', 'b'], 'fuse', '#| label: fuse\\nx = 1')
    """
    values: dict[str, Any] = {}
    problem = ""
    if rows and rows[0].strip() == "---" and (stop := _fence(rows)):
        values, problem = _yaml("\n".join(rows[1:stop]))
        rows = rows[stop + 1 :]
    else:
        taken = 0
        while taken < len(rows) and (match := _colon.match(rows[taken])):
            values[match[1]] = _value(match[2] or "")
            taken += 1
        rows = rows[taken:]
    body = "\n".join(rows).strip("\n")
    for row in body.split("\n"):
        if not (match := _pipe.match(row)):
            break
        values[match[1]] = _value(match[2])
    return Options(values, problem), body


def _fence(rows: list[str]) -> int:
    return next((line for line in range(1, len(rows)) if rows[line].strip() == "---"), 0)


def _yaml(text: str) -> tuple[dict[str, Any], str]:
    try:
        values = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        return {}, f"its options are no YAML: {str(error).splitlines()[0]}"
    if not isinstance(values, dict):
        return {}, "its options are no 'key: value' lines"
    return {str(key): value for key, value in values.items()}, ""


def _value(text: str) -> Any:
    """A flag without a value is true; lists in brackets are lists; all else is the text as written."""
    text = text.strip()
    if not text:
        return True
    if text.startswith("[") and text.endswith("]"):
        return _words(text)
    return text.strip("\"'")


def _words(value: object) -> list[str]:
    if isinstance(value, list | tuple | set):
        return [str(each) for each in value]
    if value is None or value is True:
        return []
    return [word for word in re.split(r"[\s,\[\]\"']+", str(value)) if word]


def _truth(value: object) -> bool:
    return value is True or str(value).lower() in ("true", "yes", "on", "1")
