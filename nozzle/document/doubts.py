"""What in an entry is likely not meant so, though the rest of it runs: an option almost of a name that counts, a label
twice, a cell that is not closed, an output without its cell, a word of the front matter that pages cannot use.
"""

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nozzle.document.thought.conduct import VOICES

if TYPE_CHECKING:
    from nozzle.document.entry import Entry

NAMES = ("label", "name", "tags", "timeout", "once", "verify", "cache")
"""Options of a cell that say something about its run. Others, such as Quarto's `echo`, are for whoever knows them."""
PYTHON = ("python", "python3", "py", "ipython", "ipython3")
CELL = "{code-cell}"
NEAR = 0.75
"""How alike two names are, from 0 to 1, for one to be a slip of the other (difflib's ratio)."""


def doubts(entry: "Entry") -> Iterator[tuple[int, str]]:
    """Lines, counted from 1, and what is odd there, in plain words."""
    yield from entry.front.doubts()
    yield from _voice(entry)
    first: dict[str, int] = {}
    for cell in entry.cells:
        line = cell.span.start + 1
        for key in cell.options.values:
            near = [] if key in NAMES else difflib.get_close_matches(key.lower(), NAMES, 1, NEAR)
            if near:
                yield line, f"the option {key} says nothing here; is {near[0]} meant?"
        label = cell.options.label
        if label in first:
            yield line, f"the label {label} is that of line {first[label]} already; links lead there"
        elif label:
            first[label] = line
    for block in entry.loose:
        yield block.span.start + 1, "this output stands under no cell; delete it, or put its cell back above it"
    if entry.outline.tops and (top := entry.outline.tops[-1]).info.strip().startswith("{code-cell}"):
        end = entry.rows[top.stop - 1].strip() if top.stop > top.start + 1 else ""
        if set(end) != set(top.markup) or len(end) < len(top.markup):
            yield top.start + 1, f"this cell is not closed, so it does not run; end it with a line {top.markup}"
    yield from _plain(entry)


def rewritten(before: "Entry", after: "Entry") -> Iterator[tuple[int, str]]:
    """Lines, counted from 1, of outputs in which somebody wrote between two texts, and what becomes of that."""
    known = {block.keys.get("sha"): block.body for slot in before.slots for block in slot.blocks}
    for slot in after.slots:
        block = slot.output
        if block is not None and "sha" in block.keys and block.body != known.get(block.keys["sha"], block.body):
            yield (
                block.span.start + 1,
                f"you wrote inside the output of '{slot.cell.title}': its next run takes that away, and 'nozzle verify "
                "--attest' names it; write above or below it",
            )


def _plain(entry: "Entry") -> Iterator[tuple[int, str]]:
    """Code that whoever comes from other tools takes for a cell: told where the entry has none, and is no mere text."""
    if entry.meta and not entry.cells:
        for top in entry.outline.tops:
            if top.kind == "fence" and top.info.strip().lower() in PYTHON:
                fence, language = top.markup, top.info.strip()
                yield top.start + 1, f"{fence}{language} is shown and does not run; a cell begins {fence}{CELL} python"
                return


def _voice(entry: "Entry") -> Iterator[tuple[int, str]]:
    """A voice that there is not: the entry is heard as if it said none."""
    said = entry.meta.get("voice")
    if said is None or said in VOICES:
        return
    near = difflib.get_close_matches(str(said).lower(), VOICES, 1, NEAR)
    meant = f"is {near[0]} meant?" if near else f"say {', '.join(VOICES[:-1])} or {VOICES[-1]}"
    yield entry.front.line("voice"), f"there is no voice {said}; {meant}"
