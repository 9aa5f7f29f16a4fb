"""Cells that a killed process left as running: nobody is at them, and their outputs say so."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
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
    """How the ending of a block is written into a text that still has it.

    What stands in the block is kept, and signed again, only where this very hand had written it; anybody can write
    a block that says it is running, and of such a one nothing is left but that it ended.
    """

    def edit(entry: Entry) -> Edit | None:
        there = next((each for each in entry.envelopes if each.keys == block.keys), None)
        if there is None:
            return None
        if _is_ours(entry, there, files, hand):
            return scribe.ended(entry, there, result, dict(files), hand)
        return scribe.ended(entry, replace(there, body=()), result, {}, replace(hand, sign=None))

    return edit


def _is_ours(entry: Entry, block: Envelope, files: Mapping[str, bytes], hand: Hand) -> bool:
    """Whether a block is, to the byte, what this hand wrote; one that has no key wrote what nobody signed.

    A key makes of the same words always the same signature, so who can sign needs nothing more to know his own.
    """
    digests = {name.removeprefix("_out/"): hashlib.sha256(data).hexdigest() for name, data in files.items()}
    cell = next((slot.cell for slot in entry.slots if block in slot.blocks), None)
    sign = hand.sign

    def verify(chain: str, digest: str, signature: str) -> str | None:
        return "ours" if sign and sign(chain, digest) == signature else None

    report = seal.examine(block, cell, digests.get, verify)
    return report.state != "edited" and bool(report.signer) == bool(sign)
