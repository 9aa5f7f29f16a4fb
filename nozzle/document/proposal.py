"""A cell that an agent wants to run: how it stands in the text, and what is to be done about it now.

The author answers by a tick, by editing the fence, by deleting it, by pasting what he got when he ran it himself, or by
waiting. `decide` takes all that and the time as values. It never trusts the text for what it was: the proposal that was
written is known to the process that wrote it (an `Offer`), and an answer counts only when that process saw it made.
"""

import re
from dataclasses import dataclass
from typing import Literal

from nozzle.document.entry import Entry, Envelope, Span, hexdigest
from nozzle.document.lines import split, trimmed
from nozzle.document.options import Reach, reach_of
from nozzle.document.scribe import fence

Risk = Literal["read", "reversible", "ask"]
"""Decided by code. `read`: changes nothing. `reversible`: inside the worktree, nothing outside. `ask`: all else."""

COUNTDOWN = 5.0
"""Seconds after which a reversible cell runs unless somebody objects."""

_tick = re.compile(r"\s*[-*+] \[([xX])\] +(run|deny|keep|skip)\b")
_box = re.compile(r"(\s*[-*+] )\[[xX]\] ")
AGAIN = "again"
"""What a proposal `asks` besides: that something above may reach outside again."""
OTHERWISE = ("keep", "skip")
"""Its boxes for that: go on in the kernel as it is, or without what reached outside."""
ANEW = "nozzle was started anew, so this is asked again"
"""What a proposal says of itself that an earlier process wrote."""
MOVED = "Its task, or the text around it, has changed, so this is asked again"
"""The same, of one that this process wrote."""
UNCLEAR = "nozzle did not understand"
"""How it begins to say that what the author said of it allows nothing."""
CHANGED = "You have changed what may act outside this journal"
"""How it begins to say that an edit alone does not let it."""
MEANWHILE = "This would have run by itself, but something has changed since it was proposed"
"""How it begins to say that it waits by now."""
NOTICES = (ANEW, MOVED, UNCLEAR, CHANGED, MEANWHILE)
"""How what nozzle says in a proposal begins, below an agent's reason, which never begins a line so."""
UNCOUNTED = "; a box that was ticked meanwhile counts for nothing: tick it again"
BY_HAND = "By hand: copy it into a cell of your own, or run it elsewhere and paste below the boxes what you got."
"""How an author runs himself what waits for him."""
_SHOWS = ("", "text", "output", "console", "txt", "pytb")


@dataclass(frozen=True, slots=True)
class Offer:
    """A proposal as the process that makes it knows it."""

    id: str
    task: str
    """Digest of the prompt that it serves."""
    source: str
    """As it stands in the text, byte for byte: see `written`."""
    language: str = "python"
    reason: str = ""
    touches: str = ""
    """What it will touch, in words."""
    by_hand: str = ""
    """How the author runs it himself."""
    risk: Risk = "ask"
    by: str = "doer"
    again: bool = False
    """To run it, something above would reach outside again: that is asked too."""
    notice: str = ""
    """What has become of it since it was proposed."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", written(self.source))

    @property
    def reach(self) -> Reach:
        """How far out of its bounds it would go; what is shown of it says so."""
        return reach_of(self.source)


@dataclass(frozen=True, slots=True)
class Standing:
    """A proposal as it stands in the text now."""

    source: str
    language: str
    ticks: frozenset[str]
    pasted: str = ""
    """What the author says that he got by running it himself."""
    whole: bool = True
    """Its fence is there, once, and closed."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for it beyond the text."""

    since: float = 0.0
    """When it was written, seconds on the loop's clock."""
    countdown: float = COUNTDOWN
    limit: float | None = None
    """Seconds after which an unanswered one is denied; None: it waits for ever."""
    allowed: bool = False
    """`/sure`, or the terminal, or the page: this one may run."""
    refused: str = ""
    """`/nope`, `/stop`, a spent budget: why it may not."""
    edited: float | None = None
    """When the author last changed the fence; None: it stands as it was proposed."""
    held: float = 0.0
    """Until when he is taken to change it on the page: meanwhile nothing runs by itself, and then the time begins."""
    seen: bool = True
    """This process wrote it and has watched every change of the text since; else ticks count for nothing."""


@dataclass(frozen=True, slots=True)
class Run:
    source: str
    how: str
    """kept | edited | allowed | countdown | read"""
    said: bool = False
    """By a tick or a word of the author's; not by an edit alone, and not by the clock."""


@dataclass(frozen=True, slots=True)
class Deny:
    how: str
    """denied | deleted | late | refused"""
    why: str


@dataclass(frozen=True, slots=True)
class ByHand:
    """The author ran it himself."""

    shown: str


@dataclass(frozen=True, slots=True)
class Wait:
    until: float | None
    why: str = ""


Verdict = Run | Deny | ByHand | Wait


def name(task: str, number: int, source: str) -> str:
    """The id of the n-th proposal of a task."""
    return hexdigest("proposal", task, str(number), source)[:12]


def fenced(language: str, source: str, directive: str = "{code-cell} ") -> list[str]:
    """Code in a fence, a cell's where nothing else is said, that is longer than any inside."""
    clean = source.replace("\0", "\ufffd").encode("utf-8", "replace").decode().strip("\r\n")
    rows = [row.rstrip() for row in split(clean)] or [""]
    return fence(directive + (re.sub(r"[^A-Za-z0-9_+-]", "", language) or "python"), rows)


def written(source: str) -> str:
    r"""Code as it is read again once it has been written: no such difference is anybody's edit.

    >>> written("if x:\n    \n    y = 1  \n")
    'if x:\n\n    y = 1'
    """
    while True:
        rows = trimmed(fenced("python", source))
        stands = read(Envelope("proposal", {}, tuple(rows), Span(0, len(rows))))
        if not stands.whole or stands.source == source:
            return source
        source = stands.source  # shorter by the options on top, which are read off a fence one block at a time


def find(entry: Entry, id_: str) -> Envelope | None:
    """Its block in the text."""
    return next((block for block in entry.envelopes if block.kind == "proposal" and block.keys.get("id") == id_), None)


def answerable(entry: Entry) -> dict[str, Envelope]:
    """What stands to be answered, proposals and tasks that are done elsewhere, by names that no edit changes."""
    blocks = (block for block in entry.envelopes if block.kind in ("proposal", "task"))
    return {
        f"{block.kind} {block.keys.get('id', '') if block.kind == 'proposal' else block.of}": block for block in blocks
    }


def boxes(block: Envelope) -> frozenset[str]:
    """The lines of a block in which a box is ticked."""
    return frozenset(row for row in block.body if _box.match(row))


def cleared(was: Envelope, now: Envelope) -> bool:
    """Whether boxes of a block were ticked, and all that became of it is that none is."""
    empty = tuple(_box.sub(r"\1[ ] ", row) for row in was.body)
    return bool(boxes(was)) and tuple(now.body) == empty


def read(block: Envelope) -> Standing:
    """A proposal's block as it stands: the fence, what is ticked, what was pasted below it.

    >>> read(Envelope("proposal", {}, ("```{code-cell} bash", "ls", "```", "", "- [x] run"), None)).ticks
    frozenset({'run'})
    """
    inner = Entry("\n".join(block.body) + "\n")
    cells = [each for each in inner.cells if not each.typing]
    fences = [top for top in inner.outline.tops if top.kind in ("fence", "colon_fence")]
    loose = [
        row for top in inner.outline.tops if top.kind == "bullet_list_open" for row in inner.rows[top.start : top.stop]
    ]
    ticks = frozenset(match[2] for row in loose if (match := _tick.match(row)))
    if len(cells) != 1:
        return Standing("", "", ticks, whole=False)
    cell = cells[0]
    shown = [
        "".join(inner.rows[top.start + 1 : top.stop - 1])
        for top in fences
        if top.start >= cell.span.stop and top.info.strip() in _SHOWS
    ]
    return Standing(cell.body, cell.language, ticks, "\n".join(shown).strip("\n"))


def reason(block: Envelope) -> str:
    """Why an agent wants to run it, as its block or that of the cell it became says.

    >>> reason(Envelope("proposal", {}, ("> [!IMPORTANT]", "> Look.", ">", "> *Touches: nothing*"), None))
    'Look.'
    """
    rows: list[str] = []
    for row in block.body:
        told = row.removeprefix(">").strip()
        if (rows and not row.startswith(">")) or told.startswith(("*Touches: ", *NOTICES)):
            break
        if row.startswith(">") and not told.startswith("[!"):
            rows.append(told)
    return "\n".join(rows).strip()


def decide(offer: Offer, standing: Standing | None, terms: Terms, now: float) -> Verdict:
    """What is to be done with a proposal now; `standing` is None when the author deleted it.

    >>> decide(Offer("1", "2", "ls", risk="ask"), Standing("ls", "bash", frozenset()), Terms(), 1e9)
    Wait(until=None, why='')
    """
    if terms.refused:
        return Deny("refused", terms.refused)
    since = max(terms.since, terms.held)
    if standing is None:
        return Deny("deleted", "you deleted it")
    if terms.seen:
        if "deny" in standing.ticks:
            return Deny("denied", "you denied it")
        if standing.pasted:
            return ByHand(standing.pasted)
        if not standing.whole:
            return Wait(None, "its fence is not whole: close it, or tick deny")
        source, changed = standing.source, edited(offer, standing)
        due = max(since, terms.edited or 0.0) + terms.countdown
        if "run" in standing.ticks or terms.allowed:
            how = "kept" if "run" in standing.ticks else "allowed"
            return Run(source, "edited" if changed else how, said=True)
        if changed:
            return Run(source, "edited") if now >= due else Wait(due)
        if offer.risk == "read":
            return Run(source, "read") if now >= terms.held else Wait(terms.held)
        if offer.risk == "reversible":
            return Run(source, "countdown") if now >= due else Wait(due)
    if terms.limit is not None and now >= since + terms.limit:
        return Deny("late", f"nobody answered within {terms.limit:.0f} s")
    return Wait(None if terms.limit is None else since + terms.limit)


def edited(offer: Offer, standing: Standing) -> bool:
    """Whether the author has changed the code; white space alone, which editors change by themselves, says nothing.

    >>> edited(Offer("1", "2", "a = 1"), Standing("a  = 1\\n", "python", frozenset()))
    False
    """
    return _words(standing.source) != _words(offer.source)


def _words(source: str) -> list[list[str]]:
    return [words for row in split(source) if (words := row.split())]
