"""nozzle land: a thread's steps become one commit."""

from __future__ import annotations

import click


@click.command(name="land")
@click.option("-m", "--message", help="The commit's message; by default what the thread did.")
@click.option("--over", is_flag=True, help="Where both changed the same lines, land the files of this thread.")
def command(message: str | None, over: bool) -> int:
    """Squash this thread's steps into one commit on the branch it came from, and go there.

    No file changes. The thread's branch stays, with all its steps; signatures and what is due are the same after.
    """
    from nozzle import control
    from nozzle.carried import joined, newest
    from nozzle.errors import Refused
    from nozzle.words.journal import journal
    from nozzle.words.visible import echo

    with journal() as here:
        if any(row.get("running") for row in control.ask(here.steps.private, "at work") or ()):
            raise Refused("a cell is running here: let it end, or 'nozzle stop' it, then land")
        thread = here.steps.thread()

        def carried(ours: str, theirs: str) -> str:
            return joined(newest(here.steps, ours), newest(here.steps, theirs) if theirs else "")

        step = here.steps.land(message, over, carried)
        echo(f"{thread.name} is one commit on {here.steps.thread().name}: {step.sha[:8]} {step.title}")
    return 0
