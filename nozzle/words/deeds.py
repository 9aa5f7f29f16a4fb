"""What a reader may do on the local page: one table. Files and git are touched on the loop's thread, as by any word.

What is written there goes into the file as an editor would put it, and the watch then sees a save like any other. It
waits until the author's own editor is likely to be clean, and is a step in git before anything else happens, so that a
stale buffer that saves over it loses nothing.
"""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from nozzle.errors import NozzleError
from nozzle.page import Deed, Done

if TYPE_CHECKING:
    from nozzle.desk import Desk
    from nozzle.document.edit import Edit
    from nozzle.document.entry import Entry, Envelope
    from nozzle.document.insert import What
    from nozzle.document.thought.map import Map, Point
    from nozzle.loop import Loop
    from nozzle.permit import Answer
    from nozzle.steps import Rewound
    from nozzle.words.journal import Journal
    from nozzle.words.live import Showing

T = TypeVar("T")
PATIENCE = 20.0
"""Seconds in which the loop has to take a deed up."""
STEPS = 60
"""Steps of an entry that are listed."""
CALLS = 40
"""Calls of models that are listed."""
EDITING = 75.0
"""Seconds for which one who changes a proposal is taken to be at it; a browser that is seen tells it more often."""
ANSWERED = "it was answered already: "
ASKED_AGAIN = "it was proposed when this watch did not look on: it is asked again, answer it then"
"""What is said of an answer to a proposal that nobody watched."""
CLIPPED = 120
"""Characters that the page shows of what was taken back."""
_PLAIN = re.compile(r"[^*_`~$<>&\\{}\[\]^|/@]*")
"""What Markdown draws as it stands."""


@dataclass
class Doing:
    """Does deeds; called from threads of the page."""

    here: Journal
    loop: Loop
    shown: Showing | None = None
    """Where the pages of the other threads are."""
    _maps: dict[Path, tuple[str, Map]] = field(default_factory=dict)
    """By entry: the text whose map was drawn last, and that map, with a model's verdicts where it was asked."""
    _drawing: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, deed: Deed) -> Done:
        path = self.here.paged(deed.page) or self._found(deed.page)
        act = DEEDS.get(deed.word)
        if path is not None and deed.word == "map":  # a model takes its time: the loop must be free
            return self._mapped(path, judging=bool(deed.args.get("judge")))
        if path is None and deed.word == "waiting":  # a page asks that by itself, and may not know yet
            return Done()
        if path is None and (act is not None or deed.word == "map"):
            return Done("this entry is not in the journal here any more; nothing was done", ok=False)
        if act is None or path is None:
            return Done(f"'{deed.word}' is nothing that can be done here", ok=False)
        if deed.word == "threads":  # whose watches are asked, this one too: its loop must be free
            return self._linked(act(self.here, self.loop, path, deed), deed.page)
        if deed.word == "write":
            self._await_quiet(path)
        if deed.word == "editing" and (there := deed.args.get("thread")):
            return self._beside(there, deed)
        done = self._on_loop(lambda loop: act(self.here, loop, path, deed))
        if done.data.get("changed") and self.shown is not None:
            self.shown.first.page.waits()  # whoever else looks at it sees that it waits
        return done

    def _found(self, page: str) -> Path | None:
        """The entry of a page that was not seen just now: a checkout of ours takes a file away and puts it back."""
        found: list[Path | None] = []
        self._on_loop(lambda _: _taken(found, self.here.paged(page)))
        return found[0] if found else None

    def _read(self, path: Path) -> Entry:
        """It as it is, once no checkout of ours is at it."""
        try:
            return self.here.read(path)
        except NozzleError:
            self._on_loop(lambda _: Done())
            return self.here.read(path)

    def _mapped(self, path: Path, judging: bool) -> Done:
        """The map of an entry, drawn anew when its text is another one; until then a model's verdicts stand."""
        from nozzle.agents import Seat
        from nozzle.document.thought.map import condense
        from nozzle.document.thought.show import as_dict, label, placed
        from nozzle.words.condense import weighed

        try:
            with self._drawing:  # one at a time: pages that ask for the same one wait for it
                entry = self._read(path)
                text, found = self._maps.get(path, ("", None))
                if found is None or text != entry.text:
                    found = condense(entry)
                    self._maps[path] = (entry.text, found)
            if judging:
                found = weighed(self.here, found)
                self._maps[path] = (entry.text, found)
        except NozzleError as error:
            return Done(str(error), ok=False)
        desk = self.loop.desks.get(path)
        asks = isinstance(desk.beside, Seat) and desk.beside.crew.model is not None if desk else False
        said = (words for point in found.points if point.kind not in ("cell", "shell") for words in _said(point))
        return Done(data={**as_dict(placed(found, entry)), "label": label(found), "asks": asks, "drawn": _drawn(said)})

    def _linked(self, threads: Done, page: str) -> Done:
        """Each thread with the address that its page of the same entry has here, if it has one."""
        from urllib.parse import quote

        for row in cast("list[dict[str, object]]", threads.data["threads"]):
            there = Path(str(row["folder"]))
            under = self.shown.under(there) if self.shown is not None and row.pop("has") else None
            row.update(folder=there.name, page="" if under is None else quote(f"/{under}{page}"))
        return threads

    def _beside(self, thread: str, deed: Deed) -> Done:
        """What is to be done where a thread is: its loop knows what is proposed there."""
        under = self.shown.under(self.here.steps.home() / thread) if self.shown is not None else None
        if self.shown is None or not under:
            return Done("no watch looks after that thread here", ok=False)
        return self.shown.act(Deed(deed.word, f"{under}{deed.page}", {**deed.args, "thread": ""}))

    def _await_quiet(self, path: Path) -> None:
        """Until the author's editor is likely to have nothing unsaved: he just saved, or has not for a while."""
        deadline = time.monotonic() + self.here.settings.quiet + 1.0
        while time.monotonic() < deadline:
            desk = self.loop.desks.get(path)
            if desk is None or desk.quiet(time.monotonic()):
                return
            time.sleep(0.1)

    def _on_loop(self, work: Callable[[Loop], Done]) -> Done:
        from nozzle.loop import Called

        answer: queue.SimpleQueue[Done] = queue.SimpleQueue()

        def called(loop: Loop) -> None:
            try:
                answer.put(work(loop))
            except (NozzleError, OSError) as error:
                answer.put(Done(str(error), ok=False))
            except (LookupError, TypeError, ValueError) as error:  # who asks may be no page of ours
                why = f"the watch cannot do that as it was asked: {type(error).__name__}: {error}"
                answer.put(Done(why, ok=False))

        self.loop.messages.put(Called(called))
        try:
            return answer.get(timeout=PATIENCE)
        except queue.Empty:
            return Done("the watch is busy and has not answered; what you wrote is still here", ok=False)


def _taken(into: list[T], what: T) -> Done:
    """What was looked for on the loop's thread, handed to who waits for it."""
    into.append(what)
    return Done()


def _said(point: Point) -> Iterator[str]:
    """What the map shows of a point: its words, what is told of it, and the clipped words of what it leads to."""
    yield from (point.words, point.note, point.doubt)
    yield from (link.words[:CLIPPED] for link in point.links if link.by != "cell")


def _drawn(texts: Iterable[str]) -> dict[str, str]:
    """Prose -> its HTML, as the page draws prose; left out is what says the same as it stands."""
    from nozzle.publish import phrase
    from nozzle.words.live import linked

    return {text: phrase(text, linked) for text in set(texts) if not _PLAIN.fullmatch(text)}


def write(here: Journal, loop: Loop, path: Path, deed: Deed) -> Done:
    """Put a paragraph, a cell, a question, a task or a short word to an agent into the entry."""
    from nozzle.document.edit import apply
    from nozzle.document.entry import Entry
    from nozzle.document.insert import insert, swallowed
    from nozzle.document.lines import decoded
    from nozzle.document.prompts import SHORT

    what, text = deed.args.get("what", "prose"), deed.args.get("text", "")
    if what not in ("prose", "cell", "ask", "do", *SHORT) or not (text.strip() or what in SHORT):
        return Done("there is nothing to write", ok=False)
    lost: list[str] = []

    def edit(author: bytes) -> bytes | None:
        entry = Entry(decoded(author, here.rel(path)))
        lost.clear()
        put = insert(entry, cast("What", what), text, deed.args.get("below", ""))
        if put is None:
            lost.append("the place is no longer in the entry; choose another, nothing was written")
            return None
        if why := swallowed(entry, put):
            lost.append(f"{why}; nothing was written, close it or choose another place")
            return None
        return apply(entry.text, put).encode()

    sheet = loop.desk(path).sheet
    written = sheet.edit(edit)
    if lost:
        return Done(lost[0], ok=False)
    loop.tools.ledger.save(here.rel(path), written.content)
    if what not in SHORT:
        sheet.wrote(text.strip(), here.steps.thread().head[:8])
    return Done("written")


def waiting(here: Journal, loop: Loop, path: Path, deed: Deed) -> Done:
    """What waits for an answer: proposals, here and on the threads of tasks that were set here, and a replay."""
    from nozzle.agents import Seat
    from nozzle.document.options import reach_of
    from nozzle.document.prompts import prompt
    from nozzle.document.proposal import AGAIN, read
    from nozzle.document.thought.conduct import choices
    from nozzle.document.thought.said import anchor

    desk, rows = loop.desk(path), []
    for thread, place in _places(here, loop, path).items():
        for block in (here.read(place) if thread else desk.entry).envelopes:
            if block.kind != "proposal":
                continue
            stands, id_ = read(block), block.keys.get("id", "")
            tasks = desk.beside.tasks if isinstance(desk.beside, Seat) and not thread else None
            edited = tasks is not None and tasks.edited(id_, loop.clock())
            left = tasks.left(id_, loop.clock()) if tasks is not None and not edited else None
            told = [row.removeprefix("> ") for row in block.body if row.startswith("> ") and "[!" not in row]
            asked = prompt(desk.entry, block.of)
            task = anchor(desk.entry, asked.span.start) if asked else ""
            parked = bool(stands.ticks) and not (thread or _standing(loop, path, id_))
            rows.append(
                {"id": id_, "source": stands.source, "language": stands.language, "risk": block.keys.get("risk", ""),
                 "why": " ".join(told), "left": left, "edited": edited, "thread": thread, "task": task,
                 "choices": choices(block), "reach": reach_of(stands.source), "parked": parked,
                 "again": block.keys.get("asks") == AGAIN}
            )  # fmt: skip
    prose = _drawn(words for row in rows for words in (str(row["why"]), *cast("list[str]", row["choices"])))
    return Done(data={"proposals": rows, "replay": _replay(desk), "drawn": prose})


def _replay(desk: Desk) -> dict[str, str]:
    """The cell whose replay waits, and why; empty when none does."""
    from nozzle.document.plan import name
    from nozzle.permit import ANSWERS

    row = desk.replay()
    return (
        {"cell": row.cell.chain, "name": name(row.cell), "why": row.reason.removesuffix(f"; {ANSWERS}")} if row else {}
    )


def replay(here: Journal, loop: Loop, path: Path, deed: Deed) -> Done:
    """Answer a replay that waits, where it is still the one that was seen: run it again, keep the kernel, skip it."""
    desk, answer = loop.desk(path), deed.args.get("answer", "")
    if answer not in ("again", "keep", "skip") or _replay(desk).get("cell") != deed.args.get("cell"):
        return Done("it does not wait any more", ok=False)
    if not desk.of_replay(cast("Answer", answer)):
        return Done("no kernel that has been there is left to go on in", ok=False)
    return Done(f"{answer}: answered")


def _places(here: Journal, loop: Loop, path: Path) -> dict[str, Path]:
    """Where proposals may stand: the entry, and the same entry on the threads of its tasks that are under way."""
    from nozzle.agents import Seat

    seat = loop.desk(path).beside
    threads = seat.errands.under_way.values() if isinstance(seat, Seat) else ()
    there = {thread: here.steps.home() / thread / here.rel(path) for thread in threads}
    return {"": path, **{thread: place for thread, place in there.items() if place.is_file()}}


def tick(here: Journal, loop: Loop, path: Path, deed: Deed) -> Done:
    """Answer a proposal, as the author would in the text: tick a box, or change its fence and tick.

    What was answered a moment ago is answered. A box that was ticked when nobody looked on counts for nothing: it is
    cleared first, by a save of its own, and what is said now counts.
    """
    from nozzle.document import proposal

    id_ = deed.args.get("id", "")
    loop.look(path)
    if not loop.desk(path).sheet.is_as_seen:
        here.read(path)  # if it is no text, that is the answer
        return Done("the text is just being changed: look at it, and answer again", ok=False)
    entry = loop.desk(path).entry
    for thread, place in _places(here, loop, path).items():
        block = proposal.find(here.read(place) if thread else entry, id_)
        done = _ticked(here, loop, path, place if thread else None, block, deed) if block else None
        if done:
            return done
    became = next((each for each in entry.envelopes if each.keys.get("id") == id_), None)
    if became is None:
        return Done("it does not stand there any more", ok=False)
    was = "run" if became.kind == "cell" or became.status == "undone" else became.status
    return Done(f"{ANSWERED}{was}", ok=False)


def _ticked(here: Journal, loop: Loop, path: Path, place: Path | None, block: Envelope, deed: Deed) -> Done | None:
    """Answer a proposal that stands in an entry, or on another thread at this `place`; None where it stands no more."""
    from nozzle import disk
    from nozzle.document import insert, proposal
    from nozzle.document.thought import conduct

    id_, box, args = deed.args.get("id", ""), deed.args.get("box", ""), deed.args
    ticks = proposal.read(block).ticks
    change = loop.desk(path).sheet.edit if place is None else partial(disk.rewrite, place)
    known = place is not None or _standing(loop, path, id_)
    again = not known and block.keys.get("by") != conduct.BY  # who proposed it asks it anew once the text is saved
    if ticks and known:
        return Done(f"{ANSWERED}{', '.join(sorted(ticks))}", ok=False)
    if ticks:
        change(_edited(here, path, lambda found: insert.clear(found, id_)))
        loop.look(path)
    if ticks and again:
        return Done(ASKED_AGAIN, ok=False)
    done: list[bool] = []
    put = partial(insert.tick, id_=id_, box=box, source=args.get("source", ""), task=args.get("choice", ""))
    change(_edited(here, path, put, done))
    if not done:
        return None
    return Done(ASKED_AGAIN, ok=False) if again else Done(f"{box}: answered")


def _standing(loop: Loop, path: Path, id_: str) -> bool:
    """Whether a proposal is one that is watched here: its answer counts."""
    from nozzle.agents import Seat

    seat = loop.desk(path).beside
    return isinstance(seat, Seat) and id_ in seat.standing(id_, "deny")


def _edited(
    here: Journal, path: Path, change: Callable[[Entry], Edit | None], done: list[bool] | None = None
) -> Callable[[bytes], bytes | None]:
    """A change of the author's text, as it is on disk by then; `done` tells that there was something to change."""
    from nozzle.document.edit import apply
    from nozzle.document.entry import Entry
    from nozzle.document.lines import decoded

    def edit(author: bytes) -> bytes | None:
        entry = Entry(decoded(author, here.rel(path)))
        put = change(entry)
        if done is not None:
            done[:] = [True] if put else []
        return apply(entry.text, put).encode() if put else None

    return edit


def editing(here: Journal, loop: Loop, path: Path, deed: Deed) -> Done:
    """A proposal is being changed in its box, or no longer: it does not run by itself meanwhile."""
    from nozzle.agents import Seat

    seat, now, id_ = loop.desk(path).beside, loop.clock(), deed.args.get("id", "")
    if not isinstance(seat, Seat):
        return Done()
    before = seat.tasks.edited(id_, now)
    seat.tasks.edits(id_, now if deed.args.get("over") else now + EDITING)  # what is gone meanwhile is no fault
    return Done(data={"changed": before != seat.tasks.edited(id_, now)})


def run(here: Journal, loop: Loop, path: Path, deed: Deed) -> Done:
    """Run what is due."""
    from nozzle.words.counted import counted

    loop.advance([path])
    held = [row for row in loop.desk(path).plan() if row.do == "held"]
    due = [row for row in loop.desk(path).plan() if row.do in ("due", "running")]
    return Done(
        f"{counted(len(due), 'cell')} {'runs' if len(due) == 1 else 'run'}"
        if due
        else (held[0].reason if held else "nothing is due"),
        ok=not held,
    )


def stop(here: Journal, loop: Loop, path: Path, deed: Deed) -> Done:
    """Stop what runs."""
    return Done("stopping" if loop.desk(path).stop() else "nothing is under way")


def steps(here: Journal, loop: Loop, path: Path, deed: Deed) -> Done:
    """The steps of the entry, newest first, and where it stands; of a save, the first words that it changed."""
    found, rel = list(here.steps.history(here.rel(path), limit=STEPS + 1)), here.rel(path)
    texts = {step.sha: (here.steps.text(step, rel) or b"").decode("utf-8", "replace") for step in found}
    older = {step.sha: texts[before.sha] for step, before in pairwise(found)}
    rows = [
        {"sha": step.sha[:10], "title": step.title, "kind": step.kind, "when": step.when.isoformat(timespec="seconds"),
         "what": _changed(older[step.sha], texts[step.sha]) if step.kind == "save" and step.sha in older else ""}
        for step in found[:STEPS]
    ]  # fmt: skip
    thread, left = here.steps.thread(), here.steps.left()
    before = {"thread": left[0], "sha": left[1].sha[:10], "title": left[1].title} if left else None
    return Done(data={"steps": rows, "at": thread.head[:10], "thread": thread.name, "left": before})


def _changed(old: str, new: str) -> str:
    """The first words that a save wrote, else those that it took out.

    >>> _changed("One.\\nTwo.\\n", "One.\\n## Three *and*\\n"), _changed("One.\\nTwo.\\n", "One.\\n")
    ('## Three *and*', 'without: Two.')
    """
    was, now = old.splitlines(), new.splitlines()
    for rows, known, told in ((now, set(was), ""), (was, set(now), "without: ")):
        if words := next((row.strip() for row in rows if row.strip(" `:~-") and row not in known), ""):
            return told + (words if len(words) <= CLIPPED else f"{words[: CLIPPED - 1]}…")
    return ""


def rewind(here: Journal, loop: Loop, path: Path, deed: Deed) -> Done:
    """Go back to a step; what is in none yet is committed first."""
    gone = here.steps.rewind(here.steps.resolve(deed.args.get("step", "")))
    return Done(f"{_arrived(gone)}; {gone.left} is where you left it")


def back(here: Journal, loop: Loop, path: Path, deed: Deed) -> Done:
    """Go on the thread again that was left; what is in no step yet is committed first."""
    thread = deed.args.get("thread", "")
    return Done(f"{_arrived(here.steps.return_to(thread))}, on {thread}")


def _arrived(gone: Rewound) -> str:
    """Where a rewind leads, and what it kept first."""
    kept = f"kept first what was in no step yet: {gone.rescued.sha[:8]} on {gone.left}; " if gone.rescued else ""
    return f"{kept}you are at {gone.where.sha[:8]}: {gone.where.title}"


def fork(here: Journal, loop: Loop, path: Path, deed: Deed) -> Done:
    """A thread of its own from a step on: in a folder beside this one where this watch can look after it, else here."""
    if loop.beside is not None:
        return _fork_beside(here, loop, path, deed)
    before = rewind(here, loop, path, deed)
    thread = here.steps.start_thread(deed.args.get("name", "").strip() or None)
    return Done(f"{before.say}; a new thread begins here: {thread.name}")


def _fork_beside(here: Journal, loop: Loop, path: Path, deed: Deed) -> Done:
    """The thread goes on in its folder, and this folder stays as it is; at the newest step, what was saved is in it."""
    found = here.steps.resolve(deed.args.get("step", ""))
    if found.sha == here.steps.thread().head:
        loop.desk(path).stand()
        found = here.steps.resolve("HEAD")
    told: list[str] = []
    thread = here.fork(found, deed.args.get("name", "").strip() or None, say=told.append)
    if loop.beside is not None:
        loop.beside(thread.folder, None)
    place = thread.folder.relative_to(here.steps.home().parent)
    words = f"a new thread goes on beside this one, from {found.sha[:8]}: {thread.name}, in {place}"
    return Done("; ".join([words, *told]))


def threads(here: Journal, loop: Loop, path: Path, deed: Deed) -> Done:
    """The threads of the journal, and what each is doing."""
    from nozzle.words.threads import standing

    return Done(data={"threads": standing(here, here.rel(path))})


def calls(here: Journal, loop: Loop, path: Path, deed: Deed) -> Done:
    """What models were asked in this journal, newest first: tokens sent, cached and not, and what it cost."""
    from nozzle.lm.trace import read
    from nozzle.words.learn import as_row

    rows = [as_row(span) for span in read(here.traces)]
    return Done(data={"calls": rows[: -CALLS - 1 : -1], "dollars": sum(row["dollars"] for row in rows)})


DEEDS: dict[str, Callable[[Journal, Loop, Path, Deed], Done]] = {
    "write": write,
    "waiting": waiting,
    "tick": tick,
    "editing": editing,
    "replay": replay,
    "run": run,
    "stop": stop,
    "steps": steps,
    "rewind": rewind,
    "back": back,
    "fork": fork,
    "calls": calls,
    "threads": threads,
}
