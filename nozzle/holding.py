"""What cells left in files, as it was when they ended; and what the author has made of it since.

It refuses to write a file. What a step may not hold it does not take: the sieve says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from nozzle.sieve import Sieve
from nozzle.steps import Steps, Taken


@dataclass(slots=True)
class Holding:
    sieve: Sieve
    steps: Steps
    _left: dict[str, Taken] = field(default_factory=dict)
    """By path from the root."""

    def take(self, paths: Iterable[str]) -> dict[str, Taken]:
        """Files as a cell has just left them, for its step."""
        taken = self.sieve.taken(paths)
        self._left |= taken
        return taken

    def edited(self, paths: Iterable[str]) -> dict[str, Taken]:
        """Those of these files that are neither as a cell left them nor as HEAD has them, as they are now."""
        found = {}
        for path, now in self.sieve.taken(path for path in paths if not self._looks_alike(path)).items():
            left = self._left.get(path)
            if now.sha == self.steps.blob("HEAD", path) or (left and left.sha == now.sha):
                self._left[path] = now
            else:
                found[path] = now
        return found

    def _looks_alike(self, path: str) -> bool:
        left = self._left.get(path)
        return left is not None and bool(left.sha) and self.steps.stamp(path) == left.stamp
