"""Kernels that stand ready, with the imports done that the entries of a journal usually begin with."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from nozzle.desk import Desk
from nozzle.document.opening import usual
from nozzle.loop import Loop


@dataclass(slots=True)
class Ready:
    """Looks, on the loop's thread, what is usual; what follows from it is done in another."""

    loop: Loop
    _last: tuple[Path, tuple[str, ...]] | None = None

    def look(self) -> None:
        """Prepare for the folder in which most entries are, if what they begin with is not what it was."""
        desks = [desk for desk in self.loop.desks.values() if not desk.gone]
        if not desks:
            return
        (folder, _), *_ = Counter(desk.path.parent for desk in desks).most_common(1)
        there = [desk for desk in desks if desk.path.parent == folder]
        names = usual(desk.entry for desk in there)
        if self._last != (folder, names) and (names or self._last):
            self._last = folder, names
            _prepare(there[0], names)


def _prepare(desk: Desk, names: tuple[str, ...]) -> None:
    session = desk.kernels.fresh()
    threading.Thread(target=session.prepare, args=(names,), name="nozzle-ready", daemon=True).start()
