"""States that were kept: found by the cells that made them, given up when memory ends.

A snapshot is a cache entry and nothing more: whatever is done to this store, the answers stay the same. It belongs to
the process, not to a session, so that threads of the journal that share cells share states.
"""

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from nozzle.document.events import Finished
from nozzle.runner.confine import Bounds
from nozzle.runner.kernel import Image
from nozzle.runner.process import Place

Policy = Literal["auto", "always", "never"]
OVERHEAD = 0.002
"""Seconds that running a cell again takes beside the cell's own."""
FIRST_COST = 0.01
"""Seconds that the first snapshot is thought to cost: a small process."""
PRICE = 3.0
"""A fork also slows what runs next, for the pages are copied then; measured two to three times the fork itself."""


@dataclass(frozen=True, slots=True)
class Trail:
    """How a state came about: what that took, and what it read."""

    depth: int = 0
    """Cells run."""
    seconds: float = 0.0
    """That running them again would take."""
    since: float = 0.0
    """The same, since the last state on the way that was kept."""
    cost: float = FIRST_COST
    """Seconds that keeping took last time."""
    cells: tuple[str, ...] = ()
    reads: Mapping[str, str] = field(default_factory=dict)
    """Absolute path -> what it held."""
    writes: frozenset[str] = frozenset()
    effects: tuple[str, ...] = ()

    def after(self, finished: Finished, content: Callable[[str], str]) -> "Trail":
        """One cell further."""
        took, writes = finished.seconds + OVERHEAD, self.writes | set(finished.writes)
        reads = {path: content(path) for path in finished.reads if path not in writes}
        return replace(
            self, depth=self.depth + 1, seconds=self.seconds + took, since=self.since + took, writes=writes,
            reads={**self.reads, **{path: held for path, held in reads.items() if held}},
            cells=(*self.cells, finished.cell), effects=(*self.effects, *finished.effects),
        )  # fmt: skip

    def kept(self, cost: float) -> "Trail":
        """It is kept here."""
        return replace(self, since=0.0, cost=cost)

    def holds(self, content: Callable[[str], str]) -> bool:
        """Whether all that it read is still so; what its own cells wrote does not count."""
        return all(path in self.writes or content(path) == held for path, held in self.reads.items())


@dataclass(frozen=True, eq=False, slots=True)
class Snapshot:
    """The workers of an entry, as they were after a cell."""

    place: Place
    cell: str
    images: Mapping[str, Image]
    trail: Trail
    bounds: Bounds | None = None

    def is_like(self, other: "Snapshot") -> bool:
        """Whether both came about in the same way."""
        return self.trail.reads == other.trail.reads and (self.bounds is None) == (other.bounds is None)


class Snapshots:
    """May be used from any thread."""

    def __init__(self, policy: Policy = "auto") -> None:
        self.policy = policy
        self._kept: dict[tuple[Place, str], list[Snapshot]] = {}
        self._lock = threading.Lock()

    def pays(self, trail: Trail) -> bool:
        """Whether keeping a state costs less than making it again."""
        if self.policy == "auto":
            return trail.since > PRICE * trail.cost
        return self.policy == "always"

    def keep(self, snapshot: Snapshot) -> None:
        """One more; it takes the place of one that came about in the same way."""
        with self._lock:
            there = self._kept.setdefault((snapshot.place, snapshot.cell), [])
            there[:] = [each for each in there if not each.is_like(snapshot)]
            there.append(snapshot)

    def deepest(
        self, place: Place, way: Sequence[tuple[str, bool]], above: int, content: Callable[[str], str]
    ) -> Snapshot | None:
        """The state after the most of these cells (and whether each is bound), of those after more than `above`."""
        with self._lock:
            found = [
                each
                for cell, confined in reversed(way[max(above, 0) :])
                for each in self._kept.get((place, cell), ())
                if confined == (each.bounds is not None)
            ]
        return next((each for each in found if each.trail.holds(content)), None)

    def forget(self, snapshot: Snapshot) -> None:
        """It is no more, or not to be trusted."""
        with self._lock:
            there = self._kept.get((snapshot.place, snapshot.cell), [])
            there[:] = [each for each in there if each is not snapshot]

    def distrust(self, place: Place, cells: Sequence[str]) -> None:
        """Forget all states on this way."""
        with self._lock:
            for cell in cells:
                self._kept.pop((place, cell), None)

    def clear(self) -> None:
        """Give all of them up; replay does the rest."""
        with self._lock:
            self._kept.clear()

    def all(self) -> list[Snapshot]:
        """Those there are."""
        with self._lock:
            return [snapshot for there in self._kept.values() for snapshot in there]


def content_of(path: str) -> str:
    """SHA-256 of what a file holds; empty when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
