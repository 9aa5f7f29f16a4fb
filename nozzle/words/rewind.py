"""nozzle rewind: go back to a step."""

from __future__ import annotations

import click


@click.command(name="rewind")
@click.argument("step")
def command(step: str) -> int:
    """Go back to STEP: text, outputs and files as they were then.

    What is not in a step yet is committed first, on the thread you leave, so nothing is lost. The next cell that runs
    starts a new thread (a branch) there; the thread you left stays as it is. STEP is what 'nozzle log' shows; with the
    name of a thread you are on it again, at its last step.
    """
    from nozzle.words.journal import journal
    from nozzle.words.visible import echo

    with journal() as here:
        again = here.steps.names_thread(step)
        gone = here.steps.return_to(step) if again else here.steps.rewind(here.steps.resolve(step))
        if gone.rescued:
            click.echo(f"kept first what was in no step yet: {gone.rescued.sha[:8]}")
        echo(f"you are at {gone.where.sha[:8]}{f' on {step}' if again else ''}: {gone.where.title}")
        if not again:
            click.echo(f"the next step starts a new thread here; back again: nozzle rewind {gone.left}")
    return 0
