"""The process that compiles: started when it is first needed, asked one thing at a time, replaced when it dies."""

from __future__ import annotations

import atexit
import json
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nozzle.aot import mlir

if TYPE_CHECKING:
    import subprocess

PATIENCE = 120.0
"""Seconds that one compilation may take."""
HASTE = 1.0
"""Seconds in which a program that ends has sent what it is about to ask."""


class CompileFailed(Exception):
    """MLIR refused the text, or its process died; the words say which."""


class Worker:
    """One process, asked in turn by any thread; a fork waits until it is idle, and the child starts its own."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._news = threading.Condition()
        self._coming = 0
        """How many threads are about to ask, or wait for an answer."""
        self._sent = False
        """Whether the process is at something."""
        self.left = False
        """The program ends: what the process is at it finishes alone, for the next program."""
        os.register_at_fork(before=self._hold, after_in_parent=self._go_on, after_in_child=self._forget)
        atexit.register(self.leave)
        vars(sys).setdefault("nozzle_drains", []).append(self.stop)  # a kernel is copied with no program beside it

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """The answer to one request; CompileFailed when there is none, also from a second process."""
        line = json.dumps({"do": do, **request}) + "\n"
        with self._lock:
            try:
                answer = self._asked(line)
            except (OSError, ValueError):  # somebody ended it: it keeps nothing that a new one has not
                try:
                    answer = self._asked(line)
                except (OSError, ValueError) as error:
                    raise CompileFailed(f"the process that compiles died: {error}") from error
        if "error" in answer:
            raise CompileFailed(answer["error"])
        return answer

    def expect(self, many: int) -> None:
        """So many more threads are about to ask, or have their answers."""
        with self._news:
            self._coming += many
            self._news.notify_all()

    def _asked(self, line: str) -> dict[str, Any]:
        try:
            process = self._process or self._start()
            assert process.stdin is not None
            process.stdin.write(line)
            process.stdin.flush()
            self._at(True)
            return self._read(process)
        except (OSError, ValueError):
            self._end()
            raise
        finally:
            self._at(False)

    def _at(self, it: bool) -> None:
        with self._news:
            self._sent = it
            self._news.notify_all()

    def _start(self) -> subprocess.Popen[str]:
        import subprocess

        self._process = subprocess.Popen(
            [sys.executable, "-EP", str(Path(mlir.__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return self._process

    def _read(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        assert process.stdout is not None
        import select

        waiting = select.poll()  # select() knows no descriptor above 1023
        waiting.register(process.stdout, select.POLLIN)
        ready = waiting.poll(PATIENCE * 1000)
        line = process.stdout.readline() if ready else ""
        if not line:
            raise OSError("no answer" if ready else f"no answer in {PATIENCE:.0f} s")
        found = json.loads(line)
        assert isinstance(found, dict)
        return found

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _hold(self) -> None:
        """The lock that there is now: a child has another one, and may fork too."""
        self._lock.acquire()

    def _go_on(self) -> None:
        self._lock.release()

    def _forget(self) -> None:
        self._process, self._coming, self._sent = None, 0, False
        self._lock, self._news = threading.Lock(), threading.Condition()

    def leave(self) -> None:
        """The program ends: let the process finish what it is at, or is about to be asked, and wait for none of it."""
        self.left = True
        with self._news:
            self._news.wait_for(lambda: self._sent or not self._coming, HASTE)
        if self._lock.acquire(blocking=False):
            self._end()
        elif self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def stop(self) -> None:
        """End the process; the next request starts another."""
        with self._lock:
            self._end()


WORKER = Worker()
