"""The options of a directive: `:key: value` lines, a `---` block, and, in a cell, Quarto's `#| key: value` comments.

All three say the same thing, over one line or several; a later one wins. Values are words, lists of words, or true for
a flag; what a word means is for who asks. Which of them change what a run does is one tuple, because those count in the
cell's digest and the others do not: adding a label must not run an expensive cell again.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from nozzle.document.values import NoYaml, load

EXECUTION_TAGS = ("skip-execution", "raises-exception")
COUNTED = ("timeout", "once", "cache", "reach")
Reach = Literal["", "network", "all"]
"""How far out of its bounds an agent's cell would go; the author's own cells have none."""
COMMENTED = ("time", "timeit", "capture", "prun", "bash", "sh", "script", "python", "python3", "perl", "ruby")
"""Cell magics in whose body a line that begins with # is a comment."""
RULES = ("exact", "shape", "skip")
"""Ways of `verify` that take no value; the others are `rtol=NUMBER` and `mask=PATTERN`."""
TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
LONGEST = 2_000_000.0
"""Seconds, 23 days: a longer time limit, infinity among them, is this one. The system waits no longer at a time."""

_imports = re.compile(r"^(?:from\s+\S+\s+import\s*\([^)]*\)|(?:import|from|using)\s.*|library\(.*)$", re.M)
_colon = re.compile(r":([\w-]+):(?:[ \t]+(.*))?$")
_comment = re.compile(r"[ \t]*(?:#|//|--|%)\|[ \t]?(.*)$")
_row = re.compile(r"([\w-]+)[ \t]*:(?:[ \t]+(.*))?$")
_simple = re.compile(r"[\w-]+: (?:[\w./=]+(?:[ -][\w./=]+)*|\[[\w, -]*\])\s*$")
_prose = re.compile(r"[^\s\[\]{}:-][^:]*$")


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
        found = (self.values.get(key) for key in ("label", "name"))
        return next((name for name in found if isinstance(name, str) and name), "")

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
    def cache(self) -> bool:
        return _truth(self.values.get("cache"))

    @property
    def reach(self) -> Reach:
        match self.values.get("reach"):
            case "network":
                return "network"
            case "all":
                return "all"
        return ""

    @property
    def timeout(self) -> float | None:
        """Seconds, at most `LONGEST`; None when none is given or it is no number above 0."""
        seconds = _number(self.values.get("timeout"))
        return min(seconds, LONGEST) if seconds > 0 else None

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
    values, taken, problem = head(rows)
    body = "\n".join(rows[taken:]).strip("\n")
    said, _, wrong = comments(body.split("\n"))
    found = Options({**values, **said}, problem or wrong)
    return found if found.problem else Options(found.values, _unmeant(found)), body


def magic_first(body: str) -> str:
    r"""A body as IPython reads it: a cell magic stands on the first line, and our options above it go below.

    Where they would be no comments (`%%html`, `%%writefile`) they go away. Lines of code keep their numbers.

    >>> magic_first("#| label: t\n%%time\nx = 1"), magic_first("#| label: t\n%%html\n<b>x</b>")
    ('%%time\n#| label: t\nx = 1', '%%html\n<b>x</b>')
    """
    rows = body.split("\n")
    said = next((at for at, row in enumerate(rows) if row.strip() and not row.startswith("#|")), 0)
    if not said or not rows[said].startswith("%%"):
        return body
    commented = rows[said].split(" ")[0].removeprefix("%%") in COMMENTED
    return "\n".join([rows[said], *(rows[:said] if commented else []), *rows[said + 1 :]])


def first_code(body: str) -> str:
    """The first line that says what a cell does; empty when none does.

    >>> first_code("#| reach: network\\n\\ncurl -O https://example.org/rows.csv")
    'curl -O https://example.org/rows.csv'
    """
    code = (line.strip() for line in body.split("\n") if line.strip() and not line.startswith("#|"))
    return next(code, "")


def telling(body: str) -> str:
    """The first line that says what a cell does beside importing; the first one where all of it imports.

    >>> telling("import numpy as np\\nfrom math import (\\n    pi,\\n)\\nx = np.pi"), telling("import numpy")
    ('x = np.pi', 'import numpy')
    """
    return first_code(_imports.sub("", body)) or first_code(body)


def reach_of(source: str) -> Reach:
    """How far out of its bounds a cell with this body would go.

    >>> reach_of("#| reach: network\\ncurl -O https://example.org/rows.csv"), reach_of("print(1)")
    ('network', '')
    """
    return read_options(source.split("\n"))[0].reach


def _unmeant(found: Options) -> str:
    """A value that says nothing, where a guess could run what must not be run, or prove what was not asked."""
    if "timeout" in found.values and found.timeout is None:
        return f"its timeout, {found.values['timeout']}, is no number of seconds above 0"
    for key in ("once", "cache"):
        if key in found.values and str(found.values[key]).lower() not in (*TRUE, *FALSE):
            return f"its {key}, {found.values[key]}, is neither true nor false"
    if "reach" in found.values and not found.reach:
        return f"its reach, {found.values['reach']}, is neither network nor all"
    rule, _, value = found.verify.partition("=")
    if found.verify and not (found.verify in RULES or (rule == "rtol" and _number(value) > 0) or _masks(rule, value)):
        return f"its verify, {found.verify}, is none of {', '.join(RULES)}, rtol=NUMBER and mask=PATTERN"
    return ""


def _masks(rule: str, pattern: str) -> bool:
    try:
        return rule == "mask" and bool(pattern) and bool(re.compile(pattern))
    except re.error:
        return False


def head(rows: Sequence[str]) -> tuple[dict[str, Any], int, str]:
    """What stands in a `---` block or `:key: value` lines at the top, how many lines that are, what cannot be read."""
    if rows and rows[0].strip() == "---":
        stop = next((line for line in range(1, len(rows)) if rows[line].strip() == "---"), 0)
        values, problem = _read(rows[1:stop], block=True) if stop else ({}, "")
        return values, stop + 1 if stop else 0, problem
    lines: list[str] = []
    for row in rows:
        if match := _colon.match(row):
            lines.append(f"{match[1]}: {match[2] or ''}".rstrip())
        elif lines and row.startswith(":") and row[1:2].isspace():
            lines.append(row[1:])
        elif lines and row[:1].isspace() and row.strip() and _unfinished(lines):
            lines.append(row)
        else:
            break
    values, problem = _read(lines)
    return values, len(lines), problem


def comments(rows: Sequence[str]) -> tuple[dict[str, Any], int, str]:
    """What a cell's `#|` lines say, how many lines they take with the blank ones above them, what cannot be read."""
    start = next((line for line, row in enumerate(rows) if row.strip()), len(rows))
    lines: list[str] = []
    while start + len(lines) < len(rows) and (match := _comment.match(rows[start + len(lines)])):
        lines.append(match[1])
    values, problem = _read(lines)
    return values, start + len(lines) if lines else 0, problem


def tags(values: Mapping[str, Any]) -> list[str]:
    """The tags in the order they were written: `[a, b]`, `a, b` or a YAML list."""
    return _words(values.get("tags"))


def _unfinished(lines: list[str]) -> bool:
    """Whether an option goes on: on its line stands nothing, or a bracket that is still open."""
    start = max(at for at, line in enumerate(lines) if not line[:1].isspace())
    said = " ".join(lines[start:]).partition(":")[2]
    return not lines[start].partition(":")[2].strip() or said.count("[") > said.count("]")


def _read(lines: Sequence[str], block: bool = False) -> tuple[dict[str, Any], str]:
    """Lines of `key: value` read as YAML; outside a `---` block a value may be none (`caption: Fig: x`)."""
    if all(_simple.match(line) for line in lines):
        return _each(lines), ""
    try:
        found = load("\n".join(lines), str)
    except NoYaml as error:
        if not block and all(_row.match(line) or _prose.match(line) for line in lines if line.strip()):
            return _each(lines), ""
        return {}, f"its options are no YAML, line {error.line + 1} of them: {error.reason}"
    if isinstance(found, dict):
        return {key: True if value == "" else value for key, value in found.items()}, ""
    return {}, "" if not found or all(map(_prose.match, lines)) else "its options are no 'key: value' lines"


def _each(lines: Sequence[str]) -> dict[str, Any]:
    return {match[1]: _value(match[2] or "") for line in lines if (match := _row.match(line))}


def _value(text: str) -> Any:
    """A flag without a value is true; lists in brackets are lists; all else is the text as written."""
    text = text.strip()
    if not text:
        return True
    if text.startswith("[") and text.endswith("]"):
        return _words(text)
    return text.strip("\"'")


def _number(value: object) -> float:
    """Seconds; 0 for what is no number."""
    try:
        found = float(value) if isinstance(value, str) else 0.0
    except ValueError:
        return 0.0
    return 0.0 if math.isnan(found) else found


def _words(value: object) -> list[str]:
    if isinstance(value, list | tuple | set):
        return [str(each) for each in value]
    if value is None or value is True:
        return []
    return [word for word in re.split(r"[\s,\[\]\"']+", str(value)) if word]


def _truth(value: object) -> bool:
    return str(value).lower() in TRUE
