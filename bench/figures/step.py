"""From the author's save to the commit of what ran: the real loop, and the same loop on GitPython's index.

Both arms are the same watch, loop, desk, ledger and kernel; they differ in `record_all` alone. Each repetition adds one
trivial cell at the end of a 10 kB entry. Nothing is waited for on purpose: `settle` is 0, and the loop's clock is put
forward between two saves so that they do not look like autosave.
"""

import itertools
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from arms.gitpython import GitPythonSteps
from contest import Race, Took, Void, clocked, race
from table import Row, raced
from workplace import Workplace, clean, commits, head

from nozzle.desk import Desk
from nozzle.loop import Loop, Message, Quit
from nozzle.settings import config_folder, load
from nozzle.steps import Steps
from nozzle.words.journal import Journal
from nozzle.words.watch import watching

GOAL = 0.5
FRONT = "---\ntitle: Steps\n---\n\n"
PROSE = "Some words about what was seen and what may be behind it, long enough to be a line.\n\n" * 115
LATE = 20.0


def rows(where: Workplace) -> Iterator[Row]:
    yield raced("step", "save -> commit, 200 files", _race(where, 200, 12), "GitPython index", GOAL)
    yield raced("step", "save -> commit, 10,000 files", _race(where, 10_000, 5), "GitPython index", GOAL)


def _race(where: Workplace, files: int, usual: int) -> Race:
    with _watched(where, files, Steps) as ours, _watched(where, files, GitPythonSteps) as theirs:
        return race(ours.step, theirs.step, where.times(usual), where.control, _alike)


def _alike(ours: object, theirs: object) -> str:
    return "" if ours == theirs == ("two commits", "clean", "whole") else f"{ours} and {theirs}"


class Watched:
    """A journal with its watch, and an author who adds a cell."""

    def __init__(self, where: Workplace, here: Journal, path: Path) -> None:
        self.where, self.path, self.cells = where, path, itertools.count()
        self.written, self.forward = threading.Event(), 0.0
        messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        tools = here.tools(lambda notice: None, messages.put)
        self.loop = Loop(tools, messages, lambda: time.monotonic() + self.forward, after=self._after)

    def step(self, rep: int) -> Took:
        """Save one more cell; until what it printed is in the file and in git."""
        number, folder = next(self.cells), self.loop.tools.root
        text = self.path.read_text() + f"```{{code-cell}} python\nprint({number})\n```\n"
        before = commits(self.where, folder)
        self.forward += 60
        self.written.clear()

        def work() -> None:
            self.path.write_text(text)
            if not self.written.wait(LATE):
                raise Void(f"no commit within {LATE:.0f} s of a save")

        took = clocked(work)
        made = {2: "two commits"}.get(commits(self.where, folder) - before, "other commits")
        whole = head(self.where, folder) and f"```text\n{number}\n```" in self.path.read_text()
        state = "clean" if not clean(self.where, folder) else "not clean"
        return Took(took.seconds, took.cpu, (made, state, "whole" if whole else "not whole"))

    def _after(self, desk: Desk) -> None:
        if all(slot.fresh for slot in desk.entry.slots) and not desk.busy():
            self.written.set()


@contextmanager
def _watched(where: Workplace, files: int, kind: type[Steps]) -> Iterator[Watched]:
    """A journal of so many files, under a loop in a thread of its own."""
    folder = where.repository("watched")
    for number in range(files):
        target = folder / "data" / f"{number // 100:03}"
        target.mkdir(parents=True, exist_ok=True)
        (target / f"{number}.txt").write_text(f"{number}\n")
    path = folder / "journal" / "entry.md"
    path.parent.mkdir()
    path.write_text(FRONT + PROSE)
    (folder / "nozzle.toml").write_text("settle = 0.0\n")
    where.git(folder, "add", ".")
    where.git(folder, "commit", "-q", "-m", "begin")
    with kind.open(folder) as steps:
        here = Journal(steps.root, steps, load(steps.root), config_folder())
        watched = Watched(where, here, path)
        watched.loop.desk(path)
        thread = threading.Thread(target=watched.loop.run)
        with watching(watched.loop, here):
            thread.start()
            try:
                yield watched
            finally:
                watched.loop.messages.put(Quit())
                thread.join()
                watched.loop.close()
