"""The live workers of one entry in one thread of its journal: a state that is always the state after some cell.

Replay is the meaning: a cell runs in the live state only when that is the state its cells above make; otherwise
everything starts afresh. It never reads or writes an entry.
"""

import os
import threading
import weakref
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

from nozzle.document.events import Error, Event, Finished, InputRequest, Late, Replaying
from nozzle.runner.course import Course, Serve, late, nobody
from nozzle.runner.interpreter import Interpreter
from nozzle.runner.job import Job, Limits
from nozzle.runner.kernel import Kernel, start
from nozzle.runner.outputs import Outputs
from nozzle.runner.process import Place

DEFAULT = Limits()
CLOSED = "the kernel was closed"


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
        serve: Serve = nobody,
    ) -> None:
        self.at = ""
        """Chain digest of the cell after which the live state stands; empty when fresh."""
        self.hides: bool | None = None
        """Whether the kernel that started last has the hidden folders out of its reach; None: none has started."""
        self._place = Place(folder.resolve(), root.resolve(), interpreter, tuple(secret_names), tuple(hidden))
        self._limits = limits
        self._serve = serve
        self._kernels: dict[str, Kernel] = {}
        self._past: list[Outputs] = []
        self._course: Course | None = None
        self._answers: dict[str, list[str | None]] = {}
        self._turn = threading.Lock()
        self._stopping: str | None = None
        self._closing = False
        self._waker = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        weakref.finalize(self, os.close, self._waker)

    def run(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Run the last job in the state that the jobs above it make; always ends with exactly one Finished, its own.

        When the live state is another one, all starts afresh and the jobs above run again, each told by Replaying only.
        """
        if not self._turn.acquire(blocking=False):
            raise RuntimeError("this session is running a cell: one at a time")
        self._stopping, self._closing = None, False
        try:
            yield from self._run(jobs)
        finally:
            if self._course is not None or self._closing:  # a course is left when whoever asked went away
                self._drop()
            self._turn.release()

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
        for kernel in list(self._kernels.values()):
            kernel.process.end()

    def _run(self, jobs: Sequence[Job]) -> Iterator[Event]:
        *above, job = jobs
        yield from self._late()
        if not self._stands_after(above):
            self._drop()
            refusal = yield from self._replay(above, job.cell)
            if refusal is not None:
                self._drop()
                yield refusal
                return
        self._answers.pop(job.cell, None)
        yield from self._cell(job)

    def _stands_after(self, above: Sequence[Job]) -> bool:
        """Whether the live state is the one that these cells make."""
        if any(kernel.process.is_gone() for kernel in self._kernels.values()):
            return False
        return self.at == above[-1].cell if above else not self._kernels

    def _replay(self, above: Sequence[Job], cell: str) -> Generator[Event, None, Finished | None]:
        """Make the state that `cell` needs; the Finished of `cell` when that cannot be done."""
        for job in above:
            if job.once:
                return _refused(cell, job, "it may run only once")
        for number, job in enumerate(above, 1):
            yield Replaying(cell, job.cell, number, len(above))
            finished, failure = self._quietly(job)
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
        try:
            kernel = self._kernel(job.language)
        except OSError as error:
            self._drop()
            yield Finished(job.cell, "died", cause=f"{self._place.interpreter.path} did not start: {error}")
            return
        self._course = course = Course(kernel, job, self._limits, waker=self._waker, past=self._past, serve=self._serve)
        if self._stopping:
            course.stop("stopped", self._stopping)
        for event in course.events():
            if isinstance(event, Finished):
                self._settle(course)
            yield event

    def _kernel(self, language: str) -> Kernel:
        if language not in self._kernels:
            self._kernels[language] = start(language, self._place, self._limits)
        return self._kernels[language]

    def _settle(self, course: Course) -> None:
        """A cell is over: its state is the live one, unless its worker is gone."""
        self._course = None
        if course.hidden is not None:
            self.hides = course.hidden
        if course.dead or self._closing:
            self._drop()
            return
        self.at = course.cell
        past = {id(outputs): outputs for outputs in (*self._past, course.outputs) if outputs.readers()}
        self._past[:] = past.values()

    def _late(self) -> Iterator[Late]:
        for outputs in self._past:
            yield from late(outputs)

    def _drop(self) -> None:
        """Give up the live state and everything that holds it."""
        self.at, self._course = "", None
        for kernel in self._kernels.values():
            kernel.process.close()
            kernel.outputs.close()
        for outputs in self._past:
            outputs.close()
        self._kernels.clear()
        self._past.clear()


def _refused(cell: str, job: Job, why: str) -> Finished:
    return Finished(cell, "error", cause=f"{job.name} above could not be run again: {why}")
