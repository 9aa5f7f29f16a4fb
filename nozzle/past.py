"""What is known of earlier runs: how long a cell took, what it read and wrote, where it reached.

It comes from the steps' trailers, so any process that can read the repository knows it. It refuses to keep anything
that the steps do not say; digests of files are remembered only as long as these look the same.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from nozzle.document.entry import SHOWN, Cell
from nozzle.document.events import Finished
from nozzle.document.facts import Facts, from_trailers, to_trailers
from nozzle.settings import Settings
from nozzle.steps import Steps

DEEP = 2000
"""How many steps back the last run of a cell is looked for."""


@dataclass(slots=True)
class Known:
    """Of one entry."""

    facts: dict[str, Facts] = field(default_factory=dict)
    """By a cell's chain, and by its own digest."""
    written: set[str] = field(default_factory=set)
    """Files that its cells wrote, from the root."""


@dataclass(slots=True)
class Past:
    root: Path
    steps: Steps
    settings: Settings
    _known: dict[str, Known] = field(default_factory=dict)
    _digests: dict[str, tuple[tuple[int, int], str]] = field(default_factory=dict)

    def last(self, rel: str, cell: Cell) -> Facts | None:
        """What is known of this cell's last run: of this very state, else of the same code."""
        facts = self._of(rel).facts
        return facts.get(cell.chain) or facts.get(cell.digest)

    def changed(self, rel: str, cell: Cell) -> bool:
        """Whether a file that the cell read is not what it was; those that the entry itself writes do not count."""
        known = self._of(rel)
        facts = known.facts.get(cell.chain)
        if facts is None or not facts.reads:
            return False
        return any(path not in known.written and self._digest(path) != seen for path, seen in facts.reads.items())

    def reads(self, rel: str) -> set[str]:
        """Files that cells of the entry read, from the root."""
        return {path for facts in self._of(rel).facts.values() for path in facts.reads}

    def facts(self, finished: Finished) -> Facts:
        """What a run leaves in its step."""
        own = {self._inside(path) for path in finished.writes}
        inside = sorted({rel for path in finished.reads if (rel := self._inside(path)) and rel not in own})
        reads = {path: self._digest(path) for path in inside if not self.settings.is_entry(path)}
        return Facts(
            finished.status, finished.seconds, finished.memory,
            {path: seen for path, seen in reads.items() if seen}, finished.effects, finished.packages, finished.names,
        )  # fmt: skip

    def written(self, finished: Finished, since: int) -> tuple[str, ...]:
        """Files under the root that a run wrote: seen by its hooks, or changed while its programs ran."""
        seen = {path for each in finished.writes if (path := self._inside(each))}
        if finished.spawned:
            seen |= self._touched(since)
        return tuple(sorted(path for path in seen if not self.settings.is_entry(path)))

    def remember(self, rel: str, cell: Cell, facts: Facts, written: Iterable[str]) -> None:
        """A run has ended."""
        known = self._of(rel)
        known.facts[cell.chain] = known.facts[cell.digest] = facts
        known.written |= set(written)

    def forget(self, rel: str) -> None:
        """HEAD is elsewhere: other steps lie behind it."""
        self._known.pop(rel, None)

    def trailers(self, cell: Cell, facts: Facts, written: Iterable[str]) -> dict[str, str]:
        """What the step of a run says, for `last` to read."""
        words = " ".join(quote(path, safe="/") for path in written)
        return to_trailers(cell, facts) | ({"Writes": words} if words else {})

    def _of(self, rel: str) -> Known:
        if rel not in self._known:
            self._known[rel] = found = Known()
            for step in self.steps.history(rel, limit=DEEP):
                if step.kind == "cell":
                    facts = from_trailers(step.trailers)
                    found.facts.setdefault(step.trailers.get("Cell", ""), facts)
                    found.facts.setdefault(step.trailers.get("Source", ""), facts)
                    found.written |= {unquote(word) for word in step.trailers.get("Writes", "").split()}
        return self._known[rel]

    def _digest(self, path: str) -> str:
        """Of a file's content; remembered as long as its time and size stay."""
        try:
            stat = (self.root / path).stat()
            key = (stat.st_mtime_ns, stat.st_size)
            if self._digests.get(path, ((0, 0), ""))[0] != key:
                content = (self.root / path).read_bytes()
                self._digests[path] = (key, hashlib.sha256(content).hexdigest()[:SHOWN])
            return self._digests[path][1]
        except OSError:
            return ""

    def _touched(self, since: int) -> set[str]:
        """Files that differ from HEAD and were written after a time, in ns."""
        now = self.steps.snapshot()
        return {path for path, (mtime, _) in {**now.tracked, **now.untracked}.items() if mtime >= since or mtime == 0}

    def _inside(self, path: str) -> str:
        """Path from the root; empty for what is outside or nozzle's and git's own."""
        try:
            rel = Path(path).resolve().relative_to(self.root.resolve()).as_posix()
        except (ValueError, OSError):
            return ""
        return "" if rel.split("/")[0] in (".git", ".nozzle") else rel
