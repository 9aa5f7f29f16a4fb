"""A cell at work: in which session, since when, what it has shown, and how it is written down.

A run belongs to the text it began from. It refuses to know what the text has become since: the desk decides whether
its result still has a place there.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from nozzle.document import scribe
from nozzle.document.entry import Cell, Entry, Envelope
from nozzle.document.events import Error, Event, Finished, Started
from nozzle.document.options import Reach, magic_first
from nozzle.document.outputs import Tape, Text
from nozzle.document.plan import Why
from nozzle.document.risk import names_tools
from nozzle.document.scribe import Hand, Result
from nozzle.document.thought import conduct
from nozzle.past import Past, Since
from nozzle.piece import Origin, Piece
from nozzle.runner import Job, Replay, Session
from nozzle.settings import Settings
from nozzle.together import Together

FREE = ("", conduct.BY)
"""Whose cells run without bounds: the author's, and those that the conductor made of his own words."""
LACKS = ("FileNotFoundError", "ModuleNotFoundError", "ImportError")
SPARSE = (
    "This thread's folder holds only some of the journal's files. If it is one of the others: `git sparse-checkout "
    "disable` in that folder brings them, then `nozzle run`"
)
NOTHING: Mapping[str, Replay] = {}
FEW = 12
"""Files that are named one by one."""
LONG = 2.0
"""Seconds after which a running cell gets its marker in the text."""
PARTIALS = (10.0, 30.0, 90.0, 300.0, 900.0)
"""Seconds at which a running cell's output so far is written; then every quarter of an hour."""


@dataclass(slots=True)
class Run:
    cell: Cell
    why: Why
    began: float
    """On the loop's clock."""
    since: Since
    """How the worktree looked at its start: what changed later may be the doing of its programs."""
    session: Session
    origin: Origin
    together: Together = field(default_factory=Together)
    """Gives it a place to run in."""
    waits: bool = True
    """It has no place yet."""
    before: Envelope | None = None
    """The cell's output as it stood when it began."""
    tape: Tape = field(default_factory=Tape)
    error: Error | None = None
    under_way: bool = False
    """Its own code runs; before that, the cells above it may be replayed."""
    shown: int = 0
    """How often its marker or a partial was written."""
    doubtful: tuple[str, ...] = ()
    """Files that changed meanwhile and may be the author's own work."""
    made: tuple[str, ...] = ()
    """Files that it wrote itself."""
    again: tuple[str, ...] = ()
    """Files that cells above wrote once more, since they ran again before it."""
    stopping: str = ""
    """Why it was told to stop."""

    def work(self, jobs: list[Job], tell: Callable[[Event], None]) -> None:
        """Run in a thread of its own; the last event told is Finished, whatever happens."""
        threading.Thread(target=self._work, args=(jobs, tell), name=f"nozzle {self.cell.title}", daemon=True).start()

    def hear(self, event: Event) -> None:
        self.tape.add(event)
        self.under_way = self.under_way or isinstance(event, Started)
        if self.stopping:  # the session had not begun when it was told
            self.session.interrupt(self.stopping)
        if isinstance(event, Error):
            self.error = event

    def stop(self, cause: str) -> None:
        """Interrupt it; what it showed so far is kept."""
        self.stopping = cause
        self.session.interrupt(cause)

    def result(self, finished: Finished, rel: str, cell: Cell, hand: Hand, past: Past) -> Piece:
        """What is to be written, now that it has ended; `cell` as it stands in the text of the entry `rel` by now."""
        result = Result(
            cell.chain,
            finished.status,
            self.tape.outputs,
            cause(finished),
            self._hint(cell, past),
            cut=bool(finished.left_out),
        )
        title = cell.title + ("" if finished.status == "ok" else f" ({finished.status})")
        session, rewrote = self.session, tuple(self.session.rewrote)
        again = past.own(replace(finished, writes=rewrote)) | past.made_by(rel, session.reran)
        seen = replace(finished, writes=(*finished.writes, *rewrote), spawned=finished.spawned or session.respawned)
        since = replace(self.since, again=again, lingers=session.lingers)
        written, doubtful = past.written(rel, cell, seen, since)
        if written - past.own(finished):
            session.wrote(finished.cell, written)
        self.again = tuple(sorted((written & again) - past.own(finished)))
        self.made = tuple(sorted(written.difference(self.again)))
        self.doubtful = tuple(sorted(doubtful))
        said = {"State": self.session.live.impure, "Cache": finished.cached}
        finished = replace(finished, names={name: hand.redact(words) for name, words in finished.names.items()})
        return Piece(
            "cell", cell.chain, title, lambda entry: scribe.write(entry, result, hand),
            cell, past.facts(finished), tuple(sorted(written)), self.origin,
            {key: words for key, words in said.items() if words},
        )  # fmt: skip

    @property
    def doubts(self) -> list[str]:
        """The doubtful files, the first few by name: an archive may have been unpacked."""
        more = self.doubtful[FEW:]
        return [*self.doubtful[:FEW], *([f"{more[0]} and {len(more) - 1} other files"] if more else [])]

    @property
    def printed(self) -> str:
        """What it printed so far."""
        return "".join(each.text for each in self.tape.outputs if isinstance(each, Text))

    def so_far(self, hand: Hand) -> Piece:
        """Its marker, and later what it has shown until now."""
        self.shown += 1
        result = Result(self.cell.chain, "running", self.tape.outputs if self.shown > 1 else (), cut=True)
        kind = "partial" if self.shown > 1 else "marker"
        title = f"{self.cell.title} (running)"
        return Piece(kind, self.cell.chain, title, lambda entry: scribe.write(entry, result, hand))

    def _hint(self, cell: Cell, past: Past) -> str:
        """What helps with its error: a refusal may come from the bounds that it ran in, a lack from its folder."""
        held = self.session.live.held
        if self.error is not None and self.error.ename in LACKS and past.steps.is_sparse():
            return SPARSE
        is_refused = self.error is not None and self.error.ename == "PermissionError"
        if is_refused and reach(cell) == "network":
            return "it had the network, and kept its other bounds; `#| reach: all` on top of a cell asks to leave them"
        if not is_refused or held is None or reach(cell):
            return hint(cell, self.error)
        whose = "it" if cell.by not in FREE else "it stands below an agent's cell and"
        return f"{whose} ran {held.label}".replace("confined", "in bounds", 1)

    @property
    def next_shown(self) -> float:
        """When it is next written, on the loop's clock."""
        times = (LONG, *PARTIALS)
        late = PARTIALS[-1] * (self.shown - len(times) + 2)
        return self.began + (times[self.shown] if self.shown < len(times) else late)

    def _work(self, jobs: list[Job], tell: Callable[[Event], None]) -> None:
        finished = False
        try:
            with self.together.place(lambda: not self.stopping) as has_place:
                self.waits = False
                events = self.session.run(jobs) if has_place else self._unbegun()
                for event in events:
                    finished = isinstance(event, Finished)
                    tell(event)
        finally:
            if not finished:  # a fault of nozzle's own, which the thread's last words tell
                tell(Finished(self.cell.chain, "died", cause="nozzle lost the kernel"))

    def _unbegun(self) -> Iterator[Event]:
        yield Finished(self.cell.chain, "stopped", cause=self.stopping)


def agents(entry: Entry, chain: str) -> list[Cell]:
    """The cells of agents among a cell, named by its chain, and those above it."""
    cells = [cell for cell in entry.cells if cell.runs]
    upto = next((at for at, cell in enumerate(cells) if cell.chain == chain), -1) + 1
    return [cell for cell in cells[:upto] if cell.by not in FREE]


def reach(cell: Cell) -> Reach:
    """How far out of its bounds a cell would go; the author's own has none to leave."""
    return "" if cell.by in FREE else cell.options.reach


def jobs(
    entry: Entry,
    cell: Cell,
    settings: Settings,
    said: Mapping[str, Replay] = NOTHING,
    acting: Collection[str] = (),
    looking: Collection[str] = (),
    unasked: Collection[str] = (),
) -> list[Job]:
    """The cells of the chain up to and with this one; `said` of a replay of some, by their chains.

    Those of agents act outside by the host's tools only when their chains are `acting`; the author's, below one of
    theirs, only when they name the tools. Those that are `looking` do nothing but that; of those `unasked` nothing
    goes on when they are over.
    """
    found: list[Job] = []
    below = False
    for each in entry.cells:
        if each.runs:
            options, is_free = each.options, each.by in FREE
            acts = (not below or names_tools(each.body)) if is_free else each.chain in acting
            below = below or not (is_free or reach(each))
            found.append(
                Job(
                    each.chain, magic_first(each.body) + "\n", each.language, options.timeout or settings.timeout,
                    options.raises, options.once, said.get(each.chain), options.cache,
                    label=each.label or each.digest[:8], confined=not is_free, reach=reach(each),
                    acts=acts, looks=each.chain in looking, unasked=each.chain in unasked,
                )
            )  # fmt: skip
        if each.chain == cell.chain:
            return found
    return found


def cause(finished: Finished) -> str:
    """Why a cell did not end by itself, and what of its output was not kept; empty when it did, and all was."""
    return "; ".join(filter(None, [_ended(finished), finished.left_out]))


def _ended(finished: Finished) -> str:
    match finished.status:
        case "timeout" | "stopped":
            return f"Stopped: {finished.cause}"
        case "died":
            return f"The kernel died: {finished.cause}"
        case "error":
            return finished.cause
    return ""


def hint(cell: Cell, error: Error | None) -> str:
    """A cell without a language ran as Python; if it does not look like Python to Python, say so."""
    if cell.argument or error is None or error.ename not in ("NameError", "SyntaxError", "IndentationError"):
        return ""
    return (
        "No language is named on this cell, so it ran as Python. Another one is named in the fence: `{code-cell} bash`"
    )
