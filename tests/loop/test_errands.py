"""A task is done on a thread of its own while the author goes on; what came of it is brought back by one tick.

Each folder in golden/ is one: before.md, and in said.yaml what the model replies, in order. It leads to three texts:
summary.md, the entry when the task is done; thread.md, the same entry on the thread; after.md, the entry once `merge`
was ticked.
"""

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from nozzle.agents import Seat
from nozzle.agents.errands import Errands
from nozzle.document import errand
from nozzle.document.entry import Entry
from nozzle.document.prompts import prompts
from nozzle.document.risk import Ground
from nozzle.document.spoken import Saying
from nozzle.lm import Scripted
from nozzle.lm.trace import read
from nozzle.loop import Loop, Quit
from nozzle.page import Deed, Done
from nozzle.words.beside import Threads, beside
from nozzle.words.deeds import Doing
from nozzle.words.how import from_text
from tests.agents.conftest import fence
from tests.conftest import Workshop
from tests.loop.conftest import Watched
from tests.loop.test_kept_states import Server, answered
from tests.test_golden import plain
from tests.words.conftest import cell

CASES = sorted(path for path in (Path(__file__).parent / "golden").iterdir() if path.is_dir())
DATA = cell("#| label: data\nx = [1, 2, 3]")
SUM = fence("#| label: total\ntotal = sum(x)\nwrite('_out/total.txt', str(total))\nprint(total)", "Add.")


class Doer:
    """A model whose replies depend on what stands in the text, so that it may be asked by any thread."""

    def __init__(self, *replies: str) -> None:
        self.replies = replies
        self.model = Scripted(self._reply)

    def _reply(self, messages: object) -> str:
        said = sum(
            row["role"] == "assistant" or row["content"].startswith("<attempt")
            for row in messages  # type: ignore[attr-defined]
        )
        return self.replies[min(said, len(self.replies) - 1)]


@pytest.fixture
def threads(workshop: Workshop, request: pytest.FixtureRequest) -> Iterator[Threads]:
    workshop.here.config.mkdir(parents=True, exist_ok=True)
    (workshop.here.config / "settings.toml").write_text("countdown = 0.0\nsettle = 0.05\n")  # of the threads' own loops
    workshop.here.model = Doer(SUM, fence('final_answer("The sum is 6.")')).model
    workshop.here.settings = replace(workshop.here.settings, countdown=0.0, settle=0.05)
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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden(
    case: Path, threads: Threads, watched: Watched, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nozzle.words.company.ground", lambda here, rel: Ground())  # the same words on every system
    watched.workshop.here.model = Doer(*yaml.safe_load((case / "said.yaml").read_text())).model
    path = watched.save((case / "before.md").read_text())
    watched.until(lambda: done(path))
    watched.quiet()
    (there,) = (watched.workshop.root.parent / f"{watched.workshop.root.name}.threads").iterdir()
    found = {"summary.md": plain(path.read_bytes()), "thread.md": plain((there / "journal/entry.md").read_bytes())}
    watched.save(path.read_text().replace("- [ ] merge", "- [x] merge"))
    watched.until(lambda: "merge" not in path.read_text())
    watched.quiet()
    found["after.md"] = plain(path.read_bytes())
    for name, text in found.items():
        if request.config.getoption("--update-golden"):
            (case / name).write_text(text)
        assert text == (case / name).read_text(), name
    watched.save(path.read_text())
    watched.quiet()
    assert plain(path.read_bytes()) == found["after.md"], "and nothing goes on by itself"


def test_one_line_stands_under_it_then_the_summary_a_link_and_a_box(threads: Threads, watched: Watched) -> None:
    path = begun(watched)
    watched.until(lambda: done(path), 60)
    text = path.read_text()
    assert "> The sum is 6." in text
    assert "Made: `journal/_out/total.txt`. To run it again: `nozzle run --again journal/entry.md`." in text
    assert "- [ ] merge\n" in text
    assert "below\n```" in text, "the author's cells below did not wait"
    assert "total = sum(x)" not in text, "and his entry is not crowded"
    block = next(block for block in Entry(text).envelopes if block.kind == "task")
    there = path.parent / f"../../{watched.workshop.root.name}.threads" / block.keys["thread"] / "journal" / "entry.md"
    assert f"({there.relative_to(path.parent)})" in text
    assert "total = sum(x)" in there.read_text()


def test_a_thread_begins_at_what_is_on_disk_and_git_gets_no_older_text_back(watched: Watched) -> None:
    path = watched.save("Words.\n")
    watched.quiet()
    desk, task = watched.loop.desk(path), "\n/do add them up\n\n"
    desk.sheet.base = (path.read_text() + task).encode()  # what it has looked at
    path.write_text(path.read_text() + task + "Written on the page meanwhile.\n")
    desk.tools.ledger.save(desk.rel, path.read_bytes())
    forked: list[bytes | None] = []
    steps = watched.workshop.here.steps
    there = SimpleNamespace(
        fork=lambda name: forked.append(steps.at_head(desk.rel)) or name,  # type: ignore[func-returns-value]
        link=lambda name, rel: name,
        begin=lambda name: None,
    )
    (asked,) = prompts(Entry(path.read_text()))
    crew = SimpleNamespace(threads=lambda: there)
    Errands(desk, crew).begin(asked)  # type: ignore[arg-type]
    assert forked == [path.read_bytes()]


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
    assert ("A", "journal/_out/total.txt") in watched.workshop.here.steps.files(steps[0])


def test_what_a_task_found_elsewhere_is_weighed_anew_where_it_is_merged(threads: Threads, watched: Watched) -> None:
    path = begun(watched)
    watched.until(lambda: done(path), 60)
    watched.quiet()
    watched.save(path.read_text().replace("[1, 2, 3]", "[1, 2, 4]"))
    watched.quiet()
    watched.save(path.read_text().replace("- [ ] merge", "- [x] merge"))
    watched.until(lambda: "The sum is 6. *(shown nowhere here)*" in path.read_text(), 60)


def test_a_task_that_is_edited_while_it_is_done_elsewhere_says_so_also_when_it_is_merged(
    waiting: Path, watched: Watched
) -> None:
    path = waiting
    watched.save(path.read_text().replace("/do ", "/do well: ", 1))
    watched.quiet()
    assert "*Begun before the task was edited" in path.read_text()
    assert watched.ask(lambda loop: _seat(loop, path).answer("", "run")) is True
    watched.until(lambda: done(path), 60)
    assert "*Begun before the task was edited" in path.read_text()
    watched.save(path.read_text().replace("- [ ] merge", "- [x] merge"))
    watched.until(lambda: "merge" not in path.read_text())
    watched.quiet()
    assert path.read_text().count("*Begun before the task was edited") == 1


def test_a_merge_that_cannot_be_is_told_under_the_task_and_its_box_is_clear_again(
    threads: Threads, watched: Watched
) -> None:
    path = begun(watched)
    watched.until(lambda: done(path), 60)
    watched.quiet()
    mine = path.parent / "_out" / "total.txt"
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    why = "journal/_out/total.txt: changed here and in no step yet; save a step first, or move it away"
    for _ in range(2):
        watched.save(path.read_text().replace("- [ ] merge", "- [x] merge"))
        watched.until(lambda: "- [ ] merge" in path.read_text(), 60)
        watched.quiet()
        assert path.read_text().count(f"> **Not merged:** {why}. When that is done, tick merge again.\n") == 1
        assert "> The sum is 6." in path.read_text()
    mine.unlink()
    watched.save(path.read_text().replace("- [ ] merge", "- [x] merge"))
    watched.until(lambda: "total = sum(x)" in path.read_text(), 60)
    assert "Not merged" not in path.read_text()


def test_stop_here_stops_it_there(threads: Threads, watched: Watched) -> None:
    """What waits for an answer waits no more."""
    threads.here.model = Doer(fence("import requests")).model
    path = begun(watched)
    watched.until(lambda: "waits for you" in path.read_text(), 60)
    assert "`import requests` waits for you" in path.read_text()
    watched.quiet()
    watched.save(path.read_text() + "\n/stop\n\n")
    watched.until(lambda: "you stopped it" in path.read_text(), 60)


RAMBLE = "\nlet's add them up, and also check whether the sum is even. Then count them.\n\nWell.\n"


def test_several_tasks_heard_in_a_ramble_and_ticked_become_threads_each_of_its_own(
    threads: Threads, watched: Watched
) -> None:
    """The author ticks two of three; each is a worktree, and what is below does not wait."""
    head = "---\nvoice: conduct\n---\n\n"
    path = watched.save(head + DATA)
    watched.until(lambda: "nozzle:output" in path.read_text())
    watched.quiet()
    watched.save(path.read_text() + RAMBLE)
    watched.until(lambda: "I hear 3 tasks here" in path.read_text(), 60)
    watched.quiet()
    assert "task-" not in watched.git("worktree", "list"), "what is proposed is not assumed"
    two = path.read_text()
    for words in ("let's", "Then"):
        two = two.replace(f"- [ ] run: {words}", f"- [x] run: {words}")
    watched.save(two)
    watched.until(lambda: path.read_text().count("- [ ] merge") == 2, 120)
    names = {block.keys["thread"] for block in errand.forked(Entry(path.read_text())).values()}
    assert len(names) == 2
    assert all(name in watched.git("worktree", "list") for name in names)
    assert "I hear one more task here" in path.read_text()
    assert "total = sum(x)" not in path.read_text(), "the ramble stays what it was"


def test_what_its_model_was_asked_is_told_where_the_author_is(threads: Threads, watched: Watched) -> None:
    """The calls outlive the folder of the thread."""
    path = begun(watched)
    watched.until(lambda: done(path), 60)
    root = watched.workshop.root
    there = root.parent / f"{root.name}.threads"
    assert [span["attributes"]["nozzle.signature"] for span in read(root / ".nozzle" / "traces.jsonl")] == ["do", "do"]
    assert not list(there.glob("*/.nozzle/traces.jsonl"))


def test_what_an_older_nozzle_left_of_calls_in_a_threads_folder_comes_home_when_it_is_merged(
    threads: Threads, watched: Watched
) -> None:
    path = begun(watched)
    watched.until(lambda: done(path), 60)
    root = watched.workshop.root
    home = root / ".nozzle" / "traces.jsonl"
    (there,) = (root.parent / f"{root.name}.threads").iterdir()
    first, last = home.read_bytes().splitlines(keepends=True)
    home.write_bytes(last)
    (there / ".nozzle").mkdir(exist_ok=True)
    (there / ".nozzle" / "traces.jsonl").write_bytes(first)
    path.write_text(path.read_text().replace("- [ ] merge", "- [x] merge"))
    watched.until(lambda: "total = sum(x)" in path.read_text())
    assert not (there / ".nozzle" / "traces.jsonl").exists()
    assert sorted(home.read_bytes().splitlines(keepends=True)) == sorted([first, last])


SLOW = """#| label: count
import time
for number in range(3000):
    print('counted', number, flush=True)
    time.sleep(0.02)"""


def test_how_tells_what_runs_on_the_thread_of_a_task(threads: Threads, watched: Watched) -> None:
    """Asked in the author's entry and on the terminal: the thread, its cell, what that prints."""
    threads.here.model = Doer(fence(SLOW, "Count."), fence('final_answer("Counted.")')).model
    path = begun(watched)

    def how(loop: Loop) -> str:
        return _seat(loop, path).questions.how().text

    watched.until(lambda: "counted " in str(watched.ask(how)), 60)
    said = str(watched.ask(how))
    (block,) = errand.forked(Entry(path.read_text())).values()
    assert "Task `add them up`: On [a thread of its own](" in said
    assert block.keys["thread"] in said
    assert "Running there: `count`, for " in said
    folded = str(watched.ask(lambda loop: _seat(loop, path).questions.how().folded))
    assert "Nothing is due here; on threads of their own go on: `add them up`" in folded
    watched.save(path.read_text() + "\n/stop\n\n")
    watched.until(lambda: "Running there" not in str(watched.ask(how)), 60)


WAITS = "waits for you"
ASKING = fence("import socket\nprint(bool(socket))", "See whether there is a network.")


@pytest.fixture
def waiting(threads: Threads, watched: Watched) -> Path:
    """An entry whose task stands on its thread, with a proposal that waits."""
    threads.here.model = Doer(ASKING, fence('final_answer("There may be.")')).model
    path = begun(watched)
    watched.until(lambda: WAITS in path.read_text(), 60)
    watched.quiet()
    return path


def test_what_waits_on_a_thread_when_the_watch_ends_stands(waiting: Path, threads: Threads, watched: Watched) -> None:
    (block,) = errand.forked(Entry(waiting.read_text())).values()
    there = watched.workshop.here.steps.home() / block.keys["thread"] / "journal" / "entry.md"
    stood = there.read_text()
    watched.loop.messages.put(Quit())
    watched.thread.join(60)
    threads.close("the watch ended")
    assert there.read_text() == stood
    assert WAITS in waiting.read_text()


def test_what_waits_on_a_thread_is_shown_whole_here(waiting: Path) -> None:
    text = waiting.read_text()
    assert f"`import socket` {WAITS}: `/sure` or `/nope` below this, or `nozzle answer --run`, `--deny`." in text
    assert "> <details><summary>what it wants to run</summary>" in text
    assert "> print(bool(socket))\n" in text
    assert "> See whether there is a network.\n" in text
    assert not [cell for cell in Entry(text).cells if "bool(socket)" in cell.body], "and it is no cell"


def test_how_tells_what_waits_on_the_thread_of_a_task(waiting: Path, watched: Watched) -> None:
    said = watched.ask(lambda loop: _seat(loop, waiting).questions.how())
    assert isinstance(said, Saying)
    assert f"`import socket` {WAITS}" in said.text
    assert "**Waits for you.** `add them up`, on its thread" in said.folded
    assert f"`import socket` {WAITS}" in from_text(watched.workshop.here, waiting)


@pytest.mark.parametrize(("word", "shown"), [("/sure", "True"), ("/nope", "you said no")])
def test_it_is_answered_in_the_entry_of_the_author(waiting: Path, watched: Watched, word: str, shown: str) -> None:
    watched.save(waiting.read_text() + f"\n{word}\n\n")
    watched.until(lambda: done(waiting), 60)
    assert shown in _there(waiting)


@pytest.mark.parametrize(("word", "shown"), [("run", "True"), ("deny", "you said no")])
def test_it_is_answered_from_the_terminal_of_the_first_worktree(
    waiting: Path, watched: Watched, word: str, shown: str
) -> None:
    assert watched.ask(lambda loop: _seat(loop, waiting).answer("0" * 12, "run")) is False
    assert watched.ask(lambda loop: _seat(loop, waiting).answer("", "run" if word == "run" else "deny")) is True
    watched.until(lambda: done(waiting), 60)
    assert shown in _there(waiting)


def test_fork_on_the_page_begins_a_thread_beside_and_leaves_this_folder_alone(
    threads: Threads, watched: Watched
) -> None:
    path = watched.save(DATA)
    watched.until(lambda: "nozzle:output" in path.read_text())
    watched.quiet()
    page, text, root = "journal/entry.html", path.read_text(), watched.workshop.root
    doing = Doing(watched.workshop.here, watched.loop)
    at = doing(Deed("steps", page)).data["at"]
    forked = doing(Deed("fork", page, {"step": str(at), "name": "other-way"}))
    assert forked.ok
    assert f": other-way, in {root.name}.threads/other-way" in forked.say
    there = root.parent / f"{root.name}.threads" / "other-way"
    assert (there / "journal/entry.md").read_text() == path.read_text() == text
    watched.until(lambda: there in threads.loops)
    assert watched.git("branch", "--show-current") != "other-way"
    assert not doing(Deed("fork", page, {"step": str(at), "name": "other-way"})).ok, "there is one of that name"


def test_it_is_answered_on_the_page(waiting: Path, watched: Watched) -> None:
    doing = Doing(watched.workshop.here, watched.loop)
    page = "journal/entry.html"
    (offer,) = doing(Deed("waiting", page)).data["proposals"]  # type: ignore[misc]
    assert offer["source"] == "import socket\nprint(bool(socket))"
    assert offer["thread"].startswith("task-")
    changed = doing(Deed("tick", page, {"id": offer["id"], "box": "run", "source": "print('mine')"}))
    assert changed == Done("run: answered")
    watched.until(lambda: done(waiting), 60)
    assert "mine\n```" in _there(waiting)


def test_words_that_are_no_consent_allow_nothing_on_the_thread(waiting: Path, watched: Watched) -> None:
    watched.save(waiting.read_text() + "\n/sure not yet\n\n")
    watched.until(lambda: [each for each in watched.told("held") if "understand `/sure not yet`" in each])
    watched.quiet()
    assert WAITS in waiting.read_text()
    assert "True" not in _there(waiting)


def test_sure_means_what_the_saved_text_showed(waiting: Path, watched: Watched) -> None:
    """A buffer that shows another proposal, or none, allows nothing."""
    text = waiting.read_text()
    (block,) = errand.forked(Entry(text)).values()
    watched.save(text.replace(f"id={block.keys['id']}", f"id={'0' * 12}") + "\n/sure\n\n")
    watched.until(lambda: [each for each in watched.told("held") if "does not stand any more" in each])
    watched.quiet()
    assert WAITS in waiting.read_text()
    assert "True" not in _there(waiting)


def _seat(loop: Loop, path: Path) -> Seat:
    seat = loop.desks[path].beside
    assert isinstance(seat, Seat)
    return seat


def _there(path: Path) -> str:
    """The text on the thread of the task."""
    (block,) = errand.forked(Entry(path.read_text())).values()
    root = path.parent.parent
    return (root.parent / f"{root.name}.threads" / block.keys["thread"] / "journal" / path.name).read_text()


def _rename(path: Path, watched: Watched, name: str = "other.md") -> Path:
    """The entry is called otherwise, and the watch has seen it."""
    new = path.with_name(name)
    path.rename(new)
    watched.until(lambda: new in watched.loop.desks)
    watched.quiet()
    return new


def test_an_entry_that_is_renamed_meanwhile_has_its_task_still(waiting: Path, watched: Watched) -> None:
    new = _rename(waiting, watched)
    watched.ask(lambda loop: _looked(loop, new))
    assert WAITS in new.read_text()
    assert watched.ask(lambda loop: _seat(loop, new).answer("", "run")) is True
    watched.until(lambda: done(new), 60)
    assert "There may be." in new.read_text()


def test_a_task_is_merged_into_an_entry_that_was_renamed(threads: Threads, watched: Watched) -> None:
    path = begun(watched)
    watched.until(lambda: done(path), 60)
    watched.quiet()
    new = _rename(path, watched)
    watched.save(new.read_text().replace("- [ ] merge", "- [x] merge"), "journal/other.md")
    watched.until(lambda: "total = sum(x)" in new.read_text(), 60)
    watched.quiet()
    assert not path.exists()
    assert (path.parent / "_out" / "total.txt").read_text() == "6"
    assert not watched.told("fault")


def test_a_task_whose_text_is_gone_is_stopped_there_too(waiting: Path, watched: Watched) -> None:
    (block,) = errand.forked(Entry(waiting.read_text())).values()
    folder = watched.workshop.here.steps.home() / block.keys["thread"]
    beside = watched.workshop.here.beside
    assert beside is not None
    there = beside.loops[folder]
    (folder / "journal" / "entry.md").unlink()
    watched.until(lambda: "Its thread is no longer there" in waiting.read_text(), 60)
    watched.until(lambda: not any(desk.beside.tasks.active for desk in there.desks.values()))  # type: ignore[attr-defined]


def test_a_text_that_is_out_of_sight_for_a_moment_is_not_gone(waiting: Path, watched: Watched) -> None:
    (block,) = errand.forked(Entry(waiting.read_text())).values()
    there = watched.workshop.here.steps.home() / block.keys["thread"] / "journal" / "entry.md"

    def look(loop: Loop) -> None:
        aside = there.with_suffix(".aside")
        there.rename(aside)
        _looked(loop, waiting)
        aside.rename(there)
        _looked(loop, waiting)

    watched.ask(look)
    assert _seat(watched.loop, waiting).errands.under_way
    assert WAITS in waiting.read_text()


def _looked(loop: Loop, path: Path) -> None:
    """It has looked at the threads of its tasks."""
    errands = _seat(loop, path).errands
    errands.tick(errands._next)


@pytest.mark.parametrize("to", ["moved", "../moved"])
def test_a_task_whose_thread_is_moved_goes_on_where_it_is(waiting: Path, watched: Watched, to: str) -> None:
    (block,) = errand.forked(Entry(waiting.read_text())).values()
    old = watched.workshop.here.steps.home() / block.keys["thread"]
    moved = (old.parent / to).resolve()
    watched.git("worktree", "move", str(old), str(moved))
    beside = watched.workshop.here.beside
    assert beside is not None
    watched.until(lambda: moved in beside.loops and beside.loops[moved].desks)
    watched.until(lambda: any(_seat(beside.loops[moved], path).tasks.active for path in beside.loops[moved].desks))
    assert "stopped" not in (moved / "journal" / "entry.md").read_text()
    watched.until(lambda: WAITS in waiting.read_text())
    watched.save(waiting.read_text() + "\n/sure\n\n")
    watched.until(lambda: done(waiting), 60)


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


@pytest.fixture
def server() -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield Server(listening)


@pytest.fixture
def again(home: Path, request: pytest.FixtureRequest, server: Server) -> tuple[Watched, Path, Server]:
    """A task on its thread that waits: to have its state, the author's cell above would call somebody once more."""
    (home / "nozzle").mkdir()
    (home / "nozzle" / "settings.toml").write_text('snapshots = "never"\ncountdown = 0.0\n')
    threads: Threads = request.getfixturevalue("threads")
    watched: Watched = request.getfixturevalue("watched")
    assert watched.loop.tools.snapshots is not None
    watched.loop.tools.snapshots.policy = "never"
    looks = fence("print('has', z if 'z' in dir() else None)", "Look.")
    threads.here.model = Doer(looks, fence('final_answer("Looked.")')).model
    path = watched.save(cell(f"#| label: fetch\n{server.code}; z = 1"))
    watched.until(lambda: "nozzle:output" in path.read_text())
    assert server.calls == 1
    watched.save(path.read_text() + "\n/do look\n\n")
    watched.until(lambda: WAITS in path.read_text(), 60)
    watched.quiet()
    return watched, path, server


def test_a_replay_that_its_thread_needs_is_asked_where_the_task_was_set(again: tuple[Watched, Path, Server]) -> None:
    _, path, server = again
    assert "would reach outside again (network): to run this, that is done again" in path.read_text(), path.read_text()
    assert server.calls == 0


REPLAYS = [("run", "has 1", 1), ("skip", "has None", 0), ("deny", "attempt", 0)]


@pytest.mark.parametrize("how", ["in the text", "in the terminal", "on the page"])
@pytest.mark.parametrize(("word", "shown", "times"), REPLAYS)
def test_that_replay_is_answered_from_the_authors_entry(
    again: tuple[Watched, Path, Server], how: str, word: str, shown: str, times: int
) -> None:
    watched, path, server = again
    if how == "in the text":
        watched.save(f"{path.read_text()}\n{({'run': '/sure', 'skip': '/sure skip', 'deny': '/nope'})[word]}\n\n")
    elif how == "in the terminal":
        assert answered(watched, word)
    else:
        doing, page = Doing(watched.workshop.here, watched.loop), "journal/entry.html"
        (offer,) = doing(Deed("waiting", page)).data["proposals"]  # type: ignore[misc]
        assert offer["again"]
        assert doing(Deed("tick", page, {"id": offer["id"], "box": word})).ok
    watched.until(lambda: shown in _there(path), 60)
    assert server.calls == times
