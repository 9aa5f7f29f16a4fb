"""SIGINT: a KeyboardInterrupt in the cell, nothing between cells, and late when something must not be cut in two."""

from __future__ import annotations

import signal
import threading
from types import FrameType


class Interrupts:
    """The handler of SIGINT, and the state that it needs."""

    def __init__(self) -> None:
        self.armed = False
        self.held = Held(self)
        self.depth = 0
        self.pending = False
        self.raised = False
        """The host says it again until the cell is over, for a signal can come just before a sleep."""

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if not self.armed or self.raised:
            return
        if self.depth:
            self.pending = True
            return
        self.raised = True
        raise KeyboardInterrupt

    def arm(self) -> None:
        """From here on an interrupt reaches the cell."""
        self.pending = self.raised = False
        signal.signal(signal.SIGINT, self)
        self.armed = True


class Held:
    """`with interrupts.held:` an interrupt waits until the block is over."""

    def __init__(self, interrupts: Interrupts) -> None:
        self.interrupts = interrupts

    def __enter__(self) -> None:
        if _is_main():
            self.interrupts.depth += 1

    def __exit__(self, *failure: object) -> None:
        if not _is_main():
            return
        self.interrupts.depth -= 1
        if self.interrupts.pending and not self.interrupts.depth:
            self.interrupts.pending = False
            self.interrupts.raised = True
            raise KeyboardInterrupt


def _is_main() -> bool:
    """Signals come to the main thread; no other needs to hold them back."""
    return threading.get_ident() == threading.main_thread().ident
