"""One watch looks after all threads of a journal; a fork of it has its states from live memory."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nozzle.control import Reply
from nozzle.document.events import Replaying
from nozzle.loop import Called
from nozzle.words.beside import Threads, beside
from tests.conftest import Workshop
from tests.loop.conftest import Watched
from tests.words.conftest import cell, git


@pytest.fixture
def threads(watched: Watched, workshop: Workshop) -> Iterator[Threads]:
    with beside(workshop.here, workshop.notices.append, lambda text: None, watched.loop) as found:
        yield found


def begin(watched: Watched, threads: Threads, folder: Path) -> list[str]:
    """What the watch says to somebody who has forked a thread."""
    reply = Reply()
    watched.loop.messages.put(Called(lambda loop: threads.begin(folder, reply)))
    said = []
    while (line := reply._lines.get(timeout=60)) is not None:
        said += [str(line["say"])] if "say" in line else []
    return said


def until(look: object, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not look():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.03)


def test_a_fork_goes_on_from_live_memory_while_the_first_goes_on(
    watched: Watched, workshop: Workshop, threads: Threads
) -> None:
    assert watched.loop.tools.snapshots is not None
    watched.loop.tools.snapshots.policy = "always"
    path = watched.save(cell("x = [1]; ran = open('runs', 'a').write('.')") + "\n" + cell("x.append(2); print(x)"))
    watched.until(lambda: "[1, 2]" in path.read_text())
    watched.quiet()
    thread = workshop.here.steps.fork(workshop.here.steps.resolve("HEAD"), "side")
    said = begin(watched, threads, thread.folder)
    if said == ["ready"]:  # it was seen coming, before it had its branch
        pytest.skip("this watch was quicker than who forked")
    if "no state" in said[0]:
        pytest.skip("this system refuses user namespaces")
    assert said[0] == "ready: the states of 2 of 2 cells are there, from live memory"
    there = thread.folder / "journal" / "entry.md"
    there.write_text(there.read_text() + "\n" + cell("x.append(3); print(x)"))
    path.write_text(path.read_text() + "\n" + cell("x.append(9); print(x)"))
    watched.until(lambda: "[1, 2, 3]" in there.read_text() and "[1, 2, 9]" in path.read_text())
    assert not [notice for notice in workshop.notices if isinstance(notice.event, Replaying)]
    assert (workshop.root / "journal" / "runs").read_text() == "."
    until(lambda: git(thread.folder, "status", "--porcelain") == "")
    assert git(thread.folder, "branch", "--show-current") == "side"


def test_threads_that_are_there_already_are_looked_after(watched: Watched, workshop: Workshop) -> None:
    path = watched.save(cell("print(1)"))
    watched.until(lambda: "```text\n1" in path.read_text())
    watched.quiet()
    thread = workshop.here.steps.fork(workshop.here.steps.resolve("HEAD"), "side")
    with beside(workshop.here, workshop.notices.append, lambda text: None, watched.loop) as threads:
        until(lambda: thread.folder in threads.loops)
        there = thread.folder / "journal" / "entry.md"
        until(lambda: threads.loops[thread.folder].desks)
        there.write_text(there.read_text().replace("print(1)", "print(2)"))
        until(lambda: "```text\n2" in there.read_text())
    assert threads.loops == {}
    assert any(notice.entry == "side:journal/entry.md" for notice in workshop.notices)


def test_where_no_state_is_kept_that_is_said(watched: Watched, workshop: Workshop, threads: Threads) -> None:
    assert watched.loop.tools.snapshots is not None
    watched.loop.tools.snapshots.policy = "never"
    path = watched.save(cell("print(1)"))
    watched.until(lambda: "```text\n1" in path.read_text())
    watched.quiet()
    thread = workshop.here.steps.fork(workshop.here.steps.resolve("HEAD"), "side")
    (said,) = begin(watched, threads, thread.folder)[:1]
    assert said == "ready: no state is in live memory; cells above run again for the first that needs them"


def test_what_each_is_doing_is_told(watched: Watched, workshop: Workshop) -> None:
    from nozzle.words.hush import Hush
    from nozzle.words.requests import doing
    from nozzle.words.voice import Ears

    assert watched.loop.tools.snapshots is not None
    watched.loop.tools.snapshots.policy = "auto"
    path = watched.save(cell("import time; time.sleep(0.2); print(1)") + "\n" + cell("1/0") + "\n" + cell("2"))
    watched.until(lambda: "ZeroDivisionError" in path.read_text())
    watched.quiet()
    reply = Reply()
    watched.ask(lambda loop: doing(loop, Ears(Hush(workshop.here.redact)), {}, reply))
    said = reply._lines.get(timeout=60)
    assert said is not None
    assert said["doing"] == ["journal/entry.md: 1 cell due"]
    assert [row["saves"] > 0.1 for row in said["kept"]][:1] == [True]


def test_a_worktree_that_is_moved_or_made_by_hand_is_looked_after_where_it_is(
    watched: Watched, workshop: Workshop
) -> None:
    path = watched.save(cell("print(1)"))
    watched.until(lambda: "```text\n1" in path.read_text())
    watched.quiet()
    steps, said = workshop.here.steps, list[str]()
    old = steps.fork(steps.resolve("HEAD"), "side").folder
    moved, seen = old.with_name("moved"), old.with_name("seen")
    with beside(workshop.here, workshop.notices.append, said.append, watched.loop) as threads:
        until(lambda: old in threads.loops and threads.loops[old].desks)
        git(workshop.root, "worktree", "move", str(old), str(moved))
        git(workshop.root, "worktree", "add", "-q", "--detach", str(seen))
        for folder in (moved, seen):
            until(lambda folder=folder: folder in threads.loops and threads.loops[folder].desks)
            there = folder / "journal" / "entry.md"
            there.write_text(there.read_text().replace("print(1)", "print(2)"))
            until(lambda there=there: "```text\n2" in there.read_text())
        assert set(threads.loops) == {moved, seen}
    assert sorted(said) == [
        f"thread seen: watched too, in {seen}",
        f"thread side: moved, and watched in {moved} from now on",
    ]
    assert not old.exists()
    assert git(moved, "branch", "--show-current") == "side"
