"""What the ledger knows of one entry: the step its text is of, and what is still to become of it.

It refuses to look at a file or at git: the ledger opens it, keeps it, and moves it along when the entry is renamed.
"""

from dataclasses import dataclass, field, replace

from nozzle.intent import Intent, Left
from nozzle.steps import Record


@dataclass(slots=True)
class Book:
    head: str | None = None
    """HEAD, as far as the entry knows; None: it was not looked at yet."""
    recorded: bytes | None = None
    """Its text at that HEAD."""
    owed: list[Record] = field(default_factory=list)
    """Steps that could not be made: somebody held the index, a merge was under way, the disk was full."""
    owed_at: str | None = None
    """HEAD when the first of them could not."""
    owed_in: str = ""
    """The merge, or its like, that was under way then."""
    intent: Intent | None = None
    """What is meant to be written, as git keeps it."""
    left: Left = field(default_factory=Left)
    """What came with a step that may not be made."""

    def rename(self, old: str, new: str) -> None:
        """The entry has another name, and so has what is still to become of it."""
        self.owed = [_renamed(each, old, new) for each in self.owed]
        if self.intent:
            steps = tuple(_renamed(each, old, new) for each in self.intent.steps)
            self.intent = replace(self.intent, rel=new, steps=steps)


def _renamed(record: Record, old: str, new: str) -> Record:
    files = {new if path == old else path: data for path, data in record.files.items()}
    return replace(record, entry=new if record.entry == old else record.entry, files=files)
