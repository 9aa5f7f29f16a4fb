"""nozzle ask: a question to the journal, or to the agent of any past step; nothing is written."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nozzle.agents import Crew
    from nozzle.document.entry import Entry
    from nozzle.document.spoken import Saying
    from nozzle.explainer import Found
    from nozzle.steps import Step
    from nozzle.words.journal import Journal


@dataclass(frozen=True, slots=True)
class About:
    """An entry that is asked about."""

    entry: Entry
    rel: str
    at: Step | None = None
    """The step at which it stood so, where one was named: whoever answers knows nothing of what came after."""


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
    if words[0] == "@":
        raise WrongCommand('@ names no step: nozzle ask @STEP "...", without a space between')
    question = " ".join(words[1:] if at else words).strip()
    if not question:
        raise WrongCommand('what is to be asked? nozzle ask [@STEP] "..."')
    with journal(entry) as here:
        if not at and asks_how(question):
            said, status = told(here, entry)
            click.echo(said)
            return status
        found = answer(here, text_at(here, entry, at), question)
        for line in plain(found):
            click.echo(line)
    return found.status


def answer(here: Journal, about: About, question: str, talk: Sequence[Mapping[str, str]] = ()) -> Saying:
    """An answer about an entry as it stands in this text, after what was said in a talk so far; without secrets."""
    from nozzle.explainer import answer as found_answer
    from nozzle.words.company import crew_of

    with _known(here, about, crew_of(here, lambda work: work())) as (crew, found):
        said = found_answer(question, found)
        if crew.model is not None:
            said = _by_model(here, about, crew, question, talk, said)
    return replace(said, text=here.redact(said.text), folded=here.redact(said.folded))


@contextmanager
def _known(here: Journal, about: About, crew: Crew) -> Iterator[tuple[Crew, Found]]:
    """Who answers and what they may look up: the journal as it is now, or as it stood at the step."""
    from tempfile import TemporaryDirectory

    from nozzle.explainer import Found
    from nozzle.words.company import recall_at

    past = here.ledger(here.warn).past
    if about.at is None:
        yield crew, Found(about.entry, crew.recall.search, lambda cell: past.last(about.rel, cell), about.rel)
        return
    at = about.at
    with TemporaryDirectory() as folder:
        then = replace(crew, recall=recall_at(here, at, Path(folder)))
        yield then, Found(about.entry, then.recall.search, lambda cell: past.then(about.rel, cell, at), about.rel)


def _by_model(
    here: Journal, about: About, crew: Crew, question: str, talk: Sequence[Mapping[str, str]], found: Saying
) -> Saying:
    from nozzle.agents.forms import ANSWER, Given, labelled
    from nozzle.agents.questions import known
    from nozzle.explainer.links import checked
    from nozzle.lm import Stop

    entry, there = about.entry, _there(here, about)
    given = Given(question=question, facts=known(found))
    spoken = [{**each, "content": here.redact(each["content"])} for each in talk]
    evidence = replace(crew.evidence(entry, (here.root / about.rel).parent), there=there)
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
        return _in_words(checked(text, entry, there))

    return replace(said, text=shown(said.text), folded=shown(said.folded))


def _there(here: Journal, about: About) -> Callable[[str], bool]:
    """Whether a file is there, or was at the step, by its path from the entry or the root."""
    import os.path

    folder, at = os.path.dirname(about.rel), about.at

    def there(path: str) -> bool:
        names = {os.path.normpath(os.path.join(folder, path)), os.path.normpath(path)}
        return any((here.root / name).exists() if at is None else here.steps.blob(at.sha, name) for name in names)

    return there


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


def text_at(here: Journal, path: Path | None, at: str) -> About:
    """The entry that is meant, as it is on disk or as it was at a step."""
    from nozzle.document.entry import Entry
    from nozzle.errors import WrongCommand

    if not at:
        chosen = here.entries([path])[0] if path else newest(here)
        return About(here.read(chosen), here.rel(chosen))
    step = here.steps.resolve(at)
    rel = here.rel(path) if path else step.entry
    text = here.steps.text(step, rel) if rel else None
    if text is None:
        raise WrongCommand(f"step {at} holds no {rel or 'entry'}; name one with --entry")
    return About(Entry(text.decode("utf-8", "replace")), rel, step)


def newest(here: Journal) -> Path:
    """The entry that was saved last."""
    from nozzle.errors import WrongCommand

    entries = here.entries()
    if not entries:
        raise WrongCommand("no entries here yet; 'nozzle new TITLE' starts one")
    return max(entries, key=lambda path: path.stat().st_mtime)
