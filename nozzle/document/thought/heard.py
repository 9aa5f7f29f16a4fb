"""What was heard in an entry: its cues in their order, each with the words of what it settles or leaves."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from nozzle.document.entry import Entry, Slot
from nozzle.document.thought.answers import apart
from nozzle.document.thought.cues import Cue, cues
from nozzle.document.thought.said import Paragraph, said
from nozzle.document.thought.threads import Thread, terms, threads

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
LEAVES = ("scratch that", "forget", "I was wrong", "give up", "so much for")
"""Reversals that leave what they name, and do not return to it."""
MEANS_IT = {
    "idea", "plan", "thing", "part", "approach", "decision", "choice", "way", "entirely", "entire", "completely",
    "altogether", "whole", "last", "bother", "scratch", "strike", "scrap", "bin", "shelve", "axe", "withdraw", "decid",
    "verdict", "conclusion", "resolution", "reflection", "hindsight",
}  # fmt: skip
"""Words that name nothing by themselves: "forget that idea entirely"."""
NEGATIVE = ("done with", "not building", "not any more", "get rid of", "let's keep")
_FROM = re.compile(r"(?i)\b(?:pivot|away|switch) from (.+?) (?:to|towards?|into)\b")


@dataclass(frozen=True, slots=True)
class Heard:
    """A cue, and where in the order of paragraphs it was heard."""

    cue: Cue
    paragraph: Paragraph
    at: int
    thread: int
    terms: frozenset[str] = frozenset()
    topic: frozenset[str] = frozenset()
    """Those of what it settles, or leaves: no reason that it gives for it, and no day."""


@dataclass
class Text:
    """An entry taken apart once."""

    entry: Entry
    paragraphs: list[Paragraph]
    threads: list[Thread]
    heard: list[Heard] = field(default_factory=list)
    rare: Mapping[str, float] = field(default_factory=dict)
    count: Counter[str] = field(default_factory=Counter)

    @cached_property
    def places(self) -> dict[tuple[int, Cue], int]:
        """Where in `heard` the cue of a paragraph stands, the first of two that are alike."""
        found: dict[tuple[int, Cue], int] = {}
        for number, heard in enumerate(self.heard):
            found.setdefault((heard.at, heard.cue), number)
        return found

    def place(self, heard: Heard) -> int:
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

    def is_rare(self, words: Iterable[str]) -> bool:
        """Whether one of them is said so seldom that it names something."""
        few = max(3, len(self.paragraphs) // 20)
        return any(self.count[word] <= few for word in words)


def _speaks(slot: Slot) -> set[str]:
    output = slot.output
    if output is None or not slot.fresh or output.status != "ok":
        return set()
    return terms(apart(" ".join((slot.cell.label, slot.cell.body, *output.body))))


def taken_apart(entry: Entry) -> Text:
    paragraphs = list(said(entry))
    found = threads(entry, paragraphs)
    place = {line: number for number, thread in enumerate(found) for line in thread.lines}
    text = Text(entry, paragraphs, found)
    text.count = Counter(word for paragraph in text.paragraphs for word in terms(paragraph.text))
    text.rare = {word: math.log(1 + len(text.paragraphs) / many) for word, many in text.count.items()}
    above = None
    for at, paragraph in enumerate(text.paragraphs):
        for cue in cues(paragraph, above):
            spoken = frozenset(terms(_left(cue)))
            text.heard.append(Heard(cue, paragraph, at, place.get(paragraph.span.start, 0), spoken, _topic(cue)))
        above = paragraph
    return text


def _left(cue: Cue) -> str:
    """What a sentence speaks of; of one that goes from one thing to another, only what it leaves."""
    gone = _FROM.search(cue.sentence.text) if cue.rule == "pivot" else None
    return gone[1] if gone else cue.sentence.text


def _topic(cue: Cue) -> frozenset[str]:
    """The words of what a sentence settles, or leaves: of the first of its parts that names something."""
    apart = _PART if cue.rule in (*LEAVES, *NEGATIVE) else _REASON if cue.kind == "reversal" else _PURPOSE
    named = (terms(part) - MEANS_IT for part in apart.split(_DAY.sub(" ", _left(cue))))
    return frozenset(next(filter(None, named), ()))
