"""Cells of one entry in one thread of its journal, run one at a time, each in the state that the cells above it make.

Replay is the meaning: a cell runs in the live state only when that is the state its cells above make; otherwise the
deepest state on its chain that was kept is woken, and the cells below that run again. It never reads or writes an
entry.
"""

import os
import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from nozzle.document.events import Error, Event, Finished, InputRequest, Late, Replaying, Restarted
from nozzle.errors import Missing
from nozzle.runner import apart
from nozzle.runner.call import Serve, nobody
from nozzle.runner.confine import Bounds
from nozzle.runner.course import Course, late
from nozzle.runner.interpreter import Interpreter
from nozzle.runner.job import Job, Limits
from nozzle.runner.kernel import ANYWHERE, UNBOUND, Kernel
from nozzle.runner.kernelspec import Kernelspecs
from nozzle.runner.left import Files
from nozzle.runner.live import Live
from nozzle.runner.process import Place
from nozzle.runner.shelf import Kept, Shelf
from nozzle.runner.snapshots import Snapshots, content_of

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
LEFT = (
    "it left something at work (a thread, a timer, a handler of signals, a program), which was ended with it: nobody "
    "let that run by a word"
)
"""Why a cell failed that a rule let run: what it had begun would have gone on when other things are there to lose."""
JOINS = "; to run unasked it ends that itself (joins the thread, waits for the program)"
LOOKS, QUIET, PAUSE = 6, 2, 0.02
"""How often it is looked whether something goes on, how often in a row nothing is to, and seconds between two looks."""
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
        made: Callable[[str], Iterable[str]] = lambda cell: (),
    ) -> None:
        """Without `snapshots` none is kept. `content` names what a file holds, by its absolute path; `bounds` says what
        binds the cells that an agent wrote; where the system allows it, the cells see the root at `seen_at`. Jupyter's
        kernels are found among `specs`. In `cells` lies what cells made that may be kept; without it they run. On the
        `shelf` are states that outlive every process. Cells in Python and bash run `on` the machine of this address,
        where one is given. `made` says what a cell wrote when it ran, by its programs too: paths from the root."""
        root, seen_at = root.resolve(), seen_at.resolve() if seen_at else None
        place = Place(
            folder.resolve(),
            root,
            interpreter,
            tuple(secret_names),
            tuple(hidden),
            seen_at if seen_at != root else None,
        )
        self.live = Live(
            place,
            limits,
            snapshots,
            Files(lambda path: content(place.real(path)), place.real),
            bounds,
            specs,
            shelf,
            on,
            lambda: self._stopping is not None,
        )
        self.hides: bool | None = None
        """Whether the kernel that started last has the hidden folders out of its reach; None: none has started."""
        self._limits = limits
        self._serve = serve
        self._specs = specs
        self._cells = cells
        self._on = on
        self._made = made
        self._course: Course | None = None
        self._apart: Kernel | None = None
        """Of a cell that was let out of its bounds, while it runs."""
        self._answers: dict[str, list[str | None]] = {}
        self._turn = threading.Lock()
        self._stopping: str | None = None
        self._closing = False
        self._keeping = False
        """The cell is over, its state is being kept: the next one has only a moment to wait."""
        self.rewrote: set[str] = set()
        """Files that cells wrote which ran again before the latest one, as far as audit hooks see: absolute paths."""
        self.respawned = False
        """One of them started programs."""
        self.reran: list[str] = []
        """Their chains."""
        self._waker = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        weakref.finalize(self, os.close, self._waker)

    def run(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Run the last job in the state that the jobs above it make; always ends with exactly one Finished, its own.

        When the live state is another one, all starts afresh and the jobs above run again, each told by Replaying only.
        """
        with self._a_turn():
            self.rewrote, self.respawned, self.reran = set(), False, []
            yield from self._run(jobs)
            self._keep()

    def go_to(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Make the live state the one after these cells, as `run` would before one more below them.

        Only Replaying is told; a Finished (of no cell) comes last when that state cannot be had, and says why.
        """
        with self._a_turn():
            above, _ = _bound(jobs, Job("", ""))
            try:
                refusal = yield from self._go_to(above, None)
            except Hung:
                self.live.distrust(jobs)
                refusal = Finished("", "error", cause=STUCK)
            if refusal is not None:
                self.live.drop()
                yield refusal

    def missing(self, jobs: Sequence[Job]) -> list[Job]:
        """Those of these cells that would run again to make the state after them; nothing when a cell runs now."""
        if not self._turn.acquire(timeout=LONGEST if self._keeping else 0):
            return []
        try:
            above, _ = _bound(jobs, Job("", ""))
            return [job for job in above[self.live.reachable(above) :] if not job.reach]
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
            return self.live.stand(above, through)
        finally:
            self._turn.release()

    def part(self) -> None:
        """A side branch begins: nothing of it is ever kept."""
        self.live.impure = "it is a side branch"

    def keep(self) -> str:
        """Keep the live state, whatever that costs: somebody will want it back. Why it cannot be, or nothing."""
        with self._turn:
            self._keep(anyway=True)
            return self.live.tainted

    def save(self, file: int) -> Kept | str:
        """Write the live state into an open file, so that it outlives all processes; or why it cannot be."""
        with self._turn:
            return self.live.save(file)

    def prepare(self, names: Sequence[str]) -> None:
        """Let workers stand ready with these libraries imported, for first cells that begin so; from any thread."""
        self.live.prepare(names)

    def lingers(self) -> bool:
        """Whether something that a cell began may be at work yet; where that cannot be seen, it may."""
        return any(kernel.process.lingers() for kernel in list(self.live.kernels.values()))

    def wrote(self, cell: str, paths: Iterable[str]) -> None:
        """A cell that is over wrote these, by its programs too: paths from the root."""
        with self._turn:
            self._wrote(cell, paths)

    def _wrote(self, cell: str, paths: Iterable[str]) -> None:
        self.live.wrote(cell, [f"{self.live.place.seen_root}{os.sep}{path}" for path in paths])

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
    def at(self) -> str:
        """Chain digest of the cell after which the live state stands; empty when fresh."""
        return self.live.at

    @property
    def asks(self) -> bool:
        """Whether the cell that runs waits for somebody's answer."""
        return self._course is not None and self._course.question is not None

    @property
    def prompt(self) -> str:
        """What it asks, in the cell's own words."""
        return self._course.prompt if self._course is not None else ""

    @property
    def asks_secret(self) -> bool:
        """Whether what it waits for is a password."""
        return self.asks and self._course is not None and self._course.secret

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
                self.live.drop()
            finally:
                self._turn.release()
            return
        self._closing = True
        self.interrupt(CLOSED)
        for kernel in [*self.live.kernels.values(), *([self._apart] if self._apart else [])]:
            kernel.process.end()

    @contextmanager
    def _a_turn(self) -> Iterator[None]:
        """One at a time; a course that is left open, as whoever asked went away, takes the state with it."""
        if not self._turn.acquire(timeout=LONGEST if self._keeping else 0):
            raise RuntimeError("this session is running a cell: one at a time")
        self._stopping, self._closing, self._keeping = None, False, False
        try:
            yield
        finally:
            if self._course is not None or self._closing:
                self._drop()
            self._turn.release()

    def _run(self, jobs: Sequence[Job]) -> Iterator[Event]:
        yield from self._late()
        try:
            yield from self._attempt(jobs)
        except Hung:
            self.live.distrust(jobs)
            yield Restarted(jobs[-1].cell, HUNG)
            try:
                yield from self._attempt(jobs)
            except Hung:  # only a kernel that was to be bound is a copy by now
                self.live.drop()
                yield Finished(jobs[-1].cell, "error", cause=f"{UNBOUND}{STUCK}; {END_IT}")

    def _attempt(self, jobs: Sequence[Job]) -> Iterator[Event]:
        *above, job = jobs
        above, job = _bound(above, job)
        if job.reach:
            yield from self._let_out(above, job)
            return
        refusal = yield from self._go_to(above, job)
        if refusal is not None:
            self.live.drop()
            yield refusal
            return
        self._answers.pop(job.cell, None)
        yield from self._cell(job)

    def _let_out(self, above: Sequence[Job], job: Job) -> Iterator[Event]:
        """Run a cell in a kernel of its own; the live state, where it stands right above, passes it by."""
        self._answers.pop(job.cell, None)
        finished: Finished | None = None
        try:
            with apart.own_kernel(job, self.live.place, self._limits, self.live.new_bounds, self._specs) as self._apart:
                course = self._begin(self._apart, job)
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
        if self.live.at == (above[-1].cell if above else ""):
            self.live.pass_by(job)
        self._keeping = True
        yield apart.told(self._really(finished), job.reach)

    def _go_to(self, above: Sequence[Job], job: Job | None) -> Generator[Event, None, Finished | None]:
        """Make the live state the one after these cells, for the `job` below; its Finished when that cannot be done."""
        cell, reached = job.cell if job else "", self.live.reach(above, job)
        if isinstance(reached, str):
            return Finished(cell, "error", cause=reached)
        return (yield from self._replay(above[reached:], cell))

    def _keep(self, anyway: bool = False) -> None:
        if not self._closing:
            self.live.keep(anyway)

    def _replay(self, above: Sequence[Job], cell: str) -> Generator[Event, None, Finished | None]:
        """Run these cells in the live state; the Finished of `cell` when that cannot be done."""
        for job in above:
            if job.once and not job.replay and not job.reach:
                return _refused(cell, job, "it may run only once")
        for number, job in enumerate(above, 1):
            if job.reach:
                self.live.pass_by(job)
                continue
            if job.replay == "skip":
                self.live.skip(job)
                continue
            yield Replaying(cell, job.cell, number, len(above))
            finished, failure = self._quietly(job)
            self.reran.append(job.cell)
            self.rewrote.update(finished.writes)
            self.respawned = self.respawned or finished.spawned
            if finished.spawned:
                self._wrote(job.cell, self._made(job.cell))
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
        for outputs in self.live.past:
            outputs.quiet = True
        assert finished is not None, "a course ends with Finished"
        return finished, failure

    def _cell(self, job: Job) -> Iterator[Event]:
        """Run a cell in the state that is there."""
        self.live.begin(job.language)
        try:
            if why := self.live.confine(job.language) if job.confined else "":
                self.live.drop()
                hint = f"; {END_IT}" if why.startswith(LASTING) else ""
                yield Finished(job.cell, "error", cause=f"{UNBOUND}{why}{hint}")
                return
            kernel = self.live.kernel(job.language, job.source)
        except Missing as error:
            self.live.drop()
            yield Finished(job.cell, "error", cause=str(error))
            return
        except OSError as error:
            self.live.drop()
            if self._stopping:
                yield Finished(job.cell, "stopped", cause=self._stopping)
                return
            is_here = job.language == "python" and not self._on
            what = self.live.place.interpreter.path if is_here else f"the kernel for {self._on or job.language}"
            yield Finished(job.cell, "died", cause=f"{what} did not start: {error}")
            return
        keeps = job.cache and self._cells is not None
        if keeps and job.language == "python" and not (job.confined or self._on):
            job = replace(job, cells=self._cells)
        lone = job.unasked and not kernel.process.lingers()
        course = self._begin(kernel, job)
        for event in course.events():
            if isinstance(event, Finished):
                self._settle(course, event)
                if lone and _goes_on(kernel):
                    self._drop()
                    event = replace(event, status="error", cause=LEFT + JOINS)
                if course.hung and not job.once:
                    raise Hung
                self._keeping = True
                event = self._really(event)
                if keeps and not job.cells:
                    why = NOT_FREE if job.confined else ELSEWHERE if self._on else "only a Python cell's can be"
                    event = replace(event, cached=f"what it makes is not kept: {why}")
            yield event

    def _begin(self, kernel: Kernel, job: Job) -> Course:
        course = Course(kernel, job, self._limits, waker=self._waker, past=self.live.past, serve=self._serve)
        self._course = course
        if self._stopping:
            course.stop("stopped", self._stopping)
        return course

    def _really(self, finished: Finished) -> Finished:
        """The same with files where they are, not where the cells see them."""
        place = self.live.place
        if place.seen_at is None:
            return finished
        reads, writes = (tuple(map(place.real, paths)) for paths in (finished.reads, finished.writes))
        return replace(finished, reads=reads, writes=writes)

    def _settle(self, course: Course, finished: Finished) -> None:
        """A cell is over: its state is the live one, unless its worker is gone."""
        self._course = None
        if course.hidden is not None:
            self.hides = course.hidden
        if course.dead or self._closing:
            self._drop()
            return
        self.live.over(finished, course.outputs, once=course.once)

    def _late(self) -> Iterator[Late]:
        for outputs in self.live.past:
            yield from late(outputs)

    def _drop(self) -> None:
        self._course = None
        self.live.drop()


def _bound(above: Sequence[Job], job: Job) -> tuple[list[Job], Job]:
    """The same cells: those below an agent's are bound as it is, for its variables may hold its code; unless it ran in
    a kernel of its own, which left none."""
    found: list[Job] = []
    for each in (*above, job):
        confined = (bool(found) and found[-1].confined) or (each.confined and not each.reach)
        found.append(each if each.confined is confined else replace(each, confined=confined))
    return found[:-1], found[-1]


def _goes_on(kernel: Kernel) -> bool:
    """Whether what its cell began is at work yet, and not just about to end."""
    quiet = 0  # what hands on to a copy of its own may be missed once
    for _ in range(LOOKS):
        quiet = 0 if kernel.process.lingers() else quiet + 1
        if quiet == QUIET:
            return False
        time.sleep(PAUSE)
    return True


def _refused(cell: str, job: Job, why: str) -> Finished:
    return Finished(cell, "error", cause=f"{job.name} above could not be run again: {why}")
