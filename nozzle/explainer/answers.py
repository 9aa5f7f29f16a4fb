"""Answers without a model: what a name is and where it comes from, and what the journal says, quoted with its place.

Always labelled as what it is: found by search or read off the code, never reasoned.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nozzle.document.entry import Cell, Entry, Slot
from nozzle.document.facts import Facts
from nozzle.document.plan import UNFINISHED
from nozzle.document.spoken import Saying
from nozzle.explainer.links import code, link
from nozzle.explainer.news import recorded
from nozzle.explainer.recall import Passage
from nozzle.explainer.slices import behind, names

MOST = 3

_WORK = (
    "(?:it|this|that|things|everything|(?:the|this|that|my|your|our) (?:\\w+ )?(?:job|task|run|work|cell|training)s?)"
)
_how = re.compile(
    rf"(?:how(?: is|'s| are) {_WORK} (?:doing|going|coming along|getting on|progressing)"
    rf"|how far (?:is|are|did|has|have) (?:{_WORK}|you|we)(?: (?:along|come|get|gone|got|gotten))?"
    rf"|what(?: is|'s) (?:going on|running|happening)|(?:status|progress)(?: of {_WORK})?)"
    r"(?: so far| (?:right )?now| today| there| here)?"
)
_lead = re.compile(r"(?:(?:hey|hi|and|so|ok|okay|well|now|but) )*")
_ended = re.compile(
    r"(?i)\b(?:stop(?:s|ped)?|interrupt\w*|die[ds]?|killed|fail\w*|broken?|crash\w*|happened|wrong|error|finish\w*)\b"
)
_name = re.compile(r"`([A-Za-z_]\w*)`|\b([A-Za-z_]\w*)\b")


@dataclass(frozen=True, slots=True)
class Found:
    """What an answer may be made of."""

    entry: Entry
    search: Callable[[str], Sequence[Passage]]
    last: Callable[[Cell], Facts | None] = lambda cell: None
    place: str = ""
    """The entry's path from the root."""
    line: int | None = None
    """Where the question stands."""


def asks_how(question: str) -> bool:
    """Whether the question is how the work is doing: the job, the task, the run, and nothing that it is about.

    >>> [asks_how(words) for words in ("how's that job doing?", "how is the loss doing?", "what is it?")]
    [True, False, False]
    """
    parts = re.split(r"[?!.,;:\n]+", question.lower().replace("’", "'"))
    return any(_how.fullmatch(_lead.sub("", " ".join(part.split()), count=1)) for part in parts)


def answer(question: str, found: Found) -> Saying:
    """The best that can be said without a model."""
    told = [*_about_ends(question, found), *_about_names(question, found)]
    passages = [
        each for each in found.search(question)
        if not (each.url.startswith("step:") or each.front or not each.told.strip())
    ]  # fmt: skip
    if not told and not passages:
        return Saying(
            "Nothing in this journal fits these words. No model is set, so nobody reasoned about it; "
            "`model` in the settings names one.",
            by="explainer", via="search",
        )  # fmt: skip
    quotes = [_quoted(each.quoted(question), found.place) for each in passages[:MOST]]
    if told:
        return Saying("\n".join(told), _all(quotes), "explainer", "facts", "what the journal says")
    first = f"Found in the journal, by search (no model was asked):\n\n{quotes[0]}"
    return Saying(first, "\n\n".join(quotes[1:]), "explainer", "search", "further places")


def _all(quotes: Sequence[str]) -> str:
    return "\n\n".join(quotes)


def _about_ends(question: str, found: Found) -> list[str]:
    """Of cells above that did not come to their end: how they ended, and how to go on."""
    if not _ended.search(question):
        return []
    slots = [slot for slot in found.entry.slots if found.line is None or slot.cell.span.start < found.line]
    bad = [slot for slot in slots if slot.fresh and slot.output and slot.output.status not in ("ok", "running")]
    named = [slot for slot in bad if slot.cell.label and re.search(rf"\b{re.escape(slot.cell.label)}\b", question)]
    return [_end(slot) for slot in (named or bad)[-MOST:] if not slot.cell.options.raises]


def _end(slot: Slot) -> str:
    what, status = recorded(slot).what.rstrip("."), slot.output.status if slot.output else ""
    if status not in UNFINISHED:
        return f"{link(slot.cell)} failed: {code(what)}"
    shown = [row for row in _printed(slot) if row.strip()]
    last = f" The last that it showed: {code(shown[-1][:200])}." if shown else " It had shown nothing."
    return f"{link(slot.cell)} did not come to its end ({what}).{last} `nozzle run` runs it again; a save does not."


def _printed(slot: Slot) -> list[str]:
    rows = slot.output.body if slot.output else ()
    return [row for row in rows if not row.startswith(("```", "*", "<", ">"))]


def _about_names(question: str, found: Found) -> list[str]:
    """What is known of the names in a question that cells define."""
    cells = [cell for cell in found.entry.cells if cell.runs and (found.line is None or cell.span.start < found.line)]
    defined = {name for cell in cells for name in names(cell).defines}
    asked = [match[1] or match[2] for match in _name.finditer(question)]
    marked = {match[1] for match in _name.finditer(question) if match[1]}
    told = []
    for name in dict.fromkeys(asked):
        if name in defined and (name in marked or len(name) > 2 or len(asked) < 8):
            told.append(_about(name, cells, found.last))
    return told[:2]


def _about(name: str, cells: Sequence[Cell], last: Callable[[Cell], Facts | None]) -> str:
    makers = [cell for cell in cells if name in names(cell).defines]
    maker = makers[-1]
    values = [facts.names[name] for cell in makers if (facts := last(cell)) and name in facts.names]
    is_ = f" is {values[-1]};" if values else ""
    users = [cell for cell in cells if name in names(cell).uses and cell is not maker]
    rests = behind(cells, maker, ())
    words = f"{code(name)}{is_} {link(maker)} makes it"
    words += f", resting on {', '.join(link(cell) for cell in rests[:3])}" if rests else ""
    return words + (f"; used by {', '.join(link(cell) for cell in users[:3])}." if users else ".")


def _quoted(passage: Passage, place: str) -> str:
    body = "\n".join(f"    {row}" for row in passage.content.split("\n"))
    where = passage.url.partition("#L")
    line = f", line {where[2]}" if where[2] else ""
    source = "this entry" if where[0] == place else code(where[0])
    return f"{source}{line}:\n\n{body}"
