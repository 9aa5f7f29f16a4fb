"""Which files a thread's folder needs: the journal's own, and what its cells were seen to read and to write.

Only where that is known: what a program reads, or code that asks which files there are, was not seen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from nozzle.steps import Step
    from nozzle.words.journal import Journal

_ASKS = re.compile(r"listdir|scandir|glob|walk\b|iterdir|\b(?:exists|isfile|isdir|is_file|is_dir|stat)\s*\(")
"""Code that asks which files there are."""
OURS = {".md", ".markdown", ".toml", ".lock", ".keys", ".cfg", ".txt", ".yml", ".yaml"}
"""At the root, and Markdown anywhere: entries, settings, what an environment is made of."""


def needed(here: Journal, step: Step) -> list[str] | None:
    """Those files of a step, sorted; None where it is not known, or where it is all that there are."""
    from nozzle.document.entry import Entry

    held = here.steps.text(step, step.entry) if step.entry else None
    if held is None:
        return None
    cells = [cell for cell in Entry(held.decode("utf-8", "replace")).cells if cell.runs]
    if any(cell.language != "python" or _unseen(cell.body) for cell in cells):
        return None
    named, whole = seen(here, step, {cell.chain for cell in cells})
    if not whole:
        return None
    modules = [_module(here, step, path) for path in named if path.endswith(".py")]
    if any(_unseen(text.decode("utf-8", "replace")) for text in modules):
        return None
    every = here.steps.paths(step)
    found = [path for path in every if path in named or _is_ours(path)]
    return found if len(found) < len(every) else None


def seen(here: Journal, step: Step, chains: set[str]) -> tuple[dict[str, set[str]], bool]:
    """What cells of all entries were seen to read, by the table that steps carry along, and what these cells read and
    wrote, by the steps of their runs: paths, and the digests with which they were read. And whether each of these cells
    has a step."""
    from nozzle.carried import unpacked
    from nozzle.document.facts import from_trailers

    found: dict[str, set[str]] = {}
    rows: list[Mapping[str, str]] = []
    table, wanted = "", set(chains)
    for each in here.steps.history(rev=step.sha):
        table = table or each.trailers.get("Inputs", "")
        if each.trailers.get("Cell", "") in wanted:
            wanted.discard(each.trailers["Cell"])
            rows.append(from_trailers(each.trailers).reads)
            found |= {unquote(path): set() for path in each.trailers.get("Writes", "").split()}
        if table and not wanted:
            break
    rows += [row.reads for each in unpacked(table).values() for row in each.values()]
    for path, digest in (pair for reads in rows for pair in reads.items()):
        found.setdefault(path, set()).add(digest)
    return found, not wanted


def _module(here: Journal, step: Step, path: str) -> bytes:
    """A file of a step; one that it does not hold, as it is."""
    from nozzle import disk

    held = here.steps.text(step, path)
    return held if held is not None else disk.readable(here.root / path) or b""


def _unseen(code: str) -> bool:
    """Whether it may look at files unseen."""
    from nozzle.past import PROGRAMS

    return bool(PROGRAMS.search(code) or _ASKS.search(code))


def _is_ours(path: str) -> bool:
    """Whether a file is the journal's text, what it shows, its pages, or what stands at the root for all of it."""
    where = PurePosixPath(path)
    if where.suffix.lower() in (".md", ".markdown") or where.name.startswith(".git"):
        return True
    if len(where.parts) == 1:
        return where.suffix.lower() in OURS or where.suffix == ""
    return "_out" in where.parts or where.parts[0] in ("templates", "prompts")
