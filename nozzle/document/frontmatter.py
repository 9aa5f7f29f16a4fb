"""The front matter of an entry: what it says, or why it cannot be read.

It raises nothing: what is wrong becomes one line that names the place, and then nothing in the entry runs.
"""

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
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
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)
    """Where each of its keys stands, counted from 1."""

    @property
    def unusable(self) -> str:
        """Why a kernel cannot be chosen by what it says; empty when one can. A key with nothing behind it says nothing.

        >>> read_meta("kernelspec: python3").unusable
        'line 2: kernelspec should be a table, such as `kernelspec: {name: python3}`'
        """
        spec, far = self.meta.get("kernelspec"), self.meta.get("kernel")
        if spec is not None and not isinstance(spec, Mapping):
            return (
                f"line {self.line('kernelspec')}: kernelspec should be a table, such as `kernelspec: {{name: python3}}`"
            )
        if isinstance(spec, Mapping):
            for key in ("name", "language"):
                if not isinstance(spec.get(key, ""), str):
                    return f"line {self.line('kernelspec')}: kernelspec's {key} should be a word, such as `python3`"
        if far is not None and not isinstance(far, str):
            return f"line {self.line('kernel')}: kernel should be an address, such as `jupyter+https://host/base`"
        if far and "://" not in far:
            return (
                f"line {self.line('kernel')}: {far} is no address, such as `jupyter+https://host/base`: a language is "
                "named in the fence of each cell, and a kernel of this machine by `kernelspec: {name: ...}`"
            )
        return ""

    def doubts(self) -> Iterator[tuple[int, str]]:
        """Lines, counted from 1, of what pages will pass over, and what to write instead."""
        if not isinstance(self.meta.get("title"), str | int | float | None):
            yield self.line("title"), "title should be one line of text: the page is called by its first heading"
        said = self.meta.get("date")
        if said is not None and not day(str(said)):
            yield self.line("date"), f"date: {said} is no day such as 2026-11-22: the page stands under none"
        for key in ("tags", "keywords"):
            value = self.meta.get(key)
            parts = value if isinstance(value, list) else [value]
            if any(isinstance(part, Mapping | list) for part in parts):
                yield self.line(key), f"{key} should be a list of words, such as `[fusion, numpy]`: others are left out"

    def line(self, key: str) -> int:
        """Where a key stands, counted from 1."""
        return self.lines.get(key, 1)


def read(outline: Outline) -> FrontMatter:
    """Read the front matter of an entry."""
    first = outline.rows[0] if outline.rows else ""
    top = outline.tops[0] if outline.tops else None
    if top is not None and top.kind == "front_matter":
        body = "\n".join(row.rstrip("\r\n") for row in outline.rows[1 : top.stop - 1])
        return replace(read_meta(body), span=(0, top.stop))
    if re.fullmatch(r"-{3,}\s*", first):
        return FrontMatter(problem="line 1: the front matter is not closed; put a line --- below it")
    if re.fullmatch(r"\ufeff-{3,}\s*", first):
        return FrontMatter(
            problem="line 1: a byte-order mark hides the front matter; save the file as UTF-8 without BOM"
        )
    return FrontMatter()


def read_meta(body: str) -> FrontMatter:
    """What the lines between the two `---` say, by themselves."""
    said, problem = meta(body)
    keys = (re.match(r"([\w-]+)\s*:", row) for row in body.split("\n"))
    return FrontMatter(said, problem=problem, lines={found[1]: at for at, found in enumerate(keys, start=2) if found})


def day(said: str) -> str:
    """The first day that words name, as ISO 8601 has it; empty when they name none.

    >>> day("2026-11-22T10:00"), day("2026-02-30")
    ('2026-11-22', '')
    """
    found = re.search(r"\d{4}-\d{2}-\d{2}", said)
    try:
        return date.fromisoformat(found[0]).isoformat() if found else ""
    except ValueError:
        return ""


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
