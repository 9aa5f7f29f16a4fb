"""Signs that a task is off its way, read off what it did: it repeats itself, fails in the same words, writes elsewhere.

Facts and counts, no model's opinion. Each is told once; only a cell that is proposed a third time ends the task.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from nozzle.explainer.links import code

AGAIN, ENOUGH = 2, 3
"""Times that the same cell is proposed until it is told, and until the task is stopped."""
SAME = 3
"""Attempts in a row that fail in the same words until that is told."""


@dataclass(slots=True)
class Signs:
    """What one task has done so far."""

    proposed: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    told: set[str] = field(default_factory=set)

    def proposes(self, source: str) -> str:
        """The doer wants to run this; what is to be told of it, if anything."""
        key = " ".join(source.split())
        self.proposed[key] += 1
        if self.proposed[key] != AGAIN:
            return ""
        first = next((row for row in source.split("\n") if row.strip() and not row.startswith("#|")), "")
        return f"it repeats itself: {code(first[:80])} is proposed again, and nothing was changed in it"

    def repeats(self, source: str) -> bool:
        """Whether this was proposed so often that nothing else is to be expected."""
        return self.proposed[" ".join(source.split())] >= ENOUGH

    def fails(self, words: str) -> str:
        """An attempt failed in these words; what is to be told of it, if anything."""
        self.failed = Counter({words: self.failed[words] + 1})
        return (
            f"no progress: {SAME} attempts in a row ended with {code(words[:200])}"
            if self.failed[words] == SAME
            else ""
        )

    def writes(self, paths: Iterable[str], asked: str) -> str:
        """A cell ran well and wrote these files, by their paths from the root; what is to be told of that."""
        self.failed.clear()
        named = set(re.findall(r"[\w.-]+", asked))
        strange = [path for path in paths if not _is_its_own(path, named) and path not in self.told]
        self.told |= set(strange)
        if not strange:
            return ""
        more = f" and {len(strange) - 3} more" if len(strange) > 3 else ""
        return f"it wrote elsewhere: {', '.join(map(code, strange[:3]))}{more}, which the task does not name"


def _is_its_own(path: str, named: set[str]) -> bool:
    """Whether a file lies among the outputs, or it or a folder of it is named in the task."""
    parts = path.split("/")
    return "_out" in parts or any(part in named or part.rpartition(".")[0] in named for part in parts)
