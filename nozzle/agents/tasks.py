"""The tasks of one entry: which are under way, what the author says to them, which cells wait for them.

What a process may let run is what it wrote itself and has watched since: offers live here, in memory, and nowhere in
the text. After a checkout or a restart every proposal is made anew before it can be answered.
"""

from dataclasses import dataclass, field

from nozzle.agents.crew import Crew, Told, Word
from nozzle.agents.doer import REPLAYS, Doer
from nozzle.agents.task import Task, overtime, until
from nozzle.desk import Desk
from nozzle.document import spoken
from nozzle.document.entry import Cell
from nozzle.document.events import Finished
from nozzle.document.prompts import Prompt, prompt, prompts
from nozzle.document.risk import judge
from nozzle.document.spoken import Saying
from nozzle.document.thought.said import anchor
from nozzle.document.thought.show import escaped
from nozzle.explainer.links import link
from nozzle.explainer.slices import code
from nozzle.piece import Piece
from nozzle.run import Run

NO_MODEL = "No model is set, so nothing was done: `model` in the settings names one. Delete this block to try again."
UNBOUND = (
    "The cells of this entry run at {where}, where nothing keeps those of an agent in bounds, so nothing was done. "
    "Say it in an entry without `kernel:`, then delete this block."
)
AGAIN = 0.1
"""Seconds after which it is looked again whether a step is written."""
ONCE = "an agent proposed it, and it may run once on one allowance; 'nozzle run' allows it again"
UNSTARTED = "an agent proposed it, and nozzle ended before it ran; 'nozzle run' allows it"


@dataclass(slots=True)
class Tasks:
    desk: Desk
    crew: Crew
    active: dict[str, Task] = field(default_factory=dict)
    doer: Doer = field(init=False)

    def __post_init__(self) -> None:
        self.doer = Doer(self.desk, self.crew, self.active)

    def wants(self, asked: Prompt) -> bool:
        """Whether this is a task that nobody does and that is not done."""
        return asked.word == "do" and asked.task is None and asked.digest not in self.active

    def begin(self, asked: Prompt) -> None:
        """Begin a task, or take up one that an earlier process left."""
        if asked.waits is not None:
            self.desk.put(Piece("marker", asked.digest, "begun", lambda newest: spoken.begun(newest, asked.digest)))
        if self.crew.model is None:
            return self.doer.write_end(asked.digest, "none", Saying(NO_MODEL, by="doer"), {})
        if where := self.desk.entry.elsewhere:
            return self.doer.write_end(asked.digest, "none", Saying(UNBOUND.format(where=where), by="doer"), {})
        task = self.active[asked.digest] = Task(asked.digest, self.doer.now, number=len(asked.region))
        self.doer.say("task", f"the doer begins: {_title(asked)}")
        last = asked.region[-1] if asked.region else None
        if last is not None and last.kind in ("proposal", "cell"):
            self.doer.offer_again(task, last)
        else:
            self.doer.think(task)

    def above(self, asked: Prompt) -> Prompt | None:
        """The task under way in this place that stands above another: its cells change what the other would see."""
        there = (each for each in prompts(self.desk.entry) if each.digest in self.active)
        return next((each for each in there if each.span.start < asked.span.start), None)

    def wait(self, asked: Prompt, what: Prompt | Cell) -> None:
        """Say under a task, once, what it waits for: another one, or a cell that runs."""
        entry, digest, hand = self.desk.entry, asked.digest, self.desk.tools.hand
        if isinstance(what, Prompt):
            title, how = _title(what), "is under way"
            place = f"[{escaped(title)}](#{anchor(entry, what.span.start)})"
        else:
            title, how, place = what.title, "runs", link(what)
        said = Saying(f"Waits for {place}, which {how} above.", by="doer", via="facts")
        if asked.waits is None or f"> {said.text}" not in asked.waits.body:
            self.desk.put(Piece("marker", digest, "waits", lambda newest: spoken.wait(newest, digest, said, hand)))
            self.doer.say("held", f"{_title(asked)}: it waits for '{title}', which {how} above")

    def told(self, said: Told) -> None:
        """`/sure`, `/sure 5`, `/sure all`, `/sure keep`, `/sure skip`, `/nope`, `/stop`, said to a task.

        It is said of the proposal that he saw, if any.
        """
        task = next((task for digest, task in self.active.items() if digest.startswith(said.task)), None)
        if task is None:
            return self.doer.say("held", f"/{said.word}: no task is under way that this could be said to")
        if said.word == "stop":
            return self.doer.stop(task, "you stopped it", "You stopped it.")
        stands = task.offer.id if task.offer and task.state == "standing" else ""
        if (word := REPLAYS.get(said.text)) and not self.doer.of_replay(task, word):
            return self.doer.say("held", f"/sure {said.text}: nothing waits here that would be done again")
        if said.id is None or (said.id and said.id == stands):
            task.answer = "deny" if said.word == "nope" else "run"
        elif said.id or said.word == "nope":
            return self.doer.say("held", f"/{said.word}: what you saw does not stand any more; nothing was answered")
        if said.word == "sure":
            more = int(said.text) if said.text.isdecimal() else 0
            task.sure = max(0, more - 1 if task.answer else more) or task.sure
            task.sure_of_all = task.sure_of_all or said.text == "all"

    def unclear(self, digest: str, why: str) -> None:
        """What was said to a task allows nothing, also nothing beforehand; what stands says so, and waits."""
        task = self.active[digest]
        task.sure, task.sure_of_all = 0, False
        if task.state == "standing" and task.offer:
            self.doer.wait_for_word(task, task.offer, why)

    def answer(self, id_: str, word: Word) -> bool:
        """Answer the proposal that stands (the one of this id, or the first), from the terminal or the page."""
        for task in self._standing(id_, word):
            if word in ("keep", "skip"):
                self.doer.of_replay(task, word)
            task.answer = "deny" if word == "deny" else "run"
            return True
        return False

    def standing(self, id_: str, word: Word) -> list[str]:
        """The ids of the proposals that could be meant: that begin so, and can be answered so."""
        return [task.offer.id for task in self._standing(id_, word) if task.offer]

    def _standing(self, id_: str, word: Word) -> list[Task]:
        there = [task for task in self.active.values() if task.state == "standing" and task.offer]
        named = [task for task in there if task.offer and task.offer.id.startswith(id_)]
        return [task for task in named if word in ("run", "deny") or task.replay is not None]

    def again(self) -> None:
        """What was saved last may not have been written by the author: what stands is asked again, unticked."""
        for task in self.active.values():
            if task.state == "standing" and task.offer:
                self.doer.stand(task, task.offer)

    def ended(self, run: Run, finished: Finished) -> None:
        """A cell has ended; perhaps one of the doer's, or one that ended a task before."""
        task = next((task for task in self.active.values() if task.chain == run.cell.chain), None)
        if task is not None and task.state == "running":
            self.doer.ended(task, run, finished)
        elif task is None and finished.status == "ok" and finished.answers:
            self.doer.claims_again(run, finished)

    def let_run(self, cell: Cell) -> bool:
        """Whether it is the cell that a task goes on with."""
        return any(task.chain == cell.chain for task in self.active.values())

    def tick(self, now: float) -> None:
        """Look at what stands, and at what waits to run."""
        self.doer.now = now
        for task in list(self.active.values()):
            if prompt(self.desk.entry, task.digest) is None:
                self.doer.forget(task)
            elif task.state == "standing":
                task.stands_at(now)
                self.doer.decide(task, now)
                task.stood = task.stood if task.state == "standing" else None
            elif self.doer.asks(task):
                task.stands_at(now)
            else:
                task.stood = None
                self._goes_on(task, now)

    def _goes_on(self, task: Task, now: float) -> None:
        """It thinks or runs, as long as it may."""
        if not task.stop.said and (words := overtime(task, self.crew.settings, now)):
            self.doer.stop(task, words.removeprefix("Stopped: "), words)
        elif task.silence is not None:
            task.silence.tick(now)
        elif task.state == "running":
            self.doer.watch(task)

    def wake(self, now: float) -> float | None:
        times = [at - now for task in self.active.values() if (at := self._until(task)) is not None]
        silences = (task.silence for task in self.active.values() if task.silence is not None)
        times += [at for silence in silences if (at := silence.wake(now)) is not None]
        times += [AGAIN] if self._is_early() else []
        return max(0.02, min(times)) if times else None

    def _is_early(self) -> bool:
        """Whether a proposal waits that was weighed before the last step was written: a look at it is near, unless
        nothing is begun here now."""
        desk = self.desk
        if desk.sheet.stuck or desk.permit.resting or desk.gone or desk.entry.held:
            return False
        return any(task.state == "standing" and task.early for task in self.active.values())

    def left(self, id_: str, now: float) -> float | None:
        """Seconds until a proposal runs, or is denied, by itself; None: it waits."""
        task = next((each for each in self.active.values() if each.offer and each.offer.id == id_), None)
        at = self._until(task) if task is not None and task.state == "standing" else None
        return None if at is None else max(0.0, at - now)

    def edits(self, id_: str, until: float) -> None:
        """The author changes a proposal where no save shows it; until then, seconds on the loop's clock, it waits."""
        task = next((each for each in self.active.values() if each.offer and each.offer.id == id_), None)
        if task is not None:
            task.held = until

    def edited(self, id_: str, now: float) -> bool:
        """Whether that is so now."""
        return any(each.offer is not None and each.offer.id == id_ and now < each.held for each in self.active.values())

    def _until(self, task: Task) -> float | None:
        return until(task, self.crew.settings, self.doer.now)

    def busy(self) -> bool:
        """Whether something goes on that needs nobody's answer."""
        waits = (task.state != "standing" or self._until(task) is not None for task in self.active.values())
        return any(waits) or self._is_early()

    def held(self, cell: Cell) -> str:
        """Why a cell may not run: it stands below a task, or is an agent's that was allowed once."""
        if self.let_run(cell):
            return ""
        if cell.by and (reason := self._used_up(cell)):
            return reason
        for digest in self.active:
            asked = prompt(self.desk.entry, digest)
            if asked is not None and asked.span.stop <= cell.span.start and not self._is_its_own(asked, cell):
                return f"below a task that is under way ({_title(asked)})"
        return ""

    def _used_up(self, cell: Cell) -> str:
        """Why an agent's cell may not run on the allowance it once had."""
        slot = self.desk.entry.slot(cell.chain)
        output = slot.output if slot else None
        if output is None:
            open_ = (each for each in prompts(self.desk.entry) if self.wants(each))
            again = any(self._is_its_own(each, cell) and each.span.start < cell.span.start for each in open_)
            return UNSTARTED if again or cell.chain not in self.desk.permit.allowed else ""
        edited = output.keys.get("cell") != cell.digest  # by the author: then it is his
        entry = self.desk.entry
        deep = self.desk.rel.count("/")
        once = not edited and judge(cell.body, cell.language, (), code(entry, cell.language), deep) == "ask"
        return ONCE if once and cell.chain not in self.desk.permit.allowed else ""

    def drop(self) -> None:
        """The text is another one: nothing that was offered counts any more."""
        for task in list(self.active.values()):
            self.doer.forget(task)

    def end(self, why: str) -> None:
        """Stop what thinks or runs; what the author has not answered stands, and whoever comes next asks it again."""
        for task in list(self.active.values()):
            if task.state == "standing":
                self.doer.forget(task)
        self.stop(why)

    def stop(self, why: str) -> bool:
        """Stop every task here; whether there was one."""
        stopped = list(self.active.values())
        for task in stopped:
            self.doer.stop(task, why, f"Stopped: {why}.")
        return bool(stopped)

    def _is_its_own(self, asked: Prompt, cell: Cell) -> bool:
        return cell.span.start < asked.below


def _title(asked: Prompt) -> str:
    return asked.text.split("\n")[0][:60]
