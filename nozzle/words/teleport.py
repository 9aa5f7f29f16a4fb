"""nozzle teleport: a talk with the agent of a past step."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="teleport")
@click.argument("step")
@click.option("--entry", type=click.Path(path_type=Path), help="Which entry, for a step that is of none or of several.")
def command(step: str, entry: Path | None) -> int:
    """Talk with an agent that has seen exactly what stood in the entry at STEP, and nothing since.

    It reads only; nothing is written, run or moved. A line is a question; an empty one, or Ctrl-D, ends the talk. What
    was said before in the talk is part of it. Without a model, the answers come from that text, and from the other
    entries as they stood then, by search.
    """
    from nozzle.words.ask import answer, plain, text_at
    from nozzle.words.journal import journal

    with journal(entry) as here:
        about = text_at(here, entry, step.removeprefix("@"))
        cells = sum(cell.runs for cell in about.entry.cells)
        click.echo(
            f"{about.rel}, as it was at {step}: {cells} {'cell' if cells == 1 else 'cells'}. Ask; an empty line ends."
        )
        talk: list[dict[str, str]] = []
        while question := _question():
            said = answer(here, about, question, talk)
            for line in plain(said):
                click.echo(line)
            talk += [{"role": "user", "content": question}, {"role": "assistant", "content": said.text}]
    return 0


def _question() -> str:
    try:
        return input("> ").strip()
    except EOFError:
        return ""
