"""One entry that cannot be read is named, and stands in the way of no other."""

from pathlib import Path

import pytest

from tests.words.conftest import Say, cell, entry, git

WORDS = [
    ("due",), ("verify", "--attest"), ("verify",), ("build",), ("trust",), ("trust", "--yes"),
    ("publish", "--to", "out"),
]  # fmt: skip


@pytest.fixture
def broken(say: Say, folder: Path) -> Path:
    git(folder, "init", "-q", "-b", "main")
    entry(folder, cell("print('good')"))
    say("run")
    path = folder / "journal" / "a-broken.md"
    path.write_bytes(b"# caf\xe9\n")
    entry(folder, "# Later\n\n" + cell("print('new')"), "journal/later.md")
    return path


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_it_is_named_and_the_others_go_on(say: Say, folder: Path, broken: Path, words: tuple[str, ...]) -> None:
    said = say(*words)
    assert (said.status, said.out.count("a-broken.md")) == (1, 1)
    assert "Traceback" not in said.out
    shown = {"due": "journal/later.md:3", "build": "index.html", "trust": "everything here", "publish": "published to"}
    assert shown.get(words[0], "1 ") in said.out


@pytest.mark.parametrize("words", [("due",), ("verify",), ("verify", "--attest"), ("trust",)], ids=" ".join)
def test_when_it_is_the_only_one_meant_the_command_was_wrong(say: Say, broken: Path, words: tuple[str, ...]) -> None:
    said = say(*words, str(broken))
    assert (said.status, "a-broken.md" in said.out) == (2, True)


def test_the_site_holds_the_others(say: Say, folder: Path, broken: Path) -> None:
    say("build")
    assert (folder / "site" / "journal" / "later.html").exists()
    assert not (folder / "site" / "journal" / "a-broken.html").exists()
