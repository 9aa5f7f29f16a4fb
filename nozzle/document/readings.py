"""A text as a reader sees it once its escapes are resolved, and where each place of it stands in the text.

Two kinds are known: a character reference of HTML (`&lt;`), and a backslash before a sign of Markdown's. It refuses to
ask which of them means something where it stands: it gives each reading that a program could make of the text.
"""

import html
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

_REFERENCE = r"&(?:#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,8}|[A-Za-z][A-Za-z0-9]{1,31});?"
_BACKSLASH = r"\\[!-/:-@\[-`{-~]"
_KINDS = tuple(map(re.compile, (_REFERENCE, _BACKSLASH, f"{_REFERENCE}|{_BACKSLASH}")))


@dataclass(slots=True)
class Reading:
    """A text read in one way."""

    text: str
    _read: list[int] = field(default_factory=list)
    """Where in `text` each escape's meaning ends,"""
    _written: list[int] = field(default_factory=list)
    """and where in the source the escape does;"""
    _length: list[tuple[int, int]] = field(default_factory=list)
    """how long its meaning and it are."""

    def span(self, start: int, stop: int) -> tuple[int, int]:
        """Where in the source it stands that reads as this; what is a part of an escape's meaning is all of it."""
        if start >= stop or not self._read:
            return start, stop
        return self._place(start)[0], self._place(stop - 1)[1]

    def _place(self, at: int) -> tuple[int, int]:
        """Start and stop, in the source, of one character."""
        index = bisect_right(self._read, at)
        if index < len(self._read):
            meaning, escape = self._length[index]
            if at >= self._read[index] - meaning:
                return self._written[index] - escape, self._written[index]
        source = at + (self._written[index - 1] - self._read[index - 1] if index else 0)
        return source, source + 1


def readings(text: str) -> Iterator[Reading]:
    r"""The text as it stands, then as it reads where that is something else.

    >>> [reading.text for reading in readings(r"a\_b &lt; c")]
    ['a\\_b &lt; c', 'a\\_b < c', 'a_b &lt; c', 'a_b < c']
    """
    yield Reading(text)
    found = ["&" in text, "\\" in text]
    for pattern, there in zip(_KINDS, (*found, all(found)), strict=True):
        if there and (reading := _resolved(text, pattern)) is not None:
            yield reading


def _resolved(text: str, pattern: re.Pattern[str]) -> Reading | None:
    parts, reading, at, length = list[str](), Reading(""), 0, 0
    for escape in pattern.finditer(text):
        meaning = escape[0][1:] if escape[0][0] == "\\" else html.unescape(escape[0])
        if meaning == escape[0]:
            continue
        parts += [text[at : escape.start()], meaning]
        length += escape.start() - at + len(meaning)
        at = escape.end()
        reading._read.append(length)
        reading._written.append(at)
        reading._length.append((len(meaning), len(escape[0])))
    reading.text = "".join([*parts, text[at:]])
    return reading if parts else None
