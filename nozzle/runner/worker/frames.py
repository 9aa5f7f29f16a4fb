"""An exception as plain text: the author's frames, cell lines numbered within their cell, no path of this machine.

Nothing here depends on the run: no count, no address, no temporary name. So a replay says the same words.
"""

from __future__ import annotations

import linecache
import os
import site
import sys
import sysconfig
import traceback
from typing import Any

from .operands import failing

LINES, WIDTH, VALUE = 120, 2000, 10_000
"""What a traceback may cost: lines in all, characters in a line, characters in the exception's own words."""


class Frames:
    """Tells the author's frames from the machinery's, and names files so that the name means the same elsewhere."""

    def __init__(self, root: str) -> None:
        self.cells: set[str] = set()
        """The names that code of cells has."""
        here = os.path.dirname(__file__)
        compiler = os.path.join(os.path.dirname(os.path.dirname(here)), "aot")
        self._ours: tuple[str, ...] = (here + os.sep, compiler + os.sep)
        self._short = [os.path.join(folder, "") for folder in [*_libraries(), root]]

    def leave_out(self, *folders: str) -> None:
        """Frames under these folders are the machinery's."""
        self._ours += tuple(os.path.join(folder, "") for folder in folders)

    def error(self, kind: type[BaseException], value: BaseException | None, trace: Any) -> dict[str, Any]:
        """The message for an exception."""
        if kind is KeyboardInterrupt and not self._reaches_a_cell(trace):
            trace = None
        summary = traceback.TracebackException(kind, value or kind(), trace, compact=True)
        self._clean(summary, set())
        lines = "".join(summary.format()).splitlines()
        return {
            **failing(self.cells, trace),
            "t": "error",
            "ename": kind.__name__,
            "evalue": _cut(_words(value), VALUE),
            "traceback": [_cut(line, WIDTH) for line in _middle_out(lines)],
        }

    def _reaches_a_cell(self, trace: Any) -> bool:
        return any(frame.f_code.co_filename in self.cells for frame, _ in traceback.walk_tb(trace))

    def _clean(self, summary: Any, seen: set[int]) -> None:
        """Do it for the exception and for all that it holds, was caused by or came during."""
        if summary is None or id(summary) in seen:
            return
        seen.add(id(summary))
        summary.stack[:] = self._authors(summary.stack)
        for frame in summary.stack:
            frame.filename = self.name(frame.filename)
        if isinstance(getattr(summary, "filename", None), str):
            if summary.filename in self.cells and not any(frame.filename in self.cells for frame in summary.stack):
                summary.stack.clear()
            summary.filename = self.name(summary.filename)
        if not summary.stack:
            summary.stack = None
        for other in (summary.__cause__, summary.__context__, *(getattr(summary, "exceptions", None) or ())):
            self._clean(other, seen)

    def _authors(self, stack: list[Any]) -> list[Any]:
        """From the first frame of a cell on, when there is one; none of the machinery's."""
        first = next((index for index, frame in enumerate(stack) if frame.filename in self.cells), 0)
        return [frame for frame in stack[first:] if not frame.filename.startswith(self._ours)]

    def is_ours(self, path: str) -> bool:
        """Whether a file is one of the kernel's own."""
        return path.startswith(self._ours)

    def name(self, path: str) -> str:
        """`path` from its library's or the repository's folder on."""
        for folder in self._short:
            if path.startswith(folder):
                return path[len(folder) :]
        return path


def remember(name: str, source: str) -> None:
    """Let tracebacks and inspect find the lines of a cell."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)


def _libraries() -> list[str]:
    paths = sysconfig.get_paths()
    folders = {paths[key] for key in ("purelib", "platlib", "stdlib", "platstdlib")}
    folders.update(site.getsitepackages())
    folders.update(entry for entry in sys.path if os.path.basename(entry) in ("site-packages", "dist-packages"))
    return sorted((folder for folder in folders if folder), key=len, reverse=True)


def _words(value: BaseException | None) -> str:
    try:
        return "" if value is None else str(value)
    except BaseException:  # the author's own __str__ may do anything
        return "<exception str() failed>"


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else f"{text[:size]} [{len(text) - size} more characters]"


def _middle_out(lines: list[str]) -> list[str]:
    if len(lines) <= LINES:
        return lines
    half = LINES // 2
    return [*lines[:half], f"  [{len(lines) - 2 * half} more lines]", *lines[-half:]]
