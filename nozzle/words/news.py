"""nozzle news: what is broken, everywhere in the journal."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command(name="news")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--all", "everything", is_flag=True, help="Also what was fixed since.")
def command(paths: tuple[Path, ...], as_json: bool, everything: bool) -> int:
    """Show the breaking news that stand in PATHS (all entries by default): what broke, where, and the nearest edit.

    Exits with 1 when something is broken.
    """
    from nozzle.document.spoken import MENDED, SPOKE
    from nozzle.words.journal import journal

    open_ = 0
    with journal(paths[0] if paths else None) as here:
        for path in here.entries(paths):
            for block in here.read(path).envelopes:
                fixed = block.keys.get("status") in (MENDED, SPOKE)
                if block.kind != "news" or (fixed and not everything):
                    continue
                open_ += not fixed
                rows = [row.removeprefix(">").strip() for row in block.body]
                rows = [row for row in rows if row and not row.startswith(("[!", "<"))]
                where = f"{here.rel(path)}:{block.span.start + 1}"
                if as_json:
                    click.echo(json.dumps({"where": where, "of": block.of, "fixed": fixed, "lines": rows}))
                else:
                    click.echo(f"{where}: " + "\n  ".join(rows[:3]))
        if not open_ and not as_json:
            click.echo("nothing is broken")
    return 1 if open_ else 0
