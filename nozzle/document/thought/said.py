"""The author's own words in an entry: paragraphs and lists, cut into sentences, each with its line.

Left out is all that somebody else may have said or that is no prose: envelopes, directives, code (but for an error
that was pasted, and a line for a terminal that is set in), quotes, tables, comments, and lines that stand word for word
in what a machine said further up. In a draft that was condensed from another entry, its sentences are left out too:
what they tell, the author said there.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from nozzle.document.entry import Entry, Span, hexdigest
from nozzle.document.prompts import prompts
from nozzle.document.talk.log import unnamed
from nozzle.document.talk.voices import lines
from nozzle.document.thought.pasted import pasted, shell
from nozzle.document.toplevel import Top

_PROSE = ("paragraph_open", "bullet_list_open", "ordered_list_open", "heading_open")
_CODE = ("fence", "code_block")
_OTHERS = ("colon_fence", "blockquote_open", "table_open", "math_block", "math_block_label")
_NAMED = re.compile(r"[ ]{0,3}(?:\*\*|#+ )?(?:THINKING|RESPONDING|USER|HUMAN|ASSISTANT|AUTHOR|ME)(?:\*\*)?:?\s*")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?")
_BOXED = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+\[[ xX]\]\s")
_TICKED = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+\[[xX]\]\s")
_END = re.compile(r"""(?<=[.!?…])["')\]]*(?=\s+["'(\[_*]*[^\s])|(?<=:)(?=\n)""")
_SHORT = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|Dr|Mr|Mrs|Ms|St|al|Fig|Eq|approx|resp)|\b[A-Z]|^\s*\d+)\.$")
_NUMBERED = re.compile(
    r"(?i:\b(?:ch|chap|sect?|figs?|eqs?|nos?|vol|pp?|thm|lem|prop|cor|def|refs?|tab|ca))\.\s+(?=[(#]?(?:\d|[IVX]{2,}\b|[VX]\b))"
)
"""What is short before a number, and ends a sentence before a word."""
_GOES_ON = re.compile(
    r"(?i)(?:,|\b(?:a|an|the|of|to|and|or|but|in|on|at|for|with|from|by|as|is|are|was|were|be|do|does|let'?s|I|we|that|which|"
    r"who|if|when|than|my|our|its|their|his|not|because|would|could|should|can|will|must|this|these|very|more))\s*$"
)
"""A line that ends so was broken in the middle of a sentence, however long it is."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, white space made single, and the line it begins in, from 0."""

    text: str
    line: int
    ticked: bool = False
    """In an item of a list whose box is ticked: what it asks for is done."""
    boxed: bool = False
    """At the head of an item of a list that has a box, ticked or not: it is to be done, whatever its words."""


@dataclass(frozen=True)
class Paragraph:
    """A block of the author's prose."""

    span: Span
    text: str
    heading: int = 0
    """Its level, when it is one."""
    sentences: tuple[Sentence, ...] = ()

    @cached_property
    def digest(self) -> str:
        """What names it wherever it moves: of its words alone."""
        return hexdigest(" ".join(self.text.split()))[:8]

    @cached_property
    def places(self) -> dict[Sentence, int]:
        """Where each sentence stands among them, the first of two that are alike."""
        return {sentence: len(self.sentences) - 1 - at for at, sentence in enumerate(reversed(self.sentences))}


def said(entry: Entry) -> Iterator[Paragraph]:
    """The author's paragraphs, lists and headings, top to bottom."""
    taken = {line for span in _spans(entry) for line in range(span.start, span.stop)}
    drafted = condensed(entry)
    known: set[str] = set()
    quotes = iter(
        sorted((block.span.start, "\n".join(block.body)) for block in entry.envelopes if block.kind == "quote")
    )
    quote = next(quotes, None)
    talk = quote is not None
    for top in entry.outline.tops:
        while quote and quote[0] <= top.start:
            known |= lines(quote[1])
            quote = next(quotes, None)
        if top.kind not in (*_PROSE, *_CODE) or top.start in taken:
            continue
        rows = [row.rstrip("\r\n") for row in entry.rows[top.start : min(top.stop, len(entry.rows))]]
        if top.kind in _CODE:
            if found := _pasted(top, rows):
                yield found
            continue
        spoken = (unnamed(row) for row in rows) if talk else rows
        own = [(top.start + at, row) for at, row in enumerate(spoken) if not _foreign(row, known)]
        if top.kind != "heading_open":
            own = [(line, row) for line, row in own if line not in drafted]
        if own:
            yield _paragraph(top.kind, top.markup, own)


def condensed(entry: Entry) -> frozenset[int]:
    """The lines that `condense --post` wrote: those that lead to where they were said, and the headings above them."""
    raw = entry.meta.get("condensed")
    if not isinstance(raw, str):
        return frozenset()
    leads = re.compile(rf"\]\({re.escape(raw)}(?:#(?:said|cell)-\w+\)|\), condensed: )")
    lines = {line for line, row in enumerate(entry.rows) if leads.search(row)}
    heads = [one.start for one, below in pairwise(entry.outline.tops) if below.start in lines]
    return frozenset(lines.union(line for line in heads if entry.rows[line].startswith("#")))


def _pasted(top: Top, rows: list[str]) -> Paragraph | None:
    """A fence, or lines set in, that hold an error as it was pasted; or one line set in, for a terminal.

    The lines of the fence itself say nothing.
    """
    inner = ["", *rows[1:-1], ""] if top.kind == "fence" and len(rows) > 2 else rows
    command = top.kind == "code_block" and shell("\n".join(row for row in rows if row.strip()))
    if not command and pasted("\n".join(inner)) is None:
        return None
    text = "\n".join(inner)
    return Paragraph(Span(top.start, top.start + len(rows)), text, 0, (Sentence(text.strip(), top.start),))


def named(entry: Entry) -> dict[str, Span]:
    """What names a block of the author's that is no cell, and its lines; of those that are alike, the second is `…-2`.

    A paragraph's name is its digest, that of an `{ask}` or `{do}` its own, that of another block what stands in it.
    """
    found: dict[str, Span] = {}
    lines: set[int] = set()
    same: Counter[str] = Counter()
    every = [(each.digest, each.span) for each in said(entry)]
    every += [(asked.digest[:8], asked.span) for asked in prompts(entry)]
    for digest, span in (*every, *_others(entry)):
        if span.start not in lines:
            lines.add(span.start)
            same[digest] += 1
            found[digest if same[digest] == 1 else f"{digest}-{same[digest]}"] = span
    return found


def _others(entry: Entry) -> Iterator[tuple[str, Span]]:
    """Quotes, tables, fences, formulas: what is drawn, is the author's, and is no cell that runs."""
    taken = {line for block in entry.envelopes for line in range(block.span.start, block.span.stop)}
    taken |= {cell.span.start for cell in entry.cells if cell.runs}
    for top in entry.outline.tops:
        if top.kind in (*_PROSE, *_CODE, *_OTHERS) and top.start not in taken:
            yield hexdigest(" ".join("".join(entry.rows[top.start : top.stop]).split()))[:8], Span(top.start, top.stop)


def anchor(entry: Entry, line: int) -> str:
    """The anchor of what the author said at a line, `said-…`; empty when it has none."""
    return next((f"said-{digest}" for digest, span in named(entry).items() if span.start == line), "")


def _spans(entry: Entry) -> Iterator[Span]:
    yield from (block.span for block in entry.envelopes)
    yield from (block.span for block in entry.blocks)


def _foreign(row: str, known: set[str]) -> bool:
    shown = lines(row)
    return not row.strip() or bool(_NAMED.fullmatch(row)) or (bool(shown) and shown <= known)


def _paragraph(kind: str, markup: str, own: list[tuple[int, str]]) -> Paragraph:
    text = "\n".join(row for _, row in own)
    heading = (markup.count("#") or 1) if kind == "heading_open" else 0
    sentences: list[Sentence] = []
    rows = dict(own)
    for run in _runs(kind, own):
        head = rows[run[0][0]] if kind != "heading_open" else ""
        found, ticked, boxed = list(_sentences(run)), bool(_TICKED.match(head)), bool(_BOXED.match(head))
        sentences += (replace(each, ticked=ticked, boxed=boxed and not at) for at, each in enumerate(found))
    return Paragraph(Span(own[0][0], own[-1][0] + 1), text, heading, tuple(sentences))


def _runs(kind: str, own: list[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Items of a list stand for themselves; so do the lines of a paragraph that ends each with its own stop."""
    run: list[tuple[int, str]] = []
    for line, row in own:
        if run and (_ITEM.match(row) or kind == "heading_open" or _complete(run[-1][1], row)):
            yield run
            run = []
        run.append((line, _ITEM.sub("", row) if kind != "heading_open" else row.lstrip("# ").rstrip("# ")))
    if run:
        yield run


def _complete(above: str, row: str) -> bool:
    """Whether a new thought begins here: the line above is long, or ends and this one starts anew; or it is a TODO."""
    return (
        (len(above) > 140 and not _GOES_ON.search(above))
        or bool(re.match(r"\s*(?:(?:TODO|FIXME)\b|(?i:todo|fixme)(?:\([\w ]+\))?:)", row))
        or bool(re.search(r"[.!?:…)\]]\s*$", above) and re.match(r"\s*[\w\"'(`*_]", row))
    )


def _sentences(run: list[tuple[int, str]]) -> Iterator[Sentence]:
    text, starts = "", []
    for line, row in run:
        starts.append((len(text), line))
        text += row.strip() + "\n"
    begin = 0
    for match in _END.finditer(text):
        if _SHORT.search(text[: match.start()][-12:]) or _before_a_number(text, match.start()):
            continue
        yield from _one(text, begin, match.end(), starts)
        begin = match.end()
    yield from _one(text, begin, len(text), starts)


def _before_a_number(text: str, stop: int) -> bool:
    """Whether what ends at a full stop is short for what is numbered: "ch. 7"."""
    found = _NUMBERED.search(text, max(0, stop - 8), stop + 12)
    return found is not None and found.start() < stop <= found.end()


def _one(text: str, begin: int, end: int, starts: list[tuple[int, int]]) -> Iterator[Sentence]:
    words = " ".join(text[begin:end].split())
    if words:
        first = begin + len(text[begin:end]) - len(text[begin:end].lstrip())
        yield Sentence(words, max(line for at, line in starts if at <= first))
