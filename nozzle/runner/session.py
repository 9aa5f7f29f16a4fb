"""The live workers of one entry in one thread of its journal: a state that is always the state after some cell.

Replay is the meaning: a cell runs in the live state only when that is the state its cells above make; otherwise the
deepest state on its chain that was kept is woken, and the cells below that run again. It never reads or writes an
entry.
"""

import os
import threading
import weakref
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from nozzle.document.events import Error, Event, Finished, InputRequest, Late, Replaying, Restarted
from nozzle.errors import Missing, NozzleError
from nozzle.runner import apart
from nozzle.runner.call import Serve, nobody
from nozzle.runner.confine import Bounds, Held
from nozzle.runner.confine import bounds as bounds_of
from nozzle.runner.course import Course, late
from nozzle.runner.far.address import SCHEMES, SHELL, Address
from nozzle.runner.interpreter import Interpreter
from nozzle.runner.job import Job, Limits
from nozzle.runner.kernel import ANYWHERE, UNBOUND, Image, Kernel, Python, Tainted, confined, start
from nozzle.runner.kernelspec import OWN, Kernelspecs
from nozzle.runner.outputs import Outputs
from nozzle.runner.process import Place
from nozzle.runner.shelf import Kept, Shelf, deepest
from nozzle.runner.snapshots import Snapshot, Snapshots, Trail, content_of

DEFAULT = Limits()
CLOSED = "the kernel was closed"
ELSEWHERE = "it ran on another machine"
NOT_FREE = "an agent wrote it, or a cell above it"
LASTING = ("a thread", "a program", "a library", "it holds", "it shares")
"""How the reasons begin that name what a cell above has left at work."""
END_IT = (
    "let the cell above that began it end it too (join the thread, wait for the program, close what it holds), or set "
    "the task above that cell; what is proposed can be run by hand meanwhile"
)
STUCK = "it waited for a thread that a cell above started, and that no copy of its kernel has"
HUNG = "a copy of its kernel waited for a thread that it had not; the cells run again in a fresh one"
LOST = "the state that was kept cannot be used, and cells above reach outside"
LONGEST = 60.0
"""Seconds that keeping a state may take."""


class Hung(Exception):
    """A cell ran in a copy of a worker and can never end there."""


class Session:
    """Runs cells, each in the state that the cells above it make."""

    def __init__(
        self,
        folder: Path,
        interpreter: Interpreter,
        *,
        root: Path,
        limits: Limits = DEFAULT,
        secret_names: Sequence[str] = (),
        hidden: Sequence[Path] = (),
        snapshots: Snapshots | None = None,
        content: Callable[[str], str] = content_of,
        bounds: Callable[[], Bounds] | None = None,
        seen_at: Path | None = None,
        serve: Serve = nobody,
        specs: Kernelspecs = ANYWHERE,
        cells: Path | None = None,
        shelf: Shelf | None = None,
        on: str = "",
    ) -> None:
        """Without `snapshots` none is kept. `content` names what a file holds, by its absolute path; `bounds` says what
        binds the cells that an agent wrote; where the system allows it, the cells see the root at `seen_at`. Jupyter's
        kernels are found among `specs`. In `cells` lies what cells made that may be kept; without it they run. On the
        `shelf` are states that outlive every process. Cells in Python and bash run `on` the machine of this address,
        where one is given."""
        self.at = ""
        """Chain digest of the cell after which the live state stands; empty when fresh."""
        self.tainted = ""
        """Why the state could not be kept when that was last tried; empty when it was."""
        self.impure = ""
        """Why the live state is not what the cells above make: the author said so; empty when it is."""
        self.hides: bool | None = None
        """Whether the kernel that started last has the hidden folders out of its reach; None: none has started."""
        root, seen_at = root.resolve(), seen_at.resolve() if seen_at else None
        self._place = Place(
            folder.resolve(),
            root,
            interpreter,
            tuple(secret_names),
            tuple(hidden),
            seen_at if seen_at != root else None,
        )
        self._limits = limits
        self._snapshots = snapshots
        self._content = lambda path: content(self._place.real(path))
        self._new_bounds = bounds or self._own_bounds
        self._bounds: Bounds | None = None
        """Of the live workers, once a cell on their way was an agent's."""
        self._serve = serve
        self._specs = specs
        self._cells = cells
        self._shelf = shelf
        self._lacks: Kept | None = None
        """The state that the live one came from, when that lacks some names."""
        self._on = on
        self._kernels: dict[str, Kernel] = {}
        self._images: dict[str, Image] = {}
        """Of each live worker whose present state was kept."""
        self._trail = Trail()
        """How the live state came about."""
        self._past: list[Outputs] = []
        self._course: Course | None = None
        self._apart: Kernel | None = None
        """Of a cell that was let out of its bounds, while it runs."""
        self._answers: dict[str, list[str | None]] = {}
        self._turn = threading.Lock()
        self._stopping: str | None = None
        self._closing = False
        self._hung = False
        """A copy of a worker hung: here only fresh ones are used."""
        self._keeping = False
        """The cell is over, its state is being kept: the next one has only a moment to wait."""
        self.rewrote: set[str] = set()
        """Files that cells wrote which ran again before the latest one, as far as audit hooks see: absolute paths."""
        self.respawned = False
        """One of them started programs."""
        self._waker = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        weakref.finalize(self, os.close, self._waker)

    def run(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Run the last job in the state that the jobs above it make; always ends with exactly one Finished, its own.

        When the live state is another one, all starts afresh and the jobs above run again, each told by Replaying only.
        """
        if not self._turn.acquire(timeout=LONGEST if self._keeping else 0):
            raise RuntimeError("this session is running a cell: one at a time")
        self._stopping, self._closing, self._keeping = None, False, False
        self.rewrote, self.respawned = set(), False
        try:
            yield from self._run(jobs)
            self._keep()
        finally:
            if self._course is not None or self._closing:  # a course is left when whoever asked went away
                self._drop()
            self._turn.release()

    def go_to(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Make the live state the one after these cells, as `run` would before one more below them.

        Only Replaying is told; a Finished (of no cell) comes last when that state cannot be had, and says why.
        """
        if not self._turn.acquire(timeout=LONGEST if self._keeping else 0):
            raise RuntimeError("this session is running a cell: one at a time")
        self._stopping, self._closing, self._keeping = None, False, False
        try:
            above, _ = _bound(jobs, Job("", ""))
            try:
                refusal = yield from self._go_to(above, None)
            except Hung:
                self._distrust(jobs)
                refusal = Finished("", "error", cause=STUCK)
            if refusal is not None:
                self._drop()
                yield refusal
        finally:
            if self._course is not None or self._closing:
                self._drop()
            self._turn.release()

    def missing(self, jobs: Sequence[Job]) -> list[Job]:
        """Those of these cells that would run again to make the state after them; nothing when a cell runs now."""
        if not self._turn.acquire(timeout=LONGEST if self._keeping else 0):
            return []
        try:
            above, _ = _bound(jobs, Job("", ""))
            depth = self._depth(above, None)
            kept = self._deeper(above, depth)
            depth = max(depth, kept.trail.depth if kept else 0, 0)
            shelved = self._shelved(above, depth, None)
            return [job for job in above[shelved[0] if shelved else depth :] if not job.reach]
        finally:
            self._turn.release()

    def stand(self, jobs: Sequence[Job], through: Sequence[str]) -> bool:
        """Let the live state count as the one after these cells, whatever it has seen since it went `through` some.

        False when there is none that did. What is made of it is never kept.
        """
        if not self._turn.acquire(blocking=False):
            return False
        try:
            above, _ = _bound(jobs, Job("", ""))
            gone = any(kernel.process.is_gone() for kernel in self._kernels.values())
            if not (self._kernels and above) or gone or not set(through) <= set(self._trail.cells):
                return False
            if above[-1].confined != (self._bounds is not None):
                return False
            self.at, self.impure = above[-1].cell, "the kernel went on as it was, and has seen other cells since"
            return True
        finally:
            self._turn.release()

    def part(self) -> None:
        """A side branch begins: nothing of it is ever kept."""
        self.impure = "it is a side branch"

    def keep(self) -> str:
        """Keep the live state, whatever that costs: somebody will want it back. Why it cannot be, or nothing."""
        with self._turn:
            self._keep(anyway=True)
            return self.tainted

    def save(self, file: int) -> Kept | str:
        """Write the live state into an open file, so that it outlives all processes; or why it cannot be."""
        with self._turn:
            if self._bounds is not None:
                return "an agent's cell is among its cells"
            if self.impure or self._lacks or not self.at:
                return self.impure or (f"it lacks {', '.join(self._lacks.lacks)}" if self._lacks else "no cell has run")
            if others := sorted({*self._kernels} - {"python"}):
                return f"of cells in {' and '.join(others)} none is saved"
            kernel = self._kernels["python"]
            assert isinstance(kernel, Python)
            said = kernel.keep(file)
            if said["t"] != "kept":
                return str(said["why"])
            return Kept(self.at, self._trail, tuple(said["names"]), said["lacks"], said["made"])

    def interrupt(self, cause: str = "you stopped it") -> None:
        """Stop the cell that runs, or the replay before it; from any thread."""
        if not self._turn.locked():
            return
        self._stopping = cause
        if course := self._course:
            course.stop("stopped", cause)

    def answer(self, text: str | None) -> bool:
        """Reply to the InputRequest that waits, from any thread; None says that nobody will. False when none waits."""
        course = self._course
        if course is None or not course.answer(text):
            return False
        self._answers.setdefault(course.cell, []).append(text)
        return True

    @property
    def asks(self) -> bool:
        """Whether the cell that runs waits for somebody's answer."""
        return self._course is not None and self._course.question is not None

    def used(self) -> float | None:
        """Seconds of processor time that the cell's processes have used; None where that cannot be seen."""
        course = self._course
        return None if course is None else course.used()

    def answered(self, cell: str) -> bool:
        """Whether a cell asked a question here, and what it was told is known."""
        return cell in self._answers

    def drain(self) -> list[Late]:
        """What came late from cells that had finished; empty at once while a cell runs, for that run tells it."""
        if not self._turn.acquire(blocking=False):
            return []
        try:
            return list(self._late())
        finally:
            self._turn.release()

    def close(self) -> None:
        """End all workers and all that they started, from any thread; comes back when they are gone.

        A cell that was running is Finished as stopped. The session can be used again, afresh.
        """
        if self._turn.acquire(blocking=False):
            try:
                self._drop()
            finally:
                self._turn.release()
            return
        self._closing = True
        self.interrupt(CLOSED)
        for kernel in [*self._kernels.values(), *([self._apart] if self._apart else [])]:
            kernel.process.end()

    def _run(self, jobs: Sequence[Job]) -> Iterator[Event]:
        yield from self._late()
        try:
            yield from self._attempt(jobs)
        except Hung:
            self._distrust(jobs)
            yield Restarted(jobs[-1].cell, HUNG)
            try:
                yield from self._attempt(jobs)
            except Hung:  # only a kernel that was to be bound is a copy by now
                self._drop()
                yield Finished(jobs[-1].cell, "error", cause=f"{UNBOUND}{STUCK}; {END_IT}")

    def _distrust(self, jobs: Sequence[Job]) -> None:
        self._hung = True
        if self._snapshots:
            self._snapshots.distrust(self._place, [job.cell for job in jobs])

    def _attempt(self, jobs: Sequence[Job]) -> Iterator[Event]:
        *above, job = jobs
        above, job = _bound(above, job)
        if job.reach:
            yield from self._let_out(above, job)
            return
        refusal = yield from self._go_to(above, job)
        if refusal is not None:
            self._drop()
            yield refusal
            return
        self._answers.pop(job.cell, None)
        yield from self._cell(job)

    def _let_out(self, above: Sequence[Job], job: Job) -> Iterator[Event]:
        """Run a cell in a kernel of its own; the live state, where it stands right above, passes it by."""
        self._answers.pop(job.cell, None)
        finished: Finished | None = None
        try:
            with apart.own_kernel(job, self._place, self._limits, self._new_bounds, self._specs) as self._apart:
                course = Course(self._apart, job, self._limits, waker=self._waker, past=self._past, serve=self._serve)
                self._course = course
                if self._stopping:
                    course.stop("stopped", self._stopping)
                for event in course.events():
                    if isinstance(event, Finished):
                        finished, self._course = event, None
                    else:
                        yield event
        except (Missing, OSError) as error:
            finished = Finished(job.cell, "error", cause=f"its own kernel did not start: {error}")
        finally:
            self._apart = None
        assert finished is not None, "a course ends with Finished"
        if self.at == (above[-1].cell if above else ""):
            self._pass_by(job)
        self._keeping = True
        yield apart.told(self._really(finished), job.reach)

    def _pass_by(self, job: Job) -> None:
        """Stand below a cell of which nothing is in this state."""
        self.at, self._trail = job.cell, self._trail.after(Finished(job.cell, "ok"), self._content)

    def _go_to(self, above: Sequence[Job], job: Job | None) -> Generator[Event, None, Finished | None]:
        """Make the live state the one after these cells, for the `job` below; its Finished when that cannot be done."""
        cell, depth = job.cell if job else "", self._depth(above, job)
        while True:
            snapshot = self._deeper(above, depth)
            found = self._shelved(above, snapshot.trail.depth if snapshot else depth, job)
            if found is None and snapshot is None:
                break
            why = self._take_down(found[1], above) if found else ""
            if found and why and found[1].reached_out:
                return Finished(cell, "error", cause=f"{LOST}: {why}; ask again, and it is told what would run")
            if found and not why:
                depth = found[0]
                break
            if not found and snapshot and self._wake(snapshot):
                depth = snapshot.trail.depth
                break
            depth = -1  # neither is there, nor the state that was live
        if depth < 0:
            self._drop()
        return (yield from self._replay(above[max(depth, 0) :], cell))

    def _depth(self, above: Sequence[Job], job: Job | None) -> int:
        """After how many of these cells the live state stands; -1 when it is on another way."""
        cells = [each.cell for each in above]
        if any(kernel.process.is_gone() for kernel in self._kernels.values()):
            return -1
        if not self._kernels:
            return 0
        if self.at not in cells or above[cells.index(self.at)].confined != (self._bounds is not None):
            return -1
        depth = cells.index(self.at) + 1
        if self._lacks and not (job and self._lacks.serves([*above[depth:], job])):
            return -1
        return depth

    def _shelved(self, above: Sequence[Job], depth: int, job: Job | None) -> tuple[int, Kept] | None:
        """The deepest state on this way that outlived its process, if it is deeper than this."""
        if self._shelf is None or self._hung:
            return None
        return deepest(self._shelf, self._place, above, depth, self._content, job)

    def _take_down(self, kept: Kept, above: Sequence[Job]) -> str:
        """Let a fresh worker be in this state; why it cannot be, and then it is forgotten."""
        assert self._shelf is not None
        self._drop()
        sources = {job.name: job.source for job in above if job.cell in kept.trail.cells}
        try:
            kernel = self._kernel("python")
            assert isinstance(kernel, Python)
            with self._shelf.open(kept) as file:
                why = kernel.back(file, {"made": dict(kept.made), "sources": sources})
        except (OSError, NozzleError) as error:
            why = str(error)
        if why:
            self._shelf.refuse(kept, why)
            self._drop()
            return why
        self.at, self._trail, self._lacks = kept.cell, kept.trail, kept if kept.lacks else None
        return ""

    def _deeper(self, above: Sequence[Job], depth: int) -> Snapshot | None:
        """The deepest state on this way that was kept, if it is deeper than the live one."""
        if self._snapshots is None:
            return None
        ways = [(job.cell, job.confined) for job in above]
        return self._snapshots.deepest(self._place, ways, depth, self._content)

    def _wake(self, snapshot: Snapshot) -> bool:
        """Let the workers of a snapshot be the live ones; when one is no more, the snapshot is forgotten."""
        assert self._snapshots is not None
        self._drop()
        for language, image in snapshot.images.items():
            kernel = image.wake(self._place, self._limits)
            if kernel is None:
                self._snapshots.forget(snapshot)
                self._drop()
                return False
            self._kernels[language] = kernel
        self.at, self._trail, self._images = snapshot.cell, snapshot.trail, dict(snapshot.images)
        self._bounds = snapshot.bounds
        return True

    def _keep(self, anyway: bool = False) -> None:
        """Keep the live state, when that pays or anyway: an image of each worker that changed since the last."""
        if self._snapshots is None or self._hung or not (self.at and self._kernels) or self._closing:
            return
        if not (anyway or self._snapshots.pays(self._trail)):
            return
        if self.impure or self._lacks:
            self.tainted = self.impure or "it lacks names that could not be saved"
            return
        for language, kernel in self._kernels.items():
            if language in self._images:
                continue
            image = kernel.freeze()
            if isinstance(image, Tainted):
                self.tainted = image.why
                return
            self._images[language] = image
        self.tainted = ""
        self._trail = self._trail.kept(max(image.cost for image in self._images.values()))
        self._snapshots.keep(Snapshot(self._place, self.at, dict(self._images), self._trail, self._bounds))

    def _replay(self, above: Sequence[Job], cell: str) -> Generator[Event, None, Finished | None]:
        """Run these cells in the live state; the Finished of `cell` when that cannot be done."""
        for job in above:
            if job.once and not job.replay and not job.reach:
                return _refused(cell, job, "it may run only once")
        for number, job in enumerate(above, 1):
            if job.reach:
                self._pass_by(job)
                continue
            if job.replay == "skip":
                self.at, self.impure = job.cell, f"{job.name} was not run again"
                continue
            yield Replaying(cell, job.cell, number, len(above))
            finished, failure = self._quietly(job)
            self.rewrote.update(finished.writes)
            self.respawned = self.respawned or finished.spawned
            self._keep()
            if self._stopping:
                return Finished(cell, "stopped", cause=self._stopping)
            if finished.status != "ok" and not (finished.status == "error" and job.raises):
                return _refused(cell, job, finished.cause or failure)
        return None

    def _quietly(self, job: Job) -> tuple[Finished, str]:
        """Run a cell again, with the answers that it got then; how it ended, and its error if there was one."""
        answers, failure, finished = iter(self._answers.get(job.cell, ())), "", None
        for event in self._cell(job):
            match event:
                case InputRequest() if self._course:
                    self._course.answer(next(answers, None))
                case Error():
                    failure = f"{event.ename}: {event.evalue}"
                case Finished():
                    finished = event
        for outputs in self._past:
            outputs.quiet = True
        assert finished is not None, "a course ends with Finished"
        return finished, failure

    def _cell(self, job: Job) -> Iterator[Event]:
        """Run a cell in the state that is there."""
        self.at = ""
        self._images.pop(job.language, None)
        try:
            if why := self._confine(job.language) if job.confined else "":
                self._drop()
                hint = f"; {END_IT}" if why.startswith(LASTING) else ""
                yield Finished(job.cell, "error", cause=f"{UNBOUND}{why}{hint}")
                return
            kernel = self._kernel(job.language)
        except Missing as error:
            self._drop()
            yield Finished(job.cell, "error", cause=str(error))
            return
        except OSError as error:
            self._drop()
            if self._stopping:
                yield Finished(job.cell, "stopped", cause=self._stopping)
                return
            is_here = job.language == "python" and not self._on
            what = self._place.interpreter.path if is_here else f"the kernel for {self._on or job.language}"
            yield Finished(job.cell, "died", cause=f"{what} did not start: {error}")
            return
        keeps = job.cache and self._cells is not None
        if keeps and job.language == "python" and not (job.confined or self._on):
            job = replace(job, cells=self._cells)
        self._course = course = Course(kernel, job, self._limits, waker=self._waker, past=self._past, serve=self._serve)
        if self._stopping:
            course.stop("stopped", self._stopping)
        for event in course.events():
            if isinstance(event, Finished):
                self._settle(course, event)
                if course.hung and not job.once:
                    raise Hung
                self._keeping = True
                event = self._really(event)
                if keeps and not job.cells:
                    why = NOT_FREE if job.confined else ELSEWHERE if self._on else "only a Python cell's can be"
                    event = replace(event, cached=f"what it makes is not kept: {why}")
            yield event

    def _really(self, finished: Finished) -> Finished:
        """The same with files where they are, not where the cells see them."""
        if self._place.seen_at is None:
            return finished
        reads, writes = (tuple(map(self._place.real, paths)) for paths in (finished.reads, finished.writes))
        return replace(finished, reads=reads, writes=writes)

    def _kernel(self, language: str) -> Kernel:
        if language not in self._kernels:
            self._kernels[language] = self._started(language)
        return self._kernels[language]

    def _started(self, language: str) -> Kernel:
        """A fresh worker: woken from one that has run nothing yet, where there is such a one."""
        there = {"python": self._on, "bash": f"{self._on}{SHELL}"}.get(language, language) if self._on else language
        if there.startswith(SCHEMES):
            from nozzle.runner.far.kernel import begin

            beside = list(self._kernels.values())
            return begin(Address.of(there), self._place, self._limits, beside, lambda: self._stopping is not None)
        store = self._snapshots
        if language != "python" or store is None or store.policy == "never" or self._hung:
            return start(language, self._place, self._limits, self._bounds, self._specs)
        image = store.fresh(self._place)
        kernel = image.wake(self._place, self._limits) if image else None
        if kernel is None:
            kernel = start(language, self._place, self._limits)
            made = kernel.freeze()
            store.keep_fresh(self._place, None if isinstance(made, Tainted) else made)
        return confined(kernel, self._bounds) if self._bounds else kernel

    def _own_bounds(self) -> Bounds:
        place = self._place
        return bounds_of(place.root, place.folder, at=place.seen_at, python=place.interpreter.path)

    def _confine(self, language: str) -> str:
        """Bind the live workers and those to come, among them one for this language; why that cannot be, or nothing."""
        if language not in OWN:
            return f"nothing can bind the Jupyter kernel for {language}"
        if self._bounds is not None:
            return ""
        self._bounds = self._new_bounds()
        for language, kernel in self._kernels.items():
            bound = kernel.confine(self._bounds)
            if isinstance(bound, Tainted):
                return bound.why
            self._kernels[language] = bound
        self._images.clear()
        return ""

    @property
    def held(self) -> Held | None:
        """The bounds that all live workers keep to; None while no cell of an agent has run."""
        found = [kernel.held or Held(False, False, False) for kernel in self._kernels.values()]
        if self._bounds is None or not found:
            return None
        return Held(*(all(each) for each in zip(*((h.files, h.network, h.signals) for h in found), strict=True)))

    def _settle(self, course: Course, finished: Finished) -> None:
        """A cell is over: its state is the live one, unless its worker is gone."""
        self._course = None
        if course.hidden is not None:
            self.hides = course.hidden
        if course.dead or self._closing:
            self._drop()
            return
        self.at = course.cell
        self._trail = self._trail.after(finished, self._content, once=course.once)
        past = {id(outputs): outputs for outputs in (*self._past, course.outputs) if outputs.readers()}
        self._past[:] = past.values()

    def _late(self) -> Iterator[Late]:
        for outputs in self._past:
            yield from late(outputs)

    def _drop(self) -> None:
        """Give up the live state and everything that holds it."""
        self.at, self._course, self._trail, self._bounds, self.impure = "", None, Trail(), None, ""
        self._lacks = None
        self._images.clear()
        for kernel in self._kernels.values():
            kernel.process.close()
            kernel.outputs.close()
        for outputs in self._past:
            outputs.close()
        self._kernels.clear()
        self._past.clear()


def _bound(above: Sequence[Job], job: Job) -> tuple[list[Job], Job]:
    """The same cells: those below an agent's are bound as it is, for its variables may hold its code; unless it ran in
    a kernel of its own, which left none."""
    found: list[Job] = []
    for each in (*above, job):
        below = bool(found) and found[-1].confined
        found.append(replace(each, confined=below or (each.confined and not each.reach)))
    return found[:-1], found[-1]


def _refused(cell: str, job: Job, why: str) -> Finished:
    return Finished(cell, "error", cause=f"{job.name} above could not be run again: {why}")
