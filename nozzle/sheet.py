"""The file of one entry: the author's newest text, what waits to be put into it, and what nozzle wrote there last.

It is the only one to write that file. Whatever an editor does meanwhile, the newest text is the author's, and what
waits is put into that; what finds no place in it any more becomes a step of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nozzle import disk
from nozzle.document import scribe
from nozzle.document.entry import Entry, Envelope
from nozzle.document.lines import decoded
from nozzle.editors import Editors, Held
from nozzle.errors import NozzleError
from nozzle.ledger import Ledger
from nozzle.piece import Made, Piece, compose


@dataclass(slots=True)
class Sheet:
    path: Path
    rel: str
    """Path from the root, posix."""
    ledger: Ledger
    note: Callable[[str, str], None]
    """Tells the author: a kind, and words."""
    taken: Callable[[], None]
    """Called when a text of the author's was taken."""
    entry: Entry = field(default_factory=lambda: Entry(""))
    """The text as it shall be: the author's newest, with what waits to be written."""
    base: bytes | None = None
    """The file as it was last seen."""
    made: list[Made] = field(default_factory=list)
    """Finished and not yet written, in order."""
    stuck: bool = False
    """The file could not be written; what waits is kept in git, and tried again at the next save."""
    gone: bool = False
    """The file is no longer there."""
    _kept: bool = False
    """What waits is in git meanwhile."""
    _reference: Entry | None = None
    """The text nozzle wrote last, to bring back what a stale buffer saved over."""
    _newest: tuple[str, str] | None = None
    """The block nozzle wrote last: its kind and what it is of, its digest or id."""
    _held: frozenset[tuple[str, str]] = frozenset()
    """What the author's last save held of nozzle's blocks: his buffer has them, so what it lacks next was deleted."""
    _over: bytes = b""
    """What nozzle wrote over, when it wrote last."""
    _by_page: bytes = b""
    """The text of the last edit that was made for the author elsewhere: no buffer of an editor's."""
    _elsewhere: list[tuple[str, str]] = field(default_factory=list)
    """What the author wrote elsewhere that no editor has saved since: the words, and the step that has them."""
    _restored: bool = False
    """That was done once, and what waits was not written since."""
    _editors: Editors = field(default_factory=Editors)
    _told: set[str] = field(default_factory=set)

    # -- what the author does -----------------------------------------------------------------------------------

    def take(self, content: bytes) -> None:
        """This is the author's newest text."""
        text = decoded(content, self.rel)
        self.base, self._kept = content, False
        self.entry = Entry(text, before=self.entry)
        self._put([each.piece for each in self.made])
        self.taken()

    def arrive(self, content: bytes) -> None:
        """Somebody went to another step, of which this is the text; what waits belongs to the one that was left."""
        self._leave_made()
        self._reference, self._newest, self.stuck = None, None, False
        self._elsewhere.clear()
        self.take(content)

    def leave(self) -> None:
        """The author took the file away."""
        self.gone, self.stuck, self._reference = True, False, None
        self._leave_made()

    @property
    def is_as_seen(self) -> bool:
        """Whether the file holds what it held when it was last looked at, as far as it can be read."""
        return disk.readable(self.path) in (self.base, None)

    # -- what waits ---------------------------------------------------------------------------------------------

    def add(self, piece: Piece) -> None:
        """One more waits; it takes the place of an earlier word about the same."""
        replaced = ("cell", "partial", "marker") if piece.kind in ("cell", "partial") else (piece.kind,)
        kept = [m.piece for m in self.made if m.piece.chain != piece.chain or m.piece.kind not in replaced]
        self._kept = False
        if len(kept) < len(self.made):
            return self._put([*kept, piece])
        made, fell = compose(self.entry, [piece])
        self.made = [*self.made, *made]
        self.entry = made[-1].entry if made else self.entry
        self.keep_aside(fell)

    def keep(self) -> None:
        """What waits to be written is kept in git meanwhile."""
        if self.made and not self._kept:
            self.ledger.keep(self.rel, self.base or b"", self.made)
            self._kept = True

    def keep_aside(self, pieces: Sequence[Piece], passed: bool = False, busy: bool = False) -> None:
        """Results that have no place in the text any more are steps: of this thread, or of one of their own. While
        another cell is `busy`, or its result waits, files may be its, and stay.
        """
        results = [piece for piece in pieces if piece.kind == "cell"]
        for titles, where in self.ledger.aside(self.rel, results, passed, busy or bool(self.made)):
            self.note("aside", f"{titles}: {where}")
        if pieces and self._kept:
            self._kept = False
            self.ledger.done(self.rel)
            self.keep()

    def _put(self, pieces: list[Piece]) -> None:
        """What waits is this, put into the author's text; what finds no place there is kept where it began."""
        assert self.base is not None
        text = Entry(self.base.decode(), before=self.entry)
        self.made, fell = compose(text, pieces)
        self.entry = self.made[-1].entry if self.made else text
        self.keep_aside(fell, passed=True)

    def _leave_made(self) -> None:
        """What waits belongs to a text that is here no more."""
        pieces, self.made = [made.piece for made in self.made], []
        self.keep_aside(pieces)

    # -- writing ------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write what waits, and make its steps; `News` when the file is to be looked at first."""
        made = self.made
        known = {_name(block) for block in self._reference.envelopes} if self._reference else set()
        written = self.ledger.write(self.path, self.rel, self.base or b"", made)
        self.made, self._restored, self._over = [], False, self.base or b""
        self._settle(written, made[-1].entry)
        fresh = [name for block in self.entry.envelopes if (name := _name(block)) not in known]
        self._newest = fresh[-1] if fresh else self._newest

    def wrote(self, words: str, step: str) -> None:
        """The author wrote these words elsewhere, and a step has them."""
        self._elsewhere.append((words, step))

    def overlooked(self) -> list[tuple[str, str]]:
        """What he wrote elsewhere, and the first save of an editor's since lacks: one who had an older text open."""
        if self.base == self._by_page:
            return []
        written, self._elsewhere = self._elsewhere, []
        text = (self.base or b"").decode("utf-8", "replace")
        return [(words, step) for words, step in written if not all(row in text for row in words.splitlines())]

    def bring_back(self) -> None:
        """A save from a stale buffer lacks what nozzle wrote since; what still answers its cell comes back once."""
        deleted = self._is_deleted()
        if self._reference is None or self._restored or self._newest is None or deleted:
            return
        if self.entry.held or self._newest in {_name(block) for block in self.entry.envelopes}:
            return
        edits = scribe.restore(self.entry, self._reference)
        if not edits:
            return
        written = self.ledger.restore(self.path, self.rel, self.base or b"", self._reference)
        self._settle(written, None)
        self._restored = True
        what = f"what nozzle wrote and this save lacked is back ({len(edits)})"
        self.note("restored", f"{what}; delete it again, and it is made anew")

    def _is_deleted(self) -> bool:
        """Whether the author took away the newest block that this save lacks: his buffer must have had it."""
        assert self.base is not None
        saved = Entry(decoded(self.base, self.rel), before=self.entry) if self.made else self.entry
        there, held = frozenset(map(_place, saved.envelopes)), self._held
        if self.base != self._by_page:
            self._held = there
        if self._reference is None:
            return False
        newest = [_place(block) for block in self._reference.envelopes if _name(block) == self._newest]
        if any(each in held and each not in there for each in newest):
            return True
        return self.base != self._over and scribe.lacks_answers_only(saved, self._reference)

    def edit(self, edit: disk.Edit) -> disk.Written:
        """Change the author's text as he asked for elsewhere, on a page or at a prompt, whatever an editor does now."""
        written = disk.exchange(self.path, disk.read(self.path), edit)
        self._by_page = written.content
        self._hold(written, edit)
        return written

    def _settle(self, written: disk.Written, entry: Entry | None) -> None:
        """What was written is what the file is now, and what a stale buffer will lack."""
        if entry is not None and written.content == entry.text.encode():
            self.base, self.entry, self._kept = written.content, entry, False
        else:
            self.take(written.content)
        self._reference = self.entry
        self._hold(written, None)

    # -- editors that had the file open -------------------------------------------------------------------------

    @property
    def listens(self) -> bool:
        """Whether an editor may still save into a file that was exchanged."""
        return bool(self._editors.held)

    def hear_editors(self, saved: Callable[[bytes], None]) -> None:
        """An editor that had the old file open finished saving into it: that is the author's newest text, `saved`."""

        def failed(error: NozzleError) -> None:
            if self.path.exists() and str(error) not in self._told:
                self._told.add(str(error))
                self.note("fault", str(error))

        self._editors.hear(lambda held, new: self._take_late(held, new, saved), failed)

    def _take_late(self, held: Held, new: bytes, saved: Callable[[bytes], None]) -> None:
        ledger = self.ledger
        if self.gone or (held.edit is None and self._reference is None):
            # Somebody went to another step meanwhile, or took the entry away: the text is not of what is here.
            name = ledger.leave_behind(self.rel, held.head, new)
            where = f"it is on thread {name}" if name else "it holds a secret and is in no step"
            self.note("aside", f"an editor saved the text of the step you left; {where}")
        elif (here := disk.read(self.path)) != (self.base if held.edit is None else held.written):
            ledger.save(self.rel, new)  # an even newer save is there: this one is kept as a step
        elif held.edit is not None:
            self._hold(disk.exchange(self.path, new, held.edit, over=here), held.edit)
        else:
            assert self._reference is not None
            written = ledger.restore(self.path, self.rel, new, self._reference, over=self.base)
            saved(written.content)
            self._settle(written, None)

    def _hold(self, written: disk.Written, edit: disk.Edit | None) -> None:
        self._editors.hold(written, self.ledger.head(self.rel), edit)


def _name(block: Envelope) -> tuple[str, str]:
    return f"{block.kind} {block.of}", block.keys.get("sha") or block.keys.get("id", "")


def _place(block: Envelope) -> tuple[str, str]:
    """What it is and of what, whatever it says."""
    return f"{block.kind} {block.of}", block.keys.get("id", "")
