"""Which Python runs the cells: the project's own, found as the project says, and why that one.

Nothing is installed or changed; what an interpreter lacks is told in plain words.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nozzle.errors import Missing
from nozzle.runner.kernelspec import Kernelspec, Kernelspecs

PROBE = "import sys, importlib.util as u; print('%d.%d.%d' % sys.version_info[:3], bool(u.find_spec('IPython')))"

OLDEST = (3, 10)
LENDS = "no IPython in the Python of the cells, so nozzle lends its own; `pip install ipython` there gives it one"
LACKS = "no IPython in the Python of the cells: no rich display, no magics; `pip install ipython` there gives it one"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that can run cells."""

    path: Path
    why: str
    """Who chose it: "settings", "kernelspec NAME", "the project's .venv", "VIRTUAL_ENV", "nozzle's own"."""
    version: str = ""
    missing: str = ""
    """What it lacks and what that costs; empty when nothing."""
    lends: bool = False
    """It has no IPython, and is of the version for which nozzle's own can be used."""


def find_interpreter(root: Path | None, *, named: str = "", kernelspec: str = "") -> Interpreter:
    """The first that there is of: named in the settings, the entry's kernelspec, `.venv`, VIRTUAL_ENV, nozzle's own.

    With no `root` nothing that lies in the journal is asked or run: it may be somebody else's.
    Raises Missing when the settings or the entry name one that is not there.
    """
    for path, why in _candidates(root, named, kernelspec):
        return _probed(path, why)
    raise Missing("no Python to run cells with")


def _candidates(root: Path | None, named: str, kernelspec: str) -> Iterator[tuple[Path, str]]:
    if named and root:
        yield _named(root, named), "settings"
    if kernelspec and (path := _of_kernelspec(root, kernelspec)):
        yield path, f"kernelspec {kernelspec}"
    for folder, why in (
        (str(root / ".venv") if root else "", "the project's .venv"),
        (os.environ.get("VIRTUAL_ENV", ""), "VIRTUAL_ENV"),
    ):
        python = Path(folder, "bin", "python")
        if folder and (os.path.lexists(python) or Path(folder, "pyvenv.cfg").exists()):  # one that is broken is told
            yield python, why
    yield Path(sys.executable), "nozzle's own"


def _named(root: Path, named: str) -> Path:
    """A path (of the interpreter or of its environment, from the root on), or a command."""
    path = root / Path(named).expanduser()
    if path.is_dir():
        path = path / "bin" / "python"
    if path.exists():
        return path
    if os.sep not in named and (found := shutil.which(named)):
        return Path(found)
    raise Missing(f"the settings name the Python {named}, which is not there: name another, or make it")


def _of_kernelspec(root: Path | None, name: str) -> Path | None:
    """The interpreter that a Jupyter kernelspec starts; None for one of another language, whose cells it does not run,
    and for an unknown `python3`, which just means Python."""
    spec = Kernelspecs(root).named(name)
    if spec is None and name != "python3":
        raise Missing(f"no Jupyter kernelspec {name} on this machine: `jupyter kernelspec list` shows those there are")
    return _started_by(spec) if spec and spec.language == "python" else None


def _started_by(spec: Kernelspec) -> Path:
    beside = spec.folder.parent.parent.parent.parent / "bin" / spec.command
    if os.sep not in spec.command and beside.exists():
        return beside
    if found := shutil.which(spec.command):
        return Path(found)
    raise Missing(f"{spec.folder / 'kernel.json'} starts {spec.command}, which is not there: install that kernel again")


def _probed(path: Path, why: str) -> Interpreter:
    if _is_own(path):
        version, has_ipython = ".".join(map(str, sys.version_info[:3])), importlib.util.find_spec("IPython") is not None
    else:
        version, has_ipython = _asked(path, why)
    if has_ipython:
        return Interpreter(path, why, version)
    if tuple(version.split(".")[:2]) == tuple(map(str, sys.version_info[:2])):
        return Interpreter(path, why, version, LENDS, lends=True)
    return Interpreter(path, why, version, LACKS)


def _is_own(path: Path) -> bool:
    """Whether it is the one that runs here, by this name or by another in the same folder (`python`, `python3`)."""
    own = Path(sys.executable)
    return path == own or (path.parent == own.parent and path.exists() and path.samefile(own))


def _asked(path: Path, why: str) -> tuple[str, bool]:
    try:
        asked = subprocess.run([path, "-c", PROBE], capture_output=True, text=True, check=True, timeout=60)
        version, has_ipython = asked.stdout.split()
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise Missing(f"{path} ({why}) does not run: {error}. Make that environment again or name another") from error
    if tuple(map(int, version.split(".")[:2])) < OLDEST:
        raise Missing(f"{path} ({why}) is Python {version}: cells need {OLDEST[0]}.{OLDEST[1]} or newer, name another")
    return version, has_ipython == "True"
