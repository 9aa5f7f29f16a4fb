"""The file and its steps, written as one: what is on disk is in git, and what was meant to be is too.

The order is always the same: the intended text goes into git, then the file is exchanged, then the steps are made.
So whatever moment the process dies at, the next start finds out what was meant and finishes it. It refuses to write
into a text that it was not told of (`News`), and to make a step at another place than the one the text belongs to.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Literal

from nozzle import disk, whole
from nozzle.book import Book
from nozzle.disk import Written
from nozzle.document import scribe
from nozzle.document.edit import apply
from nozzle.document.entry import Entry
from nozzle.document.naming import few
from nozzle.errors import NozzleError, Refused, Unwritable
from nozzle.holding import Holding
from nozzle.intent import Intent, Left, packed
from nozzle.orphans import Orphans, put_files, shown
from nozzle.past import Past
from nozzle.piece import Made, Origin, Piece, compose
from nozzle.settings import Settings
from nozzle.sieve import Sieve
from nozzle.steps import Elsewhere, Record, Steps

JOURNAL = (".gitignore", ".github", "LICENSE", "README.md", "_out", "nozzle.keys", "nozzle.toml", "myst.yml")
"""What may lie at the root of a repository that holds only a journal."""

Seen = Literal["same", "carried", "moved", "saved"]
"""What became of a file: nothing; nothing, but HEAD is elsewhere; git brought another text; the author did."""

NO_STEP = "no step could be made: {}; the text is as it should be"
EDITED = (
    "no step has it as it is, so you may have changed what a cell wrote; it runs again, and a step has yours as it was"
)
ASIDE = "this is not as a cell left it; it may write over that, and no step has it, so yours is copied:"


class News(Exception):
    """The file is not what it was: somebody wrote it meanwhile, and that is to be looked at first."""


@dataclass(slots=True)
class Ledger:
    root: Path
    steps: Steps
    settings: Settings
    warn: Callable[[str], None]
    first: Callable[[], None] | None = None
    """What is to be done before the first step is made."""
    past: Past = field(init=False)
    _books: dict[str, Book] = field(default_factory=dict)
    """By entry."""
    _begun: str = ""
    """The branch on which it was last asked whether steps want a thread of their own."""
    sieve: Sieve = field(init=False)
    holding: Holding = field(init=False)
    _orphans: Orphans = field(init=False)

    def __post_init__(self) -> None:
        self.past = Past(self.root, self.steps, self.settings)
        self.sieve = Sieve(self.root, self.steps, self.warn)
        self.holding = Holding(self.sieve, self.steps)
        self._orphans = Orphans(self.root, self.settings)

    # -- looking ------------------------------------------------------------------------------------------------

    def judge(self, rel: str, content: bytes, base: bytes | None) -> Seen:
        """What became of a file that held `base` (None: it is seen for the first time) and holds `content`."""
        head = self.steps.thread().head
        book = self.book(rel)
        before, book.head = book.head, head
        if head != before:
            book.recorded = None
            self.past.forget(rel)
        if content == base:
            return "same" if head == before else "carried"
        if (base is None or head != before) and self._is_at_head(rel, content):
            return "saved" if base is not None and self.steps.committed_by_hand() else "moved"
        return "saved"

    def _is_at_head(self, rel: str, content: bytes) -> bool:
        try:
            return self.steps.is_at_head(rel, content)
        except Refused:  # a link that leads out of the repository
            return False

    def elsewhere(self) -> bool:
        """Whether HEAD is somewhere that not every entry knows of."""
        head = self.steps.thread().head
        return any(book.head not in (None, head) for book in self._books.values())

    def origin(self, rel: str, text: bytes) -> Origin:
        """Where a run begins that begins now."""
        return Origin(self.head(rel), text)

    def head(self, rel: str) -> str:
        """The step that the text of an entry is of."""
        return self.book(rel).head or ""

    def where(self) -> str:
        thread = self.steps.thread()
        if not thread.head:
            return f"on {thread.name}, where no step is yet"
        return f"at {thread.head[:8]} on {thread.name}" if thread.name else f"at {thread.head[:8]}, on no thread"

    # -- writing ------------------------------------------------------------------------------------------------

    def save(self, rel: str, content: bytes) -> None:
        """The author's save, as a step, if it is not one yet."""
        self.record(rel, self.saved(rel, content))

    def save_edited(self, rel: str, base: bytes, paths: Iterable[str]) -> str:
        """What the author made of files that cells of an entry wrote, as a step of his, before they write over it; or
        aside, where no step can be made of it. What he is to hear. Refused when it cannot be kept at all.
        """
        edited, others = self.holding.edited(sorted(paths))
        text = self.at_head(rel) if edited and self.sieve.refused(rel, base) else base
        title = f"{stem(rel)}: {', '.join(edited)}, changed by hand"
        save = Record("save", rel, title, {rel: text}, tuple(edited), taken=edited)
        if not edited or text is None or not self.record(rel, [save]):
            edited, others = {}, [*edited, *others]
        aside = ", ".join(self.holding.put_aside(others))
        said = [f"{', '.join(edited)}: {EDITED}"] if edited else []
        return "; ".join([*said, *([f"{', '.join(others)}: {ASIDE} {aside}"] if others else [])])

    def unsaved(self, rel: str, content: bytes) -> bool:
        """Whether a text of the author's is in no step yet, and could be."""
        book = self.book(rel)
        if book.recorded != content and self.at_head(rel) == content:
            book.recorded = content
        return book.recorded != content and not book.owed and not self.sieve.refused(rel, content)

    def rename(self, old: str, new: str, content: bytes) -> None:
        """The author gave an entry another name: what waits for the old one, and what is owed, goes along."""
        if book := self._books.pop(old, None):
            book.rename(old, new)
            self._books[new] = book
            self.keep_intents()
        self.past.rename(old, new)
        shows = self._carried(old, new, content)
        if self.at_head(old) is not None:
            files = {new: content, old: None, **shows}
            name = stem(new) if stem(new) != stem(old) else new
            self.record(new, [Record("save", new, f"{stem(old)}: renamed to {name}", files)])

    def removed(self) -> list[str]:
        """Make steps of the entries that were taken away, or renamed, while nobody watched; what became of them."""
        if self.steps.root != self.root:
            return []
        told = []
        for old in filter(self.settings.is_entry, self.steps.missing()):
            content = self.at_head(old)
            alike = (each for each in self._unknown() if content and disk.readable(self.root / each) == content)
            if content and (new := next(alike, "")):
                self.rename(old, new, content)
                told.append(f"{old} was renamed to {new}")
            else:
                self.remove(old)
                told.append(f"{old} was taken away")
        return told

    def _unknown(self) -> Iterator[str]:
        """Entries on disk that no step holds."""
        for path in self.settings.entries_in(self.root):
            rel = path.relative_to(self.root).as_posix()
            if self.at_head(rel) is None:
                yield rel

    def remove(self, rel: str) -> None:
        """The author took an entry away: so does a step, after those that are owed. Where the whole folder is gone, it
        is no entry that was taken away."""
        if gone := self._gone():
            return self.sieve.once(gone)
        self.past.carried.put(rel, {})
        if self.at_head(rel) is not None or self.book(rel).owed:
            self.record(rel, [Record("save", rel, f"{stem(rel)}: removed", {rel: None})])
        self.done(rel)
        if not self.book(rel).owed:
            self._books.pop(rel)

    def leave_behind(self, rel: str, head: str, text: bytes) -> str:
        """A text of the author's that belongs to a step somebody has left: a step on a thread that starts there."""
        record = Record("save", rel, f"{stem(rel)}: save", {rel: text})
        return "" if self.sieve.unfit(record) else self.steps.record_aside([record], head).name

    def write(self, path: Path, rel: str, base: bytes, made: Sequence[Made]) -> Written:
        """Put pieces into the file that holds `base`, and make their steps; `News` when it holds something else."""
        new = made[-1].text

        def edit(author: bytes) -> bytes | None:
            if author != base:
                raise News
            return new if new != base else None

        self._write_files(path.parent, made)
        if new != base and disk.names(path) > 1:
            self.sieve.once(
                f"{rel}: it has another name, by a hard link, which keeps the text as it was before outputs"
            )
        written = disk.exchange(path, base, edit, before=lambda text, temp: self.keep(rel, base, made, temp))
        self.past.settle(rel, made[-1].entry)
        steps = [self._step(rel, each) for each in made if each.piece.kind != "marker"]
        self.record(rel, [*self.saved(rel, base), *self._swept(rel, path, steps)])
        if not steps and self.book(rel).recorded == base:
            self.book(rel).recorded = written.content  # a marker alone is no step, and no save of the author's
        self.done(rel)
        return written

    def restore(self, path: Path, rel: str, base: bytes, reference: Entry, over: bytes | None = None) -> Written:
        """Bring back what a save lacked; `over` is what the file holds, when `base` is newer than that."""
        newest = [base]

        def edit(author: bytes) -> bytes | None:
            newest[0] = author
            return restored(author, reference)

        def before(new: bytes, temp: str) -> None:
            owed = self._outstanding(rel, newest[0], [])
            self._intend(Intent(rel, self.head(rel), newest[0], new, {}, self._inputs, owed, temp))

        written = disk.exchange(path, base, edit, before=before, over=over)
        files = self.bring_files_back(rel, written.content)
        back = Record("restore", rel, f"{stem(rel)}: outputs brought back", {rel: written.content, **files})
        self.record(rel, [*self.saved(rel, newest[0]), back])
        self.done(rel)
        return written

    def keep(self, rel: str, base: bytes, made: Sequence[Made], temp: str = "") -> None:
        """Keep in git what is not in the file yet, or is being exchanged for it by way of `temp`."""
        files = {name: data for each in made for name, data in each.files.items()}
        self.past.settle(rel, made[-1].entry)
        steps = self._outstanding(rel, base, [self._step(rel, each) for each in made if each.piece.kind != "marker"])
        self._intend(Intent(rel, self.head(rel), base, made[-1].text, files, self._inputs, steps, temp))

    def aside(
        self, rel: str, pieces: Sequence[Piece], passed: bool = False, busy: bool = False
    ) -> list[tuple[str, str]]:
        """Steps of results that have no place in the text any more, each on a thread that starts where it began.

        When the text has just `passed` them by, and no step was made since they began, they are steps of this thread:
        what he has saved comes after. Else what they wrote is here as HEAD has it again, unless other cells are `busy`
        here. What they are called, and where they are, for each text that they began from, and what became of their
        files; nothing of one that may not be kept.
        """
        by_origin: dict[Origin, list[Piece]] = {}
        for piece in pieces:
            assert piece.origin is not None, "what did not begin anywhere has no place to be kept at"
            by_origin.setdefault(piece.origin, []).append(piece)
        return [each for origin, begun in by_origin.items() for each in self._aside(rel, origin, begun, passed, busy)]

    def _aside(
        self, rel: str, origin: Origin, pieces: Sequence[Piece], passed: bool, busy: bool
    ) -> Iterator[tuple[str, str]]:
        made, fell = compose(Entry(origin.text.decode()), pieces)
        if fell:
            yield _titles(fell), "it has no place in the text that it began from, and is in no step"
        save = Record("save", rel, f"{stem(rel)}: save", {rel: origin.text})
        if not made or self.sieve.unfit(save):
            return
        records, _ = self.sieve.fit([save, *(self._step(rel, each) for each in made)], Left())
        titles, here = _titles(each.piece for each in made), passed and self.steps.thread().name
        if here and self.at_head(rel) == origin.text and self.record(rel, records[1:]):
            yield titles, f"the text had gone on; step {self.head(rel)[:8]} has what it shows"
        else:
            thread = self.steps.record_aside(records, origin.head)
            yield titles, f"finished on thread {thread.name}"
            written = {path for each in made for path in each.piece.adopt}
            if files := "" if passed else self._put_back(written, thread.head, busy):
                yield titles, files

    def _put_back(self, written: Collection[str], step: str, busy: bool) -> str:
        """Files that cells wrote whose step is elsewhere, as HEAD has them; what became of them, in words."""
        back, stay = list[str](), list[str]()
        if busy or self.steps.busy() or self.steps.moving():
            stay = sorted(filter(self.is_changed, written))
        else:
            back, stay = self.holding.put_back(written, step)
        said = [f"what it wrote is here as it was before: {few(back)}"] if back else []
        return "; ".join(
            [*said, *([f"this stays as it is, which the step you are at does not have: {few(stay)}"] if stay else [])]
        )

    def done(self, rel: str) -> None:
        """What was meant for an entry has come to be, or is not to be; while a step of it is owed, it has not."""
        book = self.book(rel)
        if book.intent and not book.owed:
            book.intent = None
            self.keep_intents()

    def keep_intents(self) -> None:
        """In git, as they are now."""
        intents = [book.intent for book in self._books.values() if book.intent]
        left = {rel: book.left for rel, book in self._books.items() if book.left != Left()}
        if intents or left:
            self.steps.intend(packed(intents, left))
        else:
            self.steps.fulfilled()

    def catch_up(self) -> bool:
        """Make the steps that are owed, if nothing stands against it any more; whether none is owed now."""
        owing = self.owing()
        if owing and not self.steps.moving() and not self.steps.busy():
            for rel in owing:
                self.record(rel, [])
                self.done(rel)
                if not self.book(rel).owed and self.at_head(rel) is None:
                    self._books.pop(rel)  # it was taken away meanwhile
        return not self.owing()

    def owing(self) -> list[str]:
        """Entries of which steps are owed."""
        return [rel for rel, book in self._books.items() if book.owed]

    def owes(self) -> bool:
        """Whether a step is still to be made, or something meant is not written."""
        return any(book.owed or book.intent for book in self._books.values())

    def book(self, rel: str) -> Book:
        """What is known of an entry."""
        return self._books.setdefault(rel, Book())

    def begin_thread(self) -> str:
        """Where the settings want it, put HEAD on a thread of its own, before the first step; the thread's name."""
        if self.settings.steps == "here" or self.steps.busy():
            return ""
        thread = self.steps.thread()
        self._begun = thread.name
        if not thread.head or not thread.name or self.steps.is_thread(thread.name):
            return ""
        alone = not self.steps.remotes() and self.steps.journal_only(self._journals())
        if self.settings.steps == "auto" and alone:
            return ""
        self._begun = self.steps.start_thread().name
        return self._begun

    def can_mend(self) -> bool:
        """Whether what stands in the texts is the newest there is, and not an old step that somebody looks at."""
        return bool(self.steps.thread().name) and not self.steps.busy()

    # -- inside -------------------------------------------------------------------------------------------------

    def swept_away(self, rel: str) -> dict[str, None]:
        """Files that a killed process took away beside an entry and made no step of: nobody names them."""
        folder = Path(rel).parent
        there = [path for path in self.steps.missing() if Path(path).parent == folder / "_out"]
        gone = self._orphans.unnamed(self.root / folder, [Path(path).name for path in there])
        return dict.fromkeys((folder / "_out" / name).as_posix() for name in gone)

    def bring_files_back(self, rel: str, text: bytes) -> dict[str, bytes]:
        """Put files that a text shows and that are gone back from the steps; those that were there."""
        folder, found = Path(rel).parent, dict[str, bytes]()
        for name in [name for name in shown(text) if not (self.root / folder / "_out" / name).exists()]:
            path = (folder / "_out" / name).as_posix()
            steps = self.steps.history(rel, limit=20)
            earlier = (data for step in steps if (data := self.steps.text(step, path)) is not None)
            content = next(earlier, None) if (held := self.at_head(path)) is None else held
            if content is not None:
                put_files(self.root / folder, {f"_out/{name}": content})
                found[path] = content
        return found

    def _carried(self, old: str, new: str, text: bytes) -> dict[str, bytes]:
        """Files that an entry shows, put beside it where it has gone."""
        before, after, found = Path(old).parent, Path(new).parent, dict[str, bytes]()
        for name in shown(text) if before != after else ():
            source, target = (before / "_out" / name).as_posix(), (after / "_out" / name).as_posix()
            content = disk.readable(self.root / source) or self.at_head(source)
            if content is not None and not (self.root / target).exists():
                put_files(self.root / after, {f"_out/{name}": content})
                found[target] = content
        return found

    def _journals(self) -> Callable[[str], bool]:
        """Whether a file, by its path, belongs to a journal and nothing else."""
        written = cache(self.past.all_written)
        folders = (self.settings.journal, *JOURNAL)
        return lambda path: self.settings.is_entry(path) or path.split("/")[0] in folders or path in written()

    @property
    def _inputs(self) -> str:
        """What is known of the outputs of all entries, as a step says it; none of those that git ignores."""
        return self.sieve.words(self.past.carried.text(self.steps.ignores))

    def at_head(self, rel: str) -> bytes | None:
        try:
            return self.steps.at_head(rel)
        except Refused:  # a link that leads out of the repository
            return None

    def saved(self, rel: str, content: bytes) -> list[Record]:
        if self.book(rel).recorded == content:
            return []
        link = (rel,) if (self.root / rel).is_symlink() else ()  # git holds the text where it leads to
        return [Record("save", rel, f"{stem(rel)}: save", {rel: content}, link)]

    def is_changed(self, path: str) -> bool:
        """Whether a file is another than at HEAD."""
        content = disk.readable(self.root / path)
        return self.at_head(path) is not None if content is None else not self._is_at_head(path, content)

    def _step(self, rel: str, made: Made) -> Record:
        piece, folder = made.piece, Path(rel).parent
        files: dict[str, bytes | None] = {(folder / name).as_posix(): data for name, data in made.files.items()}
        trailers = {"Cell": piece.chain, **piece.trailers}
        if piece.cell and piece.facts:
            trailers = {**self.past.trailers(piece.cell, piece.facts, piece.adopt), **piece.trailers}
        title, held = f"{stem(rel)}: {piece.title}", {rel: made.text, **files}
        anew = piece.facts is not None and self.past.reads_anew(rel, piece.chain, piece.facts)
        return Record(piece.kind, rel, title, held, piece.adopt, trailers, taken=piece.taken, anew=anew)

    def _swept(self, rel: str, path: Path, records: Sequence[Record]) -> list[Record]:
        """The last record of a write, with the `_out` files that no entry names any more gone."""
        folder = Path(rel).parent / "_out"
        gone = self._orphans.beside(path.parent) if records else []
        gone = [name for name in gone if self.at_head((folder / name).as_posix()) is not None]  # git can give it back
        for name in gone:
            whole.remove(path.parent / "_out" / name)
        removed: dict[str, bytes | None] = {(folder / name).as_posix(): None for name in gone}
        if not removed:
            return list(records)
        return [*records[:-1], replace(records[-1], files={**removed, **records[-1].files})]

    def record(self, rel: str, records: Sequence[Record]) -> bool:
        """Make steps, and say whether they are made; what stands against it is said once, and the work goes on."""
        book = self.book(rel)
        unsure = self.steps.busy() or self.steps.moving()
        try:
            wanted, before = [*(book.owed if unsure else self._still_owed(rel, book)), *records], book.left
        except NozzleError as error:
            return self._owe(rel, [*book.owed, *records], NO_STEP.format(error))
        fit, book.left = self.sieve.fit(wanted, before)
        book.owed = []
        if not unsure:
            book.owed_at, book.owed_in = None, ""
        made = self._make(rel, fit) if fit else True
        if book.left != before:
            self.keep_intents()
        return made and not any(map(self.sieve.unfit, wanted[-1:]))

    def _make(self, rel: str, records: list[Record]) -> bool:
        if why := self._hindered():
            return self._owe(rel, records, why)
        book = self.book(rel)
        records[-1] = replace(records[-1], trailers={"Inputs": self._inputs, **records[-1].trailers})
        try:
            self._begin()
            made = self.steps.record_all(records, book.head)
        except Elsewhere as moved:
            return self._record_elsewhere(rel, records, book.head or "", moved.now)
        except Unwritable as error:
            return self._owe(rel, records, f"{error}; the text is right, its steps come with the next one")
        except NozzleError as error:
            return self._owe(rel, records, NO_STEP.format(error))
        book.recorded = records[-1].files[rel] or b""
        if made:
            self._move(book.head, made[-1].sha)
            book.head = made[-1].sha
        for name in self.steps.left_out:
            self.sieve.once(f"{name} is larger than the cap (file_cap in nozzle.toml): it is not in the step")
        return True

    def _hindered(self) -> str:
        """Why no step can be made now, in plain words; empty when one can."""
        if gone := self._gone():
            return gone
        if busy := self.steps.busy():
            return f"a {busy} is under way: cells run, and no step is made until it is over"
        return "git is at work here: steps come when it is done" if self.owing() and self.steps.moving() else ""

    def _gone(self) -> str:
        """What became of the folder, when it is not there any more."""
        if self.root.is_dir():
            return ""
        if now := self.steps.moved_to():
            return f"{self.root} was moved to {now}: its entries are looked after from there"
        return f"{self.root} was taken away, and its branch holds all steps; 'git worktree prune' forgets the folder"

    def _move(self, before: str | None, now: str) -> None:
        """HEAD went on by a step of ours: every entry that was there is here."""
        for book in self._books.values():
            if before is not None and book.head == before:
                book.head = now
            if before is not None and book.owed_at == before:
                book.owed_at = now

    def _owe(self, rel: str, records: Sequence[Record], why: str) -> bool:
        """These steps come later, if need be when nozzle starts again: what was meant stays in git until then."""
        book = self.book(rel)
        book.owed, book.recorded = list(records), records[-1].files[rel] or b""
        book.owed_at = book.head if book.owed_at is None else book.owed_at
        book.owed_in = book.owed_in or self.steps.busy()
        self.sieve.once(why)
        return False

    def _still_owed(self, rel: str, book: Book) -> list[Record]:
        """What of the owed steps belongs on HEAD, which may be elsewhere by now: the author merged, or committed."""
        owed, at, now, during = book.owed, book.owed_at, self.steps.thread().head, book.owed_in
        if not owed or at in (None, now):
            if not (owed and at and during and self._has_gone(rel, owed[-1].files[rel])):
                return owed
            name = self.steps.record_aside(owed, at).name
            self.warn(f"{rel}: the {during} was given up; what was saved meanwhile is on thread {name}")
            return []
        here, texts = self.steps.text(now, rel), [each.files[rel] for each in owed]
        if here == (self.steps.text(at, rel) if at else None) and not self._has_gone(rel, texts[-1]):
            return owed
        if here in texts:  # so far the author has committed it himself
            return owed[len(texts) - texts[::-1].index(here) :]
        name = self.steps.record_aside(owed, at or "").name
        self.warn(f"{rel}: HEAD went on without the steps that waited; they are on thread {name}")
        return owed[-1:] if disk.readable(self.root / rel) == texts[-1] else []

    def _has_gone(self, rel: str, text: bytes | None) -> bool:
        """Whether the file is what HEAD has, and not this text: the author has gone there, and left it."""
        now = disk.readable(self.root / rel)
        return now is not None and now != text and self.steps.is_at_head(rel, now)

    def _begin(self) -> None:
        """Before a step: where the author went to another branch, they may want a thread of their own there, too."""
        if self.steps.thread().name != self._begun and (name := self.begin_thread()):
            self.warn(f"steps go on a thread of their own, {name}; 'nozzle land' brings them back as one commit")
        if self.first is not None:
            before = self.steps.thread().head
            self.first()
            self.first = None
            self._move(before, self.steps.thread().head)

    def _record_elsewhere(self, rel: str, records: Sequence[Record], head: str, now: str) -> bool:
        """HEAD has moved: where the entry is the same there, so are its steps; else they stay where they began."""
        here, book = self.steps.text(now, rel), self.book(rel)
        if here == records[-1].files[rel]:  # the author has committed it all himself
            book.head, book.recorded = now, here or b""
            return True
        there = self.steps.text(head, rel) == here and not self._has_gone(rel, records[-1].files[rel])
        if there or disk.readable(self.root / rel) == records[-1].files[rel]:
            book.head = now
            return self.record(rel, records)
        try:
            thread = self.steps.record_aside(records, head)
        except NozzleError as error:
            return self._owe(rel, records, NO_STEP.format(error))
        self.warn(f"{rel}: you went to another step meanwhile; what was written is on thread {thread.name}")
        return True

    def _write_files(self, folder: Path, made: Iterable[Made]) -> None:
        for each in made:
            put_files(folder, each.files)

    def _outstanding(self, rel: str, base: bytes, steps: Sequence[Record]) -> tuple[Record, ...]:
        """All steps of an entry that are to be made, with those that are owed, and the author's save between."""
        book = self.book(rel)
        return tuple(self.sieve.fit([*book.owed, *self.saved(rel, base), *steps], book.left)[0])

    def _intend(self, intent: Intent) -> None:
        if self.sieve.refused(intent.rel, intent.base) or self.sieve.refused(intent.rel, intent.new):
            return
        files = self.sieve.files(intent.files, Path(intent.rel).parent)
        self.book(intent.rel).intent = replace(intent, files=files)
        self.keep_intents()


def restored(author: bytes, reference: Entry) -> bytes | None:
    """The author's text with what it lacks of a reference; None when it lacks nothing."""
    entry = Entry(author.decode("utf-8", "surrogateescape"))
    edits = scribe.restore(entry, reference)
    return apply(entry.text, *edits).encode("utf-8", "surrogateescape") if edits else None


def _titles(pieces: Iterable[Piece]) -> str:
    return ", ".join(piece.title for piece in pieces)


def stem(rel: str) -> str:
    return Path(rel).stem
