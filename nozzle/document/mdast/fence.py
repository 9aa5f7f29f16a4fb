"""A fence with a name in braces is a directive: its argument, its options and its body are told apart here.

Which lines are options, and what they say, is read as for cells that run. A body is never read as options when it does
not look like them.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from nozzle.document.options import comments, head

_INFO = re.compile(r"^\{\s*([^}\s]+)\s*\}[ \t]*(.*)$", re.S)


@dataclass(frozen=True)
class Directive:
    """A directive as its author wrote it."""

    name: str
    argument: str
    body: str
    line: int  # the body's first line, counted from 0 in the entry
    raw: str  # options and body together: what is shown when nobody knows the name
    options: dict[str, Any] = field(default_factory=dict)


def directive(info: str, content: str, line: int) -> Directive | None:
    """Read a fence as a directive; None when its info string names none."""
    found = _INFO.match(info.strip())
    if found is None:
        return None
    raw = content.removesuffix("\n")
    rows = raw.split("\n")
    options, skipped, _ = head(rows)
    body = "\n".join(rows[skipped:])
    return Directive(found[1], found[2].strip(), body, line + skipped, raw, options)


def uncommented(code: str) -> str:
    """Return a cell's code without its `#|` lines."""
    rows = code.split("\n")
    return "\n".join(rows[comments(rows)[1] :])
