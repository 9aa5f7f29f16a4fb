"""Versions of the distributions whose modules a cell imported: looked at only when it imported something new."""

from __future__ import annotations

import os
import re
import sys
import sysconfig
from typing import Any


class Packages:
    """Remembers which modules were there, and which distribution each belongs to."""

    def __init__(self) -> None:
        self._sites = sites()
        self._python = {"python": ".".join(map(str, sys.version_info[:3]))}
        self._known: dict[str, dict[str, str]] = {}
        self._seen = set(sys.modules)

    def new(self) -> dict[str, str]:
        """Name and version of each distribution that came since the last call, and of Python."""
        names = sys.modules.keys() - self._seen
        if not names:
            return self._python
        self._seen |= names
        found = {}
        for top in sorted(name for name in names if "." not in name and self._is_installed(name)):
            found.update(self.versions(top))
        return {**found, **self._python}

    def learn(self) -> None:
        """Look up now what `new` will say."""
        for top in [name for name in sys.modules.keys() - self._seen if "." not in name and self._is_installed(name)]:
            self.versions(top)

    @property
    def folders(self) -> set[str]:
        """Where libraries are installed."""
        return {site.rstrip(os.sep) for site in self._sites}

    def holds(self, path: Any) -> bool:
        """Whether a module's file is where libraries are installed."""
        return isinstance(path, str) and path.startswith(self._sites)

    def _is_installed(self, top: str) -> bool:
        module = sys.modules.get(top)
        return any(map(self.holds, [getattr(module, "__file__", None), *getattr(module, "__path__", ())]))

    def versions(self, top: str) -> dict[str, str]:
        """Name and version of each distribution that a module is of, as they were when it was first asked for."""
        if top not in self._known:
            self._known[top] = self._looked_up(top)
        return self._known[top]

    def _looked_up(self, top: str) -> dict[str, str]:
        from importlib import metadata

        try:
            return {_canonical(top): metadata.version(top)}
        except metadata.PackageNotFoundError:
            pass
        found = {}
        for name in sorted(self._owners(top)):
            try:
                found[_canonical(name)] = metadata.version(name)
            except metadata.PackageNotFoundError:
                continue  # half removed
        return found

    def _owners(self, top: str) -> set[str]:
        """The distributions that say that a module is theirs; `importlib.metadata` would parse what all of them say."""
        line = re.compile(rb"(?m)^" + re.escape(top.encode()) + rb"(?:/|\.py,|\.[^/,]*\.(?:so|pyd),|\r?$)")
        found = set()
        for site in set(self._sites):
            for folder in os.listdir(site) if os.path.isdir(site) else ():
                kind = folder.rpartition(".")[2]
                lists = {"dist-info": ("top_level.txt", "RECORD"), "egg-info": ("top_level.txt",)}.get(kind, ())
                said = next(filter(None, (_content(os.path.join(site, folder, name)) for name in lists)), b"")
                if line.search(said):
                    found.add(folder.split("-")[0])
        return found


def sites() -> tuple[str, ...]:
    """Where libraries are installed."""
    paths = sysconfig.get_paths()
    return tuple(os.path.join(paths[key], "") for key in ("purelib", "platlib"))


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _canonical(name: str) -> str:
    """
    >>> _canonical("Matplotlib_inline")
    'matplotlib-inline'
    """
    return re.sub(r"[-_.]+", "-", name).lower()
