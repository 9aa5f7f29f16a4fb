"""Which files a thread's folder needs: the journal's own, and what its cells were seen to read and to write.

Only where that is known: what a program reads, or code that asks which files there are, was not seen.
"""

from __future__ import annotations

import re
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
    named = _seen(here, step, {cell.chain for cell in cells})
    if named is None:
        return None
    modules = [here.steps.text(step, path) or b"" for path in named if path.endswith(".py")]
    if any(_unseen(text.decode("utf-8", "replace")) for text in modules):
        return None
    every = here.steps.paths(step)
    found = [path for path in every if path in named or _is_ours(path)]
    return found if len(found) < len(every) else None


def _seen(here: Journal, step: Step, chains: set[str]) -> set[str] | None:
    """What cells of all entries were seen to read, by the table that steps carry along, and what these cells read and
    wrote, by the steps of their runs; None where one of them has none."""
    from nozzle.carried import unpacked
    from nozzle.document.facts import from_trailers

    reads: set[str] = set()
    table, wanted = "", set(chains)
    for each in here.steps.history(rev=step.sha):
        table = table or each.trailers.get("Inputs", "")
        if each.trailers.get("Cell", "") in wanted:
            wanted.discard(each.trailers["Cell"])
            reads |= set(from_trailers(each.trailers).reads)
            reads |= {unquote(path) for path in each.trailers.get("Writes", "").split()}
        if table and not wanted:
            break
    reads |= {path for rows in unpacked(table).values() for row in rows.values() for path in row.reads}
    return None if wanted else reads


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
