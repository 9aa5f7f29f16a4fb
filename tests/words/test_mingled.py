"""What git makes of two people's work in one text: no line of the other's runs, and nothing of one's own waits."""

import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.words.conftest import ME, WHO, Say, cell, entry, git, held

FILE = "journal/entry.md"
SIX = "n = 3\na = 1\nb = 2\nc = 3\n\nprint(n)"
EVIL = "open('ran', 'w')"
INTO: dict[str, list[tuple[str, ...]]] = {
    "stash": [("stash", "-q"), ("pull", "-q"), ("stash", "pop", "-q")],
    "autostash": [(*ME, "pull", "-q", "--rebase", "--autostash")],
    "squash": [("commit", "-qam", "mine"), ("fetch", "-q"), ("merge", "-q", "--squash", "origin/main")],
    "squash, committed": [
        ("commit", "-qam", "mine"),
        ("fetch", "-q"),
        ("merge", "-q", "--squash", "origin/main"),
        ("commit", "-qm", "both"),
    ],
    "pick": [("commit", "-qam", "mine"), ("fetch", "-q"), ("cherry-pick", "-n", "origin/main")],
}


@pytest.fixture
def both(say: Say, theirs: Path, clone: Path) -> Callable[[str, str, str], Path]:
    """An entry that was trusted here, and what the author and somebody else have made of it since."""
    for name, value in (("user.name", "I"), ("user.email", "i@example.org")):
        git(clone, "config", name, value)

    def both(before: str, mine: str, other: str) -> Path:
        entry(theirs, before)
        git(theirs, *WHO, "commit", "-qam", "before")
        git(clone, "pull", "-q")
        assert say("trust", "--yes").status == 0
        entry(theirs, other)
        git(theirs, *WHO, "commit", "-qam", "after")
        return entry(clone, mine)

    return both


@pytest.mark.parametrize("how", INTO)
def test_a_line_that_git_puts_into_a_cell_of_mine_does_not_run(both: Callable[[str, str, str], Path], how: str) -> None:
    path = both(cell(SIX), cell(SIX.replace("n = 3", "n = 4")), cell(SIX.replace("print(n)", EVIL)))
    for words in INTO[how]:
        git(path.parent.parent, *words)
    assert "n = 4" in path.read_text()
    for _ in range(2):  # what was seen to be so stays so
        assert len(held(path.parent.parent, path)) == 1
    git(path.parent.parent, "add", "-A")
    git(path.parent.parent, "commit", "-q", "--allow-empty", "-m", "all of it")
    git(path.parent.parent, "remote", "remove", "origin")
    assert len(held(path.parent.parent, path)) == 1


HARD = {
    "a module": ("x = 1\ny = 2\n\nn = 3", "x = 1\ny = 2\n\nn = 4", "import evil\nx = 1\ny = 2\n\nn = 3"),
    "half of a short one": ("n = 3\n\nprint(n)", "n = 4\n\nprint(n)", f"n = 3\n\n{EVIL}"),
    "little of a long one": (
        "\n".join([*(f"a{n} = 1" for n in range(9)), "b = 1", "print(b)"]),
        "\n".join([*(f"a{n} = 2" for n in range(9)), "b = 1", "print(b)"]),
        "\n".join([*(f"a{n} = 1" for n in range(9)), "b = 1", EVIL]),
    ),
}


@pytest.mark.parametrize("what", HARD)
@pytest.mark.parametrize("again", [False, True])
def test_however_little_it_is_and_whatever_else_they_wrote(
    both: Callable[[str, str, str], Path], what: str, again: bool
) -> None:
    before, mine, other = HARD[what]
    end = "\n\nwords\n\n" + cell("print('the end')")
    more = "\n\n" + cell(other) if again else ""
    path = both(cell(before) + end, cell(mine) + end, cell(other) + end + more)
    for words in INTO["stash"]:
        git(path.parent.parent, *words)
    assert mine.split("\n")[-3].strip() in path.read_text()
    assert held(path.parent.parent, path)[0] == path.read_text().split("\n```")[0].split("\n", 1)[1]


GUARDED = """\
source = '''
first
second
third
'''
n = 3
if n:
    dry = False
    ready = 1
    dry = True  # the guard
    rest = 2
    more = 3

print(dry, n)"""
SUBTLE = {
    "a line away": GUARDED.replace("    dry = True  # the guard\n", ""),
    "a line moved": GUARDED.replace("dry = False", "dry = True ").replace("dry = True  # the guard", "dry = False"),
    "a line further out": GUARDED.replace("    more = 3", "more = 3"),
    "a line with # in a string": GUARDED.replace("third", "third\n#define FIRST system()"),
    "an option in a comment": f"#| timeout: 999\n{GUARDED}",
    "an option": f":timeout: 999\n\n{GUARDED}",
}


@pytest.mark.parametrize("how", ["autostash", "commit"])
@pytest.mark.parametrize("what", SUBTLE)
def test_nor_does_a_cell_of_mine_in_which_their_change_is_hard_to_see(
    say: Say, both: Callable[[str, str, str], Path], what: str, how: str
) -> None:
    path = both(cell(GUARDED), cell(GUARDED.replace("(dry, n)", "(n, dry)")), cell(SUBTLE[what]))
    root = path.parent.parent
    if how == "commit":
        git(root, "commit", "-qam", "mine")
        git(root, "pull", "-q", "--no-rebase", "--no-edit")
        path.write_text(path.read_text().replace("(n, dry)", "(n, n, dry)"))
    else:
        git(root, *INTO["autostash"][0])
    assert path.read_text() == cell(SUBTLE[what].replace("(dry, n)", "(n, dry)" if how != "commit" else "(n, n, dry)"))
    for _ in range(2):
        assert len(held(root, path)) == 1
    assert say("trust", "--yes").status == 0
    path.write_text(path.read_text().replace("n = 3", "n = 4"))
    assert not held(root, path), "what was accepted stays so when it is edited"


MINE = {
    "a line away": ("n = 3\n", ""),
    "a comment": ("n = 3\n", "# three\nn = 3\n"),
    "the guard away": ("    dry = True  # the guard\n", ""),
    "an option": ("source", "#| timeout: 9\nsource"),
    "a line with # in a string": ("third", "third\n#define SECOND"),
}


@pytest.mark.parametrize("what", MINE)
@pytest.mark.parametrize("other", ["a line with # in a string", "an option"])
def test_such_a_change_of_my_own_is_mine_while_they_have_gone_on_and_when_i_take_it_back(
    theirs: Path, clone: Path, what: str, other: str
) -> None:
    path = entry(clone, cell(GUARDED), "journal/mine.md")
    assert not held(clone, path)
    git(clone, "add", "-A")
    git(clone, *ME, "commit", "-qm", "mine")
    git(theirs, "pull", "-q", str(clone), "HEAD")
    entry(theirs, cell(SUBTLE[other]), "journal/mine.md")
    git(theirs, *WHO, "commit", "-qam", "after")
    git(clone, "fetch", "-q")
    path.write_text(cell(GUARDED.replace(*MINE[what])))
    assert not held(clone, path)
    git(clone, *ME, "commit", "-qam", "more")
    path.write_text(cell(GUARDED.replace("print(dry, n)", "print(n)")))
    assert not held(clone, path)


REAL, SAFE, WRITES = (
    cell("place = 'real'\nx = 1\n\n# place"),
    cell("place = 'safe'"),
    "some words\n\n" + cell("y = 1\n\n# write\nopen(place, 'w')"),
)
MERGED: dict[str, list[tuple[str, ...]]] = {
    "restore": [("fetch", "-q"), ("restore", "-s", "origin/main", FILE)],
    "not committed": [
        ("commit", "-qam", "mine", "--allow-empty"),
        ("fetch", "-q"),
        ("merge", "--no-commit", "origin/main"),
    ],
    "conflict": [("commit", "-qam", "mine", "--allow-empty"), ("fetch", "-q"), ("merge", "origin/main")],
    "squash": [("commit", "-qam", "mine", "--allow-empty"), ("fetch", "-q"), ("merge", "--squash", "origin/main")],
}
OTHERS = {
    "taken away": REAL + "\n" + WRITES,
    "turned round": SAFE + "\n" + REAL + "\n" + WRITES,
    "twice": REAL + "\n" + SAFE + "\n" + REAL + "\n" + WRITES,
}


@pytest.mark.parametrize("edits", ["", "above", "below"])
@pytest.mark.parametrize("how", MERGED)
def test_my_cell_does_not_run_in_a_state_that_somebody_else_made(
    both: Callable[[str, str, str], Path], how: str, edits: str
) -> None:
    before = REAL + "\n" + SAFE + "\n" + WRITES
    mine = before.replace("x = 1", "x = 2") if edits == "above" else before
    mine = mine.replace("(place, 'w')", "(place, 'a')") if edits == "below" else mine
    path = both(before, before, OTHERS["taken away"])
    root = path.parent.parent
    (root / "other.txt").write_text("mine")
    path.write_text(mine)
    assert not held(root, path)
    if how == "conflict":
        other = Path(git(root, "config", "remote.origin.url"))
        (other / "other.txt").write_text("theirs")
        git(other, "add", "-A")
        git(other, *WHO, "commit", "-qm", "more")
    git(root, "add", "-A")
    for words in MERGED[how]:
        with suppress(subprocess.CalledProcessError):
            git(root, *words)
    assert "safe" not in path.read_text()
    for _ in range(2):
        assert any("open(place" in each for each in held(root, path)), path.read_text()


@pytest.mark.parametrize("other", OTHERS)
def test_my_cells_in_another_order_by_somebody_elses_hand_wait(
    both: Callable[[str, str, str], Path], other: str
) -> None:
    before = REAL + "\n" + SAFE + "\n" + WRITES
    path = both(before, before, OTHERS[other])
    root = path.parent.parent
    git(root, "commit", "-q", "--allow-empty", "-m", "mine")
    git(root, "fetch", "-q")
    git(root, "merge", "-q", "--no-commit", "--no-ff", "origin/main")
    assert any("open(place" in each for each in held(root, path))


A, B, C = cell("a = 1\nprint(a)"), cell("b = 2\nprint(b)"), cell("c = 3\nprint(c)")
OWN = {
    "a new cell with the usual lines": A + "\n" + B + "\n" + C + "\n" + cell("import math\nprint(d)"),
    "one line": A + "\n" + B + "\n" + C + "\n" + cell("print(d)"),
    "a cell less": A + "\n" + C,
    "the first less": B + "\n" + C,
    "the last less": A + "\n" + B,
    "moved down": B + "\n" + A + "\n" + C,
    "moved to the end": B + "\n" + C + "\n" + A,
    "edited": A + "\n" + B.replace("2", "7") + "\n" + C,
    "edited and a cell less": A.replace("1", "7") + "\n" + C,
    "one between": A + "\n" + cell("n = 5\nprint(n)") + "\n" + B + "\n" + C,
    "twice": A + "\n" + A + "\n" + B + "\n" + C,
}


@pytest.mark.parametrize("state", ["committed", "they went on", "stashed"])
@pytest.mark.parametrize("what", OWN)
def test_what_i_change_myself_is_mine(both: Callable[[str, str, str], Path], what: str, state: str) -> None:
    before = A + "\n" + B + "\n" + C
    theirs = before + "\n" + cell("import math\nd = 4\nprint(d)") + "\n" + cell("e = 5")
    path = both(before, OWN[what], theirs)
    root = path.parent.parent
    if state == "committed":
        assert not held(root, path)
        git(root, "commit", "-qam", "mine")
    elif state == "they went on":  # and it is fetched, not merged
        git(root, "fetch", "-q")
    elif state == "stashed":
        git(root, "stash", "-q")
        git(root, "commit", "-q", "--allow-empty", "-m", "mine")
        git(root, "stash", "pop", "-q")
    assert not held(root, path)


@pytest.mark.parametrize("what", OWN)
def test_what_i_change_after_a_pull_that_i_trusted_is_mine(
    say: Say, both: Callable[[str, str, str], Path], what: str
) -> None:
    path = both("# Nothing\n", "# Nothing\n", A + "\n" + B + "\n" + C)
    git(path.parent.parent, "pull", "-q")
    assert len(held(path.parent.parent, path)) == 3
    assert say("trust", "--yes").status == 0
    path.write_text(OWN[what])
    assert not held(path.parent.parent, path)


@pytest.mark.parametrize("how", [("pull", "-q", "--rebase"), ("pull", "-q", "--no-rebase", "--no-edit")])
def test_what_i_brought_together_from_my_two_machines_is_mine(
    say: Say, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: tuple[str, ...]
) -> None:
    path = entry(folder, "some words\n\n" + A + "\n" + B)
    assert say("run").status == 0
    laptop = tmp_path / "laptop"
    subprocess.run(["git", "clone", "-q", str(folder), str(laptop)], check=True)
    monkeypatch.chdir(laptop)
    here = laptop / FILE
    here.write_text(here.read_text() + "\n" + C)
    assert say("run").status == 0
    monkeypatch.chdir(folder)
    path.write_text("more " + path.read_text())
    more = entry(folder, cell("z = 0"), "journal/more.md")
    assert say("run").status == 0
    branch = git(laptop, "branch", "--show-current")
    git(folder, *ME, *how, str(laptop), branch)
    assert "more some words" in path.read_text()
    assert "c = 3" in path.read_text()
    assert (held(folder, path), held(folder, more)) == ([], [])
    path.write_text(path.read_text().replace("c = 3", "c = 4").replace("a = 1", "a = 2"))
    assert not held(folder, path)


def test_an_edit_of_somebody_elses_cell_that_keeps_its_lines_is_theirs_until_it_is_trusted(
    say: Say, theirs: Path, clone: Path
) -> None:
    entry(theirs, cell(SIX))
    git(theirs, *WHO, "commit", "-qam", "more")
    git(clone, "pull", "-q")
    path = entry(clone, cell(SIX.replace("n = 3", "n = 4")))
    assert held(clone, path)
    assert say("trust", "--yes").status == 0
    assert not held(clone, path)
    path.write_text(cell(SIX.replace("n = 3", "n = 5")))
    assert not held(clone, path)
