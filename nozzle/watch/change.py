"""What a watch can say."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Saved:
    """These files were written whole, moved, or removed. A folder stands for all that was in it when it left."""

    paths: frozenset[Path]


@dataclass(frozen=True, slots=True)
class HeadMoved:
    """HEAD or a branch points elsewhere, or did for a moment."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """A new folder cannot be watched; `why` is one line for the author."""

    folder: Path
    why: str


Change = Saved | HeadMoved | Unseen
