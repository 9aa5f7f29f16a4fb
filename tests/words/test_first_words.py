"""new, run, due, log, show: the first minute."""

import datetime
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nozzle.document.entry import Entry
from nozzle.errors import WrongCommand
from tests.words.conftest import Say, cell, entry, git


def test_new_makes_a_dated_entry_and_prints_its_path(say: Say, folder: Path) -> None:
    said = say("new", 'Kernel "fusion"')
    today = datetime.date.today()
    path = said.out.splitlines()[-1]
    assert path == f"journal/{today}-kernel-fusion.md"
    text = (folder / path).read_text()
    assert text.startswith(f'---\ntitle: "Kernel \\"fusion\\""\ndate: {today}\n')
    assert "nozzle: " in say("new", 'Kernel "fusion"').out


@pytest.mark.parametrize("named", [False, True])
def test_new_says_where_nothing_takes_the_file_for_an_entry(say: Say, folder: Path, named: bool) -> None:
    if named:
        (folder / "nozzle.toml").write_text('entries = ["notes"]\n')
    said = say("new", "T", "--folder", "notes")
    assert said.status == 0
    assert ('until nozzle.toml says entries = ["notes"]' in said.out) is not named
    (path,) = (folder / "notes").iterdir()
    path.write_text(path.read_text() + cell("print(1)"))
    say("run")
    assert ("nozzle:output" in path.read_text()) is named


def test_run_writes_under_the_cell_and_exits_0(say: Say, folder: Path) -> None:
    path = entry(folder, cell("print(6 * 7)"))
    said = say("run")
    assert said.status == 0
    assert "print(6 * 7)" in said.out
    assert "```text\n42\n```" in path.read_text()


def test_a_failure_that_stands_exits_1_also_when_nothing_runs(say: Say, folder: Path) -> None:
    entry(folder, cell("1 / 0") + "\n" + cell("print('below')"))
    assert say("run").status == 1
    commits = git(folder, "rev-parse", "HEAD")
    said = say("run")
    assert said.status == 1
    assert "below '1 / 0' (line 1), which failed" in said.out
    assert git(folder, "rev-parse", "HEAD") == commits


def test_run_again_runs_all_in_a_fresh_kernel(say: Say, folder: Path) -> None:
    path = entry(folder, cell("import os\nprint(os.getpid())"))
    say("run")
    first = path.read_text()
    say("run")
    assert path.read_text() == first
    say("run", "--again")
    assert path.read_text() != first


def test_due_says_what_would_run_and_why(say: Say, folder: Path) -> None:
    path = entry(folder, cell("a = 1") + "\n" + cell("print(a)"))
    rows = [json.loads(line) for line in say("due", "--json").out.splitlines()] if git_init(folder) else []
    assert [(row["do"], row["why"]) for row in rows] == [("due", "new"), ("due", "new")]
    say("run")
    assert say("due").out == "nothing is due\n"
    path.write_text(path.read_text().replace("a = 1", "a = 2"))
    rows = [json.loads(line) for line in say("due", "--json").out.splitlines()]
    assert [row["why"] for row in rows] == ["edited", "above changed"]
    assert rows[1]["seconds"] is not None


def git_init(folder: Path) -> bool:
    git(folder, "init", "-q", "-b", "main")
    return True


def test_a_data_file_that_changes_makes_its_reader_due(say: Say, folder: Path) -> None:
    entry(folder, cell("print(open('data.txt').read())") + "\n" + cell("print('below')"))
    (folder / "journal" / "data.txt").write_text("one")
    say("run")
    (folder / "journal" / "data.txt").write_text("two!")
    assert [json.loads(line)["why"] for line in say("due", "--json").out.splitlines()] == [
        "input changed",
        "above changed",
    ]
    say("run")
    assert "two!" in (folder / "journal" / "entry.md").read_text()


def test_log_shows_the_steps_and_show_one_of_them(say: Say, folder: Path) -> None:
    entry(folder, cell("print('x')") + "\n" + cell("open('made.txt', 'w').write('made')"))
    say("run")
    steps = [json.loads(line) for line in say("log", "--json").out.splitlines()]
    assert [step["kind"] for step in steps] == ["cell", "cell", "save", "key"]
    shown = say("show", steps[0]["sha"][:8]).out
    assert "A         journal/made.txt" in shown
    assert "python 3." in shown
    assert "+<!-- nozzle:output" in shown
    assert say("show", steps[0]["cell"][:10]).out == shown


def test_what_is_asked_wrongly_is_told_plainly(say: Say, folder: Path) -> None:
    assert "there is no git repository around it" in say("log").out
    git_init(folder)
    assert say("run", "nothing.md").status == 2
    said = say("show", "cafe1234")
    assert said.status == 2
    assert "cafe1234" in said.out


def test_an_entry_that_is_no_text_is_named_with_its_line(say: Say, folder: Path) -> None:
    path = entry(folder, "")
    path.write_bytes(b"# good\n\nbad \xff byte\n")
    said = say("run")
    assert said.status == 1
    assert "journal/entry.md:3: this is not UTF-8 text" in said.out
    assert path.read_bytes() == b"# good\n\nbad \xff byte\n"


STOPS_ITSELF_ONCE = """\
import os, signal, time
if not os.path.exists('again'):
    open('again', 'w').close()
    os.kill({pid}, signal.SIGINT)
    time.sleep(30)
print('went on')"""


def test_what_was_stopped_is_due_and_run_takes_it_up_again(say: Say, folder: Path) -> None:
    path = entry(folder, cell(STOPS_ITSELF_ONCE.format(pid=os.getpid())))
    say("run")
    assert "status=stopped" in path.read_text()
    assert "[asked]" in say("due").out
    assert say("run").status == 0
    assert "went on" in path.read_text()


@pytest.mark.parametrize(
    ("held", "after"),
    [
        (b"*.pyc\r\nlog/\r\n", b"*.pyc\r\nlog/\r\n.nozzle/\r\nsite/\r\n"),
        (b"caf\xe9\nsite/", b"caf\xe9\nsite/\n.nozzle/\n"),
        (b".nozzle/ site/\r\nx", b".nozzle/ site/\r\nx"),
    ],
)
def test_new_leaves_a_gitignore_as_its_author_wrote_it(say: Say, folder: Path, held: bytes, after: bytes) -> None:
    (folder / ".gitignore").write_bytes(held)
    assert say("new", "T").status == 0
    assert (folder / ".gitignore").read_bytes() == after


def test_the_step_of_the_key_takes_what_new_wrote_and_no_edit_of_the_authors(say: Say, folder: Path) -> None:
    git_init(folder)
    (folder / ".gitignore").write_text("mine\n")
    say("new", "T")
    say("run")
    assert git(folder, "log", "--format=%s", "--", ".gitignore") == ""
    assert (folder / ".gitignore").read_text() == "mine\n.nozzle/\nsite/\n"


def test_what_new_wrote_into_a_fresh_gitignore_is_in_a_step(say: Say, folder: Path) -> None:
    say("new", "T")
    say("run")
    assert git(folder, "show", "HEAD:.gitignore") == ".nozzle/\nsite/"


def test_show_takes_what_stands_in_a_marker(say: Say, folder: Path) -> None:
    path = entry(folder, cell("print(6 * 7)") + cell("print(1)"))
    say("run")
    marker = re.search(r"(of=\w+) (cell=\w+)", path.read_text())
    assert marker is not None
    of, own = marker.groups()
    shown = say("show", of)
    assert "print(6 * 7)" in shown.out
    for words in (own, own.removeprefix("cell="), own.removeprefix("cell=")[:12], of.removeprefix("of=")):
        assert say("show", words).out == shown.out
    assert say("show", "cell=0123456789abcdef").status == WrongCommand.status


def test_show_takes_what_stands_in_a_link(say: Say, folder: Path) -> None:
    path = entry(folder, cell("a = 1") + "\n" + cell("print(2)") + "\n" + cell("print(2)"))
    say("run")
    _, *alike = Entry(path.read_text()).cells
    for each in alike:
        assert say("show", f"#cell-{each.key}").out == say("show", each.chain).out


def test_log_of_an_entry_that_never_was_is_told(say: Say, folder: Path) -> None:
    path = entry(folder, cell("1"))
    say("run")
    entry(folder, "# New\n", "journal/new.md")
    said = say("log", "nosuch")
    assert (said.status, "no entry nosuch" in said.out) == (WrongCommand.status, True)
    assert "no steps of journal/new.md yet" in say("log", "journal/new.md").out
    path.unlink()
    assert "entry: 1" in say("log", "journal/entry.md").out


def test_counts_are_said_as_a_person_says_them(say: Say, folder: Path) -> None:
    path = entry(folder, cell("x = 1") + cell("print(x)"))
    say("run")
    path.write_text(path.read_text().replace("print(x)", "print(x + 1)"))
    assert "replaying 1 cell above" in say("run").out
    path.write_text(path.read_text() + "\n[a](nowhere.md)\n")
    assert "1 thing stands against publishing; mend it" in say("publish", "--to", str(folder.parent / "out")).out


def test_an_exception_that_was_expected_and_did_not_come_is_told(say: Say, folder: Path) -> None:
    entry(folder, cell(":tags: [raises-exception]\nprint('fine')"))
    said = say("run")
    assert said.status == 0
    assert "! journal/entry.md: print('fine')" in said.out
    assert "raised nothing, though its tag says raises-exception" in said.out


def test_a_folder_that_is_no_longer_there_is_told(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    words = f"mkdir {gone}; cd {gone}; rmdir {gone}; {sys.executable} -m nozzle run"
    done = subprocess.run(["sh", "-c", words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == "nozzle: the folder that this shell is in is no longer there; go to another\n"


def test_a_link_that_leads_to_itself_is_called_so(say: Say, folder: Path) -> None:
    (folder / "journal").mkdir()
    (folder / "journal/loop.md").symlink_to("loop.md")
    said = say("run", "journal/loop.md")
    assert (said.status, "is a symbolic link that leads nowhere" in said.out) == (2, True)


@pytest.mark.parametrize("word", ["run", "new"])
def test_a_repository_that_is_begun_is_told_and_passes_by_what_is_made(say: Say, folder: Path, word: str) -> None:
    entry(folder, cell("print(1)"))
    said = say(word, *(["A thought"] if word == "new" else []))
    assert f"a git repository is begun in {folder}" in said.out
    assert (folder / ".gitignore").read_text() == ".nozzle/\nsite/\n"
    assert "is begun" not in say("run").out
    assert git(folder, "status", "--porcelain", "--", ".gitignore") == ""


def test_a_folder_called_like_an_entry_is_named(say: Say, folder: Path) -> None:
    entry(folder, "# A\n")
    (folder / "journal" / "b.md").mkdir()
    said = say("run", "journal/b.md")
    assert said.status == WrongCommand.status
    assert "b.md is a folder, and no entry is in it" in said.out


def test_a_repository_begins_where_the_word_is_said(say: Say, folder: Path) -> None:
    entry(folder, cell("print(1)"))
    assert say("run", "journal/entry.md").status == 0
    assert (folder / ".git").is_dir()
    assert not (folder / "journal" / ".git").exists()
    assert say("build").status == 0


def test_from_a_folder_below_an_entry_that_is_not_there_is_looked_for_in_the_journal_around(
    say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry(folder, cell("1"))
    say("run")
    (folder / "journal/deep").mkdir()
    monkeypatch.chdir(folder / "journal/deep")
    said = say("log", "journal/entry.md")
    assert (said.status, "there is no entry journal/entry.md" in said.out) == (2, True)
