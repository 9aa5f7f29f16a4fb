"""The author's index: what he staged stays staged, and what nozzle committed shows as clean.

It refuses to take part in a step: a step's tree is made without it. It only follows, path by path, where it stood at
the old HEAD.
"""

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nozzle.errors import Unwritable
from nozzle.steps.door import Door, fail
from nozzle.steps.objects import Leaf

PATIENCE = 5.0  # seconds
REST = 0.2  # seconds after git wrote the index, in which it moves HEAD
_ELSE = Leaf("", "")  # an entry that is no plain one: in conflict


@dataclass(frozen=True, slots=True)
class Turn:
    """What a step does to a path."""

    before: Leaf | None  # at the old HEAD
    after: Leaf | None
    data: bytes | None = None  # the file's bytes, where they were given
    taken: bool = False  # its bytes were taken before: the file may hold others by now


class Index:
    """The index file of one worktree."""

    def __init__(
        self,
        door: Door,
        root: Path,
        git_dir: Path,
        attributes: tuple[Path, ...],
        width: int,
        converts: Callable[[], bool],
    ) -> None:
        self.path = git_dir / "index"
        self.lock = git_dir / "index.lock"
        self._door = door
        self._root = root
        self._attributes = attributes  # files, besides .gitattributes, that may ask for a filter
        self._converts = converts  # line ends, whatever these say
        self._nothing = "0" * 2 * width
        self._empty = _EMPTY[width]
        self._unsettled = git_dir / "nozzle" / "unsettled.json"
        self._seen: dict[str, Leaf | None] = {}
        self._seen_at: tuple[int, ...] | None = None

    def wait(self) -> None:
        """Return when no other git process writes the index; say who does, when it takes too long."""
        self._patiently(time.monotonic() + PATIENCE)

    def moving(self) -> bool:
        """Whether another git process writes the index, or did so a moment ago: HEAD may be about to follow."""
        if os.path.lexists(self.lock):
            return True
        stamp = self._stamp()
        return stamp not in (None, self._seen_at) and 0 <= time.time() - stamp[1] / 1e9 < REST

    def rests(self) -> bool:
        """Whether no other git process is at work here; one that wrote the index a moment ago is given that moment."""
        end = time.monotonic() + 2 * REST
        while self.moving() and time.monotonic() < end:
            time.sleep(0.02)
        return not self.moving()

    def follow(self, turns: Mapping[str, Turn]) -> None:
        """Bring entries that stood at the old HEAD to what is about to be committed; `settled` comes after that."""
        entries, noted = self._entries(list(turns)), self._noted()
        ours = {path: turn for path, turn in turns.items() if self._follows(entries[path], turn, noted.get(path, ()))}
        if not ours:
            return
        self._note(noted, ours)
        plain = [path for path, turn in ours.items() if self._plain(path, turn)]
        exact = {path: turn.after for path, turn in ours.items() if path not in set(plain)}
        if exact:
            self._update("-z", "--add", "--replace", "--index-info", given=self._info(exact))
        if plain:
            self.take(plain)
        if exact:
            self._update("-q", "--refresh")
        self._remember(entries | {path: turn.after for path, turn in ours.items()})

    def settled(self) -> None:
        """HEAD has what `follow` put into the index."""
        self._unsettled.unlink(missing_ok=True)

    def take(self, paths: Iterable[str]) -> None:
        """Stage what is on disk."""
        given = b"".join(os.fsencode(path) + b"\0" for path in paths)
        self._update("-z", "--add", "--remove", "--replace", "--stdin", given=given)

    def _noted(self) -> dict[str, list[str]]:
        """What we put into the index ourselves, if we were killed before HEAD followed: not the author's staging."""
        try:
            noted = json.loads(self._unsettled.read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return noted if isinstance(noted, dict) else {}

    def _note(self, noted: dict[str, list[str]], ours: Mapping[str, Turn]) -> None:
        added = {path: [*noted.get(path, ()), turn.after.sha if turn.after else ""] for path, turn in ours.items()}
        self._unsettled.parent.mkdir(mode=0o700, exist_ok=True)  # a cache, that may have been deleted meanwhile
        self._unsettled.write_text(json.dumps(noted | added))

    def _follows(self, entry: Leaf | None, turn: Turn, noted: Sequence[str]) -> bool:
        if entry == turn.after:
            return False
        # `git add -N` leaves an empty blob that stands for nothing yet
        promised = turn.before is None and entry is not None and entry.sha == self._empty
        return entry == turn.before or promised or (entry.sha if entry else "") in noted

    def _plain(self, path: str, turn: Turn) -> bool:
        """Would git itself take from disk just what was committed? Then it may, and stat once instead of all files."""
        if self.filtered(path):
            return False
        file = self._root / path
        if turn.after is None:
            return not os.path.lexists(file)
        try:
            if turn.data is None:
                return not turn.taken  # a cell below may write it again before git has read it
            return not file.is_symlink() and file.read_bytes() == turn.data
        except OSError:
            return False

    def filtered(self, path: str) -> bool:
        """Whether git may keep a file otherwise than it lies on the disk."""
        if self._converts():
            return True
        folders = [(self._root / path).parents[n] for n in range(path.count("/") + 1)]
        return any(os.path.exists(folder / ".gitattributes") for folder in folders) or any(
            map(os.path.exists, self._attributes)
        )

    def _info(self, leaves: Mapping[str, Leaf | None]) -> bytes:
        lines = (
            f"{leaf.mode} {leaf.sha}\t".encode() + os.fsencode(path)
            if leaf
            else f"0 {self._nothing}\t".encode() + os.fsencode(path)
            for path, leaf in leaves.items()
        )
        return b"".join(line + b"\0" for line in lines)

    def _entries(self, paths: list[str]) -> dict[str, Leaf | None]:
        seen = self._seen if self._seen_at == self._stamp() else {}
        if all(path in seen for path in paths):
            return {path: seen[path] for path in paths}
        stamp = self._stamp()
        found: dict[str, Leaf | None] = dict.fromkeys(paths)
        for batch in range(0, len(paths), 500):
            out = self._door.run("--literal-pathspecs", "ls-files", "-s", "-z", "--", *paths[batch : batch + 500])
            found |= dict(_entry(row) for row in out.split(b"\0") if row)
        self._seen, self._seen_at = {path: found[path] for path in paths}, stamp
        return dict(self._seen)

    def _remember(self, entries: dict[str, Leaf | None]) -> None:
        self._seen, self._seen_at = entries, self._stamp()

    def _stamp(self) -> tuple[int, ...] | None:
        """Git replaces the index by renaming, so another index is another file."""
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            return None
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    def _update(self, *words: str, given: bytes = b"") -> None:
        end = time.monotonic() + PATIENCE
        while True:
            said = self._door.ask("update-index", *words, given=given)
            if said.status == 0 or (said.status == 1 and "--refresh" in words):  # 1: a file of the author's is dirty
                return
            quietly = "-q" in words and not said.err  # then git says nothing of a lock that another holds, either
            if not quietly and "index.lock': File exists" not in said.err:
                fail(("update-index",), said.err)
            if time.monotonic() > end:
                raise Unwritable(f"git could not refresh {self.path}: is another git process at work there?")
            self._patiently(end)

    def _patiently(self, end: float) -> None:
        while os.path.lexists(self.lock):
            if time.monotonic() > end:
                raise Unwritable(_held(self.lock))
            time.sleep(0.01)


# the digest of the empty file, by the width of a digest
_EMPTY = {
    20: "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    32: "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
}


def _entry(row: bytes) -> tuple[str, Leaf]:
    head, _, path = row.partition(b"\t")
    mode, sha, stage = head.decode().split(" ")
    return os.fsdecode(path), Leaf(mode, sha) if stage == "0" else _ELSE


def _held(lock: Path) -> str:
    try:
        age = f", {time.time() - lock.stat().st_mtime:.0f} s old"
    except FileNotFoundError:
        age = ""
    owner = _owner(lock)
    if owner:
        return f"no step was made: {owner} holds {lock}{age}: let it finish (or end it), then save again"
    return f"no step was made: {lock}{age} is there and no running process has it open: remove it, then save again"


def _owner(lock: Path) -> str:
    """The process that has the lock open, in words."""
    for fd in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.readlink(fd) == str(lock):
                name = (fd.parents[1] / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
                return f"process {fd.parents[1].name} ({name})"
        except OSError:
            continue  # it ended meanwhile, or is another user's
    return ""
