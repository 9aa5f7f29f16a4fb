"""nozzle how: how the work is doing, in six answers; asking waits for nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nozzle.words.journal import Journal


@click.command(name="how")
@click.argument("entry", required=False, type=click.Path(path_type=Path))
def command(entry: Path | None) -> int:
    """Tell how ENTRY (the one that runs, or was saved last) is doing, while it runs.

    What is still open comes first, then six answers: the goal, what was made, whether it runs (with its live output,
    also on the threads of its tasks), what each part does, where it may fail, what comes next. In the text, '/ask how
    is it going?' does the same.
    """
    from nozzle.words.journal import journal

    with journal(entry) as here:
        said, status = told(here, entry)
    click.echo(said)
    return status


def told(here: Journal, path: Path | None) -> tuple[str, int]:
    """How the work is doing, from the watch that looks after it, if one does; and the status of that answer."""
    from nozzle import control

    lines = control.ask(here.steps.private, "how", path=str(here.place(path)) if path else "")
    if lines is None:
        return from_text(here, path), 0
    said, status = [], 0
    for line in lines:
        said += [str(line["say"])] if "say" in line else []
        status = int(line.get("status", status))
    return "\n".join(said), status


def from_text(here: Journal, path: Path | None) -> str:
    """Nothing runs here: what the text and the steps say."""
    from dataclasses import replace

    from nozzle.agents.errands import elsewhere
    from nozzle.desk import Desk
    from nozzle.document.thought.conduct import voice
    from nozzle.explainer import Known, report
    from nozzle.words.ask import newest
    from nozzle.words.company import today
    from nozzle.words.errands import Errands

    chosen = here.entries([path])[0] if path else newest(here)
    tools = here.tools(lambda notice: None, lambda said: None)
    desk = Desk(chosen, here.rel(chosen), tools)
    desk.open()
    desk.permit.saved()
    past = tools.ledger.past
    heard = voice(desk.entry, here.settings.voice) == "conduct"
    remarks = f"{len(today(here, desk.rel))} of {here.settings.remarks} today" if heard else ""
    there = [
        replace(each, words=f"{each.words} No watch looks after it: `nozzle watch` does.")
        for each in elsewhere(desk.entry, desk.rel, Errands(here))
    ]
    known = Known(desk.plan(), lambda cell: past.last(desk.rel, cell), elsewhere=there, remarks=remarks)
    said = report(desk.entry, known, here.redact)
    return f"{desk.rel}: {said.text}\n\n{said.folded}"
