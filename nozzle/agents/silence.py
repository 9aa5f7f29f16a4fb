"""A model that is asked and says nothing for long: news under what it was asked, by the clock and without a model."""

from collections.abc import Callable
from dataclasses import dataclass

from nozzle.agents.crew import Crew
from nozzle.beside import Notice
from nozzle.desk import Desk
from nozzle.document import spoken
from nozzle.document.edit import Edit
from nozzle.document.entry import SHOWN, Entry
from nozzle.document.scribe import Hand
from nozzle.document.spoken import Saying
from nozzle.piece import Piece

SILENT, SPOKE = "model-is-silent", spoken.SPOKE
"""Status of the news, and of what takes its place."""


@dataclass(slots=True)
class Silence:
    """How long one call has brought nothing."""

    desk: Desk
    crew: Crew
    name: str
    """What it serves: the digest of a prompt, or of a paragraph, or a cell's chain."""
    since: float
    """On the loop's clock: when it was asked, or last said something."""
    tell: Callable[[Entry, Saying, Hand, str], Edit | None]
    """How that it is silent, or was, is written into the text."""
    _heard: bool = False
    _told: bool = False

    def hear(self) -> None:
        """Something came; said from the thread that waits for it."""
        self._heard = True

    def tick(self, now: float) -> None:
        """Tell it, once; and that it is over."""
        stall = self.crew.settings.stall
        if self._heard:
            self._heard = False
            self.ended(now)
            self.since = now
        elif stall and not self._told and now - self.since >= stall:
            self._told = True
            words = f"nothing has come from {self._name} for {now - self.since:.0f} s"
            self._put(f"**Hold on, breaking: the model is silent:** {words}; `/stop` below this ends it.", SILENT)
            self.desk.tools.say(Notice("news", self.desk.rel, f"breaking: {words}"))

    def ended(self, now: float) -> None:
        """It has answered, or was stopped; where its silence was told, that it lasted so long."""
        if self._told:
            self._told = False
            self._put(f"{self._name} was silent for {now - self.since:.0f} s; that is over.", SPOKE)

    def wake(self, now: float) -> float | None:
        """Seconds until it is to be looked at; None: never."""
        stall = self.crew.settings.stall
        return max(0.05, stall / 4 if self._told else self.since + stall - now) if stall else None

    @property
    def _name(self) -> str:
        return self.crew.model.name if self.crew.model else "the model"

    def _put(self, words: str, status: str) -> None:
        said, hand = Saying(words, by=spoken.WATCH, via="facts"), self.desk.tools.hand
        self.desk.put(
            Piece(
                "news", f"{self.name[:SHOWN]} {status}", status.replace("-", " "),
                lambda entry: self.tell(entry, said, hand, status), trailers={"Silent": status},
            )
        )  # fmt: skip


def under(digest: str) -> Callable[[Entry, Saying, Hand, str], Edit | None]:
    """Told under the prompt of this digest, and there that it is over."""
    return lambda entry, said, hand, status: spoken.warn(entry, digest, said, hand, status, over=SILENT)
