"""Tasks: the doer proposes a cell, the author or a rule lets it run, the doer sees what came of it, and goes on."""

from dataclasses import dataclass

from nozzle.agents.crew import Crew
from nozzle.desk import Desk
from nozzle.document.entry import Cell
from nozzle.document.events import Finished
from nozzle.document.prompts import Prompt
from nozzle.run import Run


@dataclass(slots=True)
class Tasks:
    desk: Desk
    crew: Crew

    def wants(self, asked: Prompt) -> bool:
        return False

    def saved(self, there: tuple[Prompt, ...]) -> None:
        pass

    def asked(self) -> None:
        pass

    def begin(self, asked: Prompt) -> None:
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

    def drop(self) -> None:
        pass

    def stop(self, why: str) -> bool:
        return False
