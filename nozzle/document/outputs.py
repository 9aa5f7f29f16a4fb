"""Folding events into what a cell shows, as a notebook would: streams merged, updates and clears carried out.

A terminal's cursor tricks are resolved here too (carriage return, backspace, ANSI colours), so that a progress bar
becomes its last state and not a thousand lines.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from nozzle.document.events import ClearOutput, DisplayData, Error, Event, ExecuteResult, Late, Restarted, Stream


@dataclass(frozen=True, slots=True)
class Text:
    name: Literal["stdout", "stderr"]
    text: str


@dataclass(frozen=True, slots=True)
class Display:
    data: Mapping[str, str]
    display_id: str = ""
    result: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    ename: str
    evalue: str
    traceback: tuple[str, ...]


Output = Text | Display | Failure


@dataclass(slots=True)
class Tape:
    """What one run has shown so far; `add` each event as it comes."""

    _items: list[Output] = field(default_factory=list)
    _pieces: list[str] = field(default_factory=list)
    _clear_next: bool = False

    def add(self, event: Event) -> None:
        match event:
            case Stream(name=name, text=text) | Late(name=name, text=text):
                self._begin()
                last = self._items[-1] if self._items else None
                if not (isinstance(last, Text) and last.name == name):
                    self._settle()
                    self._items.append(Text(name, ""))
                self._pieces.append(text)
            case DisplayData(data=data, display_id=display_id, update=True):
                self._update(Display(data, display_id))
            case DisplayData(data=data, display_id=display_id):
                self._add(Display(data, display_id))
            case ExecuteResult(data=data):
                self._add(Display(data, result=True))
            case Error(ename=ename, evalue=evalue, traceback=traceback):
                self._add(Failure(ename, evalue, traceback))
            case ClearOutput(wait=True):
                self._clear_next = True
            case ClearOutput() | Restarted():
                self._clear()

    @property
    def outputs(self) -> tuple[Output, ...]:
        self._settle()
        return tuple(item for item in self._items if not isinstance(item, Text) or item.text)

    def _add(self, item: Output) -> None:
        self._begin()
        self._settle()
        self._items.append(item)

    def _update(self, new: Display) -> None:
        self._settle()
        self._items = [
            replace(item, data=new.data) if isinstance(item, Display) and item.display_id == new.display_id else item
            for item in self._items
        ]

    def _begin(self) -> None:
        if self._clear_next:
            self._clear()

    def _clear(self) -> None:
        self._items.clear()
        self._pieces.clear()
        self._clear_next = False

    def _settle(self) -> None:
        """Joins the pieces of the stream being written, once."""
        if self._pieces:
            last = self._items[-1]
            assert isinstance(last, Text)
            self._items[-1] = Text(last.name, last.text + "".join(self._pieces))
            self._pieces.clear()


def fold(events: Iterable[Event]) -> tuple[Output, ...]:
    """All at once what `Tape` does as it comes."""
    tape = Tape()
    for event in events:
        tape.add(event)
    return tape.outputs


_ansi = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]+[0-~]|[@-Z\\-_])")
_moves = re.compile(r"\x1b\[(\d*)([ABCDGK])")
"""The cursor goes up, down, right, left, to a column; a line is erased."""
_FAR = 1000
"""Places that one move of the cursor goes at most, and the columns that it finds."""
_ROOM, _EACH = 100_000, 4
"""Places that all moves of a text open on a screen at most: so many, and this for each of its characters."""
_control = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def plain(text: str) -> str:
    r"""Text as it would stand on a terminal when all is said: no ANSI, `\r` and `\b` carried out, controls shown.

    >>> plain("10%\r20%\r100%\n\x1b[31mred\x1b[0m")
    '100%\nred'
    """
    text = text.replace("\r\n", "\n")
    text = _ansi.sub("", _drawn(text) if _moves.search(text) else text)
    rows = [_overwritten(row) if "\r" in row or "\b" in row else row for row in text.split("\n")]
    return _control.sub(lambda match: chr(0x2400 + ord(match[0])) if match[0] != "\x7f" else "\u2421", "\n".join(rows))


def _drawn(text: str) -> str:
    r"""Text with the moves of its cursor carried out, on a screen that has no end.

    >>> _drawn("a\nlong\x1b[1A\x1b[2K\rnew\n\x1b[Kend")
    'new\nend'
    """
    screen = _Screen(_ROOM + _EACH * len(text))
    for part in re.finditer(rf"{_moves.pattern}|{_ansi.pattern}|[^\x1b]|\x1b", text):
        if part[2]:
            screen.move(part[2], part[1])
        elif len(part[0]) == 1 and part[0] != "\x1b":
            screen.put(part[0])
    return "\n".join("".join(screen.rows.get(row, ())).rstrip() for row in range(screen.low + 1))


@dataclass(slots=True)
class _Screen:
    room: int
    """Places that moves may still open."""
    rows: dict[int, list[str]] = field(default_factory=dict)
    low: int = 0
    """The lowest row that was reached."""
    row: int = 0
    column: int = 0

    def move(self, way: str, count: str) -> None:
        far = min(int((count or "1")[:6]), _FAR)
        match way:
            case "A":
                self.row = max(0, self.row - far)
            case "B":
                self._down(far)
            case "C":
                self.column = max(self.column, min(self.column + far, _FAR))
            case "D":
                self.column = max(0, self.column - far)
            case "G":
                self.column = max(0, far - 1)
            case "K":
                self._erase(count)

    def put(self, char: str) -> None:
        if char == "\n":
            self.row, self.column = self.row + 1, 0
            self.low = max(self.low, self.row)
        elif char == "\r":
            self.column = 0
        elif char == "\b":
            self.column = max(0, self.column - 1)
        else:
            here = self.rows.setdefault(self.row, [])
            opened = max(0, min(self.column - len(here), self.room))
            self.room -= opened
            self.column = min(self.column, len(here) + opened)
            here += [" "] * opened
            here[self.column : self.column + 1] = [char]
            self.column += 1

    def _down(self, count: int) -> None:
        opened = max(0, min(self.row + count - self.low, self.room))
        self.room -= opened
        self.row = min(self.row + count, self.low + opened)
        self.low = max(self.low, self.row)

    def _erase(self, what: str) -> None:
        here = self.rows.get(self.row, [])
        if what in ("", "0"):
            del here[self.column :]
        elif what == "1":
            stop = min(self.column + 1, len(here))
            start = max(0, stop - _FAR)
            here[start:stop] = [" "] * (stop - start)
        else:
            here.clear()


def _overwritten(row: str) -> str:
    cells: list[str] = []
    at = 0
    for char in row:
        if char == "\r":
            at = 0
        elif char == "\b":
            at = max(0, at - 1)
        else:
            cells[at : at + 1] = [char]
            at += 1
    return "".join(cells).rstrip() if "\r" in row else "".join(cells)
