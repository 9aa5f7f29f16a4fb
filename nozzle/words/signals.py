"""Ctrl-C, heard at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WHO = {int(signal.SIGINT): "you stopped it", int(signal.SIGTERM): "nozzle was told to end (SIGTERM)"}


@contextmanager
def on_signals(stop: Callable[[str], None]) -> Iterator[None]:
    """Ctrl-C and SIGTERM call `stop` with who it was, however deep the main thread sleeps.

    Python runs a handler between two steps of the main thread; a signal that comes just before that falls asleep in the
    queue would wait for the next message. So the system's own handler wakes a thread through a pipe.
    """
    ear, mouth = os.pipe()
    os.set_blocking(mouth, False)

    def listen() -> None:
        while heard := os.read(ear, 1):
            if heard[0] in WHO:
                stop(WHO[heard[0]])

    thread = threading.Thread(target=listen, name="nozzle signals", daemon=True)
    thread.start()
    before = {each: signal.signal(each, lambda number, frame: None) for each in map(signal.Signals, WHO)}
    other = signal.set_wakeup_fd(mouth, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(other)
        for each, handler in before.items():
            signal.signal(each, handler)
        os.close(mouth)
        thread.join()
        os.close(ear)
