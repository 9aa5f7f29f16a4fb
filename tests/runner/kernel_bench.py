"""A session and the cells run in it, for tests to read as sentences."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from nozzle.document.events import Error, Event, Finished, Stream
from nozzle.runner import Job, Session

T = TypeVar("T")


class Bench:
    """A session and the cells that were run in it, one below the other."""

    def __init__(self, session: Session, folder: Path) -> None:
        self.session = session
        self.folder = folder
        self.jobs: list[Job] = []
        self.events: list[Event] = []

    def add(self, source: str, **options: object) -> list[Job]:
        """One more cell below the others."""
        above = self.jobs[-1].cell if self.jobs else ""
        job = Job(sha256(f"{above} {source}".encode()).hexdigest(), source)
        self.jobs.append(replace(job, **options))  # type: ignore[arg-type]
        return self.jobs

    def delete(self, index: int) -> None:
        """Take a cell out of the text: all below it stand on another chain."""
        below, self.jobs = self.jobs[index + 1 :], self.jobs[:index]
        for job in below:
            self.add(job.source, language=job.language)

    def start(self, source: str, **options: object) -> Iterator[Event]:
        """One more cell, event by event."""
        return self.session.run(self.add(source, **options))

    def run(self, source: str, **options: object) -> Finished:
        """One more cell, to its end."""
        self.events = list(self.start(source, **options))
        return self.finished

    def again(self) -> Finished:
        """The last cell, as often as one likes."""
        self.events = list(self.session.run(self.jobs))
        return self.finished

    @property
    def finished(self) -> Finished:
        (finished,) = [event for event in self.events if isinstance(event, Finished)]
        assert self.events[-1] is finished
        return finished

    @property
    def error(self) -> Error:
        (error,) = self.of(Error)
        return error

    def of(self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def stdout(self) -> str:
        return self.printed("stdout")

    @property
    def stderr(self) -> str:
        return self.printed("stderr")

    def printed(self, name: str) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Stream) and event.name == name)


def until(look: Callable[[], T]) -> T:
    """What it says as soon as it says something."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if said := look():
            return said
        time.sleep(0.01)
    raise AssertionError("it never said anything")
