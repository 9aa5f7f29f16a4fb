"""nozzle fork: a thread of its own, from any step."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nozzle.steps import Step, Thread
    from nozzle.words.journal import Journal

RESEED = """#| label: reseed
import random, sys
random.seed({seed})
if "numpy" in sys.modules: sys.modules["numpy"].random.seed({seed})
if "torch" in sys.modules: sys.modules["torch"].manual_seed({seed})"""


@click.command(name="fork")
@click.argument("step")
@click.argument("name", required=False)
@click.option("--whole", is_flag=True, help="All files of the step, also where fewer are known to do.")
@click.option("--reseed", is_flag=True, help="Random numbers from here on are the thread's own: a cell sees to it.")
def command(step: str, name: str | None, whole: bool, reseed: bool) -> int:
    """Start a thread NAME at STEP: a branch with a folder of its own, so that both go on side by side.

    The folder lies beside the journal's, in JOURNAL.threads/NAME. When a watch runs here it looks after the new thread
    too, and the states of its cells are there at once, from live memory. STEP is what 'nozzle log' shows.

    Where it is known which files the cells of the step's entry read and wrote, the folder holds these, the journal's
    texts and settings, and no others ('git sparse-checkout', by path); 'git sparse-checkout disable' in it brings the
    others. It is not known of bash, of cells that start programs, and of those that ask which files there are: then all
    are there. Of what they read and wrote and no step holds (git ignores it, or you never added it) a copy goes along,
    where it is as it was then, is not too large for a step and does not look like a secret; what is not there is named.

    Threads that go on from one state draw the same random numbers. With --reseed a cell stands below those that have
    run, in the entry of STEP, and seeds the generators of random, NumPy and torch with a number made of NAME; those
    that you made yourself (numpy.random.default_rng) are in your variables, and you seed them there.
    """
    from nozzle.words.counted import counted
    from nozzle.words.journal import journal
    from nozzle.words.sparse import needed
    from nozzle.words.visible import echo

    with journal() as here:
        found = here.steps.resolve(step)
        only = None if whole else needed(here, found)
        told: list[str] = []
        thread = here.fork(found, name, only, told.append)
        click.echo(f"thread {thread.name} at {found.sha[:8]}: {found.title}")
        click.echo(f"  {thread.folder}")
        if only is not None:
            there = (
                f"{counted(len(only), 'file')} of {len(here.steps.paths(found)):,}, all that its cells read or wrote"
            )
            click.echo(f"  it holds {there}; 'git sparse-checkout disable' there brings the others")
        for line in told:
            echo(f"  {line}")
        if reseed:
            _reseed(found, thread)
        _told(here, thread)
        click.echo(f"compare: nozzle compare HEAD {thread.name}   bring back: nozzle merge {thread.name}")
    return 0


def _reseed(step: Step, thread: Thread) -> None:
    """A cell of the thread's, below those that have run."""
    from nozzle import disk
    from nozzle.document.edit import apply
    from nozzle.document.entry import Entry
    from nozzle.document.insert import insert
    from nozzle.document.lines import decoded
    from nozzle.errors import WrongCommand
    from nozzle.words.journal import journal

    path = thread.folder / step.entry
    if not step.entry or not path.is_file():
        raise WrongCommand(f"{step.sha[:8]} is a step of no entry: nothing was reseeded; the thread is there")
    with journal(thread.folder) as there:
        text = disk.read(path)
        entry = Entry(decoded(text, step.entry))
        ran = [slot.cell.chain for slot in entry.slots if slot.cell.runs and slot.fresh]
        source = RESEED.format(seed=int(sha256(thread.name.encode()).hexdigest()[:8], 16))
        put = insert(entry, "cell", source, f"cell-{ran[-1]}" if ran else "")
        assert put is not None, "the place is in the text that was just read"
        written = disk.rewrite(path, lambda author: apply(entry.text, put).encode() if author == text else None)
        there.ledger(there.warn).save(there.rel(path), written)
    click.echo(f"  {step.entry}: a cell seeds the random generators; it runs with the next that does")


def _told(here: Journal, thread: Thread) -> None:
    """Let the watch of the first worktree look after it, and say how far its states are."""
    from nozzle import control
    from nozzle.steps import Steps

    with Steps.open(here.steps.worktrees()[0].thread.folder) as first:
        lines = control.ask(first.private, "beside", folder=str(thread.folder))
    if lines is None:
        click.echo("no watch runs in the first worktree; 'nozzle run' there makes the states anew")
        return
    for line in lines:
        if "say" in line:
            click.echo(line["say"])
