"""Who sits beside one desk: it sees each text and each cell's end, and hands them to those who answer, tell and do.

On the loop's thread only. It holds what a process knows and the text cannot say: which questions and ticks it saw
being made. What it did not see being made (a checkout, a pull, another process) starts nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from nozzle.agents.crew import Crew, Told, Word
from nozzle.agents.errands import Errands
from nozzle.agents.newsroom import Newsroom
from nozzle.agents.questions import Questions
from nozzle.agents.tasks import Tasks
from nozzle.beside import Notice
from nozzle.desk import Desk
from nozzle.document import proposal, spoken
from nozzle.document.edit import Edit
from nozzle.document.entry import SHOWN, Cell, Entry
from nozzle.document.events import Finished
from nozzle.document.prompts import SHORT, Prompt, prompts
from nozzle.ledger import Seen
from nozzle.permit import Answer
from nozzle.piece import Piece
from nozzle.run import LONG, Run

SETTLE = 1.0
"""Seconds that a prompt must stand unchanged: asking costs something."""
DOUBT = "it was saved while an agent's cell ran, which may have written it; look at it, then save, or say: nozzle run"
SURE: Mapping[str, Answer] = {"": "again", "keep": "keep", "skip": "skip"}
"""What `/sure` says to a cell that waits because one above it would reach outside again."""
CONSENTS = "say `/sure`, `/sure 5`, `/sure all`, `/sure keep` or `/sure skip`; else `/nope`, `/stop`"
PATIENT = 2.0
"""Seconds for which a `/sure` must stand before anything runs for it."""
KEPT = ", or no kernel that has been there"
EARLY = 0.1
"""Seconds until a prompt that must wait for a quick cell is looked at again."""


@dataclass(slots=True)
class Seat:
    desk: Desk
    crew: Crew
    live: set[str] = field(default_factory=set)
    """Prompts that this process saw appear in a save."""
    _met: dict[str, float] = field(default_factory=dict)
    """When each prompt was first seen as it stands."""
    _now: float = 0.0
    _behind: set[str] = field(default_factory=set)
    """Of these, tasks that wait for one above, which may wait for the author."""
    _told: set[str] = field(default_factory=set)
    _doubts: bool = False
    """The text was saved while an agent's cell ran, which might have written it."""
    _doubtful: set[str] = field(default_factory=set)
    _cleared: set[str] = field(default_factory=set)
    """What stands to be answered, and had a box ticked that the author cleared."""
    _dirty: bool = True
    """The text is another one than at the last tick."""
    questions: Questions = field(init=False)
    newsroom: Newsroom = field(init=False)
    tasks: Tasks = field(init=False)
    errands: Errands = field(init=False)

    def __post_init__(self) -> None:
        self.questions = Questions(self.desk, self.crew)
        self.newsroom = Newsroom(self.desk, self.crew, self.questions.broke, self.questions.interrupt)
        self.tasks = Tasks(self.desk, self.crew)
        self.errands = Errands(self.desk, self.crew)
        self.questions.elsewhere = self.errands.elsewhere

    def seen(self, seen: Seen, before: Entry) -> None:
        if seen == "saved" and self._is_gits(before):
            seen = "moved"  # it is as if somebody had gone elsewhere: nothing that stands is answered by that
        self.told(seen, before)

    def _is_gits(self, before: Entry) -> bool:
        """Whether git may have answered, while HEAD stayed, what stands here; what the author has unticked is his."""
        entry, rel = self.desk.entry, self.desk.rel
        if self.crew.answered(rel, entry, before) - self._cleared:
            self._cleared.clear()
            return True
        was, now = proposal.answerable(before), proposal.answerable(entry)
        cleared = {name for name in was.keys() & now.keys() if proposal.cleared(was[name], now[name])}
        if cleared and not self.crew.by_git(rel, entry):
            self._cleared |= cleared
        return False

    def told(self, seen: Seen, before: Entry) -> None:
        self._dirty = True
        if seen == "moved" or not before.text:
            self.errands.found()
        if seen == "moved":
            self.live.clear()
            self.questions.drop()
            self.tasks.drop()
        elif seen == "saved":
            there = prompts(self.desk.entry)
            fresh = {each.digest for each in there} - {each.digest for each in prompts(before)}
            stops = {each.digest for each in there if each.word == "stop"} & fresh
            fresh -= self._foreign([each for each in there if each.digest in fresh - stops])
            if self.crew.running:
                self._hear(there, stops)  # whoever wrote it: it starts nothing
                self._doubt(fresh - stops)
            else:
                self.live |= fresh
                self._hear(there, fresh)
                self.errands.seen(before)
            self._mark()

    def asked(self) -> None:
        self._dirty = True
        self._mark()
        self._met = dict.fromkeys(self._met, float("-inf"))
        self._trust()

    def begun(self, run: Run) -> None:
        if self.tasks.let_run(run.cell):
            self.crew.running.add(run.cell.chain)

    def over(self, run: Run, finished: Finished) -> None:
        if run.cell.chain in self.crew.running:
            self.crew.running.discard(run.cell.chain)
            for resolve in list(self.crew.doubts):
                resolve(finished)

    def ended(self, run: Run, finished: Finished) -> None:
        self._dirty = True
        self.newsroom.ended(run, finished)
        self.over(run, finished)
        self.tasks.ended(run, finished)

    def tick(self, now: float) -> None:
        self._now = now
        self.questions.tick(now)
        self.newsroom.tick(now)
        if not (self.desk.gone or self.desk.entry.held):
            self.errands.tick(now)
        if self._is_out():
            return
        if self._dirty:
            self._dirty = False
            self._look(now)
        for asked in self._open(now):
            if not self._is_too_early(asked, now):
                self._begin(asked)
        self.tasks.tick(now)

    def wake(self, now: float) -> float | None:
        looks = (at for at in (self.newsroom.wake(now), self.questions.wake(now)) if at is not None)
        watched = min(looks, default=None)
        if self._is_out():
            return min((at for at in (self.errands.wake(now), watched) if at is not None), default=None)
        times = [max(at + SETTLE - now, EARLY) for digest, at in self._met.items() if digest not in self._behind]
        if self._dirty:
            times.append(0.0)
        times += [at for at in (self.tasks.wake(now), self.errands.wake(now), watched) if at is not None]
        return max(0.0, min(times)) if times else None

    def busy(self) -> bool:
        waits = not self._is_out() and (self._dirty or self._met.keys() - self._behind)
        return bool(waits or self.questions.under_way or self.newsroom.under_way or self.tasks.busy())

    def held(self, cell: Cell) -> str:
        if reason := self.tasks.held(cell) or (DOUBT if self._doubts else ""):
            return reason
        here = (each for each in self._open(float("inf")) if each.word == "do" and not self.errands.wants(each))
        soon = [each for each in here if each.span.start < cell.span.start]
        return f"below a task that is about to begin ({soon[0].text[:60]})" if soon else ""

    def answer(self, id_: str, word: Word) -> bool:
        """Answer a proposal that stands here or on a task's own thread, from the terminal or the page."""
        return self.tasks.answer(id_, word) or self.errands.answer(id_, word)

    def standing(self, id_: str, word: Word) -> list[str]:
        """The ids of what stands and `answer` could be meant for."""
        return [*self.tasks.standing(id_, word), *self.errands.standing(id_, word)]

    def stop(self) -> bool:
        stopped = self.newsroom.drop() | self.questions.stop() | self.errands.stop()
        return self.tasks.stop("you stopped it") or stopped

    def end(self, cause: str) -> None:
        self.newsroom.drop()
        self.questions.stop(why=cause)
        self.tasks.end(cause)

    def leave(self) -> None:
        self.newsroom.drop()
        self.questions.drop()
        self.tasks.drop()
        self.errands.under_way.clear()

    def stop_above(self, line: int) -> bool:
        """Stop the cell that runs above this line, or what a model is asked of one there; whether there was one."""
        return self.desk.stop_above(line) or self.newsroom.stop_above(line)

    def _mark(self) -> None:
        """What came of a question or a task that was edited since says so, until that is as it was; nothing is asked
        or done again."""
        for asked in prompts(self.desk.entry):
            if asked.outcome and asked.stale != spoken.outdated(asked.outcome):
                title = f"/{asked.word} {asked.text}".split("\n")[0][:60]
                self.desk.put(Piece("outdated", asked.digest, title, _outdate(asked.digest)))

    def _hear(self, there: tuple[Prompt, ...], fresh: set[str]) -> None:
        """The author said something new: to a task, or, with none above it, to what waits for his word."""
        for said in there:
            if said.digest not in fresh or said.word not in ("sure", "nope", "stop"):
                continue
            if said.word == "sure" and not SHORT["sure"].fullmatch(said.text):
                self._tell_unclear(there, said)
            elif self._answers(there, said):
                continue
            elif said.word == "stop" and not self.stop_above(said.span.start):
                self.desk.tools.say(Notice("held", self.desk.rel, "/stop: nothing is under way above it"))
            elif said.word == "sure" and said.text in SURE:
                self.desk.settled = max(self.desk.settled, self.desk.saved + PATIENT)  # he may be typing a word more
                if not self.desk.of_replay(SURE[said.text]):
                    self._let_go_on(said)

    def _answers(self, there: tuple[Prompt, ...], said: Prompt) -> bool:
        """Whether it was said to the nearest above that is under way: a task, here or on its own thread; `/stop`, also
        to a question that is being answered."""
        for asked in reversed([each for each in there if each.span.start < said.span.start]):
            if said.word == "stop" and asked.digest in self.questions.under_way:
                return self.questions.stop(asked.digest)
            if asked.digest in self.tasks.active:
                self.tasks.told(Told(asked.digest, said.word, said.text))
                return True
            if asked.digest[:SHOWN] in self.errands.under_way:
                if said.word == "stop":
                    return self.errands.stop(asked.digest[:SHOWN])
                self.errands.told(asked, said)
                return True
        return False

    def _tell_unclear(self, there: tuple[Prompt, ...], said: Prompt) -> None:
        """Words behind `/sure` that may mean anything allow nothing; the task that they may be meant for says so."""
        words = " ".join(said.text.replace("`", "").split())[:60]
        why = f"{proposal.UNCLEAR} `/sure {words}`, which allows nothing: {CONSENTS}"
        here, elsewhere = self.tasks.active, self.errands.under_way
        above = [each.digest for each in there if each.span.start < said.span.start]
        above = [each for each in above if each in here or each[:SHOWN] in elsewhere]
        if above and above[-1] in here:
            self.tasks.unclear(above[-1], why)
        self.desk.tools.say(Notice("held", self.desk.rel, why))

    def _let_go_on(self, said: Prompt) -> None:
        """No replay waits that could be answered so."""
        rows = [row for row in self.desk.plan() if row.do == "held"]
        if rows and not said.text:
            self.desk.ask()
        elif rows:
            words = f"'/sure {said.text}' finds no replay to answer" + (KEPT if said.text == "keep" else "")
            self.desk.tools.say(Notice("held", self.desk.rel, words))

    def _doubt(self, fresh: set[str]) -> None:
        """Somebody saved while an agent's cell ran, here or in another entry: nothing new starts until it has ended."""
        self._doubtful |= fresh
        if not self._doubts:
            self._doubts = True
            self.crew.doubts.append(self._resolve)

    def _trust(self) -> set[str]:
        """The author was it; the prompts that were in doubt."""
        if self._doubts:
            self._doubts = False
            self.crew.doubts.remove(self._resolve)
        doubtful, self._doubtful = self._doubtful, set()
        return doubtful

    def _resolve(self, finished: Finished) -> None:
        """An agent's cell has ended during which somebody saved: the author, if it cannot have been the cell."""
        doubtful, self._dirty = self._trust(), True
        if finished.spawned or any(path.endswith(self.desk.path.name) for path in finished.writes):
            self.tasks.again()
            self.desk.rest(DOUBT)
            self.desk.tools.say(Notice("held", self.desk.rel, DOUBT))
        else:
            self.desk.resume()
            self.live |= doubtful
            self._hear(prompts(self.desk.entry), doubtful)

    def _is_out(self) -> bool:
        """Nothing is to be begun here now."""
        return bool(self.desk.permit.resting or self.desk.gone or self.desk.entry.held)

    def _look(self, now: float) -> None:
        """Which prompts stand open in this text."""
        there = {each.digest: each for each in prompts(self.desk.entry) if each.settled and self._is_open(each)}
        self._behind.intersection_update(self._met)
        self._met = {digest: self._met.get(digest, now) for digest in there}
        for digest in self._foreign([each for each in there.values() if each.digest not in self.live]):
            del self._met[digest]

    def _foreign(self, asked: list[Prompt]) -> set[str]:
        """Those that may be somebody else's, told once."""
        own = self.crew.own(self.desk.rel, self.desk.entry) if asked else None
        foreign = [each for each in asked if own and not own(each.digest)]
        for each in foreign:
            self._tell_foreign(each)
        return {each.digest for each in foreign}

    def _is_open(self, asked: Prompt) -> bool:
        if self.crew.only and not asked.digest.startswith(self.crew.only) and asked.digest not in self.live:
            return False  # it is open where this thread came from
        return self.questions.wants(asked) or self.tasks.wants(asked)

    def _open(self, now: float) -> list[Prompt]:
        ripe = {digest for digest, at in self._met.items() if at + SETTLE <= now}
        return [each for each in prompts(self.desk.entry) if each.digest in ripe] if ripe else []

    def _is_too_early(self, asked: Prompt, now: float) -> bool:
        """Whether what is asked about is just happening: a quick cell is waited for, a long one never.

        A task in this place waits for both, and for a task above it: what it waits for long is said.
        """
        if self.questions.is_how(asked):
            return False
        if self.errands.wants(asked):
            return bool(self.desk.sheet.made)  # the fork is to have what stands above
        run = self.desk.run
        if run is None or run.cell.span.start > asked.span.start:
            due = (row.cell for row in self.desk.plan() if row.do == "due")
            soon = any(cell.span.start < asked.span.start for cell in due)
        else:
            soon = asked.word == "do" or now - run.began < LONG
            if asked.word == "do" and now - run.began >= LONG:
                self.tasks.wait(asked, run.cell)
        if asked.word == "do" and (other := self.tasks.above(asked)) is not None:
            self._behind.add(asked.digest)
            self.tasks.wait(asked, other)
            return True
        self._behind.discard(asked.digest)
        return soon or (asked.word == "wtf" and bool(self.newsroom.under_way))

    def _begin(self, asked: Prompt) -> None:
        self._met.pop(asked.digest, None)
        if self.questions.wants(asked):
            self.questions.begin(asked)
        elif self.errands.wants(asked):
            self.errands.begin(asked)
        elif self.tasks.wants(asked):
            self.tasks.begin(asked)

    def _tell_foreign(self, asked: Prompt) -> None:
        if asked.digest not in self._told:
            self._told.add(asked.digest)
            where = f"line {asked.span.start + 1}: this /{asked.word}"
            words = f"{where} came by git and may be somebody else's; edit it to mean it"
            self.desk.tools.say(Notice("held", self.desk.rel, words))


def _outdate(digest: str) -> Callable[[Entry], Edit | None]:
    def edit(entry: Entry) -> Edit | None:
        asked = next((each for each in prompts(entry) if each.digest == digest), None)
        return spoken.outdate(entry, asked) if asked else None

    return edit


def company(crew: Crew) -> Callable[[Desk], Seat]:
    """A seat beside each desk."""
    return lambda desk: Seat(desk, crew)
