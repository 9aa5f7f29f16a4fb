"""An entry is a Markdown text and the blocks found in it.

The text is the truth; a block is only a range of lines that points into it, so what this module does not recognise
it cannot damage. It finds three things: the author's directives (cells among them), the envelopes that nozzle wrote,
and, under each cell, the slot: the envelopes between the cell and the author's next line. It never writes.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from nozzle.document import frontmatter
from nozzle.document.frontmatter import FrontMatter
from nozzle.document.lines import eol, split, trimmed
from nozzle.document.marker import CLOSING, OPENING, REMAINS, closes, keys, marker
from nozzle.document.normal import python_form
from nozzle.document.options import Options, first_code, read_options, telling
from nozzle.document.outline import Outline, common, nested_cells, outline
from nozzle.document.toplevel import Top

SLOT = ("output", "news", "note")
"""Kinds of envelopes that belong to the cell above them, in this order; the others belong to a prompt."""
SHOWN = 12
"""Hex digits of a digest as it is written in a marker."""
REMEMBERED = 20_000
"""Characters; what a longer block was found to be is not remembered."""
CELL_SHOWN = 16
"""Of a cell's own digest: what is trusted because of it must not be found by trying."""

MODES = ("save", "ask", "never")
CONFLICT = "line {}: git conflict markers; settle the conflict first"
"""What the front matter's `run` may be: cells run as they are saved, when somebody says so, or not at all."""
LANGUAGES = {
    "python": "python", "python3": "python", "py": "python", "ipython": "python", "ipython3": "python",
    "bash": "bash", "sh": "bash", "shell": "bash",
}  # fmt: skip

OWN_THERE = ("ssh://", "dask://")
"""How the address of a machine begins where workers of nozzle's own run: cells in Python, and in bash."""

_directive = re.compile(r"\{\s*([^}\s]+)\s*\}\s*(.*)", re.S)


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of lines, counted from 0."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced directive at the top level of an entry."""

    name: str
    argument: str
    options: Options
    body: str
    """What stands between the fences after the options, LF line ends, blank lines around it away."""
    span: Span


@dataclass(frozen=True, slots=True)
class Cell(Block):
    """A code-cell: the author's question, or an agent's tool call."""

    language: str = "python"
    """The kernel's name for it; what it is not known by stays as the author wrote it."""
    digest: str = ""
    """Of this cell alone: language, execution options, normal form of the source."""
    chain: str = ""
    """Of this cell and all above it: the name of the state after it. Empty when the cell never runs."""
    typing: str = ""
    """Why the author seems to be still writing it; empty when the cell is whole."""
    by: str = ""
    """Who proposed it, when an agent did: it stands in an envelope. Empty for the author's own."""
    enclosed: int = 0
    """The line after its envelope; 0 when it has none."""
    alike: int = 0
    """How many cells above it have the same digest."""

    @property
    def key(self) -> str:
        """What a link to it says behind `cell-`: of its own code, so it stays when a cell above it changes."""
        return f"{self.digest[:SHOWN]}-{self.alike}" if self.alike else self.digest[:SHOWN]

    @property
    def below(self) -> int:
        """The line at which its slot begins."""
        return self.enclosed or self.span.stop

    @property
    def label(self) -> str:
        return self.options.label

    @property
    def title(self) -> str:
        """How to name it to a person: its label, else its first line of code."""
        return self._named(first_code(self.body))

    @property
    def telling(self) -> str:
        """The same, by its first line that does more than import."""
        return self._named(telling(self.body))

    def _named(self, line: str) -> str:
        first = line or "empty cell"
        return self.label or (first if len(first) <= 60 else f"{first[:59]}…")

    @property
    def runs(self) -> bool:
        return bool(self.chain)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A block that nozzle wrote: from its opening to its closing marker, opaque between."""

    kind: str
    keys: Mapping[str, str]
    body: tuple[str, ...]
    """The lines between the markers, without line ends, blank lines around them away."""
    span: Span
    closing: Mapping[str, str] = field(default_factory=dict)

    @property
    def of(self) -> str:
        return self.keys.get("of", "")

    @property
    def status(self) -> str:
        return self.keys.get("status", "")


@dataclass(frozen=True)
class Slot:
    """What nozzle owns under a cell."""

    cell: Cell
    blocks: tuple[Envelope, ...]

    @cached_property
    def output(self) -> Envelope | None:
        return next((block for block in self.blocks if block.kind == "output"), None)

    @property
    def fresh(self) -> bool:
        """The output answers this cell as it now stands, after these cells above."""
        return self.output is not None and self.cell.runs and self.output.of == self.cell.chain[:SHOWN]


class _Place(NamedTuple):
    """A block that was found, and what is known there to go on from."""

    block: Block | Envelope | Top
    adjoins: bool
    at: int
    """How many of the outline's blocks are behind it."""
    state: str
    """The state after the cells so far."""
    last: int
    """The line after the newest cell or adjoining envelope."""
    open_slot: bool


@dataclass(frozen=True)
class Entry:
    """A text, and what is found in it; `before` is an earlier version, to parse again only what changed."""

    text: str
    before: "Entry | None" = field(default=None, repr=False, compare=False)

    @cached_property
    def outline(self) -> Outline:
        before = self.before
        found = outline(self.text, before.outline if before else None)
        if before is not None and "_walk" in vars(before) and before.meta == frontmatter.read(found).meta:
            vars(self)["_known"] = _unchanged(before.outline, found, before._walk)
        object.__setattr__(self, "before", None)  # an entry does not keep its ancestors alive
        return found

    @property
    def rows(self) -> list[str]:
        """The lines with their ends; joined they are the text."""
        return self.outline.rows

    @cached_property
    def eol(self) -> str:
        return eol(self.text)

    @cached_property
    def front(self) -> FrontMatter:
        return frontmatter.read(self.outline)

    @property
    def meta(self) -> Mapping[str, object]:
        return self.front.meta

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The directives, top to bottom; what stands inside an envelope is none."""
        return tuple(block for block, _ in self._found if isinstance(block, Block))

    @cached_property
    def envelopes(self) -> tuple[Envelope, ...]:
        return tuple(block for block, _ in self._found if isinstance(block, Envelope))

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        return tuple(block for block in self.blocks if isinstance(block, Cell))

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """One for each cell, in text order."""
        found: list[Slot] = []
        for block, adjoins in self._found:
            if isinstance(block, Cell):
                found.append(Slot(block, ()))
            elif isinstance(block, Envelope) and adjoins and found:
                found[-1] = Slot(found[-1].cell, (*found[-1].blocks, block))
        return tuple(found)

    @property
    def loose(self) -> tuple[Envelope, ...]:
        """Outputs that stand under no cell of their own: theirs was taken away."""
        held = {slot.output.span.start for slot in self.slots if slot.output}
        return tuple(block for block in self.envelopes if block.kind == "output" and block.span.start not in held)

    def cell(self, chain: str) -> Cell | None:
        return next((cell for cell in self.cells if cell.runs and cell.chain.startswith(chain)), None)

    def slot(self, chain: str) -> Slot | None:
        return next((slot for slot in self.slots if slot.cell.runs and slot.cell.chain.startswith(chain)), None)

    @cached_property
    def held(self) -> str:
        """Why nothing in this entry may run; empty when it may."""
        if (line := frontmatter.conflict(self.rows, self._covered)) is not None:
            return CONFLICT.format(line + 1)
        if self.front.problem:
            return self.front.problem
        if (run := self.meta.get("run", "save")) not in MODES:
            return f"its front matter says run: {run}; write one of {', '.join(MODES)}"
        if why := self.front.unusable:
            return why
        if (line := self._damaged) is not None:
            if (begin := frontmatter.conflict(self.rows)) is not None:  # it begins in a block, and tore that
                return CONFLICT.format(begin + 1)
            words = "a nozzle block lost its first or last line; put it back, or delete what is left of it"
            return f"line {line + 1}: {words}"
        return ""

    @cached_property
    def nested(self) -> tuple[int, ...]:
        """Lines of the cells inside lists, quotes and other directives: shown, never run."""
        return tuple(line for line, _ in nested_cells(self.outline) if line not in self._covered)

    @cached_property
    def _damaged(self) -> int | None:
        """Line of what looks like a marker and belongs to no envelope."""
        for top in self.outline.tops:
            if top.kind == "html_block" and REMAINS.match(self.rows[top.start]) and top.start not in self._covered:
                return top.start
        return None

    @cached_property
    def _covered(self) -> frozenset[int]:
        """The lines of all envelopes."""
        spans = (envelope.span for envelope in self.envelopes)
        return frozenset(line for span in spans for line in range(span.start, span.stop))

    @cached_property
    def _found(self) -> tuple[tuple[Block | Envelope | Top, bool], ...]:
        """Directives and envelopes in text order; whether each envelope adjoins the cell or envelope above it."""
        return tuple((place.block, place.adjoins) for place in self._walk)

    @cached_property
    def _walk(self) -> tuple[_Place, ...]:
        """The same, each with what is known after it, so that a later version goes on where it begins to differ."""
        rows, found = self.rows, list[_Place](vars(self).pop("_known", ()))
        begin = (0, hexdigest("nozzle/1", self._default_language), 0, False)
        start, state, last, open_slot = found[-1][2:] if found else begin
        alike = Counter(place.block.digest for place in found if isinstance(place.block, Cell))
        for block, at in _blocks(self.outline, start):
            if isinstance(block, Top):
                open_slot = False
                found.append(_Place(block, False, at, state, last, open_slot))
                continue
            adjoins = open_slot and not any(row.strip() for row in rows[last : block.span.start])
            if isinstance(block, Envelope):
                adjoins = open_slot = adjoins and block.kind in SLOT
            elif block.name == "code-cell":
                block, state = _cell(block, state, self._language(block), rows)
                block = replace(block, alike=before) if (before := alike[block.digest]) else block
                alike[block.digest] += 1
                open_slot = True
            else:
                open_slot = False
            if isinstance(block, Cell) and found and _encloses(around := found[-1].block, block):
                assert isinstance(around, Envelope)
                block = replace(block, by=around.keys.get("by", ""), enclosed=around.span.stop)
            last = block.below if isinstance(block, Cell) else block.span.stop
            found.append(_Place(block, adjoins, at, state, last, open_slot))
        return tuple(found)

    def _language(self, cell: Block) -> str:
        return self.kernel((cell.argument.split() or [self._default_language])[0])

    @property
    def elsewhere(self) -> str:
        """The address of the kernel in which its Python cells run, where that is none of this machine's."""
        kernel = self.kernel("python")
        return kernel if "://" in kernel else ""

    def kernel(self, named: str) -> str:
        """The kernel's name for a language: the front matter's, where that names one for it."""
        spec = self.meta.get("kernelspec")
        far = self.meta.get("kernel")
        if isinstance(far, str) and "://" in far:
            if far.startswith(OWN_THERE):
                own = LANGUAGES.get(named.lower())
                return {"python": far, "bash": f"{far}#bash"}.get(own or "", named)
            language, its = (LANGUAGES.get(each.lower(), each) for each in (named, self._default_language))
            return far if language == its else language
        if named.lower() in LANGUAGES or not isinstance(spec, Mapping):
            return LANGUAGES.get(named.lower(), named)
        is_its = named.lower() == str(spec.get("language")).lower()
        return str(spec.get("name") or named) if is_its else named

    @cached_property
    def _default_language(self) -> str:
        spec = self.meta.get("kernelspec")
        if isinstance(spec, Mapping):
            return str(spec.get("language") or spec.get("name") or "python")
        return "python"


def hexdigest(*parts: str) -> str:
    """SHA-256 over parts, framed by their lengths."""
    hashed = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        hashed.update(b"%d:" % len(data) + data)
    return hashed.hexdigest()


def _unchanged(old: Outline, new: Outline, walk: tuple[_Place, ...]) -> tuple[_Place, ...]:
    """As far as a walk over the old text is one over the new, up to a marker that found no end: any line may be it."""
    rows, tops = common(old.rows, new.rows)[0], common(old.tops, new.tops)[0]
    for number, place in enumerate(walk):
        if isinstance(place.block, Top) or place.block.span.stop > rows or place.at > tops:
            return walk[:number]
    return walk


def _blocks(found: Outline, at: int = 0) -> Iterator[tuple[Block | Envelope | Top, int]]:
    """Directives and envelopes, and how many blocks of the outline are behind each; an opening marker whose own closing
    one is not there comes out as it is."""
    tops, rows = found.tops, found.rows
    while at < len(tops):
        top = tops[at]
        at += 1
        if match := _marker(OPENING, top, rows):
            end = _end(found, at, match)
            if end is None:
                yield top, at
                continue
            inner, at, stop = tops[at:end], end + 1, tops[end].stop
            body = "".join(rows[top.stop : stop - 1])
            kind, words, lines, last = _once(_envelope, body)(rows[top.start], body, rows[stop - 1])
            envelope = Envelope(kind, words, lines, Span(top.start, stop), last)
            yield envelope, at
            if envelope.kind == "cell" and (cell := _only_cell(inner, rows)):
                yield cell, at
        elif _named(top) and _closed(top, rows):
            yield _fenced(top, rows), at


def _fenced(top: Top, rows: list[str]) -> Block:
    """The directive that a closed fence is."""
    body = "".join(rows[top.start + 1 : top.stop - 1])
    name, argument, options, rest = _once(_block, body)(top.info, body)
    return Block(name, argument, options, rest, Span(top.start, top.stop))


def _only_cell(tops: Sequence[Top], rows: list[str]) -> Block | None:
    """The cell in an agent's envelope: exactly one, and nothing beside it but a quoted reason."""
    rest = [top for top in tops if top.kind != "blockquote_open"]
    if len(rest) != 1 or not _named(rest[0]) or not _closed(rest[0], rows):
        return None
    block = _fenced(rest[0], rows)
    return block if block.name == "code-cell" else None


def _encloses(around: "Block | Envelope | Top", cell: Block) -> bool:
    return isinstance(around, Envelope) and around.span.start < cell.span.start < around.span.stop


def _end(found: Outline, at: int, opening: re.Match[str]) -> int | None:
    """Which block closes an envelope. None when a line of it was lost, for then the next closing marker is another's,
    and what stands before it is the author's: another envelope or a cell begins first, or it closes another output."""
    for end in range(at, len(found.tops)):
        top = found.tops[end]
        if _marker(OPENING, top, found.rows) or (opening[1] == "output" and _named(top)):
            return None
        if closing := _marker(CLOSING, top, found.rows):
            return end if closes(closing, opening) else None
    return None


def _once(read: Any, body: str) -> Any:
    """While an entry runs it is read after every cell, and few of its blocks have changed: those are not read again,
    wherever they have moved to."""
    return read if len(body) < REMEMBERED else read.__wrapped__


@lru_cache(maxsize=2048)
def _envelope(
    opening: str, body: str, closing: str
) -> tuple[str, Mapping[str, str], tuple[str, ...], Mapping[str, str]]:
    """Kind, keys, lines, and the keys of the closing marker."""
    first, last = OPENING.fullmatch(opening), CLOSING.fullmatch(closing)
    assert first is not None
    assert last is not None
    return first[1], keys(first[2]), _inside(body), keys(last[1])


@lru_cache(maxsize=2048)
def _block(info: str, body: str) -> tuple[str, str, Options, str]:
    """Name, argument, options, and the rest of the body."""
    name = _directive.match(info.strip())
    assert name is not None
    options, rest = read_options([row.rstrip("\r\n") for row in split(body)])
    return name[1], name[2].strip(), options, rest


def _named(top: Top) -> re.Match[str] | None:
    """The directive that a fence opens, if it is one."""
    return _directive.match(top.info.strip()) if top.kind in ("fence", "colon_fence") else None


def _marker(pattern: re.Pattern[str], top: Top, rows: list[str]) -> re.Match[str] | None:
    if top.kind != "html_block" or top.stop - top.start != 1:
        return None
    return marker(pattern, rows[top.start])


def _inside(text: str) -> tuple[str, ...]:
    """The lines of an envelope's body, right-stripped, without the blank ones around them."""
    return tuple(trimmed(split(text)))


def _closed(top: Top, rows: list[str]) -> bool:
    """Whether the closing fence is there: without it the rest of the file is the block."""
    last = rows[top.stop - 1].strip() if top.stop <= len(rows) else ""
    return top.stop - top.start >= 2 and len(last) >= len(top.markup) and not last.strip(top.markup[0])


def _cell(block: Block, parent: str, language: str, rows: list[str]) -> tuple[Cell, str]:
    """The cell that a block is, and the state after it."""
    form = _once(_form, block.body)(language, block.body)
    digest = _chained(language, block.options.counted, form)
    fence = "".join(rows[block.span.start : block.span.stop - 1])
    inner = _once(_opener, fence)(fence)
    typing = f"line {block.span.start + inner + 1} opens another fence inside it" if inner else ""
    empty = not any(line.strip() and not line.strip().startswith("#") for line in block.body.split("\n"))
    chain = _chained(parent, digest) if not (empty or block.options.skip) else ""
    cell = Cell(
        block.name, block.argument, block.options, block.body, block.span, language, digest[:CELL_SHOWN], chain, typing
    )
    return cell, chain or parent


@lru_cache(maxsize=4096)
def _form(language: str, body: str) -> str:
    return python_form(body) if language == "python" else body


@lru_cache(maxsize=4096)
def _chained(*parts: str) -> str:
    return hexdigest(*parts)


@lru_cache(maxsize=2048)
def _opener(fence: str) -> int:
    """How many lines below its first a fence opens another one of its kind: the author is writing a new cell above an
    old one; 0 when it does not."""
    opening, *body = split(fence)
    opening = opening.lstrip()
    mark = opening[0]
    width = len(opening) - len(opening.lstrip(mark))
    opener = re.compile(rf" {{0,3}}{re.escape(mark)}{{{width},}}\s*[^\s{re.escape(mark)}]")
    return next((number for number, row in enumerate(body, 1) if opener.match(row)), 0)
