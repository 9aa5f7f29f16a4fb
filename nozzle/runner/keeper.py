"""The host's end of a family of kernels: a first one, its snapshots, and those woken from them.

The keeper is their parent, so it is the one to ask how a kernel ended, and to end one with all that it started. It
goes away with the last who holds it, and then nothing of the family is left.
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable

PATIENCE = 10.0
"""Seconds that the keeper gets to end a kernel and all that it started."""


class Keeper:
    """May be spoken to from any thread."""

    def __init__(self, line: socket.socket, child: "subprocess.Popen[bytes]") -> None:
        self._line = line
        self._child = child
        self._heard = b""
        self._kernel = 0
        self._gone: dict[int, tuple[int, int]] = {}
        self._ended: set[int] = set()
        self._told: dict[int, bool] = {}
        """Whether those that were to be watched are the family's."""
        self._holders = 1
        self._lock = threading.RLock()

    @property
    def pid(self) -> int:
        """Its own process."""
        return self._child.pid

    def kernel(self) -> int:
        """The number of the family's first process; OSError when it did not start."""
        with self._lock:
            if not self._until(lambda: bool(self._kernel)):
                raise OSError(f"it ended with status {self._child.poll()}")
            return self._kernel

    def watch(self, pid: int) -> bool:
        """A kernel was woken, as its snapshot says, which cells could make lie: tell how it ends. False when no such
        process of the family began; then nothing may be done to it."""
        with self._lock:
            self._told.pop(pid, None)
            self._say(f"watch {pid}")
            return self._until(lambda: pid in self._told) and self._told[pid]

    def how_ended(self, pid: int) -> tuple[int, int] | None:
        """`si_code` and `si_status` of a kernel that is gone; None when that cannot be known."""
        with self._lock:
            self._until(lambda: pid in self._gone)
            return self._gone.get(pid)

    def end(self, pid: int, mark: str) -> None:
        """Kill a kernel and all that it started, but no snapshot; comes back when they are gone."""
        with self._lock:
            self._ended.discard(pid)
            self._say(f"end {pid} {mark}")
            if not self._until(lambda: pid in self._ended):
                with contextlib.suppress(OSError):
                    os.killpg(pid, signal.SIGKILL)

    def hold(self) -> None:
        """One more who needs it."""
        with self._lock:
            self._holders += 1

    def release(self) -> None:
        """One less; the last one ends the family."""
        with self._lock:
            self._holders -= 1
            if self._holders:
                return
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_WR)
        self._child.wait()
        self._line.close()

    def _say(self, words: str) -> None:
        with contextlib.suppress(OSError):
            self._line.sendall(words.encode() + b"\n")

    def _until(self, known: Callable[[], bool]) -> bool:
        """Hear what the keeper says until this is known; False when it never will be."""
        poll, end = select.poll(), time.monotonic() + PATIENCE
        poll.register(self._line, select.POLLIN)
        while not known():
            ready = poll.poll(max(0.0, end - time.monotonic()) * 1000)
            try:
                data = self._line.recv(1 << 16) if ready else b""
            except ConnectionError:
                data = b""
            if not data:
                return False
            *lines, self._heard = (self._heard + data).split(b"\n")
            for line in lines:
                self._note(line.decode().split())
        return True

    def _note(self, words: list[str]) -> None:
        match words:
            case ["kernel", pid]:
                self._kernel = int(pid)
            case ["gone", pid, code, status]:
                self._gone[int(pid)] = int(code), int(status)
            case ["ours" | "foreign" as whose, pid]:
                self._told[int(pid)] = whose == "ours"
            case ["ended", pid]:
                self._ended.add(int(pid))
