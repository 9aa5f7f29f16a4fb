"""What no step may keep is kept by no word: not by one that goes back, merges, takes or brings out."""

from pathlib import Path

import pytest

from nozzle.errors import Refused
from nozzle.page import Deed
from nozzle.words.deeds import DEEDS
from nozzle.words.journal import journal
from tests.words.conftest import entry, git

TOKEN = "ghp_" + "x1" * 18
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
        DEEDS[deed](here, None, path, Deed("entry.html", deed, {"step": "HEAD~1"}))  # type: ignore[arg-type]
    assert TOKEN not in everything(folder)
    assert TOKEN in path.read_text()
