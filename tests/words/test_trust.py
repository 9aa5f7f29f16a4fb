"""What came by git from somebody else runs only when it was trusted."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from nozzle import killed
from nozzle.document import scribe
from nozzle.document.edit import apply
from nozzle.document.entry import Entry
from nozzle.document.outputs import Text
from nozzle.document.scribe import Hand, Result
from nozzle.document.seal import report_all
from nozzle.errors import Refused
from nozzle.ledger import put_files
from nozzle.words.journal import journal
from tests.conftest import Workshop
from tests.words.conftest import ME, WHO, Say, cell, entry, git, held, process


def test_a_clone_runs_nothing_until_it_is_trusted(say: Say, clone: Path) -> None:
    monkey = clone / "journal" / "entry.md"
    said = say("run", str(monkey))
    assert said.status == 1
    assert "'nozzle trust journal/entry.md' shows it" in said.out
    assert "nozzle:output" not in monkey.read_text()
    assert "print('theirs')" in say("trust", input="n\n").out
    assert say("run", str(monkey)).status == 1
    assert say("trust", "--yes").status == 0
    assert say("run", str(monkey)).status == 0
    assert "theirs" in monkey.read_text()


def test_what_is_typed_here_runs_beside_what_is_not_trusted(say: Say, clone: Path) -> None:
    path = clone / "journal" / "entry.md"
    path.write_text(cell("print('mine')") + "\n" + path.read_text())
    assert say("run").status == 1
    assert path.read_text().count("nozzle:output") == 1
    assert "```text\nmine\n```" in path.read_text()


def test_what_is_not_trusted_does_not_run_to_make_a_state_for_what_is(
    say: Say, theirs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry(theirs, cell(f"open({str(tmp_path / 'ran')!r}, 'w')"))
    monkeypatch.chdir(theirs)
    monkeypatch.setenv("NOZZLE_HOME", str(tmp_path / "their home"))
    assert say("run").status == 0
    (tmp_path / "ran").unlink()
    monkeypatch.setenv("NOZZLE_HOME", str(tmp_path / "my home"))
    subprocess.run(["git", "clone", "-q", str(theirs), str(tmp_path / "clone")], check=True)
    monkeypatch.chdir(tmp_path / "clone")
    path = tmp_path / "clone/journal/entry.md"
    path.write_text(path.read_text() + "\n" + cell("print('mine')"))
    said = say("run")
    assert said.status == 1
    assert "it came by git and may be somebody else's" in said.out
    assert not (tmp_path / "ran").exists()
    assert say("trust", "--yes").status == 0
    assert say("run").status == 0
    assert "```text\nmine\n```" in path.read_text()


def test_what_is_committed_here_by_hand_is_mine(say: Say, folder: Path) -> None:
    git(folder, "init", "-q", "-b", "main")
    path = entry(folder, cell("print('mine')"))
    git(folder, "add", "-A")
    git(folder, "-c", "user.name=I", "-c", "user.email=i@example.org", "commit", "-qm", "mine")
    assert say("run").status == 0
    assert "```text\nmine\n```" in path.read_text()


def test_a_renamed_or_squashed_cell_of_theirs_waits_too(say: Say, clone: Path) -> None:
    git(clone, "mv", "journal/entry.md", "journal/renamed.md")
    git(clone, "-c", "user.name=I", "-c", "user.email=i@example.org", "commit", "-qm", "renamed")
    assert say("run").status == 1
    assert "nozzle:output" not in (clone / "journal" / "renamed.md").read_text()


def test_a_squashed_merge_brings_nothing_that_runs(say: Say, folder: Path, theirs: Path) -> None:
    git(folder, "init", "-q", "-b", "main")
    me = ("-c", "user.name=I", "-c", "user.email=i@example.org")
    git(folder, *me, "commit", "-q", "--allow-empty", "-m", "begin")
    git(folder, "fetch", "-q", str(theirs), "main")
    git(folder, *me, "merge", "-q", "--squash", "--allow-unrelated-histories", "FETCH_HEAD")
    git(folder, *me, "commit", "-qm", "squashed")
    assert say("run").status == 1
    assert "nozzle:output" not in (folder / "journal" / "entry.md").read_text()


def test_a_link_or_a_filter_makes_nothing_mine(say: Say, clone: Path, theirs: Path) -> None:
    entry(theirs, cell("echo '$Id$'", "bash"), "docs/evil.txt")
    (theirs / "journal" / "link.md").symlink_to("../docs/evil.txt")
    entry(theirs, cell("echo '$Id$' again", "bash"), "journal/ident.md")
    (theirs / ".gitattributes").write_text("*.md ident\n")
    git(theirs, "add", "-A")
    git(theirs, *WHO, "commit", "-qm", "tricks")
    git(clone, "pull", "-q")
    assert say("run").status == 1
    assert not [path for path in clone.rglob("*") if path.is_file() and b"nozzle:output" in path.read_bytes()]


@pytest.mark.parametrize("order", ["dropped", "turned round", "twice"])
def test_known_cells_in_another_order_are_another_program(
    say: Say, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    one, two = cell("x = 'safe'"), cell("print(globals().get('x', 'not safe'))")
    entry(folder, one + "\n" + two)
    say("run")
    ran = (folder / "journal" / "entry.md").read_text()
    blocks = ran.split("\n```{code-cell}")
    parts = [blocks[0] + "\n", "```{code-cell}" + blocks[1]]
    other = {
        "dropped": parts[1],
        "turned round": parts[1] + "\n" + parts[0],
        "twice": parts[0] + parts[1] + "\n" + parts[1],
    }
    theirs = tmp_path / "changed"
    subprocess.run(["git", "clone", "-q", str(folder), str(theirs)], check=True)
    entry(theirs, other[order])
    git(theirs, *WHO, "commit", "-qam", order)
    git(folder, "pull", "-q", str(theirs), "main")
    assert say("run", "--again").status == 1


def test_an_environment_that_came_by_git_is_not_started(say: Say, clone: Path, theirs: Path, tmp_path: Path) -> None:
    python = theirs / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    python.chmod(0o755)
    git(theirs, "add", "-A", "-f")
    git(theirs, *WHO, "commit", "-qm", "environment")
    git(clone, "pull", "-q")
    path = entry(clone, "---\nkernelspec:\n  name: ../evil\n---\n" + cell("print('mine')"), "journal/mine.md")
    say("doctor")
    say("verify")
    say("run", str(path))
    assert not (tmp_path / "ran").exists()


def test_what_is_pulled_later_waits_too(say: Say, clone: Path, theirs: Path) -> None:
    say("trust", "--yes")
    say("run")
    entry(theirs, cell("print('new of theirs')"), "journal/other.md")
    git(theirs, "add", "-A")
    git(theirs, *WHO, "commit", "-qm", "more")
    git(clone, "-c", "user.name=I", "-c", "user.email=i@example.org", "pull", "-q", "--no-rebase", "origin", "main")
    said = say("run")
    assert said.status == 1
    assert "print('new of theirs')" in said.out
    assert "nozzle:output" not in (clone / "journal" / "other.md").read_text()


def test_my_second_machine_is_me(say: Say, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry(folder, cell("print('mine')"))
    say("run")
    line = say("key").out.splitlines()[0]
    subprocess.run(["git", "clone", "-q", str(folder), str(tmp_path / "laptop")], check=True)
    monkeypatch.chdir(tmp_path / "laptop")
    monkeypatch.setenv("NOZZLE_HOME", str(tmp_path / "second"))
    assert say("run", "--again").status == 1
    say("key", "add", line)
    assert say("run", "--again").status == 0


def test_what_i_signed_elsewhere_is_mine_though_its_output_went_here(
    say: Say, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = entry(folder, cell("print('mine')"))
    say("run")
    subprocess.run(["git", "clone", "-q", str(folder), str(tmp_path / "laptop")], check=True)
    path.write_text(path.read_text() + "\n" + cell("print('more')"))
    assert say("run").status == 0
    monkeypatch.chdir(tmp_path / "laptop")
    here = tmp_path / "laptop/journal/entry.md"
    git(here.parent, "fetch", "-q")
    brought = git(here.parent, "show", "origin/main:./entry.md")
    here.write_text(re.sub(r"<!-- nozzle:output.*?<!-- /nozzle[^\n]*\n", "", brought + "\n", flags=re.S))
    git(here.parent, *WHO, "commit", "-qam", "without outputs")
    shutil.rmtree(tmp_path / "laptop/.git/nozzle", ignore_errors=True)
    said = say("run")
    assert (said.status, here.read_text().count("nozzle:output")) == (0, 2), said.out


def test_a_python_named_by_the_journal_runs_only_when_trusted(say: Say, clone: Path, theirs: Path) -> None:
    (theirs / "nozzle.toml").write_text('python = "evil"\n')
    git(theirs, "add", "-A")
    git(theirs, *WHO, "commit", "-qm", "settings")
    git(clone, "pull", "-q")
    path = entry(clone, cell("print('mine')"), "journal/mine.md")
    assert say("run", str(path)).status == 0
    assert "python = 'evil'" in say("trust", input="n\n").out


def test_what_the_settings_of_a_journal_name_is_shown_whole_before_it_is_trusted(
    say: Say, clone: Path, theirs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also a model where you name another today, which would be trusted along with a Python."""
    assert say("trust", "--yes").status == 0
    said = {"model": "openai/x", "model_url": "http://evil.example/v1", "model_key": "YOUR_KEY"}
    (theirs / "nozzle.toml").write_text("".join(f'{key} = "{value}"\n' for key, value in said.items()))
    git(theirs, "add", "-A")
    git(theirs, *WHO, "commit", "-qm", "settings")
    git(clone, "pull", "-q")
    shown = say("trust", input="n\n").out
    for key, value in said.items():
        assert f"    {key} = {value!r}\n" in shown
    assert "everything here is trusted" not in shown
    assert "python" not in shown.lower()
    with journal(clone) as here:
        assert not here.trusts_settings(*said)
    assert say("trust", "--yes").status == 0
    with journal(clone) as here:
        assert here.trusts_settings(*said)
    assert "everything here is trusted" in say("trust").out

    home = tmp_path / "with a model of mine"
    home.mkdir()
    (home / "settings.toml").write_text("".join(f'{key} = "mine"\n' for key in said))
    monkeypatch.setenv("NOZZLE_HOME", str(home))
    server = '[mcp.helper]\ncommand = ["helper", "-x"]\nenv = ["MY_SECRET"]\nlooks = ["remove"]\n'
    (theirs / "nozzle.toml").write_text('python = "evil"\n' + (theirs / "nozzle.toml").read_text() + server)
    git(theirs, *WHO, "commit", "-qam", "a Python")
    git(clone, "pull", "-q")
    shown = say("trust", input="n\n").out
    assert "    model_url = 'http://evil.example/v1'\n" in shown
    assert "    mcp.helper.command = ['helper', '-x']\n" in shown
    assert "    mcp.helper.env = ['MY_SECRET']\n    mcp.helper.looks = ['remove']\n" in shown


def test_where_nobody_answers_nothing_is_trusted_and_that_is_said(say: Say, clone: Path) -> None:
    said = say("trust", input="")
    assert said.status == Refused.status
    assert "nothing is trusted; 'nozzle trust --yes' does not ask" in said.out
    assert say("trust", input="n\n").status == 1
    assert say("run").status == 1


def test_a_text_is_brought_by_any_branch_of_a_fetch(say: Say, folder: Path, tmp_path: Path) -> None:
    entry(folder, "# Mine\n")
    say("run")
    other = tmp_path / "other"
    git(folder, "clone", "-q", str(folder), str(other))
    for name in ("one", "two"):
        git(other, "switch", "-qc", name)
        (other / "journal" / "entry.md").write_text(cell(f"print('{name}')"))
        git(other, *WHO, "commit", "-qam", name)
    git(folder, "fetch", "-q", str(other), "one", "two")
    with journal(folder) as here:
        for name in ("one", "two"):
            assert cell(f"print('{name}')").encode() in here.steps.brought("journal/entry.md")


def test_verify_in_ci_trusts_the_checkout_when_told(say: Say, clone: Path) -> None:
    assert "0 skipped" not in say("verify").out
    assert say("run", "--trust-this-checkout").status == 0
    assert "1 the same, 0 differ, 0 skipped" in say("verify", "--trust-this-checkout").out


def test_what_may_be_somebody_elses_is_not_called_verified(
    say: Say, theirs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(theirs)
    assert say("run").status == 0
    subprocess.run(["git", "clone", "-q", str(theirs), str(tmp_path / "clone")], check=True)
    monkeypatch.chdir(tmp_path / "clone")
    monkeypatch.setenv("NOZZLE_HOME", str(tmp_path / "another home"))
    said = say("verify")
    assert (said.status, "not verified: 'nozzle trust' shows" in said.out) == (1, True)
    assert say("verify", "--trust-this-checkout").status == 0


LIES = "safe = 1\x1b[2K\rimport os; os.system('x')  # \u202etxt\u2066 \x07\x9b1A"


def test_what_is_shown_before_it_is_trusted_cannot_hide_anything(say: Say, clone: Path, theirs: Path) -> None:
    entry(theirs, cell(LIES.replace("\r", "")), "journal/lies.md")
    git(theirs, "add", "-A")
    git(theirs, *WHO, "commit", "-qm", "more \x1b[2K\x07 lies")
    git(clone, "pull", "-q")
    shown = r"    safe = 1\x1b[2Kimport os; os.system('x')  # \u202etxt\u2066 \x07\x9b1A"
    assert shown in say("trust", input="n\n").out.split("\n")
    for words in (("trust",), ("due",), ("run",), ("show", "HEAD"), ("log", "--all"), ("trust", "--yes"), ("run",)):
        said = say(*words, input="n\n")
        unseen = {char for char in said.out if not char.isprintable()} - {"\n"}
        assert unseen == set(), (words, said.out)


def test_a_watch_that_begins_tells_what_waits_for_trust(say: Say, clone: Path) -> None:
    def told(lines: int) -> str:
        with process("watch", "--no-page") as watch:
            assert watch.stdout is not None
            return "".join(watch.stdout.readline() for _ in range(lines))

    assert "1 cell came by git and may be somebody else's: 'nozzle trust' shows what would run\n" in told(3)
    say("trust", "--yes")
    assert "1 cell found to run: run? say 'nozzle run'; 'nozzle due' says why\n" in told(2)


@pytest.mark.parametrize("more", ["", "one more line\n", cell("print('mine')")])
def test_a_copy_of_somebody_elses_entry_is_somebody_elses(say: Say, clone: Path, more: str) -> None:
    copy = clone / "journal" / "copy.md"
    copy.write_text((clone / "journal" / "entry.md").read_text() + more)
    said = say("run", str(copy))
    assert said.status == 1
    assert "print('theirs')" not in typed_and_run(copy)
    assert "'nozzle trust journal/copy.md' shows it" in said.out
    assert say("run", "journal/entry.md").status == 1


def test_a_copy_of_what_is_no_entry_of_somebody_elses_is_theirs_whatever_comment_is_on_top(
    say: Say, theirs: Path, clone: Path
) -> None:
    """Where it is asked, the text lies in a folder of documents."""
    entry(theirs, cell("# first\nprint('theirs, of the docs')"), "docs/guide.markdown")
    git(theirs, "add", "-A")
    git(theirs, *WHO, "commit", "-qm", "docs")
    git(clone, "pull", "-q")
    text = (clone / "docs" / "guide.markdown").read_text()
    copy = entry(clone, text.replace("# first", "# mine"), "journal/copy.md")
    assert say("run", str(copy)).status == 1
    assert typed_and_run(copy) == []


def test_a_copy_of_my_own_entry_is_mine(say: Say, clone: Path) -> None:
    entry(clone, cell("x = 1") + cell("print(x)"), "journal/own.md")
    assert say("run", "journal/own.md").status == 0
    copy = entry(clone, cell("y = 1") + cell("x = 1") + cell("print(x)"), "journal/copy.md")
    assert say("run", str(copy)).status == 0


def test_what_two_write_alike_in_one_cell_of_many_is_no_copy(say: Say, clone: Path) -> None:
    path = entry(clone, cell("a = 1") + cell("b = 2") + cell("print('theirs')"), "journal/own.md")
    assert say("run", str(path)).status == 0


BY_HAND: dict[str, list[tuple[str, ...]]] = {
    "staged": [("add", "-A")],
    "committed": [("add", "-A"), (*ME, "commit", "-qm", "mine")],
    "amended": [("add", "-A"), (*ME, "commit", "-qm", "mine"), (*ME, "commit", "-q", "--amend", "-m", "all mine")],
    "pushed": [("add", "-A"), (*ME, "commit", "-qm", "mine"), ("push", "-q", "origin", "HEAD:mine"), ("fetch", "-q")],
    "squashed": [
        ("add", "-A"),
        (*ME, "commit", "-qm", "one"),
        ("reset", "-q", "--soft", "HEAD~1"),
        (*ME, "commit", "-qm", "both"),
    ],
    "on a branch": [("switch", "-qc", "mine"), ("add", "-A"), (*ME, "commit", "-qm", "mine")],
}


@pytest.mark.parametrize("how", BY_HAND)
def test_what_i_add_or_commit_by_hand_before_it_ran_is_mine(say: Say, theirs: Path, clone: Path, how: str) -> None:
    path = entry(clone, cell("print('mine')") + "\n" + (clone / "journal/entry.md").read_text())
    own = entry(clone, cell("print('new')"), "journal/own.md")
    for words in BY_HAND[how]:
        git(clone, *words)
    assert held(clone, path) == ["print('theirs')"]
    assert not held(clone, own)
    assert say("run").status == 1
    assert [typed_and_run(each) for each in (path, own)] == [["print('mine')"], ["print('new')"]]


FROM_THEM: dict[str, list[tuple[str, ...]]] = {
    "a file of theirs": [("checkout", "FETCH_HEAD", "--", "journal/more.md")],
    "a squash": [(*ME, "merge", "-q", "--squash", "FETCH_HEAD")],
    "a merge": [(*ME, "merge", "-q", "--no-commit", "--no-ff", "FETCH_HEAD")],
    "a pick": [(*ME, "cherry-pick", "-n", "FETCH_HEAD")],
    "a merge of their side": [(*ME, "merge", "-q", "--no-ff", "-m", "both", "FETCH_HEAD")],
}


@pytest.mark.parametrize("commits", [False, True])
@pytest.mark.parametrize("how", FROM_THEM)
def test_what_git_stages_for_me_of_theirs_is_theirs(theirs: Path, clone: Path, how: str, commits: bool) -> None:
    entry(theirs, "\n".join([cell("a = 1"), cell("b = 2")]), "journal/more.md")
    git(theirs, "add", "-A")
    git(theirs, *WHO, "commit", "-qm", "more")
    entry(clone, cell("print('new')"), "journal/own.md")
    git(clone, "add", "-A")
    git(clone, *ME, "commit", "-qm", "mine")
    git(clone, "fetch", "-q")
    for words in FROM_THEM[how]:
        git(clone, *words)
    if commits:
        git(clone, *ME, "commit", "-q", "--allow-empty", "-m", "mine")
        git(clone, "remote", "remove", "origin")
    assert held(clone, clone / "journal/more.md") == ["a = 1", "b = 2"]
    git(clone, "mv", "-f", "journal/more.md", "journal/moved.md")
    git(clone, *ME, "commit", "-q", "--allow-empty", "-am", "moved")
    assert held(clone, clone / "journal/moved.md") == ["a = 1", "b = 2"]
    assert not held(clone, clone / "journal/own.md") or "merge" in how


def test_what_was_seen_to_come_from_elsewhere_stays_so_when_git_forgets_the_fetch(
    say: Say, theirs: Path, clone: Path
) -> None:
    git(theirs, "switch", "-qc", "side")
    entry(theirs, cell("a = 1"), "journal/more.md")
    git(theirs, "add", "-A")
    git(theirs, *WHO, "commit", "-qm", "more")
    git(clone, "fetch", "-q", str(theirs), "side")
    git(clone, "checkout", "FETCH_HEAD", "--", "journal/more.md")
    more = clone / "journal/more.md"
    assert held(clone, more) == ["a = 1"]
    git(clone, *ME, "commit", "-qm", "more")
    git(clone, "fetch", "-q", str(theirs), "main")
    assert held(clone, more) == ["a = 1"]
    more.write_text(more.read_text().replace("a = 1", "a = 2"))
    assert not held(clone, more)
    more.write_text(more.read_text().replace("a = 2", "a = 1"))
    assert say("trust", "--yes", str(more)).status == 0
    assert not held(clone, more)


def test_what_died_or_never_ran_stays_mine_when_a_remote_comes(say: Say, folder: Path, tmp_path: Path) -> None:
    died = entry(folder, "\n".join([cell("import os\nos.kill(os.getpid(), 9)"), cell("print('below')")]))
    assert say("run").status == 1
    never = entry(folder, cell("print('never')"), "journal/never.md")
    git(folder, "add", "-A")
    git(folder, *ME, "commit", "-qm", "by hand")
    git(folder, "init", "-q", "--bare", str(tmp_path / "far"))
    git(folder, "remote", "add", "origin", str(tmp_path / "far"))
    git(folder, "push", "-q", "-u", "origin", "HEAD")
    assert not held(folder, died)
    assert not held(folder, never)


IMPORTS = cell("import math\nimport json as j, re  # usual\n\nfrom os import (\n    path,\n    sep,\n)")
ALIKE = {
    "the usual imports": ([IMPORTS, cell("mine = 1"), cell("mine")], True),
    "one cell of two": ([cell("import os"), cell("x = math.pi")], True),
    "a cell of many": ([IMPORTS, cell("x = math.pi"), cell("y = 2"), cell("z = 3")], True),
    "the whole": ([IMPORTS, cell("x = math.pi"), cell("print(x)")], False),
    "most of it": ([cell("x = math.pi"), cell("print(x)"), *(cell(f"n = {n}") for n in range(9))], False),
    "one cell alone": ([cell("print(x)")], False),
    "what is on a line with an import": ([cell("import os; os.remove('x')"), cell("mine")], False),
}


@pytest.mark.parametrize("what", ALIKE)
def test_only_the_greater_part_of_an_entry_is_a_copy_and_imports_are_none(theirs: Path, clone: Path, what: str) -> None:
    cells, mine = ALIKE[what]
    entry(theirs, "\n".join([IMPORTS, cell("x = math.pi"), cell("print(x)")]), "journal/other.md")
    entry(theirs, cell("import os; os.remove('x')"), "journal/line.md")
    git(theirs, "add", "-A")
    git(theirs, *WHO, "commit", "-qm", "other")
    git(clone, "pull", "-q")
    path = entry(clone, "\n".join(cells), "journal/own.md")
    assert not held(clone, path) if mine else held(clone, path)


def typed_and_run(path: Path) -> list[str]:
    """The cells that have an output."""
    return [slot.cell.body.strip() for slot in Entry(path.read_text()).slots if slot.output]


def shown_as_running(code: str, body: str) -> str:
    """A text whose cell somebody says is running, and has shown something."""
    one = Entry(code).cells[0]
    opening = f"<!-- nozzle:output v=1 of={one.chain[:12]} cell={one.digest} status=running -->"
    return f"{code}\n{opening}\n\n```text\n{body}\n```\n\n<!-- /nozzle chain={one.chain[:32]} -->\n"


def test_who_writes_that_a_cell_is_running_gets_no_signature_and_no_run(say: Say, theirs: Path, clone: Path) -> None:
    entry(theirs, shown_as_running(cell("open('ran', 'w')"), "99.9 %"))
    git(theirs, *WHO, "commit", "-qam", "running")
    git(clone, "pull", "-q")
    for _ in range(2):
        say("run")
    block = Entry((clone / "journal" / "entry.md").read_text()).slots[0].output
    assert block is not None
    assert (block.status, block.closing.get("sig"), "99.9 %" in "".join(block.body)) == ("died", None, False)
    assert not list(clone.rglob("ran"))


def test_an_ending_that_a_trusted_key_signed_lets_no_cell_run(say: Say, theirs: Path, clone: Path) -> None:
    code = cell("open('ran', 'w')")
    result = Result(Entry(code).cells[0].chain, "died", cause="the kernel went away")
    with journal(clone) as here:
        edit = scribe.write(Entry(code), result, Hand(here.sign()))
    assert edit is not None
    entry(theirs, apply(code, edit))
    git(theirs, *WHO, "commit", "-qam", "died")
    git(clone, "pull", "-q")
    say("run", "--again")
    assert not list(clone.rglob("ran"))


@pytest.mark.parametrize("signs", [True, False])
def test_what_a_killed_cell_had_shown_stays_and_is_signed_as_it_was(workshop: Workshop, signs: bool) -> None:
    tools = workshop.here.tools(workshop.notices.append, print)
    hand = tools.hand if signs else replace(tools.hand, sign=None)
    code = cell("print('half')")
    result = Result(Entry(code).cells[0].chain, "running", [Text("stdout", "half\n" * 100)])
    edit = scribe.write(Entry(code), result, hand)
    assert edit is not None
    path = workshop.write(apply(code, edit))
    put_files(path.parent, edit.files)
    for _, piece in killed.ended(Entry(path.read_text()), path.parent, hand):
        ending = piece.edit(Entry(path.read_text()))
        assert ending is not None
        path.write_text(apply(path.read_text(), ending))
    done = report_all(Entry(path.read_text()), workshop.here.file_digest(path.parent), workshop.here.verify)
    assert [(block.status, report.state, bool(report.signer)) for _, block, report in done] == [
        ("died", "intact", signs)
    ]
    assert {"half", "*nozzle was ended while this cell ran; 'nozzle run' runs it again*"} <= set(done[0][1].body)


OLD = cell("open('ran', 'w').close()")
FILE = "journal/entry.md"
BACK = {
    "restore": [("restore", "-s", "HEAD~1", FILE)],
    "checkout": [("checkout", "-q", "HEAD~1", "--", FILE), ("reset", "-q")],
    "stash": [("restore", "-s", "HEAD~1", FILE), ("stash", "-q"), ("stash", "pop", "-q")],
    "revert": [("revert", "--no-commit", "HEAD"), ("revert", "--quit"), ("reset", "-q")],
    "reflog": [("reset", "-q", "--hard", "HEAD~2"), ("fetch", "-q"), ("restore", "-s", "HEAD@{1}~1", FILE)],
}


@pytest.mark.parametrize("how", BACK)
def test_what_git_brings_back_of_an_older_version_of_theirs_waits(
    say: Say, theirs: Path, clone: Path, how: str
) -> None:
    entry(theirs, OLD)
    git(theirs, *WHO, "commit", "-qam", "old")
    entry(theirs, "# Nothing\n")
    git(theirs, *WHO, "commit", "-qam", "gone")
    git(clone, "pull", "-q")
    for words in BACK[how]:
        git(clone, *WHO, *words)
    path = clone / "journal" / "entry.md"
    assert "'ran'" in path.read_text()
    path.write_text(path.read_text() + "\n# typed\n" + cell("print('mine')"))
    assert "it came by git and may be somebody else's" in say("run").out
    assert not list(clone.rglob("ran"))


def test_what_i_typed_and_took_out_again_is_mine_when_it_comes_back(say: Say, clone: Path) -> None:
    path = entry(clone, cell("print('mine')"), "journal/own.md")
    assert say("run", str(path)).status == 0
    path.write_text("# Nothing\n")
    assert say("run", str(path)).status == 0
    path.write_text(cell("x = 'above'") + "\n" + cell("print('mine')"))
    assert say("run", str(path)).status == 0
    assert "```text\nmine\n```" in path.read_text()


def test_what_waits_below_an_error_is_mine_in_every_worktree(
    say: Say, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(folder, "init", "-q", "-b", "main")
    git(folder, "remote", "add", "origin", str(tmp_path / "far"))
    entry(folder, "\n".join([cell("x = 1"), cell("1 / 0"), cell("print(x)"), cell("y = 2")]))
    assert say("run").status == 1
    git(folder, "worktree", "add", "-q", str(tmp_path / "beside"), "-b", "beside")
    monkeypatch.chdir(tmp_path / "beside")
    path = tmp_path / "beside" / "journal" / "entry.md"
    path.write_text(path.read_text().replace("1 / 0", "1 / 1"))
    assert say("run").status == 0
    assert path.read_text().count("status=ok") == 4


@pytest.mark.parametrize("how", ["clone", "submodule", "without its .git", "link"])
def test_a_repository_that_lies_in_mine_is_somebody_elses(say: Say, folder: Path, theirs: Path, how: str) -> None:
    entry(theirs, cell("open('ran', 'w').close()"), "entry.md")
    git(theirs, "add", "-A")
    git(theirs, *WHO, "commit", "-qm", "more")
    own = entry(folder, cell("print('mine')"), "journal/own.md")
    assert say("run").status == 0
    place = folder / ("theirs" if how == "link" else "journal/theirs")
    if "clone" in how or how == "link":
        git(folder, "clone", "-q", str(theirs), str(place))
    else:
        git(folder, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(theirs), str(place))
        git(folder, *WHO, "commit", "-qm", "submodule")
    if how == "without its .git":
        (place / ".git").unlink()
    if how == "link":
        (folder / "journal" / "link.md").symlink_to("../theirs/entry.md")
    own.write_text(own.read_text() + "\n" + cell("print('more')"))
    said = say("run")
    assert f"it lies in {place}, a repository of its own: run nozzle there" in said.out
    assert "```text\nmore\n```" in own.read_text()
    assert f"lies in {place}, a repository of its own" in say("trust", "--yes").out
    say("run")
    assert not list(folder.rglob("ran"))
