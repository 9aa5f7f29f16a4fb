"""nozzle log: the steps."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nozzle.errors import WrongCommand

if TYPE_CHECKING:
    from nozzle.steps import Step


@click.command(name="log")
@click.argument("entry", required=False, type=click.Path(path_type=Path))
@click.option("-n", "count", type=click.IntRange(1), default=30, show_default=True, help="How many.")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(entry: Path | None, count: int, everything: bool, as_json: bool) -> int:
    """Show the steps of this thread, newest first: of the journal, or of ENTRY.

    The first word of a line names the step: 'nozzle show STEP', 'nozzle rewind STEP'.
    """
    from nozzle.words.journal import journal
    from nozzle.words.visible import echo

    with journal(entry) as here:
        rel = here.rel(entry) if entry else None
        steps = here.steps.history(rel, limit=None if everything else count)
        lines = (json.dumps(as_dict(step)) if as_json else line(step) for step in steps)
        first = next(lines, None)
        for text in [] if first is None else itertools.chain([first], lines):
            echo(text)
        if first is None and entry and not entry.is_file():
            raise WrongCommand(f"there is no entry {entry}, and no step was ever made of one")
        if first is None and not as_json:
            whose = f" of {rel}" if rel else ""
            click.echo(f"no steps{whose} yet; 'nozzle run' or 'nozzle watch' makes them")
    return 0


def line(step: Step) -> str:
    """One step as one line: name, when, what, how long."""
    seconds = step.trailers.get("Seconds")
    took = f"  {float(seconds):.2f} s" if seconds else ""
    when = step.when.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return f"{step.sha[:8]}  {when}  {step.kind:<7} {step.title}{took}"


def as_dict(step: Step) -> dict[str, object]:
    """One step as a program reads it."""
    return {
        "sha": step.sha, "thread": step.thread, "entry": step.entry, "cell": step.cell, "kind": step.kind,
        "title": step.title, "when": step.when.isoformat(), "trailers": dict(step.trailers),
    }  # fmt: skip
