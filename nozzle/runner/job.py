"""What a kernel is asked to do, and what that may cost."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # what goes to other machines stands alone
    from nozzle.document.options import Reach

Replay = Literal["again", "skip"]


@dataclass(frozen=True, slots=True)
class Job:
    """One cell to run, with what its options say about running it."""

    cell: str
    """Chain digest; every event of the cell carries it."""
    source: str
    language: str = "python"
    """`python`, `bash`, or what a Jupyter kernel or its language is called."""
    timeout: float | None = None
    """Seconds."""
    raises: bool = False
    """An exception is expected: a replay goes on past it."""
    once: bool = False
    """It must never be replayed, unless somebody says so."""
    replay: Replay | None = None
    """What the author said of a replay that stood before it: run it again, or go on without it."""
    cache: bool = False
    """What it makes may be kept, and come back without running."""
    renew: bool = False
    """It is to run, whatever is kept of it."""
    cells: Path | None = None
    """Where that is kept; the session says so."""
    label: str = ""
    confined: bool = False
    """An agent wrote it: it, and all below it, run in bounds."""
    reach: "Reach" = ""
    """How far out of its bounds it was let; then it runs in a kernel of its own, and is no part of any state."""
    acts: bool = False
    """It may act outside by tools that the host serves."""
    looks: bool = False
    """It runs because it only looks: where it acts after all, that is an error."""
    unasked: bool = False
    """A rule let it run, and nobody's word: where something of it goes on when it is over, that is an error."""

    @property
    def name(self) -> str:
        """What a person calls it; stands in tracebacks as the name of its file."""
        return f"cell {self.label or self.cell[:8]}"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one cell may cost before nozzle steps in."""

    output_bytes: int = 2_000_000
    """Printed bytes that are kept; of what comes after them, only the size is told."""
    hard_bytes: int = 50_000_000
    """Bytes of all kinds of output after which the cell is interrupted."""
    grace: float = 2.0
    """Seconds between SIGINT and SIGKILL."""
