"""nozzle rewind: go back to a step."""

from __future__ import annotations

import click


@click.command(name="rewind")
@click.argument("step")
def command(step: str) -> int:
    """Go back to STEP: text, outputs and files as they were then.

    What is not in a step yet is committed first, on the thread you leave, so nothing is lost. The next cell that runs
    starts a new thread (a branch) there; the thread you left stays as it is. STEP is what 'nozzle log' shows.
    """
    from nozzle.words.journal import journal
    from nozzle.words.visible import echo

    with journal() as here:
        found = here.steps.resolve(step)
        gone = here.steps.rewind(found)
        if gone.rescued:
            click.echo(f"kept first what was in no step yet: {gone.rescued.sha[:8]}")
        echo(f"you are at {found.sha[:8]}: {found.title}")
        click.echo(f"the next step starts a new thread here; back again: git checkout {gone.left}")
    return 0
