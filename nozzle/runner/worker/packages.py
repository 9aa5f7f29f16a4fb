"""Versions of the distributions whose modules a cell imported: looked at only when it imported something new."""

from __future__ import annotations

import os
import re
import sys
import sysconfig
from collections.abc import Mapping


class Packages:
    """Remembers which modules were there, and which distribution each belongs to."""

    def __init__(self) -> None:
        paths = sysconfig.get_paths()
        self._sites = tuple(os.path.join(paths[key], "") for key in ("purelib", "platlib"))
        self._python = {"python": ".".join(map(str, sys.version_info[:3]))}
        self._owners: Mapping[str, list[str]] | None = None
        self._seen = set(sys.modules)

    def new(self) -> dict[str, str]:
        """Name and version of each distribution that came since the last call, and of Python."""
        names = sys.modules.keys() - self._seen
        if not names:
            return self._python
        self._seen |= names
        found = {}
        for top in sorted(name for name in names if "." not in name and self._is_installed(name)):
            found.update(self._versions(top))
        return {**found, **self._python}

    def _is_installed(self, top: str) -> bool:
        module = sys.modules.get(top)
        paths = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
        return any(isinstance(path, str) and path.startswith(self._sites) for path in paths)

    def _versions(self, top: str) -> dict[str, str]:
        from importlib import metadata

        try:
            return {_canonical(top): metadata.version(top)}
        except metadata.PackageNotFoundError:
            pass
        if self._owners is None or top not in self._owners:
            self._owners = metadata.packages_distributions() if sys.version_info >= (3, 10) else {}
        return {_canonical(name): metadata.version(name) for name in self._owners.get(top, [])}


def _canonical(name: str) -> str:
    """
    >>> _canonical("Matplotlib_inline")
    'matplotlib-inline'
    """
    return re.sub(r"[-_.]+", "-", name).lower()
