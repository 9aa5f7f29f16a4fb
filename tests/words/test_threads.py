"""rewind, land, run and watch in a repository that is not only a journal: a thread of its own, and back."""

import json
from pathlib import Path

import pytest

from nozzle import control
from nozzle.together import Together
from nozzle.words.beside import Threads
from nozzle.words.journal import journal
from tests.words.conftest import Say, cell, entry, git, process, until

ME = ("-c", "user.name=I", "-c", "user.email=i@example.org")


@pytest.fixture(params=["other files", "a remote"])
def project(request: pytest.FixtureRequest, folder: Path) -> Path:
    git(folder, "init", "-q", "-b", "main")
    if request.param == "other files":
        (folder / "main.py").write_text("print('a program')\n")
        git(folder, "add", "main.py")
    else:
        git(folder, "init", "-q", "--bare", str(folder.parent / "there.git"))
        git(folder, "remote", "add", "origin", str(folder.parent / "there.git"))
    git(folder, *ME, "commit", "-q", "--allow-empty", "-m", "begin")
    return folder


def branch(folder: Path) -> str:
    return git(folder, "symbolic-ref", "--short", "HEAD")


def test_run_goes_on_a_thread_and_land_brings_one_commit(say: Say, project: Path) -> None:
    path = entry(project, cell("print('one')") + "\n" + cell("print('two')"))
    said = say("run")
    thread = branch(project)
    assert thread != "main"
    assert f"steps go on a thread of their own, {thread}" in said.out
    text = path.read_text()
    assert say("land", "-m", "what came of it").status == 0
    assert (branch(project), path.read_text()) == ("main", text)
    assert git(project, "log", "--format=%s", "main").split("\n") == ["what came of it", "begin"]
    assert git(project, "log", "--format=%s", thread).count("\n") >= 3
    assert say("due").out == "nothing is due\n"
    assert say("verify", "--attest").status == 0


def test_watch_starts_a_thread_too_and_touches_no_file(say: Say, project: Path) -> None:
    path = entry(project, "# only words\n")
    before = {each: each.read_bytes() for each in (path, *project.glob("*.py"))}
    with process("watch", "--no-page"):
        until(lambda: branch(project) != "main")
        until(lambda: control.running(project / ".git" / "nozzle"))
        assert {each: each.read_bytes() for each in before} == before


def test_threads_before_the_first_step_says_that_there_is_none(say: Say, folder: Path) -> None:
    git(folder, "init", "-q", "-b", "main")
    entry(folder, cell("print(1)"))
    assert (said := say("threads", "-v")).status == 0, said.out
    assert "no step yet" in said.out


def test_rewind_brings_text_and_files_back_and_keeps_what_was_in_no_step(say: Say, project: Path) -> None:
    path = entry(project, cell("open('made.txt', 'w').write('one')\nprint('one')"))
    say("run")
    first = json.loads(say("log", "-n", "1", "--json").out)["sha"]
    text = path.read_text()
    path.write_text(text.replace("one", "two"))
    say("run")
    path.write_text(path.read_text() + "\nnot in a step yet\n")
    said = say("rewind", first)
    assert (said.status, f"you are at {first[:8]}" in said.out) == (0, True)
    assert (path.read_text(), (path.parent / "made.txt").read_text()) == (text, "one")
    assert "kept first what was in no step yet" in said.out
    assert "not in a step yet" in git(project, "log", "--all", "-p")


def test_a_step_after_a_rewind_is_on_a_thread_of_its_own(say: Say, project: Path) -> None:
    path = entry(project, cell("print('one')"))
    say("run")
    first, before = json.loads(say("log", "-n", "1", "--json").out)["sha"], branch(project)
    path.write_text(path.read_text().replace("print('one')", "print('two')"))
    say("run")
    say("rewind", first)
    path.write_text(path.read_text().replace("print('one')", "print('three')"))
    assert say("run").status == 0
    assert branch(project) not in ("main", before)
    assert git(project, "merge-base", "HEAD", before) == first


def test_a_rewind_to_a_thread_by_its_name_goes_on_with_it(say: Say, project: Path) -> None:
    path = entry(project, cell("print('one')"))
    say("run")
    first, before = json.loads(say("log", "-n", "1", "--json").out)["sha"], branch(project)
    path.write_text(path.read_text().replace("print('one')", "print('two')"))
    say("run")
    assert f"nozzle rewind {before}" in say("rewind", first).out
    assert f" on {before}: " in say("rewind", before).out
    assert (branch(project), "print('two')" in path.read_text()) == (before, True)
    assert f" on {before}" not in say("rewind", f"{before}~1").out
    assert git(project, "rev-parse", "--abbrev-ref", "HEAD") == "HEAD"
    git(project, "worktree", "add", "-q", project.parent / "beside", before)
    assert f" on {before}" not in say("rewind", before).out


def test_what_is_not_there_to_land_or_to_go_back_to_is_said(say: Say, folder: Path) -> None:
    git(folder, "init", "-q", "-b", "main")
    entry(folder, cell("print(1)"))
    say("run")
    assert (say("land").status, "main is no thread that nozzle started" in say("land").out) == (1, True)
    assert say("rewind", "cafe1234").status == 2


def test_one_kept_state_is_one() -> None:
    from nozzle.words.threads import _kept

    row = {"cell": "slow", "age": 3.0, "bytes": 5_000_000, "saves": 1.5}
    assert next(_kept([row])) == "1 state kept, 5 MB:"
    assert next(_kept([row, row])) == "2 states kept, 10 MB:"


def test_a_watch_in_a_fork_looks_after_the_others_and_not_after_itself(say: Say, folder: Path) -> None:
    entry(folder, cell("print('one')"))
    say("run")
    for name in ("one-way", "other-way"):
        assert say("fork", "HEAD", name).status == 0
    begun: list[str] = []
    own = next(path for path in folder.parent.glob("*.threads/one-way"))
    with journal(own) as there:
        threads = Threads(there, lambda notice: None, lambda words: None, None, Together(1))
        threads.begin = lambda where, reply: begun.append(where.name)  # type: ignore[method-assign]
        threads.all()
    assert begun == ["other-way"]


def test_news_are_listed_as_words(folder: Path) -> None:
    from nozzle.words.threads import _news

    news = "> **[`a * b`](#cell-12) failed**: ZeroDivisionError"
    block = f"<!-- nozzle:news v=1 of=abc by=nozzle -->\n{news}\n\n<!-- /nozzle -->\n"
    path = entry(folder, block)
    with journal(folder, make=True) as here:
        assert _news(here, path) == "a * b failed: ZeroDivisionError"
