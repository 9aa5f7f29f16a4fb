"""What no step may keep: a secret, in a text of the author's, in a file that a cell wrote, in a name.

It is said once, and what holds it is left out; what comes with it is in the next step. It refuses to change a text.
"""

import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from nozzle.steps import Record, Steps

SEARCHED = 1_000_000
"""Bytes of a file that a cell wrote that are looked through for secrets; of text all that a step may keep."""


@dataclass(slots=True)
class Sieve:
    root: Path
    steps: Steps
    most: int
    """Bytes of a file that a step may keep."""
    warn: Callable[[str], None]
    _warned: set[str] = field(default_factory=set)

    def fit(self, records: Iterable[Record]) -> list[Record]:
        """Those that may be kept; what one brings along that may not be is in the next."""
        kept: list[Record] = []
        files, adopt = dict[str, bytes | None](), tuple[str, ...]()
        for each in records:
            adopt = (*adopt, *(path for path in each.adopt if not self.withheld(path)))
            if self.unfit(each):
                files |= {path: data for path, data in each.files.items() if not self.refused(path, data)}
                continue
            kept.append(replace(each, files={**files, **each.files}, adopt=adopt))
            files, adopt = {}, ()
        return kept

    def unfit(self, record: Record) -> bool:
        """Whether a file of a record must not be kept."""
        return any(self.refused(path, data) for path, data in record.files.items())

    def refused(self, rel: str, content: bytes | None) -> bool:
        """Whether a text holds what must not be kept; what cells printed was redacted before."""
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
        content = b""
        try:
            if stat.S_ISREG(os.lstat(self.root / path).st_mode):
                with open(os.open(self.root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
                    content = file.read(SEARCHED)
                    if b"\0" not in content:
                        content += file.read(max(0, self.most - len(content)))
        except OSError:
            pass
        if why := self.steps.unfit(path, content):
            self.once(f"{path}: {why}; a cell wrote it, and the file is left out of every step")
        return bool(why)
