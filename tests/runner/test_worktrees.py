"""Threads side by side: the cells of each see their own worktree, all at the place of the first."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from kernel_bench import Bench

from nozzle.document.events import Replaying
from nozzle.runner import Interpreter, Session, Snapshots


@dataclass
class Journal:
    """Two worktrees of one repository, and a store of states for both."""

    main: Path
    other: Path
    interpreter: Interpreter
    store: Snapshots = field(default_factory=lambda: Snapshots("always"))
    sessions: list[Session] = field(default_factory=list)

    def bench(self, root: Path) -> Bench:
        session = Session(
            root / "journal", self.interpreter, root=root, snapshots=self.store, seen_at=self.main, hidden=[]
        )
        self.sessions.append(session)
        return Bench(session, root / "journal")


@pytest.fixture
def journal(tmp_path: Path, interpreter: Interpreter) -> Iterator[Journal]:
    def git(*words: str) -> None:
        who = ("-c", "user.name=Ann", "-c", "user.email=ann@x.org")
        subprocess.run(["git", *who, *words], cwd=tmp_path / "main", check=True, capture_output=True)

    main, other = tmp_path / "main", tmp_path / "other"
    (main / "journal").mkdir(parents=True)
    git("init", "-q")
    (main / "journal" / "data").write_text("of the step")
    git("add", "."), git("commit", "-qm", "first")
    git("worktree", "add", "-q", "-b", "other", str(other))
    found = Journal(main, other, interpreter)
    probe = found.bench(other)
    probe.run("import os; print(os.path.realpath('.'))")
    probe.session.close()
    if probe.stdout.strip() != str(main / "journal"):
        pytest.skip("this system refuses user namespaces")
    yield found
    for session in found.sessions:
        session.close()


def test_a_thread_goes_on_from_a_state_of_the_other(journal: Journal) -> None:
    one, two = journal.bench(journal.main), journal.bench(journal.other)
    one.run("x = [open('data').read()]")
    one.run("x.append(1)")
    two.jobs = list(one.jobs)
    two.run("x.append(2); print(x)")
    assert (two.stdout, two.of(Replaying)) == ("['of the step', 1, 2]\n", [])
    one.run("print(x)")
    assert one.stdout == "['of the step', 1]\n"


def test_a_path_in_the_state_leads_into_the_threads_own_worktree(journal: Journal) -> None:
    one, two = journal.bench(journal.main), journal.bench(journal.other)
    one.run("import os; here = os.path.abspath('made'); f = open('log', 'a')")
    (journal.other / "journal" / "log").touch()
    two.jobs = list(one.jobs)
    finished = two.run("open(here, 'w').write('two'); f.write('two'); f.flush()")
    assert not two.of(Replaying)
    assert (journal.other / "journal" / "made").read_text() == "two"
    assert not (journal.main / "journal" / "made").exists()
    assert (journal.main / "journal" / "log").read_text() == ""
    assert str(journal.other / "journal" / "made") in finished.writes


def test_an_open_file_that_is_not_there_is_opened_by_a_replay(journal: Journal) -> None:
    one, two = journal.bench(journal.main), journal.bench(journal.other)
    one.run("f = open('log', 'a')")
    two.jobs = list(one.jobs)
    assert two.run("f.write('two'); f.close()").status == "ok"
    assert len(two.of(Replaying)) == 1
    assert ((journal.main / "journal" / "log").read_text(), (journal.other / "journal" / "log").read_text()) == (
        "",
        "two",
    )


def test_a_file_that_differs_there_is_read_there(journal: Journal) -> None:
    one, two = journal.bench(journal.main), journal.bench(journal.other)
    one.run("x = open('data').read()")
    (journal.other / "journal" / "data").write_text("changed")
    two.jobs = list(one.jobs)
    finished = two.run("print(x, open('data').read())")
    assert (two.stdout, len(two.of(Replaying))) == ("changed changed\n", 1)
    assert finished.reads == (str(journal.other / "journal" / "data"),)


def test_four_threads_run_side_by_side(journal: Journal) -> None:
    one = journal.bench(journal.main)
    one.run("x = list(range(3))")
    others = [journal.bench(journal.other) for _ in range(4)]
    for number, bench in enumerate(others):
        bench.jobs = list(one.jobs)
        bench.run(f"x.append({number})")
    for number, bench in enumerate(others):
        bench.run("print(x[-1])")
        assert bench.stdout == f"{number}\n"


def test_bash_goes_along(journal: Journal) -> None:
    one, two = journal.bench(journal.main), journal.bench(journal.other)
    one.run("mkdir sub; cd sub; y=1", language="bash")
    (journal.other / "journal" / "sub").mkdir()
    two.jobs = list(one.jobs)
    two.run("echo $y > made; pwd", language="bash")
    assert (two.stdout, two.of(Replaying)) == (f"{journal.main}/journal/sub\n", [])
    assert (journal.other / "journal" / "sub" / "made").read_text() == "1\n"


def test_git_in_a_cell_is_that_of_the_thread(journal: Journal) -> None:
    one, two = journal.bench(journal.main), journal.bench(journal.other)
    one.run("x = 1")
    two.jobs = list(one.jobs)
    two.run("!git branch --show-current; git status --porcelain; git log --format=%s")
    assert two.stdout == "other\nfirst\n"
    fresh = journal.bench(journal.other)
    fresh.run("git branch --show-current", language="bash")
    assert fresh.stdout == "other\n"


def test_the_environment_in_the_first_worktree_is_there_too(tmp_path: Path, journal: Journal) -> None:
    subprocess.run(["ln", "-s", journal.interpreter.path.parent.parent, journal.main / "env"], check=True)
    journal.interpreter = Interpreter(journal.main / "env" / "bin" / "python", "here")
    two = journal.bench(journal.other)
    two.run("import sys, numpy; print(numpy.__name__, sys.executable)")
    assert two.stdout == f"numpy {journal.main}/env/bin/python\n"


def test_a_state_of_a_thread_is_not_woken_elsewhere(journal: Journal, opened: Callable[..., Bench]) -> None:
    one, two = journal.bench(journal.main), journal.bench(journal.other)
    two.run("x = 1")
    one.jobs = list(two.jobs)
    one.run("print(x)")
    assert (one.stdout, len(one.of(Replaying))) == ("1\n", 1)
