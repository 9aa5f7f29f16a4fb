"""A Mermaid sequence diagram as a picture: who speaks to whom, from top to bottom.

Participants, messages, notes, and the frames around them (loop, alt, opt, par, critical, break) are read; what else a
source may say is `None`, never a guess. Activations are read and not drawn.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from zlib import crc32

_WHO = re.compile(r"(?:create[ \t]+)?(?:participant|actor)[ \t]+(.+?)(?:[ \t]+as[ \t]+(.+))?$")
_NAME = r"[^\s:,;+<>-](?:[^:,;+<>\n-]|-(?![->x)]))*?"
_SAID = re.compile(
    rf"({_NAME})[ \t]*(<<-->>|<<->>|-->>|->>|-->|->|--x|-x|--\)|-\))[+-]?[ \t]*({_NAME})[ \t]*:[ \t]*(.*)$"
)
_NOTE = re.compile(rf"[Nn]ote[ \t]+(over|left of|right of)[ \t]+({_NAME})(?:[ \t]*,[ \t]*({_NAME}))?[ \t]*:[ \t]*(.*)$")
_FRAME = re.compile(r"(loop|alt|opt|par|critical|break)(?:[ \t]+(.*))?$")
_OTHER = re.compile(r"(else|and|option)(?:[ \t]+(.*))?$")
_SILENT = re.compile(r"(?:autonumber|activate|deactivate|accTitle|accDescr)\b")
_BREAK = re.compile(r"<br\s*/?>", re.I)
_CHAR, _ROW, _MOST, _LONGEST = 7.0, 34.0, 200, 400


@dataclass(frozen=True)
class Line:
    """One row of the diagram, or the edge of a frame."""

    kind: str  # says | note | opens | turns | ends
    words: str = ""
    start: str = ""
    stop: str = ""
    arrow: str = ""
    place: str = ""  # of a note: over | left of | right of


@dataclass
class Talk:
    names: dict[str, str] = field(default_factory=dict)  # participant -> the words in its box
    lines: list[Line] = field(default_factory=list)


def read(source: str) -> Talk | None:
    """Read a sequence diagram."""
    rows = [row.strip().rstrip(";") for row in source.strip().split("\n")]
    head, *rest = [row for row in rows if row and not row.startswith("%%")] or [""]
    if head != "sequenceDiagram" or len(rest) > _MOST or max(map(len, rest), default=0) > _LONGEST:
        return None
    talk, depth = Talk(), 0
    for row in rest:
        line = _line(row, talk)
        if line is None:
            return None
        depth += {"opens": 1, "ends": -1}.get(line.kind, 0)
        if depth < 0 or (line.kind == "turns" and not depth):
            return None
        if line.kind:
            talk.lines.append(line)
    return talk if talk.names and not depth else None


def _line(row: str, talk: Talk) -> Line | None:
    if who := _WHO.match(row):
        talk.names[who[1].strip()] = _words(who[2] or who[1])
        return Line("")
    if _SILENT.match(row):
        return Line("")
    if note := _NOTE.match(row):
        _meet(talk, note[2], note[3] or note[2])
        return Line("note", _words(note[4]), note[2], note[3] or note[2], place=note[1])
    if row == "end":
        return Line("ends")
    for kind, pattern in (("opens", _FRAME), ("turns", _OTHER)):
        if found := pattern.match(row):
            return Line(kind, " ".join(filter(None, (found[1], found[2] and f"[{_words(found[2])}]"))))
    if said := _SAID.match(row):
        _meet(talk, said[1], said[3])
        return Line("says", _words(said[4]), said[1], said[3], said[2])
    return None


def _meet(talk: Talk, *names: str) -> None:
    for name in names:
        talk.names.setdefault(name, name)


def _words(text: str) -> str:
    return " ".join(_BREAK.sub(" ", text).split())


def svg(source: str) -> str | None:
    """Return a sequence diagram as SVG; None when its source is not understood."""
    talk = read(source)
    return _Picture(talk, f"s{crc32(source.encode(errors='replace')):08x}").draw() if talk else None


class _Picture:
    def __init__(self, talk: Talk, name: str) -> None:
        self.talk, self.name = talk, name
        self.order = list(talk.names)
        self.wide = {one: max(64.0, _CHAR * len(words) + 24) for one, words in talk.names.items()}
        self.x = self._columns()
        lines = [line for line in talk.lines if line.kind in ("says", "note")]
        last = max((self._right(line) for line in lines), default=0.0)
        framed = max(
            (_CHAR * len(line.words) + 30 for line in talk.lines if line.kind in ("opens", "turns")), default=0
        )
        self.width = max(self.x[self.order[-1]] + self.wide[self.order[-1]] / 2 + 16, last + 14, framed)

    def _columns(self) -> dict[str, float]:
        """Where the participants stand: as far apart as what is said between neighbours needs."""
        left = max((self._note(line) + 16 for line in self.talk.lines if self._leftmost(line)), default=0.0)
        x = {self.order[0]: max(16 + self.wide[self.order[0]] / 2, left)}
        for one, other in pairwise(self.order):
            gap = (self.wide[one] + self.wide[other]) / 2 + 26
            needed = [self._needs(line, one, other) for line in self.talk.lines]
            x[other] = x[one] + max([gap, *needed])
        return x

    def _leftmost(self, line: Line) -> bool:
        return line.place == "left of" and line.start == self.order[0]

    def _needs(self, line: Line, one: str, other: str) -> float:
        if line.kind == "says" and {line.start, line.stop} == {one, other}:
            return _CHAR * len(line.words) + 30
        if line.kind == "says" and line.start == line.stop == one:
            return _CHAR * len(line.words) + 56
        beside = (line.place == "right of" and line.start == one) or (line.place == "left of" and line.start == other)
        return self._note(line) + 24 if beside else 0.0

    def _note(self, line: Line) -> float:
        return _CHAR * len(line.words) + 20

    def _right(self, line: Line) -> float:
        x = max(self.x[line.start], self.x[line.stop])
        if line.kind == "note":
            middle = (self.x[line.start] + self.x[line.stop]) / 2
            return middle + self._note(line) / 2 if line.place == "over" else x + 10 + self._note(line)
        return x + 44 + _CHAR * len(line.words) if line.start == line.stop else x

    def draw(self) -> str:
        drawn, frames, y = [], [], 62.0
        opened: list[tuple[float, int]] = []
        for line in self.talk.lines:
            if line.kind == "opens":
                opened.append((y, len(opened)))
                drawn.append(self._heading(line.words, y, len(opened)))
            elif line.kind == "turns":
                drawn.append(self._turn(line.words, y, len(opened)))
            elif line.kind == "ends":
                top, depth = opened.pop()
                frames.append(self._frame(top, y - 8, depth))
            else:
                drawn.append(self._message(line, y) if line.kind == "says" else self._noted(line, y))
            y += 12.0 if line.kind == "ends" else _ROW + 10 if line.start == line.stop and line.arrow else _ROW
        lifes = "".join(f'<path class="life" d="M{x:.1f} 40V{y:.1f}"/>' for x in self.x.values())
        people = "".join(self._person(one) for one in self.order)
        about = escape("; ".join(self._told()))
        frame = f'viewBox="0 0 {self.width:.0f} {y + 8:.0f}" width="{self.width:.0f}" height="{y + 8:.0f}"'
        style = "sequence big" if self.width > 650 else "sequence"
        inner = f"{''.join(frames)}{lifes}{people}{''.join(drawn)}"
        return f'<svg class="{style}" {frame} role="img" aria-label="Sequence: {about}">{self._marks()}{inner}</svg>'

    def _marks(self) -> str:
        size = 'viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto-start-reverse"'
        head = f'<marker id="{self.name}" {size}><path class="head" d="M0 0L10 5L0 10z"/></marker>'
        cross = f'<marker id="{self.name}x" {size}><path class="cross" d="M1 1L9 9M9 1L1 9"/></marker>'
        return f"<defs>{head}{cross}</defs>"

    def _told(self) -> Iterator[str]:
        names = self.talk.names
        for line in self.talk.lines:
            if line.kind == "says":
                yield f"{names[line.start]} to {names[line.stop]}: {line.words}"
            elif line.words:
                yield line.words

    def _person(self, one: str) -> str:
        x, wide = self.x[one], self.wide[one]
        box = f'<rect x="{x - wide / 2:.1f}" y="8" width="{wide:.1f}" height="32" rx="4"/>'
        return f'<g class="node">{box}<text x="{x:.1f}" y="24">{escape(self.talk.names[one])}</text></g>'

    def _message(self, line: Line, y: float) -> str:
        start, stop = self.x[line.start], self.x[line.stop]
        dotted = " dotted" if "--" in line.arrow else ""
        mark = f"{self.name}x" if "x" in line.arrow else self.name
        ends = f' marker-end="url(#{mark})"' if line.arrow not in ("->", "-->") else ""
        ends += f' marker-start="url(#{mark})"' if line.arrow.startswith("<") else ""
        if start == stop:
            curve = f"M{start:.1f} {y:.1f}h34v16H{start + 2:.1f}"
            words = f'<text class="beside" x="{start + 42:.1f}" y="{y + 8:.1f}">{escape(line.words)}</text>'
        else:
            curve = f"M{start:.1f} {y + 8:.1f}H{stop:.1f}"
            words = f'<text x="{(start + stop) / 2:.1f}" y="{y - 2:.1f}">{escape(line.words)}</text>'
        return f'<path class="edge{dotted}" d="{curve}"{ends}/>{words}'

    def _noted(self, line: Line, y: float) -> str:
        one, other = sorted((self.x[line.start], self.x[line.stop]))
        wide = max(self._note(line), other - one + 40 if line.place == "over" and one != other else 0.0)
        left = {"over": (one + other) / 2 - wide / 2, "left of": one - 10 - wide}.get(line.place, other + 10)
        box = f'<rect x="{left:.1f}" y="{y - 12:.1f}" width="{wide:.1f}" height="26" rx="2"/>'
        return f'<g class="noted">{box}<text x="{left + wide / 2:.1f}" y="{y + 1:.1f}">{escape(line.words)}</text></g>'

    def _frame(self, top: float, bottom: float, depth: int) -> str:
        at = 4.0 + 4 * depth
        size = f'width="{self.width - 2 * at:.1f}" height="{bottom - top + 16:.1f}"'
        return f'<rect class="frame" x="{at:.1f}" y="{top - 16:.1f}" {size} rx="4"/>'

    def _heading(self, words: str, y: float, depth: int) -> str:
        return f'<text class="frame-title" x="{8.0 + 4 * depth:.1f}" y="{y - 4:.1f}">{escape(words)}</text>'

    def _turn(self, words: str, y: float, depth: int) -> str:
        at = 4.0 * depth
        rule = f'<path class="life" d="M{at:.1f} {y - 16:.1f}H{self.width - at:.1f}"/>'
        return rule + self._heading(words, y, depth)
