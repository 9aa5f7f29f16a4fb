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
"""Places that one move of the cursor goes at most."""
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
    rows: list[list[str]] = [[]]
    row = column = 0
    for part in re.finditer(rf"{_moves.pattern}|{_ansi.pattern}|[^\x1b]|\x1b", text):
        count, move, char = min(int((part[1] or "1")[:6]), _FAR), part[2], part[0]
        if move == "K":
            here = rows[row]
            here[:] = {"": here[:column], "0": here[:column], "1": [" "] * (column + 1) + here[column + 1 :]}.get(
                part[1], []
            )
        elif move in ("A", "B"):
            row = max(0, row - count) if move == "A" else row + count
        elif move:
            column = {"C": column + count, "D": max(0, column - count), "G": max(0, count - 1)}[move]
        elif char == "\n":
            row, column = row + 1, 0
        elif char == "\r":
            column = 0
        elif char == "\b":
            column = max(0, column - 1)
        elif len(char) == 1 and char != "\x1b":
            here = rows[row]
            here += [" "] * (column - len(here))
            here[column : column + 1] = [char]
            column += 1
        rows += [[] for _ in range(row + 1 - len(rows))]
    return "\n".join("".join(row).rstrip() for row in rows)


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
