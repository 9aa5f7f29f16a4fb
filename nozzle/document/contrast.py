"""How two texts of one entry differ, cell by cell: what was written, and what came of it.

A pure function of two entries. Cells are the same when they carry the same label, or the same code, in order; what
stands between is the author's prose.
"""

import difflib
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from nozzle.document import scribe
from nozzle.document.edit import apply
from nozzle.document.entry import Cell, Entry, Envelope, Slot

Kind = Literal["only here", "only there", "edited", "output", "prose", "variables"]
_number = re.compile(r"(?<!\w)(?<!\w\.)-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
"""Digits that stand behind a letter are its word's: F1, v1.2."""
_width = re.compile(r"  +|--+|__+")
"""What grows with a column."""
_picture = re.compile(r"_out/([\w.-]+)")


@dataclass(frozen=True, slots=True)
class Contrast:
    """One difference."""

    kind: Kind
    title: str
    rows: tuple[str, ...] = ()
    """As a diff: `- ` here, `+ ` there."""
    numbers: tuple[tuple[float, float], ...] = ()
    """Where the outputs are the same but for numbers: those that differ."""
    pictures: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    """Names of the files that each output shows."""


def authors(entry: Entry) -> str:
    """The text without nozzle's envelopes: what the author wrote, byte for byte.

    >>> authors(Entry("words\\n"))
    'words\\n'
    """
    while entry.envelopes:
        entry = Entry(apply(entry.text, scribe.remove(entry, entry.envelopes[-1])))
    return entry.text


def contrast(here: Entry, there: Entry) -> list[Contrast]:
    """All differences, in the order of the text here; those that are only there come after the cell above them."""
    found = [*_cells(here, there)]
    one, two = (_prose(entry) for entry in (here, there))
    if one != two:
        found.append(Contrast("prose", "", tuple(_diff(one, two))))
    return found


def counterparts(here: Entry, there: Entry, cell: Cell) -> list[Cell]:
    """The cells here that a cell there may be: none where it is new, one where that can be told.

    By its label, else by its code. Of cells that share a label those with the same code are each other's; the others
    are in order, when there are as many here as there.
    """
    ours, theirs = ([each for each in entry.cells if cell.label == each.label != ""] for entry in (here, there))
    if not ours:
        ours, theirs = ([each for each in entry.cells if each.digest == cell.digest] for entry in (here, there))
    for each in theirs.copy():
        same = next((mine for mine in ours if mine.digest == each.digest), None)
        if same is not None:
            if each.span == cell.span:
                return [same]
            ours.remove(same)
            theirs.remove(each)
    return [ours[theirs.index(cell)]] if len(ours) == len(theirs) else ours


def variables(here: Mapping[str, str], there: Mapping[str, str]) -> list[Contrast]:
    """What differs between two states, by what is said of each name.

    >>> variables({"x": "int 1", "y": "int 2"}, {"x": "int 3", "y": "int 2"})[0].rows
    ('- x: int 1', '+ x: int 3')
    """
    names = sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))
    sides = (("- ", here), ("+ ", there))
    rows = [f"{sign}{name}: {side[name]}" for name in names for sign, side in sides if name in side]
    return [Contrast("variables", "variables", tuple(rows))] if rows else []


def _cells(here: Entry, there: Entry) -> Iterator[Contrast]:
    ours, theirs = [[slot for slot in entry.slots if slot.cell.runs] for entry in (here, there)]
    matcher = difflib.SequenceMatcher(None, [*map(_name, ours)], [*map(_name, theirs)], autojunk=False)
    for tag, start, stop, begin, end in matcher.get_opcodes():
        if tag == "equal":
            for mine, other in zip(ours[start:stop], theirs[begin:end], strict=True):
                yield from _pair(mine, other)
            continue
        pairs = _alike(ours[start:stop], theirs[begin:end]) if tag == "replace" else 0
        for mine, other in zip(ours[start : start + pairs], theirs[begin : begin + pairs], strict=True):
            yield from _pair(mine, other)
        yield from (Contrast("only here", slot.cell.title, _only("-", slot)) for slot in ours[start + pairs : stop])
        yield from (Contrast("only there", slot.cell.title, _only("+", slot)) for slot in theirs[begin + pairs : end])


def _alike(ours: Sequence[Slot], theirs: Sequence[Slot]) -> int:
    """How many of these are the same cell with other code: those without a label, at the same place."""
    both = zip(ours, theirs, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: not (pair[0].cell.label or pair[1].cell.label), both))


def _name(slot: Slot) -> str:
    return slot.cell.label or slot.cell.digest


def _only(sign: str, slot: Slot) -> tuple[str, ...]:
    return tuple(f"{sign} {row}" for row in slot.cell.body.split("\n"))


def _pair(mine: Slot, other: Slot) -> Iterator[Contrast]:
    """How one cell differs from its like: in its code, in what came of it."""
    if mine.cell.body != other.cell.body:
        yield Contrast("edited", mine.cell.title, tuple(_diff(_code(mine.cell), _code(other.cell))))
    one, two = _shown(mine.output), _shown(other.output)
    if one != two:
        pictures = (_pictures(one), _pictures(two))
        yield Contrast("output", mine.cell.title, tuple(_diff(one, two)), tuple(_numbers(one, two)), pictures)


def _code(cell: Cell) -> list[str]:
    return cell.body.split("\n")


def _shown(output: Envelope | None) -> list[str]:
    """What an output says, without the fences that hold it."""
    rows = [row.rstrip() for row in output.body] if output else []
    return [row for row in rows if row and not row.startswith("```")]


def _prose(entry: Entry) -> list[str]:
    """The author's text without the cells."""
    plain = Entry(authors(entry))
    inside = {line for cell in plain.cells for line in range(cell.span.start, cell.span.stop)}
    rows = [row.rstrip() for number, row in enumerate(plain.rows) if number not in inside]
    return [row for row in rows if row]


def _diff(one: Sequence[str], two: Sequence[str]) -> Iterator[str]:
    return (row for row in difflib.ndiff(one, two) if row[0] in "-+")


def _numbers(one: Sequence[str], two: Sequence[str]) -> Iterator[tuple[float, float]]:
    """Pairs of numbers that differ, when nothing else does but how wide a table's columns are."""
    if any(not name.endswith(".html") for name in (*_pictures(one), *_pictures(two))):
        return
    said = [_picture.sub("_out/", "\n".join(rows)) for rows in (one, two)]
    words = [_width.sub(lambda found: found[0][0], _number.sub("#", text)) for text in said]
    if words[0] != words[1]:
        return
    pairs = zip(_number.findall(said[0]), _number.findall(said[1]), strict=True)
    yield from ((float(mine), float(other)) for mine, other in pairs if mine != other)


def _pictures(rows: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for row in rows for name in _picture.findall(row))
