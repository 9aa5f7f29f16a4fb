"""A task is done on a thread of its own while the author goes on; what came of it is brought back by one tick."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nozzle.agents import Seat
from nozzle.document.entry import Entry
from nozzle.lm import Scripted
from nozzle.words.beside import Threads, beside
from tests.agents.conftest import fence
from tests.conftest import Workshop
from tests.loop.conftest import Watched
from tests.words.conftest import cell

DATA = cell("#| label: data\nx = [1, 2, 3]")
SUM = fence("#| label: total\ntotal = sum(x)\nwrite('_out/total.txt', str(total))\nprint(total)", "Add.")


class Doer:
    """A model whose replies depend on what stands in the text, so that it may be asked by any thread."""

    def __init__(self, *replies: str) -> None:
        self.replies = replies
        self.model = Scripted(self._reply)

    def _reply(self, messages: object) -> str:
        said = sum(row["role"] == "assistant" for row in messages)  # type: ignore[attr-defined]
        return self.replies[min(said, len(self.replies) - 1)]


@pytest.fixture
def threads(workshop: Workshop, request: pytest.FixtureRequest) -> Iterator[Threads]:
    workshop.here.model = Doer(SUM, fence('final_answer("The sum is 6.")')).model
    workshop.here.settings = workshop.here.settings.model_copy(update={"countdown": 0.0, "settle": 0.05})
    (workshop.root.parent / "home").mkdir(exist_ok=True)
    watched: Watched = request.getfixturevalue("watched")
    with beside(workshop.here, workshop.notices.append, lambda text: None, watched.loop) as found:
        yield found


def begun(watched: Watched, task: str = "/do add them up\n\n") -> Path:
    path = watched.save(DATA)
    watched.until(lambda: "nozzle:output" in path.read_text())
    watched.save(path.read_text() + "\n" + task + cell("print('below')"))
    return path


def done(path: Path) -> bool:
    return any(block.kind == "task" and block.status == "done" for block in Entry(path.read_text()).envelopes)


def test_one_line_stands_under_it_then_the_summary_a_link_and_a_box(threads: Threads, watched: Watched) -> None:
    path = begun(watched)
    watched.until(lambda: done(path), 60)
    text = path.read_text()
    assert "> The sum is 6." in text
    assert "- [ ] merge\n" in text
    assert "below\n```" in text, "the author's cells below did not wait"
    assert "total = sum(x)" not in text, "and his entry is not crowded"
    block = next(block for block in Entry(text).envelopes if block.kind == "task")
    there = path.parent / f"../../{watched.workshop.root.name}.threads" / block.keys["thread"] / "journal" / "entry.md"
    assert f"({there.relative_to(path.parent)})" in text
    assert "total = sum(x)" in there.read_text()


def test_ticking_merge_brings_back_what_was_written_and_the_files(threads: Threads, watched: Watched) -> None:
    path = begun(watched)
    watched.until(lambda: done(path), 60)
    watched.quiet()
    watched.save(path.read_text().replace("- [ ] merge", "- [x] merge"))
    watched.until(lambda: "total = sum(x)" in path.read_text(), 60)
    watched.quiet()
    text = path.read_text()
    assert "> The sum is 6." in text
    assert "merge" not in text
    assert "status=error" not in text
    assert (path.parent / "_out" / "total.txt").read_text() == "6"
    steps = [step for step in watched.workshop.here.steps.history() if step.trailers.get("Merged")]
    assert len(steps) == 1


def test_stop_here_stops_it_there(threads: Threads, watched: Watched) -> None:
    """What waits for an answer waits no more."""
    threads.here.model = Doer(fence("import requests")).model
    path = begun(watched)
    watched.until(lambda: "waits for you" in path.read_text(), 60)
    assert "`import requests` waits for you" in path.read_text()
    watched.quiet()
    watched.save(path.read_text() + "\n/stop\n\n")
    watched.until(lambda: "you stopped it" in path.read_text(), 60)


def test_a_watch_that_starts_anew_goes_on_with_it(workshop: Workshop, threads: Threads, watched: Watched) -> None:
    path = begun(watched)
    watched.until(lambda: "a thread of its own" in path.read_text())
    desk = watched.loop.desks[path]
    assert isinstance(desk.beside, Seat)
    desk.beside.errands.under_way.clear()
    desk.beside.errands._next = 0.0
    watched.ask(lambda loop: desk.tick(0.0))
    assert desk.beside.errands.under_way or done(path)
    watched.until(lambda: done(path), 60)


def test_a_merge_that_came_ticked_brings_nothing(threads: Threads, watched: Watched) -> None:
    path = begun(watched)
    watched.until(lambda: done(path), 60)
    watched.quiet()
    text = path.read_text()
    elsewhere = watched.workshop.root.parent / "elsewhere"
    watched.git("worktree", "add", "-q", "-b", "elsewhere", str(elsewhere))
    (elsewhere / "journal" / "entry.md").write_text(text.replace("- [ ] merge", "- [x] merge"))
    watched.git("-C", str(elsewhere), "commit", "-qam", "ticked by somebody")
    watched.git("merge", "-q", "--ff-only", "elsewhere")
    watched.quiet()
    assert "- [x] merge" in path.read_text()
    assert "total = sum(x)" not in path.read_text()
