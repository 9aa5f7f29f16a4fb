"""What a cell says as it runs, without its secrets: a token that comes in two pieces is still one.

A line is let through when it is whole, since half a token is no token yet; a private key when its last line is there.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nozzle.beside import Notice
    from nozzle.document.events import Late, Stream

LONGEST = 100_000
"""Characters that are held back at most."""
CONTEXT = 1_000
"""Characters of a line by which what follows on it is read."""
_key = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")
_key_end = re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")
_begin = re.compile("-----BEGIN")
_ends = re.compile(r"[\r\n]")


@dataclass(slots=True)
class Hush:
    redact: Callable[[str], str]
    _held: dict[tuple[str, str], Notice] = field(default_factory=dict)
    """By cell and stream: what is not a whole line yet."""
    _saying: dict[tuple[str, str], tuple[str, int, str]] = field(default_factory=dict)
    """By entry and paragraph: the line that a model is writing, how far it was told, and as what."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, notice: Notice) -> Iterator[Notice]:
        """What may be told now."""
        from nozzle.document.events import Finished, InputRequest, Late, Stream

        if notice.cell:
            notice = replace(notice, cell=self.redact(notice.cell))
        match notice.event:
            case Stream() | Late() as said:
                yield from self._lines(notice, said)
            case InputRequest(prompt=prompt) as asked:
                yield from self._rest(asked.cell)
                yield replace(notice, event=replace(asked, prompt=self.redact(prompt)))
            case Finished(cell=cell, cause=cause) as finished:
                yield from self._rest(cell)
                yield replace(notice, event=replace(finished, cause=self.redact(cause)))
            case None if notice.kind == "says":
                yield from self._words(notice)
            case None if notice.kind == "spoken":
                yield from self._words(replace(notice, kind="says", text=""), over=True)
                yield notice
            case _:
                yield replace(notice, text=self.redact(notice.text))

    def _words(self, notice: Notice, over: bool = False) -> Iterator[Notice]:
        """What a model says, word by word: a word is let through when it is whole, since it may be half a token."""
        with self._lock:  # a model speaks in a thread of its own, and is interrupted by another
            line, before, told = self._saying.pop((notice.entry, notice.of), ("", 0, ""))
            line += notice.text
            at = (
                len(line) if over or len(line) > LONGEST else max(before, *(line.rfind(each) + 1 for each in " \t\r\n"))
            )
            if not over:
                at = min([at, *(each.start() for each in _begin.finditer(line) if _is_open(line, each.end(), at))])
            clean = self.redact(line[:at])
            fresh = clean[len(told) :] if clean.startswith(told) else f"\n{clean}"
            if not over:
                begin = _begins(line, at)
                self._saying[notice.entry, notice.of] = (line[begin:], at - begin, self.redact(line[begin:at]))
        if fresh:
            yield replace(notice, text=fresh)

    def _lines(self, notice: Notice, said: Stream | Late) -> Iterator[Notice]:
        from nozzle.document.events import Late, Stream

        held = self._held.pop((said.cell, said.name), None)
        before = held.event.text if held and isinstance(held.event, Stream | Late) else ""
        text = before + said.text
        at = max((match.end() for match in _ends.finditer(text)), default=0)
        open_key = [match.start() for match in _key.finditer(text) if not _key_end.search(text, match.end(), at)]
        at = min([at, *open_key]) if len(text) < LONGEST else len(text)
        if text[at:]:
            self._held[said.cell, said.name] = replace(notice, event=replace(said, text=text[at:]))
        if at:
            yield replace(notice, event=replace(said, text=self.redact(text[:at])))

    def _rest(self, cell: str) -> Iterator[Notice]:
        """What a cell said without ending its line."""
        from nozzle.document.events import Late, Stream

        for key in [key for key in self._held if key[0] == cell]:
            notice = self._held.pop(key)
            if isinstance(notice.event, Stream | Late):
                yield replace(notice, event=replace(notice.event, text=self.redact(notice.event.text)))


def _begins(text: str, at: int) -> int:
    """Where the line that goes on at `at` is taken to begin: a long one is not looked at anew for each of its words."""
    begin = text.rfind("\n", 0, at) + 1
    if at - begin <= 2 * CONTEXT:
        return begin
    return text.rfind(" ", begin, at - CONTEXT) + 1 or at - CONTEXT


def _is_open(text: str, start: int, stop: int) -> bool:
    """Whether what begins as a private key does may still be one, and has no end before `stop`."""
    title, ended, _ = text[start:].partition("\n")
    return not ended or ("PRIVATE KEY" in title and not _key_end.search(text, start, stop))
