"""What the agents of all entries of a journal share: a model or none, its memory, the way back to the loop."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nozzle.document.entry import Cell, Entry
from nozzle.document.events import Finished
from nozzle.document.risk import Ground
from nozzle.document.trajectory import Message, fit, trajectory
from nozzle.errors import NozzleError
from nozzle.explainer import Recall
from nozzle.lm import Model, Prompts, Tracer
from nozzle.settings import Settings


@dataclass(frozen=True, slots=True)
class Crew:
    settings: Settings
    recall: Recall
    call: Callable[[Callable[[], None]], None]
    """Have the loop's own thread do this; from any thread."""
    green: Callable[[str, Cell, Entry], tuple[Entry, Cell] | None]
    """(entry's path, a cell, its text) -> the newest text in a step in which the cell ran well, and the cell in it."""
    own: Callable[[str], Callable[[str], bool]]
    """(entry's path) -> whether a prompt of this digest is known to be the author's, and not brought by git."""
    model: Model | None = None
    prompts: Prompts = field(default_factory=Prompts)
    tracer: Tracer | None = None
    running: set[str] = field(default_factory=set)
    """Chains of the agents' cells that run: what is saved meanwhile may be their doing."""
    redact: Callable[[str], str] = lambda text: text
    """No secret is sent, also none that the author wrote himself."""
    ground: Callable[[str], Ground] = lambda rel: Ground()
    """(entry's path) -> where a cell of an agent would run there."""
    doubts: list[Callable[[Finished], None]] = field(default_factory=list)
    """What is to be done when an agent's cell ends, by those whose entry was saved while it ran."""
    project: Callable[[], str] = lambda: ""
    """How the project is run, as its files say."""

    def shared(self, entry: Entry, upto: int) -> list[Mapping[str, str]]:
        """What both agents are sent: the system's words, and the entry up to a line."""
        system = "\n\n".join(part for part in (self.prompts.text("system"), self.project()) if part)
        messages: Sequence[Message] = fit(trajectory(entry, upto), self.settings.model_context)
        sent = [{"role": each.role, "content": self.redact(each.content)} for each in messages]
        return [{"role": "system", "content": self.redact(system)}, *sent]

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
