"""nozzle take: one step from another thread, here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote

import click

if TYPE_CHECKING:
    from nozzle.document.entry import Cell, Entry
    from nozzle.steps import Step
    from nozzle.words.journal import Journal

ELSEWHERE = "as it came there; here other cells stand above the one that wrote it, and make it anew when it runs"


@click.command(name="take")
@click.argument("step")
def command(step: str) -> int:
    """Take STEP from another thread: its cell, with the files that it wrote.

    A cell with the same label is replaced (of several, the one with the same code, else the one at the same place among
    them); a new one is put where it stands there, or at the end when the text around it is another one here. Its output
    comes along when it still answers the cell; else the cell is due.
    """
    from nozzle.document import plan
    from nozzle.document.entry import Entry
    from nozzle.errors import Refused
    from nozzle.steps import Record
    from nozzle.words.bring import Brought, authors, keep_first, pictures, save, with_outputs
    from nozzle.words.journal import journal

    with journal() as here:
        found = here.steps.resolve(step)
        cell, there = _cell(here, found)
        rel = found.entry
        keep_first(here, [rel])
        mine = here.read(here.root / rel) if (here.root / rel).exists() else Entry("")
        put = _put(here, mine, there, cell)
        text = with_outputs(authors(put.encode()), [mine.text.encode(), there.text.encode()])
        written = _written(here, found)
        others: dict[str, bytes | None] = {**written, **pictures(here, rel, text, found.sha)}
        if put == mine.text and _has(here, mine, cell, others):
            below = "" if any(each.chain == cell.chain for each in mine.cells) else ", below other cells than there"
            raise Refused(f"{cell.title} stands here already{below}: there is nothing to take of {step}")
        title = f"Take {cell.title} from {found.thread or found.sha[:8]}"
        told = {name: words for name in ("Writes",) if (words := found.trailers.get(name))}
        record = Record("take", rel, title, {}, (), {"Taken": found.sha, **told})
        save(here, [Brought(rel, text, True)], others, record, found.sha)
        due = [row.cell.title for row in plan.plan(Entry(text.decode())) if row.do == "due"]
        click.echo(record.title)
        alike = any(each.chain == cell.chain for each in Entry(text.decode()).cells)
        for path in written:
            click.echo(f"  {path}" if alike else f"  {path}: {ELSEWHERE}")
        if due:
            click.echo(f"  due: {', '.join(due)}; 'nozzle run' runs them")
    return 0


def _has(here: Journal, mine: Entry, cell: Cell, files: Mapping[str, bytes | None]) -> bool:
    """Whether all that would come with a cell that stands here is here: the output that answers it, and files."""
    if any(slot.cell.chain == cell.chain and slot.output is None for slot in mine.slots):
        return False
    paths = {here.root / path: data for path, data in files.items()}
    return all(path.is_file() and path.read_bytes() == data for path, data in paths.items())


def _cell(here: Journal, step: Step) -> tuple[Cell, Entry]:
    """The cell that a step ran, and the entry that it stands in."""
    from nozzle.document.entry import Entry
    from nozzle.errors import WrongCommand

    text = here.steps.text(step, step.entry) if step.entry else None
    if not step.cell or text is None:
        raise WrongCommand(f"{step.sha[:8]} ({step.title}) is no step of a cell: 'nozzle log' shows which are")
    entry = Entry(text.decode("utf-8", "replace"))
    cell = next((each for each in entry.cells if each.chain.startswith(step.cell)), None)
    if cell is None:
        raise WrongCommand(f"{step.sha[:8]}: its cell no longer stands in {step.entry} there")
    return cell, entry


def _put(here: Journal, mine: Entry, there: Entry, cell: Cell) -> str:
    """The text here with the cell in it: in its like's place, where it stands there, or at the end."""
    from nozzle.document.contrast import authors, counterparts
    from nozzle.document.edit import Edit, apply
    from nozzle.document.entry import Entry, Span
    from nozzle.errors import Refused

    rows = "".join(there.rows[cell.span.start : cell.span.stop])
    likes = counterparts(mine, there, cell)
    if len(likes) > 1:
        lines = " and ".join(str(each.span.start + 1) for each in likes)
        raise Refused(
            f"the label {cell.label} is that of cells in lines {lines} here, and it cannot be told which of them is "
            "meant: give each a label of its own, here or there, then take again"
        )
    if likes and likes[0].label == cell.label != "":
        return apply(mine.text, Edit(likes[0].span, rows))
    if any(each.digest == cell.digest for each in mine.cells):
        return mine.text
    ours = Entry(authors(mine))
    at = _place(ours, there, cell)
    return apply(ours.text, Edit(Span(at, at), f"\n{rows}" if at else f"{rows}\n"))


def _place(ours: Entry, there: Entry, cell: Cell) -> int:
    """The line for a new cell: after the nearest cell above it there that stands here too, or at the end."""
    from nozzle.document.contrast import counterparts

    for anchor in reversed([each for each in there.cells if each.span.start < cell.span.start]):
        if likes := counterparts(ours, there, anchor):
            return likes[-1].span.stop
    return len(ours.rows)


def _written(here: Journal, step: Step) -> dict[str, bytes]:
    """The files that the cell wrote; Refused when one of them is another one here, in no step yet."""
    from nozzle.errors import Refused

    found: dict[str, bytes] = {}
    for path in map(unquote, step.trailers.get("Writes", "").split()):
        data, there = here.steps.text(step, path), here.root / path
        if data is None:
            continue
        if there.exists() and there.read_bytes() not in (data, here.steps.at_head(path)):
            raise Refused(f"{path}: changed here and in no step yet; save a step first, or move it away")
        found[path] = data
    return found
