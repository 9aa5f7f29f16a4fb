"""What the author says to the agents in the text: `{ask}` and `{do}`, or a paragraph that begins with `/ask `.

A prompt is known by its words and a number among those of the same words, never by its line, so it may be moved. What
was written in answer stands right under it: its region, the envelopes between the prompt and the author's next line.
What stands there bears its name, so it keeps its number whatever the author types above it or takes away. It
refuses to see a prompt in a fence, a heading, a comment, a list, a quote, or in anything that a machine wrote.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Literal, cast, get_args

from nozzle.document.entry import SHOWN, Block, Cell, Entry, Envelope, Span, hexdigest
from nozzle.document.options import Options, read_options

Word = Literal["ask", "do", "wtf", "sure", "nope", "stop"]
WORDS: tuple[Word, ...] = get_args(Word)
QUESTIONS: tuple[Word, ...] = ("ask", "wtf")
"""Words that an answer is written under."""
SHORT: Mapping[str, re.Pattern[str]] = {
    "wtf": re.compile(r".*"),
    "sure": re.compile(r"|[1-9][0-9]{0,3}|all|keep|skip"),
    "nope": re.compile(""),
    "stop": re.compile(""),
}
"""Words that may stand alone, and what may stand behind them; `/sure` with anything else allows nothing."""
ALIKE = 64
"""Prompts of the same words that are told apart by what stands under them."""
WAITING = "waiting"
"""The status of a task that cannot begin yet."""

HERE = ":here:"
"""What says of a task that it is done where it stands."""

_said = re.compile(r"/(?:(ask|do)[ \t]+(?=\S)|(wtf|sure|nope|stop)(?=\s|$)[ \t]*)")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One thing said to an agent."""

    word: Word
    text: str
    """What is asked or to be done, LF line ends, outer white space away; may be empty for the short words."""
    digest: str
    """Of word and text, and of its number among such: its name in `of`."""
    span: Span
    region: tuple[Envelope, ...] = ()
    """What was written under it."""
    settled: bool = True
    """It has an end: a closing fence, or a blank line below."""
    options: Options = field(default_factory=Options)
    above: str = ""
    """Chain of the nearest cell above that runs; empty when there is none."""

    @property
    def below(self) -> int:
        """The line after all that stands under it."""
        return self.region[-1].span.stop if self.region else self.span.stop

    @property
    def here(self) -> bool:
        """Whether a task is to be done in this place, and not on a thread of its own."""
        return self.options.values.get("here") is True

    @property
    def answer(self) -> Envelope | None:
        return next((block for block in self.region if block.kind == "answer"), None)

    @property
    def task(self) -> Envelope | None:
        return next((block for block in self.region if block.kind == "task"), None)

    @property
    def outcome(self) -> Envelope | None:
        """What came of it: the answer, or the state of the task."""
        return self.answer if self.word in QUESTIONS else self.task if self.word == "do" else None

    @property
    def waits(self) -> Envelope | None:
        """What says that it has not begun, and what it waits for."""
        return next((block for block in self.region if block.kind == "status" and block.status == WAITING), None)

    @property
    def stale(self) -> bool:
        """It was edited after it had been answered, or its task begun."""
        return self.outcome is not None and self.outcome.of != self.digest[:SHOWN]


def prompts(entry: Entry) -> tuple[Prompt, ...]:
    """Every prompt of an entry, top to bottom.

    >>> [(each.word, each.text, each.settled) for each in prompts(Entry("/ask why\\n\\n/do it\\n"))]
    [('ask', 'why', True), ('do', 'it', False)]
    """
    said = [(each, _region(entry, each[2].stop)) for each in _said_in(entry)]
    taken = dict[tuple[str, str, int], int]()
    """Which of them has a number because what stands under it bears that."""
    for at, ((word, text, *_), region) in enumerate(said):
        if (number := _borne(word, text, region)) is not None:
            taken.setdefault((word, text, number), at)
    numbers = {at: number for (_, _, number), at in taken.items()}
    found = []
    for at, ((word, text, span, settled, options), region) in enumerate(said):
        if (number := numbers.get(at)) is None:
            number = next(each for each in count() if (word, text, each) not in taken)
            taken[word, text, number] = at
        above = [cell.chain for cell in entry.cells if cell.runs and cell.span.stop <= span.start]
        cell = above[-1] if above else ""
        found.append(Prompt(word, text, _name(word, text, number), span, region, settled, options, cell))
    return tuple(found)


def _name(word: str, text: str, number: int) -> str:
    return hexdigest("prompt", word, text, str(number))


def _borne(word: str, text: str, region: tuple[Envelope, ...]) -> int | None:
    """The number by which what stands under a prompt names it; None where that names other words, or nothing does."""
    names = {block.of for block in region if block.of}
    return next((each for each in range(ALIKE if names else 0) if _name(word, text, each)[:SHOWN] in names), None)


def prompt(entry: Entry, digest: str) -> Prompt | None:
    """The prompt of this name, or one whose answer or task bears it: that was edited since."""
    there = prompts(entry)
    named = [each for each in there if each.digest.startswith(digest)]
    return next(
        iter([*named, *(each for each in there if any(block.of == digest[:SHOWN] for block in each.region))]), None
    )


_Found = tuple[Word, str, Span, bool, Options]


def _said_in(entry: Entry) -> Iterator[_Found]:
    """Word, text, lines, whether it has an end, options."""
    owned = [envelope.span for envelope in entry.envelopes]
    starts = {block.span.start: block for block in entry.blocks if not isinstance(block, Cell)}
    for top in entry.outline.tops:
        block = starts.get(top.start)
        spoken = top.kind == "paragraph_open" and entry.rows[top.start].startswith("/")
        if not spoken and (block is None or block.name not in ("ask", "do")):
            continue
        if any(span.start <= top.start < span.stop for span in owned):
            continue
        if block is not None:
            yield from _directive(block)
        else:
            yield from _paragraph(entry, Span(top.start, top.stop))


def _paragraph(entry: Entry, span: Span) -> Iterator[_Found]:
    rows = [row.rstrip("\r\n") for row in entry.rows[span.start : span.stop]]
    if not (match := _said.match(rows[0])):
        return
    word = cast(Word, match[1] or match[2])
    text = "\n".join([rows[0][match.end() :], *rows[1:]]).strip()
    options, text = _inline(text) if word == "do" else (Options(), text)
    settled = span.stop < len(entry.rows) and not entry.rows[span.stop].strip()
    if text or word not in ("ask", "do"):
        yield word, text, span, settled, options


def _inline(text: str) -> tuple[Options, str]:
    """`/do :here: count the lines` says the option in the line."""
    first, _, rest = text.partition(" ")
    return (read_options([first])[0], rest.strip()) if first == HERE else (Options(), text)


def _directive(block: Block) -> Iterator[_Found]:
    text = "\n".join(part for part in (block.argument, block.body) if part).strip()
    if text:
        yield cast(Word, block.name), text, block.span, True, block.options


def _region(entry: Entry, line: int) -> tuple[Envelope, ...]:
    """The envelopes from a line on, with nothing of the author's between."""
    found: list[Envelope] = []
    for envelope in entry.envelopes:
        if envelope.span.start < line:
            continue
        if any(row.strip() for row in entry.rows[line : envelope.span.start]):
            break
        found.append(envelope)
        line = envelope.span.stop
    return tuple(found)
