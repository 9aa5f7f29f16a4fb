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
        path = self._folder(name) / rel
        return self.here.read(path) if path.is_file() else None

    def live(self, name: str, rel: str) -> Live | None:
        from nozzle.explainer import Live

        loop = self.here.beside.loops.get(self._folder(name)) if self.here.beside is not None else None
        desks = list(loop.desks.values()) if loop is not None else []
        run = next((desk.run for desk in desks if desk.rel == rel), None)
        return Live(run.cell, loop.clock() - run.began, run.printed) if loop is not None and run is not None else None

    def link(self, name: str, rel: str) -> str:
        from urllib.parse import quote

        path = os.path.relpath(self._folder(name) / rel, (self.here.root / rel).parent)
        return quote(path.replace(os.sep, "/"))

    def merge(self, name: str, rel: str) -> Brought:
        from nozzle.agents.crew import Brought
        from nozzle.document.entry import Entry
        from nozzle.errors import Refused
        from nozzle.words.bring import pictures
        from nozzle.words.merge import outputs_aside

        steps = self.here.steps
        other = steps.resolve(name)
        text = steps.text(other, rel)
        if text is None:
            raise Refused(f"{name} does not hold {rel} any more")
        files = steps.merged_files(other, outputs_aside(self.here, steps.thread().head, other))
        files |= pictures(self.here, rel, text, other.sha)
        steps.put_files(files, other.sha)
        self.here.bring_traces(name)
        return Brought(Entry(text.decode("utf-8", "replace")), tuple(sorted(files)), other.sha)

    def _folder(self, name: str) -> Path:
        return self.here.steps.home() / name


def _answer(loop: Loop, said: Told) -> None:
    from nozzle.agents import Seat

    for desk in loop.desks.values():
        if isinstance(desk.beside, Seat) and any(name.startswith(said.task) for name in desk.beside.tasks.active):
            desk.beside.tasks.told(said)


def _stop(loop: Loop) -> None:
    for desk in loop.desks.values():
        desk.stop()
