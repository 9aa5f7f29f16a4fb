"""Tasks that are done on a thread of their own: what stands here of them is one live line, then what came of it.

Another loop does the task in another worktree; this looks at the text there now and then, and writes nothing of it
here but its state. When `merge` is ticked it brings back what was written there, and the files.
"""

from dataclasses import dataclass, field

from nozzle.agents.crew import Crew, Threads, Told, Word
from nozzle.beside import Notice
from nozzle.desk import Desk
from nozzle.document import errand, spoken
from nozzle.document.entry import SHOWN, Entry
from nozzle.document.errand import Progress
from nozzle.document.prompts import Prompt, prompt
from nozzle.document.spoken import Saying
from nozzle.document.trajectory import ungreyed
from nozzle.errors import NozzleError
from nozzle.explainer import Elsewhere
from nozzle.piece import Piece

EVERY = 1.0
"""Seconds between two looks at the text of a thread."""
PATIENT = 3.0
"""Seconds for which it may be out of sight until it is gone."""


@dataclass(slots=True)
class Errands:
    desk: Desk
    crew: Crew
    under_way: dict[str, str] = field(default_factory=dict)
    """Name of a task (as in its block) -> its thread, while it goes on there."""
    _next: float = 0.0
    _lost: dict[str, float] = field(default_factory=dict)
    """Since when the text of a task on its thread is not to be seen."""

    def wants(self, asked: Prompt) -> bool:
        """Whether this task is to be done on a thread of its own, and is not yet."""
        open_ = asked.word == "do" and not asked.here and asked.task is None and not self.desk.entry.elsewhere
        return open_ and self.crew.threads() is not None

    def begin(self, asked: Prompt) -> None:
        """Fork here, and have it done there."""
        threads, digest = self.crew.threads(), asked.digest
        assert threads is not None, "who has no threads is not asked"
        try:
            self.desk.stand()  # a thread begins at a step, and the task is to stand in it
            name = threads.fork(errand.thread_name(digest))
        except NozzleError as error:
            words = f"No thread could be made for it: {error}\n\n`/do :here: ...` does it in this place."
            return self._write(digest, "failed", words, "")
        self.under_way[digest[:SHOWN]] = name
        self._write(
            digest, "running", f"On [a thread of its own]({threads.link(name, self.desk.rel)}): it begins.", name
        )
        threads.begin(name)

    def seen(self, before: Entry) -> None:
        """The author saved: what he ticked is merged; what an earlier process sent off is looked after."""
        ticked = {name for name, block in errand.forked(before).items() if errand.ticked(block)}
        for name, block in errand.forked(self.desk.entry).items():
            if errand.ticked(block) and name not in ticked:
                self._merge(name, block.keys["thread"])

    def told(self, asked: Prompt, said: Prompt) -> None:
        """`/sure` or `/nope` below a task here: said of what its block showed in the text that the author saved."""
        name = asked.digest[:SHOWN]
        block = errand.forked(Entry((self.desk.sheet.base or b"").decode())).get(name)
        self._answer(name, Told(name, said.word, said.text, block.keys.get("id", "") if block else ""))

    def answer(self, id_: str, word: Word) -> bool:
        """Answer a proposal that stands on a thread (the one of this id, or the first); whether there is one."""
        for name, row in self._named(id_, word):
            text = word if word in ("keep", "skip") else ""
            self._answer(name, Told(name, "nope" if word == "deny" else "sure", text, row.id))
            return True
        return False

    def standing(self, id_: str, word: Word) -> list[str]:
        """The ids of the proposals that could be meant: that begin so, and can be answered so."""
        return [row.id for _, row in self._named(id_, word)]

    def _named(self, id_: str, word: Word) -> list[tuple[str, Progress]]:
        there = [(name, row) for name, row in self._waiting() if row.id.startswith(id_)]
        return [(name, row) for name, row in there if row.again or word in ("run", "deny")]

    def _waiting(self) -> list[tuple[str, Progress]]:
        """The tasks whose threads wait for the author, and with what."""
        threads, found = self.crew.threads(), []
        for name, thread in self.under_way.items() if threads else ():
            text = threads.text(thread, self.desk.rel) if threads else None
            if text is not None and (row := errand.progress(text, name, "")).id:
                found.append((name, row))
        return found

    def elsewhere(self) -> tuple[Elsewhere, ...]:
        """How the tasks that are under way are doing on their threads."""
        threads = self.crew.threads()
        return elsewhere(self.desk.entry, self.desk.rel, threads) if threads is not None else ()

    def tick(self, now: float) -> None:
        """Look at the threads, now and then."""
        if now < self._next:
            return
        if not self._next:
            self.found()
        self._next = now + EVERY
        for name, thread in list(self.under_way.items()):
            self._look(name, thread)

    def found(self) -> None:
        """The text is another: which of its tasks go on elsewhere."""
        if self.crew.threads() is not None:
            there = errand.forked(self.desk.entry).items()
            self.under_way = {name: block.keys["thread"] for name, block in there if block.status == "running"}

    def stop(self, name: str = "") -> bool:
        """Stop them there (this one, or all); whether there was one."""
        threads = self.crew.threads()
        stopped = [thread for task, thread in self.under_way.items() if not name or task == name]
        for thread in stopped:
            if threads is not None:
                threads.stop(thread)
        return bool(stopped)

    def wake(self, now: float) -> float | None:
        return max(0.0, self._next - now) if self.under_way else None

    def _answer(self, name: str, said: Told) -> None:
        threads = self.crew.threads()
        if threads is not None and (thread := self.under_way.get(name)):
            threads.answer(thread, said)
            self._next = 0.0  # what comes of it is looked at soon

    def _look(self, name: str, thread: str) -> None:
        threads, asked = self.crew.threads(), prompt(self.desk.entry, name)
        if threads is None or asked is None:
            self.under_way.pop(name)
            return
        text = threads.text(thread, self.desk.rel)
        if text is None:
            if self._is_lost(name):
                self.under_way.pop(name)
                threads.stop(thread)
                self._write(name, "stopped", "Its thread is no longer there.", "")
            return
        self._lost.pop(name, None)
        link = threads.link(thread, self.desk.rel)
        now = errand.progress(text, name, link)
        if now.status != "running":
            self.under_way.pop(name)
            return self._write(name, now.status, now.words, thread)
        shown = asked.task
        if shown is None or shown.keys.get("id", "") != now.id or now.words not in "\n".join(shown.body):
            self._write(name, "running", now.words, thread, now)

    def _is_lost(self, name: str) -> bool:
        """Whether its text is gone for good: a folder that is being moved, or a file that is being saved, is not."""
        return self._next - self._lost.setdefault(name, self._next) >= PATIENT

    def _merge(self, name: str, thread: str) -> None:
        """Bring back what stands there under the task, and the files that were made."""
        threads = self.crew.threads()
        try:
            if threads is None:
                raise NozzleError(f"no watch looks after {thread}; 'nozzle merge {thread}' brings all of it here")
            brought = threads.merge(thread, self.desk.rel)
        except NozzleError as error:
            return self._tell_unmerged(name, str(error))
        ledger = self.desk.tools.ledger
        ledger.past.bring(self.desk.rel, brought.at, brought.rel)
        self.desk.put(
            Piece(
                "merge", name, f"merge thread {thread}", lambda entry: errand.bring(entry, name, brought.entry),
                adopt=brought.files, trailers={"Task": name, "Merged": thread},
                taken=ledger.holding.take(brought.files),
            )
        )  # fmt: skip
        self.desk.tools.say(Notice("task", self.desk.rel, f"merged: thread {thread}"))

    def _tell_unmerged(self, name: str, why: str) -> None:
        """In the text too: there he ticked it, and there it stood ticked for nothing."""
        words = self.desk.tools.hand.redact(why)
        self.desk.put(Piece("marker", name, "not merged", lambda entry: errand.unmerged(entry, name, words)))
        self.desk.tools.say(Notice("fault", self.desk.rel, f"not merged: {why}"))

    def _write(self, name: str, status: str, words: str, thread: str, waits: Progress | None = None) -> None:
        """The state of a task, and what it waits with; only that it began and ended are steps."""
        hand, boxes = self.desk.tools.hand, () if status in ("running", "none") or not thread else (errand.MERGE,)
        kind = "task" if status != "running" or words.endswith("it begins.") else "marker"
        said = Saying(words, waits.folded if waits else "", by="doer", fold="what it wants to run")
        id_ = waits.id if waits else ""
        self.desk.put(
            Piece(
                kind, name, f"task {status}",
                lambda entry: spoken.task(entry, name, status, said, hand, boxes, thread, id_),
                trailers={"Task": name, "Status": status, "Thread": thread},
            )
        )  # fmt: skip
        self.desk.tools.say(Notice("task", self.desk.rel, f"{status}: {ungreyed(words.split(chr(10))[0])}"))


def elsewhere(entry: Entry, rel: str, threads: Threads) -> tuple[Elsewhere, ...]:
    """How the tasks of an entry that are under way are doing: what stands on their threads, and what runs there."""
    found = []
    for name, block in errand.forked(entry).items():
        thread, asked = block.keys["thread"], prompt(entry, name)
        text = threads.text(thread, rel) if block.status == "running" and asked is not None else None
        if text is not None and asked is not None:
            now = errand.progress(text, name, threads.link(thread, rel))
            task = asked.text.split("\n")[0]
            found.append(Elsewhere(task, now.words, bool(now.id), threads.live(thread, rel)))
    return tuple(found)
