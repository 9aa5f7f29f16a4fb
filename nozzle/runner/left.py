"""How cells left the files that they wrote, and whether these still are so.

A state that was kept goes with its files: woken beside others it would answer otherwise than a replay does. While
nothing has changed, looking costs one stat for each file; what was touched is told apart by its content.
"""

import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

LARGE = 64 << 20
"""Bytes above which a file is known by its times and size alone, where nobody asks for more."""
GRAIN = 20_000_000
"""Nanoseconds by which a file's time may lag behind the clock: what was written so lately may be written unseen."""
_BY_TIME = "at "


@dataclass(frozen=True, slots=True)
class Files:
    """The files that cells name, as they are on the disk."""

    content: Callable[[str], str]
    """What a file holds, as a digest; nothing for one that never counts."""
    real: Callable[[str], str]
    """Where a path of the cells is."""
    _known: dict[str, tuple[tuple[int, ...], str]] = field(default_factory=dict)
    """Times and size of a file when it was last read, and what it held."""

    def left(self, paths: Iterable[str], *, lasting: bool = False) -> dict[str, str]:
        """What lies at each of these; `lasting` where times may be others when it is asked for again."""
        found = {path: self._held(path) for path in paths}
        return {path: self.content(path) if lasting and held.startswith(_BY_TIME) else held
                for path, held in found.items()}  # fmt: skip

    def are_left(self, paths: Iterable[str], left: Mapping[str, str]) -> bool:
        """Whether all of these are as they were left, and it is known how."""
        return all(path in left and self._is_left(path, left[path]) for path in paths)

    def _is_left(self, path: str, held: str) -> bool:
        now = self._held(path)
        if now.startswith(_BY_TIME) and not held.startswith(_BY_TIME):
            now = self.content(path)
        return now == held

    def _held(self, path: str) -> str:
        """Digest of a file; of a large one, when it changed; for what is no file, what it is."""
        try:
            seen = os.stat(self.real(path))
        except OSError:
            return "nothing"
        if not stat.S_ISREG(seen.st_mode):
            return "folder" if stat.S_ISDIR(seen.st_mode) else "no file"
        stamp = (seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size)
        if seen.st_size > LARGE:
            return _BY_TIME + "-".join(map(str, stamp))
        known, held = self._known.get(path, ((), ""))
        if known != stamp:
            held = self.content(path)
            if time.time_ns() - max(stamp[:2]) >= GRAIN:
                self._known[path] = stamp, held
        return held
