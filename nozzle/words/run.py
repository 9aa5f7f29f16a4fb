"""nozzle run: what is due runs, once."""

from __future__ import annotations

import time
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nozzle.errors import Elsewhere, NozzleError

if TYPE_CHECKING:
    from nozzle.words.journal import Journal

MOST = 10_000
"""Entries that may wait for a cluster at once."""
PATIENCE = 10.0
"""Seconds that a run waits for its turn."""


@click.command(name="run")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--again", is_flag=True, help="Run every cell, from the top, in a fresh kernel.")
@click.option("--on", default="", metavar="ADDRESS", help="Run the cells on a cluster: dask://scheduler:port.")
@click.option("--trust-this-checkout", is_flag=True, help="Run what came by git from somebody else, too.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing; the exit status tells.")
def command(paths: tuple[Path, ...], again: bool, on: str, trust_this_checkout: bool, quiet: bool) -> int:
    """Run what is due in PATHS (all entries by default), write what happened under the cells, make the steps.

    Due is a cell that is new, was edited, stands below an edit, or read a file that changed; and one that was
    stopped. One whose files change with every run follows that once, and is told to be due again. A cell that
    failed is not due until it or something above it is edited, or --again is said.
    With --on, each entry with something due is one task for a Dask worker: which, and when, is Dask's to say.
    Exits with 1 when a failure stands in an entry, also when nothing ran.
    """
    from nozzle.words.journal import begun, journal
    from nozzle.words.voice import Voice

    on = reachable(on)
    start = paths[0] if paths else None
    if start is None and not begun(Path.cwd()):
        Voice(quiet=quiet).say("no entries here yet; 'nozzle new TITLE' starts one")
        return 0
    with journal(start, trust_this_checkout, make=True) as here:
        entries = here.entries(paths)
        voice = Voice(quiet=quiet)
        if not entries:
            where = f"in {', '.join(map(str, paths))}" if paths else "here yet"
            voice.say(f"no entries {where}; 'nozzle new TITLE' starts one")
            return 0
        return run_in_turn(here, entries, again, voice, whole=not paths, on=on)


def reachable(on: str) -> str:
    """An address at which cells can run now; the empty one always."""
    if not on:
        return ""
    from nozzle.runner import reached

    return reached(on)


def run_in_turn(
    here: Journal, entries: list[Path], again: bool, voice: Voice, whole: bool = False, on: str = ""
) -> int:
    """Let the watch or the run that is at work here do it; in this process when there is none; the exit status.

    `whole`: the entries are all that there are, so one that is no longer among them was taken away. What is to run
    `on` a cluster runs from this process only.
    """
    from nozzle import rest
    from nozzle.control import Ended

    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            status = None if on else _by_watch(here, entries, again, voice)
            status = run_entries(here, entries, again, voice, whole, on) if status is None else status
            if status == 0 and voice.silent:
                voice.say(rest.NOTHING)
            return status
        except Ended:  # it was at its end: it is our turn, or another's who came first
            deadline = time.monotonic() + PATIENCE
        except Elsewhere:  # it was just beginning, and can be asked in a moment
            if time.monotonic() > deadline:
                raise


def run_entries(
    here: Journal, entries: list[Path], again: bool, voice: Voice, whole: bool = False, on: str = ""
) -> int:
    """Run entries in this process; the exit status."""
    from nozzle.document.events import Started
    from nozzle.words.asked import Unanswered
    from nozzle.words.hush import Hush
    from nozzle.words.rest import note
    from nozzle.words.voice import Ears, drawing

    faults: set[str] = set()

    ran: set[str] = set()

    def hear(notice: Notice) -> None:
        if notice.kind == "fault":
            faults.add(notice.entry)
        if isinstance(notice.event, Started):
            ran.add(notice.event.cell)

    ears = Ears(Hush(here.redact), voice, hear)
    with looping(here, ears, on=on) as loop:
        ears.add(Unanswered(loop, voice))
        ready(loop, here, voice)
        if whole:
            taken_away(loop, voice)
        loop.advance(entries, again)
        with drawing(voice):
            loop.run(until_idle=True)
            _follow(loop, entries, faults, ran)
        status = tell(loop, entries, voice, faults)
        if status == 0:
            note(here, loop)
        return status


def _follow(loop: Loop, entries: list[Path], faults: Container[str], ran: Container[str]) -> None:
    """Run what is due since cells of other entries wrote what it reads; each cell once more, and none that reached
    outside a moment ago."""
    past, again = loop.tools.ledger.past, set[str]()
    while True:
        turn = []
        for desk in (loop.desks[path] for path in entries if path in loop.desks):
            due = [row for row in desk.plan() if row.do == "due"]
            done = {row.cell.chain for row in due if row.cell.chain in ran and past.outside(desk.rel, row.cell)}
            twice = done or any(row.cell.chain in again for row in due)
            if any(row.why == "input changed" for row in due) and desk.rel not in faults and not twice:
                again |= {row.cell.chain for row in due}
                turn.append(desk.path)
        if not turn:
            return
        loop.advance(turn)
        loop.run(until_idle=True)


def ready(loop: Loop, here: Journal, voice: Voice) -> None:
    """Repair what a killed process left; with the first step that is made, this machine's key is published."""
    from nozzle.recovery import recover

    for line in recover(loop.tools.ledger):
        voice.say(f"- {line}", "cyan")
    loop.tools.ledger.first = here.publish_key


def taken_away(loop: Loop, voice: Voice) -> None:
    """Make steps of what the author did to whole entries while nobody watched, and say so."""
    for line in loop.tools.ledger.removed():
        voice.say(f"- {line}", dim=True)


@contextmanager
def looping(here: Journal, ears: Ears, what: str = "run", on: str = "") -> Iterator[Loop]:
    """A loop that holds the journal and answers other words; Ctrl-C stops what runs and leaves a true record.

    `what` it is, to others: a run, or a watch. Cells run `on` a cluster, where one is named, as many as Dask lets.
    """
    import queue
    from dataclasses import replace

    from nozzle import rest
    from nozzle.loop import Loop, Message, Quit
    from nozzle.together import Together
    from nozzle.words.requests import serving
    from nozzle.words.signals import on_signals

    messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
    tools = here.tools(ears, messages.put)
    if what == "run":
        tools = replace(tools, snapshots=None)  # nobody goes back before it ends
    if on:
        tools = replace(tools, on=on, together=Together(MOST))
    loop = Loop(tools, messages)

    rest.forget(here.steps.private)
    try:
        with on_signals(lambda who: messages.put(Quit(who))), serving(loop, here, ears, what):
            yield loop
    finally:
        loop.close()


def tell(loop: Loop, entries: list[Path], voice: Voice, faults: Container[str] = ()) -> int:
    """Say what stands in the way, and whether a failure stands; `faults`: entries of which a fault was told already."""
    from nozzle.document.plan import failed, gathered, name

    def say(text: str, color: str = "", dim: bool = False) -> None:
        voice.say(loop.tools.hand.redact(text), color, dim)

    status = 0
    for path in entries:
        desk = loop.desks.get(path)
        if desk is None:
            status = max(status, 1)
            continue
        rows = desk.plan()
        status = max(status, int(desk.rel in faults))
        if due := [row for row in rows if row.do == "due"]:
            status = max(status, _lack(loop, desk))
            if desk.rel not in faults:
                how = "is due again: what it read has changed" if due[0].why == "input changed" else "has not run"
                say(f"✗ {desk.rel}:{due[0].cell.span.start + 1}: {name(due[0].cell)} {how}", "red")
        for slot in failed(desk.entry):
            status_words = slot.output.status if slot.output else ""
            say(f"✗ {desk.rel}:{slot.cell.span.start + 1}: {slot.cell.title}  {status_words}", "red")
            status = max(status, 1)
        held = [row for row in rows if row.do == "held"]
        below = [row for row in held if row.reason.startswith("below ")]
        for row, reason in gathered(held if len(below) < 2 else [row for row in held if row not in below]):
            say(f"- {desk.rel}:{row.cell.span.start + 1}: {name(row.cell)}: {reason}", "yellow")
        if len(below) > 1:
            say(f"- {desk.rel}: {len(below)} cells wait {below[0].reason}", "yellow")
        status = max(status, int(bool(held)))
        for line in desk.entry.nested:
            say(f"- {desk.rel}:{line + 1}: a cell inside a list, quote or box is shown and does not run", dim=True)
        if desk.entry.held and not held:
            say(f"- {desk.rel}: {desk.entry.held}", "yellow")
            status = max(status, 1)
    return status


def _lack(loop: Loop, desk: Desk) -> int:
    """The exit status of a cell that could not even begin: what it needs may be missing here."""
    try:
        loop.tools.interpreter(desk.entry)
    except NozzleError as error:
        return error.status
    return 1


def _by_watch(here: Journal, entries: list[Path], again: bool, voice: Voice) -> int | None:
    """Let the watch that runs here do it; None when none does."""
    from nozzle import control

    lines = control.ask(here.steps.private, "run", paths=[str(path) for path in entries], again=again)
    if lines is None:
        return None
    status, said = 0, False
    try:
        for line in lines:
            if "say" in line:
                said = True
                voice.say(line["say"], line.get("color", ""), line.get("dim", False))
            status = line.get("status", status)
    except control.Ended as error:
        if said and again:  # asked twice, what has run would run twice
            raise NozzleError(str(error)) from error
        raise
    return status


if TYPE_CHECKING:
    from nozzle.beside import Notice
    from nozzle.desk import Desk
    from nozzle.loop import Loop
    from nozzle.words.voice import Ears, Voice
