"""Where exactly an exception came from: the failing expression in the author's code, and what its parts were.

By `executing`, which finds the syntax node a frame was at. Where it is missing, or does not know, there is the line.
Only names and attributes are looked up, in the frame as it stood; nothing is evaluated or called.
"""

from __future__ import annotations

import ast
import linecache
import re
import traceback
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any

from .brief import brief, outline

MOST = 8
"""Operands that are told."""
_SECRET = re.compile(r"pass(?:w|phrase|code|\b)|pwd|secret|token|api_?key|credential|auth(?!or)", re.I)
"""Names of what is told by its size alone."""
LONGEST = 200
"""Characters of the expression."""


def failing(cells: set[str], trace: TracebackType | None) -> dict[str, Any]:
    """`expression`, `line` and `operands` of the innermost frame in a cell; empty when there is none."""
    try:
        inner = [(frame, line) for frame, line in traceback.walk_tb(trace) if frame.f_code.co_filename in cells]
        return _told(trace, *inner[-1]) if inner else {}
    except Exception:  # explaining a failure must never be one
        return {}


def _told(trace: TracebackType | None, frame: FrameType, line: int) -> dict[str, Any]:
    source, node = _node(trace, frame, line)
    found: dict[str, str] = {}
    for text, value in _operands(node, frame):
        secret = _SECRET.search(text) or (isinstance(value, dict) and _SECRET.search(" ".join(map(str, value))))
        found.setdefault(text, outline(value) if secret else brief(value))
    return {
        "expression": source[:LONGEST],
        "line": line,
        "operands": [[text, words] for text, words in list(found.items())[:MOST]],
    }


def _node(trace: TracebackType | None, frame: FrameType, line: int) -> tuple[str, ast.AST | None]:
    """The expression and its syntax; the line where the node is not known."""
    text = linecache.getline(frame.f_code.co_filename, line).strip()
    while trace is not None and trace.tb_frame is not frame:
        trace = trace.tb_next
    try:
        import executing

        found = executing.Source.executing(trace) if trace is not None else None
        if found is not None and isinstance(found.node, ast.AST):
            return " ".join(found.text().split()), found.node
    except Exception:  # no executing here, or code that it cannot map back
        pass
    try:
        return text, ast.parse(text)
    except SyntaxError:
        return text, None


def _operands(node: ast.AST | None, frame: FrameType) -> Iterator[tuple[str, Any]]:
    """Names in it, and attributes of names, with what they stand for."""
    for each in ast.walk(node) if node is not None else ():
        if isinstance(each, ast.Name):
            for scope in (frame.f_locals, frame.f_globals):
                if each.id in scope:
                    yield each.id, scope[each.id]
                    break
