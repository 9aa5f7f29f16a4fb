"""stop, answer, serve and watch, said as words to a nozzle that is at work."""

import urllib.error
import urllib.request
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from nozzle import control
from tests.words.conftest import WAITS, Say, cell, entry, git, process, until


@pytest.fixture
def private(folder: Path) -> Path:
    git(folder, "init", "-q", "-b", "main")
    return folder / ".git" / "nozzle"


def test_stop_ends_the_cell_and_what_it_showed_is_kept(say: Say, folder: Path, private: Path) -> None:
    path = entry(folder, cell("print('so far', flush=True)\n" + WAITS))
    with process("run") as run:
        until((folder / "journal" / "began").exists)
        said = say("stop")
        assert (said.status, said.out) == (0, "stopping journal/entry.md\n")
        run.wait(60)
    assert "status=stopped" in path.read_text()
    assert "so far" in path.read_text()


def test_answer_reaches_the_cell_that_asks(say: Say, folder: Path, private: Path) -> None:
    path = entry(folder, cell("print('hello', input('who? '))"))
    with process("run") as run:
        until(lambda: control.running(private))
        until(lambda: say("answer", "Ada").status == 0)
        assert run.wait(60) == 0
    assert "hello Ada" in path.read_text()


def test_a_password_that_was_typed_is_written_nowhere(say: Say, folder: Path, private: Path) -> None:
    """Neither what a cell prints of it, nor what it leaves in variables and in files, is in the text or in a step."""
    source = (
        "import getpass\np = getpass.getpass()\nprint('it is', p)\nwith open('login.txt', 'w') as file: file.write(p)\n"
        "with open('other.txt', 'w') as file: file.write('x')\nback = p[::-1]\np + 1"
    )
    path = entry(folder, cell(source))
    with process("run") as run:
        until(lambda: control.running(private))
        until(lambda: say("answer", "typed-by-hand-77").status == 0)
        assert run.wait(60) == 1
    text = path.read_text()
    assert "it is [redacted: known secret]" in text
    told = git(folder, "log", "-p", "--all", "--format=%B")
    assert "other.txt" in told
    for word in ("typed-by-hand-77", "77-dnah"):
        assert word not in text + told


def test_without_a_terminal_the_answer_is_what_comes_in_and_only_when_a_cell_waits(
    say: Say, folder: Path, private: Path
) -> None:
    path = entry(folder, cell("import time; time.sleep(1)\nprint('hello', input('who? '))"))
    assert "nothing is running here" in say("answer", input="Ada\n").out
    with process("run") as run:
        until(lambda: control.running(private))
        assert say("answer", input="Ada\n").out == "no cell waits for an answer\n"
        until(lambda: "no terminal to ask at, and nothing came in" in say("answer").out)
        until(lambda: say("answer", input="Ada\n").status == 0)
        assert run.wait(60) == 0
    assert "hello Ada" in path.read_text()


def test_answer_can_refuse(say: Say, folder: Path, private: Path) -> None:
    path = entry(folder, cell("input('who? ')"))
    with process("run") as run:
        until(lambda: control.running(private))
        until(lambda: say("answer", "--refuse").status == 0)
        assert run.wait(60) == 1
    assert "EOFError" in path.read_text()


@pytest.mark.parametrize("words", [("stop",), ("answer", "x")])
def test_when_nothing_runs_it_is_said(say: Say, private: Path, words: tuple[str, ...]) -> None:
    said = say(*words)
    assert (said.status, "nothing is running here" in said.out) == (1, True)


def test_stop_says_when_nothing_is_under_way_in_the_watch(say: Say, folder: Path, private: Path) -> None:
    with process("watch", "--no-page"):
        until(lambda: control.running(private))
        said = say("stop")
        assert (said.status, said.out) == (1, "nothing is under way\n")


def test_the_first_watch_of_old_entries_runs_nothing_and_asks(say: Say, folder: Path, private: Path) -> None:
    path = entry(folder, "\n".join(cell(f"open('ran', 'w')\nprint({n})") for n in range(3)))
    text = path.read_text()
    with process("watch", "--no-page") as watch:
        assert watch.stdout is not None
        told = [watch.stdout.readline(), watch.stdout.readline()]
        until(lambda: list(control.ask(private, "at work") or []))
    assert told[0].startswith("watching 1 entry in ")
    assert told[1] == "3 cells found to run: run? say 'nozzle run'; 'nozzle due' says why\n"
    assert (path.read_text(), (folder / "journal" / "ran").exists()) == (text, False)


def test_watch_runs_what_is_saved_and_ends_well(say: Say, folder: Path, private: Path) -> None:
    path = entry(folder, "# T\n")
    with process("watch", "--no-page") as watch:
        until(lambda: list(control.ask(private, "at work") or [])[:-1])
        path.write_text("# T\n\n" + cell("print(6 * 7)"))
        until(lambda: "42\n```" in path.read_text())
    assert watch.returncode == 0
    assert say("due").out == "nothing is due\n"


def test_serve_shows_the_journal_to_who_has_the_link(say: Say, folder: Path, private: Path) -> None:
    entry(folder, "# Seen by me\n", "README.md")
    with process("serve") as serve:
        assert serve.stdout is not None
        url = serve.stdout.readline().split()[0]
        assert url.startswith("http://127.0.0.1:")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor())

        def shown() -> bool:
            try:
                with opener.open(url, timeout=10) as page:
                    return "Seen by me" in page.read().decode()
            except urllib.error.HTTPError as error:
                error.close()
                return False

        until(shown)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url.split("?")[0], timeout=10)
        assert refused.value.code == 403
        refused.value.close()
    assert serve.returncode == 0


def test_a_question_that_nobody_answers_is_refused_after_a_while(
    say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nozzle.words import asked

    monkeypatch.setattr(asked.Unanswered.__init__, "__defaults__", (0.3,))
    path = entry(folder, cell("input('who? ')"))
    assert say("run").status == 1
    assert "EOFError" in path.read_text()


def test_cells_that_wait_below_a_failure_are_one_line(say: Say, folder: Path) -> None:
    entry(folder, cell("1 / 0") + "\n" + "\n".join(cell(f"print({n})") for n in range(4)))
    assert "4 cells wait below '1 / 0'" in say("run").out


def test_a_journal_is_begun_neither_elsewhere_nor_at_home(say: Say, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/a.md").write_text(cell("print(1)"))
    assert say("run", str(tmp_path / "elsewhere/a.md")).status == 2
    assert not (tmp_path / "elsewhere/.git").exists()
    entry(folder, "x", "data.csv")
    git(folder, "init", "-q", "-b", "main")
    assert say("run", "data.csv").status == 2


def test_below_a_question_nothing_fails_for_want_of_an_answer(
    say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nozzle.words import asked

    monkeypatch.setattr(asked.Unanswered.__init__, "__defaults__", (0.3,))
    asks = "try: name = input('who? ')\nexcept EOFError: name = 'nobody'"
    path = entry(folder, cell(asks) + "\n" + cell("print('hello', name)"))
    assert say("run").status == 0
    path.write_text(path.read_text().replace("'hello'", "'good day'"))
    said = say("run")
    assert said.status == 1
    assert "would reach outside again (a question to you)" in said.out
    assert "status=error" not in path.read_text()
    assert say("run", "--again").status == 0
    assert "good day nobody" in path.read_text()


def test_an_empty_folder_stays_one(say: Say, folder: Path) -> None:
    assert "no entries here yet" in say("run").out
    assert list(folder.iterdir()) == []


def test_a_request_that_makes_no_sense_is_answered_and_the_watch_goes_on(folder: Path, private: Path) -> None:
    entry(folder, "# T\n")
    with process("watch", "--no-page"):
        until(lambda: control.running(private))
        for sent in ({}, {"folder": 3}):
            said = list(control.ask(private, "beside", **sent) or [])
            assert said[-1]["status"] == 2, said
        entry(folder.parent, "# Not of this journal\n", "entry.md")
        for word, sent in (("keep", {"step": "HEAD"}), ("prompt", {"do": "begin", "id": "a"})):
            outside = {"path": f"{folder}/journal/../../entry.md", **sent}
            said = list(control.ask(private, word, **outside) or [])
            assert f"{folder.parent}/entry.md is " in said[0]["say"]
        assert list(control.ask(private, "at work") or [])


def test_due_knows_the_states_that_the_watch_keeps(say: Say, folder: Path, private: Path) -> None:
    path = entry(folder, "# T\n")
    with process("watch", "--no-page"):
        until(lambda: list(control.ask(private, "at work") or [])[:-1])
        path.write_text("# T\n\n" + cell("#| once: true\nx = 1") + "\n" + cell("print(x + 6)"))
        until(lambda: "7\n```" in path.read_text() and say("due").out == "nothing is due\n")
        until(lambda: "print(x + 6)" in say("log").out)
        git(folder, "checkout", "-q", "HEAD~1")
        until(lambda: "[new]" in say("due").out)
        assert "held" not in say("due").out
    assert "may run only once, and its state is gone" in say("due").out


def test_what_is_saved_while_the_watch_gets_ready_is_not_missed(
    say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nozzle.loop import Loop, Quit
    from nozzle.words import watch

    path = entry(folder, cell("x = 1"))
    assert say("run").status == 0
    begin, run = watch.begin, Loop.run

    def begin_and_save(*given: Any) -> None:
        begin(*given)
        path.write_text(path.read_text() + "\n" + cell("print(x + 6)"))

    def run_until_it_shows(loop: Loop) -> None:
        late = Timer(20, lambda: loop.messages.put(Quit()))
        late.start()
        loop.after = lambda desk: loop.messages.put(Quit()) if "7\n```" in desk.entry.text else None
        run(loop)
        late.cancel()

    monkeypatch.setattr(watch, "begin", begin_and_save)
    monkeypatch.setattr(Loop, "run", run_until_it_shows)
    assert say("watch", "--no-page").status == 0
    assert "7\n```" in path.read_text()


def test_a_cell_whose_input_changed_and_that_shows_the_same_is_due_no_more(say: Say, folder: Path) -> None:
    entry(folder, cell("n = open('p.txt').read()"))
    for held in ("old", "new"):
        (folder / "journal" / "p.txt").write_text(held)
        assert say("run").status == 0
        assert say("due").out == "nothing is due\n"
    steps = git(folder, "rev-list", "--count", "HEAD")
    say("run")
    assert git(folder, "rev-list", "--count", "HEAD") == steps


def test_a_cell_whose_input_changes_with_every_run_comes_to_rest(say: Say, folder: Path) -> None:
    """A program of a cell below writes what one above reads: that follows once in a turn, and is told to be due."""
    path = entry(folder, cell("n = open('p.txt').read()") + "\n" + cell("date +%N > p.txt", "bash"))
    (folder / "journal" / "p.txt").write_text("mine, and in no step")
    said = say("run")
    assert "is due again: what it read has changed" in said.out
    assert said.out.count("✓") <= 6
    path.write_text(path.read_text() + "\n" + cell("print('below')"))
    say("run")
    assert "below\n```" in path.read_text()


def test_a_run_goes_on_with_what_it_made_due_and_comes_to_an_end(say: Say, folder: Path) -> None:
    """An entry that reads what another writes follows it; two that read each other's files do so once."""
    entry(folder, cell("n = 3\nopen('p.txt', 'w').write(str(n))"), "journal/a.md")
    entry(folder, cell("print('read', open('p.txt').read())"), "journal/b.md")
    (folder / "journal" / "p.txt").write_text("0")
    say("run")
    made = folder / "journal" / "a.md"
    made.write_text(made.read_text().replace("n = 3", "n = 4"))
    said = say("run")
    assert said.status == 0, said.out
    assert "read 4" in (folder / "journal" / "b.md").read_text()
    assert say("due").out == "nothing is due\n"
    counts = "n = int(open('{0}.txt').read())\nopen('{1}.txt', 'w').write(str(n + 1))"
    for name in "xy":
        (folder / "journal" / f"{name}.txt").write_text("1")
    entry(folder, cell(counts.format("x", "y")), "journal/x.md")
    entry(folder, cell(counts.format("y", "x")), "journal/y.md")
    with (folder / "nozzle.toml").open("a") as settings:
        settings.write("cells = 1\n")  # side by side each might read what the other has just written
    assert "is due again: what it read has changed" in say("run").out


def test_a_worktree_that_is_made_by_hand_while_the_watch_runs_is_watched_too(
    say: Say, folder: Path, private: Path, tmp_path: Path
) -> None:
    entry(folder, cell("print(1)"))
    say("run")
    with process("watch", "--no-page"):
        until(lambda: list(control.ask(private, "at work") or [])[:-1])
        git(folder, "worktree", "add", "-q", str(tmp_path / "side"), "-b", "side")
        there = tmp_path / "side" / "journal" / "entry.md"
        beside = folder / ".git" / "worktrees" / "side" / "nozzle"
        until(lambda: list(control.ask(beside, "at work") or [])[:-1])
        there.write_text(there.read_text().replace("print(1)", "print(6 * 7)"))
        until(lambda: "42\n```" in there.read_text())
