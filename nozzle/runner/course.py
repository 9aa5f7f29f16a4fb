"""The course of one cell in its kernel, from Started to Finished: an iterator of events that always comes to its end.

Whoever wants the cell to stop, from any thread, says so once; the course sees to it: SIGINT, and SIGKILL after a grace.
"""

import os
import queue
import select
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nozzle.document.events import (
    ASKED,
    ClearOutput,
    DisplayData,
    Error,
    Event,
    ExecuteResult,
    Finished,
    InputRequest,
    Late,
    Started,
    Status,
    Stream,
)
from nozzle.runner import shown
from nozzle.runner.call import Call, Serve, nobody
from nozzle.runner.job import Job, Limits
from nozzle.runner.kernel import Kernel, Message
from nozzle.runner.outputs import Outputs
from nozzle.runner.outward import outward
from nozzle.runner.watchdog import PAUSE

LONG = 3600.0
"""Seconds after which a silent wait begins anew."""
BURST, REST = 0.005, 0.001
"""Seconds between two looks at what a cell prints that make it a flood, and how much longer it is then let flow."""
AGAIN = 0.5
"""Seconds after which an interrupt is said again: Python does not notice one that comes just before a sleep, and a
program that is just being started loses it."""
STOPPED = '{"error": "the cell was stopped"}'
"""What a cell is told that asks for more."""
A_MOMENT = 1.0
"""Seconds in which a kernel whose line has closed should be gone."""


class Course:
    """A cell on its way."""

    def __init__(
        self, kernel: Kernel, job: Job, limits: Limits, *, waker: int, past: Sequence[Outputs], serve: Serve = nobody
    ) -> None:
        self.cell = job.cell
        self.once = job.once
        self.hidden: bool | None = None
        self.dead = False
        """The worker went away under the cell."""
        self.hung = False
        """The worker was a copy that lacked what the cell waited for; it was killed."""
        self.finished: Finished | None = None
        self.secret = False
        """It asks for a password."""
        self.question: int | None = None
        """The number of the InputRequest that waits for an answer."""
        self.prompt = ""
        """What it asks."""
        self._kernel = kernel
        self._job = job
        self._limits = limits
        self._waker = waker
        self._past = past
        self._serve = serve
        self._begun = False
        self._began: float | None = None
        self._asked = False
        self._calls: list[Call] = []
        """What the cell has asked of the host."""
        self._came: queue.SimpleQueue[tuple[int, str | None]] = queue.SimpleQueue()
        """What came of these, by the number of the message that asked."""
        self._deadline: float | None = None
        self._stopped: tuple[Status, str] | None = None
        self._kill_at: float | None = None
        self._again_at: float | None = None
        self._watchdog = kernel.watchdog()
        self._look_at: float | None = None
        self._killed = False
        self._printed_at = 0.0
        """When it was last looked at only because it had printed."""
        self._shown = 0
        self._told: list[Event] = []

    def used(self) -> float | None:
        """Seconds of processor time that the worker and what it starts have used; None where that cannot be seen."""
        return self._kernel.process.used()

    def events(self) -> Iterator[Event]:
        """Run the cell; the last event is its Finished."""
        yield Started(self._job.cell)
        if self._kernel.begin(self._job):
            self._begin()
        try:
            yield from self._until_finished()
        finally:
            self._stop_calls()
        assert self.finished is not None, "it went on until then"
        yield self.finished

    def _until_finished(self) -> Iterator[Event]:
        while self.finished is None:
            ready = self._wait()
            yield from self._late()
            for message in self._kernel.hear():
                yield from self._noted(self._printed())
                yield from self._noted(self._heard(message))
            yield from self._noted(self._printed())
            if self.finished is None:
                self._hand_back()
                self._look_at_limits()
                if self._kernel.process.ended in ready or self._kernel.said_all:
                    yield from self._died()

    def stop(self, status: Status, cause: str) -> None:
        """Interrupt the cell, from any thread; the first cause counts."""
        if self._stopped or self.finished:
            return
        self._kill_at = time.monotonic() + self._limits.grace
        self._stopped = (status, cause)
        self._stop_calls()
        if self._begun:
            self._interrupt()
        os.eventfd_write(self._waker, 1)

    def answer(self, text: str | None) -> bool:
        """Reply to the question that waits, from any thread; False when none does."""
        number, self.question = self.question, None
        if number is None:
            return False
        self._kernel.answer(number, text)
        return True

    @property
    def outputs(self) -> Outputs:
        """The pipes of the cell."""
        return self._kernel.outputs

    def _wait(self) -> set[int]:
        """Until something can be read or a time has come."""
        poll = select.poll()
        process, past = self._kernel.process, [reader for outputs in self._past for reader in outputs.readers()]
        for reader in {process.ears, process.ended, self._waker, *self._kernel.outputs.readers(), *past}:
            poll.register(reader, select.POLLIN)
        moments = (self._deadline, self._kill_at, self._again_at, self._look_at)
        times = [moment for moment in moments if moment is not None]
        rest = max(0.0, min(times) - time.monotonic()) if times else LONG
        ready = {reader for reader, _ in poll.poll(rest * 1000 + 1)}
        if self._waker in ready:
            _emptied(self._waker)
        if ready and ready.issubset(self._kernel.outputs.readers()):
            if time.monotonic() - self._printed_at < BURST:
                time.sleep(REST)  # a cell that prints and prints is not looked at for every line
            self._printed_at = time.monotonic()
        return ready

    def _look_at_limits(self) -> None:
        now = time.monotonic()
        if self._deadline is not None and now >= self._deadline:
            self._deadline = None
            self.stop("timeout", f"time limit of {self._job.timeout:g} s")
        if self._kernel.outputs.seen + self._shown > self._limits.hard_bytes:
            self.stop("stopped", f"more than {self._limits.hard_bytes / 1e6:g} MB of output")
        if self._again_at is not None and now >= self._again_at:
            self._again_at = now + AGAIN
            self._kernel.process.signal(signal.SIGINT)
        if self._watchdog and self._look_at is not None and now >= self._look_at:
            self._look_at = now + PAUSE
            self.hung = self.hung or (not self._stopped and self._watchdog.look())
        if self.hung or (self._kill_at is not None and now >= self._kill_at):
            self._kill_at = self._look_at = None
            self._killed = True
            self._kernel.process.signal(signal.SIGKILL)

    def _printed(self) -> Iterator[Event]:
        for name, text in self._kernel.outputs.drain():
            yield Stream(self._job.cell, name, text)

    def _noted(self, events: Iterator[Event]) -> Iterator[Event]:
        """The same; what it shows is remembered where it may be kept."""
        for event in events:
            if self._job.cells and shown.is_shown(event):
                self._told.append(event)
            yield event

    def _late(self) -> Iterator[Event]:
        for outputs in self._past:
            if outputs is not self._kernel.outputs:
                yield from late(outputs)

    def _heard(self, message: Message) -> Iterator[Event]:
        cell, number = self._job.cell, message.get("ask", 0)
        match message["t"]:
            case "ready":
                self.hidden = message["hidden"]
            case "begun":
                self._begin()
            case "display_data" | "execute_result" as kind:
                self._shown += sum(map(len, message["data"].values()))
                yield _shown(cell, message) if kind == "display_data" else _result(cell, message)
            case "clear_output":
                yield ClearOutput(cell, message["wait"])
            case "error":
                yield _error(cell, message)
            case "input_request":
                self.question, self._asked, self.secret = number, True, message["password"]
                self.prompt = message["prompt"]
                yield InputRequest(cell, message["prompt"], message["password"])
                return
            case "tool":
                self._call(number, message)
                return
            case "done":
                yield from self._last_words()
                told = message.get("cached", {})
                if told.get("back") and self._job.cells:
                    yield from shown.read(self._job.cells, told["name"], cell)
                self.finished = self._finished(message, self._of_cache(told), told.get("took", 0.0))
        self.question = None
        if number:
            self._kernel.answer(number)

    def _call(self, number: int, message: Message) -> None:
        """Have something done for the cell, while its course goes on."""
        call = Call(message["name"], message["arguments"], self._job.acts)
        self._calls.append(call)
        if self._stopped:
            return self._kernel.answer(number, STOPPED)

        def came(text: str | None) -> None:
            self._came.put((number, text))
            os.eventfd_write(self._waker, 1)

        call.begin(self._serve, came)

    def _hand_back(self) -> None:
        """Give the cell what came of what it asked."""
        while not self._came.empty():
            self._kernel.answer(*self._came.get())

    def _stop_calls(self) -> None:
        for call in list(self._calls):
            call.stop()

    def _begin(self) -> None:
        self._begun, self._began = True, time.monotonic()
        if self._job.timeout is not None:
            self._deadline = time.monotonic() + self._job.timeout
        if self._stopped:
            self._interrupt()
        if self._watchdog:
            self._look_at = time.monotonic() + PAUSE

    def _interrupt(self) -> None:
        self._kernel.process.signal(signal.SIGINT)
        self._again_at = time.monotonic() + AGAIN

    def _of_cache(self, told: Mapping[str, Any]) -> str:
        """What became of what may be kept; what the cell showed completes it."""
        if not told or not self._job.cells:
            return ""
        if told["back"]:
            return f"brought back: nothing that it reads differs ({told['took']:.2g} s when it ran)"
        why = told["why"]
        if told["name"] and not why:
            why = self._kernel.outputs.left_out or shown.write(self._job.cells, told["name"], self._told)
        return f"what it makes is not kept: {why}" if why else ""

    def _finished(self, done: Message, cached: str, took: float) -> Finished:
        self._stop_calls()
        status, cause = self._stopped or ("ok" if done["ok"] else "error", "")
        cause = f"{cause}{self._half_done()}"
        facts = self._outside(done)
        return Finished(
            self._job.cell,
            status,
            done["seconds"],
            cause,
            done["memory"],
            packages=done["packages"],
            names=done.get("names", {}),
            left_out=self._kernel.outputs.left_out,
            took=took,
            cached=cached,
            answers=tuple(done.get("answers", ())),
            **facts,
        )

    def _outside(self, done: Message) -> dict[str, Any]:
        """What a cell did beyond its kernel."""
        names = ("reads", "writes", "elsewhere", "effects")
        facts: dict[str, Any] = {name: tuple(done.get(name, ())) for name in names} | {"spawned": done["spawned"]}
        facts["effects"] += outward(self._job.source, self._job.language) if done["spawned"] else ()
        facts["effects"] += (*self._acted(), *((ASKED,) if self._asked else ()))
        return facts

    def _acted(self) -> tuple[str, ...]:
        """What was done outside for the cell, or was about to be; each once."""
        return tuple(dict.fromkeys(call.effect for call in self._calls if call.effect))

    def _half_done(self) -> str:
        """What was under way when it was stopped."""
        under_way = dict.fromkeys(call.effect for call in self._calls if call.effect and not call.over)
        return f"; {' and '.join(under_way)} was under way, and may have been done all the same" if under_way else ""

    def _died(self) -> Iterator[Event]:
        """It went away before it had finished."""
        self.dead = True
        process = self._kernel.process
        if not process.is_gone(wait=A_MOMENT):
            process.signal(signal.SIGKILL)
        cause = process.cause()
        yield from self._printed()
        yield from self._last_words()
        if self._stopped:
            status, why = self._stopped
            cause = f"{why}; it did not stop and was killed" if self._killed else why
        else:
            status = "died"
        self._stop_calls()
        seconds = time.monotonic() - self._began if self._began is not None else 0.0
        cause = f"{cause}{self._half_done()}"
        facts = {"left_out": self._kernel.outputs.left_out, **self._outside(self._kernel.traces())}
        self.finished = Finished(self._job.cell, status, seconds, cause, **facts)

    def _last_words(self) -> Iterator[Event]:
        for name, text in self._kernel.outputs.last_words():
            yield Stream(self._job.cell, name, text)


def late(outputs: Outputs) -> Iterator[Late]:
    """What came through the pipes of a cell that had finished; nothing is told twice when that was a replay."""
    for name, text in outputs.drain():
        if not outputs.quiet:
            yield Late(outputs.cell, name, text)


def _error(cell: str, message: Message) -> Error:
    operands = tuple((name, words) for name, words in message.get("operands", ()))
    told = message["ename"], message["evalue"], tuple(message["traceback"])
    return Error(cell, *told, message.get("expression", ""), operands, message.get("line", 0))


def _shown(cell: str, message: Message) -> DisplayData:
    return DisplayData(cell, message["data"], message["metadata"], message["display_id"], message["update"])


def _result(cell: str, message: Message) -> ExecuteResult:
    return ExecuteResult(cell, message["data"], message["metadata"])


def _emptied(waker: int) -> None:
    try:
        os.eventfd_read(waker)
    except BlockingIOError:
        pass
