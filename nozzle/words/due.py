"""nozzle due: what would run, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from nozzle.document.plan import Row
    from nozzle.words.journal import Journal


@click.command(name="due")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(paths: tuple[Path, ...], as_json: bool) -> int:
    """Show what would run in PATHS (all entries by default), why, and how long it took last time, where that is known.

    Why is one of: new, edited, above changed, input changed, asked. A cell that may not run is shown as held, with
    the reason; one that a watch or a run is at as running. Nothing runs. While a watch is at work here, the states that
    it keeps count, and a replay that waits can be answered by 'nozzle answer' as it is told, also after a checkout.
    """
    from dataclasses import replace

    from nozzle.desk import Desk
    from nozzle.words.journal import journal
    from nozzle.words.visible import echo

    with journal(paths[0] if paths else None) as here:
        tools = here.tools(lambda notice: None, lambda said: None)
        rows = []
        running, made = _at_work(here)
        entries = here.entries(paths)
        watched = _watched(here, entries)
        for path in entries:
            desk = Desk(path, here.rel(path), tools)
            with here.passing(alone=len(entries) == 1 and bool(paths)):
                desk.open()
                desk.ask()  # what `nozzle run` would, so what was stopped counts too
                for row in desk.plan():
                    name = (desk.rel, row.cell.chain)
                    row = replace(row, **watched.get(name, {}))
                    if row.do in ("due", "held", "running") and name not in made:
                        last = tools.ledger.past.last(desk.rel, row.cell)
                        row = replace(row, do="running", reason="") if name in running else row
                        rows.append((desk.rel, row, last.seconds if last else None))
        for rel, row, seconds in rows:
            echo(_json(rel, row, seconds) if as_json else _line(rel, row, seconds))
        if not rows and not as_json:
            click.echo("nothing is due")
        return here.told()


def _at_work(here: Journal) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Cells (entry, chain) that a watch or a run here is at, and those that have run and are not written yet."""
    from nozzle import control

    found: tuple[set[tuple[str, str]], set[tuple[str, str]]] = set(), set()
    for line in control.ask(here.steps.private, "at work") or ():
        for cells, kind in zip(found, ("running", "made"), strict=True):
            cells |= {(line["entry"], chain) for chain in line.get(kind, ())}
    return found


def _watched(here: Journal, entries: list[Path]) -> dict[tuple[str, str], dict[str, Any]]:
    """What the watch or run at work here would do with cells (entry, chain), why, and why not.

    What only waits for the cell above to end is as due as it was.
    """
    from nozzle import control

    lines = control.ask(here.steps.private, "due", paths=[str(path) for path in entries]) or ()
    return {
        (line["entry"], chain): dict(zip(("do", "why", "reason"), row, strict=True))
        for line in lines
        for chain, row in line.get("rows", {}).items()
        if not row[2].endswith("which is running")
    }


def _line(rel: str, row: Row, seconds: float | None) -> str:
    took = f"  {seconds:.2f} s last time" if seconds is not None else ""
    if seconds is None and row.why in ("above changed", "input changed"):
        took = "  how long it took is not known here"
    held = f"  held: {row.reason}" if row.do == "held" else ""
    why = "running" if row.do == "running" else row.why
    return f"{rel}:{row.cell.span.start + 1}: {row.cell.title}  [{why}]{took}{held}"


def _json(rel: str, row: Row, seconds: float | None) -> str:
    import json

    return json.dumps({
        "entry": rel, "line": row.cell.span.start + 1, "cell": row.cell.chain, "title": row.cell.title,
        "do": row.do, "why": row.why, "reason": row.reason, "seconds": seconds,
    })  # fmt: skip
