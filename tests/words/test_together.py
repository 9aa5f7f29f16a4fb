"""Words said while another nozzle is at work in the same journal."""

import json
import os
import signal
from pathlib import Path

import pytest

from nozzle import control
from tests.words.conftest import WAITS, Say, cell, entry, git, process, until


@pytest.fixture
def private(folder: Path) -> Path:
    git(folder, "init", "-q", "-b", "main")
    return folder / ".git" / "nozzle"


def test_two_runs_at_once_run_each_cell_once(say: Say, folder: Path, private: Path) -> None:
    path = entry(folder, cell(WAITS))
    with process("run") as one, process("run") as two:
        until((folder / "journal" / "began").exists)
        (folder / "journal" / "go").touch()
        told = [each.communicate(timeout=60)[0] for each in (one, two)]
        assert (one.returncode, two.returncode) == (0, 0), told
    assert (folder / "journal" / "began").read_text() == "x"
    assert path.read_text().count("went on\n```") == 1


@pytest.mark.parametrize("word", ["run", "watch"])
def test_due_says_of_a_cell_that_runs_that_it_runs(say: Say, folder: Path, private: Path, word: str) -> None:
    path = entry(folder, cell("print('first')") + "\n" + cell(WAITS) + "\n" + cell("print('below')"))
    with process(word, *(["--no-page"] if word == "watch" else [])):
        if word == "watch":
            until(lambda: control.running(private))
            say("due")
            until(lambda: list(control.ask(private, "at work") or [])[:-1])
            path.write_text(path.read_text() + "\nsaved\n")
        until((folder / "journal" / "began").exists)
        rows = [json.loads(line) for line in say("due", "--json").out.splitlines()]
        assert [(row["title"], row["do"]) for row in rows] == [
            ("import os, time", "running"),
            ("print('below')", "due"),
        ]
        assert "[running]" in say("due").out
        (folder / "journal" / "go").touch()
        until(lambda: "below\n```" in path.read_text())
    assert say("due").out == "nothing is due\n"


def test_a_second_watch_is_told_what_runs_and_how_to_end_it(say: Say, folder: Path, private: Path) -> None:
    with process("watch", "--no-page") as first:
        until(lambda: control.running(private))
        said = say("watch", "--no-page")
        assert said.status == 2
        assert f"a watch already looks after this journal: process {first.pid}" in said.out
        assert f"(Ctrl-C there, or kill {first.pid})" in said.out


def test_a_watch_beside_a_run_is_told_that_it_is_a_run(say: Say, folder: Path, private: Path) -> None:
    entry(folder, cell(WAITS))
    with process("run"):
        until((folder / "journal" / "began").exists)
        assert "a run already looks after this journal" in say("watch", "--no-page").out


def test_a_request_that_is_none_is_answered_and_ends_no_watch(say: Say, folder: Path, private: Path) -> None:
    none: list[dict[str, object]] = [{}, {"paths": 3}, {"paths": [3]}, {"paths": ["/etc/passwd"]}, {"paths": None}]
    with process("watch", "--no-page") as watch:
        until(lambda: control.running(private))
        for args in none:
            replies = list(control.ask(private, "run", **args) or [])
            assert replies[-1] == {"end": True, "status": 2}, args
            assert list(control.ask(private, "at work") or []) == [{"end": True, "status": 0}], args
            assert watch.poll() is None, args


def test_a_process_that_was_killed_holds_nobody_up(say: Say, folder: Path, private: Path) -> None:
    path = entry(folder, cell(WAITS))
    with process("run") as first:
        until((folder / "journal" / "began").exists)
        os.kill(first.pid, signal.SIGKILL)
        first.wait(60)
        (folder / "journal" / "go").touch()
        assert say("run").status == 0
    assert path.read_text().count("went on\n```") == 1
