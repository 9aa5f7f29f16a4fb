"""nozzle compare: what differs between two steps or threads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nozzle.document.contrast import Contrast
    from nozzle.document.entry import Entry
    from nozzle.steps import Step
    from nozzle.words.journal import Journal

MARKS = {"only here": "-", "only there": "+", "edited": "~", "output": "≠", "prose": "¶", "variables": "≠"}
COLORS = {"-": "red", "+": "green"}
DEEP = 2000
"""How many steps back a cell's own is looked for."""
MOST = 12
"""Lines of one difference that the terminal shows."""


@click.command(name="compare")
@click.argument("a")
@click.argument("b")
@click.option("--page", is_flag=True, help="As a page: outputs and pictures side by side.")
def command(a: str, b: str, page: bool) -> int:
    """Show what differs from A to B, steps or threads: text, outputs with the differences of their numbers, what the
    variables are, files.

    Cells with the same label, or the same code, are compared with each other. Of variables, their kind, shape, size and
    short values are known, and of arrays, tables and tensors a fingerprint of their numbers, as the steps have noted
    them. Exits with 1 when something differs.
    """
    from nozzle.words.journal import journal

    with journal() as here:
        one, two = here.steps.resolve(a), here.steps.resolve(b)
        found = list(differences(here, one, two))
        files = [path for path in here.steps.differing(one.sha, two.sha) if not _is_entry(here, one, two, path)]
        if page:
            from nozzle.words.compare_page import write

            click.echo(write(here, one, two, found, _shown(files)))
            return 1 if found or files else 0
        for rel, contrasts in found:
            click.echo(click.style(rel, bold=True))
            for contrast in contrasts:
                for line in lines(contrast):
                    click.echo("  " + line)
        for path in _shown(files):
            click.echo(f"{_sign(here, one, two, path)} {path}")
        if not found and not files:
            click.echo(f"{one.sha[:8]} and {two.sha[:8]} hold the same")
        return 1 if found or files else 0


def differences(here: Journal, one: Step, two: Step) -> Iterator[tuple[str, list[Contrast]]]:
    """Of each entry that differs."""
    from nozzle.document.contrast import contrast, variables
    from nozzle.document.entry import Entry

    for rel in here.steps.differing(one.sha, two.sha):
        if _is_entry(here, one, two, rel):
            texts = [(here.steps.text(step, rel) or b"").decode("utf-8", "replace") for step in (one, two)]
            entries = Entry(texts[0]), Entry(texts[1])
            names = [names_at(here, step, rel, entry) for step, entry in zip((one, two), entries, strict=True)]
            if contrasts := [*contrast(*entries), *variables(*names)]:
                yield rel, contrasts


def _is_entry(here: Journal, one: Step, two: Step, rel: str) -> bool:
    """Whether the settings call it one, or it holds cells: run by its name, or by the settings that are there."""
    from nozzle.document.entry import Entry

    if here.settings.is_entry(rel) or Path(rel).suffix.lower() not in (".md", ".markdown"):
        return here.settings.is_entry(rel)
    texts = [(here.steps.text(step, rel) or b"").decode("utf-8", "replace") for step in (one, two)]
    return any(cell.runs for text in texts for cell in Entry(text).cells)


def names_at(here: Journal, step: Step, rel: str, entry: Entry) -> dict[str, str]:
    """The variables of an entry at a step, and what they are, as far as the steps of its cells say."""
    from nozzle.document.facts import from_trailers

    made: dict[str, dict[str, str]] = {}
    for each in here.steps.history(rel, limit=DEEP, rev=step.sha):
        if each.kind == "cell":
            made.setdefault(each.cell, dict(from_trailers(each.trailers).names))
    found: dict[str, str] = {}
    for slot in entry.slots:
        if slot.cell.runs and slot.fresh:
            found |= made.get(slot.cell.chain, {})
    return {name: words for name, words in found.items() if words != "gone"}


def numbers(contrast: Contrast) -> Iterator[str]:
    """Numbers that differ, with their difference."""
    for mine, other in contrast.numbers:
        share = f" ({(other - mine) / abs(mine):+.2%})" if mine else ""
        yield f"{mine:g} → {other:g}, {other - mine:+g}{share}"


def lines(contrast: Contrast) -> Iterator[str]:
    yield f"{MARKS[contrast.kind]} {contrast.title or 'prose'}" + (
        f": {contrast.kind}" if contrast.kind in ("only here", "only there", "output") else ""
    )
    if contrast.numbers:
        yield from (f"    {row}" for row in numbers(contrast))
        return
    for row in contrast.rows[:MOST]:
        yield "    " + click.style(row, fg=COLORS.get(row[0]))
    if len(contrast.rows) > MOST:
        yield f"    and {len(contrast.rows) - MOST} more lines"


def _shown(files: list[str]) -> list[str]:
    """Files that a person made or a cell wrote; pictures of outputs are named where the outputs differ."""
    from nozzle.document.seal import is_made_here

    return [path for path in files if not is_made_here(path)]


def _sign(here: Journal, one: Step, two: Step, path: str) -> str:
    before, after = here.steps.text(one, path), here.steps.text(two, path)
    return "+" if before is None else "-" if after is None else "~"
