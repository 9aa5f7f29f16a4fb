"""Deciding what is due: one table, read for each cell from top to bottom.

Nothing here knows how a cell runs. What a cell's slot records, whether that answers the cell as it stands, and
whether somebody asked, decide what is to be done with it and whether the cells below may follow.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from nozzle.document.entry import Cell, Entry, Slot

Why = Literal["new", "edited", "above changed", "input changed", "asked"]
Do = Literal["done", "due", "held", "skipped", "running"]

# What the slot records, and whether that answers the cell as it stands
#   -> what is to be done, why if it is due, and whether the cells below may follow.
# "running" with no kernel of ours at it is what a killed nozzle leaves: it did not end, and nobody is at it.
TABLE: Mapping[tuple[str, bool], tuple[Do, Why, bool]] = {
    ("nothing", False): ("due", "new", True),
    ("ok", True): ("done", "asked", True),
    ("error", True): ("done", "asked", False),
    ("timeout", True): ("done", "asked", False),
    ("stopped", True): ("done", "asked", False),
    ("died", True): ("done", "asked", False),
    ("running", True): ("done", "asked", False),
    ("ok", False): ("due", "edited", True),
    ("error", False): ("due", "edited", True),
    ("timeout", False): ("due", "edited", True),
    ("stopped", False): ("due", "edited", True),
    ("died", False): ("due", "edited", True),
    ("running", False): ("due", "edited", True),
}
UNFINISHED = ("stopped", "died", "running")
"""Ended by no doing of the cell's: `nozzle run` takes them up again, a save does not."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is to be done with one cell."""

    slot: Slot
    do: Do
    why: Why = "new"
    """For a cell that is due, or would be were it not held."""
    reason: str = ""
    """Why it is held or skipped, in plain words."""

    @property
    def cell(self) -> Cell:
        return self.slot.cell


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known and wanted beyond what the text says."""

    wanted: Callable[[Cell], bool] = lambda cell: False
    """Whether somebody asked for this cell to run, whatever is recorded."""
    changed: Callable[[Cell], bool] = lambda cell: False
    """Whether a file that the cell read has changed since."""
    running: Callable[[Cell], bool] = lambda cell: False
    """Whether a kernel of ours is at the cell right now."""
    held: Callable[[Cell, Why], str] = lambda cell, why: ""
    """Why a due cell may not run yet: no kernel for it, not trusted, `run: ask`, too long to follow unasked."""


NOTHING_ASKED = Asked()


def plan(entry: Entry, asked: Asked = NOTHING_ASKED) -> list[Row]:
    """One row for each cell, in text order.

    >>> [(row.do, row.why) for row in plan(Entry("```{code-cell}\\n1 + 1\\n```\\n"))]
    [('due', 'new')]
    """
    rows: list[Row] = []
    stop = entry.held  # why no cell from here on may run
    moved = False  # a cell above is due with other input: the same code below will see another state
    for slot in entry.slots:
        row, follow = _row(slot, asked, moved)
        moved = moved or row.why == "input changed"
        if row.do == "due" and (reason := stop or unfit(slot.cell) or asked.held(slot.cell, row.why)):
            row = Row(slot, "held", row.why, reason)
            stop = stop or f"below {name(slot.cell)}, which is held"
        elif row.do == "running":
            stop = stop or f"below {name(slot.cell)}, which is running"
        elif row.do == "done" and not follow:
            how = "did not end: 'nozzle run' takes it up again" if _status(slot) in UNFINISHED else "failed"
            stop = stop or f"below {name(slot.cell)}, which {how}"
        rows.append(row)
    return rows


def gathered(rows: Iterable[Row]) -> list[tuple[Row, str]]:
    """What holds cells up, each reason once: the first cell that it holds, and the reason with how many there are."""
    by: dict[str, list[Row]] = {}
    for row in rows:
        by.setdefault(row.reason, []).append(row)
    return [
        (same[0], reason if len(same) == 1 else f"{reason} ({len(same)} cells)") for reason, same in by.items()
    ]  # fmt: skip


def waits(rows: Iterable[Row]) -> list[Row]:
    """The cells below one that ended and lets none follow: no save runs them before that one is put right."""
    return [row for row in rows if row.reason.startswith("below ") and "which is " not in row.reason]


def failed(entry: Entry) -> list[Slot]:
    """Cells whose recorded failure still stands and was not expected."""
    return [slot for slot in entry.slots if slot.fresh and not _follow(slot)]


def unfinished(entry: Entry) -> list[Cell]:
    """Cells that were stopped, or whose kernel died under them."""
    return [slot.cell for slot in entry.slots if slot.fresh and _status(slot) in UNFINISHED]


def name(cell: Cell) -> str:
    """A cell, as a person is told of it."""
    return f"'{cell.title}' (line {cell.span.start + 1})"


def _row(slot: Slot, asked: Asked, moved: bool) -> tuple[Row, bool]:
    cell = slot.cell
    if cell.options.skip:
        return Row(slot, "skipped", reason="its tag says skip-execution"), True
    if not cell.runs:
        return Row(slot, "skipped", reason="it is empty"), True
    if asked.running(cell):
        return Row(slot, "running"), False
    do, why, _ = TABLE.get((_status(slot), slot.fresh), ("due", "edited", True))
    if why == "edited" and slot.output and slot.output.keys.get("cell") == cell.digest:
        why = "above changed"
    if do == "done":
        why = _asked(slot, asked, moved)
        do = "due" if why != "new" else "done"
    return Row(slot, do, why), _follow(slot)


def _asked(slot: Slot, asked: Asked, moved: bool) -> Why:
    """Why a cell that is done is due all the same; "new" when it is not."""
    if asked.changed(slot.cell):
        return "input changed"
    if moved:
        return "above changed"
    if asked.wanted(slot.cell):
        return "asked"
    return "new"


def _status(slot: Slot) -> str:
    return slot.output.status if slot.output else "nothing"


def _follow(slot: Slot) -> bool:
    """Whether cells below may run after what is recorded here."""
    _, _, follow = TABLE.get((_status(slot), slot.fresh), ("due", "edited", True))
    return follow or (_status(slot) == "error" and slot.cell.options.raises)


def unfit(cell: Cell) -> str:
    """Why a cell cannot run as it stands; empty when it can."""
    if cell.typing:
        return cell.typing
    if cell.options.problem:
        return cell.options.problem
    return ""
