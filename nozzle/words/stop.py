"""nozzle stop: interrupt what runs."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="stop")
@click.argument("entry", required=False, type=click.Path(path_type=Path))
def command(entry: Path | None) -> int:
    """Stop the cell that runs in the watch (in ENTRY, or wherever one runs); what it showed so far is kept.

    The cell is recorded as stopped; 'nozzle run' takes it up again. What a model is asked there, and a task, are ended
    too. In the text: /stop, below what is to be stopped.
    """
    from nozzle.words.requests import relay

    return relay("stop", entry, path=str(entry.absolute()) if entry else "")
