"""A live worker as the host sees it: cells go in, messages in Jupyter's shapes come out, whatever its language.

It neither waits nor judges: `hear` gives what was said so far, and the course of the cell makes events of it.
"""

import json
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from nozzle.runner.job import Job, Limits
from nozzle.runner.outputs import Outputs
from nozzle.runner.process import Place, Process

Message = dict[str, Any]
HEADER = struct.Struct("<I")
BASH = (
    "builtin printf 'bash %s\\0' \"$BASH_VERSION\" >&251; "
    "while { IFS= builtin read -r -d '' -u 251 __nozzle; } 2>/dev/null; "
    'do eval "$__nozzle" 251<&-; { builtin printf \'%s\\0\' "$?" >&251; } 2>/dev/null; done'
)
"""The life of a bash worker, in one line, for bash counts a cell's lines from there.

A cell is evaluated with our line closed, so that no program holds it.
"""


class Kernel(Protocol):
    """One worker of a session."""

    process: Process
    outputs: Outputs
    """The pipes of the cell that runs, or ran last."""
    said_all: bool
    """Its line is closed: nothing more will be heard."""

    def begin(self, job: Job) -> bool:
        """Give it a cell; False when it will say `begun` itself."""

    def hear(self) -> Iterator[Message]:
        """What it has said since, without waiting."""

    def answer(self, number: int, text: str | None = None) -> None:
        """Reply to the message that asked under this number."""


class Python:
    """The Python worker; every cell gets pipes of its own, so that late output is known by the pipe it comes from."""

    def __init__(self, place: Place, limits: Limits) -> None:
        self._limits = limits
        self.outputs = Outputs(limits)
        self.process = Process(place, "python", self.outputs)
        self.said_all = False
        self._heard = bytearray()
        self._first = True

    def begin(self, job: Job) -> bool:
        if not self._first:
            self.outputs = Outputs(self._limits)
        self._first = False
        self.outputs.begin(job.cell)
        self._say({"source": job.source, "name": job.name}, self.outputs.writers)
        self.outputs.handed_over()
        return False

    def hear(self) -> Iterator[Message]:
        self.said_all = _take(self.process.line, self._heard)
        while len(self._heard) >= HEADER.size:
            size = HEADER.size + HEADER.unpack_from(self._heard)[0]
            if len(self._heard) < size:
                return
            message = json.loads(self._heard[HEADER.size : size])
            del self._heard[:size]
            yield message

    def answer(self, number: int, text: str | None = None) -> None:
        self._say({"answer": number, "text": text})

    def _say(self, message: Message, descriptors: tuple[int, ...] = ()) -> None:
        body = json.dumps(message).encode()
        try:
            socket.send_fds(self.process.line, [HEADER.pack(len(body))], descriptors)
            self.process.line.sendall(body)
        except (BrokenPipeError, ConnectionResetError):
            self.said_all = True


class Bash:
    """The bash worker: one shell whose variables, functions and folder live from cell to cell.

    An interrupt ends the shell, as bash itself does: what is left of the cell never runs, and the state is gone.
    """

    def __init__(self, place: Place, limits: Limits) -> None:
        self.outputs = Outputs(limits)
        self.process = Process(place, "bash", self.outputs, BASH)
        self.outputs.handed_over()
        self.said_all = False
        self._heard = bytearray()
        self._version = ""
        self._began = 0.0

    def begin(self, job: Job) -> bool:
        self.outputs.begin(job.cell)
        self._began = time.monotonic()
        try:
            self.process.line.sendall(job.source.replace("\0", "").encode() + b"\0")
        except (BrokenPipeError, ConnectionResetError):
            self.said_all = True
        return bool(self._version)

    def hear(self) -> Iterator[Message]:
        self.said_all = _take(self.process.line, self._heard)
        while b"\0" in self._heard:
            word, _, rest = self._heard.partition(b"\0")
            self._heard = rest
            yield from self._meaning(word.decode())

    def answer(self, number: int, text: str | None = None) -> None:
        """Bash asks nothing: its standard input is empty."""

    def _meaning(self, word: str) -> Iterator[Message]:
        match word.split():
            case ["ready", hidden]:
                yield {"t": "ready", "hidden": hidden == "1"}
            case ["bash", version]:
                self._version = version.partition("(")[0]
                self._began = time.monotonic()
                yield {"t": "begun"}
            case [status]:
                yield from self._done(int(status))

    def _done(self, status: int) -> Iterator[Message]:
        if status:
            evalue = f"the last command ended with status {status}"
            yield {"t": "error", "ename": f"exit {status}", "evalue": evalue, "traceback": []}
        yield {
            "t": "done",
            "ok": status == 0,
            "seconds": time.monotonic() - self._began,
            "memory": _peak(self.process.pid),
            "spawned": True,
            "packages": {"bash": self._version},
        }


def start(language: str, place: Place, limits: Limits) -> Kernel:
    """A fresh worker for cells of this language."""
    return Bash(place, limits) if language == "bash" else Python(place, limits)


def _take(line: socket.socket, into: bytearray) -> bool:
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


def _peak(pid: int) -> int:
    """The most memory that the process ever held, in bytes."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)
