"""Files beside an entry stand for no library: what nozzle, IPython or any library imports is found elsewhere first.

A module beside the entry is for those who name it there: the cells, and other modules of the repository. Whoever else
imports `glob` means the standard library's, whoever put a `glob.py` into the folder. It refuses to hide a module: what
is found nowhere else is found beside the entry, by everyone, for libraries import by names that they were given.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import os
import sys
from collections.abc import Container, Sequence
from types import ModuleType

_IMPORTING = os.path.join(os.path.dirname(importlib.__file__), "")


class Elsewhere:
    """The finder that is asked before the path of imports is searched."""

    def __init__(self, root: str, cells: Container[str]) -> None:
        self._root = os.path.join(os.path.realpath(root), "")
        self._cells = cells
        self._inside: dict[str, bool] = {}
        libraries = os.path.join(os.path.realpath(sys.prefix), "")
        self._libraries = "" if self._root.startswith(libraries) else libraries

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Answer for what a library imports, and for what only the standard library imports by such a name."""
        is_private = name.startswith("_") and name in sys.stdlib_module_names
        if path is not None or not (is_private or self._is_library(_importer())):
            return None
        outside = [folder for folder in sys.path if not self._is_inside(folder)]
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            if finder is importlib.machinery.PathFinder:
                found = importlib.machinery.PathFinder.find_spec(name, outside)
            else:
                found = finder.find_spec(name, None, target)
            if found is not None:
                return found
        return None

    def _is_library(self, file: str) -> bool:
        return file not in self._cells and (file.startswith("<") or not self._is_inside(file))

    def _is_inside(self, path: str) -> bool:
        """Whether it lies in the repository, and is none of the libraries that were installed there."""
        if path not in self._inside:
            real = os.path.join(os.path.realpath(path), "")
            mine = not self._libraries or not real.startswith(self._libraries)
            self._inside[path] = real.startswith(self._root) and mine
        return self._inside[path] if os.path.isabs(path) else self._inside.pop(path)


def _importer() -> str:
    """The file of whoever imports; the machinery of importing itself is nobody."""
    frame = sys._getframe(2)
    while frame.f_back is not None:
        file = frame.f_code.co_filename
        if not file.startswith(("<frozen importlib", _IMPORTING)):
            return file
        frame = frame.f_back
    return ""


def prefer(root: str, cells: Container[str]) -> None:
    """Look for what libraries import elsewhere than in the repository first; `cells` are the names of their codes."""
    finders = sys.meta_path
    at = finders.index(importlib.machinery.PathFinder) if importlib.machinery.PathFinder in finders else len(finders)
    finders.insert(at, Elsewhere(root, cells))
