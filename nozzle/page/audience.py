"""Who looks at which page, and who is told what: one thread takes what is said, in order, and passes it on.

Pages are drawn in this thread, once for all who look at one, and only while somebody does. What a running cell has
printed is kept until its output stands in the text, for those who come later.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from nozzle.errors import NozzleError
from nozzle.page.listener import Listener
from nozzle.page.mailbox import Mailbox
from nozzle.page.rendering import Away, Live, Rendering, rendering
from nozzle.page.said import (
    LONGEST,
    Behind,
    Changed,
    Drawn,
    Gone,
    Joined,
    Left,
    News,
    Over,
    Running,
    Said,
    Streamed,
    Waits,
)

ENDED = frozenset(("done", "ok", "failed", "error", "timeout", "stopped", "died"))
PASSES = 20.0
"""Seconds for which news that pass are shown; as in live.js."""
MOST = 4
"""News that are shown together; as in live.js."""
WRITTEN = "written"
"""The state of a cell whose output stands in the text: its stream is shown no longer."""


@dataclass
class _Run:
    """A cell that runs, or whose output is not in the text yet."""

    state: Running
    text: str = ""
    under: tuple[str, ...] = ()  # what stood under it when it ended

    @property
    def ended(self) -> bool:
        return self.state.state in ENDED


@dataclass
class _Stage:
    """A page that somebody looks at, or on which a cell runs."""

    listeners: list[Listener] = field(default_factory=list)
    runs: dict[str, _Run] = field(default_factory=dict)
    now: Rendering | None = None


class Audience:
    """All who look."""

    def __init__(self, live: Callable[[str], Live | Away | None]) -> None:
        self._live = live
        self._inbox = Mailbox()
        self._stages: dict[str, _Stage] = {}
        self._news: list[News] = []
        """The newest that stay."""
        self._passing = (News(""), 0.0)
        """The last that passes, and when it was told."""
        self._thread = threading.Thread(target=self._run, name="nozzle page", daemon=True)
        self._thread.start()

    def tell(self, said: Said) -> None:
        """Say something to all whom it concerns; from any thread, never blocks."""
        self._inbox.put(said)

    def close(self) -> None:
        """Tell everybody that it is over."""
        self.tell(Over())
        self._thread.join()

    def _run(self) -> None:
        while True:
            for said in self._inbox.take():
                self._pass_on(said)
                if isinstance(said, Over):
                    return

    def _pass_on(self, said: Said) -> None:
        match said:
            case Changed(page):
                self._draw(page)
            case Streamed(page, cell, text):
                self._stream(self._stage(page), cell, text)
                self._send(page, said)
            case Running(page, cell):
                self._follow(self._stage(page), cell, said)
                self._send(page, said)
            case Joined(listener):
                self._join(listener)
            case Left(listener):
                self._leave(listener)
            case News(passes=passes):
                self._passing = (said if passes else News(""), time.monotonic())
                if not said.text:
                    self._news.clear()
                elif not passes:
                    self._news = [*(one for one in self._news if one != said), said][-MOST:]
                self._send_all(said)
            case Waits():
                self._send_all(said)
            case Behind() | Over():
                for stage in self._stages.values():
                    stage.runs.clear()
                self._send_all(said)

    def _stage(self, page: str) -> _Stage:
        return self._stages.setdefault(page, _Stage())

    def _send(self, page: str, said: Said) -> None:
        for listener in self._stage(page).listeners:
            listener.mailbox.put(said)
        self._tidy(page)

    def _send_all(self, said: Said) -> None:
        for page in list(self._stages):
            self._send(page, said)

    def _tidy(self, page: str) -> None:
        if not (self._stages[page].listeners or self._stages[page].runs):
            del self._stages[page]

    # -- who looks ----------------------------------------------------------------------------------------------

    def _join(self, listener: Listener) -> None:
        stage = self._stage(listener.page)
        stage.listeners.append(listener)
        if self._rendered(stage, listener.page):
            self._show(stage, listener.page)
        for run in stage.runs.values():
            listener.mailbox.put(run.state)
            listener.mailbox.put(Streamed(listener.page, run.state.cell, run.text))
        passing, told = self._passing
        for news in (*self._news, passing if time.monotonic() < told + PASSES else News("")):
            if news.text:
                listener.mailbox.put(news)

    def _leave(self, listener: Listener) -> None:
        self._stages[listener.page].listeners.remove(listener)
        self._tidy(listener.page)

    # -- what they see ------------------------------------------------------------------------------------------

    def _draw(self, page: str) -> None:
        """Draw a page anew for those who look at it; one without blocks is a file, which they load again."""
        stage = self._stage(page)
        if not stage.listeners:
            stage.runs = {cell: run for cell, run in stage.runs.items() if not run.ended}
            self._tidy(page)
        elif self._rendered(stage, page):
            self._show(stage, page)
        else:
            self._send(page, Behind())

    def _rendered(self, stage: _Stage, page: str) -> bool:
        try:
            live = self._live(page)
        except NozzleError as error:
            self._send(page, News(str(error)))
            return stage.now is not None
        stage.now = rendering(live) if isinstance(live, Live) else None
        if isinstance(live, Away):
            self._send(page, Gone(live))
        return live is not None

    def _show(self, stage: _Stage, page: str) -> None:
        if stage.now is None:
            return
        self._send(page, Drawn(stage.now))
        for run in list(stage.runs.values()):
            if run.ended and self._settled(run, stage.now):
                self._pass_on(Running(page, run.state.cell, WRITTEN, run.state.seconds))

    def _settled(self, run: _Run, now: Rendering) -> bool:
        return not now.holds(run.state.cell) or now.under(run.state.cell) != run.under

    def _stream(self, stage: _Stage, cell: str, text: str) -> None:
        if cell not in stage.runs:
            stage.runs[cell] = _Run(Running("", cell, "running", 0.0))
        run = stage.runs[cell]
        run.text = (run.text + text)[-LONGEST:]

    def _follow(self, stage: _Stage, cell: str, said: Running) -> None:
        known = stage.runs.get(cell)
        if said.state == WRITTEN:
            stage.runs.pop(cell, None)
        elif known is None or (known.ended and said.state not in ENDED):
            stage.runs[cell] = _Run(said)
        else:
            known.state = said
        if said.state in ENDED and stage.now is not None:
            stage.runs[cell].under = stage.now.under(cell)
