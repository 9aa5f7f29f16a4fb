"""What is told unasked: a failure at once, with the facts; a surprise in two lines; and that it is mended."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from nozzle.agents.crew import Crew
from nozzle.agents.forms import NEWS, NOTE, Given, labelled, linked
from nozzle.agents.unasked import Unasked
from nozzle.beside import Notice
from nozzle.desk import Desk
from nozzle.document import scribe, spoken
from nozzle.document.edit import Edit
from nozzle.document.entry import SHOWN, Cell, Entry, Slot
from nozzle.document.events import Error, Finished
from nozzle.document.facts import Facts
from nozzle.document.spoken import Saying
from nozzle.document.thought.conduct import voice
from nozzle.errors import NozzleError
from nozzle.explainer import Broke, Ran, disagreement, examine, fixed, headline, made, stalled, surprises, tell
from nozzle.explainer.links import link
from nozzle.piece import Piece
from nozzle.run import Run

EXPLAINED = {"quiet": "news", "notes": "surprises", "conduct": "surprises"}
"""What is told of cells in each voice: what breaks, or all that surprises."""
NOTHING = "nothing"
"""What the model replies when there is nothing worth saying."""
WORKS = 0.05
"""Share of a processor that a cell uses at least while it works."""
BAD = ("error", "timeout", "died")


@dataclass(slots=True)
class Life:
    """A sign of life of a running cell."""

    chain: str
    shown: int
    """Characters that it had printed."""
    at: float
    """When that was."""
    looks: float
    """When its processor time is looked at next."""
    used: float | None = None
    """Seconds of processor time that it had used at the last look, where that is known."""
    since: float = 0.0
    """When that look was; 0: there was none."""


@dataclass(slots=True)
class Newsroom:
    desk: Desk
    crew: Crew
    broke: dict[str, Broke]
    """What is known of failures, by the cell's chain: for whoever asks."""
    interrupt: Callable[[str], None] = lambda words: None
    """Told of news at once: whoever is in the middle of something stops for it, and goes on."""
    under_way: set[str] = field(default_factory=set)
    """Chains of cells whose failure is being looked into."""
    _failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often a cell ended in these words, in a row."""
    _last: dict[str, Facts] = field(default_factory=dict)
    _life: Life | None = None
    """The last sign of life of the cell that runs."""
    _stalled: str = ""
    """Chain of the last cell that was told to have stalled."""
    _noting: str = ""
    """Chain of the cell that the model writes a note on."""
    _noted: int = 0
    """Notes that the model was asked for."""
    calls: Unasked = field(init=False)

    def __post_init__(self) -> None:
        self.calls = Unasked(self.desk, self.crew)

    def _explains(self) -> str:
        """What is explained unasked here: as the entry's voice says, else as the settings do."""
        return EXPLAINED.get(self._voice(), self.crew.settings.explain)

    def _voice(self) -> str:
        return voice(self.desk.entry, self.crew.settings.voice)

    def ended(self, run: Run, finished: Finished) -> None:
        """A cell of this entry has ended."""
        cell = self.desk.entry.cell(run.cell.chain)
        if cell is None or self._explains() == "asked":
            return
        if finished.status in BAD and not (finished.status == "error" and cell.options.raises):
            if not cell.by:
                self._broke(cell, finished, run.error)
        elif finished.status == "ok":
            self._went_well(cell, run)

    def tick(self, now: float) -> None:
        """A cell that runs and gives no sign of life is told, once; a model that says nothing of one, too."""
        self.calls.tick(now)
        run, stall = self.desk.run, self.crew.settings.stall
        if run is None or not stall or self._explains() == "asked" or run.session.asks:
            self._life = None
            return
        chain, printed, life = run.cell.chain, run.printed, self._life
        if life is None or (life.chain, life.shown) != (chain, len(printed)):
            self._life = Life(chain, len(printed), now, now + stall / 4)
        elif chain != self._stalled and run.shown and now >= life.looks and not self._works(life, run, now):
            self._stalled = chain
            last = self.desk.tools.ledger.past.last(self.desk.rel, run.cell)
            said = stalled(run.cell, now - run.began, now - life.at, printed, last)
            self._put(
                "news", run.cell.chain, f"{run.cell.title} has stalled", self._news(run.cell.chain, said, "stalled")
            )
            self.interrupt(f"interrupted here: {link(run.cell)} has stalled")
            self.desk.tools.say(Notice("news", self.desk.rel, f"breaking: {run.cell.title} has stalled"))

    def _works(self, life: Life, run: Run, now: float) -> bool:
        """Whether a silent cell works, or may: one look alone cannot tell. To look is dear, so it is done seldom."""
        before, since = life.used, life.since
        life.used, life.since, life.looks = run.session.used(), now, life.at + self.crew.settings.stall
        if not since:
            return True
        if life.used is None or before is None or life.used - before > WORKS * (now - since):
            life.at, life.looks = now, now + self.crew.settings.stall
            return True
        return False

    def wake(self, now: float) -> float | None:
        """When a running cell, or a model, is looked at again, in seconds from now."""
        silent = self.calls.wake(now)
        if self.desk.run is None or not self.crew.settings.stall:
            return silent
        looks = max(0.05, self.crew.settings.stall / 4)
        return looks if silent is None else min(looks, silent)

    def drop(self) -> bool:
        """Nobody waits any more for what is being worked out; whether a model was asked something."""
        self.under_way.clear()
        self._noting = ""
        return bool(self.calls.stop())

    def stop_above(self, line: int) -> bool:
        """End what the model is asked of cells above this line; whether there was something."""
        stopped = self.calls.stop({cell.chain for cell in self.desk.entry.cells if cell.span.start < line}.__contains__)
        self.under_way -= stopped
        self._noting = "" if self._noting in stopped else self._noting
        return bool(stopped)

    def _broke(self, cell: Cell, finished: Finished, error: Error | None) -> None:
        """Find out since when, in a thread, and tell."""
        words = f"{error.ename}: {error.evalue}" if error else finished.status
        place = self._place(cell)
        self._failures[place, words] += 1
        times, entry, rel = self._failures[place, words], self.desk.entry, self.desk.rel
        self.under_way.add(cell.chain)

        def work() -> tuple[Broke, Saying]:
            broke = examine(entry, cell, finished, error, self.crew.green(rel, cell, entry), times)
            return broke, tell(broke)

        self.crew.work(work, lambda found: self._tell(cell.chain, entry, found))

    def _place(self, cell: Cell) -> str:
        """What a cell is known by while its code is edited: its label, where no other has it, else its line."""
        alike = [each for each in self.desk.entry.cells if each.label == cell.label]
        return cell.label if cell.label and len(alike) == 1 else str(cell.span.start)

    def _tell(self, chain: str, entry: Entry, found: tuple[Broke, Saying] | NozzleError) -> None:
        if chain not in self.under_way:
            return
        self.under_way.discard(chain)
        if isinstance(found, NozzleError):
            return self.desk.tools.say(Notice("fault", self.desk.rel, str(found)))
        broke, said = found
        self.broke[chain] = broke
        self._put("news", chain, f"{broke.cell.title} broke", self._news(chain, said))
        self.interrupt(f"interrupted here: {link(broke.cell)} broke, the news stands under it")
        self.desk.tools.say(Notice("news", self.desk.rel, headline(broke)))
        if self.crew.model is not None:
            self._ask(chain, entry, broke, said)

    def _ask(self, chain: str, entry: Entry, broke: Broke, said: Saying) -> None:
        """The same facts in prose, by a model; the facts stand in the text meanwhile."""
        below = next((slot for slot in entry.slots if slot.cell.chain == chain), None)
        upto = below.blocks[-1].span.stop if below and below.blocks else broke.cell.below
        given = Given(cell=broke.cell.title, facts=f"{said.text}\n{said.folded}")
        self.under_way.add(chain)
        call = self.calls.of_cell(chain)

        def work() -> Saying:
            evidence = self.crew.evidence(entry, self.desk.path.parent)
            shared = self.crew.shared(entry, upto)
            return labelled(self.crew, NEWS, given, shared, call.hear, call.stop, evidence)

        def then(prose: Saying | NozzleError) -> None:
            self.calls.ended(chain, call)
            if chain not in self.under_way:
                return
            self.under_way.discard(chain)
            if isinstance(prose, Saying) and prose.by_model:  # a model that failed adds nothing to the facts
                both = tell(broke, linked(prose, self.desk).text, prose.via)
                self._put("news", chain, f"{broke.cell.title} broke", self._news(chain, both), prose)

        self.crew.work(work, then)

    def _went_well(self, cell: Cell, run: Run) -> None:
        slot = self.desk.entry.slot(cell.chain)
        if slot is None or slot.output is None:
            return
        self._failures = Counter({key: n for key, n in self._failures.items() if key[0] != self._place(cell)})
        found = (block for block in slot.blocks if block.kind == "news" and block.keys.get("by") != spoken.WATCH)
        news = next(found, None)
        if news is not None and news.keys.get("status") != "fixed":
            self._put(
                "news", cell.chain, f"{cell.title} runs again", self._news(cell.chain, fixed(news, cell), "fixed")
            )
        last, now = self._last.get(cell.digest), self.desk.tools.ledger.past.last(self.desk.rel, cell)
        self._last[cell.digest] = now or Facts("ok")
        worth = surprises if self._explains() == "surprises" else disagreement
        ran = Ran(cell, run.why, run.before, slot.output, last, now or Facts("ok"))
        surprise = worth(ran)
        said = made(ran) if self._voice() == "notes" else surprise
        if said is not None:
            hand = self.desk.tools.hand
            self._put(
                "note", cell.chain, f"note on {cell.title}", lambda entry: spoken.note(entry, cell.chain, said, hand)
            )
            if worth is surprises and surprise is not None:
                self._explain(cell, surprise)
        elif worth is surprises and _outdated(slot):
            self._put("note", cell.chain, f"note on {cell.title}, outdated", _without_note(cell.chain))

    def _explain(self, cell: Cell, facts: Saying) -> None:
        """Why it surprised, by the model, while the next cells run: one at a time, and not without end."""
        if self.crew.model is None or self._noting or self._noted >= self.crew.settings.notes:
            return
        self._noting, entry, chain, hand = cell.chain, self.desk.entry, cell.chain, self.desk.tools.hand
        self._noted += 1
        given = Given(cell=cell.title, facts=f"{facts.text}\n{facts.folded}".strip())
        slot = entry.slot(chain)
        shared = self.crew.shared(entry, slot.blocks[-1].span.stop if slot and slot.blocks else cell.below)
        self.under_way.add(chain)
        call = self.calls.of_cell(chain)

        def then(prose: Saying | NozzleError) -> None:
            self.calls.ended(chain, call)
            self._noting = "" if self._noting == chain else self._noting
            if chain not in self.under_way:
                return
            self.under_way.discard(chain)
            if isinstance(prose, Saying) and prose.by_model and prose.text.strip(" .`").lower() != NOTHING:
                both = replace(
                    linked(prose, self.desk), folded="\n".join(part for part in (facts.text, facts.folded) if part)
                )
                both = replace(both, fold="the facts", thought="")
                self._put("note", chain, f"note on {cell.title}", lambda e: spoken.note(e, chain, both, hand), prose)

        def work() -> Saying:
            evidence = self.crew.evidence(entry, self.desk.path.parent)
            return labelled(self.crew, NOTE, given, shared, call.hear, call.stop, evidence)

        self.crew.work(work, then)

    def _news(self, chain: str, said: Saying, status: str = "") -> Callable[[Entry], Edit | None]:
        hand = self.desk.tools.hand
        return lambda entry: spoken.news(entry, chain, said, hand, {"status": status})

    def _put(
        self, kind: str, chain: str, title: str, edit: Callable[[Entry], Edit | None], said: Saying | None = None
    ) -> None:
        self.desk.put(Piece(kind, chain, title, edit, trailers=said.facts if said else {}))


def _outdated(slot: Slot) -> bool:
    """Whether a note speaks of an earlier state of the cell."""
    notes = [block for block in slot.blocks if block.kind == "note" and block.keys.get("by") == "explainer"]
    return any(block.of != slot.cell.chain[:SHOWN] for block in notes)


def _without_note(chain: str) -> Callable[[Entry], Edit | None]:
    def edit(entry: Entry) -> Edit | None:
        slot = entry.slot(chain)
        blocks = slot.blocks if slot else ()
        note = next((each for each in blocks if each.kind == "note" and each.keys.get("by") == "explainer"), None)
        return scribe.remove(entry, note) if note else None

    return edit
