"""Libraries imported before any cell does it: in a process from which kernels are woken that would import them first.

Nothing of that is to be seen but the time it saves: what an import does beyond loading (prints, writes, starts a
program, reaches out) would be missing where the cell does it, so then there is no such process.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .own import os, time

if TYPE_CHECKING:
    from .loop import Kernel
    from .streams import Streams


def load(kernel: Kernel, name: str) -> dict[str, Any]:
    """Import an installed library: the seconds it took, and the files it came from as they are; or `why` it is none."""
    there, began = set(sys.modules), time.monotonic()
    top = name.partition(".")[0]
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not kernel.packages.holds(spec.origin):
        return {"t": "unloaded", "why": f"{top} is no installed library"}
    kernel.traces.begin()
    with _printed(kernel.streams) as said:
        try:
            importlib.import_module(name)
            why = ""
        except Exception as error:  # whatever it is, the cell will tell it
            why = f"{name}: {type(error).__name__}"
        why = why or ("it prints" if os.fstat(said).st_size else "")
    traces = kernel.traces.end()
    if why or any(traces[each] for each in ("writes", "elsewhere", "effects", "spawned")):
        return {"t": "unloaded", "why": why or f"{name} does more than load"}
    kernel.packages.learn()
    modules = [module for other, module in list(sys.modules.items()) if other not in there]
    files = {file for module in modules if isinstance(file := getattr(module, "__file__", None), str)}
    files |= {*kernel.traces.inputs} | kernel.packages.folders  # what is installed there later may change what it does
    return {"t": "loaded", "seconds": time.monotonic() - began, "files": _stamps(files)}


def draw_anew() -> None:
    """A generator that was seeded when its library was imported is seeded for this process alone."""
    numbers = sys.modules.get("numpy.random")
    if numbers is not None:
        numbers.seed()


def _stamps(files: set[str]) -> list[tuple[str, int, int]]:
    found = []
    for file in sorted(files):
        try:
            status = os.stat(file)
        except OSError:
            continue  # it lies in an archive, or was made up
        found.append((file, status.st_mtime_ns, status.st_size))
    return found


@contextlib.contextmanager
def _printed(streams: Streams) -> Iterator[int]:
    """An open file with all that is printed meanwhile."""
    said, usual, streams.unheard = os.memfd_create("nozzle"), [os.dup(1), os.dup(2)], True
    try:
        for standard in (1, 2):
            os.dup2(said, standard)
        yield said
    finally:
        for standard, before in enumerate(usual, 1):
            os.dup2(before, standard)
            os.close(before)
        os.close(said)
        streams.unheard, streams.last = False, None
