"""An entry with a doer, one loop over it, and an author who saves meanwhile."""

import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from nozzle.agents import Seat
from nozzle.document.entry import Entry, Envelope
from nozzle.lm import Failed, Reply, Scripted
from nozzle.loop import Loop, Message, Saved
from tests.conftest import Workshop


def fence(source: str, reason: str = "Because.", language: str = "python") -> str:
    return f"{reason}\n\n```{{code-cell}} {language}\n{source}\n```"


def replying(*replies: str | Reply | Failed) -> Scripted:
    left = list(replies)
    return Scripted(lambda messages: left.pop(0) if left else fence('final_answer("out of words")'))


@dataclass
class Table:
    """A loop that is run until nothing goes on by itself."""

    workshop: Workshop
    model: Scripted
    loop: Loop = field(init=False)
    path: Path = field(init=False)

    def __post_init__(self) -> None:
        self.workshop.here.model = self.model
        self.loop = self.workshop_loop()

    def workshop_loop(self) -> Loop:
        messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        return Loop(self.workshop.here.tools(self.workshop.notices.append, messages.put), messages)

    def begin(self, text: str) -> str:
        self.path = self.workshop.write(text)
        self.loop.advance([self.path])
        return self.go()

    def go(self) -> str:
        self.loop.run(until_idle=True)
        return self.text

    def save(self, change: Callable[[str], str]) -> str:
        """What an author does in an editor."""
        self.path.write_text(change(self.text))
        self.loop.messages.put(Saved(frozenset([self.path])))
        return self.go()

    def tick(self, word: str = "run") -> str:
        return self.save(lambda text: text.replace(f"- [ ] {word}", f"- [x] {word}"))

    @property
    def text(self) -> str:
        return self.path.read_text()

    @property
    def seat(self) -> Seat:
        seat = self.loop.desks[self.path].beside
        assert isinstance(seat, Seat)
        return seat

    def blocks(self, kind: str) -> list[Envelope]:
        return [block for block in Entry(self.text).envelopes if block.kind == kind]

    def kinds(self) -> list[str]:
        return [block.kind for block in Entry(self.text).envelopes]

    def labels(self) -> list[str]:
        """What was answered to proposals, oldest first, as the steps say."""
        steps = reversed(list(self.workshop.here.steps.history()))
        return [step.trailers["Answer"] for step in steps if "Answer" in step.trailers]


LOOSE = "rows.csv"


@pytest.fixture
def table(workshop: Workshop) -> Iterator[Callable[..., Table]]:
    """In a journal with a file that git does not hold, so that what code cannot tell waits for the author."""
    tables = []
    (workshop.root / LOOSE).write_text("1")

    def table(*replies: str | Reply | Failed, **settings: object) -> Table:
        update = {"countdown": 0.0, "settle": 0.05, "quiet": 0.1, **settings}
        workshop.here.settings = replace(workshop.here.settings, **update)
        tables.append(Table(workshop, replying(*replies)))
        return tables[-1]

    yield table
    for each in tables:
        each.loop.close()
