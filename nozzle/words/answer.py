"""nozzle answer: reply to input()."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="answer")
@click.argument("text", required=False)
@click.option("--entry", type=click.Path(path_type=Path), help="Which entry's cell, when several wait.")
@click.option("--refuse", is_flag=True, help="Nobody answers: input() raises EOFError.")
def command(text: str | None, entry: Path | None, refuse: bool) -> int:
    """Reply TEXT to the cell that called input() and waits; without TEXT you are asked for it, unseen."""
    from nozzle.words.requests import relay

    if text is None and not refuse:
        text = click.prompt("answer", hide_input=True)
    return relay("answer", entry, path=str(entry.absolute()) if entry else "", text=None if refuse else text)
