"""nozzle fork: a thread of its own, from any step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nozzle.steps import Thread
    from nozzle.words.journal import Journal


@click.command(name="fork")
@click.argument("step")
@click.argument("name", required=False)
def command(step: str, name: str | None) -> int:
    """Start a thread NAME at STEP: a branch with a folder of its own, so that both go on side by side.

    The folder lies beside the journal's, in JOURNAL.threads/NAME. When a watch runs here it looks after the new thread
    too, and the states of its cells are there at once, from live memory. STEP is what 'nozzle log' shows.
    """
    from nozzle.words.journal import journal

    with journal() as here:
        found = here.steps.resolve(step)
        thread = here.steps.fork(found, name)
        click.echo(f"thread {thread.name} at {found.sha[:8]}: {found.title}")
        click.echo(f"  {thread.folder}")
        _told(here, thread)
        click.echo(f"compare: nozzle compare HEAD {thread.name}   bring back: nozzle merge {thread.name}")
    return 0


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
