"""What a forked thread's cells read or wrote and no step holds goes along, or is named."""

from pathlib import Path

import pytest

from tests.words.conftest import Say, cell, entry, git

READS = """import os, helper
print(helper.y, *(len(open(f"../data/{name}").read()) for name in sorted(os.listdir("../data"))))
print(len(open("../.env").read()))"""
WRITES = "open('../data/made.csv', 'w').write('x' * 9)"


@pytest.fixture
def journal(say: Say, folder: Path) -> Path:
    """One that has run: its cells read what git ignores, and what nobody added."""
    entry(folder, ".env\ndata/\n", ".gitignore")
    entry(folder, "MODE=plain\n", ".env")
    entry(folder, "y = 5\n", "journal/helper.py")
    for name, text in {"in.csv": "1,2", "key.csv": "ghp_" + "x1" * 18, "large.csv": "1" * 2_000}.items():
        entry(folder, text, f"data/{name}")
    entry(folder, "file_cap = 1000\n", "nozzle.toml")
    entry(folder, cell(WRITES) + "\n" + cell(READS))
    git(folder, "init", "-q"), git(folder, "add", ".gitignore", "nozzle.toml", "journal/entry.md")
    git(folder, "-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-q", "-m", "all")
    assert say("run").status == 0
    return folder.parent / f"{folder.name}.threads"


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_it_goes_along_but_for_what_is_large_or_looks_like_a_secret(
    say: Say, folder: Path, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = say("fork", "HEAD", "other").out
    brought = {"data/in.csv", "data/made.csv", "journal/helper.py"}
    assert f"  brought along, for no step holds them: {', '.join(sorted(brought))}\n" in said
    assert brought <= files(journal / "other")
    assert not {".env", "data/key.csv", "data/large.csv"} & files(journal / "other")
    (lacks,) = (line for line in said.splitlines() if "not there" in line)
    assert ".env (its name is that of a secret)" in lacks
    assert "data/key.csv (line 1 looks like a secret" in lacks
    assert "data/large.csv (it is too large)" in lacks
    monkeypatch.chdir(journal / "other")
    assert "changed what a cell wrote" not in say("run", "--again").out
    assert not list(folder.glob(".git/nozzle/yours/*"))


def test_what_is_no_longer_as_it_was_then_is_named(say: Say, folder: Path, journal: Path) -> None:
    path = folder / "journal" / "entry.md"
    path.write_text(path.read_text() + "\nMore.\n\n" + cell("print('more')"))
    assert say("run").status == 0
    (folder / "data" / "in.csv").write_text("3,4")
    (folder / "journal" / "helper.py").unlink()
    said = say("fork", "HEAD~2", "other").out
    assert "data/in.csv (it is not as it was then, as far as is known)" in said
    assert "journal/helper.py (it is not here either)" in said
    assert "data/in.csv" not in files(journal / "other")
