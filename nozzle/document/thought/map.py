"""The map of an entry: what is open, what was decided and taken back, what was done and showed, what comes next.

Every point leads to lines of the author's own; a point without a line cannot be made. Nothing is smoothed away: what
was said and then taken back stands there as both. A question is closed by a cell or a paragraph that answers it, and
what a machine replied is said to be that: a reply, not an answer.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Literal

from nozzle.document.entry import SHOWN, Entry, Envelope, Slot
from nozzle.document.talk.log import unnamed
from nozzle.document.talk.quote import guessed
from nozzle.document.thought.answers import BACK, about, answers, echoes, measured, names, replies
from nozzle.document.thought.cues import Kind
from nozzle.document.thought.heard import Heard, Text, taken_apart
from nozzle.document.thought.pasted import pasted
from nozzle.document.thought.reversals import OR_DECIDES, claim, goes_back, reversals
from nozzle.document.thought.said import Paragraph, Sentence
from nozzle.document.thought.settled import clash
from nozzle.document.thought.threads import Thread, terms

State = Literal["open", "closed", "replied", "reversed", "stands", "ok", "failed", "waiting"]

_ANSWERS = re.compile(
    r"(?i)^(?:(?:so|okay|ok|ah|aha|oh|and|well|yeah)[,:]? +)*(?:it )?(?:turns out|the answer|answer:|"
    r"it'?s because|because|that'?s (?:why|because|how)|so it'?s|so it was|confirmed|mystery solved|found it|got it:)"
)
_NAME = re.compile(r"[ *#]*(?:THINKING|RESPONDING|ASSISTANT|RESPONSE)[*]*:?\s*")
_CHROME = re.compile(r"\s*(?:```|~~~|<|\[…|\[[^\]]*\]\(\S*_out/[^)\s]*\)\s*$)")
"""Lines of an output that only hold it, or lead to its file."""
_ROW = 100
"""Characters of an output's line that are shown."""
_BREATH = 4
"""Words of a bare yes or no: "Yes, it does."."""
AT_ODDS = "at odds"
"""Of a decision: another one that stands goes against a part of it."""


@dataclass(frozen=True, slots=True)
class Link:
    """A place in the entry that bears a point out."""

    line: int
    """From 0."""
    words: str
    """What stands there, white space made single."""
    digest: str = ""
    """Of the paragraph's words: it names the place when lines move."""
    by: Literal["author", "machine", "cell"] = "author"


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that can be said of the entry, and where it says so."""

    kind: Kind | Literal["cell"]
    words: str
    """What stands there; of a long sentence, the part that matters."""
    links: tuple[Link, ...]
    state: State = "open"
    note: str = ""
    thread: int = 0
    doubt: str = ""
    """Why the judge refuses it; empty: it does not, or was not asked."""

    def __post_init__(self) -> None:
        if not self.links:
            raise ValueError(f"a point without a line that bears it out: {self.words!r}")

    @property
    def line(self) -> int:
        return self.links[0].line


@dataclass(frozen=True)
class Map:
    """What an entry holds, seen from above."""

    threads: tuple[Thread, ...]
    points: tuple[Point, ...]
    """In text order."""
    paragraphs: int = 0
    turns: int = 0
    """Of a machine, left out."""
    guesses: int = 0
    """Ends of those turns that nobody has put right yet."""
    model: str = ""
    """That chose the points; empty: cue words and shapes did."""
    refused: int = 0
    """Points of the model's whose words do not stand where it says."""
    judge: str = ""
    """The model that was asked whether the lines bear the points out; empty: none was."""
    judged: int = 0
    """Points that it spoke of."""

    def of(self, *kinds: str, state: Iterable[State] = ()) -> list[Point]:
        wanted = set(state)
        return [point for point in self.points if point.kind in kinds and (not wanted or point.state in wanted)]

    @cached_property
    def next(self) -> Point | None:
        """The step that is nearest: the first of the last tasks nobody did; without one, the last open question."""
        if tasks := self.of("task", state=["open"]):
            return next(task for task in tasks if task.links[0].digest == tasks[-1].links[0].digest)
        return next(iter(self.of("question", state=["open"])[::-1]), None)


def condense(entry: Entry) -> Map:
    """The map of an entry, from its text alone."""
    text = taken_apart(entry)
    taken_back = reversals(text)
    by = {earlier: later for later, earlier in reversed(taken_back.items())}
    points = _at_odds([_point(text, heard, taken_back, by) for heard in text.heard])
    points += _to_do(text, taken_back, by)
    points += [_cell(text, slot) for slot in entry.slots if slot.cell.runs]
    quotes = [block for block in entry.envelopes if block.kind == "quote"]
    return Map(
        tuple(text.threads), tuple(sorted(points, key=lambda point: point.line)), len(text.paragraphs), len(quotes),
        len(guessed(entry)),
    )  # fmt: skip


def _to_do(text: Text, taken_back: Mapping[int, int], by: Mapping[int, int]) -> list[Point]:
    """The tasks that go against a decision: what they take back is told apart, and they are still to be done.

    What only goes back to what was so before is no task beside that.
    """
    tasks = ((at, text.heard[at]) for at in taken_back if text.heard[at].cue.kind == "task" and at not in by)
    return [
        _closed(text, heard, Point("task", heard.cue.shown, (_link(heard),), thread=heard.thread))
        for at, heard in tasks
        if not goes_back(heard)
    ]


def _at_odds(points: Sequence[Point]) -> list[Point]:
    """The same points; of decisions that stand and go against each other, each leads to the other's line."""
    stand = [point for point in points if point.kind == "decision" and point.state == "stands"]
    against: dict[Link, Link] = {}
    for at, later in enumerate(stand):
        one, two = next(((each.links[0], later.links[0]) for each in stand[:at] if _odd(each, later)), (None, None))
        if one and two:
            against |= {one: two, two: one}
    return [
        replace(point, links=(point.links[0], other), note=AT_ODDS)
        if point.kind == "decision" and (other := against.get(point.links[0]))
        else point
        for point in points
    ]


def _odd(before: Point, after: Point) -> bool:
    return clash(before.links[0].words, after.links[0].words) != ""


def _link(heard: Heard) -> Link:
    return _at(heard.cue.sentence, heard.paragraph)


def _at(sentence: Sentence, paragraph: Paragraph) -> Link:
    return Link(sentence.line, sentence.text, paragraph.digest)


def _point(text: Text, heard: Heard, taken_back: Mapping[int, int], by: Mapping[int, int]) -> Point:
    """What was heard as a point; `by` says what takes it back, `taken_back` what it takes back."""
    at = text.place(heard)
    kind: Kind = "reversal" if at in taken_back else heard.cue.kind
    decides = heard.cue.rule in OR_DECIDES and taken_back.get(at, -1) < 0
    kind = "decision" if decides else kind
    point = Point(kind, heard.cue.shown, (_link(heard),), "stands", "", heard.thread)
    if at in taken_back and not decides:
        return _reversed(text, heard, replace(point, state="reversed" if at in by else "stands"), taken_back[at])
    if at in by:
        return replace(point, state="reversed", links=(_link(heard), _link(text.heard[by[at]])))
    match kind:
        case "question" | "task" | "shell":
            return _closed(text, heard, point)
        case "traceback":
            return _failure(text, heard, point)
        case "done":
            return replace(point, state="ok")
        case _:
            return point


def _reversed(text: Text, heard: Heard, point: Point, earlier: int) -> Point:
    if earlier < 0:
        found = claim(text, heard)
        return (
            replace(point, links=(*point.links, _at(*found)))
            if found
            else replace(point, note="what it takes back was not found")
        )
    return replace(point, links=(*point.links, _link(text.heard[earlier])))


def _failure(text: Text, heard: Heard, point: Point) -> Point:
    """An error that was pasted: where it failed, what it usually comes from, and whether it was got over."""
    found = pasted(heard.paragraph.text)
    if found is None:
        return point
    what = ", ".join(filter(None, (found.place and f"at {found.place}", found.code and f"`{found.code}`", found.cause)))
    over = next((later for later in _later(text, heard) if later.cue.kind == "done"), None)
    if over is None:
        return replace(point, state="failed", note=what)
    return replace(point, state="closed", note=what, links=(*point.links, _link(over)))


def _later(text: Text, heard: Heard) -> list[Heard]:
    return text.heard[text.place(heard) + 1 :]


def _closed(text: Text, heard: Heard, point: Point) -> Point:
    """A question or a task, with what closed it."""
    if heard.cue.sentence.ticked and heard.cue.kind != "question":
        return replace(point, state="closed", note="ticked")
    cell, near = _cell_for(text, heard)
    if cell:
        return replace(point, state="closed", links=(*point.links, cell), note="a cell")
    if heard.cue.kind == "question" and (answer := _answer(text, heard)):
        return replace(point, state="closed", links=(*point.links, answer), note="a paragraph")
    if heard.cue.kind != "question" and (deed := _deed(text, heard)):
        return replace(point, state="closed", links=(*point.links, deed), note="a paragraph")
    if reply := _reply(text, heard):
        return replace(point, state="replied", links=(*point.links, reply), note="a machine replied")
    return replace(point, state="open", note="a cell ran below it" if near else "")


def _cell_for(text: Text, heard: Heard) -> tuple[Link | None, bool]:
    """The cell that answers, run well: the next thing below, or one that shares more words with it.

    What is asked or to be done shares a word or a name even with the next thing below; whether there was one that did
    not.
    """
    near = False
    first = bisect_left(text.run, heard.paragraph.span.stop, key=lambda each: each[0].cell.span.start)
    for number, (slot, shown) in enumerate(text.run[first : first + 6]):
        output = slot.output
        if output is None or not slot.fresh or output.status != "ok":
            continue
        next_below = number == 0 and not _own(text, heard.paragraph.span.stop, slot.cell.span.start)
        if len(heard.terms & shown) >= 2 or (next_below and _has_to_do(heard, slot, shown)):
            return _of_cell(slot), near
        near = near or next_below
    return None, near


def _has_to_do(heard: Heard, slot: Slot, shown: frozenset[str]) -> bool:
    """Whether the next thing below is about this: by its words, or because it was made of it.

    A task that names nothing ("try this") means what stands below it.
    """
    asked, task = _asked(heard), heard.cue.kind != "question"
    return about(asked, shown) or (task and (bool(slot.cell.by) or not asked))


def _asked(heard: Heard) -> frozenset[str]:
    """What a question is about; of one that points back ("is it?"), what its paragraph is, and what it measures."""
    asked = heard.cue.sentence.text
    back = not heard.terms or BACK.search(asked)
    return heard.terms | measured(asked) | (terms(heard.paragraph.text) if back else frozenset())


def _own(text: Text, start: int, stop: int) -> bool:
    """Whether the author wrote something between two lines; what nozzle wrote there does not count."""
    return any(text.entry.rows[line].strip() for line in range(start, stop) if line not in text.owned)


def _of_cell(slot: Slot) -> Link:
    code = (row.strip() for row in slot.cell.body.split("\n") if row.strip() and not row.startswith("#|"))
    return Link(slot.cell.span.start, next(code, ""), slot.cell.chain[:SHOWN], "cell")


def _answer(text: Text, heard: Heard) -> Link | None:
    """A later sentence of the author's that shares a rarer word and answers: it begins as an answer does, or is one."""
    asked = heard.cue.sentence.text
    if own := _at_once(text, heard):
        return own
    for paragraph in text.paragraphs[heard.at + 1 : heard.at + 12]:
        for sentence in paragraph.sentences:
            begins = _ANSWERS.search(sentence.text) and _tells(text, heard, sentence)
            if begins or (_tells(text, heard, sentence) and answers(asked, sentence.text, heard.terms)):
                return Link(sentence.line, sentence.text, paragraph.digest)
    return None


def _at_once(text: Text, heard: Heard) -> Link | None:
    """The next sentence of its paragraph, when that says yes or no, or why, or only names what was asked for: asked and
    answered in one breath; or, of the last that a paragraph asks, one that begins the next and says no more."""
    own, asked = heard.paragraph.sentences, heard.cue.sentence
    if (at := heard.paragraph.places.get(asked)) is None:
        return None
    if at + 1 < len(own):
        after = own[at + 1]
        told = replies(asked.text, after.text) or _ANSWERS.match(after.text) or _names(text, heard.at, asked, after)
        return Link(after.line, after.text, heard.paragraph.digest) if told else None
    for below in text.paragraphs[heard.at + 1 : heard.at + 2]:
        first = below.sentences[0] if below.sentences else None
        bare = first and (len(first.text.split()) <= _BREATH or echoes(first.text)) and replies(asked.text, first.text)
        if first and (bare or (not below.heading and _names(text, heard.at + 1, asked, first))):
            return Link(first.line, first.text, below.digest)
    return None


def _names(text: Text, at: int, asked: Sentence, first: Sentence) -> bool:
    """Whether a sentence of a paragraph names what was asked for, and asks for nothing itself."""
    return names(asked.text, first.text) and not any(
        other.at == at and other.cue.sentence == first and other.cue.kind in ("task", "question", "shell")
        for other in text.heard
    )


def _deed(text: Text, heard: Heard) -> Link | None:
    """A later sentence that says it was done, and shares a rarer word."""
    done = (later for later in _later(text, heard) if later.cue.kind == "done" and later.at > heard.at)
    return next((_link(later) for later in done if _tells(text, heard, later.cue.sentence)), None)


def _tells(text: Text, heard: Heard, sentence: Sentence) -> bool:
    shared = heard.terms & terms(sentence.text)
    return not sentence.text.endswith("?") and (len(shared) > 1 or text.is_rare(shared))


def _reply(text: Text, heard: Heard) -> Link | None:
    """The machine's turn below, when only the author's own words stand between."""
    kinds = ("answer", "task") if heard.cue.rule.startswith("/") else ("quote",)
    since = bisect_left(text.entry.envelopes, heard.paragraph.span.stop, key=lambda block: block.span.start)
    said_since = islice(text.entry.envelopes, since, None)
    below = next((block for block in said_since if block.kind in kinds and block.status != "running"), None)
    if below is None or (kinds[0] != "quote" and not _adjoins(text.entry, heard.paragraph.span.stop, below)):
        return None
    first = _first(below)
    start = next(line for line in range(below.span.start, below.span.stop) if first in text.entry.rows[line])
    return Link(start, " ".join(first.split()), by="machine")


def _adjoins(entry: Entry, line: int, block: Envelope) -> bool:
    """Whether nothing but what nozzle wrote stands between a line and a block."""
    for other in entry.envelopes:
        if line <= other.span.start and not any(row.strip() for row in entry.rows[line : other.span.start]):
            if other is block:
                return True
            line = other.span.stop
    return False


def _first(quote: Envelope) -> str:
    """The first line of what a machine answered; of its thoughts when it answered nothing."""
    bare = (re.sub(r"^>\s?", "", row) for row in quote.body)
    spoken = [row for row in bare if row.strip() and not row.lstrip().startswith(("```", "~~~", "[!", "<"))]
    replied = next((at for at, row in enumerate(spoken) if row.strip(" *#:") == "RESPONDING"), -1)
    rows = [row for row in spoken[replied + 1 :] or spoken if not (_NAME.fullmatch(row) or not unnamed(row))]
    return (rows or [""])[0]


def _cell(text: Text, slot: Slot) -> Point:
    """What a cell did, and what it showed."""
    output = slot.output
    if output is None or not slot.fresh:
        state: State = "waiting"
        note = "not run yet" if output is None else "its output is stale"
    elif output.status == "running":
        state, note = "waiting", "it runs"
    else:
        state = "ok" if output.status == "ok" else "failed"
        note = _shown(output) or ("it printed nothing" if state == "ok" else output.status)
    line = slot.cell.span.start
    above = bisect_left(text.told, (line,)) - 1
    return Point("cell", slot.cell.telling, (_of_cell(slot),), state, note, text.told[above][1] if above >= 0 else 0)


def _shown(output: Envelope) -> str:
    """What an output says in one line: of an error its last, else its first and its last."""
    rows = [row.strip() for row in output.body if row.strip() and not _CHROME.match(row)]
    if not rows:
        return ""
    shown = ["a picture" if row.startswith("![") else row[:_ROW] for row in rows]
    return shown[-1] if output.status == "error" or shown[0] == shown[-1] else f"{shown[0]} \u2026 {shown[-1]}"
