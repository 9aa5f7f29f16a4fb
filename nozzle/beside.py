"""Who works at an entry beside its desk, and what a person may want to know of it."""

from dataclasses import dataclass
from typing import Protocol

from nozzle.document.entry import Cell, Entry
from nozzle.document.events import Event, Finished
from nozzle.ledger import Seen
from nozzle.run import Run


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person may want to know; the caller decides how it is shown."""

    kind: str
    entry: str
    text: str = ""
    cell: str = ""
    """The cell's title."""
    event: Event | None = None
    of: str = ""
    """The name on the page of the paragraph that it belongs to: of a question, a task."""


class Beside(Protocol):
    """Who works at an entry beside its desk: told what happens there, asked when time passes. On the loop's thread."""

    def seen(self, seen: Seen, before: Entry) -> None:
        """The text was looked at; `before` is what it was."""

    def asked(self) -> None:
        """Somebody wants this entry to run."""

    def begun(self, run: Run) -> None:
        """A cell is about to start."""

    def over(self, run: Run, finished: Finished) -> None:
        """A cell has ended whose place is no longer in the text."""

    def ended(self, run: Run, finished: Finished) -> None:
        """A cell has ended, and its output is in the text that waits to be written."""

    def tick(self, now: float) -> None:
        """Time passes."""

    def wake(self, now: float) -> float | None:
        """When it wants its next tick, in seconds from now; None: when something happens."""

    def busy(self) -> bool:
        """Whether something is on its way that needs nobody's answer."""

    def held(self, cell: Cell) -> str:
        """Why a cell may not run now; empty when it may."""

    def stop(self) -> bool:
        """Stop what is on its way; whether anything was."""

    def end(self, cause: str) -> None:
        """The loop ends, for this cause: stop what is on its way, and leave what waits for the author as it stands."""

    def leave(self) -> None:
        """Another one takes over from here: forget what is on its way, and write nothing of it."""


class Nobody:
    """The author works alone."""

    def __init__(self, desk: object) -> None:
        pass

    def seen(self, seen: Seen, before: Entry) -> None:
        pass

    def asked(self) -> None:
        pass

    def begun(self, run: Run) -> None:
        pass

    def over(self, run: Run, finished: Finished) -> None:
        pass

    def ended(self, run: Run, finished: Finished) -> None:
        pass

    def tick(self, now: float) -> None:
        pass

    def wake(self, now: float) -> float | None:
        return None

    def busy(self) -> bool:
        return False

    def held(self, cell: Cell) -> str:
        return ""

    def stop(self) -> bool:
        return False

    def end(self, cause: str) -> None:
        pass

    def leave(self) -> None:
        pass
