"""Where the code that is loaded comes from: of an installed library its version, of any other module its file.

What a value does is said by the class it is of, so that belongs to what a cell read; and a kernel goes on with what it
loaded, whatever is there by now. So both are taken as they were when a module came.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import types
from importlib import metadata
from typing import TYPE_CHECKING, Any

from .content import Refused, of_file
from .traces import stamp

if TYPE_CHECKING:
    from .packages import Packages

OWN = ("__main__", "_nozzle")


class Origins:
    """Remembers of each module that is no installed library how its file looked when it was loaded."""

    def __init__(self, root: str, packages: Packages) -> None:
        self._packages = packages
        paths = sysconfig.get_paths()
        repository = os.path.join(os.path.realpath(root), "")
        self._told_apart = tuple(os.path.join(each, "") for each in (paths["stdlib"], paths["platstdlib"]))
        self._told_apart += (os.path.join(root, ""), repository)
        """Python tells its version by itself, and modules of the repository are looked into."""
        self._seen: set[str] = set()
        self._stamps: dict[str, tuple[int, ...] | None] = {}

    def note(self, since: int) -> None:
        """Look at what was loaded since the last call, by code that began to run at that time (nanoseconds)."""
        for name in sys.modules.keys() - self._seen:
            if path := self._file(name, sys.modules[name]):
                seen = stamp(path)
                self._stamps[path] = seen if seen[:1] < (since,) else None
            self._seen.add(name)

    def told(self) -> dict[str, Any]:
        """Versions and digests, by name and path; Refused where a file is no longer the one that was loaded."""
        modules = dict(sys.modules)
        tops = {name.partition(".")[0] for name, module in modules.items() if self._is_installed(module)}
        found = {top: self._packages.versions(top) for top in tops}
        versions = {name: version for each in found.values() for name, version in each.items()}
        files = {}
        for name, module in modules.items():
            path = self._file(name, module)
            if not path and self._is_installed(module) and not found[name.partition(".")[0]]:
                path = _path(module)  # no package that is known brought it
            elif path and self._stamps.get(path) != stamp(path):
                raise Refused(f"the file of {name} is another since it was loaded")
            if path:
                files[path] = of_file(path)
        return {"versions": versions, "files": files}

    def _file(self, name: str, module: Any) -> str:
        """The file of a module that neither a version nor anything else tells; empty for all others."""
        path = _path(module)
        if not path or name.startswith(OWN) or self._packages.holds(path) or path.startswith(self._told_apart):
            return ""
        return path

    def _is_installed(self, module: Any) -> bool:
        return self._packages.holds(_path(module))


def hold(told: dict[str, Any]) -> bool:
    """Whether all of that is there, as it was told."""
    same = all(_version(name) == version for name, version in told["versions"].items())
    return same and all(of_file(path) == held for path, held in told["files"].items())


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _path(module: Any) -> str:
    """Where it was loaded from, if that is a file."""
    path = vars(module).get("__file__") if issubclass(type(module), types.ModuleType) else None
    return path if isinstance(path, str) else ""
