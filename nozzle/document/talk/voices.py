"""Telling two voices apart in a stretch of text that begins with a machine's and ends with the author's.

Each block is weighed by how it is written (bold words, headings, lists and dashes; laughter, small letters and words
said of oneself) and by the words that the two have used elsewhere in the same log. Then the most likely course through
three states is found (Viterbi 1967): the machine speaks, the author speaks, the author shows words that are not his
own. It decides a place, and says how sure it is; it reads no words for their meaning.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

# what speaks for the author, in units of log odds: a guess that was made once, by hand, and is measured by a test
_SIGNS: tuple[tuple[float, re.Pattern[str]], ...] = tuple(
    (weight, re.compile(words))
    for weight, words in (
        (3.0, r"(?i)\b(?:a?(?:ha|ah){2,}\w*|lo+l|lmf?ao|rofl|omg|tbh|idk|wtf|ffs)\b"),
        (2.0, r"^[a-z]"),
        (1.5, r"(?i)\b(?:yeah|yep|nope|gonna|wanna|gotta|kinda|sorta|dunno|gd|bro|dude|cuz|oh wait|okay so|y'?all)\b"),
        (1.5, r"(?m)\b(?:I'm|I've|I'd|I'll|I am|I was|I don't|I mean|I just|I think|I want|I need|my)\b"),
        (1.0, r"\[[a-z][^\]]{3,}\](?!\()"),
        (1.0, r"[a-z,!]\s*$"),
        (1.0, r"(?i)\b(?:can you|could you|show me|walk me|please)\b"),
        (1.0, r"(?<![\w*_])_\w[^_\n]*_(?!\w)"),
        (2.5, r"^(?:ERROR|Traceback|Exception|Stacktrace|\w*Error)\b"),
        (-3.0, r"\*\*[^*\n]+\*\*"),
        (-2.0, "\u2014|\u2019|\u201c"),
        (-1.5, r"(?i)^(?:absolutely|exactly|perfect|of course|great|alright|you(?:'|\u2019)(?:re|ve)|your)\b"),
        (-1.0, r"(?i)\b(?:you(?:'|\u2019)(?:re|ve)|you are|your)\b.*\b(?:you(?:'|\u2019)(?:re|ve)|you are|your)\b"),
        (-1.0, r"(?m):\s*$"),
        (
            -2.0,
            r"(?i)\b(?:good luck|happy to help|I apologi[sz]e|my job|my role|my previous|I am listening|let me know)\b",
        ),
        (-2.0, r"(?i)\b(?:should I|shall I|would you like|do you want me|I can help)\b"),
        (-1.0, r"(?i)^(?:now go|go build|hell ye|good)\b"),
        (-0.5, r"(?i)^(?:now|so|this|that|the|here(?:'|\u2019)s|let(?:'|\u2019)s)\b"),
    )
)
_KINDS = {
    "heading_open": -3.0, "table_open": -3.0, "hr": -2.0, "bullet_list_open": -1.5, "ordered_list_open": -1.0,
    "blockquote_open": -1.0, "fence": -0.5, "code_block": -0.5,
}  # fmt: skip
_QUOTED = re.compile(r'"[^"\n]{8,}"')
_LONG = 60
"""Characters of a line that is known again when it is shown further down."""
_WIDEST = 5.0
"""No single block says more than this, whichever way: anybody may write one line like the other."""
_REPEATED = 3.0
"""What it says for the author that a long block stands word for word further up: one shows what was said before."""
_SHOW, _BACK = math.log(0.05), math.log(0.5)
_SILENT = math.log(0.5)
"""That the author says nothing between two turns of a machine's that are in their order: what is written like neither
of the two is the machine's."""
_DOUBT = math.log(2)
"""A later place that is so much less likely at most is taken: a machine's words shall never become the author's."""
_RUN = 3
"""So many blocks in a row are written as the machine writes, before they are taken for something pasted."""


_WORD = re.compile(r"[^\W\d_][\w'\u2019]*")
_SMOOTH = 1.0
_TRUSTED = 2.5
"""What the words of a block say at most."""
_ENOUGH = 2000
"""Words of the author's that must have been heard for that: of a few, a block would speak for itself."""


@dataclass(frozen=True)
class Words:
    """What the two have been heard to say, counted."""

    author: Counter[str] = field(default_factory=Counter)
    machine: Counter[str] = field(default_factory=Counter)

    @classmethod
    def heard(cls, author: Iterable[str], machine: Iterable[str]) -> "Words":
        return cls(Counter(_words("\n".join(author))), Counter(_words("\n".join(machine))))

    def odds(self, text: str) -> float:
        """How much the words of a text speak for the author: less than summed, for words hang together."""
        words = _words(text)
        if not words or not self.author or not self.machine:
            return 0.0
        each = (math.log(self.author[word] + _SMOOTH) - math.log(self.machine[word] + _SMOOTH) for word in words)
        odds = sum(each) - len(words) * self._longer
        most = _TRUSTED * min(1.0, self.author.total() / _ENOUGH)
        return max(-most, min(most, odds / math.sqrt(len(words))))

    @cached_property
    def _longer(self) -> float:
        """By how much, in log odds, a word is rarer with the author because less was heard from there."""
        many = _SMOOTH * len(self.author.keys() | self.machine.keys())
        return math.log(self.author.total() + many) - math.log(self.machine.total() + many)


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


@dataclass(frozen=True, slots=True)
class Piece:
    """A top-level block of the stretch: its kind as markdown-it names it, and its text."""

    kind: str
    text: str


def author_begins(
    pieces: Sequence[Piece], words: Words, before: Collection[str] = (), free: bool = False
) -> tuple[int, int]:
    """Where the author speaks again: the index of the author's first piece, and how sure that is, in percent.

    In doubt it is the later place. `before` holds the `lines` of what the machine said earlier; `free` says that the
    author need not speak in the stretch at all, since it ends the text or what follows is out of order. The index is
    the number of pieces when he does not.
    """
    shown = list(_shown(pieces, before))
    odds = [_odds(piece, words, shown[at]) for at, piece in enumerate(pieces)]
    paths = _paths(odds, shown, free)
    most = max(paths)
    place = max(at for at, path in enumerate(paths) if path >= most - _DOUBT)
    total = sum(math.exp(path - most) for path in paths)
    return place, min(99, round(100 * math.exp(paths[place] - most) / total))


def shown_inside(pieces: Sequence[Piece], words: Words, before: Collection[str] = ()) -> list[tuple[int, int, int]]:
    """What an author shows in a stretch of its own that is written as the machine writes: first, last + 1, how sure.

    Somebody who pastes what a machine wrote elsewhere names it no turn. A few blocks are never taken for that.
    """
    shown = list(_shown(pieces, before))
    odds = [_odds(piece, words, shown[at]) for at, piece in enumerate(pieces)]
    after, show = _rest(odds, shown)
    runs: list[tuple[int, int, int]] = []
    start, showing = 0, False
    for at in range(len(odds) + 1):
        stays = at < len(odds) and (show[at] > _BACK + after[at] if showing else after[at] < _SHOW + show[at])
        if showing and not stays and at - start >= _RUN:
            weight = _SHOW + _BACK - sum(odds[start:at])
            runs.append((start, at, min(99, round(100 / (1 + math.exp(-weight))))))
        start, showing = (start if showing else at), stays
    return runs


def lines(text: str) -> set[str]:
    """The longer lines of a text, bare of what marks a list, a quote or an emphasis."""
    return {bare for row in text.split("\n") if len(bare := _bare(row)) >= _LONG}


def _bare(row: str) -> str:
    return re.sub(r"^[\s\d.\"'>*#-]+|[\s\"*]+$", "", row)


def _shown(pieces: Sequence[Piece], before: Collection[str]) -> Iterator[bool]:
    """For each piece whether it shows, word for word, lines that were said before it."""
    said = set(before)
    for piece in pieces:
        found = lines(piece.text)
        yield bool(found) and found <= said
        said |= found


def _odds(piece: Piece, words: Words, shown: bool) -> float:
    """How much a piece speaks for the author, in log odds."""
    if piece.kind in ("fence", "colon_fence", "code_block", "html_block"):
        return _KINDS.get(piece.kind, 0.0)
    text = _QUOTED.sub('""', piece.text.strip())  # the words of somebody else
    odds = _KINDS.get(piece.kind, 0.0) + sum(weight for weight, sign in _SIGNS if sign.search(text))
    odds += words.odds(text)
    if shown:
        odds = max(odds, _REPEATED)
    return max(-_WIDEST, min(_WIDEST, odds))


def _paths(odds: Sequence[float], shown: Sequence[bool], free: bool) -> list[float]:
    """For each place at which the author might begin, the log likelihood of the best course, up to a constant."""
    after, show = _rest(odds, shown)
    found, machine = [], 0.0
    for at in range(len(odds)):
        found.append(machine + max(after[at], (0.0 if shown[at] else _SHOW) + show[at]))
        machine += -odds[at] / 2
    return [*found, machine + (0.0 if free else _SILENT)]


def _rest(odds: Sequence[float], shown: Sequence[bool]) -> tuple[list[float], list[float]]:
    """From each place to the end, how likely it is when there the author speaks, and when the author shows."""
    count = len(odds)
    after, show = [0.0] * (count + 1), [_BACK] * (count + 1)
    for at in range(count - 1, -1, -1):
        after[at] = odds[at] / 2 + max(after[at + 1], _SHOW + show[at + 1])
        show[at] = (0.0 if shown[at] else -odds[at] / 2) + max(show[at + 1], _BACK + after[at + 1])
    return after, show
