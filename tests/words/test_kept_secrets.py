"""What no step may keep is kept by no word: not by one that goes back, merges, takes or brings out."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from nozzle.errors import Refused
from nozzle.page import Deed
from nozzle.words.deeds import DEEDS
from nozzle.words.journal import journal
from tests.words.conftest import Say, cell, entry, git

TOKEN = "ghp_" + "x1" * 18
VALUE = "correct-horse-" + "battery"
WHO = ("-c", "user.name=Ann", "-c", "user.email=ann@x.org")


def everything(folder: Path) -> str:
    """All that any commit brought."""
    return git(folder, "log", "--all", "-p", "-m")


def committed(folder: Path, text: str) -> Path:
    if not (folder / ".git").exists():
        git(folder, "init", "-qb", "main")
    path = entry(folder, text)
    git(folder, "add", "journal")
    git(folder, *WHO, "commit", "-qm", "by hand")
    return path


@pytest.mark.parametrize("deed", ["rewind", "fork"])
def test_going_back_on_the_page_keeps_no_secret(folder: Path, deed: str) -> None:
    committed(folder, "# One\n")
    path = committed(folder, "# Two\n")
    path.write_text(f"# Two\n\n{TOKEN}\n")
    with journal(folder) as here, pytest.raises(Refused, match="looks like a secret"):
        DEEDS[deed](here, SimpleNamespace(beside=None), path, Deed("entry.html", deed, {"step": "HEAD~1"}))  # type: ignore[arg-type]
    assert TOKEN not in everything(folder)
    assert TOKEN in path.read_text()


def test_merge_and_take_keep_no_secret_of_the_authors_and_write_nothing(say: Say, folder: Path) -> None:
    path = committed(folder, "# One\n\n\n\nlast\n")
    git(folder, "switch", "-qc", "other")
    path.write_text("# One\n\n\n\nlast, theirs\n\n" + cell("print(42)"))
    assert say("run").status == 0
    git(folder, "switch", "-q", "main")
    text = f"# One {TOKEN}\n\n\n\nlast\n"
    path.write_text(text)
    head = git(folder, "rev-parse", "HEAD")
    for word in ("merge", "take"):
        said = say(word, "other")
        assert said.status == Refused.status
        assert "looks like a secret" in said.out
        assert path.read_text() == text
    assert git(folder, "rev-parse", "HEAD") == head
    assert TOKEN not in everything(folder)


def test_what_is_merged_and_was_committed_there_by_hand_is_no_reason_to_refuse(say: Say, folder: Path) -> None:
    committed(folder, "# One\n")
    git(folder, "switch", "-qc", "other")
    entry(folder, f"an example: {TOKEN}\n", "journal/example.txt")
    committed(folder, "# One, theirs\n")
    git(folder, "switch", "-q", "main")
    assert say("merge", "other").status == 0
    assert "theirs" in (folder / "journal/entry.md").read_text()
    assert TOKEN in (folder / "journal/example.txt").read_text()


@pytest.mark.parametrize("where", ["text", "file"])
def test_a_secret_value_of_this_environment_gets_into_no_step(
    say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setenv("MY_API_KEY", VALUE)
    committed(folder, "# One\n")
    (folder / "data.txt").write_text(VALUE)
    text = f"the key is {VALUE}\n\n" if where == "text" else ""
    path = entry(folder, text + cell("open('../copy.txt', 'w').write(open('../data.txt').read()); print('ran')"))
    said = say("run")
    assert "ran\n```" in path.read_text()
    assert (folder / "copy.txt").read_text() == VALUE
    assert "looks like a secret (known secret)" in said.out
    assert VALUE not in everything(folder)


def test_a_text_that_a_cell_writes_is_searched_to_its_end(say: Say, folder: Path) -> None:
    source = f"open('long.txt', 'w').write('.' * 1_200_000 + chr(10) + '{TOKEN[:9]}' + '{TOKEN[9:]}')"
    entry(folder, cell(source))
    said = say("run")
    assert "long.txt: line 2 looks like a secret" in said.out
    assert git(folder, "log", "--all", "--format=", "--name-only", "--", "journal/long.txt") == ""
    assert (folder / "journal" / "long.txt").exists()
