"""What git may not keep: a secret, in a text of the author's, in a file that a cell wrote, in a name.

It is said once, and what holds it is left out; what comes with it is in the next step. Every step, and what is meant
to be written, goes through here. It refuses to change a text.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote

from nozzle.errors import NozzleError
from nozzle.intent import Left
from nozzle.steps import Record, Steps, Taken

TEXTS = (".md", ".markdown")
"""How the names of entries end."""


@dataclass(slots=True)
class Sieve:
    root: Path
    steps: Steps
    warn: Callable[[str], None]
    _warned: set[str] = field(default_factory=set)

    def fit(self, records: Iterable[Record], left: Left) -> tuple[list[Record], Left]:
        """Those that may be kept, without what in them may not be; and what is left of those that may not."""
        kept: list[Record] = []
        files, adopt, taken = dict(left.files), self._shown(left.adopt, left.taken), dict(left.taken)
        for each in map(self._cleaned, records):
            files |= {path: data for path, data in each.files.items() if path != each.entry}
            adopt = (*adopt, *each.adopt)
            taken = {path: had for path, had in taken.items() if path not in each.adopt} | dict(each.taken)
            if not self.unfit(each):
                kept.append(replace(each, files={**files, **each.files}, adopt=adopt, taken=taken))
                files, adopt, taken = {}, (), {}
        return kept, Left(files, adopt, taken)

    def unfit(self, record: Record) -> bool:
        """Whether the text of a record must not be kept."""
        return self.refused(record.entry, record.files.get(record.entry))

    def files(self, files: Mapping[str, bytes], folder: Path) -> dict[str, bytes]:
        """Those of the files beside an entry that may be kept; the folder is the entry's."""
        return {name: data for name, data in files.items() if not self.refused((folder / name).as_posix(), data)}

    def words(self, value: str) -> str:
        """What a step says of itself, without the words that hold a secret: names of files, of variables."""
        if not self._tells(value):
            return value
        self.once("a name that a cell used looks like a secret: its step does not say it")
        lines = (" ".join(word for word in line.split(" ") if not self._tells(word)) for line in value.split("\n"))
        rest = "\n".join(lines)
        return "" if self._tells(rest) else rest

    def _cleaned(self, record: Record) -> Record:
        others = ((path, data) for path, data in record.files.items() if path != record.entry)
        files = {path: data for path, data in others if not self.refused(path, data)}
        if record.entry in record.files:
            files[record.entry] = record.files[record.entry]
        trailers = {key: self.words(value) for key, value in record.trailers.items()}
        adopt = self._shown(record.adopt, record.taken)
        return replace(record, title=self.words(record.title), files=files, adopt=adopt, trailers=trailers)

    def _shown(self, paths: Iterable[str], taken: Collection[str]) -> tuple[str, ...]:
        """Those that may be kept; of what was taken before, that was asked then."""
        return tuple(path for path in paths if path in taken or not self.withheld(path))

    def taken(self, paths: Iterable[str]) -> dict[str, Taken]:
        """Files as they are now, for a step that comes later, without those that no step may hold."""
        try:
            return self.steps.take(self._shown(paths, ()))
        except NozzleError:  # the step says it, which takes them as they are then
            return {}

    def _tells(self, value: str) -> bool:
        """Whether a word holds a secret, as it stands or as it is quoted."""
        return any(self.steps.unfit("", each.encode("utf-8", "replace")) for each in {value, unquote(value)})

    def refused(self, rel: str, content: bytes | None) -> bool:
        """Whether a text holds what must not be kept, or is out of git by the author's own word; what cells printed was
        redacted before.
        """
        if content is not None and rel.lower().endswith(TEXTS) and self.steps.ignores(rel):
            self.once(f"{rel}: .gitignore names it; its cells run, and it is in no step and on no published page")
            return True
        if content is None or not (why := self.steps.unfit(rel, content)):
            return False
        self.once(f"{rel}: {why}; it is left out of every step until that is gone")
        return True

    def once(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            self.warn(text)

    def withheld(self, path: str) -> bool:
        """Whether a file that a cell wrote holds what must not be kept."""
        if why := self.steps.unfit(path, self.steps.held(path)):
            self.once(f"{path}: {why}; a cell wrote it, and the file is left out of every step")
        return bool(why)
