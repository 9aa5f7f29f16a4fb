"""A task under way: what a process knows of it and the text cannot say, its budgets, and until when it waits."""

from dataclasses import dataclass, field
from typing import Literal

from nozzle.agents.astray import Signs
from nozzle.agents.moves import Move
from nozzle.agents.silence import Silence
from nozzle.document import proposal
from nozzle.document.proposal import Offer, Standing, Terms, Wait
from nozzle.lm import Stop, Usage
from nozzle.permit import Answer
from nozzle.settings import Settings


@dataclass(slots=True)
class Task:
    """A task under way."""

    digest: str
    began: float
    """When it began, on the loop's clock; later by all the time that it waited for the author since."""
    stood: float | None = None
    """When it was last seen to wait for the author; None while it thinks or runs."""
    state: Literal["thinking", "standing", "running"] = "thinking"
    number: int = 0
    """Cells proposed so far."""
    spent: Usage = field(default_factory=Usage)
    stop: Stop = field(default_factory=Stop)
    sent: int = 0
    """Characters that the model was last sent."""
    heard: list[str] = field(default_factory=list)
    """What it has said to that so far."""
    why: str = ""
    """Why it was told to stop, as its end will say."""
    offer: Offer | None = None
    early: bool = False
    """What stands was weighed before the step of what ran last was written: git may hold by now what it did not."""
    since: float = 0.0
    """Since when a proposal stands, on the loop's clock."""
    fresh: bool = False
    """Nobody has looked since it was written: it stands from then on."""
    stands: Standing | None = None
    edited: float | None = None
    """When the author last changed the fence of the proposal that stands."""
    held: float = 0.0
    """Until when he is taken to change it on the page, where no save shows it."""
    answer: Literal["", "run", "deny"] = ""
    """Said on the terminal or the page, for the proposal that stands."""
    sure: int = 0
    """Proposals to come that were allowed beforehand."""
    sure_of_all: bool = False
    """Whatever git takes back runs without a countdown."""
    replay: Answer | None = None
    """Before its cell can run, one above would reach outside again: what stands asks that, and this is said of it."""
    unkept: bool = False
    """He would have gone on in the kernel as it was, and there was none."""
    move: Move | None = None
    chain: str = ""
    """Of the cell that runs."""
    silence: Silence | None = None
    """Of the model, while it is asked for a move."""
    signs: Signs = field(default_factory=Signs)
    shown: list[str] = field(default_factory=list)
    """Chains of its cells that ran well."""
    made: list[str] = field(default_factory=list)
    """Files that they wrote, from the root."""

    def stands_at(self, now: float) -> None:
        """It waits for the author (a tick, a word that its cell asks for), or for a countdown: that is time of his."""
        self.began += 0.0 if self.stood is None else now - self.stood
        self.stood = now


def overspent(task: Task, settings: Settings, now: float) -> str:
    """Which of the budgets of a task is spent, in words; empty while none is."""
    spent = task.spent
    if task.number >= settings.task_steps:
        return f"Stopped: {task.number} cells were proposed, and task_steps allows no more."
    if spent.input + spent.output >= settings.task_tokens:
        about = "about " if spent.estimated else ""
        return f"Stopped: {about}{spent.input + spent.output:,} tokens were spent, and task_tokens allows no more."
    if words := overtime(task, settings, now):
        return words
    if spent.cost is not None and spent.cost >= settings.task_dollars:
        return f"Stopped: it cost ${spent.cost:.2f}, and task_dollars allows no more."
    return ""


def overtime(task: Task, settings: Settings, now: float) -> str:
    """The same of its time alone, which passes while it thinks and while a cell of its own runs."""
    if now - task.began < settings.task_seconds:
        return ""
    return f"Stopped: it took {now - task.began:.0f} s, and task_seconds allows no more."


def terms(task: Task, offer: Offer, settings: Settings) -> Terms:
    """On what terms the proposal that stands is decided."""
    asks_itself = task.replay is not None or offer.reach
    beforehand = not asks_itself and (task.sure > 0 or (task.sure_of_all and offer.risk == "reversible"))
    sure = task.answer == "run" or beforehand
    return Terms(
        task.since, settings.countdown, settings.unattended or None, sure,
        "you said no" if task.answer == "deny" else "", task.edited, task.held,
    )  # fmt: skip


def until(task: Task, settings: Settings, now: float) -> float | None:
    """When something is to be done about a task without anybody's answer; None when it is being done, or waits."""
    if task.state == "running":
        return now + 0.1
    if task.state == "thinking":
        return task.began + settings.task_seconds
    if task.offer is None:
        return None
    if task.answer:
        return now
    verdict = proposal.decide(task.offer, task.stands, terms(task, task.offer, settings), now)
    return verdict.until if isinstance(verdict, Wait) else now
