"""Noting that nothing is due: what the answer was made from, as it looked before it was found once more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nozzle import rest

if TYPE_CHECKING:
    from nozzle.desk import Desk
    from nozzle.loop import Loop
    from nozzle.words.journal import Journal


def note(here: Journal, loop: Loop) -> None:
    """Note it, when all entries of the journal were asked and nothing stands in any of them that a run would tell."""
    looks = {str(path): rest.look(str(path)) for path in _asked(here, loop)}
    entries = here.entries()
    if set(entries) == set(loop.desks) and not loop.tools.ledger.owes() and all(map(_rests, loop.desks.values())):
        rest.noted(here.steps.private, [str(path) for path in entries], looks)


def _asked(here: Journal, loop: Loop) -> set[Path]:
    """The files and folders that say what is due."""
    branch = f"refs/heads/{here.steps.thread().name}"
    git = [folder / name for folder in here.steps.git_folders for name in ("HEAD", "logs/HEAD", "packed-refs", branch)]
    settings = [here.root / "nozzle.toml", here.root / "pyproject.toml", here.config / "settings.toml"]
    past = loop.tools.ledger.past
    reads = [here.root / rel for desk in loop.desks.values() for rel in past.reads(desk.rel)]
    shown = {desk.path.parent / "_out" for desk in loop.desks.values()}
    return {*git, *settings, *reads, *loop.desks, *shown, *here.settings.folders_in(here.root)}


def _rests(desk: Desk) -> bool:
    from nozzle import disk
    from nozzle.document.doubts import doubts
    from nozzle.document.plan import failed

    entry = desk.entry
    if desk.busy() or desk.sheet.stuck or entry.held or entry.nested or failed(entry) or any(doubts(entry)):
        return False
    return desk.sheet.base == disk.read(desk.path) and all(row.do in ("done", "skipped") for row in desk.plan())
