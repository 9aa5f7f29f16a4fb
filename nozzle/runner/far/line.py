"""The near end of a line: one program that carries bytes, one thread that listens, and whom each message is for.

The line is held by the kernels there and by the states that are kept there; the last one to let go ends it.
"""

import math
import os
import select
import subprocess
import tempfile
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from typing import IO, Any

from nozzle.runner.far.address import PATIENCE, Address
from nozzle.runner.far.bundle import sent
from nozzle.runner.far.wire import PING, packed, unpacked

SETTLING = 30.0
"""Seconds in which a machine that has answered gets the files and finds its Python."""
LONGEST = 120.0
"""Seconds that keeping a state, or starting a kernel, may take there."""
FAREWELL = 3.0
"""Seconds that the program gets to end."""
LOOK = 0.2
"""Seconds after which somebody who waits looks whether it is still wanted."""
TAIL = 300
"""Characters told of what it said last."""


def never() -> bool:
    """It stays wanted."""
    return False


class Line:
    """May be spoken on from any thread."""

    def __init__(self, address: Address, environment: Mapping[str, str]) -> None:
        """OSError when there is no such program."""
        self.address = address
        self.dropped = ""
        """Why nothing comes any more; empty while the line stands."""
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed by the thread, when nothing comes any more)
        self._program = subprocess.Popen(
            address.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said,
            env=dict(environment), start_new_session=True,
        )  # fmt: skip
        self._hears: dict[int, Callable[[dict[str, Any]], None]] = {}
        self._answers: dict[int, dict[str, Any]] = {}
        self._number = 0
        self._holders = 1
        self._settled = False
        self._changed = threading.Condition()
        self._speaking = threading.Lock()
        self._let_go: deque[int] = deque()
        self._spoke = 0.0
        """When something was last said here: the other side goes when that is long ago, whatever it says itself."""
        self._woken = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        weakref.finalize(self, os.close, self._woken)
        self._write(sent())
        self._thread = threading.Thread(target=self._listen, name=f"nozzle line to {address.host}", daemon=True)
        self._thread.start()

    def settle(self, unwanted: Callable[[], bool], **wishes: Any) -> None:
        """Agree on where cells run there; OSError, in words for the author, when nothing can run there.

        A host gets its time; Dask's queue is waited in for as long as it is wanted.
        """
        patience = SETTLING + PATIENCE if self.address.scheme == "ssh" else math.inf
        answer = self.ask({"do": "hello", **wishes}, patience, unwanted)
        if answer is None:
            why = self.dropped or "it says nothing"
            raise OSError(f"{self.address.name} {why}" if why.startswith(("has", "runs")) else
                          f"{self.address.name} cannot be reached ({why})")  # fmt: skip
        if answer["lacks"]:
            raise OSError(f"{self.address.name} {answer['lacks']}")
        self._settled = True

    def number(self) -> int:
        """One that nothing on this line has yet."""
        with self._changed:
            self._number += 1
            return self._number

    def listen(self, kernel: int, hear: Callable[[dict[str, Any]], None] | None) -> None:
        """Who is told what a kernel says, in the line's own thread, and that the line dropped; None: nobody."""
        with self._changed:
            if hear is None:
                self._hears.pop(kernel, None)
                return
            self._hears[kernel] = hear
            why = self.dropped
        if why:
            hear({"t": "gone", "why": why})

    def say(self, message: dict[str, Any]) -> None:
        """It gets there, or the line has dropped."""
        self._write(packed(message))

    def ask(
        self, message: dict[str, Any], patience: float = LONGEST, unwanted: Callable[[], bool] = never
    ) -> dict[str, Any] | None:
        """Say it and wait for the answer; None when the line drops, nothing comes in time, or it is `unwanted`."""
        number, end = self.number(), time.monotonic() + patience
        self.say({**message, "ask": number})
        with self._changed:
            while not (number in self._answers or self.dropped or unwanted()):
                if time.monotonic() > end:
                    break
                self._changed.wait(LOOK)
            return self._answers.pop(number, None)

    def hold(self) -> None:
        """One more who needs it."""
        with self._changed:
            self._holders += 1

    def let_go(self, image: int) -> None:
        """A state there is no more wanted; whenever that turns out, also while somebody speaks."""
        self._let_go.append(image)
        os.eventfd_write(self._woken, 1)

    def release(self) -> None:
        """One less; the last one ends it, and with it all that is there."""
        with self._changed:
            self._holders -= 1
            if self._holders:
                return
        self._hang_up()
        if threading.current_thread() is not self._thread:
            self._thread.join(FAREWELL)
        if self._program.poll() is None:
            self._program.kill()
        self._program.wait()

    def _hang_up(self) -> None:
        assert self._program.stdin is not None
        with self._speaking:
            try:
                self._program.stdin.close()
            except OSError:
                pass

    def _write(self, data: bytes) -> None:
        assert self._program.stdin is not None
        self._spoke = time.monotonic()
        with self._speaking:
            try:
                self._program.stdin.write(data)
                self._program.stdin.flush()
            except (OSError, ValueError):  # it has ended, or was closed: whoever listens is told
                pass

    def _listen(self) -> None:
        assert self._program.stdout is not None
        descriptor, heard = self._program.stdout.fileno(), bytearray()
        poll = select.poll()
        for each in (descriptor, self._woken):
            poll.register(each, select.POLLIN)
        while True:
            ready = {each for each, _ in poll.poll(PING * 1000)}
            if self._woken in ready:
                os.eventfd_read(self._woken)
            while self._let_go:
                self.say({"do": "drop", "image": self._let_go.popleft()})
                self.release()
            if time.monotonic() - self._spoke >= PING:
                self.say({"do": "ping"})
            if descriptor not in ready:
                continue
            data = os.read(descriptor, 1 << 20)
            if not data:
                break
            heard += data
            for message in unpacked(heard):
                self._hear(message)
        self._end()

    def _hear(self, message: dict[str, Any]) -> None:
        with self._changed:
            hear = self._hears.get(message.get("kernel", 0))
            if "answer" in message:
                self._answers[message["answer"]] = message
                self._changed.notify_all()
        if hear is not None and "said" in message:
            hear(message["said"])

    def _end(self) -> None:
        status = self._program.wait()
        self._hang_up()  # states there may hold the line still, and let it go at any time
        assert self._program.stdout is not None
        self._program.stdout.close()
        with self._changed:
            unknown = f"the line to {self.address.name} dropped; the cell's end is unknown"
            self.dropped = unknown if self._settled else self._last_words(status)
            hears = list(self._hears.values())
            self._changed.notify_all()
        for hear in hears:
            hear({"t": "gone", "why": self.dropped})
        self._said.close()

    def _last_words(self, status: int) -> str:
        """Why it ended before anything ran."""
        self._said.seek(0)
        rows = [row.strip() for row in self._said.read().decode("utf-8", "replace").splitlines()]
        last = next((row[-TAIL:] for row in reversed(rows) if row), f"{self.address.scheme} ended with status {status}")
        if status == 127 or "python3: not found" in last:
            return "has no python3 where ssh looks for programs: install it there"
        if "Host key verification failed" in last:
            return f"{last} Say once, by hand: ssh {self.address.host}"
        return last
