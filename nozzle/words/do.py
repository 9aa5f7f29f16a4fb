"""nozzle do: a task for the doer, written into an entry as the author would."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nozzle.errors import Missing

if TYPE_CHECKING:
    from nozzle.document.entry import Entry
    from nozzle.words.journal import Journal


HERE = ":here:"


@click.command(name="do")
@click.argument("words", nargs=-1, required=True)
@click.option("--entry", type=click.Path(path_type=Path), help="Where; the entry saved last by default.")
def command(words: tuple[str, ...], entry: Path | None) -> int:
    """Set the doer a task: '/do WORDS' is written at the end of an entry, and begun.

    Each cell it wants to run stands in the entry first: tick run or deny, edit the fence, delete it, or answer with
    'nozzle answer --run' and '--deny'. Where a watch runs, the task is done on a thread of its own: one line tells how
    far it is, then the summary, with a box to merge it. Else '/do :here:' is written, and it is done in this place, as
    far as it goes without an answer. Needs a model: 'model' in the settings names one; exits with 3 where none does.
    """
    from nozzle import control
    from nozzle.errors import WrongCommand
    from nozzle.words.ask import newest
    from nozzle.words.journal import journal
    from nozzle.words.run import run_entries
    from nozzle.words.voice import Voice

    said = " ".join(words).split()
    in_place = said[:1] == [HERE]
    task = " ".join(said[in_place:])
    if not task:
        raise WrongCommand('what is to be done? nozzle do "..."')
    with journal(entry, make=True) as here:
        path = here.entries([entry])[0] if entry else newest(here)
        watched = control.running(here.steps.private) is not None
        task = f"{HERE} {task}" if in_place or not watched else task
        append(here, path, task)
        click.echo(f"{here.rel(path)}: /do {task}")
        if watched:
            click.echo("the watch has it; 'nozzle how' tells how it is going")
            return 0
        status = run_entries(here, [path], False, Voice())
        return Missing.status if _undone(here.read(path)) else status


def _undone(entry: Entry) -> bool:
    """Whether nobody was there to do the task at its end."""
    tasks = [block for block in entry.envelopes if block.kind == "task"]
    return bool(tasks) and tasks[-1].status == "none"


def suggest(here: Journal, path: Path, task: str) -> None:
    """Write another program's words at the end of an entry: quoted, so that they are nobody's task yet."""
    from nozzle import disk
    from nozzle.document import spoken
    from nozzle.document.edit import apply
    from nozzle.document.entry import Entry
    from nozzle.document.lines import decoded
    from nozzle.document.scribe import Hand
    from nozzle.document.trajectory import hides
    from nozzle.errors import WrongCommand

    if unseen := hides(task):
        raise WrongCommand(f"nothing was suggested: {unseen}")

    def edit(author: bytes) -> bytes:
        entry = Entry(decoded(author, here.rel(path)))
        words = f"Another program suggests a task; to have it done, write it below as your own:\n\n{task}"
        return apply(entry.text, spoken.quote(entry, words, "mcp", Hand(redact=here.redact))).encode()

    disk.rewrite(path, edit)


def append(here: Journal, path: Path, task: str) -> None:
    """Write a task at the end of an entry, whatever an editor does at the same moment."""
    from nozzle import disk
    from nozzle.document.lines import eol

    def edit(author: bytes) -> bytes:
        end = eol(author.decode("utf-8", "replace")).encode()
        gap = b"" if not author or author.endswith(end + end) else end if author.endswith(end) else end + end
        return author + gap + b"/do " + " ".join(task.split()).encode() + end + end

    disk.rewrite(path, edit)
