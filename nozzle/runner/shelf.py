"""States that outlive every process: what is known of one, and where a session asks for them.

Where they lie, and whose word is taken for what they are, is the business of who hands in the shelf.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from nozzle.runner.job import Job
from nozzle.runner.left import Files
from nozzle.runner.process import Place
from nozzle.runner.snapshots import OUTSIDE, Trail

BLIND = frozenset(
    {"eval", "exec", "globals", "locals", "vars", "get_ipython", "getattr", "__import__", "__dict__", "dir", "who"}
)
"""Words by which a cell could read any name."""
_word = re.compile(r"\w+")
_history = re.compile(r"_+|_i+|_i?\d+|In|Out|_oh|_ih|_dh")


@dataclass(frozen=True, slots=True)
class Kept:
    """A state of Python's after a cell."""

    cell: str
    trail: Trail
    names: tuple[str, ...]
    lacks: Mapping[str, str]
    """Names that could not be saved, and why."""
    made: Mapping[str, str]
    """Python and packages, with their versions."""
    place: str = ""
    """Where the cells saw the root, when that stands in the state itself."""

    @property
    def reached_out(self) -> bool:
        """Whether a cell on its way is not to be run again unasked."""
        return self.trail.seconds >= OUTSIDE

    def serves(self, jobs: Sequence[Job]) -> bool:
        """Whether these cells, below it, can read nothing that it lacks: none of its names, and no `_` or `Out`.

        A state that lacks some is not used where running everything again would have to be asked for.
        """
        if any(_reads_history(job.source) for job in jobs):
            return False
        words = {word for job in jobs for word in _word.findall(job.source)}
        blind = words & BLIND or any(map(_is_magic, jobs))
        return not self.lacks or not (self.reached_out or blind or words & set(self.lacks))


class Shelf(Protocol):
    """Where kept states are."""

    def find(self, cell: str) -> Kept | None:
        """The one after a cell, if there is one whose maker is trusted."""

    def open(self, kept: Kept) -> AbstractContextManager[int]:
        """Its bytes, as a file descriptor; they are those that its maker signed."""

    def refuse(self, kept: Kept, why: str) -> None:
        """It cannot be used here: `find` finds it no more."""


def deepest(
    shelf: Shelf, place: Place, jobs: Sequence[Job], above: int, files: Files, last: Job | None
) -> tuple[int, Kept] | None:
    """The state after the most of these cells, of those after more than `above`; `last` is the cell below them."""
    for number in range(len(jobs), max(above, 0), -1):
        kept = shelf.find(jobs[number - 1].cell)
        if kept is None or jobs[number - 1].confined:
            continue
        if kept.place not in ("", str(place.seen_root)):
            shelf.refuse(kept, f"it holds paths of {kept.place}, where it was made")
            continue
        below = [*jobs[number:], *([last] if last else [])]
        if kept.trail.holds(files) and kept.serves(below) and (last or not kept.lacks):
            return number, kept
    return None


def to_facts(kept: Kept, root: str) -> dict[str, Any]:
    """As it is written down: paths from the root on."""
    trail = kept.trail
    return {
        "v": 1, "cell": kept.cell, "cells": list(trail.cells), "seconds": trail.seconds,
        "reads": {path.removeprefix(f"{root}/"): held for path, held in trail.reads.items()},
        "writes": sorted(path.removeprefix(f"{root}/") for path in trail.writes),
        "left": {path.removeprefix(f"{root}/"): held for path, held in trail.left.items()},
        "names": list(kept.names), "lacks": dict(kept.lacks), "made": dict(kept.made), "place": kept.place,
    }  # fmt: skip


def from_facts(facts: Mapping[str, Any], root: str) -> Kept | None:
    """What was written down; None when another nozzle did it, in a way that this one cannot read."""
    if facts.get("v") != 1:
        return None
    cells = tuple(facts["cells"])
    trail = Trail(
        len(cells), float(facts["seconds"]), cells=cells,
        reads={_under(root, path): held for path, held in facts["reads"].items()},
        writes=frozenset(_under(root, path) for path in facts["writes"]),
        left={_under(root, path): held for path, held in facts.get("left", {}).items()},
    )  # fmt: skip
    return Kept(facts["cell"], trail, tuple(facts["names"]), facts["lacks"], facts["made"], facts["place"])


def _under(root: str, path: str) -> str:
    return path if path.startswith("/") else f"{root}/{path}"


def _reads_history(source: str) -> bool:
    """Whether a cell reads what IPython remembers of earlier ones: `_`, `Out`, and their like."""
    try:
        names = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)]
    except (SyntaxError, ValueError):  # a magic among its lines, or a newer Python's
        return any(_history.fullmatch(word) for word in _word.findall(source))
    stored = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    return any(_history.fullmatch(node.id) and node.id not in stored for node in names)


def _is_magic(job: Job) -> bool:
    return any(line.lstrip().startswith(("%", "!")) for line in job.source.splitlines())
