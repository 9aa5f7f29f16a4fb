"""A talk kept as Markdown, with a line before each turn that says whose it is, as turns.

Some logs name both voices (`USER`, `ASSISTANT`); some name only the machine's (`THINKING`, then `RESPONDING`), so that
the author begins to speak somewhere below without a word about it. A name counts when it stands alone on a line of
prose: the same word in a sentence is a word. What a page of ChatGPT is copied as (`You said:`, `ChatGPT said:`) counts
where both voices are named so; where none stands alone, so do names before their words: in bold (`**User:** why?`), or
else plain (`User: why?`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from nozzle.document.entry import Span
from nozzle.document.outline import outline
from nozzle.document.talk.turn import Who
from nozzle.document.talk.voices import Piece, Words, author_begins, lines, shown_inside
from nozzle.document.toplevel import Top

_MACHINES = ("THINKING", "RESPONDING", "RESPONSE", "ASSISTANT", "MACHINE", "AI", "CHATGPT", "CLAUDE", "GPT", "MODEL")
_AUTHORS = ("USER", "HUMAN", "ME", "AUTHOR", "PROMPT", "YOU")
_called = r"ChatGPT|Claude|Gemini|Copilot|DeepSeek|Grok|Mistral|Llama|(?:GPT|o)-?\d[\w.-]*"
"""Machines by name, as pages of theirs spell them."""
_words = "|".join((*_MACHINES, *_AUTHORS[:-1]))
_shouted = "THINKING|RESPONDING|ASSISTANT|CHATGPT|CLAUDE|USER|HUMAN"
_name = re.compile(
    rf" {{0,3}}(?:(?P<bare>{_words}) ?:?|(?:\#{{1,6}} +|\*\*)(?P<marked>(?i:{_shouted}))(?: ?:)?(?:\*\*)?:?)[ \t]*"
)
_said = re.compile(
    rf" {{0,3}}(?:\#{{1,6}} +|\*\*)?(?P<name>You|Assistant|{_called}) (?:said|replied|responded|asked) ?:(?:\*\*)?\s*$"
)
_bold = re.compile(rf" {{0,3}}\*\*(?P<name>(?i:{_shouted})|You|Me|{_called})(?: ?:\*\*|\*\* ?:)[ \t]+(?=\S)")
_plain = re.compile(
    r" {0,3}(?P<name>USER|User|HUMAN|Human|YOU|You|ME|Me|ASSISTANT|Assistant|AI|GPT|Bot|Model|"
    rf"{_called}) ?:[ \t]+(?=\S)"
)
"""A name with a colon before the words that it says."""
_PASSES = 3


@dataclass(frozen=True, slots=True)
class Part:
    """Lines of one voice; blank lines around them belong to nobody."""

    who: Who
    span: Span
    sure: int = 100
    """Percent: how sure it is that they end there."""
    shown: bool = False
    """Of a machine's: that the author pasted it, and both its ends are guesses."""


@dataclass(frozen=True, slots=True)
class _Mark:
    line: int
    word: str

    @property
    def who(self) -> Who:
        return "author" if self.word in _AUTHORS else "machine"


@dataclass(frozen=True, slots=True)
class _Turn:
    who: Who
    start: int
    stop: int
    free: bool = False
    """The author need not speak before what follows."""
    tops: tuple[tuple[str, int, str], ...] = ()
    """Of a machine's, the blocks below its names: kind, first line, text."""


def parts(text: str) -> list[Part]:
    """The turns of a log, top to bottom; a log that names nobody is one part, the author's."""
    found = outline(text)
    rows = found.rows
    start = found.tops[0].stop if found.tops and found.tops[0].kind == "front_matter" else 0
    marks = max(list(_marks(rows, found.tops)), _both(rows, found.tops, _said), key=len)
    marks = marks or _both(rows, found.tops, _bold) or _both(rows, found.tops, _plain)
    turns = list(_turns(rows, marks, start))
    if any(mark.who == "author" for mark in marks):
        result = [Part(turn.who, Span(turn.start, turn.stop)) for turn in turns]
    else:
        words = Words()
        for _ in range(_PASSES):  # each knows the words of the two from the one before
            result = _guessed(turns, words)
            words = _heard(rows, result)
        result = list(_pasted(rows, result, words))
    bare = (replace(part, span=_bare(rows, part.span)) for part in result)
    return [part for part in bare if part.span.start < part.span.stop]


def _guessed(turns: list[_Turn], words: Words) -> list[Part]:
    """Each machine's turn cut in two where the author seems to begin."""
    known: set[str] = set()
    result: list[Part] = []
    for turn in turns:
        if turn.who == "author":
            result.append(Part("author", Span(turn.start, turn.stop)))
            continue
        end, sure = _end(turn, words, known)
        result.append(Part("machine", Span(turn.start, end), sure))
        result.append(Part("author", Span(end, turn.stop)))
    return result


def _pasted(rows: list[str], result: list[Part], words: Words) -> Iterator[Part]:
    """The parts, and of the author's what is written as the machine writes as parts of the machine's."""
    known: set[str] = set()
    for part in result:
        if part.who == "machine":
            known |= lines("".join(rows[part.span.start : part.span.stop]))
            yield part
            continue
        tops, start = _tops(rows, part.span.start, part.span.stop), part.span.start
        pieces = [Piece(kind, text) for kind, _, text in tops]
        for first, last, sure in shown_inside(pieces, words, known):
            stop = tops[last][1] if last < len(tops) else part.span.stop
            yield Part("author", Span(start, tops[first][1]))
            yield Part("machine", Span(tops[first][1], stop), sure, shown=True)
            start = stop
        yield Part("author", Span(start, part.span.stop))


def _heard(rows: list[str], result: list[Part]) -> Words:
    said = [(part.who, "".join(rows[part.span.start : part.span.stop])) for part in result]
    return Words.heard(
        (text for who, text in said if who == "author"), (text for who, text in said if who == "machine")
    )


def _marks(rows: list[str], tops: tuple[Top, ...]) -> Iterator[_Mark]:
    """The lines that name a voice: in prose, and in a fence that nothing closes."""
    for top in tops:
        if top.kind in ("paragraph_open", "heading_open") or _open_fence(top, rows):
            for line in range(top.start, min(top.stop, len(rows))):
                if match := _name.fullmatch(rows[line].rstrip("\r\n")):
                    yield _Mark(line, (match["bare"] or match["marked"]).upper())


def _both(rows: list[str], tops: tuple[Top, ...], name: re.Pattern[str]) -> list[_Mark]:
    """The lines of prose that begin with such a name; none, where only one voice is named so.

    Each voice has the name that it has first: another one stands in what somebody says.
    """
    prose = (top for top in tops if top.kind in ("paragraph_open", "heading_open"))
    lines = (line for top in prose for line in range(top.start, min(top.stop, len(rows))))
    marks = [_Mark(line, match["name"].upper()) for line in lines if (match := name.match(rows[line]))]
    first = {mark.who: mark.word for mark in reversed(marks)}
    named = [mark for mark in marks if first[mark.who] == mark.word] if len(first) == 2 else []
    below = [*(mark.who for mark in named[1:]), "author"]
    return [mark for mark, then in zip(named, below, strict=False) if then == "machine" or not _quotes(rows, mark)]


def _quotes(rows: list[str], mark: _Mark) -> bool:
    """Whether a machine may say this, to quote the author: "You said:", and words of his as a quotation."""
    below = next((row.strip() for row in rows[mark.line + 1 :] if row.strip()), "")
    return mark.who == "author" and bool(_said.match(rows[mark.line])) and below.startswith((">", '"', "\u201c"))


def unnamed(row: str) -> str:
    """A line without the name of who says it.

    >>> unnamed("User: why?"), unnamed("You said:"), unnamed("a user: me")
    ('why?', '', 'a user: me')
    """
    found = _said.match(row) or _bold.match(row) or _plain.match(row)
    return row[found.end() :] if found else row


def _open_fence(top: Top, rows: list[str]) -> bool:
    if top.kind not in ("fence", "colon_fence"):
        return False
    last = rows[min(top.stop, len(rows)) - 1].strip()
    return top.stop - top.start < 2 or len(last) < len(top.markup) or bool(last.strip(top.markup[0]))


def _turns(rows: list[str], marks: list[_Mark], start: int) -> Iterator[_Turn]:
    """What stands between the names. What a machine thinks and what it then answers are one turn."""
    groups: list[list[_Mark]] = []
    for mark in marks:
        if groups and groups[-1][-1].word == "THINKING" and mark.word != "THINKING" and mark.who == "machine":
            groups[-1].append(mark)
        else:
            groups.append([mark])
    first = groups[0][0].line if groups else len(rows)
    if first > start:
        yield _Turn("author", start, first)
    thinks = any(mark.word == "THINKING" for mark in marks)
    for at, group in enumerate(groups):
        below = groups[at + 1] if at + 1 < len(groups) else None
        stop = below[0].line if below else len(rows)
        odd = thinks and (group[-1].word == "THINKING" or (below is not None and below[0].word != "THINKING"))
        yield _Turn(group[0].who, group[0].line, stop, below is None or odd, _tops(rows, group[-1].line + 1, stop))


def _tops(rows: list[str], start: int, stop: int) -> tuple[tuple[str, int, str], ...]:
    """The blocks of some lines, as if nothing stood above them: a fence left open there does not reach in here."""
    found = outline("\n" + "".join(rows[start:stop]))
    return tuple(
        (top.kind, start + top.start - 1, "".join(found.rows[top.start : top.stop]))
        for top in found.tops
        if top.start > 0
    )


def _end(turn: _Turn, words: Words, known: set[str]) -> tuple[int, int]:
    """The line at which a machine's turn ends, and how sure that is."""
    if not turn.tops:
        return turn.stop, 100
    pieces = [Piece(kind, text) for kind, _, text in turn.tops]
    at, sure = author_begins(pieces, words, known, turn.free)
    known |= lines("\n".join(piece.text for piece in pieces[:at]))
    return (turn.tops[at][1] if at < len(turn.tops) else turn.stop), sure


def _bare(rows: list[str], span: Span) -> Span:
    """Without the blank lines around it."""
    start, stop = span.start, span.stop
    while start < stop and not rows[start].strip():
        start += 1
    while start < stop and not rows[stop - 1].strip():
        stop -= 1
    return Span(start, stop)
