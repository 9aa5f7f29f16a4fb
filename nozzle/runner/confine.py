"""The bounds of cells that an agent wrote: what of this machine they may read, and what they may change.

They bind a kernel for good: cells below one of an agent's run in the same bounds, for its variables may hold its code.
Landlock grants folders whole, so of a folder in which an entry could appear only what lies in it can be granted, and
nothing can be made there.
"""

import os
import platform
import shutil
import sys
import tempfile
import weakref
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from nozzle.runner.environment import cache_folder
from nozzle.runner.worker import sandbox

PRIVATE = (
    ".git", ".nozzle", "nozzle.toml", "nozzle.keys", "prompts", "pyproject.toml", ".github", ".gitignore", "site",
)  # fmt: skip
"""At the root of a journal: git's, nozzle's, what decides what runs and what agents are told, the site, and all names
with a dot before them."""
OF_PREFIX = ("bin", "lib", "lib64", "include", "share", "etc", "conda-meta", "pyvenv.cfg")
"""Of a journal that is itself an environment: what belongs to that."""
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt", "/etc", "/proc", "/sys", "/nix")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", sandbox.MEMORY)
"""No terminal. The memory that programs share is a kernel's own, where the system gives it one."""
HOME = (
    ".cache/huggingface/hub", ".cache/huggingface/datasets", ".cache/huggingface/modules", ".cache/torch",
    ".cache/matplotlib", ".cache/fontconfig", ".cache/numba", ".cache/pooch", ".cache/whisper", ".cache/clip",
    ".cache/jax", ".cache/uv", ".local/lib", ".local/bin", ".local/share/jupyter/kernels", ".local/share/uv/python",
    ".pyenv", ".conda/envs", ".conda/pkgs", "miniconda3", ".julia/packages", ".julia/artifacts", ".julia/compiled",
)  # fmt: skip
"""In the user's home: libraries and what they fetched, each by its name, for beside them lie tokens."""
RESOLVER = "/etc/resolv.conf"
"""How names of hosts are looked up; often a link to a folder that no cell is lent."""


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
    cpu: int = 0
    """Seconds of processor time that the kernel, or any program of its cells, may take from then on; 0: no limit."""
    temporary: str = ""
    """A folder of its own for temporary files."""

    def online(self) -> "Bounds":
        """The same with the network; its temporary folder goes when that of these bounds does."""
        return replace(self, network=True, read=(*self.read, os.path.realpath(RESOLVER)))

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
            ("writes only in folders of this journal in which no entry could appear (`_out` is one) and in shared "
             "memory", self.files),
            ("reads only it and libraries in your home", self.files), ("no network", self.network),
        ) if is_kept]  # fmt: skip
        return f"confined: {', '.join(kept)}" if kept else "not confined: this system has neither Landlock nor seccomp"


def possible(network: bool = False) -> Held:
    """What this system can keep to, before any cell has run; `network` is the one that cells are left."""
    version = sandbox.landlock_version() if sys.platform == "linux" else 0
    sockets = sys.platform == "linux" and platform.machine() in sandbox.SYSTEMS
    return Held(version > 0, sockets and not network, version >= 6)


def bounds(
    root: Path,
    folder: Path,
    shut: Collection[Path] = (),
    *,
    network: bool = False,
    at: Path | None = None,
    python: Path | None = None,
    programs: Collection[Path] = (),
    also: Collection[Path] = (),
    most: tuple[int, int, int] = (0, 0, 0),
) -> Bounds:
    """Of cells that run in `folder` of the journal at `root`, which they see `at` another place.

    What is `shut` (entries, and folders in which one could appear) is not theirs to write: nozzle acts upon it. Nor is
    what is installed, at any depth, the environment of `python`, which runs them and is named as they see it, and the
    folders of other `programs` that git starts for the author.
    They may read what lies `also` elsewhere. At `most` so many bytes of memory, bytes of a file, seconds of processor.
    """
    temporary = tempfile.mkdtemp(prefix="nozzle-cell-")
    installed = {*_installed(root), *_environment(python, root, at or root), *programs}
    seen = [str((at or root) / path.relative_to(root)) for path in _writable(root, folder, shut, installed)]
    write = [*seen, *DEVICES, temporary]
    libraries = (sys.prefix, sys.base_prefix, str(cache_folder()), *_of_home(root))
    read = [*SYSTEM, str(at or root), *libraries, *map(str, also), *([os.path.realpath(RESOLVER)] if network else [])]
    found = Bounds(tuple(write), tuple(read), network, *most, temporary)
    weakref.finalize(found, shutil.rmtree, temporary, ignore_errors=True)
    return found


def _writable(root: Path, folder: Path, shut: Collection[Path], installed: Collection[Path]) -> Iterator[Path]:
    """What lies at the root, without what is private, installed and shut; and the folder of the cells, unless it is."""
    closed = {*shut, *(ancestor for path in (*shut, *installed) for ancestor in path.parents)}
    yield from _open(root, closed, {*installed, *(root / name for name in PRIVATE)})
    if folder != root and folder not in closed and not {folder, *folder.parents} & {*installed}:
        yield folder


def _open(folder: Path, shut: Collection[Path], never: Collection[Path]) -> Iterator[Path]:
    """What of a folder may be granted: whole where nothing below it is shut, else piece by piece, and then no name with
    a dot before it: programs that the author starts obey what lies there.

    A right stays with a file when it is renamed, so none is given on what may become an entry: the next text of one,
    which nozzle or an editor has just written beside it.
    """
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or path in never or path.name.startswith(".") or (path.is_file() and ".md" in path.name):
            continue
        if path not in shut:
            yield path
        elif path.is_dir():
            yield from _open(path, shut, never)


def _installed(root: Path) -> Iterator[Path]:
    """Where programs lie that cells of the author, git or an editor run, and that no step shows: at any depth. So do
    those of a repository within this one (a submodule, a clone), whose `.git` says what git starts for the author."""
    from nozzle.settings import MADE  # not on a machine where cells of other machines' journals run

    for name, folders, files in os.walk(root):
        folder = Path(name)
        if ".git" in (*folders, *files) and folder != root:
            yield folder
            folders.clear()
            continue
        is_prefix = "pyvenv.cfg" in files or "conda-meta" in folders or (folder / "bin" / "python").exists()
        if is_prefix and folder != root:
            yield folder
            folders.clear()
            continue
        within = OF_PREFIX if is_prefix else ()
        yield from (folder / each for each in (*folders, *files) if each in MADE or each in within)
        folders[:] = [each for each in folders if not (each in MADE or each in within)]


def _environment(python: Path | None, root: Path, seen_at: Path) -> Iterator[Path]:
    """The interpreter, and the folder that it was installed in, where these lie in the journal."""
    for path in (python, python.parent.parent) if python else ():
        if path.is_relative_to(seen_at) and path != seen_at:
            yield root / path.relative_to(seen_at)


def _of_home(root: Path) -> list[str]:
    home = Path.home()
    return [str(home / name) for name in HOME if (home / name).exists() and home / name != root]
