"""A task on a thread of its own, as the texts tell it: how far it is there, and what of it comes back when merged.

A pure function of two texts, the entry where the task was set and the same entry on the thread. It refuses to be told
anything else, so a watch that starts anew knows as much.
"""

import re
from dataclasses import dataclass
from itertools import takewhile

from nozzle.document import proposal
from nozzle.document.edit import Edit
from nozzle.document.entry import SHOWN, Entry, Envelope, Span
from nozzle.document.options import first_code
from nozzle.document.prompts import prompt
from nozzle.document.scribe import fence, marker, put
from nozzle.document.spoken import CLOSING, OUTDATED

_name = re.compile(r"task-([0-9a-f]{8})(?:-\d+)?")
_merge = re.compile(r"(\s*[-*+] \[)[xX](\] +merge\b)")
MERGE = "merge"
UNMERGED = "**Not merged:**"
TROUBLE = {
    "stalled": "a cell has stalled",
    "it-repeats-itself": "it repeats itself",
    "model-is-silent": "its model is silent",
    "no-progress": "it makes no progress",
    "it-wrote-elsewhere": "it wrote elsewhere than asked",
}
"""Status of news there -> what of it is told where the task was set."""
ANSWERS = "`/sure` or `/nope` below this, or `nozzle answer --run`, `--deny`"

ASKED_AGAIN = (
    "what reached outside above it would do so again. Below this `/sure` runs that again, `/sure keep` goes on in the "
    "kernel as it is, `/sure skip` without it, `/nope` does neither; or `nozzle answer --run`, `--keep`, `--skip`, "
    "`--deny`"
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a task is on its thread."""

    status: str
    """running | done | stopped | failed | none"""
    words: str
    """One line while it goes on, then its summary."""
    id: str = ""
    """The proposal that stands there and waits for the author."""
    folded: str = ""
    """What it wants to run, whole: nothing is allowed unseen."""
    again: bool = False
    """To run it, something above would reach outside again: that is asked too."""


def thread_name(digest: str) -> str:
    """What the thread of a task is called.

    >>> thread_name("0123456789abcdef"), of_thread("task-01234567-2"), of_thread("nozzle/fork")
    ('task-01234567', '01234567', '')
    """
    return f"task-{digest[:8]}"


def of_thread(name: str) -> str:
    """How the name of the task begins whose thread this is; empty when it is none's."""
    match = _name.fullmatch(name)
    return match[1] if match else ""


def progress(there: Entry, digest: str, link: str) -> Progress:
    """How far a task is in the text of its thread, which `link` leads to."""
    asked = prompt(there, digest)
    if asked is None:
        return Progress("stopped", f"The task was taken out of [its thread]({link}).")
    if asked.task is not None:
        return Progress(asked.task.status, _summary(asked.task, link))
    ran = sum(block.kind == "cell" for block in asked.region)
    failed = sum(block.kind == "attempt" for block in asked.region)
    words = f"{_count(ran, 'cell')} so far" + (f", {_count(failed, 'attempt')} folded" if failed else "")
    words = f"On [a thread of its own]({link}): {words}"
    if news := [block for block in asked.region if block.kind == "news" and block.status in TROUBLE]:
        words += f"; **{TROUBLE[news[-1].status]}**"
    last = asked.region[-1] if asked.region else None
    if last is None or last.kind != "proposal":
        return Progress("running", f"{words}.")
    stands = proposal.read(last)
    words += f"; `{first_code(stands.source)[:60].replace('`', '')}`"
    if last.keys.get("risk") != "ask":
        return Progress("running", f"{words} is about to run.")
    quoted = takewhile(lambda row: row.startswith(">"), last.body)  # rows of the code may begin so too
    told = "\n".join(row.removeprefix(">").strip() for row in quoted if "[!" not in row)
    asks = last.keys.get("asks") == proposal.AGAIN
    code = "\n".join(fence(stands.language or "text", stands.source.split("\n")))
    words += f" waits for you: {ASKED_AGAIN if asks else ANSWERS}."
    return Progress("running", words, last.keys.get("id", ""), f"{told}\n\n{code}", asks)


def ticked(block: Envelope) -> bool:
    """Whether `merge` is ticked in the block of a task."""
    return any(_merge.match(row) for row in block.body)


def bring(entry: Entry, digest: str, there: Entry) -> Edit | None:
    """All that was written under a task on its thread, in the place of its state here."""
    asked, other = prompt(entry, digest), prompt(there, digest)
    if asked is None or other is None or not other.region:
        return None
    rows = [row.rstrip("\r\n") for row in there.rows[other.region[0].span.start : other.below]]
    start = asked.region[0].span.start if asked.region else asked.span.stop
    return Edit(*put(entry, Span(start, asked.below), rows))


def unmerged(entry: Entry, digest: str, why: str) -> Edit | None:
    """Say under a task why it could not be merged, over what was said of that before; its box is clear again."""
    old = forked(entry).get(digest)
    if old is None:
        return None
    told = [">", f"> {UNMERGED} {' '.join(why.split()).rstrip('.')}. When that is done, tick merge again."]
    body = [_merge.sub(r"\1 \2", row) for row in old.body]
    if (before := next((at for at, row in enumerate(body) if row.startswith(f"> {UNMERGED}")), None)) is not None:
        del body[before - 1 : before + 1]
    end = max((at for at, row in enumerate(body) if row.startswith(">")), default=-1) + 1
    return Edit(*put(entry, old.span, [marker("task", old.keys), "", *body[:end], *told, *body[end:], "", CLOSING]))


def forked(entry: Entry) -> dict[str, Envelope]:
    """The tasks here that went to a thread: how each is named in its block, and the block."""
    found = (block for block in entry.envelopes if block.kind == "task" and block.keys.get("thread"))
    return {block.of[:SHOWN]: block for block in found}


def _summary(block: Envelope, link: str) -> str:
    rows = [row.removeprefix(">").removeprefix(" ") for row in block.body if row.startswith(">")]
    text = "\n".join(row for row in rows if not row.startswith("[!") and row != OUTDATED["task"]).strip()
    return text.replace("](#", f"]({link}#") + f"\n\nDone on [a thread of its own]({link})."


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
