"""nozzle due: what would run, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nozzle.document.plan import Row


@click.command(name="due")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(paths: tuple[Path, ...], as_json: bool) -> int:
    """Show what would run in PATHS (all entries by default), why, and how long it took last time.

    Why is one of: new, edited, above changed, input changed, asked. A cell that may not run is shown as held, with
    the reason. Nothing runs.
    """
    from nozzle.desk import Desk
    from nozzle.words.journal import journal
    from nozzle.words.visible import echo

    with journal(paths[0] if paths else None) as here:
        tools = here.tools(lambda notice: None, lambda said: None)
        rows = []
        entries = here.entries(paths)
        for path in entries:
            desk = Desk(path, here.rel(path), tools, resting="")
            with here.passing(alone=len(entries) == 1 and bool(paths)):
                desk.open()
                desk.ask()  # what `nozzle run` would, so what was stopped counts too
                for row in desk.plan():
                    if row.do in ("due", "held"):
                        last = tools.ledger.past.last(desk.rel, row.cell)
                        rows.append((desk.rel, row, last.seconds if last else None))
        for rel, row, seconds in rows:
            echo(_json(rel, row, seconds) if as_json else _line(rel, row, seconds))
        if not rows and not as_json:
            click.echo("nothing is due")
        return here.told()


def _line(rel: str, row: Row, seconds: float | None) -> str:
    took = f"  {seconds:.2f} s last time" if seconds is not None else ""
    held = f"  held: {row.reason}" if row.do == "held" else ""
    return f"{rel}:{row.cell.span.start + 1}: {row.cell.title}  [{row.why}]{took}{held}"


def _json(rel: str, row: Row, seconds: float | None) -> str:
    return json.dumps({
        "entry": rel, "line": row.cell.span.start + 1, "cell": row.cell.chain, "title": row.cell.title,
        "do": row.do, "why": row.why, "reason": row.reason, "seconds": seconds,
    })  # fmt: skip
