"""A thousand saves by editors among nozzle's own writes: no line of the author's is lost, no output is doubled.

The kernel is an instant double here, for speed; the loop, the files, git and the author are real.
"""

import random
import time
from collections.abc import Iterator, Sequence

import pytest

from nozzle.document.entry import Entry
from nozzle.document.events import Event, Finished, Started, Stream
from nozzle.runner import Job
from tests.editors import SYSCALLS

from .conftest import Watched, outputs


class Instant:
    """A session that prints how long its cell is."""

    def __init__(self, *_: object, **__: object) -> None:
        self.at, self.hides, self.held, self.impure, self.asks = "", True, None, "", False

    def run(self, jobs: Sequence[Job]) -> Iterator[Event]:
        yield Started(jobs[-1].cell)
        yield Stream(jobs[-1].cell, "stdout", f"{len(jobs[-1].source)} letters")
        yield Finished(jobs[-1].cell, "ok")

    def used(self) -> float:
        return 0.0

    def interrupt(self, cause: str = "") -> None: ...

    def close(self) -> None: ...

    def answer(self, text: str | None) -> bool:
        return False

    def drain(self) -> list[Event]:
        return []


@pytest.fixture
def instant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nozzle.desk.Session", Instant)


def without_envelopes(text: str) -> str:
    entry = Entry(text)
    gone = {line for block in entry.envelopes for line in range(block.span.start, block.span.stop)}
    return "".join(row for line, row in enumerate(entry.rows) if line not in gone)


@pytest.mark.usefixtures("instant")
@pytest.mark.parametrize("seed", range(4))
def test_no_line_is_lost_and_no_output_doubled(watched: Watched, seed: int) -> None:
    chance, written = random.Random(seed), [f"word-{seed}-0"]
    path = watched.save(f"# Title\n\n{written[0]}\n\n```{{code-cell}} python\na = 0\n```\n")
    buffer = watched.read()
    for number in range(1, 251):
        if chance.random() < 0.6:
            buffer = watched.read() or buffer  # the editor reloads; otherwise it saves a stale buffer
        word = f"word-{seed}-{number}"
        if chance.random() < 0.1:
            buffer = buffer.replace("a = ", f"a = {number % 7} + ", 1)
        added = f"\n```{{code-cell}} python\nb{number} = {number}\n```\n" if chance.random() < 0.05 else ""
        buffer = buffer.rstrip("\n") + f"\n{added}\n{word}\n"
        written.append(word)
        chance.choice(SYSCALLS)(path, buffer.encode())
        time.sleep(chance.choice((0.0, 0.0, 0.002, 0.02, 0.05, 0.4 * chance.random())) if number % 5 == 0 else 0.0)
    time.sleep(2.1)
    watched.until(
        lambda: watched.ask(lambda loop: [desk.sheet.base for desk in loop.desks.values()]) == [path.read_bytes()]
    )
    watched.quiet()
    text = watched.read()
    assert [word for word in written if f"\n{word}\n" not in text] == []
    shown = outputs(text)
    assert len(shown) == len(set(shown))
    rows = watched.ask(lambda loop: [row.do for desk in loop.desks.values() for row in desk.plan()])
    assert set(rows) == {"done"}  # type: ignore[call-overload]
    assert watched.git("status", "--porcelain") == ""


@pytest.mark.usefixtures("instant")
def test_deletions_count_when_they_are_meant(watched: Watched) -> None:
    bare = "# T\n\n```{code-cell} python\na = 1\n```\n\n```{code-cell} python\nb = 2\n```\n"
    watched.save(bare)
    watched.until(lambda: len(outputs(watched.read())) == 2)
    watched.quiet()
    runs = lambda: sum(notice.kind == "started" for notice in list(watched.workshop.notices))  # noqa: E731
    assert runs() == 2
    watched.save(bare + "\nFrom a stale buffer.\n")
    watched.until(lambda: len(outputs(watched.read())) == 2)
    watched.quiet()
    assert runs() == 2, "what was fresh came back without running"
    watched.save(bare + "\nFrom a stale buffer, again.\n")
    watched.until(lambda: runs() == 4)
    watched.until(lambda: len(outputs(watched.read())) == 2)
    watched.quiet()
    entry = Entry(watched.read())
    first = entry.envelopes[0].span
    watched.save("".join(entry.rows[: first.start] + entry.rows[first.stop :]))
    watched.until(lambda: runs() == 5)
    watched.until(lambda: len(outputs(watched.read())) == 2)
