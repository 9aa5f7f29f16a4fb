"""The watch: one queue, one consumer, and nobody else writes entries or git while it runs.

The watcher, the kernels and the words of the command line put messages on the queue; this takes them off, one at a
time, and hands each to the desk of its entry. It runs until it is told to stop, or, for a single command, until
nothing is left to do.
"""

import queue
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from nozzle import disk
from nozzle.beside import Notice
from nozzle.desk import Desk, Said
from nozzle.document.plan import gathered, waits
from nozzle.errors import Missing, NozzleError
from nozzle.ledger import News, Seen
from nozzle.side import Side
from nozzle.tools import Tools


@dataclass(frozen=True, slots=True)
class Saved:
    """Files changed under the root, by whomever."""

    paths: frozenset[Path]


@dataclass(frozen=True, slots=True)
class Moved:
    """HEAD is somewhere else."""


@dataclass(frozen=True, slots=True)
class Called:
    """A request: carried out by the loop, between two other messages."""

    work: Callable[["Loop"], None]


@dataclass(frozen=True, slots=True)
class Quit:
    """Stop: interrupt what runs, write it down, leave; what waits for the author's word goes on waiting in the text."""

    cause: str = "you stopped it"
    goes_on: bool = False
    """Another loop takes over: what agents do is not over, and goes on there as the text has it."""


Message = Saved | Moved | Said | Called | Quit

TYPING = 2.0
"""Seconds: a second change of the same entry within them looks like autosave, and settles longer. A person who tries
one number after another takes longer, and must not wait."""
PATIENT = 2.0
"""Seconds that its cells then wait before they run: they may be half typed."""
BATCH = 1.0
"""Seconds between the first two writes of one entry while its cells go on; then twice that, and so on."""
BATCHES = 8.0
"""Seconds, the longest of these."""
GIT = 5.0
"""Seconds for which git may hold the index, and looks and writes wait for it."""
AGAIN = 0.05
"""Seconds until a look that could not be had is tried again."""


@dataclass(slots=True)
class Loop:
    tools: Tools
    messages: "queue.SimpleQueue[Message]" = field(default_factory=queue.SimpleQueue)
    clock: Callable[[], float] = time.monotonic
    desks: dict[Path, Desk] = field(default_factory=dict)
    after: Callable[[Desk], None] = lambda desk: None
    """Told of every desk whose text changed."""
    renamed: Callable[[str, str], None] = lambda old, new: None
    """Told of an entry that has another name: the old path from the root, and the new one."""
    opened: Callable[[Desk], None] = lambda desk: None
    """Told of every desk that is opened."""
    shares: bool = False
    """The states of its kernels are kept by another loop's side, which outlives it."""
    beside: "Callable[..., None] | None" = None
    """Looks after another worktree of this journal: (folder, the reply of who asked)."""
    moved: Callable[[], None] = lambda: None
    """Told that HEAD or a branch moved, here or in another worktree."""
    sides: dict[str, Side] = field(default_factory=dict)
    """Prompts beside its entries, by who asked for them."""
    ends: str = ""
    """Why it ends; empty while it goes on."""
    _looks: dict[Path, float] = field(default_factory=dict)
    """When a changed file is looked at: it settles first."""
    _inputs: set[Path] = field(default_factory=set)
    """Entries of which a file that they read was saved."""
    _changed: dict[Path, float] = field(default_factory=dict)
    """When the author last saved an entry; nozzle's own writes do not count."""
    _batches: dict[Path, tuple[float, float]] = field(default_factory=dict)
    """While the cells of an entry go on: when it is next written, and how long after that again."""
    _later: list[Callable[["Loop"], None]] = field(default_factory=list)
    _git_since: float | None = None

    def desk(self, path: Path) -> Desk:
        """The desk of an entry; opened at the first call."""
        path = path.absolute()
        if path not in self.desks:
            desk = Desk(path, self._rel(path), self.tools)
            desk.open()
            self.desks[path] = desk
            self.opened(desk)
        return self.desks[path]

    def run(self, until_idle: bool = False) -> None:
        """Take messages until `Quit`, or until nothing runs and nothing waits."""
        while True:
            self._tend()
            if self.idle() and (self.ends or (until_idle and self.messages.empty())):
                return
            try:
                self._take(self.messages.get(timeout=self._patience()))
            except queue.Empty:
                continue

    def idle(self) -> bool:
        return not self._looks and not any(desk.busy() for desk in self.desks.values())

    def later(self, work: Callable[["Loop"], None]) -> None:
        """Do this after the next message, when what is due has been started and written."""
        self._later.append(work)

    def look(self, path: Path) -> None:
        """Take what is on disk now, before it has settled: what was answered there counts."""
        self._look(path.absolute(), self.clock())

    def advance(self, paths: Iterable[Path], again: bool = False) -> None:
        """Run entries now, because somebody asked."""
        for path in paths:
            with self.telling(path):
                desk = self.desk(path)
                try:
                    desk.look(self.clock())
                except News:
                    self._looks[path] = self.clock() + AGAIN
                desk.bring_files_back()
                desk.ask(again)

    def close(self) -> None:
        for side in self.sides.values():
            side.session.close()
        for desk in self.desks.values():
            desk.close()
        if self.tools.snapshots and not self.shares:
            self.tools.snapshots.clear()

    # -- messages -----------------------------------------------------------------------------------------------

    def _take(self, message: Message) -> None:
        match message:
            case Saved(paths):
                for path in paths:
                    self._notice(path)
            case Moved():
                if self.tools.ledger.elsewhere():
                    self._look_soon(self.desks)
                with self.telling(self.tools.root):
                    self.moved()
            case Said(desk, run, event):
                with self.telling(desk.path):
                    desk.hear(run, event)
            case Called(work):
                with self.telling(self.tools.root):
                    work(self)
            case Quit(cause, goes_on):
                self.ends = cause
                for desk in self.desks.values():
                    if goes_on:
                        desk.beside.leave()
                    desk.end(cause)

    def _notice(self, path: Path) -> None:
        """An entry is looked at once it has settled; of other files, those that cells read matter."""
        now, rel = self.clock(), self._rel(path)
        if not self.tools.settings.is_entry(rel):
            if not path.suffix and not path.is_file():  # a folder came or went, and so did all that is in it
                self._look_soon(each for each in self.desks if path in each.parents)
                self._look_soon(each for each in self._entries() if path in each.parents)
            reading = [desk.path for desk in self.desks.values() if rel in self.tools.ledger.past.reads(desk.rel)]
            self._inputs |= set(reading)
            return self._look_soon(reading)
        self._looks[path] = now + self.tools.settings.settle

    def _entries(self) -> list[Path]:
        return self.tools.settings.entries_in(self.tools.root)

    def _look_soon(self, paths: Iterable[Path]) -> None:
        for path in paths:
            self._looks.setdefault(path, self.clock() + self.tools.settings.settle)

    # -- between messages ---------------------------------------------------------------------------------------

    def _tend(self) -> None:
        now = self.clock()
        git = self._git_at_work(now)
        if not git:
            self._look_at_all([path for path, at in self._looks.items() if at <= now], now)
        for desk in list(self.desks.values()):
            with self.telling(desk.path):
                desk.tick(now)
                if self.ends and desk.run is None and desk.beside.busy():
                    desk.end(self.ends)  # what began since it was said: its cell would never be started
                if not (self.ends or git):
                    self._start(desk, now)
                self._write(desk, now, git)
                if not git and (desk.resting_on(now) or self.ends):
                    desk.step()
            if desk.gone and not (desk.busy() or desk.sheet.listens) and desk.sheet.base is None:
                self.desks.pop(desk.path).close()
        later, self._later = self._later, []
        for work in [lambda loop: loop.tools.ledger.catch_up(), *later]:
            with self.telling(self.tools.root):
                work(self)

    def _git_at_work(self, now: float) -> bool:
        """Whether git holds the index: it may write entries, and HEAD follows. Not for ever: a lock can be left."""
        if not (self._looks or any(desk.at_work() for desk in self.desks.values())):
            return False
        if not self.tools.ledger.steps.moving():
            self._git_since = None
            return False
        self._git_since = now if self._git_since is None else self._git_since
        return now - self._git_since < GIT

    def _look_at_all(self, paths: list[Path], now: float) -> None:
        """Look at files that changed; if somebody went to another step, say where we are."""
        there = sorted(paths, key=lambda path: not path.exists())  # what was renamed takes its desk along
        seen = [self._look(path, now) for path in there]
        if "moved" in seen:
            desks = [desk for desk in self.desks.values() if not desk.gone]
            due, where = _cells(sum(len(desk.due()) for desk in desks)), self.tools.ledger.where()
            held = [(desk, [row for row in desk.plan() if row.do == "held"]) for desk in desks]
            held = [(desk, rows if desk.entry.held else waits(rows)) for desk, rows in held]
            why = "".join(f"; {desk.rel}: {_cells(len(rows))} held: {rows[0].reason}" for desk, rows in held if rows)
            self.tools.say(Notice("moved", "", f"you are {where}; {due} due, nothing runs until you save{why}"))

    def _look(self, path: Path, now: float) -> Seen | None:
        self._looks.pop(path, None)
        if not path.exists():
            if path in self.desks:
                if (new := self._renamed(self.desks[path])) is not None:
                    return self._look(new, now)
                with self.telling(path):
                    self.desks[path].leave()
            return None
        if path not in self.desks:
            self._begin(path)
        desk, seen = self.desks[path], None
        with self.telling(path):
            try:
                seen = desk.look(now, git=self._git_since is None or now - self._git_since < GIT)
            except News:
                self._looks[path] = now + AGAIN
                return None
            if path in self._inputs and seen == "same":
                desk.inputs()
            if seen == "saved":
                if now - self._changed.get(path, -TYPING) < TYPING:
                    desk.settled = now + PATIENT
                self._changed[path] = now
                self._explain(desk)
            self.after(desk)
        self._inputs.discard(path)
        return seen

    def _renamed(self, desk: Desk) -> Path | None:
        """A new entry that is what one was that is gone: the folder of both may have been renamed, and be told late."""
        if desk.sheet.base is None:
            return None
        new = [path for path in self._entries() if path not in self.desks and disk.readable(path) == desk.sheet.base]
        return min(new, key=lambda path: path.name != desk.path.name, default=None)

    def _begin(self, path: Path) -> None:
        """A new entry; or one that was renamed, and takes its desk along: of several that are alike, its namesake's."""
        for desk in sorted(self.desks.values(), key=lambda desk: desk.path.name != path.name):
            if not desk.path.exists() and desk.sheet.base is not None and desk.sheet.base == disk.readable(path):
                del self.desks[desk.path]
                old = desk.rel
                desk.rename(path, self._rel(path))
                self.tools.ledger.rename(old, desk.rel, desk.sheet.base)
                self.renamed(old, desk.rel)
                break
        else:
            desk = Desk(path, self._rel(path), self.tools)
        self.desks[path] = desk

    def _start(self, desk: Desk, now: float) -> None:
        try:
            desk.start(now)
        except News:
            self._looks.setdefault(desk.path, now)

    def _explain(self, desk: Desk) -> None:
        """Say why cells that are due do not run."""
        rows = [row for row in desk.plan() if row.do == "held"]
        first = [row for row in rows if not row.reason.startswith("below ")]
        for row, reason in gathered([*first, *waits(rows)[:1]]):
            self.tools.say(Notice("held", desk.rel, reason, row.cell.title))

    def _write(self, desk: Desk, now: float, git: bool) -> None:
        """Write what waits: at once when the author's buffer is clean, in batches while cells go on."""
        if not desk.sheet.made or desk.sheet.stuck:
            return
        if desk.run is not None and now < self._next_batch(desk, now) and not self.ends:
            return
        if git or not (desk.quiet(now) or self.ends):
            return desk.sheet.keep()
        try:
            desk.flush()
        except News:
            self._looks.setdefault(desk.path, now)
            return
        _, after = self._batches.get(desk.path, (now, BATCH))
        self._batches[desk.path] = (now + after, min(2 * after, BATCHES))
        if desk.run is None:
            del self._batches[desk.path]
        self.after(desk)

    def _next_batch(self, desk: Desk, now: float) -> float:
        """When an entry is written while its cells go on: soon, where one of them takes its time."""
        at, _ = self._batches.get(desk.path, (now, BATCH))
        return min(at, desk.run.began + BATCH) if desk.run else now

    def _patience(self) -> float | None:
        """Seconds until something is to be done without a message; None: nothing is."""
        now = self.clock()
        times = [at - now for at in self._looks.values()]
        if self.tools.ledger.owing():
            times.append(1.0)
        for desk in self.desks.values():
            if (wake := desk.wake(now)) is not None:
                times.append(wake)
            if desk.sheet.made and not desk.sheet.stuck and desk.quiet(now):
                times.append(self._next_batch(desk, now) - now)
        if self._git_since is not None:
            times = [max(AGAIN, each) for each in times]
        return max(0.0, min(times)) if times else None

    def _rel(self, path: Path) -> str:
        return path.relative_to(self.tools.root).as_posix()

    @contextmanager
    def telling(self, path: Path) -> Iterator[None]:
        """A fault in one entry is told and does not stop the others. Missing when git is gone: there is no going on."""
        try:
            yield
        except (NozzleError, OSError) as error:
            if gone := self.tools.ledger.steps.gone():
                raise Missing(gone) from error
            self.tools.say(Notice("fault", self._rel(path), str(error)))


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"
