"""What threads under one watch share: places in which cells run, and files outside that more than one of them writes.

May be used from any thread. It refuses to decide who goes first, or to keep anybody from a file.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

LOOK = 0.1
"""Seconds after which somebody who waits for a place looks whether he is still wanted."""
MOST = 10_000
"""Files that are remembered."""


class Together:
    def __init__(self, cells: int = 0) -> None:
        """So many `cells` run at once; 0: as many as there are processors."""
        self.cells = cells or os.cpu_count() or 1
        self._places = threading.Semaphore(self.cells)
        self._wrote: dict[str, Path] = {}
        self._lock = threading.Lock()

    @contextmanager
    def place(self, wanted: Callable[[], bool]) -> Iterator[bool]:
        """A place to run a cell in, waited for; false when it is no longer wanted."""
        while not self._places.acquire(timeout=LOOK):
            if not wanted():
                yield False
                return
        try:
            yield True
        finally:
            self._places.release()

    def wrote(self, root: Path, paths: Iterable[str]) -> list[tuple[str, Path]]:
        """Files that a thread wrote outside of itself; those that another one has written, and which."""
        found = []
        with self._lock:
            for path in paths:
                other = self._wrote.get(path, root)
                if other != root:
                    found.append((path, other))
                if len(self._wrote) < MOST:
                    self._wrote[path] = root
        return found
