"""Threads: started without touching a file, landed as one commit."""

from pathlib import Path

import pytest

from nozzle.errors import Refused, WrongCommand
from nozzle.steps import Steps
from nozzle.steps.door import Door, Said

from .conftest import Author, made


def test_a_thread_starts_without_touching_anything(author: Author, steps: Steps) -> None:
    head = made(steps, "a.md", "1")
    author.write("a.md", "edited")
    author.write("s", "staged")
    author.git("add", "s")
    before = author.status()
    stamp = (author.root / ".git/index").stat().st_mtime_ns
    thread = steps.start_thread("try/fusion")
    assert (thread.name, thread.head, thread.folder) == ("try/fusion", head.sha, author.root)
    assert (author.root / ".git/index").stat().st_mtime_ns == stamp
    assert author.status() == before
    assert author.git("config", "branch.try/fusion.nozzleBase") == "main"
    assert steps.start_thread().name == f"nozzle/thread-{head.sha[:7]}"


@pytest.mark.parametrize("name", ["a..b", "-x", "a b", "x.lock", "@{-1}", "HEAD", "main"])
def test_a_bad_or_taken_name_is_said(steps: Steps, name: str) -> None:
    made(steps, "a.md", "1")
    with pytest.raises(WrongCommand, match="thread"):
        steps.start_thread(name)
    assert steps.thread().name == "main"


def test_a_thread_at_another_commit(author: Author, steps: Steps) -> None:
    first = made(steps, "a.md", "1")
    made(steps, "a.md", "2")
    assert steps.start_thread("back", at="HEAD~1").head == first.sha
    assert author.read("a.md") == b"2"


def test_a_thread_of_a_repository_without_commits(author: Author, steps: Steps) -> None:
    assert steps.start_thread("first").name == "first"
    assert made(steps, "a.md", "1").thread == "first"
    landed = steps.land()
    assert steps.thread().name == "main"
    assert steps.files(landed) == [("A", "a.md")]
    assert author.status() == ""


def test_landing_makes_one_commit(author: Author, steps: Steps) -> None:
    base = made(steps, "a.md", "1")
    steps.start_thread("try")
    made(steps, "a.md", "2")
    tip = made(steps, "b.md", "3")
    author.write("s", "staged")
    author.git("add", "s")
    author.write("a.md", "edited")
    landed = steps.land("Fusion, measured")
    assert (landed.kind, landed.title, landed.entry) == ("land", "Fusion, measured", "a.md")
    assert (landed.trailers["Thread"], landed.trailers["Steps"]) == ("try", "2")
    assert author.git("log", "-1", "--format=%P") == base.sha
    assert steps.thread().name == "main"
    assert author.git("rev-parse", "main^{tree}") == author.git("rev-parse", "try^{tree}")
    assert author.git("rev-parse", "try") == tip.sha
    assert author.read("a.md") == b"edited"
    assert author.status() == " M a.md\nA  s"
    assert [step.kind for step in steps.history("b.md")] == ["land"]


def test_landing_after_a_rewind_goes_where_the_thread_came_from(author: Author, steps: Steps) -> None:
    author.commit("x", "0")
    first = made(steps, "a.md", "1")
    steps.start_thread("work")
    second = made(steps, "b.md", "1")
    steps.rewind(first)
    steps.rewind(second)
    steps.rewind(first)
    thread = made(steps, "c.md", "1").thread
    assert author.git("config", f"branch.{thread}.nozzleBase") == "work"
    assert steps.land().title == f"Land {thread}: 1 step"
    assert steps.thread().name == "work"
    assert author.git("ls-tree", "--name-only", "HEAD") == "a.md\nb.md\nc.md\nx"
    assert author.read("b.md") == b"1"
    assert author.status() == ""


def test_landing_on_a_base_that_moved_brings_its_files(author: Author, steps: Steps) -> None:
    author.commit("theirs", "1\n")
    steps.start_thread("try")
    made(steps, "a.md", "1")
    author.git("switch", "-q", "main")
    moved = author.commit("theirs", "2\n")
    author.git("switch", "-q", "try")
    landed = steps.land()
    assert author.git("log", "-1", "--format=%P", landed.sha) == moved
    assert author.read("theirs") == b"2\n"
    assert author.read("a.md") == b"1"
    assert steps.thread().name == "main"
    assert author.status() == ""
    author.sound()


class Killed(BaseException):
    """As by kill -9."""


@pytest.mark.parametrize("word", ["symbolic-ref", "config"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_while_a_thread_begins_leaves_none_that_cannot_land(
    author: Author, steps: Steps, monkeypatch: pytest.MonkeyPatch, word: str, when: str
) -> None:
    made(steps, "a.md", "1")
    run = Door.run

    def killed(door: Door, *words: str, **more: object) -> bytes:
        done = run(door, *words, **more) if words[0] != word or when == "after" else b""  # type: ignore[arg-type]
        if words[0] == word:
            raise Killed
        return done

    monkeypatch.setattr(Door, "run", killed)
    with pytest.raises(Killed):
        steps.start_thread("try")
    monkeypatch.setattr(Door, "run", run)
    if steps.thread().name == "main":
        steps.start_thread("again")
    made(steps, "a.md", "2")
    steps.land()
    assert steps.thread().name == "main"
    assert author.git("show", "main:a.md") == "2"


def test_landing_what_conflicts_is_refused(author: Author, steps: Steps) -> None:
    author.commit("a.md", "1\n")
    steps.start_thread("try")
    made(steps, "a.md", "2\n")
    author.git("switch", "-q", "main")
    author.commit("a.md", "3\n")
    author.git("switch", "-q", "try")
    with pytest.raises(Refused, match=r"\(a\.md\)"):
        steps.land()
    assert steps.thread().name == "try"
    assert author.status() == ""
    landed = steps.land(over=True)
    assert author.read("a.md") == b"2\n"
    assert author.git("show", f"{landed.sha}^:a.md") == "3"
    assert author.status() == ""


def test_landing_over_edited_files_is_refused(author: Author, steps: Steps) -> None:
    author.commit("theirs", "1\n")
    steps.start_thread("try")
    made(steps, "a.md", "1")
    author.git("switch", "-q", "main")
    author.commit("theirs", "2\n")
    author.git("switch", "-q", "try")
    author.write("theirs", "edited\n")
    with pytest.raises(Refused, match="theirs"):
        steps.land()
    assert steps.thread().name == "try"
    assert author.read("theirs") == b"edited\n"


def test_what_cannot_land_is_refused(author: Author, steps: Steps, tmp_path: Path) -> None:
    head = made(steps, "a.md", "1")
    with pytest.raises(Refused, match="no thread that nozzle started"):
        steps.land()
    steps.start_thread("try")
    with pytest.raises(Refused, match="nothing to land"):
        steps.land()
    made(steps, "a.md", "2")
    author.git("worktree", "add", "-q", str(tmp_path / "wt"), "main")
    with pytest.raises(Refused, match="checked out in"):
        steps.land()
    steps.rewind(head)
    with pytest.raises(Refused, match="on no thread"):
        steps.land()


def test_what_the_repository_holds(author: Author, steps: Steps) -> None:
    assert steps.journal_only(lambda path: False)
    made(steps, "journal/a.md", "1")
    assert steps.journal_only(lambda path: path.startswith("journal/"))
    author.commit("src/x.py", "1")
    assert not steps.journal_only(lambda path: path.startswith("journal/"))
    assert steps.remotes() == []
    author.git("remote", "add", "origin", "file:///nowhere")
    assert steps.remotes() == ["origin"]


def test_a_base_that_is_gone_is_said(author: Author, steps: Steps) -> None:
    made(steps, "a.md", "1")
    author.git("switch", "-qc", "base")
    steps.start_thread("try")
    made(steps, "a.md", "2")
    author.commit("x", "1")
    author.git("branch", "-D", "base")
    with pytest.raises(Refused, match="base, the branch that try came from, is gone"):
        steps.land()


def test_a_branch_called_nozzle_is_no_hindrance(author: Author, steps: Steps) -> None:
    head = made(steps, "a.md", "1")
    author.git("branch", "nozzle")
    assert steps.start_thread().name == f"nozzle-thread-{head.sha[:7]}"


def test_a_worktree_without_a_step_has_none(author: Author, steps: Steps) -> None:
    assert [each.thread for each in steps.worktrees()] == [steps.thread()]
    assert steps.thread().head == ""


def test_threads_of_a_submodule_lie_beside_it(author: Author, steps: Steps, tmp_path: Path) -> None:
    made(steps, "a.md", "1")
    above = Author(tmp_path / "above")
    above.root.mkdir()
    above.git("init", "-q")
    above.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(author.root), "sub")
    with Steps.open(above.root / "sub") as sub:
        thread = sub.fork(sub.resolve("HEAD"), "idea")
        assert thread.folder == above.root / "sub.threads" / "idea"
        assert sub.worktrees()[0].thread.folder == above.root / "sub"
        with Steps.open(thread.folder) as forked:
            assert forked.worktrees()[0].thread.folder == above.root / "sub"
            assert forked.forked()


def test_threads_of_a_repository_kept_elsewhere_lie_beside_its_files(tmp_path: Path) -> None:
    elsewhere = Author(tmp_path / "journal")
    elsewhere.root.mkdir()
    elsewhere.git("init", "-q", f"--separate-git-dir={tmp_path / 'kept'}")
    with Steps.open(elsewhere.root) as steps:
        assert steps.fork(made(steps, "a.md", "1"), "idea").folder == tmp_path / "journal.threads" / "idea"


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("touched", [False, True])
def test_a_fork_that_was_killed_is_made_anew_unless_somebody_wrote_into_it(
    author: Author, steps: Steps, monkeypatch: pytest.MonkeyPatch, done: bool, touched: bool
) -> None:
    class Killed(BaseException):
        pass

    ask = Door.ask

    def killed(door: Door, *words: str, given: bytes = b"") -> Said:
        if words[0] != "read-tree":
            return ask(door, *words, given=given)
        if done:
            ask(door, *words, given=given)
        raise Killed

    step = made(steps, "a.md", "1")
    with monkeypatch.context() as here:
        here.setattr(Door, "ask", killed)
        with pytest.raises(Killed):
            steps.fork(step, "idea")
    folder = author.root.parent / f"{author.root.name}.threads" / "idea"
    if touched:
        (folder / "mine.txt").write_text("mine")
        with pytest.raises(WrongCommand, match="there is a thread idea already"):
            steps.fork(step, "idea")
        assert (folder / "mine.txt").read_text() == "mine"
    else:
        assert (steps.fork(step, "idea").folder / "a.md").read_text() == "1"
        assert steps.fork(step, "other").folder.is_dir()
