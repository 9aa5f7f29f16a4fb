"""How a piece of work is doing: six answers, from the text, the steps and what runs now. Asking waits for nothing.

What is the goal, what was made, does it run, what does each part do, where may it fail, what comes next.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nozzle.document.entry import Cell, Entry, Slot
from nozzle.document.facts import Facts
from nozzle.document.plan import UNFINISHED, Row
from nozzle.document.prompts import prompts
from nozzle.document.spoken import Saying
from nozzle.document.thought.map import condense
from nozzle.document.thought.said import condensed, said
from nozzle.explainer.answers import asks_how
from nozzle.explainer.links import code, link
from nozzle.explainer.purpose import purpose
from nozzle.explainer.slices import names

QUESTIONS = 5
"""Open questions that are told."""
PARTS = 12
"""Cells that are told one by one."""
LAST = 3
"""Cells whose state is told where nothing has failed."""
TAIL = 6
"""Lines of live output."""


@dataclass(frozen=True, slots=True)
class Live:
    """What runs now."""

    cell: Cell
    seconds: float
    shown: str = ""
    """What it printed so far."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A task that is done on a thread of its own."""

    task: str
    """What was asked."""
    words: str
    """How far it is there, and whether it waits for the author."""
    waits: bool = False
    live: Live | None = None
    """What runs there."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beyond the text."""

    rows: Sequence[Row] = ()
    last: Callable[[Cell], Facts | None] = lambda cell: None
    live: Live | None = None
    upto: int | None = None
    """The line of the question: the goal is what stands nearest above it."""
    elsewhere: Sequence[Elsewhere] = ()
    """The tasks of this entry that go on on their own threads."""
    remarks: str = ""
    """How many remarks to prose were made today, where it is heard."""


def report(entry: Entry, known: Known, redact: Callable[[str], str] = lambda text: text) -> Saying:
    """The six answers; the first lines say whether it runs."""
    head = _state(entry, known)
    parts = [
        ("Open questions", _open(entry, redact)),
        ("Goal", _goal(entry, known.upto)),
        ("Made", _made(entry, known)),
        ("Each part", redact(_parts(entry, known))),
        ("Where it may fail", _risks(entry, known)),
        ("Waits for you", _waits(entry, known)),
        ("Next", _next(known) or _going_on(known) or _meant(entry, redact)),
        ("Remarks", known.remarks),
    ]
    live = redact(_live(known.live)) if known.live else ""
    text = "\n".join(part for part in (head, live) if part)
    text = "\n\n".join([text, *(redact(_there(each)) for each in known.elsewhere)])
    return Saying(
        text, "\n\n".join(f"**{name}.** {words}" for name, words in parts if words), via="facts", fold="the rest"
    )


def well_above(rows: Sequence[Row]) -> Saying:
    """That nothing above has failed, and how the last of these cells stand."""
    how = {"running": "is running", "due": "is still to run", "held": "waits", "skipped": "is skipped"}
    told = [f"{link(row.cell)} {how.get(_word(row), _word(row))}" for row in rows[-LAST:]]
    return Saying(f"Nothing above has failed: {', '.join(told) or 'no cell stands there'}.", via="facts")


def _open(entry: Entry, redact: Callable[[str], str]) -> str:
    """What the author wondered about in prose, and nothing has settled; heard by cue words. A reply settles nothing."""
    asked = condense(entry).of("question", state=["open", "replied"])
    found = [point for point in asked if not (point.words.startswith("/") or asks_how(point.words))]
    shown = [
        f"{redact(point.words)} (line {point.line + 1}{', a machine replied' if point.state == 'replied' else ''})"
        for point in found[-QUESTIONS:]
    ]
    more = f" and {len(found) - QUESTIONS} more: `nozzle condense`" if len(found) > QUESTIONS else ""
    return "; ".join(shown) + more


def _goal(entry: Entry, upto: int | None) -> str:
    """The task that stands nearest above; else what the author says first under the heading there, or asked last."""
    stop = len(entry.rows) if upto is None else upto
    tasks = [each for each in prompts(entry) if each.word == "do" and each.span.start < stop]
    if tasks:
        return tasks[-1].text.split("\n")[0]
    drafted = condensed(entry)
    told = (each for each in said(entry) if each.span.start not in drafted)
    above = [each for each in told if each.span.start < stop and not each.text.startswith("/")]
    heads = [at for at, each in enumerate(above) if each.heading]
    under = above[heads[-1] :] if heads else above
    title = under[0].text.lstrip("#").strip() if heads else str(entry.meta.get("title") or "")
    first = next((each.sentences[0].text for each in under if not each.heading and each.sentences), "")
    asked = [each.text for each in prompts(entry) if each.word == "ask" and each.span.start < stop]
    asked = [text.split("\n")[0] for text in asked if not asks_how(text)]
    return ": ".join(part for part in (title, first or next(reversed(asked), "")) if part)


def _state(entry: Entry, known: Known) -> str:
    counts: dict[str, int] = {}
    for row in known.rows:
        counts[_word(row)] = counts.get(_word(row), 0) + 1
    order = ("running", "failed", "stopped", "due", "held", "ran well", "skipped")
    told = ", ".join(f"{counts[word]} {word}" for word in order if word in counts)
    total = len(known.rows)
    return f"{total} {'cell' if total == 1 else 'cells'}: {told}." if total else "There is no cell here yet."


def _word(row: Row) -> str:
    if row.do == "done":
        status = row.slot.output.status if row.slot.output else "ok"
        if status in UNFINISHED:
            return "stopped"
        return "ran well" if status == "ok" or (status == "error" and row.cell.options.raises) else "failed"
    return row.do


def _live(live: Live) -> str:
    return f"Running: {link(live.cell)}, for {live.seconds:.0f} s.{_tail(live)}"


def _there(task: Elsewhere) -> str:
    """A task on its thread; what runs there has no anchor here."""
    words = f"Task {code(task.task[:60])}: {task.words}"
    live = task.live
    return words + (f" Running there: {code(live.cell.title)}, for {live.seconds:.0f} s.{_tail(live)}" if live else "")


def _tail(live: Live) -> str:
    """The last that it printed, quoted."""
    tail = [row for row in live.shown.split("\n") if row.strip()][-TAIL:]
    return "\n\n" + "\n".join(f"    {row[:200]}" for row in tail) if tail else " It has printed nothing yet."


def _made(entry: Entry, known: Known) -> str:
    found: dict[str, str] = {}
    for cell in entry.cells:
        facts = known.last(cell) if cell.runs else None
        found |= facts.names if facts else {}
    shown = [f"{code(name)} ({words})" for name, words in found.items() if words != "gone" and "module" not in words]
    return ", ".join(shown[:20]) + (f" and {len(shown) - 20} more" if len(shown) > 20 else "")


def _parts(entry: Entry, known: Known) -> str:
    words, shown = tuple(said(entry)), [slot for slot in entry.slots if slot.cell.runs]
    rows = [f"- {_part(slot, known)}{_for(purpose(entry, slot.cell, words))}" for slot in shown]
    more = [f"- and {len(rows) - PARTS} more cells"] if len(rows) > PARTS else []
    return "\n\n" + "\n".join([*rows[:PARTS], *more]) if rows else ""


def _for(words: str) -> str:
    return f": {words}" if words else ""


def _part(slot: Slot, known: Known) -> str:
    cell, facts = slot.cell, known.last(slot.cell)
    read = names(cell)
    defines = ", ".join(code(name) for name in sorted(read.defines)[:6])
    does = f"makes {defines}" if defines else ("prints or shows something" if cell.language == "python" else "shell")
    took = f", {facts.seconds:.1f} s" if facts and (facts.seconds or 0) >= 0.1 else ""
    return f"{link(cell)} {does}{took}"


def _risks(entry: Entry, known: Known) -> str:
    found = []
    for slot in entry.slots:
        facts = known.last(slot.cell) if slot.cell.runs else None
        if facts is None:
            continue
        if facts.effects or slot.cell.options.once:
            how = ", ".join(facts.effects) or "may run only once"
            found.append(f"{link(slot.cell)} reaches outside ({how})")
        if facts.reads:
            found.append(f"{link(slot.cell)} reads {', '.join(code(path) for path in list(facts.reads)[:3])}")
        if facts.status not in ("ok", ""):
            found.append(f"{link(slot.cell)} ended {facts.status} last time")
    return "; ".join(found[:6])


def _next(known: Known) -> str:
    due = [row for row in known.rows if row.do in ("due", "held")]
    shown = [f"{link(row.cell)} ({row.reason or row.why})" for row in due[:5]]
    ends = [link(row.cell) for row in known.rows if _word(row) == "stopped"]
    if ends:
        again = f"`nozzle run` takes up {', '.join(ends[:5])}, which did not come to its end"
        return again + (f"; then {', '.join(shown)}" if shown else "")
    return ", ".join(shown) + (f" and {len(due) - 5} more" if len(due) > 5 else "")


def _going_on(known: Known) -> str:
    """No cell is due here, and a task goes on elsewhere."""
    if not known.elsewhere:
        return ""
    tasks = ", ".join(code(each.task[:60]) for each in known.elsewhere)
    return f"Nothing is due here; on threads of their own go on: {tasks}"


def _meant(entry: Entry, redact: Callable[[str], str]) -> str:
    """The task of the author's that nobody did yet, when no cell is due."""
    meant = condense(entry).next
    if meant is None or meant.kind == "question":
        return "Nothing is due."
    return f"Nothing is due; you meant to: {redact(meant.words)} (line {meant.line + 1})"


def _waits(entry: Entry, known: Known) -> str:
    """What was proposed and is not answered, here and on the threads of tasks."""
    lines = [f"line {block.span.start + 1}" for block in entry.envelopes if block.kind == "proposal"]
    more = f" and {len(lines) - PARTS} more" if len(lines) > PARTS else ""
    here = f"{len(lines)} proposed: {', '.join(lines[:PARTS])}{more}" if lines else ""
    there = [f"{code(each.task[:60])}, on its thread" for each in known.elsewhere if each.waits]
    return "; ".join(part for part in (here, *there) if part)
