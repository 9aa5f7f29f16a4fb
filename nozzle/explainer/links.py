"""How a cell is named to a reader: by its label, else by the first words of its code, as a link that leads there."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

from nozzle.document.entry import SHOWN, Cell, Entry
from nozzle.document.slug import slug
from nozzle.document.thought.said import said

NOWHERE = "*(this link leads nowhere)*"
_link = re.compile(r"(?<!!)\[([^\[\]\n]*)\]\(([^()\s]+)\)")
_elsewhere = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.I)


def link(cell: Cell) -> str:
    """`[sum](#sum)`, or by the digest of its code for a cell without a label."""
    if cell.label:
        return f"[{cell.label}](#{cell.label})"
    return f"[{code(cell.title[:50])}](#cell-{cell.key})"


def code(text: str) -> str:
    """Text as inline code: on one line, whatever is in it."""
    text = " ".join(text.split())
    ticks = "`" * (max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}" if text else ""


def checked(text: str, entry: Entry, there: Callable[[str], bool] = lambda path: True) -> str:
    """A model's words with what is wrong with their links: a place or a file that is not there is named as such.

    `there` says of a path, from the entry, whether it is. What leads out of the journal is left as it is.
    """
    named = ((cell.label, f"cell-{cell.key}", f"cell-{cell.chain[:SHOWN]}") for cell in entry.cells)
    anchors = {name for names in named for name in names if name}
    anchors |= {slug(each.text.lstrip("#").strip()) for each in said(entry) if each.heading}
    quoted = code_spans(text)

    def mend(match: re.Match[str]) -> str:
        path, _, anchor = match[2].partition("#")
        if holds(quoted, match.start() + 1) or _elsewhere.match(match[2]):
            return match[0]
        leads = there(path) if path else anchor in anchors
        return match[0] if leads else f"{match[1]} {NOWHERE}"

    return _link.sub(mend, text)


def code_spans(text: str) -> list[tuple[int, int]]:
    """Where inline code stands: from a run of backticks to the next one as long. In one go, however odd the text is.

    >>> code_spans("a `b` ``c ` d`` `e")
    [(2, 5), (6, 15)]
    """
    runs = [match.span() for match in re.finditer("`+", text)]
    alike: dict[int, list[int]] = {}
    for number, (start, stop) in enumerate(runs):
        alike.setdefault(stop - start, []).append(number)
    found, at = list[tuple[int, int]](), 0
    while at < len(runs):
        start, stop = runs[at]
        same = alike[stop - start]
        after = bisect_right(same, at)
        if after < len(same):
            at = same[after]
            found.append((start, runs[at][1]))
        at += 1
    return found


def holds(spans: Sequence[tuple[int, int]], at: int) -> bool:
    """Whether one of these spans, which are in order and apart, reaches from before a place to it or beyond."""
    before = bisect_left(spans, (at, 0)) - 1
    return before >= 0 and at <= spans[before][1]
