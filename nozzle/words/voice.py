"""How a run is told on a terminal: a live line for the running cell when there is one, plain lines otherwise."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nozzle.beside import Notice
    from nozzle.document.events import Finished
    from nozzle.words.hush import Hush

MARKS = {"ok": ("✓", "green"), "error": ("✗", "red"), "timeout": ("✗", "red"), "died": ("✗", "red")}


Out = Callable[[str, str, bool], None]
"""Takes a line, its colour and whether it is dim."""


class Voice:
    """Says notices; `tick` redraws the live line."""

    def __init__(self, quiet: bool = False, out: Out | None = None) -> None:
        self.live = out is None and sys.stdout.isatty()
        self.out = out or _printed
        self.quiet = quiet
        self.silent = True
        """Whether nothing was said yet."""
        self._running: dict[str, tuple[str, float]] = {}
        self._tail: dict[str, str] = {}
        self._drawn = False

    def __call__(self, notice: Notice) -> None:
        """Say one notice."""
        from nozzle.document.events import Finished, InputRequest, Replaying, Stream
        from nozzle.words.counted import counted
        from nozzle.words.visible import without_colors

        match notice.event:
            case Replaying(number=number, total=total):
                self._running[notice.entry] = (f"{notice.cell} (cell {number} of {total} above it)", time.monotonic())
                if not self.live and number == 1:
                    self._line(f"  {notice.entry}: replaying {counted(total, 'cell')} above {notice.cell}", dim=True)
            case Stream(text=text):
                last = without_colors(text.rstrip().rsplit("\n", 1)[-1])
                self._tail[notice.entry] = (last or self._tail.get(notice.entry, ""))[-60:]
            case Finished() as finished:
                self._finished(notice, finished)
            case InputRequest(prompt=prompt):
                self._line(f"? {notice.entry}: {notice.cell} asks: {prompt}", "yellow")
                self._line("  reply with: nozzle answer TEXT", dim=True)
            case None:
                self._told(notice)
            case _:
                if notice.kind == "started":
                    self._running[notice.entry] = (notice.cell, time.monotonic())
        self.tick()

    def tick(self) -> None:
        """Draw the live line anew."""
        from nozzle.words.visible import visible

        if not self.live or not self._running:
            return
        (entry, (cell, since)), *others = self._running.items()
        more = f" and {len(others)} more" if others else ""
        tail = self._tail.get(entry, "")
        width = _width()
        line = f"● {entry}: {cell}  {time.monotonic() - since:.1f} s{more}" + (f"  │ {tail}" if tail else "")
        click.echo("\r\x1b[2K" + click.style(visible(line)[: width - 1], fg="cyan"), nl=False)
        self._drawn = True

    def say(self, text: str, color: str = "", dim: bool = False) -> None:
        self._line(text, color, dim)

    def _finished(self, notice: Notice, finished: Finished) -> None:
        self._running.pop(notice.entry, None)
        self._tail.pop(notice.entry, None)
        kinds = {"expected": MARKS["ok"], "unraised": ("!", "yellow")}
        mark, color = kinds.get(notice.kind) or MARKS.get(finished.status, ("■", "yellow"))
        cause = f": {finished.cause}" if finished.cause and finished.status != "error" else ""
        words = {
            "ok": "  raised nothing, though its tag says raises-exception" if notice.kind == "unraised" else "",
            "error": "  raised, as expected" if notice.kind == "expected" else "  failed",
        }.get(finished.status, f"  {finished.status}{cause}")
        self._line(f"{mark} {notice.entry}: {notice.cell}  {finished.seconds:.2f} s{words}", color)

    def _told(self, notice: Notice) -> None:
        if notice.kind in ("saved", "thinks"):
            return
        if notice.kind == "spoken":
            self._running.pop(notice.entry, None)
            self._tail.pop(notice.entry, None)
            return
        if notice.kind == "says":
            words = self._tail.get(notice.entry, "") + notice.text
            self._running.setdefault(notice.entry, ("the explainer", time.monotonic()))
            self._tail[notice.entry] = words.rsplit("\n", 1)[-1][-60:]
            return
        if notice.kind in ("answered", "proposed", "task"):
            self._running.pop(notice.entry, None)
            self._tail.pop(notice.entry, None)
        where = f"{notice.entry}: " if notice.entry and not notice.text.startswith(notice.entry) else ""
        what = f"{notice.cell}: {notice.text}" if notice.cell else notice.text
        color = {
            "fault": "red",
            "news": "red",
            "proposed": "yellow",
            "answered": "cyan",
            "warning": "yellow",
            "held": "yellow",
            "moved": "cyan",
            "restored": "cyan",
        }
        self._line(
            f"{'!' if notice.kind in ('fault', 'lost', 'warning', 'news') else '-'} {where}{what}",
            color.get(notice.kind, ""),
        )

    def _line(self, text: str, color: str = "", dim: bool = False) -> None:
        from nozzle.words.visible import visible

        self.silent = False
        if self.quiet:
            return
        if self._drawn:
            click.echo("\r\x1b[2K", nl=False)
            self._drawn = False
        self.out(visible(text), color, dim)


def _printed(text: str, color: str, dim: bool) -> None:
    click.echo(click.style(text, fg=color or None, dim=dim) if color or dim else text)


def _width() -> int:
    import shutil

    return shutil.get_terminal_size().columns


class Ears:
    """Everybody who is told: the terminal, the page, a word that waits for its entries. None is told a secret."""

    def __init__(self, hush: Hush, *ears: Callable[[Notice], None]) -> None:
        self._hush = hush
        self._ears = list(ears)

    def __call__(self, notice: Notice) -> None:
        for told in self._hush(notice):
            for ear in list(self._ears):
                ear(told)

    def add(self, ear: Callable[[Notice], None]) -> None:
        self._ears.append(ear)

    def remove(self, ear: Callable[[Notice], None]) -> None:
        self._ears.remove(ear)


@contextmanager
def drawing(voice: Voice) -> Iterator[None]:
    """Keep the live line alive while a cell says nothing."""
    if not voice.live:
        yield
        return
    over = threading.Event()

    def draw() -> None:
        while not over.wait(0.2):
            voice.tick()

    thread = threading.Thread(target=draw, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
