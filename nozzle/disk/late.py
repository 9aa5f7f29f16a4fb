"""A file that has lost its place while an editor still has it open."""

import os
import time
from pathlib import Path

from nozzle.disk.file import content, mark
from nozzle.disk.lease import STILL, writers

_LATE = 5.0  # seconds after the last change, for which it is watched


class Late:
    """A swapped-out file that somebody has open, or may have: ask it now and then until it is `done`.

    What `check` returns stays in the file, and is returned again, until it is taken.
    """

    def __init__(self, path: Path, temp: Path, fd: int, seen: bytes) -> None:
        self.path, self.done = path, False
        self._temp, self._fd, self._seen = temp, fd, seen
        self._mark, self._since = mark(fd), time.monotonic()
        self._text, self._last = seen, False

    def check(self) -> bytes | None:
        """Return the author's text once he has finished writing it, if it is new; sets `done` when none can come."""
        if self.done:
            return None
        held, now = writers(self._fd), mark(self._fd)
        if now != self._mark:
            self._mark, self._since = now, time.monotonic()
        quiet = time.monotonic() - self._since
        last = held is False or quiet > _LATE
        if not last and (held or quiet < STILL):
            return None
        self._text, self._last = content(self._fd, self.path), last
        if self._text != self._seen:
            return self._text
        self.take()
        return None

    def take(self) -> None:
        """What `check` returned is in the entry or in a step by now."""
        self._seen = self._text
        if self._last:
            self.close()

    def close(self) -> None:
        """Stop watching and remove the file; what was not taken by now is gone."""
        if not self.done:
            self.done = True
            os.close(self._fd)
            self._temp.unlink(missing_ok=True)
