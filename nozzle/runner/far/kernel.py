"""A kernel on another machine, as a session sees it: all that its process and its pipes would do here goes by line."""

import os
import signal
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any

from nozzle.runner.confine import Bounds, Held
from nozzle.runner.far.address import Address
from nozzle.runner.far.line import Line, never
from nozzle.runner.job import Job, Limits
from nozzle.runner.kernel import Image, Kernel, Message, Tainted, Watch
from nozzle.runner.outputs import Name, Outputs
from nozzle.runner.process import Place

ENDING = 15.0
"""Seconds in which a kernel there is ended."""


class Far:
    """One worker on another machine."""

    held: Held | None = None

    def __init__(self, line: Line, number: int, limits: Limits, woken: bool = False) -> None:
        """It was begun there, under this number."""
        self.line, self.number, self.woken = line, number, woken
        self.said_all = False
        self.hung = False
        """What the watchdog there thought when it was last asked."""
        self._limits = limits
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.process = FarProcess(line, number, self._bell)
        self._inbox: deque[Message] = deque()
        self._early: list[Message] = []
        self._outputs: weakref.WeakValueDictionary[int, FarOutputs] = weakref.WeakValueDictionary()
        self.outputs = FarOutputs(self, 0, limits)
        line.listen(number, self._told)

    def begin(self, job: Job) -> bool:
        number = self.line.number()
        self.outputs = self._outputs[number] = FarOutputs(self, number, self._limits)
        self.outputs.begin(job.cell)
        cell = {"cell": job.cell, "source": job.source, "label": job.label, "renew": job.renew}
        self._say("cell", outputs=number, **cell)
        return False

    def hear(self) -> Iterator[Message]:
        self.listen()
        while self._early:
            message = self._early.pop(0)
            if message["t"] != "printed":
                yield message
                continue
            self._print(message)

    def listen(self) -> None:
        """Take what has come; what earlier cells printed is theirs at once."""
        try:
            os.eventfd_read(self._bell)
        except BlockingIOError:
            pass
        while self._inbox:
            message = self._inbox.popleft()
            if message["t"] == "printed" and message["outputs"] != self.outputs.number:
                self._print(message)
            elif message["t"] == "closed":
                if outputs := self._outputs.get(message["outputs"]):
                    outputs.over = True
            elif message["t"] == "looked":
                self.hung = message["hung"]
            else:
                if message["t"] == "done":
                    self.outputs.missing = message.pop("left_out", "")
                self._early.append(message)

    def traces(self) -> Message:
        return self.process.traces

    def answer(self, number: int, text: str | None = None) -> None:
        if number:
            self._say("answer", number=number, text=text)

    def freeze(self) -> "Image | Tainted":
        image = self.line.number()
        said = self.line.ask({"do": "freeze", "kernel": self.number, "image": image})
        if said is None:
            return Tainted(self.line.dropped or f"{self.line.address.name} did not say that it kept it")
        if said["why"]:
            return Tainted(said["why"])
        return FarImage(self.line, image, said["harm"], said["cost"])

    def confine(self, bounds: Bounds) -> "Kernel | Tainted":
        return Tainted(f"nothing of this machine's bounds holds on {self.line.address.name}")

    def watchdog(self) -> Watch | None:
        return FarWatch(self) if self.woken else None

    def look(self) -> bool:
        """What the watchdog there thought last, and let it look again."""
        self._say("look")
        return self.hung

    def _print(self, message: Message) -> None:
        if outputs := self._outputs.get(message["outputs"]):
            outputs.take(message)

    def _told(self, message: Message) -> None:
        """In the line's thread."""
        if message["t"] == "gone":
            self.process.traces = message.get("traces", self.process.traces)  # none where the line dropped
            self.process.gone(message["why"])
            return
        self._inbox.append(message)
        self.process.ring()

    def _say(self, do: str, **words: Any) -> None:
        self.line.say({"do": do, "kernel": self.number, **words})


class FarProcess:
    """A process on another machine, as far as it can be told from here."""

    def __init__(self, line: Line, number: int, bell: int) -> None:
        self._line, self._number = line, number
        self._bell = bell
        self._cause = ""
        self.traces: Message = {"spawned": True}
        """What its last cell had done when it went away; where the line dropped, nobody knows."""
        self._gone = threading.Event()
        self._open = True
        self._lock = threading.Lock()
        self.ended = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        """Becomes readable when it is known to be gone."""

    @property
    def ears(self) -> int:
        return self._bell

    def ring(self) -> None:
        """Something was said."""
        with self._lock:
            if self._open:
                os.eventfd_write(self._bell, 1)

    def gone(self, why: str) -> None:
        """It has ended, or nobody can say."""
        with self._lock:
            self._cause = self._cause or why
            self._gone.set()
            if self._open:
                os.eventfd_write(self.ended, 1)

    def signal(self, number: signal.Signals) -> None:
        self._line.say({"do": "signal", "kernel": self._number, "number": int(number)})

    def is_gone(self, wait: float = 0.0) -> bool:
        return self._gone.wait(wait) if wait else self._gone.is_set()

    def cause(self) -> str:
        self._gone.wait(ENDING)
        return self._cause or f"{self._line.address.name} does not say how"

    def used(self) -> float | None:
        return None

    def lingers(self) -> bool:
        return not self.is_gone()

    def end(self) -> None:
        if not self.is_gone():
            self._line.ask({"do": "end", "kernel": self._number}, ENDING)
            self.gone("it was ended")

    def close(self) -> None:
        self.end()
        self._line.listen(self._number, None)
        with self._lock:
            self._open = False
            os.close(self._bell)
            os.close(self.ended)
        self._line.release()


class FarOutputs(Outputs):
    """What a cell printed there, kept to the limit there."""

    def __init__(self, kernel: Far, number: int, limits: Limits) -> None:
        self.number = number
        self.over = False
        self.missing = ""
        self._kernel = kernel
        self._texts: list[tuple[Name, str]] = []
        super().__init__(limits)

    def _open(self) -> None:
        """No pipes."""

    def take(self, message: Message) -> None:
        """Something was printed there."""
        self.seen = message["seen"]
        if message["text"]:
            self._texts.append((message["name"], message["text"]))

    def readers(self) -> list[int]:
        return [] if self.over else [self._kernel.process.ears]

    def drain(self) -> Iterator[tuple[Name, str]]:
        if not self.over and self is not self._kernel.outputs:
            self._kernel.listen()
        texts, self._texts = self._texts, []
        yield from texts

    @property
    def left_out(self) -> str:
        return self.missing

    def close(self) -> None:
        self.over = True


class FarImage:
    """A state that is kept on another machine."""

    held: Held | None = None

    def __init__(self, line: Line, number: int, harm: str, cost: float) -> None:
        self.harm, self.cost = harm, cost
        self._line, self._number = line, number
        line.hold()
        weakref.finalize(self, line.let_go, number).atexit = False

    def wake(self, place: Place, limits: Limits) -> Kernel | None:
        number = self._line.number()
        said = self._line.ask({"do": "wake", "image": self._number, "kernel": number})
        if said is None or said["lacks"]:
            return None
        self._line.hold()
        return Far(self._line, number, limits, woken=True)

    def memory(self) -> int:
        said = self._line.ask({"do": "memory", "image": self._number}, ENDING)
        return int(said["bytes"]) if said else 0


class FarWatch:
    """The watchdog there; it is heard a moment later."""

    def __init__(self, kernel: Far) -> None:
        self._kernel = kernel

    def look(self) -> bool:
        return self._kernel.look()


def begin(
    address: Address, place: Place, limits: Limits, beside: Iterable[Kernel] = (), unwanted: Callable[[], bool] = never
) -> Kernel:
    """A fresh worker there, on the line of one that is `beside` it where there is such a one; OSError, in words for
    the author, when there is none, or when it is `unwanted` before it began."""
    lines = (each.line for each in beside if isinstance(each, Far))
    line = next((each for each in lines if each.address.machine == address.machine and not each.dropped), None)
    if line is not None:
        line.hold()
        return _begun(line, address, limits)
    line = Line(address, {name: value for name, value in os.environ.items() if name not in place.secret_names})
    try:
        by_dask = address.scheme == "dask"
        folder = str(place.folder) if by_dask else address.folder
        hidden = [str(folder) for folder in place.hidden]
        line.settle(unwanted, folder=folder, else_here=by_dask, limits=asdict(limits), hidden=hidden)
    except OSError:
        line.release()
        raise
    return _begun(line, address, limits)


def _begun(line: Line, address: Address, limits: Limits) -> Kernel:
    number = line.number()
    said = line.ask({"do": "start", "kernel": number, "language": address.language})
    if said is None or said["lacks"]:
        why = said["lacks"] if said else line.dropped or f"{address.name} says nothing"
        line.release()
        raise OSError(why)
    return Far(line, number, limits)
