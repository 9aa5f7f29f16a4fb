"""nozzle show: one step, whole."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING

import click

from nozzle.errors import WrongCommand

if TYPE_CHECKING:
    from nozzle.steps import Step
    from nozzle.words.journal import Journal


@click.command(name="show")
@click.argument("step")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def command(step: str, as_json: bool) -> int:
    """Show STEP: what changed in the text, files, time, memory, packages, what it read and where it reached.

    STEP is what 'nozzle log' shows, any name git knows (HEAD~2, a branch), or a digest of a cell as its marker says it
    (of=..., cell=...) or a link (#cell-...).
    """
    from nozzle.words.journal import journal
    from nozzle.words.log import as_dict, line
    from nozzle.words.visible import echo

    with journal() as here:
        found = _meant(here, step)
        files = here.steps.files(found)
        if as_json:
            shown = {**as_dict(found), "files": [list(each) for each in files], "diff": here.steps.diff(found)}
            click.echo(json.dumps(shown))
            return 0
        echo(line(found))
        for label, text in _facts(found.trailers):
            echo(f"  {label:<9} {text}")
        for status, path in files:
            echo(f"  {status:<9} {path}")
        click.echo()
        echo(here.steps.diff(found, [found.entry] if found.entry else None).rstrip(), lines=True)
    return 0


def _meant(here: Journal, words: str) -> Step:
    """The step some words mean; a cell's own digest, which no step names, is looked up in the entries as they are."""
    name = re.sub(r"^(?:(?:of|cell)=|#?cell-)", "", words.strip())
    try:
        return here.steps.resolve(name)
    except WrongCommand:
        of = _of(here, name) if re.fullmatch(r"[0-9a-f]{8,64}(-\d+)?", name) else ""
        if not of:
            raise
    return here.steps.resolve(of)


def _of(here: Journal, cell: str) -> str:
    """What the output of the first cell with this digest, or of the one that links name so, was made from."""
    entries = list(here.readable(here.entries()))
    linked = (slot.output for _, entry in entries for slot in entry.slots if slot.cell.key == cell and slot.output)
    outputs = (block for _, entry in entries for block in entry.envelopes if block.kind == "output")
    named = (block for block in outputs if block.keys.get("cell", "").startswith(cell))
    return next((block.of for block in chain(linked, named)), "")


def _facts(trailers: Mapping[str, str]) -> list[tuple[str, str]]:
    from nozzle.document.facts import from_trailers

    facts = from_trailers(trailers)
    found = [
        ("status", facts.status),
        ("time", "" if facts.seconds is None else f"{facts.seconds:.3f} s"),
        ("memory", f"{facts.memory / 1e6:.0f} MB at most" if facts.memory else ""),
        ("packages", ", ".join(f"{name} {version}" for name, version in facts.packages.items())),
        ("read", ", ".join(facts.reads)),
        ("reached", ", ".join(facts.effects)),
    ]
    return [(label, text) for label, text in found if text]
