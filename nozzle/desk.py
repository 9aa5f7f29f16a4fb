"""One entry being worked on: what runs, what is heard of it, and when what it made is written.

A desk is told what happened (a save, an event of a kernel, a request) by the loop, one thing at a time; its sheet is
the only one to touch the file. It holds nothing that the text and git could not give back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from textwrap import shorten

from nozzle import disk, killed
from nozzle.afterwards import Afterwards
from nozzle.beside import Beside, Notice
from nozzle.document.doubts import doubts, rewritten
from nozzle.document.entry import Cell, Entry, Slot
from nozzle.document.events import Event, Finished, InputRequest, Late, Replaying, Started, Stream
from nozzle.document.plan import Row
from nozzle.errors import NozzleError
from nozzle.kernels import Kernels
from nozzle.ledger import News, Seen
from nozzle.permit import ALL_AGAIN, ELSEWHERE, STOPPED, UNHEARD, UNSAVED, Answer, Permit
from nozzle.piece import Piece
from nozzle.run import Run, jobs
from nozzle.runner import Job, Session
from nozzle.sheet import Sheet
from nozzle.tools import Tools

FRESH = 1.5
"""Seconds after a save, in which the author's buffer is clean."""
MAYBE_YOURS = "may be your own work: it is in no step; name it in the cell, or commit it with git"
OVERLOOKED = "an editor saved over what you wrote on the page; no longer in the text: {}"
EXPOSED = "this system lets cells read the signing key: a signature says who ran a cell, not that nozzle wrote it"


@dataclass(frozen=True, slots=True)
class Said:
    """An event of a kernel, on its way to the desk that started it."""

    desk: "Desk"
    run: Run
    event: Event


@dataclass(frozen=True, slots=True)
class Copy:
    """A session that stands nowhere yet, and the cells whose state it is to have."""

    session: Session
    above: list[Job]
    waits: str
    """Why these are not all; empty when they are."""
    said: str
    """What whoever asked for it is to hear of files."""


@dataclass(slots=True)
class Desk:
    path: Path
    rel: str
    """Path from the root, posix."""
    tools: Tools
    run: Run | None = None
    aside: list[Run] = field(default_factory=list)
    """Runs whose cell is no longer in the text: each ends in its own session, and on its own thread."""
    saved: float = 0.0
    """When the author last saved, on the loop's clock."""
    settled: float = 0.0
    """When cells may run: an autosave may have caught them half typed."""
    _unkept: bool = False
    """The author saved, and no step was made of it since."""
    _passed_over: bool = False
    """Steps of it were owed when its save was to become one."""
    _ripe: bool = True
    """Something happened since it was last found that nothing may run."""
    _afterwards: Afterwards = field(default_factory=Afterwards)
    _warned: set[str] = field(default_factory=set)
    sheet: Sheet = field(init=False)
    kernels: Kernels = field(init=False)
    permit: Permit = field(init=False)
    beside: Beside = field(init=False)

    def __post_init__(self) -> None:
        self.sheet = Sheet(self.path, self.rel, self.tools.ledger, self._note, self._taken)
        self.kernels = Kernels(self.path, self.tools, lambda: self.entry, lambda text: self._note("warning", text))
        self.permit = Permit(
            self.rel, self.tools.settings, self.tools.ledger.past,
            foreign=lambda entry: self.tools.distrust(entry, self.rel),
            company=lambda cell: self.beside.held(cell),
            lacks=self.tools.specs.lacks,
            kernels=self.kernels.get,
        )  # fmt: skip
        self.beside = self.tools.company(self)

    @property
    def entry(self) -> Entry:
        """The text as it shall be: the author's newest, with what waits to be written."""
        return self.sheet.entry

    @property
    def gone(self) -> bool:
        """The file is no longer there."""
        return self.sheet.gone

    # -- looking ------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Read the file for the first time; what a killed process left as running is told to have died."""
        content = disk.read(self.path)
        self.tools.ledger.judge(self.rel, content, None)
        self.sheet.take(content)
        if self.tools.ledger.can_mend():
            self._mend()

    def look(self, now: float, git: bool = True) -> Seen:
        """Read the file again; what became of it. `News` when `git` may be at it, and that cannot be told yet.

        A file that cannot be read cannot be written either: what waits goes on waiting.
        """
        sheet = self.sheet
        sheet.stuck = True
        content = disk.read(self.path)
        if content != sheet.base and git and self.tools.ledger.steps.moving():
            raise News  # git may be writing it, and will move HEAD in a moment
        first, sheet.gone, before = sheet.base is None, False, sheet.entry
        seen = self.tools.ledger.judge(self.rel, content, sheet.base)
        if seen == "moved":
            self._arrive(content)
        elif seen == "carried" and self.permit.changed_inputs(self.entry):
            self.rest(ELSEWHERE)
        elif seen == "saved":
            self._hear_author(content, now)
            if not first:
                sheet.bring_back()
        sheet.stuck = False
        self.beside.seen(seen, before)
        return seen

    def inputs(self) -> None:
        """Files that cells read were saved: if they changed, that is as good as a save of the entry."""
        if self.permit.changed_inputs(self.entry):
            self.permit.saved()
            self._ripe = True

    def rename(self, path: Path, rel: str) -> None:
        """The author gave the entry another name."""
        self.path = self.sheet.path = self.kernels.path = path
        self.rel = self.sheet.rel = self.permit.rel = rel
        self.sheet.gone, self._ripe = False, True

    def leave(self) -> None:
        """The file is gone: what runs ends aside, what waits is kept where it began."""
        if not self.gone:
            self._unkept = True
            self._set_aside()
            self.sheet.leave()

    def plan(self) -> list[Row]:
        """What is to be done with each cell, and why not where something stands against it."""
        return self.permit.plan(self.entry, self._running, self.kernels.session)

    def due(self) -> list[Row]:
        """What would run, were nothing but the text and trust asked."""
        return self.permit.due(self.entry, self._running)

    def busy(self) -> bool:
        """Whether something runs here, waits to be written, or is being worked out."""
        return self.at_work() or self.beside.busy()

    def at_work(self) -> bool:
        """Whether something runs here or waits to be written."""
        return self.run is not None or bool(self.aside) or (bool(self.sheet.made) and not self.sheet.stuck)

    # -- running ------------------------------------------------------------------------------------------------

    def ask(self, again: bool = False) -> None:
        """Somebody wants this entry to run: what is due, what was stopped, or all of it `again`."""
        self.permit.ask(self.entry, again)
        self._ripe, self.sheet.stuck, self._unkept = True, False, True
        if again and self.run is None:
            self.kernels.close()
        self.beside.asked()

    def bring_files_back(self) -> None:
        """What outputs here show, and somebody took away, comes back from the steps."""
        if found := self.tools.ledger.bring_files_back(self.rel, self.sheet.base or b""):
            self._note("restored", f"{', '.join(found)}: shown here and gone, back from the steps")

    def were_asked(self) -> list[Row]:
        """What would be done with each cell of the file as it is now, were this entry asked to run."""
        content = disk.readable(self.path)
        entry = self.entry if content in (self.sheet.base, None) else Entry(content.decode("utf-8", "replace"))
        return self.permit.were_asked(entry).plan(entry, self._running, self.kernels.session)

    def replay(self, asked: bool = False) -> Row | None:
        """The cell whose replay waits for the author's word (or would, were it asked to run), and why."""
        permit = self.permit.were_asked(self.entry) if asked else self.permit
        rows = permit.plan(self.entry, self._running, self.kernels.session)
        return next((row for row in rows if row.do == "held" and row.cell.chain == permit.waits), None)

    def of_replay(self, answer: Answer, asked: bool = False) -> bool:
        """The author answers the replay that `replay` finds; False when none is, or no kernel is left to `keep`."""
        self.permit.said.clear()
        permit = self.permit.were_asked(self.entry) if asked else self.permit
        permit.plan(self.entry, self._running, self.kernels.session)
        answered = permit.of_replay(self.entry, answer, self.kernels.session)
        if answered and asked:
            self.permit.heed(permit)
        self._ripe = self._ripe or answered
        return answered

    def resume(self) -> str:
        """Run what a save would run, and no more; why not, where something was stopped or somebody went elsewhere."""
        if self.permit.resting not in ("", UNSAVED):
            return self.permit.resting
        self.permit.saved()
        self._ripe = True
        return ""

    def put(self, *pieces: Piece) -> None:
        """Write these with what else waits; what was due is looked at anew."""
        for piece in pieces:
            self.sheet.add(piece)
        self._ripe = True

    def rest(self, why: str) -> None:
        """Run nothing here by itself until the author saves or asks."""
        self.permit.rest(why)

    def start(self, now: float) -> bool:
        """Start the first cell that is due, if none is running; `News` when the file is to be looked at first."""
        if not self._ripe or self.run is not None or self.gone or now < self.settled:
            return False
        self._take_back()
        if self.run is not None:
            return False
        row = self.permit.next(self.plan())
        if row is None:
            self._ripe = False
            if self.tools.on:  # its place there is somebody else's turn
                self.kernels.close()
            return False
        if not self.sheet.is_as_seen:
            raise News  # somebody saved, or went to another step
        needed = self.permit.needed(self.entry, row.cell)
        needed[-1] = replace(needed[-1], renew=row.why == "asked")
        tools, ledger, base = self.tools, self.tools.ledger, self.sheet.base or b""
        ledger.save(self.rel, base)
        session = self.kernels.get()
        if edited := self._keep_edited(self.entry, [*session.missing(needed[:-1]), needed[-1]]):
            self._note("warning", edited)
        above = [cell for cell in self.entry.cells if cell.span.start <= row.cell.span.start]
        origin, since = ledger.origin(self.rel, base), ledger.past.before(self.rel, above)
        run = Run(row.cell, row.why, now, since, session, origin, tools.together, before=row.slot.output)
        self._afterwards.forget(row.cell.chain)
        self.permit.begun(self.entry, row)
        self.run = run
        self.beside.begun(run)
        run.work(needed, lambda event: self.tools.put(Said(self, run, event)))
        return True

    def hear(self, run: Run, event: Event) -> None:
        """An event of a kernel."""
        if isinstance(event, Late):
            return self._afterwards.hear(event)
        if run is not self.run and run not in self.aside:
            return
        run.hear(event)
        kind = _kind(event)
        if isinstance(event, Finished) and run.cell.options.raises:
            kind = {"error": "expected", "ok": "unraised"}.get(event.status, kind)
        self.tools.say(Notice(kind, self.rel, cell=run.cell.title, event=event))
        if isinstance(event, Finished):
            self._finish(run, event)

    def stop(self, cause: str = "you stopped it") -> bool:
        """Interrupt what runs; what it showed so far is kept."""
        if runs := self._interrupt(cause):
            self.rest(STOPPED)
        return self.beside.stop() or runs

    def end(self, cause: str) -> None:
        """The loop ends: interrupt what runs; what waits for the author's word stands, and is asked again."""
        self._interrupt(cause)
        self.beside.end(cause)
        self.rest(cause)

    def _interrupt(self, cause: str) -> bool:
        runs = self._runs()
        for run in runs:
            run.stop(cause)
        return bool(runs)

    def stop_above(self, line: int) -> bool:
        """Interrupt the cell that runs, if it stands above this line."""
        if self.run is None or self.run.cell.span.start >= line:
            return False
        self.run.stop("you stopped it")
        self.rest(STOPPED)
        return True

    def answer(self, text: str | None, cell: str = "") -> bool:
        """Answer the cell that waits: the one of this chain, or the first; False when none does."""
        for run in self._runs():
            if cell not in ("", run.cell.chain):
                continue
            secret = text if run.session.asks_secret else None
            if run.session.answer(text):
                self.tools.learn(secret or "")
                return True
        return False

    @property
    def asks(self) -> dict[str, str]:
        """What the cells that run here ask, and wait for somebody to answer: in words, by chain."""
        waiting = [run for run in self._runs() if run.session.asks]
        return {run.cell.chain: f"{run.cell.title} asks {run.session.prompt!r}" for run in waiting}

    def _runs(self) -> list[Run]:
        """What runs here, and what still does though its cell is no longer in the text."""
        return [*([self.run] if self.run else []), *self.aside]

    def wake_up(self) -> tuple[int, int]:
        """Let the kernels stand as far down as states were kept; how many cells that is, of how many that are done."""
        done = [row.cell for row in self.plan() if row.cell.runs and row.do == "done"]
        if not done or self.tools.snapshots is None or self.run is not None:
            return 0, len(done)
        session, above = self.kernels.get(), jobs(self.entry, done[-1], self.tools.settings)
        kept = len(above) - len(session.missing(above))
        if kept:
            list(session.go_to(above[:kept]))
        return kept, len(done)

    def copied(self) -> Copy:
        """For the cells that are done, as far as having their state repeats nothing outside."""
        self.keep_state()
        done = []
        for row in self.plan():
            if row.cell.runs and row.do != "skipped":
                if row.do != "done" or _failed(row.slot):
                    break
                done.append(row.cell)
        return self._copied(self.entry, done)

    def copied_at(self, entry: Entry) -> Copy:
        """The same for the cells of another text of this entry, as far as they had run."""
        self.keep_state()
        ran = takewhile(lambda slot: slot.fresh and not _failed(slot), (s for s in entry.slots if s.cell.runs))
        return self._copied(entry, [slot.cell for slot in ran])

    def _copied(self, entry: Entry, done: list[Cell]) -> Copy:
        session = self.kernels.fresh()
        above, waits = jobs(entry, done[-1], self.tools.settings) if done else [], ""
        again, foreign = session.missing(above), self.permit.foreign(entry)
        chains = {job.cell for job in again}
        for number, cell in enumerate(done):
            if cell.chain in chains and (why := foreign(cell) or self.permit.reaches(entry, cell)):
                there = {job.cell for job in above[:number]}
                above, waits = above[:number], f"you are above it: {why}"
                again = [job for job in again if job.cell in there]
                break
        return Copy(session, above, waits, self._keep_edited(entry, again))

    def _keep_edited(self, entry: Entry, cells: Sequence[Job]) -> str:
        """Cells are about to run, for themselves or for the state of others: what the author made of files that they
        wrote is a step of his before that. What he is to hear of it.
        """
        ledger, base = self.tools.ledger, self.sheet.base
        written = ledger.past.written_by(self.rel, entry, [job.cell for job in cells])
        return ledger.save_edited(self.rel, base, written) if written and base is not None else ""

    def keep_state(self) -> None:
        """Keep the state that the kernels are in, cheap or not: somebody is about to go on from it elsewhere."""
        if self.run is None:
            self.kernels.keep()

    def close(self) -> None:
        for run in self.aside:
            run.session.close()
        self.kernels.close()

    # -- writing ------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Time passed: background output, markers of long cells, late editors."""
        self.sheet.hear_editors(lambda content: self._hear_author(content, now))
        self.beside.tick(now)
        session = self.kernels.session
        if session is not None and self.run is None and self._afterwards.wake(now) <= 0:
            self._afterwards.heard = now
            for event in session.drain():
                self._afterwards.hear(event)
            for piece in self._afterwards.pieces(now, self.tools.hand):
                self.sheet.add(piece)
        if self.run is not None and now >= self.run.next_shown:
            self.sheet.add(self.run.so_far(self.tools.hand))

    def wake(self, now: float) -> float | None:
        """When this desk wants its next tick, in seconds from now; None: when something happens."""
        times = [0.1] if self.sheet.listens else []
        if (later := self.beside.wake(now)) is not None:
            times.append(later)
        if now < self.settled:
            times.append(self.settled - now)
        made = bool(self.sheet.made)
        unkept = self._is_unkept() and not made
        if (unkept or (made and not self.quiet(now))) and not self.sheet.stuck:
            times.append(self.saved + self.tools.settings.quiet - now)
        if self.run is not None:
            times.append(self.run.next_shown - now)
        elif self.kernels.session is not None and self.kernels.session.at:
            times.append(self._afterwards.wake(now))
        return max(0.0, min(times)) if times else None

    def quiet(self, now: float) -> bool:
        """Whether the author's buffer is likely to be clean: just saved, or not saved for a while."""
        return now - self.saved <= FRESH or now - self.saved >= self.tools.settings.quiet

    def resting_on(self, now: float) -> bool:
        """Whether the author has saved a text, or taken it away, and left it so for a while."""
        return (
            self._is_unkept()
            and not (self.sheet.made or self.sheet.stuck)
            and now - self.saved >= self.tools.settings.quiet
        )

    def _is_unkept(self) -> bool:
        """Whether the author saved what no step holds, and none that comes before it is owed any more."""
        return self._unkept or (self._passed_over and not self.tools.ledger.book(self.rel).owed)

    def step(self) -> None:
        """What the author saved becomes a step, if it is none yet; so does that he took it away."""
        self._unkept, self._passed_over = False, bool(self.tools.ledger.book(self.rel).owed)
        if self.gone:
            self.tools.ledger.remove(self.rel)
            self.sheet.base = None
        elif self.sheet.base is not None and self.tools.ledger.unsaved(self.rel, self.sheet.base):
            self.tools.ledger.save(self.rel, self.sheet.base)

    def stand(self) -> None:
        """What is on disk becomes a step, though nobody may have looked at it yet; git gets no older text back."""
        if self.gone:
            return self.step()
        now = disk.read(self.path)
        if self.tools.ledger.unsaved(self.rel, now):
            self.tools.ledger.save(self.rel, now)

    def flush(self) -> None:
        """Write what waits, and make its steps; `News` when the file is to be looked at first."""
        if not self.sheet.made:
            return
        try:
            self.sheet.flush()
        except NozzleError:
            if not self.path.exists():
                raise News from None  # it was taken away, or renamed
            self.sheet.stuck = True
            self.sheet.keep()
            raise
        self._unkept = False

    # -- inside: the text ---------------------------------------------------------------------------------------

    def _taken(self) -> None:
        """There is a newer text of the author's."""
        self.permit.taken()
        self._ripe = True
        self._take_back()
        for line, doubt in doubts(self.entry):
            if doubt not in self._warned:
                self._warned.add(doubt)
                self.tools.say(Notice("warning", "", f"{self.rel}:{line}: {doubt}"))

    def _hear_author(self, content: bytes, now: float) -> None:
        """The author saved; said first, since it takes the news of before away."""
        self._note("saved", "")
        self.saved, before = now, self.entry
        self.sheet.take(content)
        for line, doubt in rewritten(before, self.entry):
            self._note("warning", f"line {line}: {doubt}")
        lost = [
            f"“{shorten(words, 60, placeholder='…')}”, step {step} has it" for words, step in self.sheet.overlooked()
        ]
        if lost:
            self._note("lost", OVERLOOKED.format("; ".join(lost)))
        self.permit.saved()
        self.sheet.stuck, self._unkept = False, True
        if self.run is not None and self.entry.cell(self.run.cell.chain) is None:
            self._set_aside()

    def _arrive(self, content: bytes) -> None:
        """Somebody went to another step: what runs and what waits belongs to the one that was left."""
        self._set_aside()
        self._unkept = False
        self.rest(ELSEWHERE)
        self.sheet.arrive(content)

    def _mend(self) -> None:
        """Nobody is at the cells that a killed process left as running."""
        for title, piece in killed.ended(self.entry, self.path.parent, self.tools.hand):
            self.sheet.add(piece)
            self._note("repaired", f"{title}: {killed.KILLED}")

    # -- inside: runs -------------------------------------------------------------------------------------------

    def _finish(self, run: Run, finished: Finished) -> None:
        ledger = self.tools.ledger
        cell = self.entry.cell(run.cell.chain) or run.cell
        try:
            piece = run.result(finished, self.rel, cell, self.tools.hand, ledger.past)
            piece = replace(piece, taken=ledger.holding.take(piece.adopt))
        except (NozzleError, OSError):  # it is over all the same
            self._lose(run)
            raise
        if run is not self.run:
            self.aside.remove(run)
            run.session.close()
            if piece.facts and run.under_way:
                ledger.past.remember_aside(cell, piece.facts)
            self.beside.over(run, finished)
            return self.sheet.keep_aside([piece] if run.under_way else [], busy=bool(self._runs()))
        self.run, self._ripe = None, True
        if self.tools.hidden and run.session.hides is False and EXPOSED not in self._warned:
            self._warned.add(EXPOSED)
            self._note("warning", EXPOSED)
        if impure := run.session.live.impure:
            self._note("warning", f"{cell.title}: {impure}, as you said; {ALL_AGAIN}")
        for path, other in self.tools.together.wrote(self.tools.root, finished.elsewhere):
            self._note("warning", f"{cell.title} writes {path}, and so does the thread in {other}: the last one wins")
        for paths in run.doubts:
            self._note("warning", f"{paths} changed while programs of {cell.title} ran, and {MAYBE_YOURS}")
        if again := [path for path in run.again if ledger.is_changed(path)]:
            self._note("warning", f"{', '.join(again)}: written again, as cells above {cell.title} ran again")
        if finished.cached:
            self._note("cache", f"{cell.title}: {finished.cached}")
        self.permit.ended(cell)
        if piece.facts:
            ledger.past.remember(self.rel, cell, piece.facts, piece.adopt)
        self.sheet.add(piece)
        self.beside.ended(run, finished)

    def _lose(self, run: Run) -> None:
        """A cell has ended, and nothing can be made of that: it is not run again unasked."""
        if run is self.run:
            self.run = None
            return self.rest(UNHEARD)
        self.aside.remove(run)
        run.session.close()

    def _set_aside(self) -> None:
        """The running cell is no longer in the text: it ends in its own session; the entry goes on in another."""
        if self.run is None:
            return
        run, self.run = self.run, None
        self.kernels.give_away()
        self.aside.append(run)
        if run.under_way:
            self._note(
                "aside", f"{run.cell.title} goes on, its result will be on a thread of its own; stop it: nozzle stop"
            )
        else:
            run.stop("the text has changed")

    def _take_back(self) -> None:
        """A cell that goes on aside stands in the text again: its result has its place there, and it runs no second
        time meanwhile."""
        run = next((run for run in self.aside if run.under_way and not run.stopping and self._awaits(run)), None)
        if run is None or self.run is not None:
            return
        self.aside.remove(run)
        self.kernels.take_back(run.session)
        self.run = run
        self._note("aside", f"{run.cell.title} stands here again, and so will its result")

    def _awaits(self, run: Run) -> bool:
        """Whether the text has the cell of a run and no result of it, where HEAD is or goes on from where it began."""
        slot = next((slot for slot in self.entry.slots if slot.cell.chain == run.cell.chain), None)
        if slot is None or (slot.fresh and slot.output is not None and slot.output.status != "running"):
            return False
        here, began = self.tools.ledger.head(self.rel), run.origin.head
        return began in ("", here) or self.tools.ledger.steps.merge_base(began, here) == began

    @property
    def _running(self) -> str:
        return self.run.cell.chain if self.run else ""

    def _note(self, kind: str, text: str) -> None:
        self.tools.say(Notice(kind, self.rel, text))


def _failed(slot: Slot) -> bool:
    """Whether an output that is no success stands there, and none was expected."""
    return slot.output is not None and slot.output.status != "ok" and not slot.cell.options.raises


def _kind(event: Event) -> str:
    match event:
        case Started():
            return "started"
        case Replaying():
            return "replaying"
        case Finished():
            return "finished"
        case InputRequest():
            return "input"
        case Stream():
            return "stream"
    return "shown"
