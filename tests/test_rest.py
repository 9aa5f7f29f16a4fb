"""A word with nothing to do is answered from a note, and never when anything that could be due has changed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from nozzle import rest
from nozzle.cli import cli
from tests.conftest import Workshop
from tests.words.conftest import cell, git

ROOT = Path(__file__).parents[1]
WHO = ("-c", "user.name=Ann", "-c", "user.email=ann@x.org")


def nozzle(folder: Path, *words: str) -> tuple[int, str]:
    """What a nozzle of its own says."""
    run = [sys.executable, "-m", "nozzle", *words]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(run, cwd=folder, capture_output=True, text=True, env=env)
    return done.returncode, done.stdout


def run() -> int:
    """The status of `nozzle run`, said here and the long way."""
    done = CliRunner().invoke(cli, ["run"], standalone_mode=False)
    assert done.exception is None
    return int(done.return_value or 0)


@pytest.fixture
def settled(workshop: Workshop) -> Workshop:
    """A journal in which nothing is due, and a run has found so."""
    workshop.write("1\n", "data.csv")
    workshop.write(cell("print(open('../data.csv').read())"))
    assert run() == 0
    assert run() == 0
    return workshop


def test_a_copy_of_a_journal_answers_for_itself(settled: Workshop, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(settled.root, copy, symlinks=True)
    (copy / "journal/entry.md").write_text((copy / "journal/entry.md").read_text() + cell("1 / 0"))
    assert nozzle(copy, "due")[1].count("1 / 0") == 1
    assert nozzle(copy, "run")[0] == 1
    assert git(copy, "status", "--porcelain", "--", "journal") == ""
    assert nozzle(settled.root, "run") == (0, "nothing is due\n")
    moved = copy.rename(tmp_path / "moved")
    assert nozzle(moved, "run")[0] == 1


def test_the_second_run_opens_no_room(settled: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    assert nozzle(settled.root, "run") == (0, "nothing is due\n")
    assert rest.answer(["run"]) == "nothing is due"
    assert rest.answer(["run", "--json"]) is rest.answer(["due", "-q"]) is None
    assert rest.answer(["run", "-q"]) == rest.answer(["due", "--json"]) == ""
    assert rest.answer(["run", "journal/entry.md"]) == "nothing is due"
    monkeypatch.chdir(settled.root / "journal")
    assert rest.answer(["due"]) == "nothing is due"


@pytest.mark.parametrize("words", [[], ["run", "--again"], ["run", "other.md"], ["log"], ["run", "--help"], ["--help"]])
def test_other_words_are_not_answered_here(settled: Workshop, words: list[str]) -> None:
    assert rest.answer(words) is None


def edited(root: Path) -> None:
    path = root / "journal/entry.md"
    path.write_text(path.read_text().replace("print(open", "print( open"))


CHANGES: dict[str, Callable[[Path], object]] = {
    "an entry": edited,
    "a new entry": lambda root: (root / "journal/b.md").write_text(cell("print(1)")),
    "an entry in a new folder": lambda root: [
        (root / "journal/new").mkdir(),
        (root / "journal/new/b.md").write_text(cell("print(1)")),
    ],
    "the README": lambda root: (root / "README.md").write_text(cell("print(1)")),
    "what a cell read": lambda root: (root / "data.csv").write_text("2\n"),
    "the settings": lambda root: (root / "nozzle.toml").write_text("timeout = 3.0\n"),
    "where HEAD is": lambda root: git(root, *WHO, "commit", "-q", "--allow-empty", "-m", "x"),
    "the branch": lambda root: git(root, "switch", "-qc", "other"),
    "a watch that runs": lambda root: (root / ".git/nozzle/lock").write_text("{}"),
    "the note": lambda root: (root / ".git/nozzle/rest.json").write_text("{"),
    "the note's shape": lambda root: (root / ".git/nozzle/rest.json").write_text("[]"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_of_anything_that_counts_sends_the_word_the_long_way(settled: Workshop, what: str) -> None:
    assert rest.answer(["run"]) is not None
    CHANGES[what](settled.root)
    assert rest.answer(["run"]) is None


def test_another_user_folder_sends_the_word_the_long_way(settled: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOZZLE_HOME", str(settled.root.parent / "other"))
    assert rest.answer(["run"]) is None


def test_a_change_so_soon_that_the_time_cannot_tell_is_seen_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("one")
    before = rest.look(str(path))
    stat = path.stat()
    path.write_text("two")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert rest.look(str(path)) != before
    assert before is not None
    assert len(before) == 6


def test_a_failure_that_stands_is_told_every_time(workshop: Workshop) -> None:
    workshop.write(cell("1 / 0"))
    assert [run(), run(), nozzle(workshop.root, "run")[0]] == [1, 1, 1]
    assert rest.answer(["run"]) is None


def test_what_is_likely_not_meant_is_told_every_time(settled: Workshop) -> None:
    settled.write("---\ntitle: odd\n---\n\n```python\n1\n```\n", "journal/odd.md")
    assert run() == run() == 0
    assert "odd.md:5: ```python is shown and does not run" in nozzle(settled.root, "run")[1]


def test_a_run_that_is_cut_off_leaves_no_note(settled: Workshop) -> None:
    edited(settled.root)
    script = (
        "import os, sys; from nozzle import cli, loop; loop.Loop.run = lambda *a, **k: os._exit(9); "
        "sys.argv = ['nozzle', 'run']; cli.main()"
    )
    subprocess.run([sys.executable, "-c", script], cwd=settled.root, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert not (settled.root / ".git/nozzle/rest.json").exists()
