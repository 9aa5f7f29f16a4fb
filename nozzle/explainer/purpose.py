"""What a cell is for, in the words of whoever wrote it: quoted, never guessed.

The doer's reason; else a comment or a docstring at the top of its code; else the author's last sentence right above.
"""

import ast
import re
from collections.abc import Sequence

from nozzle.document.entry import Cell, Entry
from nozzle.document.thought.said import Paragraph

LONGEST = 140
"""Characters of a purpose that are told."""

_comment = re.compile(r"\s*(?:#(?![|!])|//|--|;;?)\s*(\S.*)")


def purpose(entry: Entry, cell: Cell, said: Sequence[Paragraph]) -> str:
    """One sentence; empty when nobody said any. `said` are the author's paragraphs."""
    words = _reason(entry, cell) or _comment_of(cell) or _docstring(cell) or _above(entry, cell, said)
    words = " ".join(words.split())
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"


def _reason(entry: Entry, cell: Cell) -> str:
    """Why the doer proposed it."""
    block = next((each for each in entry.envelopes if cell.enclosed and each.span.stop == cell.enclosed), None)
    rows = [row.removeprefix(">").strip() for row in block.body if row.startswith(">")] if block else []
    return next((row for row in rows if row), "")


def _comment_of(cell: Cell) -> str:
    """The comment that its code begins with; a shebang and options are none."""
    rows = [row for row in cell.body.split("\n") if row.strip() and not row.startswith(("#|", "#!", "%%"))]
    found = []
    for row in rows:
        if (match := _comment.fullmatch(row)) is None:
            break
        found.append(match[1])
    return " ".join(found)


def _docstring(cell: Cell) -> str:
    """Of the code, or of the one thing that it defines."""
    if cell.language != "python":
        return ""
    try:
        tree = ast.parse(cell.body)
    except (SyntaxError, ValueError, RecursionError):
        return ""
    defined = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    nodes = [tree, *(defined if len(defined) == 1 else [])]
    texts = (ast.get_docstring(node) for node in nodes if node.body)
    return next((text.split("\n\n")[0] for text in texts if text), "")


def _above(entry: Entry, cell: Cell, said: Sequence[Paragraph]) -> str:
    """The last sentence of the paragraph that stands right above, with nothing but blank lines between."""
    for each in said:
        between = entry.rows[each.span.stop : cell.span.start]
        if each.span.stop <= cell.span.start and not any(row.strip() for row in between):
            return "" if each.text.startswith("/") or not each.sentences else each.sentences[-1].text.rstrip(":")
    return ""
