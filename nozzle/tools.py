"""What all desks of a journal share: its root, its settings, its ledger, how cells are run, who is told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nozzle.beside import Beside, Nobody, Notice
from nozzle.document.entry import Cell, Entry
from nozzle.document.scribe import Hand
from nozzle.ledger import Ledger
from nozzle.runner import ANYWHERE, Interpreter, Kernelspecs, Serve, Shelf, Snapshots, nobody
from nozzle.settings import Settings
from nozzle.together import Together


@dataclass(frozen=True, slots=True)
class Tools:
    root: Path
    settings: Settings
    ledger: Ledger
    hand: Hand
    distrust: Callable[[Entry, str], Callable[[Cell], str]]
    """(entry, its path from the root) -> for a cell, why it is not trusted; empty when it is."""
    interpreter: Callable[[Entry], Interpreter]
    say: Callable[[Notice], None]
    put: Callable[[Any], None]
    """A desk's message onto the loop's queue, from any thread."""
    cells: Path | None = None
    """Where lies what cells with `cache: true` made."""
    specs: Kernelspecs = ANYWHERE
    """Jupyter's kernels, for cells that are neither Python nor bash."""
    hidden: tuple[Path, ...] = ()
    secrets: tuple[str, ...] = ()
    """Names of environment variables that no cell may see."""
    learn: Callable[[str], None] = lambda text: None
    """Told each password that somebody typed: it is taken out of all that is written from now on."""
    snapshots: Snapshots | None = None
    """States of kernels that were kept; without it none is."""
    shelf: Shelf | None = None
    """Those that outlive every process."""
    seen_at: Path | None = None
    """Where the cells see the root: at the place of the first worktree, for a thread beside it."""
    together: Together = field(default_factory=Together)
    """What the threads under one watch share."""
    company: Callable[[Any], Beside] = Nobody
    """Who sits beside a desk."""
    serve: Serve = nobody
    """What the host does for cells: search, recall."""
    on: str = ""
    """Address of the machine on which cells in Python and bash run; empty: this one."""
