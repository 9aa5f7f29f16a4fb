"""Workers that stand before the first cell, frozen: bare ones, and some with the usual imports done.

Waking one takes a tenth of starting one, and nobody waits for `import numpy, pandas, matplotlib`. What is woken must be
what a fresh start would have made: a worker with imports done serves a first cell that begins with these imports and
nothing before them, while the files that they came from are as they were and none in the folder has their names.
"""

import os
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nozzle.runner.kernel import Image, Kernel, Loaded, Python, Tainted
from nozzle.runner.process import Place

MOST = 20
"""Places for which a bare worker stands ready."""
WORTH = 0.03
"""Seconds of imports that are worth a process."""
READ_IN_PLACE = ("matplotlibrc",)
"""Names of files in the cells' folder that a library reads as it begins."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker that has imported these, and done nothing else."""

    names: tuple[str, ...]
    image: Image
    files: tuple[tuple[str, int, int], ...]
    """What they came from: path, time of change (ns), bytes."""

    def serves(self, opening: Sequence[str], folder: Path) -> bool:
        """Whether a cell in this folder that begins by importing these would come to the same."""
        tops = {name.partition(".")[0] for name in self.names}
        first: set[str] = set()
        for name in opening:
            top = name.partition(".")[0]
            if top not in tops | sys.stdlib_module_names or (folder / top).is_dir() or (folder / f"{top}.py").exists():
                break
            first.add(name)
        return first.issuperset(self.names) and self._is_as_it_was(folder)

    def _is_as_it_was(self, folder: Path) -> bool:
        if any((folder / name).exists() for name in READ_IN_PLACE):
            return False
        try:
            return all(_stamp(path) == (when, size) for path, when, size in self.files)
        except OSError:
            return False


class Beginnings:
    """May be used from any thread."""

    def __init__(self, budget: int) -> None:
        """`budget` is in bytes, for those with imports done."""
        self._budget = budget
        self._bare: dict[Place, Image] = {}
        self._ready: dict[Place, list[Ready]] = {}
        self._making: dict[Place, object] = {}
        """Whoever prepares for a place; when somebody else does, what it made is not needed."""
        self._lock = threading.Lock()

    def bare(self, place: Place) -> Image | None:
        """A Python worker that has run and imported nothing, for this place."""
        with self._lock:
            return self._bare.get(place) or self._bare.get(place.kind)

    def keep_bare(self, place: Place, image: Image | None) -> None:
        """Start from this one from now on; from none, when it is no more."""
        with self._lock:
            self._bare.pop(place, None)
            self._bare.pop(place.kind, None)
            if image is not None and len(self._bare) < MOST:
                self._bare[place] = image

    def ready(self, place: Place, opening: Sequence[str]) -> Ready | None:
        """One with the most of these imports done, and no others."""
        if not opening:
            return None
        with self._lock:
            there = [*self._ready.get(place, ()), *self._ready.get(place.kind, ())]
        there.sort(key=lambda each: -len(each.names))
        return next((each for each in there if each.serves(opening, place.folder)), None)

    def forget(self, ready: Ready) -> None:
        """It is no more."""
        with self._lock:
            for there in self._ready.values():
                there[:] = [each for each in there if each is not ready]

    def rows(self) -> list[tuple[tuple[str, ...], int]]:
        """What each of those with imports done has imported, and the bytes that only it holds."""
        with self._lock:
            there = [each for found in self._ready.values() for each in found]
        return [(each.names, each.image.memory()) for each in there]

    def clear(self) -> None:
        """Give all of them up, and those that are being made."""
        with self._lock:
            self._bare.clear()
            self._ready.clear()
            self._making.clear()

    def prepare(self, place: Place, names: Sequence[str], begin: Callable[[], Kernel]) -> None:
        """Let workers stand ready here with these imports done, one after the other; those that were there go.

        A library that is not installed, or does more than load, is left out with those behind it. `begin` gives a bare
        worker, or raises what starting one raises.
        """
        with self._lock:
            turn = self._making[place] = object()
        kernel = begin()
        found: list[Ready] = []
        try:
            if isinstance(kernel, Python):
                found = self._stages(kernel, names, lambda: self._making.get(place) is not turn)
        finally:
            kernel.process.close()
            kernel.outputs.close()
        with self._lock:
            if self._making.get(place) is turn:
                self._ready[place] = found

    def _stages(self, kernel: Python, names: Sequence[str], over: Callable[[], bool]) -> list[Ready]:
        found: list[Ready] = []
        done: list[str] = []
        files: dict[str, tuple[str, int, int]] = {}
        seconds = 0.0
        for name in names:
            loaded = kernel.preload(name) if not over() else Tainted("nobody needs it any more")
            if not isinstance(loaded, Loaded):
                break
            done.append(name)
            files |= {each[0]: each for each in loaded.files}
            seconds += loaded.seconds
            if seconds < WORTH:
                continue
            image = kernel.freeze()
            if isinstance(image, Tainted) or image.harm:
                break
            found.append(Ready(tuple(done), image, tuple(files.values())))
            seconds = 0.0
            if sum(each.image.memory() for each in found) > self._budget:
                found.pop()
                break
        return found


def _stamp(path: str) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_mtime_ns, status.st_size
