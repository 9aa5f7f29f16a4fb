"""States that were kept: found by the cells that made them, given up when memory ends.

A snapshot is a cache entry and nothing more: whatever is done to this store, the answers stay the same. It belongs to
the process, not to a session, so that threads of the journal that share cells share states.
"""

import hashlib
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from nozzle.document.events import Finished
from nozzle.runner.beginnings import Beginnings
from nozzle.runner.confine import Bounds
from nozzle.runner.kernel import Image
from nozzle.runner.left import Files
from nozzle.runner.process import Place

Policy = Literal["auto", "always", "never"]
OVERHEAD = 0.002
"""Seconds that running a cell again takes beside the cell's own."""
FIRST_COST = 0.01
"""Seconds that the first snapshot is thought to cost: a small process."""
OUTSIDE = 3600.0
"""Seconds that a cell which reached outside counts for: its state is kept, and given up last."""
FULL = 0.97
"""Of the budget: what is held grows a little until it is measured again."""
MOST = 200
"""States kept at once, however small: a process each."""
PRICE = 15.0
"""Of its cost, what the cells since the last state must have taken. A fork also slows what runs next, for pages are
copied then: two to three times the fork itself, measured. So all that keeping takes is a fifth of running, at most."""


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
    """Path as the cells see it -> what it held."""
    writes: frozenset[str] = frozenset()
    """Wherever they lie."""
    left: Mapping[str, str] = field(default_factory=dict)
    """What lay at these when the state was kept."""

    def after(self, finished: Finished, content: Callable[[str], str], *, once: bool = False) -> "Trail":
        """One cell further; one that reached outside, or may run only `once`, is not to be run again lightly."""
        took, writes = finished.seconds + OVERHEAD, self.writes | {*finished.writes, *finished.elsewhere}
        took += OUTSIDE if finished.effects or once else 0.0
        reads = {path: content(path) for path in finished.reads if path not in writes}
        return replace(
            self, depth=self.depth + 1, seconds=self.seconds + took, since=self.since + took, writes=writes,
            reads={**self.reads, **{path: held for path, held in reads.items() if held}},
            cells=(*self.cells, finished.cell),
        )  # fmt: skip

    def kept(self, cost: float, left: Mapping[str, str]) -> "Trail":
        """It is kept here; so its files were left."""
        return replace(self, since=0.0, cost=cost, left=left)

    def holds(self, files: Files) -> bool:
        """Whether all that it read is still so, and all that its own cells wrote is as they left it."""
        if not files.are_left(self.writes, self.left):
            return False
        return all(path in self.writes or files.content(path) == held for path, held in self.reads.items())


@dataclass(frozen=True, eq=False, slots=True)
class Snapshot:
    """The workers of an entry, as they were after a cell."""

    place: Place
    cell: str
    images: Mapping[str, Image]
    trail: Trail
    bounds: Bounds | None = None
    since: float = field(default_factory=time.monotonic)

    def is_like(self, other: "Snapshot") -> bool:
        """Whether both came about in the same way."""
        if self.place != other.place or (self.bounds is None) != (other.bounds is None):
            return False
        return self.trail.reads == other.trail.reads


@dataclass(frozen=True, slots=True)
class Kept:
    """What there is to know of one state that is kept."""

    snapshot: Snapshot
    age: float
    """Seconds."""
    bytes: int
    """That only it holds; images that several states share count for the first."""
    saves: float
    """Seconds of replay, from the state before it that is kept."""


class Snapshots:
    """May be used from any thread. `budget` is in bytes; without one, a quarter of the memory that is free now."""

    def __init__(self, policy: Policy = "auto", budget: int | None = None) -> None:
        self.policy = policy
        self.budget = free_memory() // 4 if budget is None else budget
        self._bytes: weakref.WeakKeyDictionary[Image, int] = weakref.WeakKeyDictionary()
        """As measured last; those measured longest ago come first."""
        self._kept: dict[tuple[Place, str], list[Snapshot]] = {}
        self.beginnings = Beginnings(self.budget // 4)
        self._lock = threading.Lock()

    def pays(self, trail: Trail) -> bool:
        """Whether keeping a state costs less than making it again."""
        if self.policy == "auto":
            return trail.since > PRICE * trail.cost
        return self.policy == "always"

    def keep(self, snapshot: Snapshot) -> None:
        """One more; it takes the place of one that came about in the same way."""
        with self._lock:
            there = self._kept.setdefault((snapshot.place.kind, snapshot.cell), [])
            there[:] = [each for each in there if not each.is_like(snapshot)]
            there.append(snapshot)
            self._measure()
            while (victim := self._to_give_up()) is not None:
                self._kept[victim.place.kind, victim.cell].remove(victim)
                self._measure()

    def deepest(self, place: Place, way: Sequence[tuple[str, bool]], above: int, files: Files) -> Snapshot | None:
        """The state after the most of these cells (and whether each is bound), of those after more than `above`."""
        with self._lock:
            found = [
                each
                for cell, confined in reversed(way[max(above, 0) :])
                for each in self._kept.get((place.kind, cell), ())
                if confined == (each.bounds is not None) and each.place in (place, place.kind)
            ]
        return next((each for each in found if each.trail.holds(files)), None)

    def forget(self, snapshot: Snapshot) -> None:
        """It is no more, or not to be trusted."""
        with self._lock:
            there = self._kept.get((snapshot.place.kind, snapshot.cell), [])
            there[:] = [each for each in there if each is not snapshot]

    def distrust(self, place: Place, cells: Sequence[str]) -> None:
        """Forget all states on this way."""
        with self._lock:
            for cell in cells:
                self._kept.pop((place.kind, cell), None)

    def clear(self) -> None:
        """Give all of them up; replay does the rest."""
        with self._lock:
            self._kept.clear()
        self.beginnings.clear()

    def all(self) -> list[Snapshot]:
        """Those there are, oldest first."""
        with self._lock:
            return self._all()

    def rows(self) -> list[Kept]:
        """What each of them holds and saves, oldest first."""
        with self._lock:
            self._bytes.clear()
            self._measure(at_most=MOST)
            return self._rows()

    def _all(self) -> list[Snapshot]:
        return sorted((each for there in self._kept.values() for each in there), key=lambda each: each.since)

    def _rows(self) -> list[Kept]:
        found, now = self._all(), time.monotonic()
        counted: set[Image] = set()
        rows = []
        for each in found:
            own = set(each.images.values()) - counted
            counted |= own
            rows.append(
                Kept(each, now - each.since, sum(self._bytes.get(image, 0) for image in own), _saved(each, found))
            )
        return rows

    def _measure(self, at_most: int = 8) -> None:
        """Measure new images, and some of the others again: they grow while the live worker changes its memory."""
        images = {image: None for each in self._all() for image in each.images.values()}
        old = [image for image in self._bytes if image in images]
        for image in [*(image for image in images if image not in self._bytes), *old[:at_most]]:
            self._bytes.pop(image, None)
            self._bytes[image] = image.memory()

    def _to_give_up(self) -> Snapshot | None:
        """The state that saves the least for what it holds, while too much is held; never one of the last two."""
        rows = self._rows()
        if len(rows) <= 2 or (sum(row.bytes for row in rows) <= self.budget * FULL and len(rows) <= MOST):
            return None
        return min(rows[:-2], key=lambda row: row.saves / max(row.bytes, 1)).snapshot


def _saved(snapshot: Snapshot, among: Sequence[Snapshot]) -> float:
    """Seconds of replay from the nearest other state on its way."""
    cells = set(snapshot.trail.cells)
    before = [
        each.trail.seconds
        for each in among
        if each is not snapshot
        and each.place.kind == snapshot.place.kind
        and each.cell in cells
        and each.cell != snapshot.cell
    ]
    return snapshot.trail.seconds - max(before, default=0.0)


def free_memory() -> int:
    """Bytes that this machine, or the group that this process is in, can still give; 1 GB where that is not known."""
    found = [_machine(), _group()]
    return min((each for each in found if each is not None), default=1 << 30)


def _machine() -> int | None:
    try:
        rows = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    except OSError:
        return None
    return int(rows["MemAvailable"].split()[0]) * 1024 if "MemAvailable" in rows else None


def _group() -> int | None:
    try:
        limit, used = (Path("/sys/fs/cgroup", name).read_text().strip() for name in ("memory.max", "memory.current"))
    except OSError:
        return None
    return max(0, int(limit) - int(used)) if limit.isdigit() else None


def content_of(path: str) -> str:
    """SHA-256 of what a file holds; empty when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
