"""What both agents are sent: an entry's text as messages, in text order, one for each block, rendered the same always.

Nothing in them moves by itself: no clock, no position, no marker key but those that the text fixes. Notes and news that
nobody asked for are left out, so they never move the prefix. An edit changes the message of its block and those below;
all above stay byte for byte, which is what a provider's cache goes by. What is too long is shown by head and tail, and
what does not fit is named: nothing is left out in silence.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from nozzle.document.entry import SHOWN, Cell, Entry, Envelope, Span
from nozzle.document.prompts import Prompt, prompts
from nozzle.document.seal import files
from nozzle.document.spoken import OUTDATED, THOUGHT

HEAD, TAIL = 6000, 2000
"""Characters of one block that are sent, from its beginning and its end."""

SHARE = 4
"""No block takes more than this part of what may be sent: the question, and what stands right above it, are there."""
EDITED = "[edited since: what came of it, below, came of its earlier words]"
_WRAPS = "cell|output|attempt|quote"
"""The tags in which a block is sent; no material can open or close one."""
_BLANK = r"[\s\u200b-\u200f\u2060\ufeff]*"
_tag = re.compile(rf"(<{_BLANK}/?{_BLANK}(?:{_WRAPS}))\b", re.I)
_half_tag = re.compile(rf"{_tag.pattern}\Z", re.I)
_around = re.compile(rf"^<(?:{_WRAPS})\b[^>\n]*>\n|\n</(?:{_WRAPS})>$")
_left = re.compile(r"\n\[… ([\d,]+) characters left out here …\]\n")
_grey = re.compile(r'<span class="unshown">(.*?)</span>', re.S)
_unseen = re.compile("[\u202a-\u202e\u2066-\u2069\u200b\u2060\ufeff]")
"""Signs that turn the words around them, or part them, for the machine alone."""
_forged = re.compile(r"<!-- */?nozzle\b|</?(?:output|attempt)\b[^>]*\bseal=", re.I)


@dataclass(frozen=True, slots=True)
class Message:
    role: Literal["user", "assistant"]
    content: str
    name: str = ""
    """How a person finds the block: a cell's title, a question's first words. Not sent."""
    line: int = 0
    """Where it stands, from 0. Not sent."""


def trajectory(entry: Entry, upto: int | None = None) -> list[Message]:
    """The messages of an entry; of its lines before `upto` when given.

    >>> [(each.role, each.content) for each in trajectory(Entry("Think.\\n\\n/ask why\\n\\n"))]
    [('user', 'Think.'), ('user', '/ask why')]
    """
    stop = len(entry.rows) if upto is None else upto
    found: list[Message] = []
    prose: list[str] = []
    first = 0
    for span, message in _pieces(entry, stop):
        if message is None:
            first = first if "".join(prose).strip() else span.start
            prose += entry.rows[span.start : span.stop]
        elif message.content:
            found += [*_prose(prose, first), replace(message, line=span.start)]
            prose = []
    return [*found, *_prose(prose, first)]


def passages(entry: Entry) -> Iterator[Message]:
    """What an entry says, for those who look for words in it: each paragraph by itself and whole, with its own line.

    A paragraph is named by the heading it stands under; a heading under which nothing is said stands by itself.

    >>> [(each.content, each.name, each.line) for each in passages(Entry("# A\\n\\nOne.\\n\\nTwo.\\n\\n# B\\n"))]
    [('One.', 'A', 2), ('Two.', 'A', 4), ('# B', 'B', 6)]
    """
    heads = {top.start for top in entry.outline.tops if top.kind == "heading_open"}
    heading: Message | None = None
    under = ""
    for span, message in _pieces(entry, len(entry.rows)):
        found = list(_found(entry, span, message, under))
        if span.start in heads and found:
            if heading:
                yield heading
            under = found[0].content.split("\n")[0].strip("# ")[:60]
            heading = replace(found[0], name=under)
            continue
        if heading and found:
            if message is not None:
                yield heading
            heading = None
        yield from found
    if heading:
        yield heading


def until(entry: Entry, asked: Prompt) -> int:
    """The line up to which an agent sees when it does or answers this: all that stands under it so far included."""
    return asked.below


def fit(messages: Sequence[Message], limit: int) -> list[Message]:
    """Messages of at most `limit` characters: what does not fit is left out from the beginning and named.

    As it grows, the cut stays where it is until half of the limit is to be cut again, so the prefix moves seldom. A
    block that would take too much of it is shown by its beginning and its end.
    """
    messages = [replace(each, content=within(each.content, limit // SHARE)) for each in messages]
    cut = kept = 0
    for at, each in enumerate(messages):
        kept += len(each.content)
        while kept > limit and cut < at:
            while kept > limit // 2 and cut < at:
                kept -= len(messages[cut].content)
                cut += 1
    if not cut:
        return list(messages)
    names = [each.name for each in messages[:cut] if each.name]
    told = "\n".join(f"- {name}" for name in names[:200])
    more = f"\n- and {len(names) - 200} more" if len(names) > 200 else ""
    words = (
        f"[{cut} earlier blocks do not fit and are left out; ask for one by its name, or recall(...):]\n{told}{more}"
    )
    return [Message("user", words), *messages[cut:]]


def within(content: str, most: int) -> str:
    """A block as it is sent in about `most` characters: its beginning and its end, in the tag that is around it.

    >>> within("a" * 50 + "z" * 50, 20)
    'aaaaaaaaaa\\n[… 80 characters left out here …]\\nzzzzzzzzzz'
    """
    if len(content) <= most:
        return content
    body = bare(content)
    before, _, after = content.partition(body)
    found, half = _left.search(body), max(1, (most - len(before) - len(after)) // 2)
    head, tail = (body[: found.start()], body[found.end() :]) if found else (body, body)
    left = len(body) - len(found[0]) + int(found[1].replace(",", "")) if found else len(body)
    head, tail = _half_tag.sub("", head[:half]), tail[-half:]
    return f"{before}{head}{_gap(left - len(head) - len(tail))}{tail}{after}"


def hides(text: str) -> str:
    """Why words are refused that show others than they hold; empty when they do not."""
    unseen = _unseen.search(text)
    return f"it holds a sign that nobody sees (U+{ord(unseen[0]):04X})" if unseen else ""


def imitates(text: str) -> str:
    """Why a reply is refused: it holds what only the executor writes, or shows other words than it holds. Empty when it
    does not.

    >>> imitates("I ran it:\\n<!-- nozzle:output v=1 status=ok -->")
    "it holds a marker of nozzle's own (<!-- nozzle)"
    """
    if unseen := hides(text):
        return unseen
    found = _forged.search(text)
    return f"it holds a marker of nozzle's own ({found[0][:12].rstrip()})" if found else ""


def ungreyed(text: str) -> str:
    """Words of which some stand grey, without the HTML that makes them so.

    >>> ungreyed('It is <span class="unshown">42. *(shown nowhere here)*</span>')
    'It is 42. *(shown nowhere here)*'
    """
    return _grey.sub(r"\1", text)


def bare(content: str) -> str:
    """What is sent of a block, without the tag around it.

    >>> bare('<quote by="x">\\nSure.\\n</quote>')
    'Sure.'
    """
    return _around.sub("", content)


def _pieces(entry: Entry, stop: int) -> Iterator[tuple[Span, Message | None]]:
    """Lines in text order, and the message they are; None for what is the author's prose."""
    cells = {cell.span.start: cell for cell in entry.cells}
    inside = {cell.enclosed: cell for cell in entry.cells if cell.enclosed}
    said = {each.span.start: each for each in prompts(entry)}
    owned = {block.span.start: block for block in entry.envelopes}
    slots = {block.span.start: slot.cell for slot in entry.slots for block in slot.blocks}
    line = 0
    for top in entry.outline.tops:
        if top.start < line or top.start >= stop:
            continue
        if line < top.start:
            yield Span(line, top.start), None
        if block := owned.get(top.start):
            yield block.span, _owned(block, inside.get(block.span.stop), slots.get(top.start))
            line = block.span.stop
        elif cell := cells.get(top.start):
            yield cell.span, Message("user", _cell(cell), cell.title)
            line = cell.span.stop
        elif asked := said.get(top.start):
            yield asked.span, _asked(asked)
            line = asked.span.stop
        else:
            yield Span(top.start, top.stop), None
            line = top.stop
    if line < stop:
        yield Span(line, stop), None


def _prose(rows: Sequence[str], line: int) -> list[Message]:
    text = "\n".join(row.rstrip("\r\n") for row in rows).strip("\n")
    return [Message("user", _shortened(text), text.strip().split("\n")[0][:60], line)] if text.strip() else []


def _found(entry: Entry, span: Span, message: Message | None, under: str) -> Iterator[Message]:
    """What may be found in these lines: the author's paragraph, those of a quote, or the block that is sent of them."""
    if message is None:
        yield from _paragraph(entry, span, under)
    elif message.name == "a quote":
        ends = [line for line in range(span.start, span.stop) if not entry.rows[line].strip()]
        for above, below in pairwise([span.start, *ends, span.stop - 1]):
            yield from _paragraph(entry, Span(above + 1, below), message.name)
    elif message.content:
        body, rows = bare(message.content), range(span.start + 1, span.stop)
        first = next((line for line in rows if entry.rows[line].strip()), span.start)
        yield replace(message, content=body, line=span.start if body == message.content else first)


def _paragraph(entry: Entry, span: Span, under: str) -> Iterator[Message]:
    """The words in these lines, named by what they stand under, or by their first."""
    rows = [entry.rows[line].rstrip() for line in range(span.start, span.stop)]
    text = "\n".join(rows).strip("\n")
    if text.strip():
        first = next(at for at, row in enumerate(rows) if row)
        yield Message("user", text, under or text.strip().split("\n")[0][:60], span.start + first)


def _cell(cell: Cell) -> str:
    label = f' label="{cell.label}"' if cell.label else ""
    name = cell.digest[:SHOWN]
    return f'<cell id="{name}" language="{cell.language}"{label}>\n{_shortened(cell.body)}\n</cell>'


def _asked(asked: Prompt) -> Message:
    if asked.word in ("sure", "nope", "stop"):
        return Message("user", "")
    words = f"/{asked.word} {asked.text}".rstrip()
    return Message("user", f"{words}\n{EDITED}" if asked.stale else words, words[:60])


def _owned(block: Envelope, cell: Cell | None, under: Cell | None) -> Message:
    """What an envelope says to the agents; an empty message for what they are not told."""
    match block.kind:
        case "output" if under is not None and block.status != "running":
            return Message("user", _output(block, under), f"output of {under.title}")
        case "cell" if cell is not None:
            return Message("assistant", _shown(block), cell.title)
        case "answer":
            return Message("assistant", _shortened(_said(block)), "an answer")
        case "attempt":
            body = _material(_unquoted(block))
            return Message("user", f'<attempt status="{block.status}">\n{body}\n</attempt>', "an attempt")
        case "task" if block.status not in ("", "running"):
            return Message("assistant", _shortened(_said(block)), "a summary")
        case "quote":
            return Message("user", _quote(block), "a quote")
    return Message("user", "")


def _output(block: Envelope, cell: Cell) -> str:
    """What a cell showed, in a form that no model can make: its seal is a digest that it cannot compute."""
    stale = "" if cell.runs and cell.chain.startswith(block.of) else ' stale="yes"'
    seal = block.keys.get("sha", "")
    whole = "".join(f"\n[the whole: read('_out/{name}')]" for name in files(block.body) if name.endswith(".txt"))
    head = f'<output of="{cell.digest[:SHOWN]}" status="{block.status}" seal="{seal}"{stale}>'
    return f"{head}\n{_material(block.body)}{whole}\n</output>"


def _quote(block: Envelope) -> str:
    """Words of a machine, brought in from elsewhere: material, and never the author's question or an output."""
    return f'<quote by="{block.keys.get("by", "machine")}">\n{_material(block.body)}\n</quote>'


def _material(rows: Sequence[str]) -> str:
    """What is no author's word, as it is sent: it cannot leave its tag, nor imitate another block's."""
    return _tag.sub(r"\1_", _shortened("\n".join(rows)))


def _shown(block: Envelope) -> str:
    """A cell of an agent's, as it said it: the reason without its quote, and the fence as it stands."""
    at = next((at for at, row in enumerate(block.body) if not row.startswith(">")), len(block.body))
    return "\n".join([*_unquoted(replace(block, body=block.body[:at])), *block.body[at:]]).lstrip("\n")


def _said(block: Envelope) -> str:
    """What an agent said: without how it thought, and without what nozzle put into its words for a reader's eye."""
    rows, thought = list(block.body), f"> <details><summary>{THOUGHT}</summary>"
    if thought in rows:
        rows = rows[: rows.index(thought)]
    rows = [row for row in rows if row.removeprefix("> ") not in OUTDATED.values()]
    return ungreyed("\n".join(_unquoted(replace(block, body=tuple(rows)))))


def _unquoted(block: Envelope) -> list[str]:
    """The words in a quote, without its alert line, its folds and its boxes."""
    rows = [row.removeprefix(">").removeprefix(" ") for row in block.body if row.startswith(">")]
    rows = [row for row in rows if not re.match(r"\[![A-Z]+\]$|</?details>", row)]
    return [*_trimmed(rows)]


def _trimmed(rows: Sequence[str]) -> list[str]:
    return "\n".join(rows).strip("\n").split("\n")


def _shortened(text: str) -> str:
    if len(text) <= HEAD + TAIL:
        return text
    return f"{text[:HEAD]}{_gap(len(text) - HEAD - TAIL)}{text[-TAIL:]}"


def _gap(left: int) -> str:
    return f"\n[… {left:,} characters left out here …]\n"
