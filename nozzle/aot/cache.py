"""Native code kept by content: the text it was made from, the processor, the versions.

A warm start finds the shared library, and loads neither MLIR nor a linker. Files are written whole and moved into
place, so that two processes may fill one cache.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
from functools import cache
from pathlib import Path

from nozzle.aot import mlir
from nozzle.aot.lower.processor import Processor
from nozzle.aot.worker import WORKER, CompileFailed

VERSION = "1"
"""Of the way from text to library; raised when `mlir.PIPELINE` or the linking changes."""


@cache
def folder() -> Path:
    """`.nozzle/aot` of the repository that one stands in; else in the user's cache."""
    chosen = os.environ.get("NOZZLE_AOT_CACHE")
    if chosen:
        return Path(chosen)
    here = Path.cwd()
    for one in (here, *here.parents):
        if (one / ".nozzle").is_dir() or (one / ".git").exists():
            return one / ".nozzle" / "aot"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nozzle" / "aot"


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
    if path.exists():
        return path, True
    if not compiler():
        raise CompileFailed("there is no MLIR: pip install 'nozzle[aot]'")
    if not linker():
        raise CompileFailed("there is no linker: install binutils (ld), or a C compiler")
    import tempfile

    make(path.parent)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".making-") as making:
        made = Path(making) / "x.o"
        WORKER.ask("build", text=text, path=str(made), level=level)
        linked = Path(making) / "x.so"
        link(made, linked)
        linked.replace(path)
    return path, False


def ptx(text: str) -> Path:
    """The kernels of this text for a GPU, as a file of PTX. Raises CompileFailed."""
    key = hashlib.sha256("\n".join((VERSION, mlir.KERNELS, mlir.CHIP, compiler(), text)).encode()).hexdigest()[:32]
    path = folder() / f"{key}.ptx"
    if not path.exists():
        import tempfile

        made = str(WORKER.ask("ptx", text=text)["text"])
        make(path.parent)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".making-") as making:
            whole = Path(making) / "x.ptx"
            whole.write_text(made)
            whole.replace(path)
    return path


def make(folder: Path) -> None:
    """The folder, where there is none; git passes over it, whatever the repository says."""
    folder.mkdir(parents=True, exist_ok=True)
    top = folder.parent if folder.parent.name == ".nozzle" else folder
    if not (top / ".gitignore").exists():
        (top / ".gitignore").write_text("*\n")


def place(text: str, level: int = 3) -> Path:
    """Where the library of a text is kept."""
    key = hashlib.sha256(f"{machine()}\n{level}\n{text}".encode()).hexdigest()[:32]
    return folder() / f"{key}.so"


def link(source: Path, target: Path) -> None:
    """A shared library of one object file."""
    import subprocess

    flags = ["-dynamiclib", "-undefined", "dynamic_lookup"] if platform.system() == "Darwin" else ["-shared"]
    done = subprocess.run([linker(), *flags, "-o", str(target), str(source)], capture_output=True, text=True)
    if done.returncode:
        raise CompileFailed(f"{linker()} failed: {done.stderr.strip()[:500]}")
