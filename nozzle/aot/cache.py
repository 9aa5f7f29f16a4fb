"""Native code kept by content: the text it was made from, the processor, the versions.

A warm start finds the shared library, and loads neither MLIR nor a linker. Files are written whole and moved into
place, so that two processes may fill one cache; what `seal` does not know for this user's own work is made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nozzle.aot import mlir, seal
from nozzle.aot.lower.processor import Processor
from nozzle.aot.worker import WORKER, CompileFailed

if TYPE_CHECKING:
    import tempfile

VERSION = "1"
"""Of the way from text to library; raised when `mlir.PIPELINE` or the linking changes."""
MAKING = ".making-"
"""How folders begin that things are made in."""
OLD = 3600.0
"""Seconds after which such a folder is nobody's any more: its process was ended."""


@cache
def folder() -> Path:
    """`.nozzle/aot` of the repository that one stands in; else in the user's cache; of this process, for want of a key
    that lasts.
    """
    if not seal.lasting():
        return passing()
    if chosen := os.environ.get("NOZZLE_AOT_CACHE"):
        return Path(chosen)
    here = Path.cwd()
    for one in (here, *here.parents):
        if (one / ".nozzle").is_dir() or (one / ".git").exists():
            return one / ".nozzle" / "aot"
    return seal.home() / "aot"


@cache
def passing() -> Path:
    """A folder that lives as long as the process."""
    import tempfile

    _held.append(tempfile.TemporaryDirectory(prefix="nozzle-aot-"))
    return Path(_held[-1].name)


_held: list[tempfile.TemporaryDirectory[str]] = []


@cache
def machine() -> str:
    """The processor and what it can do, the system, the compiler."""
    flags = ""
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        flags = "\n".join(sorted({line for line in lines if line.startswith(("flags", "model name", "Features"))}))
    return "\n".join((VERSION, mlir.PIPELINE, platform.system(), platform.machine(), flags, compiler()))


@cache
def processor() -> Processor:
    """What native code for this machine may use."""
    flags = set(machine().split())
    width = 64 if "avx512f" in flags else 32 if "avx2" in flags else 16
    dots = {64: {"avx512_vnni"}, 32: {"avx512_vnni", "avx512vl"}}.get(width)
    return Processor(width, dots is not None and dots <= flags)


@cache
def compiler() -> str:
    """The bindings and their version; empty without."""
    name = mlir.found()
    package = {"mlir": "mlir_python_bindings", "torch_mlir": "torch_mlir", "mlir_finch": "finch_mlir"}.get(name, "")
    return f"{package.replace('_', '-')} {_version(name, package)}" if name else ""


def _version(name: str, package: str) -> str:
    """Of an installed package: from the folder beside it, for reading its metadata takes longer than a warm start."""
    for folder in mlir.folders(name):
        for beside in Path(folder).parent.glob(f"{package}-*.dist-info"):
            return beside.name.removeprefix(f"{package}-").removesuffix(".dist-info")
    import importlib.metadata

    return importlib.metadata.version(package)


@cache
def linker() -> str:
    """What makes a shared library of an object file; empty when there is nothing."""
    return next((path for path in map(shutil.which, ("ld", "ld.lld", "cc", "gcc", "clang")) if path), "")


def library(text: str, level: int = 3) -> tuple[Path, bool]:
    """The shared library made from this text, and whether it was there already. Raises CompileFailed."""
    path = place(text, level)
    if seal.fits(path):
        return path, True
    if not compiler():
        raise CompileFailed("there is no MLIR: pip install 'nozzle[aot]'")
    if not linker():
        raise CompileFailed("there is no linker: install binutils (ld), or a C compiler")
    return _made(path, "build", text=text, level=level, link=link()), False


def is_warm(text: str) -> bool:
    """Whether the library of a text is there."""
    return seal.fits(place(text))


def ptx(text: str) -> Path:
    """The kernels of this text for a GPU, as a file of PTX. Raises CompileFailed."""
    key = hashlib.sha256("\n".join((VERSION, mlir.KERNELS, mlir.CHIP, compiler(), text)).encode()).hexdigest()[:32]
    path = folder() / f"{key}.ptx"
    return path if seal.fits(path) else _made(path, "ptx", text=text)


def _made(path: Path, do: str, **request: Any) -> Path:
    """Have a file made for a place, and sealed; where it is then."""
    path, making = room(path)
    try:
        WORKER.ask(do, path=str(path), making=making, key=seal.key().hex(), **request)
    except CompileFailed:
        shutil.rmtree(making, ignore_errors=True)
        raise
    return path


def room(path: Path) -> tuple[Path, str]:
    """A place for a file, which is the one that is asked for if this process may write there; and where to make it."""
    import tempfile

    try:
        make(path.parent)
        return path, tempfile.mkdtemp(dir=path.parent, prefix=MAKING)
    except OSError:
        return passing() / path.name, tempfile.mkdtemp(dir=passing(), prefix=MAKING)


def make(folder: Path) -> None:
    """The folder, where there is none; git passes over it, whatever the repository says."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{MAKING}*"):
        with contextlib.suppress(FileNotFoundError):  # another process was quicker
            if left.stat().st_mtime < time.time() - OLD:
                shutil.rmtree(left, ignore_errors=True)
    top = folder.parent if folder.parent.name == ".nozzle" else folder
    if not (top / ".gitignore").exists():
        (top / ".gitignore").write_text("*\n")


def place(text: str, level: int = 3) -> Path:
    """Where the library of a text is kept."""
    key = hashlib.sha256(f"{machine()}\n{level}\n{text}".encode()).hexdigest()[:32]
    return folder() / f"{key}.so"


def link() -> list[str]:
    """The command that makes a shared library, less its name and what it is made of."""
    flags = ["-dynamiclib", "-undefined", "dynamic_lookup"] if platform.system() == "Darwin" else ["-shared"]
    return [linker(), *flags]
