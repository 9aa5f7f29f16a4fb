"""nozzle stop: interrupt what runs."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="stop")
@click.argument("entry", required=False, type=click.Path(path_type=Path))
def command(entry: Path | None) -> int:
    """Stop the cell that runs in the watch (in ENTRY, or wherever one runs); what it showed so far is kept.

    The cell is recorded as stopped; 'nozzle run' takes it up again.
    """
    from nozzle.words.requests import relay

    return relay("stop", entry, path=str(entry.absolute()) if entry else "")
