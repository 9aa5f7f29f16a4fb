"""nozzle trust: let run what came from somebody else."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from nozzle.errors import Refused

NAMED = ("python", "model", "model_url", "model_key", "mcp")
"""Settings of a journal by which something of its author's choice runs here, or is sent what stands here."""


@click.command(name="trust")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def command(paths: tuple[Path, ...], yes: bool) -> int:
    """Show the cells in PATHS (all entries by default) that came by git from somebody else, and let them run.

    What you trust is this code after exactly the code above it: when either changes, you are asked again. It is kept
    in your user settings, not in the journal. So is what nozzle.toml says, where it names the Python that runs cells,
    a model, or MCP servers.
    """
    from nozzle.settings import settings_digest, shared
    from nozzle.words.journal import journal
    from nozzle.words.origin import accept
    from nozzle.words.visible import echo

    with journal(paths[0] if paths else None) as here:
        found = []
        entries = here.entries(paths)
        if len(entries) == 1 and paths:
            here.read(entries[0])
        for path, entry in here.readable(entries):
            if other := here.steps.other(here.rel(path)):
                here.warn(f"{here.rel(path)} lies in {other}, a repository of its own: run nozzle there")
                continue
            distrust = here.distrust(entry, here.rel(path))
            found += [(here.rel(path), cell) for cell in entry.cells if cell.runs and distrust(cell)]
        settings = "" if here.trusts_settings(*NAMED) else settings_digest(here.root)
        for rel, cell in found:
            echo(f"{rel}:{cell.span.start + 1}  {cell.language}", bold=True)
            echo("\n".join(f"    {row}" for row in cell.body.split("\n")), lines=True)
        if settings:
            click.echo(click.style("nozzle.toml names what runs here, or is sent what stands here", bold=True))
            for row in _rows({name: value for name, value in shared(here.root).items() if name in NAMED}):
                echo(f"    {row}")
        if not found and not settings:
            click.echo("everything here is trusted")
            return here.told()
        if not yes and not _confirmed(_question(len(found), bool(settings))):
            return 1
        accept(here, found)
        if settings:
            here.trust.trust_files([settings])
        click.echo("trusted; 'nozzle run' runs it" if found else "trusted")
        return here.told()


def _rows(values: Mapping[str, object], above: str = "") -> Iterator[str]:
    """All that settings say, each value with the names of the tables it stands in."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _rows(value, f"{above}{name}.")
        else:
            yield f"{above}{name} = {value!r}"


def _confirmed(question: str) -> bool:
    try:
        return click.confirm(question)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        click.echo()
        raise Refused("nobody is there to be asked, so nothing is trusted; 'nozzle trust --yes' does not ask") from None


def _question(cells: int, settings: bool) -> str:
    cell = "this cell" if cells == 1 else f"these {cells} cells"
    if not cells:
        return "Use what these settings name?"
    return f"Let {cell} run, and use what these settings name?" if settings else f"Let {cell} run?"
