"""A forked thread's folder holds what its cells read, where that is known, and nothing there counts as taken away."""

import json
from pathlib import Path

import pytest

from nozzle.words.errands import Errands
from nozzle.words.journal import journal
from tests.words.conftest import ME, Say, cell, entry, git

READS = "import helper; n = len(open('../data/in.csv').read()); print('read', n, helper.y)"
FILES = {"data/in.csv": "1,2", "data/other.csv": "3,4", "journal/helper.py": "y = 5\n", "src/big.txt": "x" * 1000}


def forked(say: Say, folder: Path, source: str, *words: str) -> tuple[str, Path]:
    """A journal that has run, and a thread of it: what was said, and the thread's folder."""
    for name, text in FILES.items():
        entry(folder, text, name)
    entry(folder, cell(source))
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-q", "-m", "all")
    assert say("run").status == 0
    said = say("fork", "HEAD", "other", *words)
    assert said.status == 0, said.out
    return said.out, folder.parent / f"{folder.name}.threads" / "other"


def held(folder: Path) -> set[str]:
    return {name for name in FILES if (folder / name).exists()}


def test_it_holds_what_the_cells_read_and_imported(say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said, other = forked(say, folder, READS)
    assert held(other) == {"data/in.csv", "journal/helper.py"}
    assert (other / "journal" / "entry.md").is_file()
    assert " of 6, all that its cells read or wrote; 'git sparse-checkout disable' there brings the others" in said
    assert git(other, "status", "--porcelain") == ""
    assert held(folder) == set(FILES)
    monkeypatch.chdir(other)
    assert say("due").out == "nothing is due\n"


def test_it_holds_what_the_cells_wrote(say: Say, folder: Path) -> None:
    _, other = forked(say, folder, READS + "\nopen('made.txt', 'w').write('x')")
    assert (other / "journal" / "made.txt").read_text() == "x"


def test_a_file_that_cells_write_and_that_is_not_there_was_not_changed_by_hand(
    say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = cell("a = 1") + "\n" + cell("b = 1") + "\n" + cell("open('made.txt', 'w').write('x')") + "\n" + cell(READS)
    _, other = forked(say, folder, "1", "--whole")
    entry(other, source)
    monkeypatch.chdir(other)
    assert say("run").status == 0
    git(other, "sparse-checkout", "set", "--no-cone", "/*", "!made.txt")
    assert not (other / "journal" / "made.txt").exists()
    path = other / "journal" / "entry.md"
    path.write_text(path.read_text().replace("b = 1", "b = 1 / 0"))
    path.write_text(path.read_text().replace("'read'", "'READ'"))
    assert "changed what a cell wrote" not in say("run").out
    assert git(other, "log", "--diff-filter=D", "--format=%H", "--", "journal/made.txt") == ""


@pytest.mark.parametrize(
    "source",
    [
        "print(len(__import__('os').listdir('../data')))",
        "from pathlib import Path; print(Path('../data/other.csv').exists())",
        "import subprocess; subprocess.run(['true'])",
        "!cat ../data/other.csv",
    ],
)
def test_where_code_asks_unseen_all_files_are_there(say: Say, folder: Path, source: str) -> None:
    assert held(forked(say, folder, source)[1]) == set(FILES)


def test_all_files_are_there_when_that_is_said(say: Say, folder: Path) -> None:
    assert held(forked(say, folder, READS, "--whole")[1]) == set(FILES)


def test_what_is_not_there_was_not_taken_away(say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, other = forked(say, folder, READS)
    monkeypatch.chdir(other)
    path = other / "journal" / "entry.md"
    path.write_text(path.read_text().replace("'read'", "'READ'") + "\n" + cell("open('made.txt', 'w').write('x')"))
    assert say("run").status == 0
    first = git(other, "rev-list", "--max-parents=0", "HEAD")
    assert git(other, "diff", "--name-only", "--diff-filter=D", first, "HEAD") == ""
    assert set(FILES) <= set(git(other, "ls-tree", "-r", "--name-only", "HEAD").split("\n"))
    (other / "data" / "in.csv").write_text("mine")
    assert say("rewind", "HEAD~1").status == 0
    assert git(other, "log", "--all", "--diff-filter=D", "--format=%H", "--", "data", "src", "journal/helper.py") == ""
    assert held(other) == {"data/in.csv", "journal/helper.py"}
    monkeypatch.chdir(folder)
    assert say("merge", "other").status in (0, 1)
    assert held(folder) == set(FILES)


def test_a_cell_that_asks_for_another_file_is_told_how_to_have_it(
    say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, other = forked(say, folder, READS)
    monkeypatch.chdir(other)
    path = other / "journal" / "entry.md"
    path.write_text(path.read_text() + "\n" + cell("print(open('../data/other.csv').read())"))
    assert say("run").status == 1
    assert "git sparse-checkout disable" in path.read_text()
    git(other, "sparse-checkout", "disable")
    assert held(other) == set(FILES)
    assert say("run", "--again").status == 0
    assert "3,4\n```" in path.read_text()
    assert "git sparse-checkout" not in path.read_text()


def test_a_name_that_looks_like_a_pattern_is_that_file_only(say: Say, folder: Path) -> None:
    entry(folder, "yes", "data/a[b]*! .txt")
    entry(folder, "no", "data/ab.txt")
    source = f"print(open({json.dumps('../data/a[b]*! .txt')}).read())"
    _, other = forked(say, folder, source)
    assert {path.name for path in (other / "data").iterdir()} == {"a[b]*! .txt"}


@pytest.mark.parametrize("name", ["nozzle.toml", "pyproject.toml"])
@pytest.mark.parametrize("held", ["in no step", "ignored", "changed since"])
def test_the_settings_hold_there_in_git_or_not(say: Say, folder: Path, name: str, held: str) -> None:
    table = "" if name == "nozzle.toml" else "[tool.nozzle]\n"
    if held == "changed since":
        entry(folder, f"{table}task_steps = 9\n", name)
    elif held == "ignored":
        entry(folder, f"{name}\n", ".gitignore")
    forked(say, folder, READS)
    entry(folder, f"{table}task_steps = 2\n", name)
    with journal(folder) as here:
        thread = Errands(here).fork("task")
        with journal(here.steps.home() / thread) as there:
            assert there.settings.task_steps == 2


def test_a_step_that_holds_other_settings_keeps_its_own(say: Say, folder: Path) -> None:
    entry(folder, "task_steps = 9\n", "nozzle.toml")
    forked(say, folder, READS)
    entry(folder, "task_steps = 2\n", "nozzle.toml")
    git(folder, *ME, "commit", "-qam", "fewer")
    with journal(folder) as here:
        thread = here.fork(here.steps.resolve("HEAD~"), "then")
        with journal(thread.folder) as there:
            assert there.settings.task_steps == 9
