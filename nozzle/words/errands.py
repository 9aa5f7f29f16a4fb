"""The threads of tasks, as the agents reach them: forked from here, done by a loop beside, merged back."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nozzle.agents.crew import Brought, Told
    from nozzle.document.entry import Entry
    from nozzle.explainer import Live
    from nozzle.loop import Loop
    from nozzle.steps import Step
    from nozzle.words.journal import Journal

TRIES = 20


@dataclass(frozen=True, slots=True)
class Errands:
    here: Journal

    def fork(self, name: str) -> str:
        """A thread at the newest step; numbered when one of that name is there."""
        from nozzle.errors import Refused, WrongCommand

        step = self.here.steps.resolve("HEAD")
        for each in (name, *(f"{name}-{number}" for number in range(2, TRIES))):
            try:
                return self.here.fork(step, each).name
            except (Refused, WrongCommand) as error:
                refused = error
        raise refused

    def begin(self, name: str) -> None:
        if self.here.beside is not None:
            self.here.beside.begin(self._folder(name), None)

    def stop(self, name: str) -> None:
        self._call(name, _stop)

    def answer(self, name: str, said: Told) -> None:
        self._call(name, lambda loop: _answer(loop, said))

    def _call(self, name: str, work: Callable[[Loop], None]) -> None:
        """Have the loop of a thread do this, if one looks after it."""
        from nozzle.loop import Called

        loop = self.here.beside.loops.get(self._folder(name)) if self.here.beside is not None else None
        if loop is not None:
            loop.messages.put(Called(work))

    def text(self, name: str, rel: str) -> Entry | None:
        return self._found(name, rel)[1]

    def live(self, name: str, rel: str) -> Live | None:
        from nozzle.explainer import Live

        folder = self._folder(name)
        rel = self._found(name, rel)[0].relative_to(folder).as_posix()
        loop = self.here.beside.loops.get(folder) if self.here.beside is not None else None
        desks = list(loop.desks.values()) if loop is not None else []
        run = next((desk.run for desk in desks if desk.rel == rel), None)
        return Live(run.cell, loop.clock() - run.began, run.printed) if loop is not None and run is not None else None

    def link(self, name: str, rel: str) -> str:
        from urllib.parse import quote

        path = os.path.relpath(self._found(name, rel)[0], (self.here.root / rel).parent)
        return quote(path.replace(os.sep, "/"))

    def merge(self, name: str, rel: str) -> Brought:
        from nozzle.agents.crew import Brought
        from nozzle.document.entry import Entry
        from nozzle.words.bring import pictures
        from nozzle.words.merge import outputs_aside

        steps = self.here.steps
        other = steps.resolve(name)
        there, text = self._in_step(name, rel, other)
        files = steps.merged_files(other, outputs_aside(self.here, steps.thread().head, other))
        files |= pictures(self.here, rel, text, other.sha, there)
        steps.put_files(files, other.sha)
        self.here.bring_traces(name)
        return Brought(Entry(text.decode("utf-8", "replace")), tuple(sorted(files)), other.sha, there)

    def _folder(self, name: str) -> Path:
        """Where a thread is: in its own folder, or where that was moved."""
        folder = self.here.steps.home() / name
        if folder.is_dir():
            return folder
        moved = (each.thread.folder for each in self.here.steps.worktrees() if each.thread.name == name)
        return next(moved, folder)

    def _found(self, name: str, rel: str) -> tuple[Path, Entry | None]:
        """The entry on the thread of a task, and where: it may have been renamed since, here or there."""
        folder = self._folder(name)
        path = folder / rel
        entry = self.here.read(path) if path.is_file() else None
        if entry is not None and _holds(name, entry):
            return path, entry
        others = self.here.readable(self.here.settings.entries_in(folder))
        return next(((other, text) for other, text in others if _holds(name, text)), (path, entry))

    def _in_step(self, name: str, rel: str, step: Step) -> tuple[str, bytes]:
        """The same in a step: how the entry is called there, and its text."""
        from nozzle.document.entry import Entry
        from nozzle.errors import Refused

        def holds(text: bytes) -> bool:
            return _holds(name, Entry(text.decode("utf-8", "replace")))

        same = self.here.steps.text(step, rel)
        if same is not None and holds(same):
            return rel, same
        others = self.here.steps.files_at(step, self.here.settings.is_entry)
        there = next(((path, text) for path, text in others if holds(text)), None)
        if there is None:
            raise Refused(f"no entry on {name} holds this task any more; 'nozzle merge {name}' brings what is there")
        return there


def task_of(here: Journal) -> str:
    """How the name of the task begins for which the thread of this journal was made; empty when for none."""
    from nozzle.document.errand import of_thread

    name = here.steps.thread().name or here.root.name  # its folder may have been moved
    return of_thread(name) if here.root != here.steps.worktrees()[0].thread.folder else ""


def _holds(name: str, entry: Entry) -> bool:
    """Whether the task whose thread is called so stands in a text."""
    from nozzle.document.errand import of_thread
    from nozzle.document.prompts import prompts

    task = of_thread(name)
    return bool(task) and any(each.digest.startswith(task) for each in prompts(entry))


def _answer(loop: Loop, said: Told) -> None:
    from nozzle.agents import Seat

    for desk in loop.desks.values():
        if isinstance(desk.beside, Seat) and any(name.startswith(said.task) for name in desk.beside.tasks.active):
            desk.beside.tasks.told(said)


def _stop(loop: Loop) -> None:
    for desk in loop.desks.values():
        desk.stop()
