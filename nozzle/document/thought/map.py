"""The map of an entry: what is open, what was decided and taken back, what was done and showed, what comes next.

Every point leads to lines of the author's own; a point without a line cannot be made. Nothing is smoothed away: what
was said and then taken back stands there as both. A question is closed by a cell or a paragraph that answers it, and
what a machine replied is said to be that: a reply, not an answer.
"""

import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Literal

from nozzle.document.entry import SHOWN, Entry, Envelope, Slot
from nozzle.document.talk.log import unnamed
from nozzle.document.talk.quote import guessed
from nozzle.document.thought.answers import BACK, about, answers, apart, measured, replies
from nozzle.document.thought.cues import Cue, Kind, cues
from nozzle.document.thought.pasted import pasted
from nozzle.document.thought.said import Paragraph, Sentence, said
from nozzle.document.thought.settled import clash, drops, gone
from nozzle.document.thought.threads import Thread, terms, threads

State = Literal["open", "closed", "replied", "reversed", "stands", "ok", "failed", "waiting"]

_ANSWERS = re.compile(
    r"(?i)^(?:(?:so|okay|ok|ah|aha|oh|and|well|yeah)[,:]? +)*(?:it )?(?:turns out|the answer|answer:|"
    r"it'?s because|because|that'?s (?:why|because|how)|so it'?s|so it was|confirmed|mystery solved|found it|got it:)"
)
_BARE = ("scratch that", "actually no", "forget", "what am I saying", "instead", "came round")
"""Reversals that often do not name what they take back: it is what was decided last."""
_OR_DECIDES = ("instead", "is out")
"""Reversals that, where nothing was decided before them, decide."""
_OBJECT = re.compile(
    r"(?i)\b(?:forget|scratch|scrap|strike|bin|shelve|axe|withdraw|take back|never ?mind|changed? my mind (?:on|about)|"
    r"let'?s not)\b((?:[^,.;:!?\u2014]|(?<=\d)[.,](?=\d))*)"
)
"""What a reversal takes back, where it says it."""
_AT_HEAD = re.compile(
    r"(?i)\b(?:on second thou?ghts?|(?:on|upon) reflection|(?:in|with) hindsight),? "
    r"(?:the|my|our|his|her|their|these|those) "
)
"""A reversal that says at once what it is about."""
_BESIDE = re.compile(r"\b(?:for|in|on|at|with|from|to|by|until)\b")
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_REASON = re.compile(
    r"(?i)\b(?:because|since|so that|otherwise|in case|given that)\b|[;:\u2014]|"
    r", (?=(?:which|it|that|this|they|as|but|there)\b)"
)
"""What follows is said of what stands before it, and is not what was settled."""
_PURPOSE = re.compile(rf"{_REASON.pattern}|\bfor\b")
_PART = re.compile(r"(?i)\b(?:because|since|so|but)\b|[,;:\u2014]")
_DAY = re.compile(
    r"(?i)\b(?:on|in|by|since|last|next|this|before|after) (?:early |late )?"
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|"
    r"september|october|november|december|spring|summer|autumn|winter)s?\b"
)
_SAID = re.compile(
    r"(?i)\b(?:what (?:I|we) (?:just )?(?:said|wrote|claimed|thought|decided|noted)|"
    r"(?:the|that|this|my|our) (?:\w+ )?(?:idea|plan|claim|notion|thought|remark|point|part|bit|business)) "
    r"(?:about|of|on|with|to|that) ([^,.;:!?\u2014]+)"
)
"""What was said of something, as a reversal names it."""
_PROPOSES = re.compile(
    r"(?i)\b(?:should|could|would|might|can|will|let'?s|let me|want|going to|try|use|using|plan|idea|maybe|perhaps|"
    r"the way|works?|best)\b|'(?:ll|d)\b"
)
_AGAINST = re.compile(r"(?i)\b(?:not|no|never|cannot|nothing|nobody|without|fails?|too|wrong|worse|instead)\b|n't\b")
"""With one of these a sentence may speak against what it names."""
_LEAVES = ("scratch that", "forget", "I was wrong", "give up", "so much for")
"""Reversals that leave what they name, and do not return to it."""
_MEANS_IT = {
    "idea", "plan", "thing", "part", "approach", "decision", "choice", "way", "entirely", "entire", "completely",
    "altogether", "whole", "last", "bother", "scratch", "strike", "scrap", "bin", "shelve", "axe", "withdraw", "decid",
    "verdict", "conclusion", "resolution", "reflection", "hindsight",
}  # fmt: skip
"""Words that name nothing by themselves: "forget that idea entirely"."""
_NEGATIVE = ("done with", "not building", "not any more", "get rid of", "let's keep")
_NAME = re.compile(r"[ *#]*(?:THINKING|RESPONDING|ASSISTANT|RESPONSE)[*]*:?\s*")
_FROM = re.compile(r"(?i)\b(?:pivot|away|switch) from (.+?) (?:to|towards?|into)\b")
_ROW = 100
"""Characters of an output's line that are shown."""
_BREATH = 4
"""Words of a bare yes or no: "Yes, it does."."""
AT_ODDS = "at odds"
"""Of a decision: another one that stands goes against a part of it."""
_NEAR = 8
"""Paragraphs within which "scratch that" can mean a decision that it does not name."""


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


@dataclass(frozen=True, slots=True)
class _Heard:
    """A cue, and where in the order of paragraphs it was heard."""

    cue: Cue
    paragraph: Paragraph
    at: int
    thread: int
    terms: frozenset[str] = frozenset()
    topic: frozenset[str] = frozenset()
    """Those of what it settles, or leaves: no reason that it gives for it, and no day."""

    @property
    def link(self) -> Link:
        return Link(self.cue.sentence.line, self.cue.sentence.text, self.paragraph.digest)


@dataclass
class _Text:
    """An entry taken apart once."""

    entry: Entry
    paragraphs: list[Paragraph]
    threads: list[Thread]
    heard: list[_Heard] = field(default_factory=list)
    rare: Mapping[str, float] = field(default_factory=dict)
    count: Counter[str] = field(default_factory=Counter)

    @cached_property
    def places(self) -> dict[tuple[int, Cue], int]:
        """Where in `heard` the cue of a paragraph stands, the first of two that are alike."""
        found: dict[tuple[int, Cue], int] = {}
        for number, heard in enumerate(self.heard):
            found.setdefault((heard.at, heard.cue), number)
        return found

    def place(self, heard: _Heard) -> int:
        return self.places[heard.at, heard.cue]

    @cached_property
    def told(self) -> list[tuple[int, int]]:
        """The lines of the threads in order, and which thread each is of: of two, the later."""
        found = {line: number for number, thread in enumerate(self.threads) for line in thread.lines}
        return sorted(found.items())

    @cached_property
    def owned(self) -> frozenset[int]:
        """The lines that nozzle wrote."""
        return frozenset(line for block in self.entry.envelopes for line in range(block.span.start, block.span.stop))

    @cached_property
    def run(self) -> list[tuple[Slot, frozenset[str]]]:
        """Every cell, and what the code and the output of one that ran well speak of; of another, nothing."""
        return [(slot, frozenset(_speaks(slot))) for slot in self.entry.slots]


def _speaks(slot: Slot) -> set[str]:
    output = slot.output
    if output is None or not slot.fresh or output.status != "ok":
        return set()
    return terms(apart(" ".join((slot.cell.label, slot.cell.body, *output.body))))


def condense(entry: Entry) -> Map:
    """The map of an entry, from its text alone."""
    text = _taken_apart(entry)
    taken_back = _reversals(text)
    by = {earlier: later for later, earlier in reversed(taken_back.items())}
    points = _at_odds([_point(text, heard, taken_back, by) for heard in text.heard])
    points += [_cell(text, slot) for slot in entry.slots if slot.cell.runs]
    quotes = [block for block in entry.envelopes if block.kind == "quote"]
    return Map(
        tuple(text.threads), tuple(sorted(points, key=lambda point: point.line)), len(text.paragraphs), len(quotes),
        len(guessed(entry)),
    )  # fmt: skip


def _taken_apart(entry: Entry) -> _Text:
    paragraphs = list(said(entry))
    found = threads(entry, paragraphs)
    place = {line: number for number, thread in enumerate(found) for line in thread.lines}
    text = _Text(entry, paragraphs, found)
    text.count = Counter(word for paragraph in text.paragraphs for word in terms(paragraph.text))
    text.rare = {word: math.log(1 + len(text.paragraphs) / many) for word, many in text.count.items()}
    above = None
    for at, paragraph in enumerate(text.paragraphs):
        for cue in cues(paragraph, above):
            spoken = frozenset(terms(_left(cue)))
            text.heard.append(_Heard(cue, paragraph, at, place.get(paragraph.span.start, 0), spoken, _topic(cue)))
        above = paragraph
    return text


def _left(cue: Cue) -> str:
    """What a sentence speaks of; of one that goes from one thing to another, only what it leaves."""
    gone = _FROM.search(cue.sentence.text) if cue.rule == "pivot" else None
    return gone[1] if gone else cue.sentence.text


def _topic(cue: Cue) -> frozenset[str]:
    """The words of what a sentence settles, or leaves: of the first of its parts that names something."""
    apart = _PART if cue.rule in (*_LEAVES, *_NEGATIVE) else _REASON if cue.kind == "reversal" else _PURPOSE
    named = (terms(part) - _MEANS_IT for part in apart.split(_DAY.sub(" ", _left(cue))))
    return frozenset(next(filter(None, named), ()))


def _object(cue: Cue) -> frozenset[str]:
    """What a reversal says that it takes back: its words, or else its figures; nothing, where it names none."""
    found = _OBJECT.search(cue.sentence.text)
    if found is None:
        return frozenset()
    head = terms(_BESIDE.split(found[1])[0]) - _MEANS_IT
    return frozenset(head or terms(found[1]) - _MEANS_IT or _FIGURE.findall(found[1]))


def _is_meant(text: _Text, named: frozenset[str], other: _Heard) -> bool:
    """Whether what a reversal names is what was settled there, and not only of one kind with it."""
    shared = named & other.topic
    figures = frozenset(_FIGURE.findall(other.cue.sentence.text))
    return (
        named <= other.topic
        or (bool(shared) and shared == other.topic)
        or len(shared) > 1
        or named <= figures
        or _figured(text, named, other)
    )


def _figured(text: _Text, named: Set[str], other: _Heard) -> bool:
    """Whether something is what the figures of a decision were said of: "hydration 65, 72, 80", and then "65 vs 80"."""
    figures = set(_FIGURE.findall(other.cue.sentence.text))
    if other.cue.kind != "decision" or len(figures) < 2 or not named:
        return False
    above = (sentence.text for paragraph in text.paragraphs[: other.at + 1] for sentence in paragraph.sentences)
    return any(len(figures.intersection(_FIGURE.findall(words))) > 1 and named <= terms(words) for words in above)


def _reversals(text: _Text) -> dict[int, int]:
    """Index of what takes back -> index of what it takes back, -1 when that was not found."""
    found: dict[int, int] = {}
    earlier: list[int] = []
    for at, heard in enumerate(text.heard):
        if heard.cue.kind == "reversal":
            found[at] = _taken_back(text, heard, earlier, found)
        elif heard.cue.kind == "decision" and (undone := _undone(text, heard, earlier)) is not None:
            found[at] = undone
        if found.get(at, -1) >= 0:
            earlier.remove(found[at])
        if _settles(heard):
            earlier.append(at)
    return found


def _settles(heard: _Heard) -> bool:
    return heard.cue.kind in ("decision", "reversal", "task") or heard.cue.rule == "why not"


def _taken_back(text: _Text, heard: _Heard, earlier: Sequence[int], found: Mapping[int, int]) -> int:
    """What a reversal takes back: what shares the rarer words of its topic, later before earlier, or took back what it
    returns to; else, where it names nothing, what was decided last."""
    named = _object(heard.cue)
    meant = [i for i in earlier if not named or _is_meant(text, named, text.heard[i])]
    best = max(((_shared(text, heard, text.heard[i]), i) for i in meant), default=(0.0, -1))
    if best[0] > 0 or (named and meant):
        return best[1]
    undid = (i for i in reversed(earlier) if found.get(i, -1) >= 0)
    if (back := next((i for i in undid if _shared(text, heard, text.heard[found[i]])), None)) is not None:
        return back
    if named or _AT_HEAD.search(heard.cue.sentence.text):
        return -1
    near = [i for i in earlier if heard.at - text.heard[i].at <= _NEAR and text.heard[i].thread == heard.thread]
    last = [i for i in near if text.heard[i].cue.kind in ("decision", "reversal")] or near
    return last[-1] if last and heard.cue.rule in _BARE else -1


def _shared(text: _Text, one: _Heard, other: _Heard) -> float:
    weight = sum(text.rare.get(word, 0.0) for word in one.topic & other.topic)
    return weight * (1.5 if other.cue.kind in ("decision", "reversal") else 1.0) if weight else 0.0


def _undone(text: _Text, heard: _Heard, earlier: Sequence[int]) -> int | None:
    """What a decision undoes without saying so: it drops what was chosen, keeps what was to be renamed, or settles the
    same thing otherwise."""
    for i in reversed(earlier):
        other = text.heard[i]
        before, after = other.cue.sentence.text, heard.cue.sentence.text
        if other.cue.kind == "task" and drops(before, after) == "taken back":
            return i
        if other.cue.kind != "decision" and other.cue.rule not in _OR_DECIDES:
            continue
        done_with = (
            heard.cue.rule in _NEGATIVE and other.cue.rule not in _NEGATIVE and _rare(text, heard.topic & other.topic)
        )
        keeps = heard.cue.rule == "rather keep" and other.cue.rule == "I'll call it" and heard.at - other.at <= _NEAR
        otherwise = clash(before, after) == "taken back" or _figured(text, terms(" ".join(gone(after))), other)
        if done_with or keeps or otherwise:
            return i
    return None


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


def _point(text: _Text, heard: _Heard, taken_back: Mapping[int, int], by: Mapping[int, int]) -> Point:
    """What was heard as a point; `by` says what takes it back, `taken_back` what it takes back."""
    at = text.place(heard)
    kind: Kind = "reversal" if at in taken_back else heard.cue.kind
    decides = heard.cue.rule in _OR_DECIDES and taken_back.get(at, -1) < 0
    kind = "decision" if decides else kind
    point = Point(kind, heard.cue.shown, (heard.link,), "stands", "", heard.thread)
    if at in taken_back and not decides:
        return _reversed(text, heard, replace(point, state="reversed" if at in by else "stands"), taken_back[at])
    if at in by:
        return replace(point, state="reversed", links=(heard.link, text.heard[by[at]].link))
    match kind:
        case "question" | "task" | "shell":
            return _closed(text, heard, point)
        case "traceback":
            return _failure(text, heard, point)
        case "done":
            return replace(point, state="ok")
        case _:
            return point


def _reversed(text: _Text, heard: _Heard, point: Point, earlier: int) -> Point:
    if earlier < 0:
        claim = _claim(text, heard)
        return (
            replace(point, links=(*point.links, claim))
            if claim
            else replace(point, note="what it takes back was not found")
        )
    return replace(point, links=(*point.links, text.heard[earlier].link))


def _claim(text: _Text, heard: _Heard) -> Link | None:
    """The last sentence above that says something of what a reversal names as its topic; of what it only names, one
    that proposes it."""
    leaves = heard.cue.rule in _LEAVES
    said = _SAID.search(heard.cue.sentence.text) if leaves else None
    topic = terms(said[1]) - _MEANS_IT if said else _object(heard.cue) if leaves else frozenset()
    told = ("decision", "done", "wish") if said else ("done", "wish")
    asked = {(other.at, other.cue.sentence) for other in text.heard if other.cue.kind not in told}
    for at in range(heard.at, -1, -1) if topic else ():
        paragraph = text.paragraphs[at]
        own = paragraph.sentences
        above = own[: own.index(heard.cue.sentence)] if at == heard.at and heard.cue.sentence in own else own
        for sentence in reversed(above if not paragraph.heading else ()):
            speaks = topic <= terms(sentence.text) and not sentence.text.endswith("?") and (at, sentence) not in asked
            if speaks and (said or _proposes(sentence.text)):
                return Link(sentence.line, sentence.text, paragraph.digest)
    return None


def _proposes(sentence: str) -> bool:
    return bool(_PROPOSES.search(sentence) and not _AGAINST.search(sentence))


def _failure(text: _Text, heard: _Heard, point: Point) -> Point:
    """An error that was pasted: where it failed, what it usually comes from, and whether it was got over."""
    found = pasted(heard.paragraph.text)
    if found is None:
        return point
    what = ", ".join(filter(None, (found.place and f"at {found.place}", found.code and f"`{found.code}`", found.cause)))
    over = next((later for later in _later(text, heard) if later.cue.kind == "done"), None)
    if over is None:
        return replace(point, state="failed", note=what)
    return replace(point, state="closed", note=what, links=(*point.links, over.link))


def _later(text: _Text, heard: _Heard) -> list[_Heard]:
    return text.heard[text.place(heard) + 1 :]


def _closed(text: _Text, heard: _Heard, point: Point) -> Point:
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


def _cell_for(text: _Text, heard: _Heard) -> tuple[Link | None, bool]:
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


def _has_to_do(heard: _Heard, slot: Slot, shown: frozenset[str]) -> bool:
    """Whether the next thing below is about this: by its words, or because it was made of it.

    A task that names nothing ("try this") means what stands below it.
    """
    asked, task = _asked(heard), heard.cue.kind != "question"
    return about(asked, shown) or (task and (bool(slot.cell.by) or not asked))


def _asked(heard: _Heard) -> frozenset[str]:
    """What a question is about; of one that points back ("is it?"), what its paragraph is, and what it measures."""
    asked = heard.cue.sentence.text
    back = not heard.terms or BACK.search(asked)
    return heard.terms | measured(asked) | (terms(heard.paragraph.text) if back else frozenset())


def _own(text: _Text, start: int, stop: int) -> bool:
    """Whether the author wrote something between two lines; what nozzle wrote there does not count."""
    return any(text.entry.rows[line].strip() for line in range(start, stop) if line not in text.owned)


def _of_cell(slot: Slot) -> Link:
    code = (row.strip() for row in slot.cell.body.split("\n") if row.strip() and not row.startswith("#|"))
    return Link(slot.cell.span.start, next(code, ""), slot.cell.chain[:SHOWN], "cell")


def _answer(text: _Text, heard: _Heard) -> Link | None:
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


def _at_once(text: _Text, heard: _Heard) -> Link | None:
    """The next sentence of its paragraph, when that says yes or no, or why: asked and answered in one breath; or, of
    the last that a paragraph asks, a bare yes or no that begins the next."""
    own, asked = heard.paragraph.sentences, heard.cue.sentence
    if (at := heard.paragraph.places.get(asked)) is None:
        return None
    if at + 1 < len(own):
        after = own[at + 1]
        told = replies(asked.text, after.text) or _ANSWERS.match(after.text)
        return Link(after.line, after.text, heard.paragraph.digest) if told else None
    for below in text.paragraphs[heard.at + 1 : heard.at + 2]:
        first = below.sentences[0] if below.sentences else None
        if first and len(first.text.split()) <= _BREATH and replies(asked.text, first.text):
            return Link(first.line, first.text, below.digest)
    return None


def _deed(text: _Text, heard: _Heard) -> Link | None:
    """A later sentence that says it was done, and shares a rarer word."""
    done = (later for later in _later(text, heard) if later.cue.kind == "done" and later.at > heard.at)
    return next((later.link for later in done if _tells(text, heard, later.cue.sentence)), None)


def _tells(text: _Text, heard: _Heard, sentence: Sentence) -> bool:
    shared = heard.terms & terms(sentence.text)
    return not sentence.text.endswith("?") and (len(shared) > 1 or _rare(text, shared))


def _rare(text: _Text, words: Iterable[str]) -> bool:
    """Whether one of them is said so seldom that it names something."""
    few = max(3, len(text.paragraphs) // 20)
    return any(text.count[word] <= few for word in words)


def _reply(text: _Text, heard: _Heard) -> Link | None:
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


def _cell(text: _Text, slot: Slot) -> Point:
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
    rows = [row.strip() for row in output.body if row.strip() and not re.match(r"\s*(?:```|~~~|<|\[…)", row)]
    if not rows:
        return ""
    shown = ["a picture" if row.startswith("![") else row[:_ROW] for row in rows]
    return shown[-1] if output.status == "error" or shown[0] == shown[-1] else f"{shown[0]} \u2026 {shown[-1]}"
