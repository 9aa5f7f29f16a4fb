"""The far side of the line: kernels are begun, asked, kept and ended here as the near side says.

It answers by itself what only keeps the order of outputs, so that no cell waits for the line. When the line ends, or
says nothing for long, all that was begun ends with it. Runs on the far machine, from the files that were sent there.
"""

import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

from nozzle.document.secrets import secret_names
from nozzle.errors import Missing
from nozzle.runner.environment import lent_folders
from nozzle.runner.far.wire import PING, SILENCE, packed, unpacked, written
from nozzle.runner.interpreter import find_interpreter
from nozzle.runner.job import Job, Limits
from nozzle.runner.kernel import Image, Kernel, Tainted, start
from nozzle.runner.outputs import Outputs
from nozzle.runner.process import Place

ASKS = ("input_request", "tool")
"""What the near side answers."""
A_MOMENT = 1.0
"""Seconds in which a kernel whose line has closed should be gone."""
FILES = ("reads", "writes", "elsewhere")
"""Facts about files of this machine, which mean nothing on the other."""


def main() -> None:
    """Serve standard input and output until they end."""
    line, out = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the end of the line is heard, and all ends in order
    Relay(line, out).serve()


def _here(told: dict[str, Any]) -> dict[str, Any]:
    """What a cell did, without what only this machine knows by that name."""
    effects = [each for each in told.get("effects", ()) if not each.startswith("files:")]
    return {name: value for name, value in told.items() if name not in FILES} | {"effects": effects}


class Relay:
    def __init__(self, line: int, out: int) -> None:
        self.line, self.out = line, out
        self.place: Place | None = None
        self.limits = Limits()
        self.kernels: dict[int, Kernel] = {}
        self.cells: dict[int, dict[int, Outputs]] = {}
        """Of each kernel: the pipes of its cells, by their numbers."""
        self.seen: dict[Outputs, int] = {}
        self.images: dict[int, Image] = {}
        self.heard = time.monotonic()

    def serve(self) -> None:
        """Until nobody is at the other end."""
        buffer = bytearray()
        try:
            while time.monotonic() - self.heard < SILENCE:
                if self.line in self._ready():
                    data = os.read(self.line, 1 << 20)
                    if not data:
                        return
                    self.heard = time.monotonic()
                    buffer += data
                    for message in unpacked(buffer):
                        self._do(message)
                for number in list(self.kernels):
                    self._hear(number)
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            for number in list(self.kernels):
                self._end(number)
            self.images.clear()

    def _ready(self) -> set[int]:
        poll = select.poll()
        poll.register(self.line, select.POLLIN)
        for number, kernel in self.kernels.items():
            readers = [reader for outputs in self.cells[number].values() for reader in outputs.readers()]
            for each in (kernel.process.ears, kernel.process.ended, *readers):
                poll.register(each, select.POLLIN)
        return {each for each, _ in poll.poll(PING * 1000)}

    # -- what the near side says ------------------------------------------------------------------------------------

    def _do(self, message: dict[str, Any]) -> None:
        number, ask = message.get("kernel", 0), message.get("ask", 0)
        kernel = self.kernels.get(number)
        match message["do"]:
            case "hello":
                self._answer(ask, **self._settled(message))
            case "start":
                self._answer(ask, **self._started(number, message["language"]))
            case "wake":
                image = self.images.get(message["image"])
                assert self.place is not None
                woken = image.wake(self.place, self.limits) if image else None
                if woken is not None:
                    self._take(number, woken)
                self._answer(ask, lacks="" if woken else "it is no more")
            case "freeze":
                self._answer(ask, **(self._frozen(kernel, message["image"]) if kernel else {"why": "it is gone"}))
            case "drop":
                self.images.pop(message["image"], None)
            case "memory":
                image = self.images.get(message["image"])
                self._answer(ask, bytes=image.memory() if image else 0)
            case "end":
                self._end(number)
                self._answer(ask)
            case "cell" if kernel:
                self._begin(number, kernel, message)
            case "answer" if kernel:
                kernel.answer(message["number"], message["text"])
            case "signal" if kernel:
                kernel.process.signal(signal.Signals(message["number"]))
            case "look" if kernel and (dog := kernel.watchdog()):
                self._say(number, {"t": "looked", "hung": dog.look()})

    def _settled(self, message: dict[str, Any]) -> dict[str, Any]:
        """In which folder, under which Python; what is lacking."""
        wanted = Path(message["folder"]) if message["folder"] else Path.home()
        folder = Path.home() / wanted if not message["else_here"] or wanted.is_dir() else Path.cwd()
        if not folder.is_dir():
            return {"lacks": f"has no folder {folder}"}
        folder = folder.resolve()
        self.limits = Limits(**message["limits"])
        try:
            interpreter = find_interpreter(folder)
        except Missing as error:
            return {"lacks": f"cannot run cells: {error}"}
        if interpreter.missing and not (interpreter.lends and lent_folders()):
            return {
                "lacks": f"has no IPython for {interpreter.path}: `{interpreter.path} -m pip install ipython` there"
            }
        hidden = tuple(path for path in map(Path, message["hidden"]) if path.is_dir())
        self.place = Place(folder, folder, interpreter, tuple(secret_names(os.environ)), hidden)
        return {"lacks": "", "folder": str(folder), "python": interpreter.version}

    def _started(self, number: int, language: str) -> dict[str, Any]:
        assert self.place is not None
        try:
            self._take(number, start(language, self.place, self.limits))
        except (OSError, Missing) as error:
            return {"lacks": str(error)}
        return {"lacks": ""}

    def _take(self, number: int, kernel: Kernel) -> None:
        self.kernels[number], self.cells[number] = kernel, {}

    def _frozen(self, kernel: Kernel, image: int) -> dict[str, Any]:
        found = kernel.freeze()
        if isinstance(found, Tainted):
            return {"why": found.why}
        self.images[image] = found
        return {"why": "", "harm": found.harm, "cost": found.cost}

    def _begin(self, number: int, kernel: Kernel, message: dict[str, Any]) -> None:
        job = Job(message["cell"], message["source"], label=message["label"], renew=message["renew"])
        begun = kernel.begin(job)
        self.cells[number] = {
            each: outputs
            for each, outputs in self.cells[number].items()
            if outputs.readers() and outputs is not kernel.outputs
        }
        self.cells[number][message["outputs"]] = kernel.outputs
        self.seen[kernel.outputs] = 0
        if begun:
            self._say(number, {"t": "begun"})

    def _end(self, number: int) -> None:
        kernel = self.kernels.pop(number, None)
        for outputs in self.cells.pop(number, {}).values():
            self.seen.pop(outputs, None)
            outputs.close()
        if kernel is not None:
            kernel.process.close()
            kernel.outputs.close()

    # -- what kernels say -------------------------------------------------------------------------------------------

    def _hear(self, number: int) -> None:
        kernel = self.kernels[number]
        gone = kernel.process.is_gone()  # asked first: what it said before it went is there by now
        self._printed(number)
        for message in kernel.hear():
            self._printed(number)
            self._told(number, kernel, message)
        self._printed(number)
        if gone or kernel.said_all:
            if not kernel.process.is_gone(A_MOMENT):
                kernel.process.signal(signal.SIGKILL)
            cause = kernel.process.cause()
            self._printed(number)
            self._last_words(number, kernel)
            self._say(number, {"t": "gone", "why": cause, "traces": _here(kernel.traces())})
            self._end(number)

    def _told(self, number: int, kernel: Kernel, message: dict[str, Any]) -> None:
        asked = 0 if message["t"] in ASKS else message.pop("ask", 0)
        if message["t"] == "done":
            self._last_words(number, kernel)
            message = _here(message) | {"left_out": kernel.outputs.left_out}
        self._say(number, message)
        if asked:
            kernel.answer(asked)

    def _printed(self, number: int) -> None:
        for cell, outputs in self.cells[number].items():
            open_before = bool(outputs.readers())
            for name, text in outputs.drain():
                self._say(number, {"t": "printed", "outputs": cell, "name": name, "text": text, "seen": outputs.seen})
                self.seen[outputs] = outputs.seen
            if outputs.seen != self.seen[outputs]:
                self.seen[outputs] = outputs.seen
                self._say(number, {"t": "printed", "outputs": cell, "name": "", "text": "", "seen": outputs.seen})
            if open_before and not outputs.readers():
                self._say(number, {"t": "closed", "outputs": cell})

    def _last_words(self, number: int, kernel: Kernel) -> None:
        cell = next((each for each, outputs in self.cells[number].items() if outputs is kernel.outputs), None)
        for name, text in kernel.outputs.last_words() if cell is not None else ():
            self._say(
                number, {"t": "printed", "outputs": cell, "name": name, "text": text, "seen": kernel.outputs.seen}
            )

    def _say(self, number: int, message: dict[str, Any]) -> None:
        written(self.out, packed({"kernel": number, "said": message}))

    def _answer(self, ask: int, **facts: Any) -> None:
        written(self.out, packed({"answer": ask, **facts}))


if __name__ == "__main__":
    sys.exit("it is started over a line, by nozzle")
