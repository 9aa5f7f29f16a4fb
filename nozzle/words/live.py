"""The journal on the local page: built once, then followed block by block as notices come.

The threads beside it are there too, each under the path that links in the text lead to; a thread's site is built when
somebody first looks at one of its pages.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nozzle.beside import Notice
    from nozzle.page import Away, Deed, Done, Live, Page
    from nozzle.words.journal import Journal

    Act = Callable[[Deed], Done]

SOON = 5.0
"""Seconds in which a thread's pages can be shown once its folder is there."""
REST = 1.0
"""Seconds between two builds of the pages around the entries: index, tags, search."""
_md = re.compile(r"\.md(?=$|#)")


def linked(url: str) -> str:
    """Where a link in an entry leads on the page."""
    return url if ":" in url else _md.sub(".html", url)


@dataclass
class Shown:
    """A thread's journal that is being shown."""

    here: Journal
    page: Page
    out: Path
    """Where its site is built."""
    act: Act | None = None
    """Does what is done on its pages."""
    under: str = ""
    """The path that its pages stand under, `a/b/`; empty: at the root."""
    _names: dict[str, str] = field(default_factory=dict)
    """Entries that were renamed: what each was called -> what it is called now."""
    _kept: dict[str, tuple[str, Live]] = field(default_factory=dict)
    """By page: the text that was drawn last, and the drawing."""
    _began: dict[str, float] = field(default_factory=dict)
    _ended: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    """By entry: cells and answers that ended and are not written yet, and their seconds."""
    _dirty: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)
    _built: threading.Event = field(default_factory=threading.Event)
    """The site was built once, or cannot be."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _builder: threading.Thread | None = None

    def named(self, rel: str) -> str:
        """The page of an entry."""
        from nozzle.publish import target

        return f"{self.under}{target(rel)}"

    def changed(self, rel: str) -> None:
        """An entry's text is another one."""
        page = self.named(rel)
        self.page.changed(page)
        for cell, seconds in self._ended.pop(rel, []):
            self.page.running(page, cell, "written", seconds)
        self.page.waits()
        self._dirty.set()

    def seen(self, path: Path) -> None:
        """The author saved an entry: what he wrote is shown at once, before anything runs."""
        self.page.changed(self.named(self.here.rel(path)))

    def renamed(self, old: str, new: str) -> None:
        """An entry has another name: who looks at its old page is told where it is."""
        self._names[old] = new
        self.page.changed(self.named(old))

    def hear(self, notice: Notice) -> None:
        """Pass on what a reader of the page wants to see at once."""
        from nozzle.document.entry import SHOWN
        from nozzle.document.events import Finished, Started, Stream

        page = self.named(notice.entry) if notice.entry else ""
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
            case None if notice.kind in ("moved", "fault", "lost", "restored", "news", "proposed"):
                where = f"{self.here.root.name}:{notice.entry}".rstrip(":") if self.under else notice.entry
                words = ": ".join(filter(None, (where, notice.text)))
                self.page.news(words, passes=notice.kind in ("moved", "restored", "proposed"))
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

    # -- the site around the entries ----------------------------------------------------------------------------

    def follow(self) -> None:
        """Build the pages around the entries, now and whenever something changed."""
        with self._lock:
            if self._builder is None and not self._over.is_set():
                self._builder = threading.Thread(target=self._follow, daemon=True)
                self._builder.start()

    def look(self) -> None:
        """Somebody looks: what is not built yet is built before this returns."""
        self.follow()
        self._built.wait()

    def close(self) -> None:
        self._over.set()
        self._built.set()  # nobody is kept waiting for it
        self._dirty.set()
        if self._builder is not None:
            self._builder.join()

    def _follow(self) -> None:
        while not self._over.is_set():
            self._dirty.clear()
            self._build()
            self._dirty.wait()
            self._over.wait(REST)

    def _build(self) -> None:
        from nozzle.errors import NozzleError
        from nozzle.scratch import scratch
        from nozzle.words.site import build_site

        self.here.missed.clear()
        try:
            scratch(self.out)  # `git clean` takes it away, and with it what keeps it out of git
            build_site(self.here, self.out, drafts=True, quick=True)
            self.page.changed(f"{self.under}index.html")
            for text in sorted(self.here.missed):
                self.page.news(text)
        except NozzleError as error:
            self.page.news(str(error))
        finally:
            self._built.set()

    def live(self, name: str) -> Live | Away | None:
        """The blocks of an entry's page, by its name without the path it is under; None for the other pages."""
        from nozzle.page import Live
        from nozzle.publish import render
        from nozzle.words.site import cells, marks, said

        path = self.here.paged(name)
        if path is None:
            return self._away(name)
        entry = self.here.read(path)
        text, kept = self._kept.get(name, ("", None))
        if kept is None or text != entry.text:
            title, blocks, heading = render(
                self.here.rel(path),
                entry.text,
                cells=cells(entry),
                marks=marks(self.here, entry, path),
                said=said(entry),
                link=linked,
            )
            thread = self.here.root.name if self.under else ""
            kept = Live(title, blocks, thread, f"/{name}" if thread else "", heading)
            self._kept[name] = (entry.text, kept)
        return kept

    def _away(self, name: str) -> Away | None:
        """What became of an entry that is not there; None where the page can be of none."""
        from nozzle.page import Away
        from nozzle.publish import sources

        rel = next((each for each in sources(name) if self.here.settings.is_entry(each)), "")
        if not rel:
            return None
        now, passed = self._renamed(rel), {rel}
        while now and now not in passed and not (self.here.root / now).exists():
            passed.add(now)
            now = self._renamed(now)
        return Away(self.named(now), now) if now and (self.here.root / now).exists() else Away()

    def _renamed(self, rel: str) -> str:
        """What an entry was renamed to: as this watch saw it, or as a commit says of a time when none ran."""
        return self._names.get(rel) or self.here.steps.renamed(rel)


@dataclass
class Showing:
    """Everything that is shown: the journal at the root of the page, and its threads beside it."""

    here: Journal
    beside: dict[str, Shown] = field(default_factory=dict)
    """By the path that it stands under."""
    first: Shown = field(init=False)

    @property
    def url(self) -> str:
        return self.first.page.url

    def live(self, page: str) -> Live | Away | None:
        """The blocks of an entry's page as it is now; None for the other pages."""
        shown = self._of(page)
        if shown.under:
            shown.look()
        return shown.live(page.removeprefix(shown.under))

    def look(self, place: str) -> None:
        """A file of the site is asked for and not there: perhaps it is not built yet."""
        self._of(place).look()

    def act(self, deed: Deed) -> Done:
        """Have it done where the page is of."""
        from nozzle.page import Done

        shown = self._of(deed.page)
        if shown.act is None:
            return Done("nothing can be done here", ok=False)
        return shown.act(replace(deed, page=deed.page.removeprefix(shown.under)))

    def under(self, folder: Path) -> str | None:
        """The path that the pages of a worktree stand under; None when they are not shown."""
        if folder == self.here.root:
            return ""
        return next((under for under, shown in list(self.beside.items()) if shown.here.root == folder), None)

    @contextmanager
    def thread(self, there: Journal, act: Act) -> Iterator[Shown]:
        """Show a thread beside the first, for as long as it is looked after."""
        from nozzle.scratch import scratch

        under = f"{there.root.relative_to(there.first.parent).as_posix()}/"
        shown = Shown(there, self.first.page, scratch(there.root / ".nozzle" / "page"), act, under)
        self.beside[under] = shown
        shown.page.mount(under, shown.out)
        try:
            yield shown
        finally:
            del self.beside[under]
            shown.page.unmount(under)
            shown.close()

    def _of(self, page: str) -> Shown:
        """What a page is of; a thread that has just begun is waited for, since its link stands in the text by then."""
        folder, end = self.here.first.parent.joinpath(*page.split("/")[:2]), time.monotonic() + SOON
        while True:
            found = next((shown for under, shown in list(self.beside.items()) if page.startswith(under)), None)
            if found or time.monotonic() > end or not (page.count("/") > 1 and (folder / ".git").is_file()):
                return found or self.first
            time.sleep(0.05)


@contextmanager
def showing(
    here: Journal,
    port: int = 0,
    act: Act | None = None,
    host: str = "",
    code: Callable[[str, str], None] = lambda where, code: None,
) -> Iterator[Showing]:
    """Show the journal at 127.0.0.1, as it is and as it becomes; `act` does what is done there.

    With a `host` others may knock, and `code` is told where, and what lets them in.
    """
    from nozzle.page import Page
    from nozzle.scratch import scratch
    from nozzle.words.door import Door

    out, found = scratch(here.root / ".nozzle" / "page"), Showing(here)
    acts = found.act if act is not None else None
    door = Door.of(here.root, here.config) if acts and not host else Door(here.config)
    with Page(
        out, found.live, look=found.look, port=port, last=door.port, key=door.key, act=acts, host=host, code=code
    ) as page:
        if acts and not host:
            door.keep(page.port)
        found.first = Shown(here, page, out, act)
        found.first.follow()
        try:
            yield found
        finally:
            found.first.close()
