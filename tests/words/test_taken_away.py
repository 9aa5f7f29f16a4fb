"""Entries that were removed or renamed while nobody watched: a step says so, and nothing that is kept is lost."""

from pathlib import Path

import pytest

from nozzle import control
from nozzle.page import Away
from nozzle.words.journal import journal
from nozzle.words.live import showing
from tests.words.conftest import Say, cell, entry, git, process, until

OTHER = "journal/other.md"


@pytest.fixture
def two(say: Say, folder: Path) -> Path:
    """A journal of two entries that ran; the first of them."""
    git(folder, "init", "-q", "-b", "main")
    entry(folder, cell("print(1)"), OTHER)
    path = entry(folder, cell("print(2)"))
    assert say("run").status == 0
    return path


def kept(folder: Path) -> set[str]:
    return {name for name in git(folder, "ls-tree", "-r", "--name-only", "HEAD").split() if name.endswith(".md")}


def last(folder: Path) -> str:
    return git(folder, "log", "-1", "--format=%s").strip()


def test_an_entry_that_was_removed_is_removed_by_a_step(say: Say, folder: Path, two: Path) -> None:
    before = git(folder, "rev-parse", "HEAD").strip()
    two.unlink()
    said = say("run")
    assert said.out == "- journal/entry.md was taken away\n"
    assert (kept(folder), last(folder)) == ({OTHER}, "entry: removed")
    assert git(folder, "status", "--porcelain") == ""
    assert "print(2)" in git(folder, "show", f"{before}:journal/entry.md")
    assert say("run").out == "nothing is due\n"


def test_an_entry_that_was_renamed_stays_one_thing(say: Say, folder: Path, two: Path) -> None:
    two.rename(two.with_name("new-name.md"))
    said = say("run")
    assert said.out == "- journal/entry.md was renamed to journal/new-name.md\n"
    assert (kept(folder), last(folder)) == ({OTHER, "journal/new-name.md"}, "entry: renamed to new-name")
    assert "entry.md => new-name.md" in git(folder, "show", "-M", "--stat", "--format=", "HEAD")


def test_a_watch_that_begins_takes_it_in_too(folder: Path, two: Path) -> None:
    two.unlink()
    with process("watch", "--no-page"):
        until(lambda: control.running(folder / ".git" / "nozzle"))
        until(lambda: last(folder) == "entry: removed")
    assert kept(folder) == {OTHER}


def test_running_one_entry_leaves_the_others_alone(say: Say, folder: Path, two: Path) -> None:
    two.unlink()
    (folder / OTHER).write_text(cell("print(3)"))
    say("run", OTHER)
    assert "journal/entry.md" in kept(folder)


def test_what_a_sparse_checkout_leaves_out_was_not_removed(say: Say, folder: Path, two: Path) -> None:
    git(folder, "update-index", "--skip-worktree", "journal/entry.md")
    two.unlink()
    (folder / OTHER).write_text(cell("print(3)"))
    say("run")
    assert "journal/entry.md" in kept(folder)


def test_what_git_took_away_is_no_step(say: Say, folder: Path, two: Path) -> None:
    git(folder, "rm", "-q", "journal/entry.md")
    git(folder, "-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-q", "-m", "mine")
    (folder / OTHER).write_text(cell("print(3)"))
    say("run")
    assert "removed" not in git(folder, "log", "--format=%s")
    assert kept(folder) == {OTHER}


@pytest.mark.parametrize("source", ["rm -rf ../.git", "rm -rf ../.git ../journal"])
def test_a_run_whose_repository_is_taken_away_ends_in_plain_words(folder: Path, source: str) -> None:
    git(folder, "init", "-q", "-b", "main")
    entry(folder, cell("print(1)") + "\n" + cell(source, "bash") + "\n" + cell("print(2)"))
    with process("run") as started:
        said, _ = started.communicate(timeout=60)
    assert started.returncode == 3
    assert f"nozzle: {folder}/.git is gone, and with it the steps" in said


@pytest.mark.parametrize("by_hand", [False, True])
def test_the_page_of_an_entry_that_was_renamed_while_no_watch_ran_leads_there(
    say: Say, folder: Path, two: Path, by_hand: bool
) -> None:
    if by_hand:
        git(folder, "mv", "journal/entry.md", "journal/middle.md")
        git(folder, "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "another name")
        two = two.with_name("middle.md")
    two.rename(two.with_name("new-name.md"))
    say("run")
    with journal(folder) as here, showing(here) as shown:
        found = shown.live("journal/entry.html")
    assert isinstance(found, Away)
    assert (found.to, found.name) == ("journal/new-name.html", "journal/new-name.md")


def test_the_page_of_an_entry_that_was_taken_away_leads_nowhere(say: Say, folder: Path, two: Path) -> None:
    two.unlink()
    say("run")
    with journal(folder) as here, showing(here) as shown:
        assert shown.live("journal/entry.html") == Away()
