"""The bounds of cells that an agent wrote: what of this machine they may read, and what they may change.

They bind a kernel for good: cells below one of an agent's run in the same bounds, for its variables may hold its code.
Landlock grants folders whole, so a folder that holds an entry is writable with the entry in it; who allows such a cell
looks whether the entry changed while it ran.
"""

import shutil
import sys
import tempfile
import weakref
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PRIVATE = (".git", ".nozzle", "nozzle.toml", "nozzle.keys", "pyproject.toml", ".github", ".gitignore")
"""At the root of a journal: git's, nozzle's, and what decides what runs."""
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt", "/etc", "/proc", "/sys", "/dev", "/nix")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/shm", "/dev/tty")


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Bounds:
    """Given to a kernel before its first cell that an agent wrote."""

    write: tuple[str, ...]
    read: tuple[str, ...]
    network: bool = False
    memory: int = 0
    """Bytes of address space; 0: no limit."""
    file: int = 0
    """Bytes of the largest file; 0: no limit."""
    temporary: str = ""
    """A folder of its own for temporary files."""

    def message(self) -> dict[str, Any]:
        """As the worker takes it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Held:
    """Which bounds the system keeps to."""

    files: bool
    network: bool
    signals: bool

    @property
    def label(self) -> str:
        """In plain words, for a person who allows a cell."""
        kept = [word for word, is_kept in (
            ("writes only in this journal", self.files), ("reads no keys", self.files), ("no network", self.network),
        ) if is_kept]  # fmt: skip
        return f"confined: {', '.join(kept)}" if kept else "not confined: this system has neither Landlock nor seccomp"


def bounds(
    root: Path, folder: Path, entries: Collection[Path] = (), *, network: bool = False, at: Path | None = None
) -> Bounds:
    """Of cells that run in `folder` of the journal at `root`, which they see `at` another place, with its `entries`."""
    temporary = tempfile.mkdtemp(prefix="nozzle-cell-")
    seen = [str((at or root) / path.relative_to(root)) for path in _writable(root, folder, entries)]
    write = [*seen, *DEVICES, temporary]
    read = [*SYSTEM, str(at or root), sys.prefix, sys.base_prefix, *_of_home(root)]
    found = Bounds(tuple(write), tuple(read), network, temporary=temporary)
    weakref.finalize(found, shutil.rmtree, temporary, ignore_errors=True)
    return found


def _writable(root: Path, folder: Path, entries: Collection[Path]) -> list[Path]:
    """What lies at the root, without what is private and without entries; and the folder of the cells."""
    there = {path for path in root.iterdir() if path.name not in PRIVATE} - set(entries)
    wanted = [path for path in sorted(there) if not path.is_symlink()]
    if folder != root:
        wanted.append(folder)
    return wanted


def _of_home(root: Path) -> list[str]:
    """In the user's home, libraries and caches: no keys, no settings, no documents."""
    home = Path.home()
    names = (".cache", ".local/lib", ".local/bin", ".local/share/jupyter", ".pyenv", ".conda", "miniconda3", ".julia")
    return [str(home / name) for name in names if (home / name).exists() and home / name != root]
