"""Cells that a killed process left as running: nobody is at them, and their outputs say so."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from nozzle.document import scribe, seal
from nozzle.document.edit import Edit
from nozzle.document.entry import Entry, Envelope
from nozzle.document.scribe import Hand, Result
from nozzle.piece import Piece

KILLED = "nozzle was ended while this cell ran; 'nozzle run' runs it again"


def ended(entry: Entry, folder: Path, hand: Hand) -> Iterator[tuple[str, Piece]]:
    """Each such cell's title, and the ending of its output; `folder` is the one that the entry lies in."""
    for block in entry.envelopes:
        slot = next((slot for slot in entry.slots if block in slot.blocks), None)
        if block.kind == "output" and block.status == "running" and slot:
            names = seal.files(block.body)
            found = {f"_out/{name}": path for name in names if (path := folder / "_out" / name).is_file()}
            files = {name: path.read_bytes() for name, path in found.items()}
            ending = _ending(block, Result(block.of, "died", cause=KILLED), files, hand)
            yield slot.cell.title, Piece("repair", block.of, f"{slot.cell.title} (died)", ending)


def _ending(block: Envelope, result: Result, files: Mapping[str, bytes], hand: Hand) -> Callable[[Entry], Edit | None]:
    """How the ending of a block is written into a text that still has it."""

    def edit(entry: Entry) -> Edit | None:
        there = next((each for each in entry.envelopes if each.keys == block.keys), None)
        return scribe.ended(entry, there, result, dict(files), hand) if there else None

    return edit
