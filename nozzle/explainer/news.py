"""Breaking news: what broke, where exactly, since when, and which edits since then could have done it, nearest first.

Facts only. Suspects are the cells that differ from the last text in which this cell ran well; those that the failing
names rest on come first, and of them the one nearest above. Nothing is run again, so nothing is claimed to be proved.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nozzle.document.entry import SHOWN, Cell, Entry, Envelope, Slot
from nozzle.document.events import Error, Finished
from nozzle.document.facts import Facts
from nozzle.document.spoken import Saying
from nozzle.document.thought.pasted import usually
from nozzle.explainer.links import code, link
from nozzle.explainer.slices import Change, behind, changes, names

_gone = re.compile(r"\[((`+).*?\2|[^\]`]*)\]\(#cell-[0-9a-f]+\)")
"""A link to a cell by what it was: that is in the text no more."""
MOST = 3
"""Suspects that are shown."""
ROWS = 12
"""Lines of an edit that are shown."""
SHOWS = 40
"""Lines at the end of an output in which a command's own error is looked for."""
ORDINAL = {3: "third", 4: "fourth", 5: "fifth"}


@dataclass(frozen=True, slots=True)
class Suspect:
    """An edit since the last time that the cell ran well."""

    change: Change
    through: tuple[str, ...]
    """Names by which the failure rests on it; empty when none does."""


@dataclass(frozen=True, slots=True)
class Broke:
    """What is known of a failure."""

    cell: Cell
    what: str
    """The exception and its words, or why the cell ended."""
    expression: str = ""
    operands: tuple[tuple[str, str], ...] = ()
    line: int = 0
    green: str = ""
    """Chain of the cell when it last ran well; empty when it never did."""
    suspects: tuple[Suspect, ...] = ()
    times: int = 1
    """How often in a row it ended in the same words."""
    usual: str = ""
    """What such an error usually comes from; empty when no rule knows."""


def examine(
    entry: Entry, cell: Cell, finished: Finished, error: Error | None, green: tuple[Entry, Cell] | None = None,
    times: int = 1,
) -> Broke:  # fmt: skip
    """Gather the facts; `green` is the newest text in which this cell ran well, and the cell in it."""
    said = f"{error.ename}: {error.evalue}".rstrip(": ") if error else finished.status
    what = finished.cause or said
    error = error or Error(cell.chain, "", "")
    suspects = _suspects(entry, cell, green[0], [name for name, _ in error.operands]) if green else ()
    last = green[1].chain if green else ""
    cause = usually(what, _printed(entry.slot(cell.chain)))
    return Broke(cell, what, error.expression, error.operands, error.line, last, suspects, times, cause)


def recorded(slot: Slot, known: Broke | None = None) -> Broke:
    """What the text alone says of a failure, when nobody remembers more."""
    if known is not None:
        return known if known.usual else replace(known, usual=usually(known.what, _printed(slot)))
    rows = list(slot.output.body) if slot.output else []
    ends = [rows[at - 1] for at, row in enumerate(rows) if re.fullmatch("`{3,}", row) and at]
    causes = [row.strip("*") for row in rows if re.fullmatch(r"\*[^*].*\*", row)]
    said, cause = next((row for row in reversed(ends) if row.strip()), ""), next(iter(causes), "")
    what = said or cause if slot.output and slot.output.status == "error" else cause or said
    what = what or (slot.output.status if slot.output else "it failed")
    return Broke(slot.cell, what, usual=usually(what, _printed(slot)))


def _printed(slot: Slot | None) -> str:
    """The end of what a cell printed: a command tells there what went wrong."""
    return "\n".join(slot.output.body[-SHOWS:]) if slot is not None and slot.output else ""


def headline(broke: Broke) -> str:
    """One line, for a terminal."""
    what = broke.what.split("\n")[0]
    return f"breaking: {broke.cell.title.rstrip(':')}: {what if len(what) < 200 else what[:200] + ' …'}"


def tell(broke: Broke, prose: str = "", via: str = "facts") -> Saying:
    """The block under the cell: two or three lines, the edits behind a fold."""
    first = f"**Hold on, breaking: {link(broke.cell)} failed:** {code(broke.what.split(chr(10))[0][:300])}"
    if broke.times >= 3:
        first += f" — the {ORDINAL.get(broke.times, f'{broke.times}th')} time in the same words"
    lines = [first, *([prose, ""] if prose else []), _where(broke), _since(broke)]
    text = "\n".join(line for line in lines if line)
    return Saying(text, "\n\n".join(_edit(each) for each in broke.suspects[:MOST]), "explainer", via, "the edits since")


def stalled(cell: Cell, seconds: float, silent: float, printed: str, last: Facts | None) -> Saying:
    """A cell that runs and has given no sign of life for a while; seconds of all, and since the last sign."""
    words = f"it runs for {seconds:.0f} s, and for {silent:.0f} s it has printed nothing and used no processor"
    took = last.seconds if last and last.status == "ok" else None
    before = "" if took is None else f" Last time it took {took:.1f} s in all."
    rows = [row for row in printed.split("\n") if row.strip()]
    shown = f" The last that it showed: {code(rows[-1][:200])}." if rows else " It has shown nothing."
    first = f"**Hold on, breaking: {link(cell)} has stalled:** {words}."
    return Saying(f"{first}{before}{shown} `nozzle stop` stops it.", by="explainer", via="facts")


def fixed(block: Envelope, cell: Cell) -> Saying:
    """What stands in its place once the cell runs well again."""
    if block.status == "stalled":
        return Saying(f"It had stalled, and came to its end: {link(cell)}.", by="explainer", via="facts")
    old = [row.removeprefix(">").removeprefix(" ") for row in block.body]
    was = (
        next((row for row in old if row.startswith("**Hold on")), "")
        .replace("**", "")
        .removeprefix("Hold on, breaking: ")
    )
    was = _gone.sub(r"\1", was)
    return Saying(f"Fixed: {link(cell)} runs again. It was: {was}", by="explainer", via="facts")


def _suspects(entry: Entry, cell: Cell, green: Entry, wanted: Sequence[str]) -> tuple[Suspect, ...]:
    above = [each for each in changes(green, entry) if each.new is None or each.new.span.start <= cell.span.start]
    needed = behind(entry.cells, cell, wanted)
    needed += [each for each in behind(entry.cells, cell, ()) if each not in needed]  # what a function was called with
    rests = {each.chain: number for number, each in enumerate(needed, 1)} | {cell.chain: 0}
    wants = set(wanted) | names(cell).uses
    for each in needed:
        wants |= names(each).uses
    found = []
    for change in above:
        gone = names(change.old).defines if change.old else frozenset()
        made = names(change.new).defines if change.new else frozenset()
        through = tuple(sorted(change.names() & wants)) if change.cell.chain in rests or gone & wants - made else ()
        found.append((rests.get(change.cell.chain, len(rests) + (0 if through else 1)), Suspect(change, through)))
    nearest = sorted(
        found, key=lambda pair: (pair[0] if pair[1].through or pair[0] == 0 else 10**6, -_line(pair[1].change))
    )
    return tuple(each for _, each in nearest)


def _line(change: Change) -> int:
    return change.cell.span.start


def _where(broke: Broke) -> str:
    if not broke.expression:
        return ""
    told = [(name, words) for name, words in broke.operands if not words.startswith("module ")]
    values = ", ".join(f"{code(name)} is {words}" for name, words in told)
    return f"At {code(broke.expression)} (line {broke.line})" + (f", where {values}." if values else ".")


def _since(broke: Broke) -> str:
    if not broke.green:
        usual = f" Usually: {broke.usual}." if broke.usual else ""
        return f"It has not run well before, so there is nothing to compare with.{usual}"
    if not broke.suspects:
        return "No cell has changed since it last ran well: look at its inputs, packages and surroundings."
    first, *rest = broke.suspects
    near = _name(first.change)
    why = f" (it has to do with {', '.join(map(code, first.through))})" if first.through else ""
    if first.change.cell.chain == broke.cell.chain:
        text = "The edit of this very cell is the nearest suspect"
    else:
        text = f"Nearest suspect: {near}{why}"
    more = f"; also changed: {', '.join(_name(each.change) for each in rest[:MOST])}" if rest else ""
    return f"{text}{more}. It last ran well as {code(broke.green[:SHOWN])}."


def _name(change: Change) -> str:
    if change.new is None:
        return f"the cell {code(change.cell.title)}, which is gone"
    return link(change.new) if change.old else f"{link(change.new)}, which is new"


def _edit(suspect: Suspect) -> str:
    rows = suspect.change.diff()
    more = [f"… {len(rows) - ROWS} more lines"] if len(rows) > ROWS else []
    body = "\n".join(f"    {row}" for row in [*rows[:ROWS], *more])
    return f"{_name(suspect.change)}:\n\n{body}"
