"""The README's first line: a journal made, run, broken, rewound, built, with no network and no key."""

from pathlib import Path

from tests.words.conftest import Say, git


def test_the_tour_leaves_a_journal_that_is_good_again_and_a_site(say: Say, folder: Path) -> None:
    root = folder / "tour"
    said = say("tour", str(root))
    assert said.status == 0
    for typed in ("new", "run", "log", "rewind", "due", "verify --attest", "build"):
        assert f"$ nozzle {typed}" in said.out
    (path,) = (root / "journal").glob("*.md")
    text = path.read_text()
    assert text.count("status=ok") == 3
    assert "total += x * y" not in text
    assert "3 intact, 0 not" in said.out
    assert (root / "site" / "index.html").is_file()
    assert f"go on:   cd {root} && nozzle watch" in said.out
    assert "total += x * y" in git(root, "log", "--all", "-p")
