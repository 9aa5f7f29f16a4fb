"""What the agents of all entries of a journal share: a model or none, its memory, the way back to the loop."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from nozzle.document import spoken
from nozzle.document.entry import Cell, Entry
from nozzle.document.events import Finished
from nozzle.document.prompts import Word as Said
from nozzle.document.proposal import Risk
from nozzle.document.risk import Ground, weigh
from nozzle.document.trajectory import Message, fit, trajectory
from nozzle.errors import NozzleError
from nozzle.explainer import Live, Recall
from nozzle.explainer.claims import Evidence, shown
from nozzle.explainer.slices import code
from nozzle.lm import Model, Prompts, Tracer
from nozzle.run import FREE
from nozzle.settings import Settings

Word = Literal["run", "deny", "keep", "skip"]
"""An answer to a proposal, from the terminal or the page; `keep` and `skip` to one that would do something again."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What a thread holds, for a merge."""

    entry: Entry
    files: tuple[str, ...]
    """Put here already, from the root."""
    at: str
    """The step there."""
    rel: str
    """How the entry is called there."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the author says to a task: `/sure`, `/nope`, `/stop`, and what stands behind it."""

    task: str
    """How the name of the task begins."""
    word: Said
    text: str = ""
    id: str | None = None
    """The proposal that he saw; empty when he saw none; None: whichever stands."""


class Threads(Protocol):
    """Threads of the journal beside this one, each looked after by a loop of its own."""

    def fork(self, name: str) -> str:
        """A new thread here, called this or nearly so; its name. NozzleError when there can be none."""

    def begin(self, name: str) -> None:
        """Have the task that it is named after done there."""

    def stop(self, name: str) -> None:
        """Stop what agents do there."""

    def answer(self, name: str, said: "Told") -> None:
        """Tell a task there what the author said to it here."""

    def text(self, name: str, rel: str) -> Entry | None:
        """The entry with the task as it stands there now, also where it is called otherwise; None when it is gone."""

    def live(self, name: str, rel: str) -> Live | None:
        """What of an entry runs there now; None when nothing does, or nobody looks after it."""

    def link(self, name: str, rel: str) -> str:
        """The way from an entry here to the same entry there."""

    def merge(self, name: str, rel: str) -> Brought:
        """The entry as its last step there has it; its other files are put here. NozzleError when they clash."""


@dataclass(frozen=True, slots=True)
class Crew:
    settings: Settings
    recall: Recall
    call: Callable[[Callable[[], None]], None]
    """Have the loop's own thread do this; from any thread."""
    green: Callable[[str, Cell, Entry], tuple[Entry, Cell] | None]
    """(entry's path, a cell, its text) -> the newest text in a step in which the cell ran well, and the cell in it."""
    own: Callable[[str, Entry], Callable[[str], bool]]
    """(entry's path, its text) -> whether a prompt of this digest is known to be the author's, not brought by git."""
    answered: Callable[[str, Entry, Entry], set[str]]
    """(entry's path, its text, what it was) -> what stands to be answered that git may have changed there meanwhile."""
    by_git: Callable[[str, Entry], bool]
    """(entry's path, its text) -> whether git alone may have written it."""
    model: Model | None = None
    prompts: Prompts = field(default_factory=Prompts)
    tracer: Tracer | None = None
    running: set[str] = field(default_factory=set)
    """Chains of the agents' cells that run: what is saved meanwhile may be their doing."""
    redact: Callable[[str], str] = lambda text: text
    """No secret is sent, also none that the author wrote himself."""
    ground: Callable[[str], Ground] = lambda rel: Ground()
    """(entry's path) -> where a cell of an agent would run there."""
    let: Callable[[str], frozenset[str]] = lambda rel: frozenset()
    """(entry's path) -> ids of the agents' cells that the author let run there himself, having seen them."""
    doubts: list[Callable[[Finished], None]] = field(default_factory=list)
    """What is to be done when an agent's cell ends, by those whose entry was saved while it ran."""
    threads: Callable[[], Threads | None] = lambda: None
    """None while no watch looks after other threads: then all tasks are done in their place."""
    only: str = ""
    """How the name of the task begins for which this thread was made: what else was open then is not its business."""
    undrawn: Callable[[str], str] = lambda source: ""
    """Why a Mermaid diagram is not drawn; empty when it is."""
    project: Callable[[], str] = lambda: ""
    """How the project is run, as its files say."""

    def shared(self, entry: Entry, upto: int) -> list[Mapping[str, str]]:
        """What both agents are sent: the system's words, and the entry up to a line."""
        system = "\n\n".join(part for part in (self.prompts.text("system"), self.project()) if part)
        clean = [  # before they are cut: half of a secret is not recognised as one
            replace(each, content=self.redact(each.content), name=self.redact(each.name))
            for each in trajectory(entry, upto)
        ]
        messages: Sequence[Message] = fit(clean, self.settings.model_context)
        sent = [{"role": each.role, "content": each.content} for each in messages]
        return [{"role": "system", "content": self.redact(system)}, *sent]

    def weighed(self, entry: Entry, rel: str, source: str, language: str) -> tuple[Risk, str]:
        """What a cell could do in an entry, and what it would touch, in words."""
        theirs = [cell for cell in entry.cells if cell.language == language and cell.by not in FREE]
        let = self.let(rel) if theirs else frozenset()
        unseen = [cell.body for cell in theirs if spoken.id_of(entry, cell) not in let]
        return weigh(source, language, self.ground(rel), code(entry, language), unseen)

    def evidence(self, entry: Entry, folder: Path, but: str = "", claims: Sequence[str] = ()) -> Evidence:
        """What bears out a model's words about an entry that lies in this folder; without the code of the cell of this
        chain, and these words that it printed."""

        def elsewhere(words: str) -> bool:
            return any(words in " ".join(each.content.split()) for each in self.recall.search(words))

        root = next((each for each in (folder, *folder.parents) if (each / ".git").exists()), folder)

        def there(path: str) -> bool:
            return (folder / path).exists() or (root / path).exists()

        return Evidence(shown(entry, but, claims), there, elsewhere, self.undrawn)

    def work(self, job: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Do a job in a thread, and what follows from it on the loop; a fault of ours comes as its value."""

        def run() -> None:
            result: Any = NozzleError("the agent stopped without a word")
            try:
                result = job()
            except NozzleError as error:
                result = error
            finally:
                self.call(lambda: then(result))

        threading.Thread(target=run, name="nozzle agent", daemon=True).start()
