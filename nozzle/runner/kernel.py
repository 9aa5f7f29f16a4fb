"""A live worker as the host sees it: cells go in, messages in Jupyter's shapes come out, whatever its language.

It neither waits nor judges: `hear` gives what was said so far, and the course of the cell makes events of it.
"""

import contextlib
import json
import math
import os
import select
import signal
import socket
import struct
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from nozzle.errors import Missing
from nozzle.runner.confine import Bounds, Held
from nozzle.runner.job import Job, Limits
from nozzle.runner.keeper import PATIENCE, Keeper
from nozzle.runner.kernelspec import OWN, Kernelspecs
from nozzle.runner.outputs import Outputs
from nozzle.runner.process import Place, Process, launch, new_mark
from nozzle.runner.watchdog import Watchdog

Message = dict[str, Any]
HEADER = struct.Struct("<I")
ANYWHERE = Kernelspecs()
UNBOUND = "it cannot run in bounds here: "
"""How it is said that an agent's cell was not run."""
LOADING = 60.0
"""Seconds that one library may take to load."""
FROZEN = "frozen"
"""How the mark of a snapshot begins."""


class Life(Protocol):
    """The process of a kernel, on whatever machine."""

    @property
    def ears(self) -> int:
        """Becomes readable when it has said something."""

    @property
    def ended(self) -> int:
        """Becomes readable when it is gone."""

    def signal(self, number: signal.Signals) -> None:
        """Send it to the kernel and to what runs in its process group."""

    def is_gone(self, wait: float = 0.0) -> bool:
        """Whether it has ended, or does so within `wait` seconds."""

    def cause(self) -> str:
        """How it ended, in plain words; waits for that."""

    def used(self) -> float | None:
        """Seconds of processor time that it and its group have used; None where that cannot be seen."""

    def lingers(self) -> bool:
        """Whether something that it started may be at work yet."""

    def end(self) -> None:
        """Kill it and all that it started, from any thread; comes back when they are gone."""

    def close(self) -> None:
        """End it and give back what it holds here."""


class Watch(Protocol):
    """Tells whether a process sleeps for ever."""

    def look(self) -> bool:
        """Look once more."""


class Kernel(Protocol):
    """One worker of a session."""

    @property
    def process(self) -> Life:
        """Where it lives."""

    @property
    def outputs(self) -> Outputs:
        """The pipes of the cell that runs, or ran last."""

    held: Held | None
    """The bounds that it keeps to; None while there are none."""
    said_all: bool
    """Its line is closed: nothing more will be heard."""

    def begin(self, job: Job) -> bool:
        """Give it a cell; False when it will say `begun` itself."""

    def traces(self) -> Message:
        """What a cell that did not come to its end had done by then, as `done` tells it: writes, effects, spawned."""

    def hear(self) -> Iterator[Message]:
        """What it has said since, without waiting."""

    def answer(self, number: int, text: str | None = None) -> None:
        """Reply to the message that asked under this number."""

    def freeze(self) -> "Image | Tainted":
        """Keep the state as it is now, or say why that cannot be."""

    def confine(self, bounds: Bounds) -> "Kernel | Tainted":
        """A kernel in the same state that keeps to bounds, in the place of this one; or why there is none."""

    def watchdog(self) -> Watch | None:
        """What looks after it while a cell runs; None where nothing can be missing."""


class Image(Protocol):
    """The state of one worker, kept; it is let go when nobody holds it any more."""

    harm: str
    """"doubt": threads of unknown libraries are not in it; who wakes it watches over it."""
    cost: float
    """Seconds that keeping it took."""
    held: Held | None
    """The bounds that its worker keeps to."""

    def wake(self, place: Place, limits: Limits) -> Kernel | None:
        """A worker in this state at a place of its kind, as often as one likes; None when the image is no more."""

    def memory(self) -> int:
        """Bytes that only this image holds."""


@dataclass(frozen=True, slots=True)
class Tainted:
    """A state that cannot be kept."""

    why: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """A library that was imported before any cell."""

    seconds: float
    files: tuple[tuple[str, int, int], ...]
    """What it came from: path, time of change (ns), bytes."""


class Python:
    """The Python worker; every cell gets pipes of its own, so that late output is known by the pipe it comes from."""

    def __init__(self, place: Place, process: Process, outputs: Outputs, limits: Limits, woken: bool = False) -> None:
        self.place = place
        self._limits = limits
        self.outputs = outputs
        self.process = process
        self.held: Held | None = None
        self.woken = woken
        """It is a copy: what a fork loses may be missed."""
        self.said_all = False
        self._heard = bytearray()
        self._early: list[Message] = []
        """What was said while nobody listened."""
        self._first = not woken
        self._sheet: Sheet | None = None

    def begin(self, job: Job) -> bool:
        if not self._first:
            self.outputs = Outputs(self._limits)
        self._first = False
        self.outputs.begin(job.cell)
        message: Message = {"source": job.source, "name": job.name, "renew": job.renew, "looks": job.looks}
        self._sheet = Sheet()
        with contextlib.ExitStack() as given:
            cells = (given.enter_context(_folder(job.cells)),) if job.cells else ()
            self._say(message, (*self.outputs.writers, self._sheet.file, *cells))
        self.outputs.handed_over()
        return False

    def traces(self) -> Message:
        found: dict[str, list[str]] = {"writes": [], "effects": [], "spawned": []}
        for row in self._sheet.rows() if self._sheet else ():
            name, _, what = row.partition(" ")
            found.get(name, []).append(what)
        return {**found, "spawned": bool(found["spawned"])}

    def hear(self) -> Iterator[Message]:
        early, self._early = self._early, []
        yield from early
        yield from self._said()

    def _said(self) -> Iterator[Message]:
        self.said_all = take(self.process.line, self._heard)
        while len(self._heard) >= HEADER.size:
            size = HEADER.size + HEADER.unpack_from(self._heard)[0]
            if len(self._heard) < size:
                return
            message = heard(self._heard[HEADER.size : size])
            del self._heard[:size]
            if message["t"] == "lost":
                self.process.told = f"it could not go on with what cells made of its Python ({message.get('why')})"
                self.said_all = True
                return
            if message["t"] == "done":
                self.process.left = bool(message.get("left"))
            yield message

    def answer(self, number: int, text: str | None = None) -> None:
        self._say({"answer": number, "text": text})

    def freeze(self) -> "Image | Tainted":
        mark, (line, theirs) = new_mark(FROZEN), socket.socketpair()
        with theirs:
            self._say({"freeze": mark}, (theirs.fileno(),))
        match self._reply("frozen", "tainted"):
            case {"t": "frozen", "harm": "" | "doubt" as harm, "pid": pid, "seconds": cost}:
                return Frozen(self, line, pid, harm, cost)
            case {"t": "frozen", "harm": why} | {"t": "tainted", "why": why}:
                line.close()
                return Tainted(why)
        line.close()
        return Tainted("its kernel is gone")

    def confine(self, bounds: Bounds) -> "Kernel | Tainted":
        """Itself where nothing of it would stay free, else a copy: that has no thread of a library's."""
        bound = self._bound(bounds)
        if not isinstance(bound, Tainted):
            return bound
        image = self.freeze()
        if isinstance(image, Tainted):
            return image
        copy = image.wake(self.place, self._limits)
        if not isinstance(copy, Python):
            return Tainted("a copy of its kernel did not start")
        bound = copy._bound(bounds)
        given_up = copy if isinstance(bound, Tainted) else self
        given_up.process.close()
        given_up.outputs.close()
        return bound

    def preload(self, name: str) -> "Loaded | Tainted":
        """Import a library before any cell does; or why that would not be the same as the cell's doing it."""
        self._say({"preload": name})
        match self._reply("loaded", "unloaded", patience=LOADING):
            case {"t": "loaded", "seconds": seconds, "files": files}:
                return Loaded(seconds, tuple((file, when, size) for file, when, size in files))
            case {"t": "unloaded", "why": why}:
                return Tainted(why)
        return Tainted("its kernel is gone")

    def watchdog(self) -> Watch | None:
        return Watchdog(self.process.pid) if self.woken else None

    def _bound(self, bounds: Bounds) -> "Python | Tainted":
        """Itself in bounds; or why that cannot be, and it is as it was."""
        self._say({"confine": bounds.message()})
        match self._reply("confined", "tainted"):
            case {"t": "confined", "files": files, "network": network, "signals": signals}:
                self.held = Held(files > 0, network, signals)
                return self
            case {"t": "tainted", "why": why}:
                return Tainted(why)
        return Tainted("its kernel is gone")

    def keep(self, file: int) -> Message:
        """Save the state into an open file: what is said of it, or `why` it is not."""
        return self._about(file, {"keep": True})

    def back(self, file: int, facts: Message) -> str:
        """Be in the state of a file; why that cannot be, and then it is good for nothing else, or nothing."""
        return str(self._about(file, {"back": facts}).get("why", ""))

    def _about(self, file: int, message: Message) -> Message:
        self._say(message, (file,))
        said = self._reply("kept", "unkept", "back", "astray", patience=None)
        return said if said["t"] else {"t": "", "why": "its kernel is gone"}

    def is_ready(self) -> bool:
        """Wait until it is one; False when it ends first."""
        message = self._reply("ready")
        self._early.insert(0, message)
        return bool(message["t"])

    def _reply(self, *kinds: str, patience: float | None = PATIENCE) -> Message:
        """The next message of these kinds, while no cell runs; an empty one when it ends or takes too long."""
        poll, end = select.poll(), time.monotonic() + (math.inf if patience is None else patience)
        for descriptor in (self.process.line.fileno(), self.process.ended):
            poll.register(descriptor, select.POLLIN)
        while not self.said_all and (rest := end - time.monotonic()) > 0:
            poll.poll(None if patience is None else rest * 1000)
            for message in self._said():
                if message["t"] in kinds:
                    return message
                self._early.append(message)
            if self.process.is_gone():
                break
        return {"t": ""}

    def _say(self, message: Message, descriptors: tuple[int, ...] = ()) -> None:
        try:
            _send(self.process.line, message, descriptors)
        except (BrokenPipeError, ConnectionResetError):
            self.said_all = True


class Sheet:
    """A file without a name, in which a cell leaves word of what it does outside as it does it."""

    def __init__(self) -> None:
        if hasattr(os, "memfd_create"):
            self.file = os.memfd_create("nozzle")
        else:
            with tempfile.TemporaryFile() as file:
                self.file = os.dup(file.fileno())
        weakref.finalize(self, os.close, self.file)

    def rows(self) -> list[str]:
        """What stands there."""
        return os.fsdecode(os.pread(self.file, os.fstat(self.file).st_size, 0)).split("\0")


class Frozen:
    """A frozen fork of a Python worker."""

    def __init__(self, origin: Python, line: socket.socket, pid: int, harm: str, cost: float) -> None:
        self._place = origin.place
        self.pid, self.harm, self.cost, self.held = pid, harm, cost, origin.held
        self._keeper = keeper = origin.process.keeper
        self._line = line
        self._lock = threading.Lock()
        keeper.hold()
        weakref.finalize(self, _let_go, keeper, line)

    def wake(self, place: Place, limits: Limits) -> Kernel | None:
        over = place.over() if place != self._place else []
        mark, (control, theirs) = new_mark(), socket.socketpair()
        try:
            with theirs, self._lock:
                _send(self._line, {"wake": mark, "over": over, "root": str(place.seen_root)}, (theirs.fileno(),))
                pid = int(_answer(self._line)["pid"])
            if not self._keeper.watch(pid):
                raise ProcessLookupError(pid)
            process = Process(self._keeper, pid, mark, control)
            self._keeper.hold()
        except (OSError, LookupError, TypeError, ValueError):  # cells may have changed what answers
            control.close()
            return None
        outputs = Outputs(limits)
        outputs.handed_over()
        kernel = Python(place, process, outputs, limits, woken=True)
        kernel.held = self.held
        if kernel.is_ready():
            return kernel
        process.close()
        return None

    def memory(self) -> int:
        try:
            rows = Path(f"/proc/{self.pid}/smaps_rollup").read_text() + Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return 0
        own = ("Private_", "VmPTE:")  # its pages, and the table of them
        return sum(int(row.split()[1]) * 1024 for row in rows.splitlines() if row.startswith(own))


def start(
    language: str, place: Place, limits: Limits, bounds: Bounds | None = None, specs: Kernelspecs = ANYWHERE
) -> Kernel:
    """A fresh worker for cells of this language; OSError when it does not start, Missing when none can."""
    if language not in OWN:
        from nozzle.runner.jupyter import Jupyter

        return Jupyter(place, limits, specs.find(language))
    if language == "bash":
        from nozzle.runner.bash import Bash

        return Bash(place, limits, bounds)
    outputs = Outputs(limits)
    kernel = Python(place, launch(place, "python", outputs), outputs, limits)
    return confined(kernel, bounds) if bounds else kernel


def confined(kernel: Kernel, bounds: Bounds) -> Kernel:
    """A fresh worker in bounds; Missing when it cannot be, and then there is none."""
    bound = kernel.confine(bounds)
    if isinstance(bound, Tainted):
        kernel.process.close()
        kernel.outputs.close()
        raise Missing(f"{UNBOUND}{bound.why}")
    return bound


@contextlib.contextmanager
def _folder(path: Path) -> Iterator[int]:
    """A folder, by a descriptor: the cells may see another one under its name."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _let_go(keeper: Keeper, line: socket.socket) -> None:
    """The frozen process ends when nobody listens to it."""
    line.close()
    keeper.release()


def _send(line: socket.socket, message: Message, descriptors: tuple[int, ...] = ()) -> None:
    body = json.dumps(message).encode()
    socket.send_fds(line, [HEADER.pack(len(body))], descriptors)
    line.sendall(body)


def heard(body: bytes | bytearray) -> Message:
    """A message of a worker's; where it is none, cells have changed how it speaks, and it is taken for `lost`."""
    try:
        message = json.loads(body)
    except ValueError:
        message = None
    is_one = isinstance(message, dict) and isinstance(message.get("t"), str)
    return message if is_one else {"t": "lost", "why": "what it says is no message"}


def _answer(line: socket.socket) -> Message:
    """One message, waited for; empty when none came."""
    line.settimeout(PATIENCE)
    head = line.recv(HEADER.size, socket.MSG_WAITALL)
    if len(head) < HEADER.size:
        return {}
    message: Message = json.loads(line.recv(HEADER.unpack(head)[0], socket.MSG_WAITALL))
    return message


def take(line: socket.socket, into: bytearray) -> bool:
    """Read what is there; True when the other end is closed."""
    while True:
        try:
            data = line.recv(1 << 20, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True
        if not data:
            return True
        into += data
