"""nozzle trust: let run what came from somebody else."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

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
    from nozzle.settings import settings_digest
    from nozzle.words.journal import journal
    from nozzle.words.visible import echo

    with journal(paths[0] if paths else None) as here:
        found = []
        entries = here.entries(paths)
        if len(entries) == 1 and paths:
            here.read(entries[0])
        for path, entry in here.readable(entries):
            distrust = here.distrust(entry, here.rel(path))
            found += [(here.rel(path), cell) for cell in entry.cells if cell.runs and distrust(cell)]
        named = [name for name in NAMED if not here.trusts_settings(name)]
        settings = settings_digest(here.root) if named else ""
        for rel, cell in found:
            echo(f"{rel}:{cell.span.start + 1}  {cell.language}", bold=True)
            echo("\n".join(f"    {row}" for row in cell.body.split("\n")), lines=True)
        if settings:
            click.echo(click.style("nozzle.toml names what runs here, or is sent what stands here", bold=True))
            for name in named:
                echo(f"    {name} = {_said(getattr(here.settings, name))}")
        if not found and not settings:
            click.echo("everything here is trusted")
            return here.told()
        if not yes and not click.confirm(f"Let {'this' if len(found) < 2 else f'these {len(found)} cells'} run?"):
            return 1
        here.trust.trust_cells(cell.chain for _, cell in found)
        if settings:
            here.trust.trust_files([settings])
        click.echo("trusted; 'nozzle run' runs it")
        return here.told()


def _said(value: object) -> str:
    """A setting's value as it would run: of a server, its command."""
    if isinstance(value, dict):
        return "; ".join(f"{name}: {shlex.join(each.command)}" for name, each in value.items())
    return repr(value)
