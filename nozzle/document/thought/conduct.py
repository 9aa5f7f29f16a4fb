"""What can be said to a paragraph without a model: an error explained, a command offered, the journal looked up.

Only to paragraphs that are finished: the author stopped there, and not in the middle of a sentence. Each is said once,
in an envelope right under its paragraph, which it names by a digest of the paragraph's words. What is offered is
offered: it runs when the author ticks it, and never by itself.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from nozzle.document import seal
from nozzle.document.edit import Edit
from nozzle.document.entry import Entry, Envelope, Span
from nozzle.document.proposal import Offer
from nozzle.document.scribe import Hand, fence, marker, put, quoted
from nozzle.document.thought.cues import Cue, cues
from nozzle.document.thought.pasted import pasted
from nozzle.document.thought.said import Paragraph, said

Told = Literal["note", "answer"]
VOICES = ("quiet", "notes", "conduct")
BY = "explainer"

_LOOK = re.compile(
    r"(?i)\b(?:look (?:that |it |this )?up|find(?: out)?|search|grep|where did (?:I|we)|when did (?:I|we))\b"
)
_ENDS = re.compile(r"""[.!?…:)"'`\]]\s*$""")


Kind = Literal["error", "run", "look", "task"]
"""An error explained, a command offered, the journal looked up, a task offered to the doer."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to be said to a paragraph."""

    kind: Kind
    paragraph: Paragraph
    cue: Cue

    @property
    def digest(self) -> str:
        return self.paragraph.digest


def voice(entry: Entry, default: str = "") -> str:
    """How much is said in an entry: one of VOICES; the default where it says nothing, or something else."""
    word = str(entry.meta.get("voice") or "")
    return word if word in VOICES else default


def remarks(entry: Entry) -> Iterator[Remark]:
    """What could be said now, top to bottom; one to a paragraph, and none to one that has been answered."""
    above: Paragraph | None = None
    for paragraph in said(entry):
        heard = next(_hearable(cues(paragraph, above)), None)
        above = paragraph
        if heard and _finished(entry, paragraph) and not _answered(entry, paragraph):
            yield Remark(heard[0], paragraph, heard[1])


def explained(remark: Remark) -> str:
    """What can be told of an error that was pasted, in one sentence or two."""
    found = pasted(remark.paragraph.text)
    if found is None:
        return ""
    place = f" It failed at `{found.place}`" + (f": `{found.code}`." if found.code else ".") if found.place else ""
    cause = f" Usually: {found.cause}." if found.cause else " No rule here knows what it usually comes from."
    return f"`{found.says[:160]}`{place}{cause}"


def tell(entry: Entry, digest: str, kind: Told, text: str, hand: Hand, via: str) -> Edit | None:
    """Words under a paragraph; None when it is gone or was answered meanwhile."""
    alert = {"note": "NOTE", "answer": "TIP"}[kind]
    rows = quoted([f"[!{alert}]", *hand.redact(text).split("\n")])
    return _under(entry, digest, kind, {"by": BY, "via": via}, rows)


def offer(entry: Entry, offered: Offer, hand: Hand) -> Edit | None:
    """A cell that could run, under the paragraph it was heard in."""
    rows = [*quoted(["[!IMPORTANT]", hand.redact(offered.reason)]), ""]
    rows += [*fence(f"{{code-cell}} {offered.language}", offered.source.split("\n")), "", "- [ ] run", "- [ ] deny"]
    keys = {"id": offered.id, "by": BY, "risk": offered.risk}
    return _under(entry, offered.task, "proposal", keys, rows)


def invite(entry: Entry, digest: str, id_: str, words: str, hand: Hand) -> Edit | None:
    """A task that the doer could be given, under the paragraph it was heard in."""
    told = f"I could do this: “{hand.redact(words)}”. Tick run, and it becomes a task, as `/do` would make it."
    rows = [*quoted(["[!IMPORTANT]", told]), "", "- [ ] run", "- [ ] deny"]
    return _under(entry, digest, "proposal", {"id": id_, "by": BY, "risk": "ask", "kind": "task"}, rows)


def handed(entry: Entry, block: Envelope, words: str) -> Edit:
    """The author ticked it: where it was offered, the line that gives it to the doer."""
    end = "\n" if entry.rows[block.span.stop - 1].endswith("\n") else ""
    return Edit(block.span, f"/do {' '.join(words.split())}" + (entry.eol if end else ""))


def _hearable(heard: Sequence[Cue]) -> Iterator[tuple[Kind, Cue]]:
    for cue in heard:
        if cue.kind == "traceback":
            yield "error", cue
        elif cue.kind == "shell":
            yield "run", cue
        elif not cue.rule.startswith("/") and (
            cue.kind == "question" or (cue.kind == "task" and _LOOK.search(cue.shown))
        ):
            yield "look", cue
        elif cue.kind == "task" and not cue.rule.startswith("/"):
            yield "task", cue


def _finished(entry: Entry, paragraph: Paragraph) -> bool:
    """Whether the author has gone on, or ended the sentence."""
    below = entry.rows[paragraph.span.stop :]
    if any(row.strip() for row in below):
        return True
    closed = entry.rows[paragraph.span.stop - 1].endswith(("\n", "\r"))
    return closed and (bool(_ENDS.search(paragraph.text)) or bool(below))


def _answered(entry: Entry, paragraph: Paragraph) -> bool:
    """Whether something stands under it: an answer, a proposal, or what became of one."""
    return bool(_region(entry, paragraph.span.stop))


def _region(entry: Entry, line: int) -> list[Envelope]:
    found: list[Envelope] = []
    for block in entry.envelopes:
        if block.span.start < line:
            continue
        if any(row.strip() for row in entry.rows[line : block.span.start]) or block.kind == "quote":
            break
        found.append(block)
        line = block.span.stop
    return found


def _under(entry: Entry, digest: str, kind: str, keys: dict[str, str], rows: Sequence[str]) -> Edit | None:
    paragraph = next((each for each in said(entry) if each.digest == digest), None)
    if paragraph is None or _answered(entry, paragraph):
        return None
    first = marker(kind, {"v": seal.FORMAT, "of": digest, **keys})
    here = Span(paragraph.span.stop, paragraph.span.stop)
    return Edit(*put(entry, here, [first, "", *rows, "", "<!-- /nozzle -->"]))
