"""What cells left in files, as it was when they ended; and what the author has made of it since.

What no step holds (git ignores it, it is too large, it has a secret in it) is known by its time and size, noted beside
git; what the author made of that is copied aside. It refuses to change a file of the worktree that no step has as it
is.
"""

import json
import shutil
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from nozzle import disk, whole
from nozzle.errors import Refused
from nozzle.sieve import Sieve
from nozzle.steps import Steps, Taken

YOURS = "yours"
"""The folder, in git's own, of what the author made of files that no step may hold."""
_LEFT = "left"

Look = tuple[int, int]
"""Of a file: its time, in nanoseconds, and its size."""


@dataclass(slots=True)
class Holding:
    sieve: Sieve
    steps: Steps
    _left: dict[str, Taken] = field(default_factory=dict)
    """By path from the root."""
    _looks: dict[str, Look] = field(default_factory=dict)
    """How a file looked that was found to be a cell's, or was taken, or put aside: it is asked once."""

    def take(self, paths: Collection[str]) -> dict[str, Taken]:
        """Files as a cell has just left them, for its step."""
        looks = self._looks_of(paths)
        taken = self.sieve.taken(paths)
        self._left |= taken
        self._looks |= looks | {path: each.stamp for path, each in taken.items()}
        self.note({path: look for path, look in looks.items() if path not in taken or not self._has(path)})
        return taken

    def edited(self, paths: Iterable[str]) -> tuple[dict[str, Taken], list[str]]:
        """Those of these files that are neither as a cell left them nor as HEAD has them, as they are now; and those of
        which no step may hold that.

        One that is gone holds nothing that could be lost.
        """
        looks = self._looks_of(paths)
        asked = [path for path, look in looks.items() if self._looks.get(path) != look and not self._is_at_head(path)]
        noted = self.noted() if asked else {}
        asked = [path for path in asked if noted.get(path) != looks[path]]
        taken = self.sieve.taken(asked) if asked else {}
        self._looks |= {path: look for path, look in looks.items() if path in taken or path not in asked}
        found = {}
        for path, now in taken.items():
            left = self._left.get(path)
            if now.sha != self.steps.blob("HEAD", path) and not (left and left.sha == now.sha):
                found[path] = now
        loose = [path for path in asked if path not in taken]
        return found, [path for path in loose if self._is_edited(path, looks[path], noted)]

    def _is_edited(self, path: str, look: Look, noted: Collection[str]) -> bool:
        """Whether a file that no step may hold, and that is not as it is noted, is the author's by now.

        Where no note says how a cell left it, it counts, unless it is large and git has none of that name: it would be
        copied each time that the notes are lost.
        """
        return path in noted or look[1] <= self.steps.cap or self._has(path)

    def _has(self, path: str) -> bool:
        return bool(self.steps.blob("HEAD", path))

    def put_back(self, paths: Iterable[str], step: str) -> tuple[list[str], list[str]]:
        """Files of a cell whose step is elsewhere, as HEAD has them again where they are as that step has them; which
        these are, and which stay as they are here: as neither has them.
        """
        looks, now = self._looks_of(paths := sorted(paths)), self.sieve.taken(paths)
        back, stay = self.steps.put_back(now, step)
        return back, stay + [path for path in looks if path not in now and not self._is_at_head(path)]

    def put_aside(self, paths: Iterable[str]) -> list[str]:
        """Copy files to where no cell looks; where they are now. Refused when they cannot be: the cell is to wait."""
        looks, places = self._looks_of(paths), []
        for path, look in looks.items():
            when = datetime.fromtimestamp(look[0] // 10**9, UTC).strftime("%Y-%m-%dT%H%M%S")
            place = self.steps.shared / YOURS / f"{when}.{look[0] % 10**9:09}" / path
            part = place.with_name(f"{place.name}.part")
            try:
                whole.make(place.parent, root=self.steps.shared.parent)
                part.unlink(missing_ok=True)
                shutil.copy2(self.steps.root / path, part, follow_symlinks=False)
                part.replace(place)
            except OSError as error:
                with suppress(OSError):
                    part.unlink()
                raise Refused(
                    f"{path}: you changed what a cell wrote, no step may hold it, and it cannot be copied to {place} "
                    f"({error.strerror or error}): no cell writes over it; move it away yourself, then run again"
                ) from error
            places.append(str(place))
        self._looks |= looks
        self.note(looks)
        return places

    def aside(self) -> list[Path]:
        """The copies that were put aside: they are the author's, and nothing here takes one away."""
        return sorted(path for path in (self.steps.shared / YOURS).rglob("*") if path.is_symlink() or path.is_file())

    def _looks_of(self, paths: Iterable[str]) -> dict[str, Look]:
        """Of what is no folder, and no other thing that holds nothing."""
        there = [path for path in paths if (at := self.steps.root / path).is_symlink() or at.is_file()]
        return {path: look for path in there if (look := self.steps.stamp(path))[1] >= 0}

    def _is_at_head(self, path: str) -> bool:
        """Whether a file of a size that git is asked to keep is as HEAD has it."""
        if self.steps.stamp(path)[1] > self.steps.cap:
            return False
        content = disk.readable(self.steps.root / path)
        return content is not None and self.steps.is_at_head(path, content)

    def noted(self) -> dict[str, Look]:
        """How cells left those files that no step may hold, in whichever process they ran."""
        try:
            return {path: (when, size) for path, (when, size) in json.loads((self.steps.private / _LEFT).read_bytes())}
        except (OSError, ValueError, TypeError):
            return {}

    def note(self, looks: dict[str, Look]) -> None:
        """Files that no step may hold are as cells left them."""
        before = self.noted() if looks else {}
        if before != (now := before | looks):
            with suppress(OSError):  # then more counts as the author's than is
                whole.write(self.steps.private / _LEFT, json.dumps(sorted(now.items())).encode(), 0o600)
