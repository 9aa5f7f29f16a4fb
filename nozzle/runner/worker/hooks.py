"""What Python prints by itself (failures of threads and finalisers, warnings): without paths and addresses.

So that a replay on another machine prints the same.
"""

from __future__ import annotations

import linecache
import sys
import threading
import warnings
from typing import Any

from .frames import Frames


def install(frames: Frames) -> None:
    """Replace Python's three hooks."""
    usual = warnings.formatwarning

    def of_thread(failure: Any) -> None:
        if failure.exc_type is not SystemExit:
            _tell(f"Exception in thread {failure.thread.name if failure.thread else ''}:", failure)

    def ignored(failure: Any) -> None:
        place = getattr(failure.object, "__qualname__", type(failure.object).__qualname__)
        _tell(f"{failure.err_msg or 'Exception ignored in'}: {place}", failure)

    def warning(
        message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
    ) -> str:
        if frames.is_ours(filename):  # from what a library does when the cell is over
            return f"{category.__name__}: {message}\n"
        code = linecache.getline(filename, lineno) if line is None else line
        return usual(message, category, frames.name(filename), lineno, code)

    def _tell(head: str, failure: Any) -> None:
        told = frames.error(failure.exc_type, failure.exc_value, failure.exc_traceback)
        sys.stderr.write("\n".join([head, *told["traceback"], ""]))

    threading.excepthook = of_thread
    sys.unraisablehook = ignored
    warnings.formatwarning = warning
