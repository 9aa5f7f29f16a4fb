"""nozzle show: one step, whole."""

from __future__ import annotations

import json
from collections.abc import Mapping

import click


@click.command(name="show")
@click.argument("step")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def command(step: str, as_json: bool) -> int:
    """Show STEP: what changed in the text, files, time, memory, packages, what it read and where it reached.

    STEP is what 'nozzle log' shows, any name git knows (HEAD~2, a branch), or the digest of a cell.
    """
    from nozzle.words.journal import journal
    from nozzle.words.log import as_dict, line
    from nozzle.words.visible import echo

    with journal() as here:
        found = here.steps.resolve(step)
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


def _facts(trailers: Mapping[str, str]) -> list[tuple[str, str]]:
    from nozzle.document.facts import from_trailers

    facts = from_trailers(trailers)
    found = [
        ("status", facts.status),
        ("time", f"{facts.seconds:.3f} s" if facts.status else ""),
        ("memory", f"{facts.memory / 1e6:.0f} MB at most" if facts.memory else ""),
        ("packages", ", ".join(f"{name} {version}" for name, version in facts.packages.items())),
        ("read", ", ".join(facts.reads)),
        ("reached", ", ".join(facts.effects)),
    ]
    return [(label, text) for label, text in found if text]
