"""Calls of the model that nobody asked for, to explain a cell or to answer prose: a silence of theirs is news too.

What is told of it stands by the cell or the paragraph as long as it lasts, and is taken out when it is over.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from nozzle.agents.crew import Crew
from nozzle.agents.silence import SILENT, Silence
from nozzle.desk import Desk
from nozzle.document import scribe, spoken
from nozzle.document.edit import Edit
from nozzle.document.entry import Entry, Envelope
from nozzle.document.scribe import Hand
from nozzle.document.spoken import Saying
from nozzle.document.thought import conduct
from nozzle.lm import Stop


class Call(NamedTuple):
    stop: Stop
    silence: Silence

    def hear(self, piece: str) -> None:
        """Something came; nobody looks on while it does."""
        self.silence.hear()


@dataclass(slots=True)
class Unasked:
    desk: Desk
    crew: Crew
    _calls: dict[str, Call] = field(default_factory=dict)
    """By what they are about: the chain of a cell, the digest of a paragraph."""
    _now: float = 0.0

    def of_cell(self, chain: str) -> Call:
        """A call about a cell begins."""

        def tell(entry: Entry, said: Saying, hand: Hand, status: str) -> Edit | None:
            slot = entry.slot(chain)
            if status == SILENT:
                return spoken.news(entry, chain, said, hand, {"status": status})
            return _taken_out(entry, slot.blocks if slot else (), status)

        return self._begin(chain, tell)

    def of_paragraph(self, digest: str) -> Call:
        """A call about a paragraph begins."""

        def tell(entry: Entry, said: Saying, hand: Hand, status: str) -> Edit | None:
            if status == SILENT:
                return conduct.warn(entry, digest, said.text, hand, status)
            return _taken_out(entry, [block for block in entry.envelopes if block.of == digest], status)

        return self._begin(digest, tell)

    def ended(self, name: str, call: Call) -> None:
        """It came to its end."""
        if self._calls.get(name) is call:
            self._calls.pop(name).silence.ended(self._now)

    def stop(self, names: Callable[[str], bool] = lambda name: True) -> set[str]:
        """End those that are about these, at once; what they were about."""
        stopped = [name for name in self._calls if names(name)]
        for name in stopped:
            call = self._calls.pop(name)
            call.stop.say()
            call.silence.ended(self._now)
        return set(stopped)

    def tick(self, now: float) -> None:
        self._now = now
        for call in self._calls.values():
            call.silence.tick(now)

    def wake(self, now: float) -> float | None:
        times = (at for call in self._calls.values() if (at := call.silence.wake(now)) is not None)
        return min(times, default=None)

    def _begin(self, name: str, tell: Callable[[Entry, Saying, Hand, str], Edit | None]) -> Call:
        call = self._calls[name] = Call(Stop(), Silence(self.desk, self.crew, name, self._now, tell))
        return call


def _taken_out(entry: Entry, blocks: "tuple[Envelope, ...] | list[Envelope]", status: str) -> Edit | None:
    ours = (each for each in blocks if each.kind == "news" and each.keys.get("by") == spoken.WATCH)
    silent = next((each for each in ours if each.status == SILENT), None)
    return scribe.remove(entry, silent) if silent else None
