"""What finished cells still print, from threads and children they left behind: told in notes, seldom."""

from dataclasses import dataclass, field
from functools import partial

from nozzle.document import scribe
from nozzle.document.events import Late
from nozzle.document.scribe import Hand
from nozzle.piece import Piece

LISTEN = 1.0
"""Seconds between two looks for what finished cells still print."""
LATEST = 300.0
"""Seconds, the longest between two writings of it."""


@dataclass(slots=True)
class _Said:
    due: float
    """When it is next written, on the loop's clock."""
    text: str = ""
    told: str = ""
    """What of it is written."""
    gap: float = LISTEN


@dataclass(slots=True)
class Afterwards:
    """Late output by cell. Each writing is a step, so the gaps between two of one cell double, up to `LATEST`."""

    heard: float = 0.0
    """When it was last listened, on the loop's clock."""
    _cells: dict[str, _Said] = field(default_factory=dict)

    def hear(self, event: Late) -> None:
        self._cells.setdefault(event.cell, _Said(self.heard)).text += event.text

    def forget(self, cell: str) -> None:
        """This cell runs anew."""
        self._cells.pop(cell, None)

    def pieces(self, now: float, hand: Hand) -> list[Piece]:
        """The notes that are to be written now."""
        found = []
        for chain, said in self._cells.items():
            if now >= said.due and said.text != said.told:
                said.told, said.due, said.gap = said.text, now + said.gap, min(2 * said.gap, LATEST)
                edit = partial(scribe.late, chain=chain, text=said.text, hand=hand)
                found.append(Piece("note", chain, "late output", edit))
        return found

    def wake(self, now: float) -> float:
        """When it wants to listen next, in seconds from now."""
        return self.heard + LISTEN - now
