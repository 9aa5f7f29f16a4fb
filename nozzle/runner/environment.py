"""The environment of every kernel: the same on every machine, and without the author's keys, which the caller names."""

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

FIXED = {
    "PYTHONHASHSEED": "0",
    "PYTHONUNBUFFERED": "1",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "SOURCE_DATE_EPOCH": "315532800",  # 1980, the earliest date in a zip file; matplotlib writes it into SVG
}
DROPPED = ("PYTHONHOME", "PYTHONSAFEPATH", "PYTHONINSPECT", "VIRTUAL_ENV", "COLUMNS", "LINES", "LANGUAGE")
MARK = "NOZZLE_KERNEL"
"""Names the kernels that a process belongs to, outermost first, so that none is left behind."""


def environment(outer: Mapping[str, str], python: Path, token: str, secret_names: Iterable[str]) -> dict[str, str]:
    """What a kernel under the interpreter `python` gets of the environment `outer`: all but what names a secret."""
    left_out = {*secret_names, *DROPPED}
    kept = {name: value for name, value in outer.items() if name not in left_out}
    folders = [str(python.parent), *filter(None, outer.get("PATH", os.defpath).split(os.pathsep))]
    cache = cache_folder()
    environment = {
        **kept,
        **FIXED,
        "PATH": os.pathsep.join(dict.fromkeys(folders)),
        "IPYTHONDIR": str(cache / "ipython"),
        "MPLCONFIGDIR": str(cache / "matplotlib"),
        MARK: ":".join(filter(None, (outer.get(MARK), token))),
    }
    if (python.parent.parent / "pyvenv.cfg").exists():
        environment["VIRTUAL_ENV"] = str(python.parent.parent)
    return environment


@cache
def cache_folder() -> Path:
    """A folder of our own for what IPython and matplotlib want to keep, outside every repository."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nozzle" / "kernel"
    try:
        return _furnished(base)
    except OSError:
        return _furnished(Path(tempfile.gettempdir()) / f"nozzle-kernel-{os.getuid()}")


def lent_folders() -> list[str]:
    """Where nozzle's own IPython lies, for interpreters of the same version that have none."""
    found = importlib.util.find_spec("IPython")
    return [str(Path(found.origin).parent.parent)] if found and found.origin else []


def own_version() -> list[int]:
    """The version of Python that must be the same for IPython to be lent."""
    return list(sys.version_info[:2])


def _furnished(folder: Path) -> Path:
    (folder / "ipython").mkdir(parents=True, exist_ok=True)
    style = folder / "matplotlib" / "matplotlibrc"
    style.parent.mkdir(exist_ok=True)
    if not style.exists():
        style.write_text("svg.hashsalt: nozzle\n")
    return folder
