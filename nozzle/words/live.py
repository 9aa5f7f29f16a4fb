"""The journal on the local page: built once, then followed block by block as notices come."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nozzle.desk import Notice
    from nozzle.page import Deed, Done, Live, Page
    from nozzle.words.journal import Journal

REST = 1.0
"""Seconds between two builds of the pages around the entries: index, tags, search."""
_md = re.compile(r"\.md(?=$|#)")


@dataclass
class Shown:
    """A page that is being shown."""

    here: Journal
    page: Page
    _began: dict[str, float] = field(default_factory=dict)
    _ended: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    """By entry: cells and answers that ended and are not written yet, and their seconds."""
    _dirty: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return self.page.url

    def changed(self, rel: str) -> None:
        """An entry's text is another one."""
        page = _target(rel)
        self.page.changed(page)
        for cell, seconds in self._ended.pop(rel, []):
            self.page.running(page, cell, "written", seconds)
        self._dirty.set()

    def saved(self, rel: str) -> None:
        """The author saved an entry: what he wrote is shown at once, before anything runs."""
        self.page.changed(_target(rel))

    def hear(self, notice: Notice) -> None:
        """Pass on what a reader of the page wants to see at once."""
        from nozzle.document.entry import SHOWN
        from nozzle.document.events import Finished, Started, Stream

        page = _target(notice.entry) if notice.entry else ""
        match notice.event:
            case Started(cell=cell):
                self._began[cell] = time.monotonic()
                self.page.running(page, cell[:SHOWN], "running", 0.0)
            case Stream(cell=cell, text=text):
                self.page.streamed(page, cell[:SHOWN], text)
                self.page.running(page, cell[:SHOWN], "running", time.monotonic() - self._began.get(cell, 0.0))
            case Finished(cell=cell, status=status, seconds=seconds):
                self.page.running(page, cell[:SHOWN], "done" if status == "ok" else status, seconds)
                self._ended.setdefault(notice.entry, []).append((cell[:SHOWN], seconds))
            case None if notice.of:
                self._said(page, notice)
            case None if notice.kind in ("moved", "fault", "restored", "news", "proposed"):
                self.page.news(f"{notice.entry}: {notice.text}")
            case None if notice.kind == "saved":
                self.page.news("")

    def _said(self, page: str, notice: Notice) -> None:
        """What a model is writing stands under what it answers, until the answer is in the text."""
        of, now = notice.of, time.monotonic()
        match notice.kind:
            case "asked" | "thinks":
                self._began[of] = now
                self.page.running(page, of, "answering" if notice.kind == "asked" else "thinking", 0.0)
            case "says":
                self.page.streamed(page, of, notice.text)
            case "spoken":
                seconds = now - self._began.pop(of, now)
                self.page.running(page, of, notice.text or "done", seconds)
                self._ended.setdefault(notice.entry, []).append((of, seconds))

    def build(self, out: Path, over: threading.Event) -> None:
        """Build the pages around the entries whenever something changed, until it is over."""
        from nozzle.errors import NozzleError
        from nozzle.words.site import build_site

        while not over.is_set():
            self._dirty.clear()
            self.here.missed.clear()
            try:
                build_site(self.here, out, drafts=True, quick=True)
                self.page.changed("index.html")
                for text in sorted(self.here.missed):
                    self.page.news(text)
            except NozzleError as error:
                self.page.news(str(error))
            self._dirty.wait()
            over.wait(REST)


@contextmanager
def showing(
    here: Journal,
    port: int = 0,
    act: Callable[[Deed], Done] | None = None,
    host: str = "",
    code: Callable[[str], None] = lambda code: None,
) -> Iterator[Shown]:
    """Show the journal at 127.0.0.1, as it is and as it becomes; `act` does what is done there.

    With a `host` others may knock, and `code` is told what lets them in.
    """
    from nozzle.page import Page
    from nozzle.scratch import scratch

    out = scratch(here.root / ".nozzle" / "page")
    over = threading.Event()
    with Page(out, _Drawing(here).live, port=port, act=act, host=host, code=code) as page:
        shown = Shown(here, page)
        builder = threading.Thread(target=shown.build, args=(out, over), daemon=True)
        builder.start()
        try:
            yield shown
        finally:
            over.set()
            shown._dirty.set()
            builder.join()


@dataclass
class _Drawing:
    """Entries as blocks; the last drawing of each is kept as long as its text stays."""

    here: Journal
    _kept: dict[str, tuple[str, Live]] = field(default_factory=dict)

    def live(self, page: str) -> Live | None:
        """The blocks of an entry's page as it is now; None for the other pages."""
        from nozzle.page import Live
        from nozzle.publish import render
        from nozzle.words.site import cells, marks, said

        path = next((each for each in self.here.entries() if _target(self.here.rel(each)) == page), None)
        if path is None:
            return None
        entry = self.here.read(path)
        text, kept = self._kept.get(page, ("", None))
        if kept is None or text != entry.text:
            title, blocks = render(
                self.here.rel(path),
                entry.text,
                cells=cells(entry),
                marks=marks(self.here, entry, path),
                said=said(entry),
                link=lambda url: url if ":" in url else _md.sub(".html", url),
            )
            kept = Live(title, blocks)
            self._kept[page] = (entry.text, kept)
        return kept


def _target(rel: str) -> str:
    from nozzle.publish import target

    return target(rel)
