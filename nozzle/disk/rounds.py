"""One exchange: rounds of read, edit, swap, and a look at what came out."""

import errno
import io
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nozzle.disk.file import content, create, inode, mark, open_file, swap, temp_beside
from nozzle.disk.late import Late
from nozzle.disk.lease import PATIENCE, TICK, awaited, guard, release, settle
from nozzle.disk.restore import Ours, Swapped, restore
from nozzle.errors import Unwritable

_DEADLINE = 10.0  # seconds, for all rounds together

Edit = Callable[[bytes], bytes | None]
Before = Callable[[bytes, str], None]


@dataclass(frozen=True, slots=True)
class Written:
    """What `exchange` left in the file."""

    path: Path
    content: bytes
    rounds: int  # how often the file was swapped; 0: there was nothing to write
    late: Late | None  # somebody may still have the old file open: ask until it is done


class Exchange:
    """The rounds that write one text."""

    def __init__(self, path: Path, target: Path, edit: Edit, before: Before | None) -> None:
        self.path, self.target = path, target
        self.edit, self.before = edit, before
        self.rounds = 0
        self.kept: list[Path] = []  # author's texts that are not in place yet

    def run(self, base: bytes, over: bytes) -> Written:
        """Go round until what comes out is what the edit was made from; while the file holds `over`, that is `base`."""
        self.base, self.over = base, over
        deadline = time.monotonic() + _DEADLINE
        while time.monotonic() < deadline:
            old = self._quiet()
            try:
                written = self._round(old)
            finally:
                os.close(old)
            if written is not None:
                for temp in self.kept:
                    temp.unlink(missing_ok=True)
                return written
        raise Unwritable(f"{self.path}: saved without a pause by some program, so nozzle did not write. Stop it first")

    def _quiet(self) -> int:
        """Open the file when nobody is in the middle of saving it, or when that has lasted too long."""
        patience = time.monotonic() + PATIENCE
        while True:
            try:
                fd = open_file(self.target)
            except FileNotFoundError:  # an editor has moved it aside, and is about to write it anew
                if time.monotonic() > patience:
                    raise
                time.sleep(TICK)
                continue
            settle(fd)
            if mark(fd).inode == inode(self.target) or time.monotonic() > patience:
                return fd
            os.close(fd)

    def _round(self, old: int) -> Written | None:
        """Make the edit and put it in; None when the author was faster, and his text is in its place."""
        seen, now = mark(old), content(old, self.path)
        author = self.base if now == self.over else now
        new = self.edit(author)
        new = author if new is None else new
        if new == now:
            return Written(self.path, now, self.rounds, None)
        temp = temp_beside(self.target)
        part = temp.with_name(temp.name + ".part")
        try:
            with create(part, new, old) as ours:
                if self.before is not None:
                    self.before(new, temp.name)
                if mark(old) != seen or inode(self.target) != seen.inode:
                    return None
                guarded = guard(ours.fileno())
                os.rename(part, temp)
                return self._look(temp, now, new, ours, guarded) if self._place(temp) else None
        finally:
            part.unlink(missing_ok=True)

    def _place(self, temp: Path) -> bool:
        """Swap; False when an editor has just moved its file aside."""
        try:
            swap(temp, self.target)
        except OSError as error:
            temp.unlink(missing_ok=True)
            if error.errno == errno.ENOENT:
                return False
            raise
        self.rounds += 1
        return True

    def _look(self, temp: Path, now: bytes, new: bytes, ours: io.FileIO, guarded: bool) -> Written | None:
        """Read what came out: finish, or put it back."""
        out = open_file(temp)
        try:
            held = settle(out, keep=True)
            came = content(out, self.path)
            if came not in (now, new):
                saved = restore(Swapped(temp, self.target, out, came, held is False), Ours(ours, new, guarded))
                if saved is not None:
                    self.base, self.over = saved, came
                    self.kept.append(temp)
                return None
            if held is False:
                temp.unlink()
                if not awaited(out):
                    return Written(self.path, new, self.rounds, None)
                release(out)
            return Written(self.path, new, self.rounds, Late(self.path, temp, os.dup(out), came))
        finally:
            os.close(out)
