"""What a cell asks of the host while it runs: served in a thread of its own, so that a stop reaches both at once.

What is to act outside says so before it does, and is told whether it still may: what a step records is then never less
than what was done.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any

Serve = Callable[["Call"], str | None]
"""What the host does for a cell, as JSON; None when nobody does such a thing."""


def nobody(call: "Call") -> str | None:
    """No tool is served."""
    return None


class Call:
    """One request of a cell."""

    def __init__(self, name: str, arguments: Mapping[str, Any], acts: bool = False) -> None:
        self.name = name
        """Of the tool."""
        self.arguments = arguments
        self.acts = acts
        """The cell may act outside by it."""
        self.effect = ""
        """What it does outside, from the moment that it begins to."""
        self.over = False
        """It came to its end, and nobody had stopped it."""
        self.stopped = False
        self._lock = threading.Lock()
        self._on_stop: list[Callable[[], object]] = []

    def begin(self, serve: Serve, then: Callable[[str | None], None]) -> None:
        """Serve it in a thread; `then` is told what came of it, unless it was stopped."""
        threading.Thread(target=self._work, args=(serve, then), name=f"nozzle {self.name}", daemon=True).start()

    def outside(self, effect: str) -> bool:
        """It is about to act outside; False when it was stopped, and must not."""
        with self._lock:
            self.effect = self.effect if self.stopped else effect
            return not self.stopped

    def stop(self) -> None:
        """Nobody waits for it any more; from any thread."""
        with self._lock:
            self.stopped, told = True, self._on_stop
            self._on_stop = []
        for each in told:
            each()

    def on_stop(self, work: Callable[[], object]) -> None:
        """Do this when it is stopped; at once, when it was."""
        with self._lock:
            if not self.stopped:
                return self._on_stop.append(work)
        work()

    def _work(self, serve: Serve, then: Callable[[str | None], None]) -> None:
        text = None
        try:
            text = serve(self)
        finally:
            with self._lock:
                if not self.stopped:
                    self.over = True
                    then(text)
