"""The agents of a journal, wired: which model, whose questions, what the steps know."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nozzle.agents import Crew
    from nozzle.beside import Beside
    from nozzle.desk import Desk
    from nozzle.document.entry import Cell, Entry
    from nozzle.document.risk import Ground
    from nozzle.explainer import Recall
    from nozzle.lm import Model, Tracer
    from nozzle.steps import Step
    from nozzle.words.journal import Journal

PROJECT = (
    ("uv.lock", "uv.lock: use `uv run` and `uv add`"),
    ("poetry.lock", "poetry.lock: use `poetry run`"),
    ("pixi.lock", "pixi.lock: use `pixi run`"),
    ("requirements.txt", "requirements.txt names what is installed"),
    ("pyproject.toml", "pyproject.toml: read it before you add a dependency or choose how to test"),
    (".venv", ".venv holds its Python, and cells run in it"),
    ("Makefile", "Makefile: look at its targets before you write a command of your own"),
    ("justfile", "justfile: look at its recipes first"),
    ("package.json", "package.json: look at its scripts first"),
    ("Cargo.toml", "Cargo.toml: use cargo"),
    ("Dockerfile", "Dockerfile says how it is deployed"),
)
"""What lies at the root, and what that says."""
SEEN = ("kept", "edited")
"""Answers to a proposal that are given before its code."""
STEPS = 40
"""How many steps back the last good run of a cell is looked for."""


def company(here: Journal, call: Callable[[Callable[[], None]], None]) -> Callable[[Desk], Beside]:
    """Who sits beside each desk of this journal."""
    from nozzle.agents import Conducted
    from nozzle.agents.conductor import Memory

    crew = crew_of(here, call)
    memory = Memory(
        lambda rel, digest: told(here, rel, digest),
        lambda rel, what: alike(here, rel, what),
        lambda rel: today(here, rel),
    )
    return lambda desk: Conducted(desk, crew, memory=memory)


def told(here: Journal, rel: str, digest: str) -> bool:
    """Whether something was said to a paragraph in any step of an entry: also what the author has deleted since."""
    return any(step.trailers.get("Remark") == digest for step in here.steps.history(rel, cell=digest))


def alike(here: Journal, rel: str, what: str) -> frozenset[str]:
    """The paragraphs that the same remark was ever made to, as the steps say."""
    steps = here.steps.history(rel, says="Remark-What")
    return frozenset(step.trailers.get("Remark", "") for step in steps if step.trailers.get("Remark-What") == what)


def today(here: Journal, rel: str, now: datetime.datetime | None = None) -> frozenset[str]:
    """The paragraphs that something was said to since midnight (of now's day), as the steps say."""
    found = set()
    begins = (now or datetime.datetime.now()).astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    for step in here.steps.history(rel):
        if step.when < begins:
            break
        found.add(step.trailers.get("Remark", ""))
    return frozenset(found - {""})


def crew_of(here: Journal, call: Callable[[Callable[[], None]], None]) -> Crew:
    from nozzle.agents import Crew
    from nozzle.lm import Prompts
    from nozzle.words.errands import Errands, task_of
    from nozzle.words.origin import answered, by_git

    chosen = here.model if here.model is not None else model(here)
    return Crew(
        settings=here.settings,
        recall=recall(here),
        call=call,
        green=lambda rel, cell, entry: green(here, rel, cell, entry),
        own=lambda rel, entry: own(here, rel, entry),
        answered=lambda rel, entry, before: answered(here, entry, before, rel),
        by_git=lambda rel, entry: by_git(here, entry, rel),
        model=chosen,
        prompts=Prompts(
            here.root / "prompts" if here.owns("prompts") else None, here.labelled if chosen else nothing, here.redact
        ),
        tracer=tracer(here, chosen is not None),
        redact=here.redact,
        ground=lambda rel: ground(here, rel),
        let=lambda rel: let(here, rel),
        threads=lambda: Errands(here) if here.beside is not None and chosen is not None else None,
        only=task_of(here),
        undrawn=undrawn,
        project=project(here),
    )


def tracer(here: Journal, asks: bool) -> Tracer:
    """What writes down each call, and sends it on where the environment says so."""
    from nozzle.lm import Tracer

    sends = here.exporter if asks else None
    return Tracer(here.traces, here.redact, sends, sends.ready) if sends else Tracer(here.traces, here.redact)


def undrawn(source: str) -> str:
    """Why a Mermaid diagram is not drawn; empty when it is."""
    from nozzle.publish.flow import undrawn

    return undrawn(source)


def nothing(name: str) -> str:
    return ""


def kept(here: Journal) -> Callable[[str], str]:
    """Instructions from Langfuse, where the settings name a label; fetched meanwhile, and only once."""
    from nozzle.lm import Fetched

    label = here.settings.prompt_label
    return Fetched(label, warn=here.warn) if label else nothing


def ground(here: Journal, rel: str) -> Ground:
    """Where an agent's cell of this entry would run: what the system keeps it to, and what git could not give back."""
    from nozzle.document.risk import Ground
    from nozzle.runner import PRIVATE, possible
    from nozzle.settings import MADE

    held, looks = possible(here.settings.agents_online), here.servers.looks

    def counts(path: str) -> bool:
        parts = path.rstrip("/").split("/")
        safe = parts[0] in PRIVATE or parts[0].startswith(".") or not MADE.isdisjoint(parts)
        return path != rel and not safe and not (here.root / path / "pyvenv.cfg").exists()

    def loses(name: str) -> bool:
        root, path = here.root.resolve(), ((here.root / rel).parent / name).resolve()
        if not path.exists():
            return False
        if not path.is_relative_to(root) or here.steps.other(path.relative_to(root).as_posix()) is not None:
            return True
        return any(path.is_relative_to(root / each) for each in here.steps.unkept())

    folder, root = (here.root / rel).parent.resolve(), here.root.resolve()
    deep = len(folder.relative_to(root).parts) if folder.is_relative_to(root) else 0
    if not (held.files and held.network):
        return Ground(held.label, looks=looks, loses=loses, deep=deep)
    return Ground(held.label, True, tuple(path for path in here.steps.unkept() if counts(path)), looks, loses, deep)


def let(here: Journal, rel: str) -> frozenset[str]:
    """Ids of the agents' cells of an entry that somebody ticked, edited, or gave his word for as they stood."""
    steps = (step.trailers for step in here.steps.history(rel, says="Answer"))
    return frozenset(each.get("Proposal", "") for each in steps if each["Answer"] in SEEN or "Word" in each)


def model(here: Journal) -> Model | None:
    """The model that the settings name; none when a journal of somebody else's names it."""
    from nozzle.lm import Choice, choose

    settings = here.settings
    if not settings.model:
        return None
    if not here.trusts_settings("model", "model_url", "model_key"):
        here.warn("nozzle.toml names a model and came by git: nothing is sent to it; name it in your own settings.toml")
        return None
    return choose(Choice(settings.model, settings.model_url, lambda: key(settings.model_key)))


def project(here: Journal) -> Callable[[], str]:
    """How the project is run, as its own files say; looked at once, for what both agents are sent must not change."""
    from functools import cache

    @cache
    def words() -> str:
        found = [line for name, line in PROJECT if (here.root / name).exists()]
        return (
            "How this project is run, as its files say:\n" + "\n".join(f"- {line}" for line in found) if found else ""
        )

    return words


def key(name: str) -> str:
    """A key, from the environment or the system's keyring; empty when none is named or found."""
    import os

    if not name:
        return ""
    return os.environ.get(name, "") or _from_keyring(name)


def _from_keyring(name: str) -> str:
    from nozzle.keys import secret

    return secret(name)


def recall(here: Journal) -> Recall:
    from nozzle.errors import NozzleError
    from nozzle.explainer import Recall

    def texts() -> dict[str, str]:
        found = {}
        for path in here.entries():
            try:
                found[here.rel(path)] = here.redact(here.read(path).text)
            except NozzleError:
                continue  # an entry that cannot be read is said elsewhere
        return found

    def steps() -> Iterator[tuple[str, str]]:
        return ((step.sha, step.title) for step in here.steps.history(limit=2000))

    return Recall(here.root / ".nozzle" / "recall.db", texts, steps)


def recall_at(here: Journal, at: Step, folder: Path) -> Recall:
    """The journal as it stood at a step; its index is kept in this folder, for nobody else."""
    from nozzle.explainer import Recall

    files = here.steps.files_at(at, here.settings.is_entry)
    texts = {rel: here.redact(data.decode("utf-8", "replace")) for rel, data in files}
    return Recall(folder / "recall.db", lambda: texts, lambda: ())


def own(here: Journal, rel: str, entry: Entry) -> Callable[[str], bool]:
    """Whether a prompt of an entry, by its digest, cannot have come by git from somebody else."""
    from nozzle.words.origin import note_words, unheard

    if here.steps.other(rel) and not here.trust_all:
        return lambda digest: False
    if here.steps.alone():
        note_words(here, entry, rel)
    theirs = unheard(here, entry, rel) if here.may_hold_others() else set()
    return lambda digest: digest not in theirs


def green(here: Journal, rel: str, cell: Cell, entry: Entry) -> tuple[Entry, Cell] | None:
    """The newest text in which a cell ran well: the same code, the same label, or the same place among the cells."""
    from nozzle.document.entry import Entry

    place = [each.span.start for each in entry.cells if each.runs].index(cell.span.start)
    seen: set[Any] = set()
    for step in here.steps.history(rel, limit=STEPS):
        text = here.steps.text(step, rel)
        if text is None or hash(text) in seen:
            continue
        seen.add(hash(text))
        old = Entry(text.decode("utf-8", "replace"))
        if (found := _same_cell(old, entry, cell, place)) is not None:
            return old, found
    return None


def _same_cell(old: Entry, entry: Entry, cell: Cell, place: int) -> Cell | None:
    from nozzle.document.contrast import counterparts

    slots = [slot for slot in old.slots if slot.cell.runs]
    likes = counterparts(old, entry, cell)
    named = [slot for slot in slots if len(likes) == 1 and slot.cell.chain == likes[0].chain]
    same = [slot for slot in slots if slot.cell.digest == cell.digest]
    placed = slots[place : place + 1] if not (named or same) and len(slots) > place else []
    for slot in [*named, *same, *placed]:
        if slot.fresh and slot.output is not None and slot.output.status == "ok":
            return slot.cell
    return None
