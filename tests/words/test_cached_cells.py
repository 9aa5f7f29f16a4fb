"""A cell with `cache: true` in a journal: an edit above that it does not see leaves it alone, and proofs run it."""

from pathlib import Path

import pytest

from tests.words.conftest import Say, cell, entry, git

RAN = "import os\nprint('.', end='', file=open(os.environ['RAN'], 'a'))\n"


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RAN", str(tmp_path / "ran"))
    return tmp_path / "ran"


def test_it_comes_back_below_an_edit_and_is_run_for_a_proof(say: Say, folder: Path, ran: Path) -> None:
    slow = cell(f"#| cache: true\n{RAN}y = x + 1; print('y is', y)")
    path = entry(folder, cell("x = 1; note = 'a'") + "\n" + slow + "\n" + cell("print(y, note)"))
    assert say("run").status == 0
    path.write_text(path.read_text().replace("note = 'a'", "note = 'b'"))
    said = say("run")
    assert (said.status, ran.read_text()) == (0, ".")
    assert "brought back: nothing that it reads differs" in " ".join(said.out.split())
    assert "2 b\n```" in path.read_text()
    assert path.read_text().count("y is 2\n```") == 1
    assert "Nozzle-Cache: brought back" in git(folder, "log", "--format=%B")
    assert say("verify").status == 0
    assert ran.read_text() == ".."
    assert say("run", "--again").status == 0
    assert ran.read_text() == "..."
    path.write_text(path.read_text().replace("x = 1", "x = 2"))
    assert say("run").status == 0
    assert (ran.read_text(), "3 b\n```" in path.read_text()) == ("....", True)


def test_a_reason_is_told_where_it_cannot_be(say: Say, folder: Path) -> None:
    entry(folder, cell("x = []") + "\n" + cell("#| cache: true\nx.append(1)"))
    assert "what it makes is not kept: it changes what x holds" in " ".join(say("run").out.split())


def test_what_is_kept_comes_with_no_clone(say: Say, folder: Path) -> None:
    entry(folder, cell("#| cache: true\nx = 1"))
    assert say("run").status == 0
    (made,) = (folder / ".git" / "nozzle" / "cells").glob("*.made")
    assert made.stat().st_mode & 0o077 == 0
    git(folder, "clone", "-q", ".", "../copy")
    assert not (folder.parent / "copy" / ".git" / "nozzle").exists()
