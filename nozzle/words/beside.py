"""Other threads of the journal under the same watch: a loop for each worktree, one store of states for all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nozzle.beside import Notice
    from nozzle.control import Reply
    from nozzle.desk import Desk
    from nozzle.loop import Loop
    from nozzle.runner import Snapshots
    from nozzle.steps import Thread
    from nozzle.together import Together
    from nozzle.words.journal import Journal
    from nozzle.words.live import Showing
    from nozzle.words.voice import Ears


@dataclass
class Threads:
    """The loops beside the first one; each in a thread of its own."""

    here: Journal
    hear: Callable[[Notice], None]
    say: Callable[[str], None]
    store: Snapshots | None
    together: Together
    shown: Showing | None = None
    """Where their pages are shown."""
    loops: dict[Path, Loop] = field(default_factory=dict)
    _running: dict[Path, threading.Thread] = field(default_factory=dict)
    _since: tuple[tuple[str, float], ...] = ()
    """Which worktrees there were, and since when each is where it is, when it was last looked at."""
    _moved: dict[Path, Path] = field(default_factory=dict)
    """Where those are now whose folder was moved, until their loop has ended."""
    _ends: str = ""
    """Why all are to stop, also one that has only begun."""

    def all(self) -> None:
        """Look after every thread that was forked here, but for the one in whose folder this watch runs itself."""
        self._since = self.here.steps.worktrees_since()
        for thread in self._others():
            self.begin(thread.folder, None)

    def _others(self) -> Iterator[Thread]:
        first, *others = self.here.steps.worktrees()
        beside = first.thread.folder.parent
        for thread in (other.thread for other in others if not other.gone):
            if thread.folder.is_relative_to(beside) and not thread.folder.samefile(self.here.root):
                yield thread

    def added(self) -> None:
        """Look after worktrees that somebody made by hand since, and after those that he moved, where they are now; a
        fork's is begun by whoever forked it, and has a branch."""
        if (now := self.here.steps.worktrees_since()) == self._since:
            return
        self._since, home = now, self.here.steps.home()
        self._follow()
        for thread in self._others():
            folder = thread.folder
            begins = not (thread.name and folder.is_relative_to(home))
            if begins and folder not in (*self._running, *self._moved.values()):
                self.say(f"thread {folder.name}: watched too, in {folder}")
                self.begin(folder, None)

    def _follow(self) -> None:
        """End the loops of those that were moved: each begins anew where its worktree is now."""
        from nozzle.loop import Quit

        for folder, loop in list(self.loops.items()):
            if folder not in self._moved and (now := loop.tools.ledger.steps.moved_to()):
                self._moved[folder] = now
                loop.messages.put(Quit(f"its folder was moved to {now}", goes_on=True))

    def begin(self, folder: Path, reply: Reply | None) -> None:
        """Look after one more; `reply` is told how many cells have their state at once."""
        if folder in self._running:
            if reply is not None:
                reply({"say": "ready"})
                reply.end()
            return
        work = threading.Thread(target=self._work, args=(folder, reply), name=f"nozzle {folder.name}", daemon=True)
        self._running[folder] = work
        work.start()

    def close(self, why: str) -> None:
        """Stop them all, because of this; what ran is written down."""
        from nozzle.loop import Quit

        self._ends = why
        for loop in list(self.loops.values()):
            loop.messages.put(Quit(why))
        while works := list(self._running.values()):  # one that was moved begins another as it ends
            for work in works:
                work.join()

    def _work(self, folder: Path, reply: Reply | None) -> None:
        from nozzle.errors import NozzleError

        try:
            self._look_after(folder, reply)
        except NozzleError as error:
            self.say(f"thread {folder.name}: {error}")
            if reply is not None:
                reply({"say": str(error)})
                reply.end(error.status)
        finally:
            self.loops.pop(folder, None)
            if (now := self._moved.pop(folder, None)) and not self._ends:
                self.say(f"thread {folder.name}: moved, and watched in {now} from now on")
                self.begin(now, None)
            self._running.pop(folder, None)

    def _look_after(self, folder: Path, reply: Reply | None) -> None:
        import queue

        from nozzle.loop import Loop, Message, Quit
        from nozzle.words.hush import Hush
        from nozzle.words.journal import journal
        from nozzle.words.requests import serving
        from nozzle.words.voice import Ears
        from nozzle.words.watch import watching

        with journal(folder, self.here.trust_all) as there:
            there.model = self.here.model
            messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
            ears = Ears(Hush(there.redact), self._named(folder.name))
            tools = replace(there.tools(ears, messages.put), snapshots=self.store, together=self.together)
            loop = self.loops[folder] = Loop(tools, messages, shares=True, beside=self.begin)
            if self._ends:
                messages.put(Quit(self._ends))
            try:
                with (
                    serving(loop, there, ears, "watch"),
                    self._page(loop, there, ears) as seen,
                    watching(loop, there, seen),
                ):
                    there.publish_key()
                    there.bring_traces(there.steps.thread().name)
                    kept, cells = _woken(loop, there)
                    _go_on(loop, there)
                    if reply is not None:
                        reply({"say": _ready(kept, cells)})
                        reply.end()
                    loop.run()
            finally:
                loop.close()

    @contextmanager
    def _page(self, loop: Loop, there: Journal, ears: Ears) -> Iterator[Callable[[Path], None]]:
        """The thread's pages, told of what happens there; what it yields is told of each save at once."""
        from nozzle.words.deeds import Doing
        from nozzle.words.watch import nobody

        if self.shown is None:
            yield nobody
            return
        with self.shown.thread(there, Doing(there, loop, self.shown)) as shown:
            ears.add(shown.hear)
            loop.after, loop.renamed = lambda desk: shown.changed(desk.rel), shown.renamed
            yield shown.seen

    def _named(self, name: str) -> Callable[[Notice], None]:
        return lambda notice: self.hear(replace(notice, entry=f"{name}:{notice.entry}".rstrip(":")))


def _woken(loop: Loop, there: Journal) -> tuple[int, int]:
    """Open the entries and wake their kernels where their states were kept; cells that stand, of how many."""
    kept = cells = 0
    for path in there.entries():
        with loop.telling(path):
            desk = loop.desk(path)
            stands, count = desk.wake_up()
            kept, cells = kept + stands, cells + count
    return kept, cells


def _ready(kept: int, cells: int) -> str:
    """What whoever forked a thread hears of the states of its cells."""
    from nozzle.words.counted import counted

    if not kept:
        return (
            "ready: no state is in live memory; cells above run again for the first that needs them"
            if cells
            else "ready"
        )
    return f"ready: the states of {kept} of {counted(cells, 'cell')} are there, from live memory"


def _go_on(loop: Loop, there: Journal) -> None:
    """On the thread of a task: have it begun, or go on."""
    from nozzle.document.prompts import prompts
    from nozzle.words.errands import task_of

    task = task_of(there)
    if not task:
        return
    for path, entry in there.readable(there.entries()):
        if any(each.digest.startswith(task) and each.task is None for each in prompts(entry)):
            loop.advance([path])


@contextmanager
def beside(
    here: Journal,
    hear: Callable[[Notice], None],
    say: Callable[[str], None],
    loop: Loop,
    shown: Showing | None = None,
) -> Iterator[Threads]:
    """Look after the other threads while this one is watched, and show them where it is shown."""
    threads = Threads(here, hear, say, loop.tools.snapshots, loop.tools.together, shown)
    loop.beside, loop.moved, here.beside = threads.begin, threads.added, threads
    threads.all()
    try:
        yield threads
    finally:
        loop.beside = here.beside = None
        loop.moved = lambda: None
        threads.close(loop.ends or "the watch ended")


def rows(desks: list[Desk]) -> list[str]:
    """What each entry is doing, a line each."""
    from nozzle.words.counted import counted

    found = []
    for desk in desks:
        if desk.run is not None:
            waits = f"waits for a place: {desk.tools.together.cells} run at once"
            found.append(f"{desk.rel}: {desk.run.cell.title} {waits if desk.run.waits else 'is running'}")
        found += [f"{desk.rel}: {run.cell.title} goes on, for a thread of its own" for run in desk.aside]
        if desk.run is not None or desk.gone:
            continue
        if due := len([row for row in desk.plan() if row.do in ("due", "held")]):
            found.append(f"{desk.rel}: {counted(due, 'cell')} due")
    return found
