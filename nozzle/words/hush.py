"""What a cell says as it runs, without its secrets: a token that comes in two pieces is still one.

A line is let through when it is whole, since half a token is no token yet; a private key when its last line is there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nozzle.desk import Notice
    from nozzle.document.events import Late, Stream

LONGEST = 100_000
"""Characters that are held back at most."""
_key = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")
_key_end = re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")
_ends = re.compile(r"[\r\n]")


@dataclass(slots=True)
class Hush:
    redact: Callable[[str], str]
    _held: dict[tuple[str, str], Notice] = field(default_factory=dict)
    """By cell and stream: what is not a whole line yet."""

    def __call__(self, notice: Notice) -> Iterator[Notice]:
        """What may be told now."""
        from nozzle.document.events import Finished, InputRequest, Late, Stream

        match notice.event:
            case Stream() | Late() as said:
                yield from self._lines(notice, said)
            case InputRequest(prompt=prompt) as asked:
                yield from self._rest(asked.cell)
                yield replace(notice, event=replace(asked, prompt=self.redact(prompt)))
            case Finished(cell=cell, cause=cause) as finished:
                yield from self._rest(cell)
                yield replace(notice, event=replace(finished, cause=self.redact(cause)))
            case _:
                yield replace(notice, text=self.redact(notice.text))

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
