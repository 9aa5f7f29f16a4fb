"""nozzle watch: cells run as the author saves."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nozzle.desk import Desk
    from nozzle.loop import Loop
    from nozzle.watch import Change
    from nozzle.words.journal import Journal
    from nozzle.words.live import Showing
    from nozzle.words.voice import Ears, Voice


@click.command(name="watch")
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--page/--no-page", default=True, help="Show the journal at 127.0.0.1 while this runs.")
@click.option(
    "--host", default="", metavar="ADDRESS", help="Let a phone in too: an address of this machine, or 0.0.0.0."
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the page; any that is free by default.")
@click.option("--trust-this-checkout", is_flag=True, help="Run what came by git from somebody else, too.")
def command(folder: Path | None, page: bool, host: str, port: int, trust_this_checkout: bool) -> int:
    """Look after the journal around FOLDER (here by default) until Ctrl-C.

    Write in any editor. On save, new and edited cells run, and what happened is written beneath them; every step is a
    commit. Nothing runs at the start: what is due is listed, and 'nozzle run' runs it. 'git checkout' and 'nozzle
    rewind' work while this runs: then nothing runs until you save.

    The page is a place to be: write and ask there, run, see the map, rewind, fork. It is on this machine only, for
    whoever has its link. --host opens it to your network, for a phone: what is sent is not encrypted, so do it at home;
    a device gets in by the code that is printed, which is good once.
    """
    from nozzle.words.beside import beside
    from nozzle.words.hush import Hush
    from nozzle.words.journal import journal
    from nozzle.words.run import looping
    from nozzle.words.voice import Ears, Voice, drawing

    with journal(folder, trust_this_checkout, make=True) as here:
        voice = Voice()
        ears = Ears(Hush(here.redact), voice)
        pages: list[Showing] = []
        with looping(here, ears, "watch") as loop, watching(loop, here, lambda path: _seen(pages, path)):
            begin(loop, here, voice)  # what is saved from here on is heard
            with drawing(voice), _page(loop, here, voice, ears, (page, host, port)) as shown:
                pages += [shown] if shown else []
                with beside(here, voice, voice.say, loop, shown):
                    loop.run()
                pages.clear()
        voice.say("stopped; all that ran is written down")
    return 0


@contextmanager
def _page(
    loop: Loop, here: Journal, voice: Voice, ears: Ears, wanted: tuple[bool, str, int]
) -> Iterator[Showing | None]:
    """The local page, told of everything that the terminal is told; None when there is to be none."""
    page, host, port = wanted
    if not page:
        yield None
        return
    from nozzle.words.deeds import Doing
    from nozzle.words.live import showing

    def paired(where: str, code: str) -> None:
        voice.say(f"to let a device in, open {where} there and enter: {code}")

    doing = Doing(here, loop)
    with showing(here, port, doing, host, paired) as shown:
        doing.shown = shown
        ears.add(shown.first.hear)
        loop.after, loop.renamed = lambda desk: shown.first.changed(desk.rel), shown.first.renamed
        voice.say(f"the journal, as you write: {shown.url}")
        yield shown


def begin(loop: Loop, here: Journal, voice: Voice) -> None:
    """Make ready, read all entries, and say what is due: nothing runs unasked."""
    from nozzle.words.counted import counted
    from nozzle.words.run import ready, taken_away

    ready(loop, here, voice)
    if name := loop.tools.ledger.begin_thread():
        voice.say(f"- steps go on a thread of their own, {name}; 'nozzle land' brings them back as one commit")
    taken_away(loop, voice)
    due, foreign, waits = 0, 0, list[str]()
    for path in here.entries():
        with loop.telling(path):
            desk = loop.desk(path)
            due += len(desk.due())
            waits += filter(None, [standing(here, desk)])
            distrusted = here.distrust(desk.entry, desk.rel)
            foreign += sum(
                slot.cell.runs and not slot.fresh and bool(distrusted(slot.cell)) for slot in desk.entry.slots
            )
    _warm(loop)
    entries = f"{len(loop.desks)} {'entry' if len(loop.desks) == 1 else 'entries'}"
    voice.say(f"watching {entries} in {here.root}, {loop.tools.ledger.where()}; Ctrl-C stops")
    for line in waits:
        voice.say(f"- waits here: {line}")
    if due:
        voice.say(f"{counted(due, 'cell')} found to run: run? say 'nozzle run'; 'nozzle due' says why")
    if foreign:
        voice.say(
            f"{counted(foreign, 'cell')} came by git and may be somebody else's: 'nozzle trust' shows what would run"
        )


def standing(here: Journal, desk: Desk) -> str:
    """A line of an entry's tasks and proposals that an earlier process left, and how they go on; empty without any."""
    from nozzle.agents.errands import elsewhere
    from nozzle.document.prompts import prompts
    from nozzle.words.counted import counted
    from nozzle.words.errands import Errands

    open_ = [each for each in prompts(desk.entry) if each.word == "do" and each.task is None]
    offers = sum(block.kind == "proposal" for block in desk.entry.envelopes)
    there = elsewhere(desk.entry, desk.rel, Errands(here))
    asks = sum(each.waits for each in there)
    tasks = [f"{counted(len(open_), 'task')} to go on"] if open_ else []
    tasks += [counted(offers, "proposal")] if offers else []
    parts = [f"{' and '.join(tasks)} (once you save it, or say 'nozzle run {desk.rel}')"] if tasks else []
    parts += [f"{counted(len(there), 'task')} on threads of their own, {counted(asks, 'proposal')}"] if there else []
    return f"{desk.rel}: {'; '.join(parts)}" if parts else ""


def _warm(loop: Loop) -> None:
    """Import what the model needs, if one is named, and what cells usually do first: nobody is to wait for it."""
    from nozzle import lm
    from nozzle.agents import Seat
    from nozzle.words.ready import Ready

    ready = Ready(loop)
    loop.opened = lambda desk: ready.look()
    ready.look()

    models = [desk.beside.crew.model for desk in loop.desks.values() if isinstance(desk.beside, Seat)]
    lm.warm(next(iter(models), None))


def _seen(pages: list[Showing], path: Path) -> None:
    for shown in list(pages):
        shown.first.seen(path)


def nobody(path: Path) -> None:
    """Nobody looks at the page."""


@contextmanager
def watching(loop: Loop, here: Journal, seen: Callable[[Path], None] = nobody) -> Iterator[None]:
    """Put what changes on disk onto the loop's queue; an entry that was saved is `seen` before it has settled."""
    from nozzle import watch

    def put(change: Change) -> None:
        hear(loop, change)
        if isinstance(change, watch.Saved):
            for path in change.paths:
                if here.settings.is_entry(here.rel(path)):
                    seen(path)

    with watch.changes(here.root, lambda path: True, put=put, git=here.steps.git_folders):
        yield


def hear(loop: Loop, change: Change) -> None:
    """One change on disk, as the loop is to know it; a save behind a link is one of the entry it stands for."""
    from nozzle import watch
    from nozzle.beside import Notice
    from nozzle.loop import Called, Moved, Saved

    match change:
        case watch.Saved(paths):
            linked = {os.path.realpath(path): path for path in list(loop.desks) if path.is_symlink()}
            loop.messages.put(Saved(paths | {linked[str(path)] for path in paths if str(path) in linked}))
        case watch.HeadMoved():
            loop.messages.put(Moved())
        case watch.Unseen(why=why):
            loop.messages.put(Called(lambda loop: loop.tools.say(Notice("warning", "", why))))
