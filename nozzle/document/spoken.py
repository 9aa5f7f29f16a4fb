"""Writing what agents say and propose: answers, notes, news, proposals, their cells, attempts, the state of a task.

A pure function of the newest text, like the scribe. What a machine said stands in a quote, line by line, and what it
wants to run in a fence longer than any inside; so none of it can become a cell, an output, a question or a tick. Only
`accept` makes a cell, and only of a proposal that stands in the text.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from nozzle.document import proposal, seal
from nozzle.document.edit import Edit
from nozzle.document.entry import SHOWN, Cell, Entry, Envelope, Span
from nozzle.document.lines import trimmed
from nozzle.document.options import first_code
from nozzle.document.outputs import plain
from nozzle.document.prompts import WAITING, Prompt, prompt
from nozzle.document.proposal import Offer, fenced, find
from nozzle.document.scribe import Hand, fence, marker, put, quoted, remove

ALERTS = {"answer": "TIP", "note": "NOTE", "news": "CAUTION", "task": "NOTE", "status": "NOTE"}
MENDED = "fixed"
"""Status of news that are over: no alarm any more."""
SPOKE = "model-spoke"
"""The same of a model that was silent."""
CLOSING = "<!-- /nozzle -->"
THOUGHT = "how it thought"
"""The fold with a model's own reasoning, the last of a block."""
OUTDATED = {
    "answer": "*Asked before the question was edited; delete this answer to ask again.*",
    "task": "*Begun before the task was edited; delete this block to have it done again.*",
}
"""What stands on top of what came of other words than those that stand above it now."""
BEFORE = {"asked": "before"}
"""The key of a marker that says so too."""
SHOWN_BY, UNSHOWN = "Shown by: ", "No cell shows it."
"""How the words begin that stand below what a task found."""
_fence = re.compile(r" {0,3}(`{3,}|~{3,})(.*)$")
_said_by_us = "|".join(re.escape(each.split(",")[0]) for each in ("touches", "by hand", *proposal.NOTICES))
_ours = re.compile(rf"^([ \t>]*)(?=[*_]*(?:{_said_by_us})\b)", re.I | re.M)
_boxed = re.compile(r"^([ \t>]*(?:[-*+]|\d+[.)])[ \t]+)(?=\[[ xX]\])", re.M)
WATCH = "watch"
"""Who tells news of a task."""
LONGEST = 60_000
"""Characters of one saying that are written; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Saying:
    """Markdown that somebody said, and who."""

    text: str
    folded: str = ""
    """More of it, behind a fold."""
    by: str = "explainer"
    via: str = ""
    """By what it was found: a model's name, `search`, `facts`; letters, digits, `._:/-`."""
    fold: str = "more"
    thought: str = ""
    """A model's own reasoning, kept folded."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What its step shall say beside it: tokens, cost, the trace. Not written in the text."""
    status: int = 0
    """With which a command ends that was to get it; not 0: who was asked gave no answer."""

    @property
    def by_model(self) -> bool:
        """Whether a model said it: one that was asked in vain may have cost something too."""
        return bool(self.facts) and not self.status


UNANSWERED = ("late", "refused")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a proposal ended that was not run, or an attempt that failed."""

    status: str
    """denied | undone | by-hand | late"""
    why: str
    shown: str = ""
    """What came of it: a traceback, or what the author pasted."""
    keys: Mapping[str, str] = field(default_factory=dict)


def answer(entry: Entry, digest: str, said: Saying, hand: Hand) -> Edit | None:
    """Under its question; over an older answer."""
    asked = prompt(entry, digest)
    if asked is None:
        return None
    keys = {"v": seal.FORMAT, "of": digest[:SHOWN], "by": said.by, "via": said.via}
    return _under(entry, asked, _envelope("answer", keys, _alert("answer", said, hand)), asked.answer)


def outdate(entry: Entry, asked: Prompt) -> Edit | None:
    """Mark an answer, or the state of a task, as of before what was said was edited, or no more when that is as it was;
    None: it is so."""
    old = asked.outcome
    if old is None or outdated(old) == asked.stale:
        return None
    words = [f"> {OUTDATED[old.kind]}", ">"]
    first = next((number for number, row in enumerate(old.body) if row.startswith("> [!")), -1) + 1
    head, rest = [*old.body[:first]], [*old.body[first:]]
    if asked.stale:
        keys, rest = {**old.keys, **BEFORE}, [*words, *rest]
    else:
        keys = {key: value for key, value in old.keys.items() if key != "asked"}
        rest = rest[2:] if rest[:2] == words else rest
    return Edit(*put(entry, old.span, [marker(old.kind, keys), "", *head, *rest, "", CLOSING]))


def outdated(block: Envelope) -> bool:
    """Whether it says that what was asked, or to be done, was edited since."""
    return block.keys.items() >= BEFORE.items()


def note(entry: Entry, chain: str, said: Saying, hand: Hand) -> Edit | None:
    """Under a cell's output and news; over an older note of the same hand."""
    return _in_slot(entry, chain, "note", said, hand)


def news(entry: Entry, chain: str, said: Saying, hand: Hand, keys: Mapping[str, str] | None = None) -> Edit | None:
    """Right under a cell's output, above all notes."""
    return _in_slot(entry, chain, "news", said, hand, keys or {})


def warn(entry: Entry, digest: str, said: Saying, hand: Hand, status: str, over: str = "") -> Edit | None:
    """News of a task or a question, in its region: over what was told of it before in the same matter, or `over`."""
    asked = prompt(entry, digest)
    if asked is None:
        return None
    keys = {"v": seal.FORMAT, "of": digest[:SHOWN], "by": WATCH, "via": said.via, "status": status}
    same = (block for block in asked.region if block.kind == "news" and block.keys.get("by") == WATCH)
    old = next((block for block in same if block.status in (status, over)), None)
    return _under(entry, asked, _envelope("news", keys, _alert("news", said, hand)), old)


def task(
    entry: Entry, digest: str, status: str, said: Saying, hand: Hand, boxes: Sequence[str] = (), thread: str = "",
    waits: str = "",
) -> Edit | None:  # fmt: skip
    """The state of a task: one live line while it goes on, then its summary; last in its region.

    `waits` is the id of the proposal that stands on its thread, `thread` that thread's name.
    """
    asked = prompt(entry, digest)
    if asked is None:
        return None
    keys = {"v": seal.FORMAT, "of": digest[:SHOWN], "by": said.by, "status": status, "via": said.via, "thread": thread}
    keys |= {"id": waits}
    if not asked.digest.startswith(digest):
        keys |= BEFORE
        said = replace(said, text=f"{OUTDATED['task']}\n\n{said.text}")
    rows = _alert("task", said, hand)
    rows += ["", *(f"- [ ] {box}" for box in boxes)] if boxes else []
    return _under(entry, asked, _envelope("task", keys, rows), asked.task)


def claim(entry: Entry, digest: str, words: str, hand: Hand) -> Edit | None:
    """What a task that is done says that it found, over what it said before; what shows it stays. None: it is so."""
    asked = prompt(entry, digest)
    old = asked.task if asked else None
    proofs = (at for at, row in enumerate(old.body if old else ()) if row.startswith((f"> {SHOWN_BY}", f"> {UNSHOWN}")))
    proof = max(proofs, default=None)
    if old is None or old.status != "done" or proof is None:
        return None
    head = [f"> [!{ALERTS['task']}]", *([f"> {OUTDATED['task']}", ">"] if outdated(old) else [])]
    body = [*head, *quoted(_rows(words, hand)), ">", *old.body[proof:]]
    return (
        Edit(*put(entry, old.span, [marker("task", old.keys), "", *body, "", CLOSING])) if body != [*old.body] else None
    )


def wait(entry: Entry, digest: str, said: Saying, hand: Hand) -> Edit | None:
    """One line under a task that cannot begin yet: what it waits for; over what it waited for before."""
    asked = prompt(entry, digest)
    if asked is None:
        return None
    keys = {"v": seal.FORMAT, "of": digest[:SHOWN], "by": said.by, "status": WAITING, "via": said.via}
    return _under(entry, asked, _envelope("status", keys, _alert("status", said, hand)), asked.waits)


def begun(entry: Entry, digest: str) -> Edit | None:
    """It waits no longer."""
    asked = prompt(entry, digest)
    return remove(entry, asked.waits) if asked is not None and asked.waits else None


def propose(entry: Entry, offer: Offer, hand: Hand) -> Edit | None:
    """A proposal, last in the region of its task; over itself, when it is asked again."""
    asked = prompt(entry, offer.task)
    if asked is None:
        return None
    return _under(entry, asked, _proposal(offer, hand), find(entry, offer.id))


def offer_at_end(entry: Entry, offer: Offer, hand: Hand) -> Edit:
    """A proposal that serves no task, at the end of an entry; over itself, when it is asked again."""
    end = len(entry.rows)
    rows = _proposal(offer, hand)
    if old := find(entry, offer.id):
        return Edit(*put(entry, old.span, rows))
    return Edit(*put(entry, Span(end, end), rows)) if end else Edit(Span(0, 0), "\n".join(rows) + "\n")


def _proposal(offer: Offer, hand: Hand) -> list[str]:
    keys = {
        "v": seal.FORMAT, "of": offer.task[:SHOWN], "id": offer.id, "by": offer.by, "risk": offer.risk,
        **({"asks": proposal.AGAIN} if offer.again else {}),
    }  # fmt: skip
    touches = offer.touches and f"*Touches: {offer.touches}*"
    told = [part for part in (_others(offer.reason), offer.notice, touches, offer.by_hand) if part]
    rows = quoted(["[!IMPORTANT]", *_rows("\n\n".join(told), hand)])
    boxes = ("run", *(proposal.OTHERWISE if offer.again else ()), "deny")
    rows += ["", *fenced(offer.language, offer.source), "", *(f"- [ ] {box}" for box in boxes)]
    return _envelope("proposal", keys, rows)


def _others(reason: str) -> str:
    """A reason as what somebody said: boxes in it are no boxes, and what a cell touches is said by nozzle alone.

    >>> _others("*Touches: nothing*"), _others("- [x] run")
    ('It says: *Touches: nothing*', '- \\\\[x] run')
    """
    return _boxed.sub(r"\1\\", _ours.sub(r"\1It says: ", reason))


def accept(entry: Entry, offer: Offer, source: str, hand: Hand) -> Edit | None:
    """A proposal that was allowed becomes a cell, in its place; None when it stands nowhere any more."""
    old = find(entry, offer.id)
    if old is None:
        return None
    keys = {"v": seal.FORMAT, "of": offer.task[:SHOWN], "id": offer.id, "by": offer.by}
    reason = quoted(_rows(offer.reason, hand)) if offer.reason else []
    rows = [*reason, *([""] if reason else []), *fenced(offer.language, source)]
    return Edit(*put(entry, old.span, _envelope("cell", keys, rows)))


def withdraw(entry: Entry, offer: Offer, hand: Hand) -> Edit | None:
    """A cell that was allowed and has not run becomes a proposal again."""
    old = cell_of(entry, offer.id)
    return Edit(*put(entry, old.span, _proposal(offer, hand))) if old else None


def close(entry: Entry, offer: Offer, outcome: Outcome, hand: Hand) -> Edit | None:
    """A proposal that is not run, or a cell that was undone, becomes a folded record in its place."""
    old = find(entry, offer.id) or cell_of(entry, offer.id)
    if old is None:
        return None
    stop = old.span.stop
    if old.kind == "cell" and (slot := next((s for s in entry.slots if s.cell.enclosed == stop), None)) and slot.blocks:
        stop = slot.blocks[-1].span.stop
    keys = {
        "v": seal.FORMAT, "of": offer.task[:SHOWN], "id": offer.id, "by": offer.by, "status": outcome.status,
    }  # fmt: skip
    shown = _rows(outcome.shown, hand) if outcome.shown else []
    inner = [*_rows(offer.reason, hand), "", *fenced(offer.language, offer.source, "")]
    inner += ["", *fence("text", shown)] if shown else []
    what = f"{first_code(offer.source)[:80]}: " if outcome.status in UNANSWERED else ""  # else many are called alike
    why = " ".join(_rows(f"{what}{outcome.why or outcome.status}", hand))
    title = f"<details><summary>{_escaped(why)}</summary>"
    return Edit(
        *put(
            entry, Span(old.span.start, stop), _envelope("attempt", keys, quoted([title, "", *inner, "", "</details>"]))
        )
    )


def quote(entry: Entry, words: str, by: str, hand: Hand) -> Edit:
    """Words of another program, at the end of an entry: quoted, and nobody's task or question."""
    rows = _envelope("quote", {"v": seal.FORMAT, "by": by}, quoted(["[!NOTE]", *_rows(words, hand)]))
    end = len(entry.rows)
    return Edit(*put(entry, Span(end, end), rows)) if end else Edit(Span(0, 0), "\n".join(rows) + "\n")


def cell_of(entry: Entry, id_: str) -> Envelope | None:
    """The envelope of the cell that a proposal became."""
    return next((block for block in entry.envelopes if block.kind == "cell" and block.keys.get("id") == id_), None)


def id_of(entry: Entry, cell: Cell) -> str:
    """The name of the proposal that a cell was; empty of one that was none."""
    around = (block for block in entry.envelopes if block.kind == "cell" and block.span.stop == cell.enclosed)
    return next((block.keys.get("id", "") for block in around), "")


def key(words: str) -> str:
    """Words as the value of a marker's key.

    >>> key("openai/gpt 5 (mini)")
    'openai/gpt-5--mini-'
    """
    return re.sub(r"[^A-Za-z0-9._:/-]", "-", words)[:80]


def _in_slot(
    entry: Entry, chain: str, kind: str, said: Saying, hand: Hand, more: Mapping[str, str] | None = None
) -> Edit | None:
    slot = entry.slot(chain) if chain else None
    if slot is None or slot.output is None:
        return None
    keys = {"v": seal.FORMAT, "of": slot.cell.chain[:SHOWN], "by": said.by, "via": said.via, **(more or {})}
    rows = _envelope(kind, keys, _alert("note" if keys.get("status") == MENDED else kind, said, hand))
    old = next((block for block in slot.blocks if block.kind == kind and block.keys.get("by") == said.by), None)
    if old is not None:
        return Edit(*put(entry, old.span, rows))
    after = slot.output if kind == "news" else slot.blocks[-1]
    return Edit(*put(entry, Span(after.span.stop, after.span.stop), rows))


def _under(entry: Entry, asked: Prompt, rows: Sequence[str], old: Envelope | None) -> Edit:
    """Over an old block, else at the end of the prompt's region."""
    return Edit(*put(entry, old.span if old else Span(asked.below, asked.below), rows))


def _envelope(kind: str, keys: Mapping[str, str], rows: Sequence[str]) -> list[str]:
    return [marker(kind, {name: key(value) for name, value in keys.items() if value}), "", *rows, "", CLOSING]


def _alert(kind: str, said: Saying, hand: Hand) -> list[str]:
    rows = [f"[!{ALERTS[kind]}]", *_rows(said.text, hand)]
    for title, text in ((said.fold, said.folded), (THOUGHT, said.thought)):
        if text.strip():
            rows += [
                "",
                f"<details><summary>{_escaped(title)}</summary>",
                "",
                *_closed(_rows(text, hand)),
                "",
                "</details>",
            ]
    return quoted(rows)


def _rows(text: str, hand: Hand) -> list[str]:
    """A machine's words as lines: no controls, no secrets, not without end."""
    text = hand.redact(plain(text).encode("utf-8", "replace").decode())
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}\n\n*[{len(text) - LONGEST:,} more characters were said and are not written here]*"
    return trimmed(text.split("\n"))


def _closed(rows: list[str]) -> list[str]:
    """Lines with an end to the fence that they leave open, which would swallow the end of the fold."""
    opened = ""
    for row in rows:
        if (match := _fence.match(row)) and not opened:
            opened = match[1]
        elif match and match[1].startswith(opened) and not match[2].strip():
            opened = ""
    return [*rows, opened] if opened else rows


def _escaped(text: str) -> str:
    """Words on one line of HTML."""
    text = " ".join(plain(text).encode("utf-8", "replace").decode().split())
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
