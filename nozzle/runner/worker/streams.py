"""sys.stdout and sys.stderr that write straight to descriptors 1 and 2, the pipes that C code and programs write to.

So all of them come in one order. When the other stream is written to, the host first empties the pipe of this one.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import io
import sys
import threading
from collections.abc import Callable
from typing import Any

from .channel import Channel
from .own import os

MARK = "_nozzle_cell"
POOL = "concurrent.futures.thread"


class Streams:
    """The pair, which of the two was written to last, and the pipes of earlier cells whose threads still live."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.last: int | None = None
        self.unheard = False
        """What is printed is nobody's: the host need not be asked to take it."""
        self._cell = 0
        self._earlier: dict[int, tuple[int, int]] = {}
        out, err = Stream(1, "<stdout>", self), Stream(2, "<stderr>", self)
        err.errors = "backslashreplace"
        vars(sys).update(stdout=out, __stdout__=out, stderr=err, __stderr__=err)
        threading.Thread.start = self._marking(threading.Thread.start)  # type: ignore[assignment, method-assign]

    def begin(self, pipes: list[int]) -> None:
        """A new cell: what is printed goes to these pipes, but threads of earlier cells keep theirs."""
        if self._cell in self.tidy():
            with contextlib.suppress(OSError):  # the cell may have closed them
                self._earlier[self._cell] = (os.dup(1), os.dup(2))
        pipes = [fcntl.fcntl(pipe, fcntl.F_DUPFD_CLOEXEC, 3) if pipe < 3 else pipe for pipe in pipes]
        for descriptor, pipe in enumerate(pipes, 1):
            os.dup2(pipe, descriptor)
            os.close(pipe)
        self._cell += 1
        self.last = None

    def tidy(self) -> set[int | None]:
        """Close the pipes of cells whose threads have ended; the cells that have threads."""
        alive = {getattr(thread, MARK, None) for thread in threading.enumerate()}
        for cell in self._earlier.keys() - alive:
            for pipe in self._earlier.pop(cell):
                os.close(pipe)
        return alive

    def forget(self) -> None:
        """In a snapshot: the pipes of earlier cells are those of threads that it has not."""
        for pipes in self._earlier.values():
            for pipe in pipes:
                os.close(pipe)
        self._earlier.clear()
        self.last = None

    def turn(self, descriptor: int) -> int:
        """Where a write to 1 or 2 goes; before the main thread's, what the other stream holds is taken first."""
        thread = threading.current_thread()
        if thread is not threading.main_thread():
            earlier = self._earlier.get(getattr(thread, MARK, 0))
            return earlier[descriptor - 1] if earlier else descriptor
        if self.last not in (None, descriptor) and not self.unheard and os.getpid() == self.channel.owner:
            self.channel.tell({"t": "sync"})
        self.last = descriptor
        return descriptor

    def late(self) -> bool:
        """Whether this is a thread whose cell has finished."""
        thread = threading.current_thread()
        if thread is threading.main_thread():
            return False
        return getattr(thread, MARK, 0) in self._earlier or not self.channel.interrupts.armed

    def _marking(self, start: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
        """Let a thread know its cell; one of a pool works for many."""

        @functools.wraps(start)
        def marked(thread: threading.Thread) -> None:
            if getattr(thread, "_target", None) is not getattr(sys.modules.get(POOL), "_worker", thread):
                setattr(thread, MARK, self._cell)
            start(thread)

        return marked


class Stream(io.TextIOBase):
    """Text out, at once and unbuffered."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, descriptor: int, name: str, pair: Streams) -> None:
        self._descriptor = descriptor
        self._pair = pair
        self.name = name
        self.mode = "w"
        self._binary = Binary(descriptor, pair)

    @property
    def buffer(self) -> Any:
        """Where bytes go."""
        return self._binary

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def close(self) -> None:
        """A cell that closes sys.stdout takes nothing from the cells below it."""

    def reconfigure(self, **_: Any) -> None:
        """It is UTF-8 and unbuffered already."""

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._binary.write(text.encode("utf-8", self.errors))
        return len(text)


class Binary(io.RawIOBase):
    """Bytes out, all of them."""

    def __init__(self, descriptor: int, pair: Streams) -> None:
        self._descriptor = descriptor
        self._pair = pair

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def close(self) -> None:
        """As with the text above it."""

    def write(self, data: Any) -> int:
        descriptor = self._pair.turn(self._descriptor)
        view = memoryview(data).cast("B")
        size = len(view)
        while view:
            view = view[os.write(descriptor, view) :]
        return size
