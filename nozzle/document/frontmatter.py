"""The front matter of an entry: what it says, or why it cannot be read.

It raises nothing: what is wrong becomes one line that names the place, and then nothing in the entry runs.
"""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from nozzle.document.outline import Outline
from nozzle.document.values import NoYaml, load


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
        said, problem = meta(body)
        return FrontMatter(said, (0, top.stop), problem)
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
def meta(body: str) -> tuple[Mapping[str, Any], str]:
    """What the lines between the two `---` say, and what is wrong with them."""
    try:
        found = load(body)
    except NoYaml as error:
        return {}, _told(error)
    if found is None:
        return {}, ""
    if not isinstance(found, dict):
        return {}, "line 2: the front matter should be lines of `key: value`; write it so, or take the --- lines away"
    return found, ""


def _told(error: NoYaml) -> str:
    if error.reason.startswith("longer"):
        return f"line 1: the front matter is {error.reason}; is a --- missing below it?"
    if error.reason.startswith("nested"):
        return f"line 1: the front matter is {error.reason} to be read; make it simpler"
    return f"line {error.line + 2}: the front matter cannot be read as YAML ({error.reason}); correct that line"
