"""A cell calls input() in a run that nobody looks at: refused after a while, so that a script comes to its end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nozzle.beside import Notice
    from nozzle.loop import Loop
    from nozzle.words.voice import Voice

PATIENCE = 60.0
"""Seconds."""


class Unanswered:
    """Told of every notice; each question starts a time within which somebody has to answer it."""

    def __init__(self, loop: Loop, voice: Voice, patience: float = PATIENCE) -> None:
        self.loop, self.voice, self.patience = loop, voice, patience
        self._asked: dict[str, int] = {}
        """How many questions each entry has asked."""

    def __call__(self, notice: Notice) -> None:
        """Start the time of a question."""
        from nozzle.document.events import InputRequest

        if not isinstance(notice.event, InputRequest):
            return
        number = self._asked[notice.entry] = self._asked.get(notice.entry, 0) + 1
        self.voice.say(f"  without an answer in {self.patience:.0f} s it is refused", dim=True)
        timer = threading.Timer(self.patience, self._refuse, (notice.entry, number))
        timer.daemon = True
        timer.start()

    def _refuse(self, entry: str, number: int) -> None:
        from nozzle.loop import Called

        def refuse(loop: Loop) -> None:
            if self._asked[entry] == number:
                for desk in loop.desks.values():
                    if desk.rel == entry:
                        desk.answer(None)

        self.loop.messages.put(Called(refuse))
