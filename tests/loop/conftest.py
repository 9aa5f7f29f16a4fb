"""A watch at work: the real loop in a thread, the real watcher, an author who saves and runs git."""

import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from nozzle.document.entry import Entry
from nozzle.loop import Called, Loop, Message, Quit
from nozzle.words.watch import watching
from tests.conftest import Workshop


@dataclass
class Reply:
    """What `nozzle answer` is told."""

    lines: list[Mapping[str, Any]] = field(default_factory=list)
    status: int = -1

    def __call__(self, line: Mapping[str, Any]) -> None:
        self.lines.append(line)

    def end(self, status: int = 0) -> None:
        self.status = status


@dataclass
class Watched:
    """A journal that a loop looks after."""

    workshop: Workshop
    loop: Loop
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self.loop.run, daemon=True)

    def git(self, *words: str) -> str:
        who = ("-c", "user.name=Ann", "-c", "user.email=ann@x.org")
        done = subprocess.run(["git", *who, *words], cwd=self.workshop.root, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def save(self, text: str, name: str = "journal/entry.md") -> Path:
        return self.workshop.write(text, name)

    def read(self, name: str = "journal/entry.md") -> str:
        return (self.workshop.root / name).read_bytes().decode()

    def told(self, kind: str) -> list[str]:
        return [notice.text for notice in list(self.workshop.notices) if notice.kind == kind]

    def until(self, true: Callable[[], object], seconds: float = 60.0) -> None:
        """Wait for a condition, and fail when it does not come."""
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, f"{self.workshop.notices[-6:]}"
            assert self.thread.is_alive(), "the loop has ended"
            time.sleep(0.03)

    def ask(self, question: Callable[[Loop], object]) -> object:
        """Have the loop's own thread answer."""
        answers: queue.SimpleQueue[object] = queue.SimpleQueue()
        self.loop.messages.put(Called(lambda loop: answers.put(question(loop))))
        return answers.get(timeout=60)

    def quiet(self) -> None:
        """Wait until nothing runs, waits, or is to be looked at, for longer than a save takes to be noticed."""
        settle = self.workshop.here.settings.settle + 0.2
        calm = time.monotonic()
        end = calm + 90
        while time.monotonic() - calm < settle:
            if not self.ask(lambda loop: loop.idle()):
                calm = time.monotonic()
            assert time.monotonic() < end, "the loop does not come to rest"
            time.sleep(0.02)


@pytest.fixture
def watched(workshop: Workshop) -> Iterator[Watched]:
    messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
    loop = Loop(workshop.here.tools(workshop.notices.append, messages.put), messages)
    here = Watched(workshop, loop)
    with watching(loop, workshop.here):
        here.thread.start()
        try:
            yield here
        finally:
            messages.put(Quit())
            here.thread.join(60)
            loop.close()
    assert not here.thread.is_alive()


def outputs(text: str) -> list[str]:
    """The chains that outputs of a text answer."""
    return [block.of for block in Entry(text).envelopes if block.kind == "output"]


def cells(*sources: str) -> str:
    return "# Title\n\n" + "\n".join(
        f"Words {n}.\n\n```{{code-cell}} python\n{s}\n```\n" for n, s in enumerate(sources)
    )
