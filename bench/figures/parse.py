"""A 1 MB entry: its blocks from scratch and after an edit, beside a full parse by markdown-it-py with MyST's plugins.

The arms, the texts and the edits are those of bench/outline.py; the spans are compared in every repetition.
"""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

from contest import Race, Took, Void, race, same
from table import Row, raced
from workplace import Workplace, opened

SCRIPT = Path(__file__).resolve().parent.parent / "outline.py"
GOALS = {"first": 1 / 2, "again": 1 / 20}


def rows(where: Workplace) -> Iterator[Row]:
    if not SCRIPT.is_file():
        yield Row("parse", "1 MB entry", why="skipped: bench/outline.py is not here")
        return
    script = opened(SCRIPT, "outline_script")
    text = script.sample(script.SAMPLES["entry"])
    goals, size = GOALS, f"{len(text) / 1e6:.1f} MB"
    yield _row(script, where, f"{size} entry: first parse, same spans", text, "first", goals["first"])
    yield _row(script, where, f"{size} entry: after one edit, same spans", text, "again", goals["again"])
    hard = script.sample(script.SAMPLES["hard"])
    yield _row(script, where, "  lists, quotes, tables only: first parse", hard, "first", None)
    yield _row(script, where, "  lists, quotes, tables only: after one edit", hard, "again", None)
    yield raced(
        "parse", "  entry, its cells and slots: after one edit", _entries(script, where, text), "markdown-it-py"
    )


def _row(script: ModuleType, where: Workplace, what: str, text: str, arm: str, goal: float | None) -> Row:
    from nozzle.document.outline import outline

    before, newer = outline(text), _edits(script, text)

    def timed(arm: str, rep: int) -> Took:
        seconds, spans = script.measured(arm, newer(rep), before)
        return Took(seconds, seconds, spans)

    found = race(lambda rep: timed(arm, rep), lambda rep: timed("full", rep), where.times(9), where.control, _differ)
    return raced("parse", what, found, "markdown-it-py", goal)


def _entries(script: ModuleType, where: Workplace, text: str) -> Race:
    """What a save costs the desk: blocks, cells with their digests, slots."""
    from nozzle.document.entry import Entry

    before, newer = Entry(text), _edits(script, text)
    chains = {slot.cell.digest for slot in before.slots}

    def ours(rep: int) -> Took:
        text = newer(rep)
        seconds, slots = script.timed(lambda: Entry(text, before).slots)
        if len(chains - {slot.cell.digest for slot in slots}) > 1:
            raise Void("one edit lost more than one cell")
        return Took(seconds, seconds)

    def theirs(rep: int) -> Took:
        seconds, _ = script.measured("full", newer(rep), before.outline)
        return Took(seconds, seconds)

    return race(ours, theirs, where.times(9), where.control, same)


def _edits(script: ModuleType, text: str) -> Callable[[int], str]:
    """Repetition -> the text with one edit of its own, made once for both arms."""
    made: dict[int, str] = {}

    def edit(rep: int) -> str:
        if rep not in made:
            made.clear()
            made[rep] = script.edited(text, random.Random(rep))
        return made[rep]

    return edit


def _differ(ours: object, theirs: object) -> str:
    return "" if ours == theirs else "other spans than markdown-it-py's"
