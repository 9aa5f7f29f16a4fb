"""nozzle ask: a question to the journal, or to the agent of any past step; nothing is written."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nozzle.document.entry import Entry
    from nozzle.document.spoken import Saying
    from nozzle.words.journal import Journal


@click.command(name="ask")
@click.argument("words", nargs=-1, required=True)
@click.option(
    "--entry", type=click.Path(path_type=Path), help="The entry that is meant; the one saved last by default."
)
def command(words: tuple[str, ...], entry: Path | None) -> int:
    """Ask about an entry, and print the answer: nozzle ask [@STEP] "why did the loss go up?"

    @STEP asks the agent that has seen the entry as it was at that step (what 'nozzle log' shows, any name git knows, or
    the digest of a cell), and nothing of what came after. Without a model ('model' in the settings), the answer is
    found in the journal by search or read off the code, and says so. How the work is doing is told as 'nozzle how'
    tells it, and no model is asked. Exits with 1 when the model gave no answer, with 3 when its key or its package is
    missing. To keep question and answer, write a paragraph '/ask ...' in the entry instead.
    """
    from nozzle.errors import WrongCommand
    from nozzle.explainer import asks_how
    from nozzle.words.how import told
    from nozzle.words.journal import journal

    at = words[0].removeprefix("@") if words[0].startswith("@") else ""
    question = " ".join(words[1:] if at else words).strip()
    if not question:
        raise WrongCommand('what is to be asked? nozzle ask [@STEP] "..."')
    with journal(entry) as here:
        if not at and asks_how(question):
            said, status = told(here, entry)
            click.echo(said)
            return status
        text, rel = text_at(here, entry, at)
        found = answer(here, text, rel, question)
        for line in plain(found):
            click.echo(line)
    return found.status


def answer(here: Journal, entry: Entry, rel: str, question: str, talk: Sequence[Mapping[str, str]] = ()) -> Saying:
    """An answer about an entry as it stands in this text, after what was said in a talk so far; without secrets."""
    said = _answer(here, entry, rel, question, talk)
    return replace(said, text=here.redact(said.text), folded=here.redact(said.folded))


def _answer(here: Journal, entry: Entry, rel: str, question: str, talk: Sequence[Mapping[str, str]]) -> Saying:
    from nozzle.agents.forms import ANSWER, Given, labelled
    from nozzle.agents.questions import known
    from nozzle.explainer import Found
    from nozzle.explainer import answer as found_answer
    from nozzle.explainer.links import checked
    from nozzle.lm import Stop
    from nozzle.words.company import crew_of

    crew = crew_of(here, lambda work: work())
    past = here.ledger(here.warn).past
    said = found_answer(question, Found(entry, crew.recall.search, lambda cell: past.last(rel, cell), rel))
    if crew.model is None:
        return said
    given = Given(question=question, facts=known(said))
    spoken = [{**each, "content": here.redact(each["content"])} for each in talk]
    there = (here.root / rel).parent
    evidence = crew.evidence(entry, there)
    heard: list[str] = []

    def hear(piece: str) -> None:
        heard.append(piece)
        _stream(piece)

    shared = [*crew.shared(entry, len(entry.rows)), *spoken]
    try:
        said = labelled(crew, ANSWER, given, shared, hear, Stop(), evidence)
    except KeyboardInterrupt:
        if heard and not sys.stderr.isatty():  # else they stand there already
            click.echo(here.redact("".join(heard)))
        raise

    def shown(text: str) -> str:
        return _in_words(checked(text, entry, lambda path: (there / path).exists()))

    return replace(said, text=shown(said.text), folded=shown(said.folded))


def _in_words(text: str) -> str:
    """For a terminal: what is not shown is said so in words, and needs no tags."""
    return text.replace('<span class="unshown">', "").replace("</span>", "")


def _stream(piece: str) -> None:
    if sys.stderr.isatty():
        click.echo(piece, nl=False, err=True)


def plain(said: Saying) -> list[str]:
    """An answer for a terminal: without folds."""
    label = {"search": "found by search, no model was asked", "facts": "from the code and the steps"}.get(
        said.via, said.via
    )
    rest = ["", *said.folded.split("\n")] if said.folded.strip() else []
    return [*said.text.split("\n"), *rest, "", click.style(f"({label})", dim=True)]


def text_at(here: Journal, path: Path | None, at: str) -> tuple[Entry, str]:
    """The entry that is meant, as it is on disk or as it was at a step."""
    from nozzle.document.entry import Entry
    from nozzle.errors import WrongCommand

    if not at:
        chosen = here.entries([path])[0] if path else newest(here)
        return here.read(chosen), here.rel(chosen)
    step = here.steps.resolve(at)
    rel = here.rel(path) if path else step.entry
    text = here.steps.text(step, rel) if rel else None
    if text is None:
        raise WrongCommand(f"step {at} holds no {rel or 'entry'}; name one with --entry")
    return Entry(text.decode("utf-8", "replace")), rel


def newest(here: Journal) -> Path:
    """The entry that was saved last."""
    from nozzle.errors import WrongCommand

    entries = here.entries()
    if not entries:
        raise WrongCommand("no entries here yet; 'nozzle new TITLE' starts one")
    return max(entries, key=lambda path: path.stat().st_mtime)
