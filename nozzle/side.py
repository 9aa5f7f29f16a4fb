"""A prompt beside an entry: what is typed there runs in a copy of the entry's state, and never in the entry's own.

The copy is woken from the live kernel where that can be, and made by running the cells again where it cannot. It is
never kept, and never run again: when its kernel is gone, so is what was typed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256

from nozzle.desk import Desk
from nozzle.document.edit import apply
from nozzle.document.entry import Entry
from nozzle.document.events import Event, Finished
from nozzle.document.insert import insert
from nozzle.document.lines import decoded
from nozzle.errors import NozzleError, Refused
from nozzle.runner import Job, Session


@dataclass(slots=True)
class Side:
    desk: Desk
    owner: int
    """Process that has asked for it."""
    session: Session = field(init=False)
    above: list[Job] = field(init=False)
    """The cells whose state it began in."""
    waits: str = field(init=False)
    """Why it does not stand below all cells that are done; empty when it does."""
    said: str = field(init=False)
    """What is to be heard of files before it begins; empty when nothing is."""
    typed: list[Job] = field(default_factory=list)
    below: str = ""
    """Chain of the cell that a kept line goes below; empty: the end of the entry."""

    def __post_init__(self) -> None:
        copy = self.desk.copied()
        self.session, self.above, self.waits, self.said = copy.session, copy.above, copy.waits, copy.said
        self.below = self.above[-1].cell if self.above else ""

    def begin(self) -> Iterator[Event]:
        """Make the state; Refused when it cannot be had."""
        for event in self.session.go_to(self.above):
            if isinstance(event, Finished):
                raise Refused(event.cause)
            yield event
        self.session.part()
        self.above = [replace(job, once=True) for job in self.above]

    def run(self, source: str, language: str) -> Iterator[Event]:
        """One more line; the last event is its Finished. `gone` is true after it when its state is lost."""
        language = self._kernel(language)
        number = len(self.typed) + 1
        last = (self.typed or self.above or [Job("", "")])[-1].cell
        chain = sha256(f"typed {number} {last} {source}".encode()).hexdigest()
        job = Job(chain, source + "\n", language, once=True, label=f"typed {number}")
        yield from self.session.run([*self.above, *self.typed, job])
        self.typed.append(job)

    def _kernel(self, language: str) -> str:
        """The kernel that the entry has for it; one elsewhere is spoken to only where a cell has run there."""
        kernel = self.desk.entry.kernel(language)
        if "://" in kernel and kernel not in {job.language for job in self.above}:
            raise Refused(f"cells in {language} run at {kernel} here, and none has: run one first")
        return kernel

    @property
    def gone(self) -> bool:
        return bool(self.typed) and self.session.at != self.typed[-1].cell

    def keep(self, source: str, language: str) -> None:
        """What was typed becomes a cell of the entry, below those in whose state it began."""
        desk, put = self.desk, ""

        def edit(author: bytes) -> bytes | None:
            nonlocal put
            entry = Entry(decoded(author, desk.rel))
            place = f"cell-{self.below}" if self.below and entry.slot(self.below) else ""
            made = insert(entry, "cell", source, place, language)
            put = apply(entry.text, made) if made else ""
            return put.encode() if made else None

        written = desk.sheet.edit(edit)
        if not put:
            raise NozzleError("there is nothing to keep")
        desk.tools.ledger.save(desk.rel, written.content)
        chains = [cell.chain for cell in Entry(put).cells if cell.runs]
        at = chains.index(self.below) + 1 if self.below in chains else len(chains) - 1
        self.below = chains[at]
