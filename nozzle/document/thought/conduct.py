"""What can be said to a paragraph without a model: an error explained, a command offered, the journal looked up.

Only to paragraphs that are finished: the author stopped there, and not in the middle of a sentence. Each is said once,
in an envelope right under its paragraph, which it names by a digest of the paragraph's words. What is offered is
offered: it runs when the author ticks it, and never by itself.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from nozzle.document import seal
from nozzle.document.edit import Edit
from nozzle.document.entry import Entry, Envelope, Span, hexdigest
from nozzle.document.proposal import Offer, fenced, read
from nozzle.document.scribe import Hand, marker, put, quoted, remove
from nozzle.document.spoken import WATCH
from nozzle.document.thought.cues import OWN, Cue, cues, several
from nozzle.document.thought.offers import Fence, fence_below, meant, steps_to_compare
from nozzle.document.thought.pasted import ends, pasted, to_run
from nozzle.document.thought.said import Paragraph, said

Told = Literal["note", "answer"]
VOICES = ("quiet", "notes", "conduct")
BY = "explainer"

_LOOK = re.compile(
    r"(?i)\b(?:look (?:that |it |this )?up|find(?: out)?|search|grep|where did (?:I|we)|when did (?:I|we))\b"
)
_choice = re.compile(r"\s*[-*+] \[([ xX])\] +run: +(.+)")
_ENDS = re.compile(r"""[.!?…:)"'`\]]\s*$""")


Kind = Literal["error", "run", "compare", "look", "task"]
"""An error explained, code offered, two steps compared, the journal looked up, a task offered to the doer."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to be said to a paragraph."""

    kind: Kind
    paragraph: Paragraph
    cue: Cue
    tasks: tuple[str, ...] = ()
    """Of a paragraph that holds tasks: each in the author's words."""
    words: str = ""
    """What is to be looked up."""
    fence: Fence | None = None
    """What is to be run, when it stands in a fence."""
    steps: tuple[str, str] = ("", "")
    """What is to be compared; empty: the last two steps of the entry."""

    @property
    def digest(self) -> str:
        return self.paragraph.digest

    @property
    def what(self) -> str:
        """What names the remark itself, whatever its paragraph says: code as it is, of sentences the bare words."""
        said = {"look": self.words, "task": " ".join(self.tasks), "compare": " ".join(self.steps)}
        words = " ".join(re.findall(r"\w+", said.get(self.kind, self.cue.sentence.text).lower()))
        source = self.fence.source if self.fence else self.cue.sentence.text
        return hexdigest(self.kind, source if self.kind == "run" else words)[:8]


def voice(entry: Entry, default: str = "") -> str:
    """How much is said in an entry: one of VOICES; the default where it says nothing, or something else."""
    word = str(entry.meta.get("voice") or "")
    return word if word in VOICES else default


def remarks(entry: Entry, anew: Collection[str] = ()) -> Iterator[Remark]:
    """What could be said now, top to bottom: to a paragraph one thing, or an answer and the tasks that it holds.

    Nothing to a paragraph that has been answered, unless its digest is among those to be heard anew; nothing is looked
    up that was asked in the same words further up.
    """
    above: Paragraph | None = None
    asked: set[str] = set()
    for paragraph in said(entry):
        heard, before = list(_hearable(cues(paragraph, above))), above
        above = paragraph
        look = next((meant(cue.sentence.text, paragraph, before) for kind, cue in heard if kind == "look"), "")
        again = _bare(look) in asked
        asked |= {_bare(look)} - {""}
        if (
            not heard
            or not finished(entry, paragraph)
            or (paragraph.digest not in anew and _answered(entry, paragraph))
        ):
            continue
        if own := next((one for kind, cue in heard if kind == "task" and (one := _own(entry, paragraph, cue))), None):
            yield own
            continue
        found = next((each for each in heard if each[0] != "task" and (each[0] != "look" or look)), None)
        tasks = [part for kind, cue in heard if kind == "task" for part in several(cue.sentence.text)]
        if found and not (again and found[0] == "look"):
            yield Remark(found[0], paragraph, found[1], words=look)
        if tasks and (found is None or found[0] == "look"):
            first = next(cue for kind, cue in heard if kind == "task")
            yield Remark("task", paragraph, first, tuple(tasks))


def _bare(words: str) -> str:
    return " ".join(words.lower().strip(" ?!.").split())


def _own(entry: Entry, paragraph: Paragraph, cue: Cue) -> Remark | None:
    """A task that needs nobody to think."""
    if fence := fence_below(entry, paragraph, cue.sentence.text):
        return Remark("run", paragraph, cue, fence=fence)
    if command := to_run(cue.sentence.text):
        return Remark("run", paragraph, cue, fence=Fence("bash", command))
    if steps := steps_to_compare(cue.sentence.text):
        return Remark("compare", paragraph, cue, steps=steps)
    return None


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


def warn(entry: Entry, digest: str, text: str, hand: Hand, status: str) -> Edit | None:
    """News of what was begun for a paragraph."""
    rows = quoted(["[!CAUTION]", *hand.redact(text).split("\n")])
    return _under(entry, digest, "news", {"by": WATCH, "via": "facts", "status": status}, rows)


def offer(entry: Entry, offered: Offer, hand: Hand) -> Edit | None:
    """A cell that could run, under the paragraph it was heard in."""
    rows = [*quoted(["[!IMPORTANT]", hand.redact(offered.reason)]), ""]
    rows += [*fenced(offered.language, offered.source), "", "- [ ] run", "- [ ] deny"]
    keys = {"id": offered.id, "by": BY, "risk": offered.risk}
    return _under(entry, offered.task, "proposal", keys, rows)


def invite(entry: Entry, digest: str, id_: str, tasks: Sequence[str], hand: Hand) -> Edit | None:
    """Tasks that the doer could be given, under the paragraph they were heard in."""
    if len(tasks) == 1:
        told = f"I could do this: “{hand.redact(tasks[0])}”. Tick run, and it becomes a task, as `/do` would make it."
        rows = [*quoted(["[!IMPORTANT]", told]), "", "- [ ] run", "- [ ] deny"]
    else:
        rows = _several([" ".join(hand.redact(words).split()) for words in tasks])
    return _under(entry, digest, "proposal", {"id": id_, "by": BY, "risk": "ask", "kind": "task"}, rows)


def withdraw(entry: Entry, id_: str) -> Edit | None:
    """Take away what is on offer under a paragraph that says something else; None when somebody ticked it meanwhile."""
    block = next((block for _, block in outdated(entry) if block.keys.get("id") == id_), None)
    return remove(entry, block) if block else None


def ticked(block: Envelope) -> list[str]:
    """The words of the tasks that are ticked, of several that were offered together; as they stand there now."""
    return [match[2].strip() for row in block.body if (match := _choice.match(row)) and match[1] != " "]


def choices(block: Envelope) -> list[str]:
    """The words of the tasks that are not ticked, of several that were offered together."""
    return [match[2].strip() for row in block.body if (match := _choice.match(row)) and match[1] == " "]


def handed(entry: Entry, block: Envelope, words: str) -> Edit:
    """The author ticked it: where it was offered, the line that gives it to the doer; of several, those ticked.

    Those that were not ticked stay offered, above the others.
    """
    chosen = ticked(block)
    rows = [row for each in chosen or [words] for row in (f"/do {' '.join(each.split())}", "")][:-1]
    left = choices(block)
    if chosen and left:
        rows = [marker("proposal", dict(block.keys)), "", *_several(left), "", "<!-- /nozzle -->", "", *rows]
    if not entry.rows[block.span.stop : block.span.stop + 1] or entry.rows[block.span.stop].strip():
        rows.append("")  # a task has an end
    return Edit(*put(entry, block.span, rows))


def _several(tasks: Sequence[str]) -> list[str]:
    count = f"{len(tasks)} tasks" if len(tasks) > 1 else "one more task"
    told = f"I hear {count} here. Each that you tick becomes a task of its own, as `/do` would make it:"
    return [*quoted(["[!IMPORTANT]", told]), "", *(f"- [ ] run: {words}" for words in tasks), "- [ ] deny"]


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
        elif cue.kind == "task" and not (cue.rule.startswith("/") or cue.rule in OWN or cue.sentence.ticked):
            yield "task", cue


def begun(entry: Entry, among: Collection[str]) -> set[str]:
    """Those of these paragraphs that are not finished."""
    return {each.digest for each in said(entry) if each.digest in among and not finished(entry, each)}


def finished(entry: Entry, paragraph: Paragraph) -> bool:
    """Whether the author has gone on, or ended the sentence; a command or an error is at its end by its shape."""
    below = entry.rows[paragraph.span.stop :]
    if any(row.strip() for row in below):
        return True
    closed = entry.rows[paragraph.span.stop - 1].endswith(("\n", "\r"))
    return closed and (bool(_ENDS.search(paragraph.text)) or bool(below) or ends(paragraph.text))


def _answered(entry: Entry, paragraph: Paragraph) -> bool:
    """Whether something stands under it: an answer, a proposal, or what became of one."""
    stands = _region(entry, paragraph.span.stop)
    return not all(_outdated(block, paragraph.digest) or _past(block, paragraph.digest) for block in stands)


def outdated(entry: Entry) -> Iterator[tuple[Paragraph, Envelope]]:
    """What is on offer under a paragraph that now says something else, and that paragraph, where it is finished."""
    for paragraph in said(entry):
        for block in _region(entry, paragraph.span.stop):
            if _outdated(block, paragraph.digest) and finished(entry, paragraph):
                yield paragraph, block


def _outdated(block: Envelope, digest: str) -> bool:
    """Whether it is on offer for what its paragraph said before the author changed it."""
    offered = block.kind == "proposal" and block.keys.get("by") == BY and block.of != digest
    return offered and not (read(block).ticks or ticked(block))


def _past(block: Envelope, digest: str) -> bool:
    """Whether it was refused when its paragraph said something else: it stays, and what is said now is heard."""
    return block.kind == "attempt" and block.keys.get("by") == BY and block.of != digest


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
    """Under a paragraph: what is said first, and under that what is offered; in the place of what is outdated."""
    paragraph = next((each for each in said(entry) if each.digest == digest), None)
    if paragraph is None:
        return None
    stands = _region(entry, paragraph.span.stop)
    first = marker(kind, {"v": seal.FORMAT, "of": digest, **keys})
    own = [first, "", *rows, "", "<!-- /nozzle -->"]
    live = [block for block in stands if not _past(block, digest)]
    if live and live == stands[-len(live) :] and all(_outdated(block, digest) for block in live):
        return Edit(*put(entry, Span(live[0].span.start, live[-1].span.stop), own))
    if any(block.of != digest or (block.kind == "proposal") == (kind == "proposal") for block in live):
        return None
    line = stands[-1].span.stop if stands and kind == "proposal" else paragraph.span.stop
    return Edit(*put(entry, Span(line, line), own))
