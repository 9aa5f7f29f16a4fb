"""What may run in an entry by itself, and what stands against it.

A permit remembers what the author saved, asked for and allowed, and reads the one table of what is due with that in
mind. It runs nothing and writes nothing.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from nozzle.document import plan as planning
from nozzle.document.entry import Cell, Entry
from nozzle.document.events import ASKED
from nozzle.document.options import Reach
from nozzle.document.plan import Asked, Row, Why
from nozzle.past import Past
from nozzle.run import agents, jobs, reach
from nozzle.runner import Job, Replay
from nozzle.settings import Settings

UNSAVED = "nothing runs here until you save it, or say: nozzle run"
ELSEWHERE = "you are at another step; save, or say: nozzle run"
UNHEARD = "what it made could not be taken in; save, or say: nozzle run"
STOPPED = "you stopped it; save, or say: nozzle run"
SHALLOW = " (the clone is shallow, and its last commit is no step: 'git fetch --deepen 50' brings those before it)"
ALL_AGAIN = "'nozzle run --again' runs all of it again"
ANSWERS = (
    "in a watch, /sure runs it again, /sure keep goes on in the kernel as it is, /sure skip goes on without it; "
    + ALL_AGAIN
)
"""In the terminal, `nozzle answer --run`, `--keep` and `--skip`."""

LEAVES = "it leaves its bounds ({}), and one allowance is one run; /sure below it, or 'nozzle run', gives another"
ASIDE = "it reached outside ({}) when it ran last, and its result is on another thread; 'nozzle run {}' runs it again"
WRITTEN = "an agent's cell has written {}, which it read; look at that, then say: nozzle run {}"
OUT: Mapping[Reach, str] = {"network": "network", "all": "anything outside"}

Answer = Literal["again", "keep", "skip"]
"""To a replay that waits: run again what reached outside, go on in the kernel as it is, or as if it stood not there."""


class Standing(Protocol):
    """The kernels of an entry, as far as a permit asks: where they stand, and how they get elsewhere."""

    @property
    def at(self) -> str:
        """Chain of the last cell whose state they hold."""

    def missing(self, jobs: list[Job]) -> list[Job]:
        """What they would have to run again to stand after the last of these."""

    def answered(self, cell: str) -> bool:
        """Whether they still know what was answered when this cell asked."""

    def stand(self, jobs: list[Job], through: list[str]) -> bool:
        """Count as standing after these cells, if they went through some of them; whether they did."""


@dataclass(slots=True)
class Permit:
    rel: str
    settings: Settings
    past: Past
    foreign: Callable[[Entry], Callable[[Cell], str]]
    """For an entry: for a cell, why it is not trusted; empty when it is."""
    company: Callable[[Cell], str]
    """Why those beside the desk do not let a cell run now; empty when they do."""
    lacks: Callable[[str], str]
    """Why no cell of a language can run here; empty when one can."""
    kernels: Callable[[], Standing]
    """The entry's kernels, made ready when there are none."""
    resting: str = UNSAVED
    """Why nothing runs although it is due; empty after a save or a request."""
    wanted: set[str] = field(default_factory=set)
    """Chains of cells that somebody asked for."""
    allowed: set[str] = field(default_factory=set)
    """Chains of cells that may run however long they take."""
    heeded: set[tuple[str, str]] = field(default_factory=set)
    """Files that cells read, and digests of what they held when the author asked for all that is due."""
    acting: set[str] = field(default_factory=set)
    """Chains of agents' cells that the author let run, and no rule: they may act outside by tools of the host."""
    looking: set[str] = field(default_factory=set)
    """Chains of agents' cells that run unasked, for they only look: where one acts after all, it fails."""
    unasked: set[str] = field(default_factory=set)
    """Chains of agents' cells that a rule let run, and nobody's word: where one leaves something at work, it fails."""
    leaving: dict[str, Reach] = field(default_factory=dict)
    """Chains of agents' cells that the author let out of their bounds -> how far. Good for one run."""
    stale: set[str] = field(default_factory=set)
    """Chains of cells below one that has run again because its input changed: the same code, another state."""
    followed: set[str] = field(default_factory=set)
    """Chains of cells that ran since the author saved or asked, because their input changed."""
    over: int = 0
    """When a cell of the entry ended last: nanoseconds since 1970."""
    said: dict[str, Replay] = field(default_factory=dict)
    """Chains of cells that reached outside -> what the author said of running them again. Good for one replay."""
    _barring: tuple[Cell, list[str]] | None = None
    """A cell that waits, and the chains of those above it that would have to run again first, and reached outside."""
    _foreign: Callable[[Cell], str] | None = None

    def saved(self) -> None:
        """The author saved."""
        self.resting, self.followed = "", set()

    def ask(self, entry: Entry, again: bool) -> None:
        """Somebody wants this entry to run: what is due, what was stopped, or all of it `again`."""
        self._foreign = None
        self.saved()
        runs = [cell for cell in entry.cells if cell.runs]
        self.wanted |= {cell.chain for cell in (runs if again else [*planning.unfinished(entry), *self._lost(entry)])}
        self.allowed |= {cell.chain for cell in runs}
        self.heeded |= {each for cell in runs for each in self.past.changed_inputs(self.rel, cell)}
        self.acting |= self.allowed
        self.looking, self.unasked = set(), set()
        waiting = (slot.cell for slot in entry.slots if again or not slot.fresh or slot.cell.chain in self.wanted)
        self.leaving |= {cell.chain: far for cell in waiting if cell.runs and (far := reach(cell))}

    def _lost(self, entry: Entry) -> list[Cell]:
        """Cells whose outputs show files that are gone for good, and that do nothing outside."""
        lost = (slot.cell for slot in entry.slots if slot.fresh and self.past.lost(self.rel, slot))
        return [cell for cell in lost if not self.reaches(entry, cell)]

    def rest(self, why: str) -> None:
        """Run nothing by itself until the author saves or asks."""
        self.resting, self.wanted, self.allowed, self.acting, self.leaving = why, set(), set(), set(), {}
        self.looking, self.unasked = set(), set()

    def moved(self, chain: str, to: str) -> None:
        """What was allowed to a cell that has not run is allowed to the same cell below other ones."""
        self.allowed.add(to)
        for chains in (self.acting, self.looking, self.unasked):
            if chain in chains:
                chains.add(to)
        if far := self.leaving.pop(chain, ""):
            self.leaving[to] = far

    def revoke(self, chain: str) -> None:
        """What was allowed to a cell that has not run is not allowed any more."""
        self.allowed.discard(chain)
        self.acting.discard(chain)
        self.looking.discard(chain)
        self.unasked.discard(chain)
        self.leaving.pop(chain, None)

    def taken(self) -> None:
        """The text is another: who wrote its cells is asked anew."""
        self._foreign = None

    @property
    def waits(self) -> str:
        """Chain of the cell whose replay waits for the author's word, when that was last looked at; empty: none."""
        return self._barring[0].chain if self._barring else ""

    def of_replay(self, entry: Entry, answer: Answer, standing: Standing | None) -> bool:
        """The author answers the replay that waits; False when none does, or when no kernel is left to `keep`."""
        if self._barring is None:
            return False
        cell, chains = self._barring
        if answer != "keep":
            self.said |= dict.fromkeys(chains, answer)
            return True
        above = jobs(entry, cell, self.settings)[:-1]
        return standing is not None and standing.stand(above, chains)

    def were_asked(self, entry: Entry) -> "Permit":
        """A copy to look at: what would be, were this entry asked to run."""
        copy = replace(
            self, wanted=set(self.wanted), allowed=set(self.allowed), acting=set(self.acting),
            looking=set(self.looking), unasked=set(self.unasked), leaving=dict(self.leaving), stale=set(self.stale),
            said=dict(self.said), heeded=set(self.heeded), followed=set(self.followed),
        )  # fmt: skip
        copy.ask(entry, again=False)
        return copy

    def heed(self, asked: "Permit") -> None:
        """A replay that would wait, were the entry asked to run, was answered: as good as a save, and a word for it."""
        self.saved()
        self.said, self.allowed = asked.said, self.allowed | {asked.waits}
        self.wanted |= asked.wanted & {asked.waits}

    def needed(self, entry: Entry, cell: Cell) -> list[Job]:
        """What is to run for a cell that is due, as the author said and allowed it."""
        again = {chain for chain, word in self.said.items() if word == "again"}
        return jobs(entry, cell, self.settings, dict(self.said), self.acting | again, self.looking, self.unasked)

    def begun(self, entry: Entry, row: Row) -> None:
        """A cell starts: nothing acts twice on one allowance."""
        if row.why == "input changed":
            below = (cell for cell in entry.cells if cell.runs and cell.span.start > row.cell.span.start)
            self.stale |= {cell.chain for cell in below}
            self.followed.add(row.cell.chain)
        self.leaving.pop(row.cell.chain, None)
        self.acting.discard(row.cell.chain)
        self.looking.discard(row.cell.chain)
        self.unasked.discard(row.cell.chain)
        self.said = {}

    def ended(self, cell: Cell) -> None:
        self.wanted.discard(cell.chain)
        self.stale.discard(cell.chain)
        self.over = time.time_ns()

    def next(self, rows: Iterable[Row]) -> Row | None:
        """The cell that runs next. One whose input changed follows that once: what changes it may stand in the entry
        itself, and then it would never come to rest."""
        due = [row for row in rows if row.do == "due"]
        if due and due[0].why == "input changed" and due[0].cell.chain in self.followed - self.stale:
            due = [row for row in due if row.why not in ("input changed", "above changed")]
        return due[0] if due else None

    def plan(self, entry: Entry, running: str, standing: Standing | None) -> list[Row]:
        """What is to be done with each cell, and why not where something stands against it.

        `running` is the chain of the cell at work; `standing` the entry's kernels, if there are any yet.
        """

        def held(cell: Cell, why: Why) -> str:
            return self._held(entry, cell, why)

        rows = planning.plan(entry, self._asked(running, held))
        slow, barred = self._slow(rows), self._barred(entry, rows, standing)
        if slow is None and not barred:
            return rows

        def held_too(cell: Cell, why: Why) -> str:
            return held(cell, why) or (slow(cell, why) if slow else "") or barred.get(cell.chain, "")

        return planning.plan(entry, self._asked(running, held_too))

    def due(self, entry: Entry, running: str) -> list[Row]:
        """What would run, were nothing but the text, trust and kernels asked."""
        rows = planning.plan(entry, self._asked(running, lambda cell, why: self._refused(entry, cell)))
        return [row for row in rows if row.do == "due"]

    def reaches(self, entry: Entry, cell: Cell) -> str:
        """Why a cell is not to be run again only for the state that it makes; empty when it may."""
        return self._reaches(entry, cell, None)

    def changed_inputs(self, entry: Entry) -> bool:
        """Whether a file that one of its cells read is another by now; of one that followed that, since it did."""
        return any(
            cell.chain not in self.followed or self.past.saved_at(path) > self.over
            for cell in entry.cells
            if cell.runs
            for path, _ in self.past.changed_inputs(self.rel, cell)
        )

    # -- inside -------------------------------------------------------------------------------------------------

    def _asked(self, running: str, held: Callable[[Cell, Why], str]) -> Asked:
        return Asked(
            wanted=lambda cell: cell.chain in self.wanted,
            changed=lambda cell: cell.chain in self.stale or self.past.changed(self.rel, cell),
            running=lambda cell: cell.chain == running,
            held=held,
        )

    def _held(self, entry: Entry, cell: Cell, why: Why) -> str:
        if reason := self._refused(entry, cell):
            return reason
        if (far := reach(cell)) and self.leaving.get(cell.chain) != far:
            return LEAVES.format(OUT[far])
        if reason := self.company(cell):
            return reason
        if why == "input changed" and (path := self._agents_input(entry, cell)):
            return WRITTEN.format(path, self.rel)
        if cell.chain in self.allowed:
            return ""
        if outside := self.past.reached_aside(cell):
            return ASIDE.format(", ".join(outside), self.rel)
        mode = str(entry.meta.get("run") or self.settings.run)
        if mode in ("ask", "never"):
            return f"this entry says run: {mode}; 'nozzle run {self.rel}' runs it"
        return self.resting

    def _agents_input(self, entry: Entry, cell: Cell) -> str:
        """A file that a free cell read, and that an agent's cell has written since: it may be code, and would run free.

        The author's cells below one of an agent's run in its bounds.
        """
        if any(not reach(each) for each in agents(entry, cell.chain)):
            return ""
        changed = (each for each in self.past.changed_inputs(self.rel, cell) if each not in self.heeded)
        makers = ((path, self.past.maker(path)) for path, _ in changed)
        return next((path for path, maker in makers if maker and agents(*maker)), "")

    def _slow(self, rows: list[Row]) -> Callable[[Cell, Why], str] | None:
        """Cells below an edit follow by themselves only when all that is due is quick and stays inside."""
        due = [row for row in rows if row.do == "due"]
        following = [row.cell for row in due if self._follows(row.cell, row.why)]
        if not following:
            return None
        known = {row.cell.chain: fact for row in due if (fact := self.past.last(self.rel, row.cell)) and fact.ran}
        seconds = sum(fact.seconds or 0 for fact in known.values())
        outside = sorted({effect for fact in known.values() for effect in fact.effects})
        unknown = next((cell for cell in following if cell.chain not in known), None)
        once = [row.cell for row in due if row.cell.options.once and row.cell.chain in known]
        if seconds < self.settings.follow and not (outside or once) and unknown is None:
            return None
        reason = f"all that is due took {seconds:.0f} s last time"
        if outside:
            reason = f"it reached outside ({', '.join(outside)})"
        elif once:
            reason = f"{planning.name(once[0])} may run only once"
        elif unknown is not None and seconds < self.settings.follow:
            reason = f"how long {planning.name(unknown)} takes is not known here"
        return lambda cell, why: f"stale: {reason}; 'nozzle run {self.rel}' runs it" if self._follows(cell, why) else ""

    def _follows(self, cell: Cell, why: Why) -> bool:
        """Whether a cell would run only for what happened above it, and nobody allowed that."""
        return why in ("above changed", "input changed") and cell.chain not in self.allowed

    def _barred(self, entry: Entry, rows: list[Row], standing: Standing | None) -> dict[str, str]:
        """Why the next cell cannot have its state: cells above would run again that must not, or not unasked."""
        self._barring = None
        runs = [row for row in rows if row.cell.runs]
        at = next((number for number, row in enumerate(runs) if row.do == "due"), 0)
        above = [row.cell for row in runs[:at]]
        if not above or reach(runs[at].cell) or (standing is not None and standing.at == above[-1].chain):
            return {}
        reaching = {cell.chain: reason for cell in above if (reason := self._reaches(entry, cell, standing))}
        if not reaching:
            return {}
        again = (standing or self.kernels()).missing(jobs(entry, above[-1], self.settings))
        chains = [job.cell for job in again if job.cell in reaching]
        if not chains:
            return {}
        if not any(self._refused(entry, cell) for cell in above if cell.chain in chains):
            self._barring = runs[at].cell, chains
        return {runs[at].cell.chain: reaching[chains[0]]}

    def _reaches(self, entry: Entry, cell: Cell, standing: Standing | None) -> str:
        """Why a cell is not to be run again only for the state that it makes; empty when it may."""
        if foreign := self._refused(entry, cell):
            return f"it needs {planning.name(cell)} above it: {foreign}"
        if cell.chain in self.said:
            return ""
        if cell.options.once:
            return f"{planning.name(cell)} may run only once, and its state is gone; {ANSWERS}"
        fact = self.past.last(self.rel, cell)
        if fact and fact.effects == (ASKED,) and standing is not None and standing.answered(cell.chain):
            return ""
        if fact and fact.effects:
            return f"{planning.name(cell)} would reach outside again ({', '.join(fact.effects)}); {ANSWERS}"
        if not (fact and fact.ran):
            more = SHALLOW if self.past.steps.is_shallow() else ""
            unknown = f"no step here says whether it reached outside{more}"
            return f"{planning.name(cell)} would run again, and {unknown}; {ANSWERS}"
        return ""

    def _refused(self, entry: Entry, cell: Cell) -> str:
        """Why a cell cannot run here, whoever asks: it is not trusted, or there is no kernel for it."""
        if self._foreign is None:
            self._foreign = self.foreign(entry)
        return self._foreign(cell) or self.lacks(cell.language)
