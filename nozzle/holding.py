"""What cells left in files, as it was when they ended; and what the author has made of it since.

It refuses to write a file. What a step may not hold it does not take: the sieve says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from nozzle import disk
from nozzle.sieve import Sieve
from nozzle.steps import Steps, Taken


@dataclass(slots=True)
class Holding:
    sieve: Sieve
    steps: Steps
    _left: dict[str, Taken] = field(default_factory=dict)
    """By path from the root."""
    _looks: dict[str, tuple[int, int]] = field(default_factory=dict)
    """How a file looked that was found to be a cell's, or was taken, or may not be: it is asked once."""

    def take(self, paths: Iterable[str]) -> dict[str, Taken]:
        """Files as a cell has just left them, for its step."""
        taken = self.sieve.taken(paths)
        self._left |= taken
        self._looks |= {path: each.stamp for path, each in taken.items()}
        return taken

    def edited(self, paths: Iterable[str]) -> dict[str, Taken]:
        """Those of these files that are neither as a cell left them nor as HEAD has them, as they are now.

        One that is gone holds nothing that could be lost.
        """
        looks = {path: look for path in paths if (look := self.steps.stamp(path))[1] >= 0}
        asked = [path for path, look in looks.items() if self._looks.get(path) != look and not self._is_at_head(path)]
        self._looks |= looks
        found = {}
        for path, now in self.sieve.taken(asked).items():
            left = self._left.get(path)
            if now.sha != self.steps.blob("HEAD", path) and not (left and left.sha == now.sha):
                found[path] = now
        return found

    def _is_at_head(self, path: str) -> bool:
        """Whether a file of a size that git is asked to keep is as HEAD has it."""
        if self.steps.stamp(path)[1] > self.steps.cap:
            return False
        content = disk.readable(self.steps.root / path)
        return content is not None and self.steps.is_at_head(path, content)
