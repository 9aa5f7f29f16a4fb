"""Files that cells wrote, where two threads meet: whose one is right is said by the merged text, not by their lines.

Such a file is what a cell shows, put elsewhere. It is never merged line by line: the one whose cell still stands, with
its output, is taken whole; where neither stands, the cell is due and makes the file anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from nozzle.steps import Step
    from nozzle.words.bring import Brought
    from nozzle.words.journal import Journal

Made = Mapping[str, str]
"""Path of a file -> chain of the cell that wrote it last."""


def made(here: Journal, base: str, tip: str) -> Made:
    """The files that cells wrote since `base`, and that are at `tip` as these left them."""
    found: dict[str, str] = {}
    for step in here.steps.history(rev=tip, until=base):
        for path in map(unquote, step.trailers.get("Writes", "").split()):
            if path not in found and (blob := here.steps.blob(tip, path)) and blob == here.steps.blob(step.sha, path):
                found[path] = _cell(here, step)
    return found


def meeting(mine: Made, theirs: Made, apart: Iterable[str]) -> list[str]:
    """The files that cells wrote both here and there."""
    return sorted((mine.keys() & theirs.keys()) - set(apart))


def chosen(paths: list[str], mine: Made, theirs: Made, brought: list[Brought]) -> dict[str, str]:
    """Of each such file, whose is right now: "theirs", "mine", or "due" where the cell that made either is due."""
    holding = _holding(brought)
    return {
        path: "mine" if _holds(mine[path], holding) else "theirs" if _holds(theirs[path], holding) else "due"
        for path in paths
    }


def _cell(here: Journal, step: Step) -> str:
    """The cell that wrote what a step holds; that of another step, where it was taken from there."""
    taken = step.trailers.get("Taken", "")
    return here.steps.resolve(taken).cell if taken else step.cell


def _holding(brought: list[Brought]) -> set[str]:
    """Chains of the cells whose outputs stand in the merged entries, as they are now."""
    from nozzle.document.entry import Entry

    slots = (slot for each in brought for slot in Entry(each.text.decode("utf-8", "replace")).slots)
    return {slot.cell.chain for slot in slots if slot.fresh}


def _holds(chain: str, holding: set[str]) -> bool:
    return any(each.startswith(chain) for each in holding)
