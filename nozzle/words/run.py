"""nozzle run: what is due runs, once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nozzle.words.journal import Journal


@click.command(name="run")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--again", is_flag=True, help="Run every cell, from the top, in a fresh kernel.")
@click.option("--trust-this-checkout", is_flag=True, help="Run what came by git from somebody else, too.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing; the exit status tells.")
def command(paths: tuple[Path, ...], again: bool, trust_this_checkout: bool, quiet: bool) -> int:
    """Run what is due in PATHS (all entries by default), write what happened under the cells, make the steps.

    Due is a cell that is new, was edited, stands below an edit, or read a file that changed; and one that was
    stopped. A cell that failed is not due until it or something above it is edited, or --again is said.
    Exits with 1 when a failure stands in an entry, also when nothing ran.
    """
    from nozzle.words.journal import journal
    from nozzle.words.voice import Voice

    start = paths[0] if paths else None
    with journal(start, trust_this_checkout, make=True) as here:
        entries = here.entries(paths)
        voice = Voice(quiet=quiet)
        if not entries:
            voice.say("no entries here yet; 'nozzle new TITLE' starts one")
            return 0
        if (status := _by_watch(here, entries, again, voice)) is not None:
            return status
        return run_entries(here, entries, again, voice)


def run_entries(here: Journal, entries: list[Path], again: bool, voice: Voice) -> int:
    """Run entries in this process; the exit status."""
    from nozzle.words.hush import Hush
    from nozzle.words.rest import note
    from nozzle.words.voice import Ears, drawing

    with looping(here, Ears(Hush(here.redact), voice)) as loop:
        ready(loop, here, voice)
        loop.advance(entries, again)
        with drawing(voice):
            loop.run(until_idle=True)
        status = tell(loop, entries, voice)
        if status == 0:
            note(here, loop)
        return status


def ready(loop: Loop, here: Journal, voice: Voice) -> None:
    """Repair what a killed process left, and put the steps where the settings want them."""
    for line in loop.tools.ledger.recover():
        voice.say(f"- {line}", "cyan")
    if name := loop.tools.ledger.begin_thread():
        voice.say(f"- steps go on a thread of their own, {name}; 'nozzle land' brings them back as one commit")
    here.publish_key()


@contextmanager
def looping(here: Journal, ears: Ears) -> Iterator[Loop]:
    """A loop that holds the journal and answers other words; Ctrl-C stops what runs and leaves a true record."""
    import queue
    import signal

    from nozzle import rest
    from nozzle.loop import Loop, Message, Quit
    from nozzle.words.requests import serving

    messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
    loop = Loop(here.tools(ears, messages.put), messages)

    def stop(number: int, frame: object) -> None:
        messages.put(Quit())

    rest.forget(here.steps.private)
    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        with serving(loop, here, ears):
            yield loop
    finally:
        loop.close()
        for each, handler in before.items():
            signal.signal(each, handler)


def tell(loop: Loop, entries: list[Path], voice: Voice) -> int:
    """Say what stands in the way, and whether a failure stands."""
    from nozzle.document.plan import failed, name

    status = 0
    for path in entries:
        desk = loop.desks.get(path)
        if desk is None:
            status = 1
            continue
        for slot in failed(desk.entry):
            status_words = slot.output.status if slot.output else ""
            voice.say(f"✗ {desk.rel}:{slot.cell.span.start + 1}: {slot.cell.title}  {status_words}", "red")
            status = 1
        held = [row for row in desk.plan() if row.do == "held"]
        for row in held:
            voice.say(f"- {desk.rel}: {name(row.cell)}: {row.reason}", "yellow")
        status = 1 if held else status
        for line in desk.entry.nested:
            voice.say(
                f"- {desk.rel}:{line + 1}: a cell inside a list, quote or box is shown and does not run", dim=True
            )
        if desk.entry.held and not held:
            voice.say(f"- {desk.rel}: {desk.entry.held}", "yellow")
            status = 1
    return status


def _by_watch(here: Journal, entries: list[Path], again: bool, voice: Voice) -> int | None:
    """Let the watch that runs here do it; None when none does."""
    from nozzle import control

    lines = control.ask(here.steps.private, "run", paths=[str(path) for path in entries], again=again)
    if lines is None:
        return None
    status = 0
    for line in lines:
        if "say" in line:
            voice.say(line["say"], line.get("color", ""))
        status = line.get("status", status)
    return status


if TYPE_CHECKING:
    from nozzle.loop import Loop
    from nozzle.words.voice import Ears, Voice
