"""Collects what happened in a folder and delivers it in batches; holds back what may not be finished."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from nozzle.watch.change import Change, Saved

_STILL = 0.1  # seconds: how long a file must be gone to count as removed, or unchanged to count as whole


class Batches(threading.Thread):
    """The thread between what the system tells and who wants to know; it sleeps while nothing happens."""

    def __init__(self, put: Callable[[Change], object], debounce: float) -> None:
        super().__init__(name="nozzle watch", daemon=True)
        self._put, self._debounce = put, debounce
        self._changed = threading.Condition()
        self._saved: set[Path] = set()
        self._other: list[Change] = []
        self._doubtful: dict[Path, tuple[float, bool]] = {}  # path -> when to look, whether it was seen to go
        self._closed = False

    def saved(self, *paths: Path) -> None:
        """These files are whole."""
        with self._changed:
            for path in paths:
                self._doubtful.pop(path, None)
            self._saved.update(paths)
            self._changed.notify()

    def gone(self, path: Path) -> None:
        """This one has left; in a moment it may be back."""
        self._doubt(path, True)

    def found(self, path: Path) -> None:
        """This one was there before its folder was watched; it may still be written."""
        self._doubt(path, False)

    def say(self, change: Change) -> None:
        with self._changed:
            if change not in self._other:
                self._other.append(change)
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self is not threading.current_thread():
            self.join()

    def run(self) -> None:
        while True:
            with self._changed:
                while not (self._saved or self._other or self._closed):
                    self._changed.wait(self._next())
                    self._look()
                if self._debounce and not self._closed:
                    self._changed.wait_for(lambda: self._closed, self._debounce)
                if self._closed:
                    return
                batch: list[Change] = [Saved(frozenset(self._saved))] if self._saved else []
                batch += self._other
                self._saved, self._other = set(), []
            for change in batch:
                self._put(change)

    def _doubt(self, path: Path, gone: bool) -> None:
        with self._changed:
            self._doubtful[path] = (time.monotonic() + _STILL, gone)
            self._changed.notify()

    def _next(self) -> float | None:
        """Seconds until something doubtful is to be looked at; None: sleep until woken."""
        if not self._doubtful:
            return None
        return max(0.0, min(when for when, _ in self._doubtful.values()) - time.monotonic())

    def _look(self) -> None:
        now = time.monotonic()
        for path, (when, gone) in list(self._doubtful.items()):
            if when > now:
                continue
            del self._doubtful[path]
            changed = _changed(path)
            if changed is None or (not gone and time.time() - changed >= _STILL):
                self._saved.add(path)
            elif not gone:
                self._doubtful[path] = (now + _STILL, False)


def _changed(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None
