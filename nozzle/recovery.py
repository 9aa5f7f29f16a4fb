"""What a killed process left is finished, or told: what it meant to write, and what the author saved beside it.

It is done once, before anything else is. It refuses to guess: a text that no step knows becomes one, whoever wrote it.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from nozzle import disk
from nozzle.document.entry import Entry
from nozzle.errors import NozzleError
from nozzle.intent import Intent, Left, beside, unpacked, unpacked_left
from nozzle.ledger import Ledger, restored, stem
from nozzle.orphans import put_files
from nozzle.steps import Record

BACK = 200
"""How many steps back a text that lies beside an entry is looked for."""


def recover(ledger: Ledger) -> list[str]:
    """Finish what an earlier process was killed in; what was done, in plain words."""
    return _Recovery(ledger).done()


@dataclass(frozen=True, slots=True)
class _Recovery:
    ledger: Ledger

    def done(self) -> list[str]:
        ledger, told = self.ledger, []
        flat = ledger.steps.intent() or {}
        intents = unpacked(flat)
        for rel, left in unpacked_left(flat).items():
            ledger.book(rel).left = left
        for intent in intents:
            ledger.book(intent.rel).intent = intent
        for intent in intents:
            told += self._finished(intent)
        ledger.keep_intents()
        for path in ledger.settings.entries_in(ledger.root):
            told += self._taken_in(path)
        return told

    def _finished(self, intent: Intent) -> list[str]:
        """A fault in one entry does not stop the others: where it cannot be written, it is kept where it was."""
        try:
            return self._finish(intent)
        except (NozzleError, OSError) as error:
            told = [f"{intent.rel}: {error}"]
        try:
            told.append(self._finish_aside(intent))
        except (NozzleError, OSError) as error:
            book, steps = self.ledger.book(intent.rel), self._steps(intent, intent.base, intent.new)
            book.owed, book.recorded = steps, steps[-1].files[intent.rel]
            told.append(f"{intent.rel}: outputs that were made wait in git until that is mended: {error}")
        return told

    def _finish(self, intent: Intent) -> list[str]:
        """What was meant for one entry, put upon the newest text of the author."""
        ledger, told = self.ledger, []
        path, reference = ledger.root / intent.rel, Entry(intent.new.decode("utf-8", "replace"))
        head = ledger.steps.thread().head
        author = disk.read(path) if path.is_file() else None
        for left in _exchanged(intent, path) if author == intent.new else []:
            if left.content not in (intent.base, intent.new):
                author = left.content  # the swap was done, and what came out was newer than nozzle knew
                told.append(f"{intent.rel}: your last save was found beside it and is back")
        if author is None or (head != intent.head and author == ledger.at_head(intent.rel) != intent.new):
            return [*told, self._finish_aside(intent)]
        ledger.book(intent.rel).head = head
        ledger.past.carried.forget()
        meant = intent.new if author in (intent.base, intent.new) else restored(author, reference) or author
        current = disk.read(path)
        put_files(path.parent, intent.files)
        if meant != current:
            disk.exchange(path, current, lambda text: meant if text == current else restored(text, reference))
            told.append(f"{intent.rel}: outputs that were made and not yet written are in it now")
        *before, last = self._steps(intent, author, meant)
        last = replace(last, files={**ledger.swept_away(intent.rel), **last.files})
        made = ledger.record(intent.rel, [*before, last])
        if made:
            ledger.book(intent.rel).intent = None
        for left in _exchanged(intent, path):
            if left.content in (intent.base, intent.new) or (made and left.content == author):
                disk.discard(left.temp)
        return told

    def _finish_aside(self, intent: Intent) -> str:
        """The text is elsewhere now: what was meant for it is kept where it was."""
        records, _ = self.ledger.sieve.fit(self._steps(intent, intent.base, intent.new), Left())
        where = f"on thread {self.ledger.steps.record_aside(records, intent.head).name}" if records else "in no step"
        self.ledger.book(intent.rel).intent = None
        return f"{intent.rel}: outputs that were made and not yet written are {where}"

    def _steps(self, intent: Intent, author: bytes, meant: bytes) -> list[Record]:
        """The steps that were to be made; then what the author saved since, and what had to be put into that."""
        newer = author not in (intent.base, intent.new)
        saves = self.ledger.saved(intent.rel, author if newer else intent.base)
        steps = [*intent.steps, *(saves if newer or not intent.steps else [])]
        if not steps or steps[-1].files[intent.rel] != meant:
            steps.append(self._repaired(intent, meant))
        steps[-1] = replace(steps[-1], trailers={"Inputs": intent.inputs, **steps[-1].trailers})
        return steps

    def _repaired(self, intent: Intent, text: bytes) -> Record:
        folder = Path(intent.rel).parent
        files = {(folder / name).as_posix(): data for name, data in intent.files.items()}
        return Record("repair", intent.rel, f"{stem(intent.rel)}: repaired", {intent.rel: text, **files})

    def _taken_in(self, path: Path) -> list[str]:
        try:
            return self._take_in(path)
        except (NozzleError, OSError) as error:
            return [f"{path.relative_to(self.ledger.root).as_posix()}: {error}; what lies beside it waits"]

    def _take_in(self, path: Path) -> list[str]:
        """A text of the author's that came out of the file and that no step knows becomes a step."""
        rel, told = path.relative_to(self.ledger.root).as_posix(), []
        for left in beside(path):
            if left.whole and left.content != disk.read(path) and not self._known(rel, left.content):
                texts = (left.content, disk.read(path))
                if not self.ledger.record(rel, [each for text in texts for each in self.ledger.saved(rel, text)]):
                    told.append(f"{rel}: a save of yours was found beside it, as {left.temp.name}; it is no step yet")
                    continue
                told.append(f"{rel}: a save of yours was found beside it; it is a step now")
            disk.discard(left.temp)
        return told

    def _known(self, rel: str, text: bytes) -> bool:
        recent = self.ledger.steps.history(rel, limit=BACK)
        return any(self.ledger.steps.text(step, rel) == text for step in recent)


def _exchanged(intent: Intent, path: Path) -> list[disk.Leftover]:
    """What came out of the file when the intent was put in; others beside it may be older, and are looked at later."""
    return [left for left in beside(path) if left.temp.name == intent.temp]
