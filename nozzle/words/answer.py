"""nozzle answer: reply to input(), to a proposal of the doer's, or to a replay that waits."""

from __future__ import annotations

from pathlib import Path

import click

from nozzle.errors import WrongCommand


@click.command(name="answer")
@click.argument("text", required=False)
@click.option("--entry", type=click.Path(path_type=Path), help="Which entry's cell, when several wait.")
@click.option("--refuse", is_flag=True, help="Nobody answers: input() raises EOFError.")
@click.option("--run", "say", flag_value="run", help="The proposal, or the replay, that waits may run.")
@click.option("--deny", "say", flag_value="deny", help="The proposal may not.")
@click.option("--keep", "say", flag_value="keep", help="A replay waits: go on in the kernel as it is.")
@click.option("--skip", "say", flag_value="skip", help="A replay waits: go on without what reached outside.")
def command(text: str | None, entry: Path | None, refuse: bool, say: str | None) -> int:
    """Reply TEXT to the cell that called input() and waits; without TEXT you are asked for it, unseen.

    Where several wait nothing is answered, and it is said what each asks: name one with --entry.

    With --run or --deny: answer the doer's proposal that stands (TEXT is its id, where several do), or what was offered
    to your prose, as the boxes in the text do.

    A cell whose state can only be had by running one again that reached outside waits. --run runs that one again;
    --keep goes on in the kernel as it is, though it has seen other cells since; --skip goes on as if it stood not
    there. It waits as a proposal where the cell is the doer's. In the text: /sure, /sure keep, /sure skip. The step of
    what then runs says so.
    """
    from nozzle.words.requests import relay

    if say:
        return relay("decide", entry, path=str(entry.absolute()) if entry else "", id=text or "", answer=say)
    cell = ""
    if text is None and not refuse:
        if (waits := _waits(entry)) is None:
            click.echo("no cell waits for an answer")
            return 1
        cell, asked = waits
        text = _typed(asked)
    return relay("answer", entry, path=str(entry.absolute()) if entry else "", text=None if refuse else text, cell=cell)


def _waits(entry: Path | None) -> tuple[str, str] | None:
    """The cell that waits, by its chain, and what it asks; None where none does.

    Refused when nothing runs here, WrongCommand where several wait: nobody types a password for he knows not whom.
    """
    from nozzle import control
    from nozzle.errors import Refused
    from nozzle.words.journal import journal
    from nozzle.words.requests import several

    with journal(entry) as here:
        lines = control.ask(here.steps.private, "at work")
        if lines is None:
            raise Refused("nothing is running here; 'nozzle watch' or 'nozzle run' would be")
        meant = here.rel(entry) if entry else ""
        waiting = {line["entry"]: line["asks"] for line in lines if line.get("asks")}
        waiting = {rel: asks for rel, asks in waiting.items() if meant in ("", rel)}
    if len(waiting) > 1:
        raise several({rel: "; ".join(asks.values()) for rel, asks in waiting.items()})
    return next(((cell, f"{rel}: {asked}") for rel, asks in waiting.items() for cell, asked in asks.items()), None)


def _typed(asked: str) -> str:
    """What is typed unseen; the first line of what comes in, where there is no terminal."""
    import sys

    from nozzle.words.visible import visible

    if sys.stdin.isatty():
        return str(click.prompt(visible(asked), hide_input=True, prompt_suffix="\n> "))
    line = sys.stdin.readline()
    if not line:
        raise WrongCommand("there is no terminal to ask at, and nothing came in: nozzle answer TEXT, or --refuse")
    return line.removesuffix("\n")
