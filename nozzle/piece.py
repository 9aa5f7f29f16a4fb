"""A piece of text on its way under a cell: how it is written, and from where it came.

A piece is a function of the newest text and never a text itself, so it can be put into whatever the author has made of
the entry meanwhile. It refuses to be put under a cell that is gone: then it belongs to the text it began from.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from nozzle.document.edit import Edit, apply
from nozzle.document.entry import Cell, Entry
from nozzle.document.facts import Facts
from nozzle.steps import Taken


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a run began."""

    head: str
    """The step."""
    text: bytes
    """The file."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Something to be written under a cell."""

    kind: str
    """cell | partial | repair | marker (no step of its own), and what agents write: answer | note | news | ..."""
    chain: str
    """The cell's that it is about; the name of a prompt or a proposal for what stands under no cell."""
    title: str
    edit: Callable[[Entry], Edit | None]
    cell: Cell | None = None
    facts: Facts | None = None
    adopt: tuple[str, ...] = ()
    """Files that the cell wrote, from the root."""
    origin: Origin | None = None
    trailers: Mapping[str, str] = field(default_factory=dict)
    """What its step says beyond the cell."""
    taken: Mapping[str, Taken] = field(default_factory=dict)
    """Those of `adopt` as they were when it ended: cells below may write them again before its step is made."""


@dataclass(frozen=True, slots=True)
class Made:
    """A piece put into a text: the text after it, and the files that it shows."""

    piece: Piece
    entry: Entry
    files: Mapping[str, bytes]

    @property
    def text(self) -> bytes:
        return self.entry.text.encode()


def compose(entry: Entry, pieces: Sequence[Piece]) -> tuple[list[Made], list[Piece]]:
    """Pieces put into a text one after the other; and those that found no place in it."""
    made: list[Made] = []
    fell: list[Piece] = []
    for piece in pieces:
        edit = piece.edit(entry)
        if edit is None:
            fell.append(piece)
        else:
            entry = Entry(apply(entry.text, edit), before=entry)
            made.append(Made(piece, entry, edit.files))
    return made, fell
