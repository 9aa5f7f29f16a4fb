"""The top-level blocks of a Markdown text, found once and then kept up to date: after an edit only what it could have
changed is parsed again.

Why that is exact: at the first line of a top-level block, markdown-it's rules look at that line and below, never above.
So blocks can be parsed one at a time from any such boundary, and a boundary found twice is parsed the same way twice:

* Blocks that were decided above the last blank line before the edit are kept.
* Parsing stops where a block below the edit starts on a line that started a block before.
* Two things reach further. The first line is special (front matter). And a `$$` looks for its end in the whole text:
  the blocks where that was in vain are remembered, and parsed again after any edit below them.

It refuses to make tokens and to know any inline syntax; inside blocks it looks only for cells that will not run.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nozzle.document.lines import split
from nozzle.document.toplevel import Source, Top
from nozzle.document.window import parser

_CONTAINERS = ("bullet_list_open", "ordered_list_open", "blockquote_open")
_FENCES = ("fence", "colon_fence")
_DIRECTIVE = re.compile(r"\s*\{\s*([^}\s]+)\s*\}")
_VERBATIM = ("code", "code-block", "sourcecode", "math", "mermaid", "raw", "literalinclude")
"""Directives whose body is no Markdown."""
_OPTION = re.compile(r":[\w-]+:(?:\s|$)")
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Outline:
    """The lines of a text, with their ends, and its top-level blocks."""

    rows: list[str]
    tops: tuple[Top, ...]
    loose: tuple[int, ...] = ()
    """Where blocks start that any later line could change: a `$$` without its end."""


def outline(text: str, before: Outline | None = None) -> Outline:
    """Find the top-level blocks; with the outline of an earlier version, only what changed is parsed."""
    old, rows = before or Outline([], ()), split(text)
    if rows == old.rows:
        return old
    above, below = common(old.rows, rows)
    kept = _kept_above(old, above)
    tops, shift = list(old.tops[:kept]), len(rows) - len(old.rows)
    loose = []
    for top, is_loose in Source(text).blocks(rows, tops[-1].stop if tops else 0):
        if top.start >= max(1, len(rows) - below) and (met := _starting(old, top.start - shift)):
            tops += _moved(old.tops[met:], shift)
            loose += [line + shift for line in old.loose if line + shift >= top.start]
            break
        tops.append(top)
        if is_loose:
            loose.append(top.start)
    return Outline(rows, tuple(tops), tuple(loose))


def common(old: Sequence[Any], new: Sequence[Any]) -> tuple[int, int]:
    """How many at the beginning, and how many of the others at the end, are the same."""
    most = min(len(old), len(new))
    above = _longest(most, lambda low, high: old[low:high] == new[low:high])
    o, n = len(old), len(new)
    below = _longest(most - above, lambda low, high: old[o - high : o - low] == new[n - high : n - low])
    return above, below


def _longest(most: int, equal: Callable[[int, int], bool]) -> int:
    """The largest n up to `most` for which the first n are equal, found by halving: list slices compare fast."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if equal(low, middle):
            low = middle
        else:
            high = middle - 1
    return low


def _kept_above(old: Outline, same: int) -> int:
    """How many blocks were decided by the first `same` lines alone.

    What decides a block's end is at most the paragraph below it; so a line of text must stand between it and the last
    unchanged blank line.
    """
    line = same - 1
    while line >= 0 and old.rows[line].strip(" \t\r\n"):
        line -= 1
    while line >= 0 and not old.rows[line].strip(" \t\r\n"):
        line -= 1
    kept = bisect_right(old.tops, line, key=lambda top: top.stop)
    if old.loose:
        kept = min(kept, bisect_left(old.tops, old.loose[0], key=lambda top: top.start))
    return kept


def _starting(old: Outline, line: int) -> int:
    """The index of the block that starts at `line`; 0 when none does, or the first one, which may be special."""
    place = bisect_left(old.tops, line, key=lambda top: top.start)
    return place if place < len(old.tops) and old.tops[place].start == line else 0


def _moved(tops: tuple[Top, ...], shift: int) -> Iterable[Top]:
    if not shift:
        return tops
    return [Top(kind, start + shift, stop + shift, info, markup) for kind, start, stop, info, markup in tops]


def nested_cells(outline: Outline) -> list[tuple[int, str]]:
    """Find the cells in lists, quotes and other directives, which never run: their lines, and what they hold."""
    found: list[tuple[int, str]] = []
    for top in outline.tops:
        name = _directive(top.info) if top.kind in _FENCES else ""
        if top.kind in _CONTAINERS or name not in ("", "code-cell", *_VERBATIM):
            rows = outline.rows[top.start : top.stop]
            if any("code-cell" in row for row in rows):
                found += _cells("".join(rows), top.start, 0)
    return found


def _cells(text: str, line: int, depth: int) -> Iterator[tuple[int, str]]:
    """All cells in a text that begins at a line, at any depth."""
    markdown = parser()
    for token in markdown.block.parse("\n" + Source(text).text, markdown, {}, []) or []:
        if token.type not in _FENCES or token.map is None:
            continue
        start, name = line + token.map[0] - 1, _directive(token.info)
        rows = split(token.content)
        options = _options(rows)
        if name == "code-cell":
            yield start, "".join(rows[options:]).strip("\n")
        elif name and name not in _VERBATIM and depth < _DEEPEST:
            yield from _cells("".join(rows[options:]), start + 1 + options, depth + 1)


def _directive(info: str) -> str:
    named = _DIRECTIVE.match(info)
    return named[1] if named else ""


def _options(rows: list[str]) -> int:
    """How many lines at the top of a directive's body are its options."""
    if rows and rows[0].strip() == "---":
        return next((line + 1 for line in range(1, len(rows)) if rows[line].strip() == "---"), 0)
    return next((line for line, row in enumerate(rows) if not _OPTION.match(row)), len(rows))
