"""Where publish, build and tour may write: never over the journal itself, or into what is somebody's already."""

from pathlib import Path

import pytest

from nozzle.errors import Refused, WrongCommand
from tests.words.conftest import Say, cell, entry, git


@pytest.fixture
def journal(say: Say, folder: Path) -> Path:
    entry(folder, "# One\n\n" + cell("print('out')"))
    (folder / "notes").mkdir()
    assert say("run").status == 0
    return folder


@pytest.mark.parametrize("words", [("publish", "--to"), ("build", "--out")])
@pytest.mark.parametrize("place", [".", "..", "journal", "journal/site", "link", ".git/site", "notes/../journal"])
def test_the_site_goes_to_no_folder_that_holds_entries_or_git(
    say: Say, journal: Path, words: tuple[str, str], place: str
) -> None:
    (journal / "link").symlink_to("journal")
    before = sorted(journal.rglob("*.html")), git(journal, "status", "--porcelain")
    said = say(*words, place)
    assert said.status == Refused.status
    assert "another folder" in said.out
    assert (sorted(journal.rglob("*.html")), git(journal, "status", "--porcelain")) == before


def test_the_site_may_go_to_a_folder_of_its_own_in_the_journal(say: Say, journal: Path) -> None:
    assert say("publish", "--to", "docs").status == 0
    assert (journal / "docs" / "journal" / "entry.html").is_file()
    assert say("publish", "--to", "docs").status == 0


@pytest.mark.parametrize("name", ["bad name", "-x", "a..b", "", "x.lock"])
def test_a_branch_that_git_would_not_take_is_told_in_plain_words(say: Say, journal: Path, name: str) -> None:
    said = say("publish", f"--branch={name}")
    assert said.status == WrongCommand.status
    assert "no name for a branch" in said.out
    assert "update-ref" not in said.out


def test_two_places_at_once_are_one_too_many(say: Say, journal: Path) -> None:
    with pytest.raises(Exception, match="one place at a time"):
        say("publish", "--branch", "x", "--to", "y")


def test_the_tour_does_not_begin_in_a_folder_that_holds_something(say: Say, folder: Path) -> None:
    (folder / "mine.txt").write_text("MINE")
    said = say("tour", str(folder))
    assert said.status == Refused.status
    assert "is not empty" in said.out
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]
