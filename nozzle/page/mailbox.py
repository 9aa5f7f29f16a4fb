"""A queue that never blocks who puts and never grows without end: neighbours that say the same become one."""

import threading

from nozzle.page.said import Behind, Joined, Left, Said, joined, size

LIMIT = 512
"""Values that wait; who falls further behind is told to start again."""
LARGEST = 2_000_000
"""Characters that wait."""


class Mailbox:
    """Many may put; one takes."""

    def __init__(self) -> None:
        self._waiting: list[Said] = []
        self._size = 0
        self._changed = threading.Condition()

    def put(self, said: Said) -> None:
        """Add to the end, or to the last value."""
        with self._changed:
            self._size += size(said)
            both = joined(self._waiting[-1], said) if self._waiting else None
            if both is not None:
                self._waiting[-1] = both
                return
            if len(self._waiting) >= LIMIT or self._size > LARGEST:
                self._size = size(said)
                self._waiting = [*(one for one in self._waiting if isinstance(one, Joined | Left)), Behind()]
            self._waiting.append(said)
            self._changed.notify()

    def take(self, patience: float | None = None) -> list[Said]:
        """Return all that waits, in order; wait for a first value, and return nothing when none came in time."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting), patience)
            taken, self._waiting, self._size = self._waiting, [], 0
            return taken
