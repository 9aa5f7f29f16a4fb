"""The live workers of one session: one per language, together in the state after some cell.

That state is reached in one of three ways: it is the live one, it was kept and is woken, or cells run in it again.
The first two are here; what runs cells is the session.
"""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from nozzle.document.events import Finished
from nozzle.document.opening import opening
from nozzle.errors import NozzleError
from nozzle.runner.confine import Bounds, Held
from nozzle.runner.confine import bounds as bounds_of
from nozzle.runner.far.address import SCHEMES, SHELL, Address
from nozzle.runner.job import Job, Limits
from nozzle.runner.kernel import Image, Kernel, Python, Tainted, confined, start
from nozzle.runner.kernelspec import OWN, Kernelspecs
from nozzle.runner.left import Files
from nozzle.runner.outputs import Outputs
from nozzle.runner.process import Place
from nozzle.runner.shelf import Kept, Shelf, deepest
from nozzle.runner.snapshots import Snapshot, Snapshots, Trail

LOST = "the state that was kept cannot be used, and cells above reach outside"


class Live:
    """May be used from one thread at a time."""

    def __init__(
        self,
        place: Place,
        limits: Limits,
        snapshots: Snapshots | None,
        files: Files,
        bounds: Callable[[], Bounds] | None,
        specs: Kernelspecs,
        shelf: Shelf | None,
        on: str,
        stopping: Callable[[], bool],
    ) -> None:
        """As a `Session` takes them; `files` are those of the place, and a worker that starts on another machine is
        waited for until it is `stopping`."""
        self.at = ""
        """Chain digest of the cell after which the state stands; empty when fresh."""
        self.trail = Trail()
        """How the state came about."""
        self.impure = ""
        """Why the state is not what the cells above make: the author said so; empty when it is."""
        self.tainted = ""
        """Why the state could not be kept when that was last tried; empty when it was."""
        self.kernels: dict[str, Kernel] = {}
        self.past: list[Outputs] = []
        """Of cells that have finished, while something that they began may still write."""
        self.place = place
        self.distrusted = False
        """A copy of a worker hung: here only fresh ones are used."""
        self._limits = limits
        self._snapshots = snapshots
        self._files = files
        self.new_bounds = bounds or self._own_bounds
        self._bounds: Bounds | None = None
        """Of the workers, once a cell on their way was an agent's."""
        self._specs = specs
        self._shelf = shelf
        self._on = on
        self._stopping = stopping
        self._images: dict[str, Image] = {}
        """Of each worker whose present state was kept."""
        self._newest: Snapshot | None = None
        """The state that was kept last."""
        self._lacks: Kept | None = None
        """The state that this one came from, when that lacks some names."""

    # -- where it stands ----------------------------------------------------------------------------------------

    def reach(self, above: Sequence[Job], job: Job | None) -> int | str:
        """Be in the deepest state on the way through these cells, for the `job` below; after how many of them that is.

        When none can be had any more and running the cells again would reach outside unasked: why.
        """
        depth = self._depth(above, job)
        while True:
            snapshot = self._deeper(above, depth)
            found = self._shelved(above, snapshot.trail.depth if snapshot else depth, job)
            if found is None and snapshot is None:
                break
            why = self._take_down(found[1], above) if found else ""
            if found and why and found[1].reached_out:
                return f"{LOST}: {why}; ask again, and it is told what would run"
            if found and not why:
                depth = found[0]
                break
            if not found and snapshot and self._wake(snapshot):
                depth = snapshot.trail.depth
                break
            depth = -1  # neither is there, nor the state that was live
        if depth < 0:
            self.drop()
        return max(depth, 0)

    def reachable(self, above: Sequence[Job]) -> int:
        """After how many of these cells `reach` would stand; nothing is changed."""
        depth = self._depth(above, None)
        kept = self._deeper(above, depth)
        depth = max(depth, kept.trail.depth if kept else 0, 0)
        shelved = self._shelved(above, depth, None)
        return shelved[0] if shelved else depth

    def stand(self, above: Sequence[Job], through: Sequence[str]) -> bool:
        """Count as the state after these cells, though others were seen since it went `through` some; or False."""
        if not (self.kernels and above) or self._is_gone() or not set(through) <= set(self.trail.cells):
            return False
        if above[-1].confined != (self._bounds is not None):
            return False
        self.at, self.impure = above[-1].cell, "the kernel went on as it was, and has seen other cells since"
        return True

    def begin(self, language: str) -> None:
        """A cell in this language begins: until it is `over` the state is nobody's."""
        self.at = ""
        self._images.pop(language, None)

    def over(self, finished: Finished, outputs: Outputs, *, once: bool) -> None:
        """That cell is over, and the state is the one after it."""
        self.at = finished.cell
        self.trail = self.trail.after(finished, self._files.content, once=once)
        past = {id(each): each for each in (*self.past, outputs) if each.readers()}
        self.past[:] = past.values()

    def wrote(self, cell: str, paths: Iterable[str]) -> None:
        """Programs of the cell that ran last wrote these, as the cells see them: they belong to its state too."""
        if self.trail.cells[-1:] != (cell,):
            return
        self.trail = replace(self.trail, writes=self.trail.writes | {*paths})
        if self._snapshots and self._newest and self._newest.cell == cell:
            self.trail = replace(self.trail, left=self._files.left(self.trail.writes))
            self._snapshots.keep(replace(self._newest, trail=self.trail))

    def pass_by(self, job: Job) -> None:
        """Stand below a cell of which nothing is in this state."""
        self.at, self.trail = job.cell, self.trail.after(Finished(job.cell, "ok"), self._files.content)

    def skip(self, job: Job) -> None:
        """Stand below a cell that did not run, as the author said."""
        self.at, self.impure = job.cell, f"{job.name} was not run again"

    def distrust(self, jobs: Sequence[Job]) -> None:
        """A copy of a worker hung on this way."""
        self.distrusted = True
        if self._snapshots:
            self._snapshots.distrust(self.place, [job.cell for job in jobs])

    def drop(self) -> None:
        """Give up the state and everything that holds it."""
        self.at, self.trail, self._bounds, self.impure, self._lacks = "", Trail(), None, "", None
        self._newest = None
        self._images.clear()
        for kernel in self.kernels.values():
            kernel.process.close()
            kernel.outputs.close()
        for outputs in self.past:
            outputs.close()
        self.kernels.clear()
        self.past.clear()

    def _is_gone(self) -> bool:
        return any(kernel.process.is_gone() for kernel in self.kernels.values())

    def _depth(self, above: Sequence[Job], job: Job | None) -> int:
        """After how many of these cells the state stands; -1 when it is on another way."""
        cells = [each.cell for each in above]
        if self._is_gone():
            return -1
        if not self.kernels:
            return 0
        if self.at not in cells or above[cells.index(self.at)].confined != (self._bounds is not None):
            return -1
        depth = cells.index(self.at) + 1
        if self._lacks and not (job and self._lacks.serves([*above[depth:], job])):
            return -1
        return depth

    # -- keeping it, and going back to what was kept ------------------------------------------------------------

    def keep(self, anyway: bool = False) -> None:
        """Keep the state, when that pays or anyway: an image of each worker that changed since the last."""
        if self._snapshots is None or self.distrusted or not (self.at and self.kernels):
            return
        if not (anyway or self._snapshots.pays(self.trail)):
            return
        if self.impure or self._lacks:
            self.tainted = self.impure or "it lacks names that could not be saved"
            return
        for language, kernel in self.kernels.items():
            if language in self._images:
                continue
            image = kernel.freeze()
            if isinstance(image, Tainted):
                self.tainted = image.why
                return
            self._images[language] = image
        self.tainted = ""
        left = self._files.left(self.trail.writes)
        self.trail = self.trail.kept(max(image.cost for image in self._images.values()), left)
        self._newest = Snapshot(self.place, self.at, dict(self._images), self.trail, self._bounds)
        self._snapshots.keep(self._newest)

    def save(self, file: int) -> Kept | str:
        """Write the state into an open file, so that it outlives all processes; or why it cannot be."""
        if self._bounds is not None:
            return "an agent's cell is among its cells"
        if self.impure or self._lacks or not self.at:
            return self.impure or (f"it lacks {', '.join(self._lacks.lacks)}" if self._lacks else "no cell has run")
        if others := sorted({*self.kernels} - {"python"}):
            return f"of cells in {' and '.join(others)} none is saved"
        kernel = self.kernels["python"]
        assert isinstance(kernel, Python)
        said = kernel.keep(file)
        if said["t"] != "kept":
            return str(said["why"])
        left = self._files.left(self.trail.writes, lasting=True)
        return Kept(self.at, replace(self.trail, left=left), tuple(said["names"]), said["lacks"], said["made"])

    def _deeper(self, above: Sequence[Job], depth: int) -> Snapshot | None:
        """The deepest state on this way that was kept, if it is deeper than this."""
        if self._snapshots is None:
            return None
        ways = [(job.cell, job.confined) for job in above]
        return self._snapshots.deepest(self.place, ways, depth, self._files)

    def _shelved(self, above: Sequence[Job], depth: int, job: Job | None) -> tuple[int, Kept] | None:
        """The deepest state on this way that outlived its process, if it is deeper than this."""
        if self._shelf is None or self.distrusted:
            return None
        return deepest(self._shelf, self.place, above, depth, self._files, job)

    def _wake(self, snapshot: Snapshot) -> bool:
        """Let the workers of a snapshot be the live ones; when one is no more, the snapshot is forgotten."""
        assert self._snapshots is not None
        self.drop()
        for language, image in snapshot.images.items():
            kernel = image.wake(self.place, self._limits)
            if kernel is None:
                self._snapshots.forget(snapshot)
                self.drop()
                return False
            self.kernels[language] = kernel
        self.at, self.trail, self._images = snapshot.cell, snapshot.trail, dict(snapshot.images)
        self._bounds = snapshot.bounds
        return True

    def _take_down(self, kept: Kept, above: Sequence[Job]) -> str:
        """Let a fresh worker be in this state; why it cannot be, and then it is forgotten."""
        assert self._shelf is not None
        self.drop()
        sources = {job.name: job.source for job in above if job.cell in kept.trail.cells}
        try:
            kernel = self.kernel("python")
            assert isinstance(kernel, Python)
            with self._shelf.open(kept) as file:
                why = kernel.back(file, {"made": dict(kept.made), "sources": sources})
        except (OSError, NozzleError) as error:
            why = str(error)
        if why:
            self._shelf.refuse(kept, why)
            self.drop()
            return why
        self.at, self.trail, self._lacks = kept.cell, kept.trail, kept if kept.lacks else None
        return ""

    # -- its workers --------------------------------------------------------------------------------------------

    def kernel(self, language: str, source: str = "") -> Kernel:
        """The worker for this language; started when there is none, for a first cell with this source. `Missing` or
        `OSError` when it cannot be."""
        if language not in self.kernels:
            self.kernels[language] = self._started(language, source)
        return self.kernels[language]

    def prepare(self, names: Sequence[str]) -> None:
        """Let workers stand ready with these imports done, for first cells that begin so; from any thread."""
        store = self._snapshots
        if store is None or store.policy == "never" or self._on:
            return
        with contextlib.suppress(OSError, NozzleError):  # the first cell meets the same, and tells it
            store.beginnings.prepare(self.place, names, lambda: self._bare(store))

    def confine(self, language: str) -> str:
        """Bind the workers and those to come, among them one for this language; why that cannot be, or nothing."""
        if language not in OWN:
            return f"nothing can bind the Jupyter kernel for {language}"
        if self._bounds is not None:
            return ""
        self._bounds = self.new_bounds()
        for language, kernel in self.kernels.items():
            bound = kernel.confine(self._bounds)
            if isinstance(bound, Tainted):
                return bound.why
            self.kernels[language] = bound
        self._images.clear()
        return ""

    @property
    def held(self) -> Held | None:
        """The bounds that all workers keep to; None while no cell of an agent has run."""
        found = [kernel.held or Held(False, False, False) for kernel in self.kernels.values()]
        if self._bounds is None or not found:
            return None
        return Held(*(all(each) for each in zip(*((h.files, h.network, h.signals) for h in found), strict=True)))

    def _started(self, language: str, source: str) -> Kernel:
        """A fresh worker: woken from one that has run nothing yet, where there is such a one."""
        there = {"python": self._on, "bash": f"{self._on}{SHELL}"}.get(language, language) if self._on else language
        if there.startswith(SCHEMES):
            from nozzle.runner.far.kernel import begin

            beside = list(self.kernels.values())
            return begin(Address.of(there), self.place, self._limits, beside, self._stopping)
        store = self._snapshots
        if language != "python" or store is None or store.policy == "never" or self.distrusted:
            return start(language, self.place, self._limits, self._bounds, self._specs)
        if self._bounds:
            return confined(self._bare(store), self._bounds)
        return self._ready(store, source) or self._bare(store)

    def _ready(self, store: Snapshots, source: str) -> Kernel | None:
        """A worker with the imports done that this cell begins with."""
        ready = store.beginnings.ready(self.place, opening(source))
        kernel = ready.image.wake(self.place, self._limits) if ready else None
        if ready and kernel is None:
            store.beginnings.forget(ready)
        return kernel

    def _bare(self, store: Snapshots) -> Kernel:
        image = store.beginnings.bare(self.place)
        kernel = image.wake(self.place, self._limits) if image else None
        if kernel is None:
            kernel = start("python", self.place, self._limits)
            made = kernel.freeze()
            store.beginnings.keep_bare(self.place, None if isinstance(made, Tainted) else made)
        return kernel

    def _own_bounds(self) -> Bounds:
        place = self.place
        return bounds_of(place.root, place.folder, at=place.seen_at, python=place.interpreter.path)
