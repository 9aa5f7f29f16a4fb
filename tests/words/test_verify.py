"""verify: run again on a copy, and compare as the cell says."""

import os
import re
import socket
from pathlib import Path

import pytest

from nozzle.words import asked
from tests.words.conftest import Say, cell, entry, git


@pytest.mark.parametrize(
    ("rule", "now", "status"),
    [
        ("", "print('took 0.3 s at 0x7f00aa00bb00')", 0),
        ("exact", "print('took 0.3 s at 0x7f00aa00bb00')", 1),
        ("rtol=1e-2", "print(1.001)", 0),
        ("rtol=1e-4", "print(1.001)", 1),
        ("shape", "print('anything')", 0),
        ("shape", "print('two\\nlines')", 1),
        ("mask=[a-z]+", "print('other')", 0),
        ("skip", "1 / 0", 0),
    ],
)
def test_a_cell_says_how_it_is_compared(say: Say, folder: Path, rule: str, now: str, status: int) -> None:
    timed = "print('took 9.1 s at 0x7f11aa22bb33')"
    first = {"": timed, "exact": timed, "rtol": "print(1.0)"}.get(rule.split("=")[0], "print('words')")
    body = f"import os\nif os.environ.get('TURN', '1') == '1':\n    {first}\nelse:\n    {now}"
    path = entry(folder, cell((f"#| verify: {rule}\n" if rule else "") + body))
    say("run")
    os.environ["TURN"] = "2"
    try:
        said = say("verify")
    finally:
        del os.environ["TURN"]
    assert said.status == status, said.out
    assert path.exists()


def test_a_mask_that_never_ends_is_told(say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nozzle.words.verify.PATIENCE", 0.5)
    entry(folder, cell("#| verify: mask=(a|a)+$\nprint('a' * 40 + '!')"))
    say("run")
    said = say("verify")
    assert said.status == 1
    assert "its mask took more than" in said.out


def test_a_verify_leaves_the_authors_files_alone_and_takes_what_lies_there(say: Say, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "pkg" / "site").mkdir(parents=True)
    (folder / "pkg" / "site" / "data.txt").write_text("there")
    entry(folder, cell("print(open('../pkg/site/data.txt').read())\nopen('count.txt', 'a').write('x');"))
    say("run")
    said = say("verify")
    assert (said.status, "1 the same" in said.out) == (0, True)
    assert (folder / "journal" / "count.txt").read_text() == "x"


def test_where_the_journal_lies_makes_no_difference(say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nozzle.document.compare.MASKS", ())  # they know /tmp, where this journal lies
    entry(folder, cell("import os\nprint('in', os.getcwd())\nprint(os.path.abspath('../data.csv'))"))
    say("run")
    said = say("verify")
    assert (said.status, "1 the same" in said.out) == (0, True)


def test_the_difference_of_the_environment_is_named_first(say: Say, folder: Path) -> None:
    entry(folder, cell("import os\nprint(os.getpid())"))
    say("run")
    message = git(folder, "log", "-1", "--format=%B")
    older = re.sub(r"python=[0-9.]+", "python=3.2.1", message)
    assert older != message
    git(folder, "-c", "user.name=A", "-c", "user.email=a@x.org", "commit", "-q", "--amend", "-m", older)
    said = say("verify")
    assert said.status == 1
    assert re.search(r"environment: python 3\.2\.1 -> 3\.[0-9.]+; line 1: ", said.out)


def test_the_share_that_was_skipped_is_printed(say: Say, folder: Path) -> None:
    entry(folder, "\n".join(map(cell, ["print(1)", "#| once: true\nprint(2)", "print(3)", "print(4)"])))
    say("run")
    said = say("verify")
    assert said.status == 0
    assert said.out.splitlines()[-1] == "4 cells: 1 the same, 0 differ, 3 skipped (75%)"


@pytest.mark.parametrize("words", [("verify",), ("verify", "--attest")], ids=" ".join)
def test_an_entry_of_which_nothing_may_run_does_not_hold(say: Say, folder: Path, words: tuple[str, ...]) -> None:
    git(folder, "init", "-q")
    entry(folder, f"# A\n\n<<<<<<< a\n{cell('print(1)')}\n=======\n{cell('print(2)')}\n>>>>>>> b\n")
    said = say(*words)
    assert said.status == 1
    assert "✗ journal/entry.md: line 3: git conflict markers; settle the conflict first" in " ".join(said.out.split())


def test_an_output_without_its_cell_is_told(say: Say, folder: Path) -> None:
    path = entry(folder, cell("print(1)") + "\n" + cell("print(2)"))
    say("run")
    path.write_text(path.read_text().replace(cell("print(2)"), ""))
    said = say("verify")
    assert (said.status, "output: it stands under no cell" in said.out) == (1, True)
    assert "this output stands under no cell" in say("run").out


def came(server: socket.socket) -> int:
    """How often somebody has come to a server since one last looked."""
    server.settimeout(0.2)
    count = 0
    try:
        while True:
            server.accept()[0].close()
            count += 1
    except TimeoutError:
        return count


def test_a_proof_does_not_repeat_what_reached_outside(say: Say, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        call = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]})).close()"
        entry(folder, cell("print(1)") + "\n" + cell(call) + "\n" + cell("print(2)"))
        say("run")
        assert came(server) == 1
        said = say("verify")
        assert came(server) == 0
    assert said.status == 0
    assert "it reached outside (network)" in said.out
    assert "1 the same, 0 differ, 2 skipped" in said.out


def test_a_cell_that_asks_is_left_out_of_a_proof_and_stops_nobody(
    say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked.Unanswered.__init__, "__defaults__", (0.3,))
    entry(folder, cell("print(1)") + "\n" + cell("try: input('who? ')\nexcept EOFError: print('nobody')"))
    say("run")
    text = (folder / "journal/entry.md").read_text()
    assert "nobody" in text
    said = say("verify")
    assert said.status == 0
    assert "1 the same, 0 differ, 1 skipped" in said.out


def test_a_file_that_is_gone_or_another_one_is_not_the_same(say: Say, folder: Path) -> None:
    """The text names it by what it held."""
    source = "for i in range(300): print(i)\nfrom IPython.display import HTML; HTML('<b>paid: 5</b>')"
    entry(folder, cell(source))
    say("run")
    for suffix in ("txt", "html"):
        (file,) = (folder / "journal/_out").glob(f"*.{suffix}")
        whole = file.read_text()
        file.write_text(whole.replace("150", "999").replace("paid: 5", "paid: 500"))
        assert "is not what was made: it was changed since" in say("verify").out
        file.unlink()
        said = say("verify")
        assert (said.status, f"_out/{file.name} is missing" in said.out) == (1, True)
        file.write_text(whole)
    assert say("verify").status == 0


@pytest.mark.parametrize("has_git", [True, False])
def test_a_file_that_is_gone_comes_back(say: Say, folder: Path, has_git: bool) -> None:
    """From git, where that holds it; else its cell runs again when that is asked, and not for a save."""
    secret = "" if has_git else "\nghp_" + "x1" * 18 + "\n"  # it is in no step, and neither is what it shows
    entry(folder, cell("for i in range(300): print(i)") + secret)
    say("run")
    (file,) = (folder / "journal/_out").iterdir()
    whole = file.read_text()
    file.unlink()
    assert ("[asked]" in say("due").out) is not has_git
    said = say("run")
    assert ("back from the steps" in said.out) is has_git
    assert file.read_text() == whole
    assert say("due").out == "nothing is due\n"


def test_lines_are_counted_as_the_cell_printed_them(say: Say, folder: Path) -> None:
    path = entry(folder, cell("print(0.87)"))
    say("run")
    path.write_text(path.read_text().replace("\n0.87\n", "\n0.63\n"))
    assert "line 1: '0.63' became '0.87'" in say("verify").out


def test_an_output_that_was_taken_out_is_not_the_same_and_an_option_that_is_no_option_is_named(
    say: Say, folder: Path
) -> None:
    path = entry(folder, cell("print(1)"))
    say("run")
    path.write_text(cell("print(1)"))
    said = say("verify")
    assert (said.status, "it ran, and its output is no longer here" in said.out) == (1, True)
    path.write_text(cell("#| verify: foo\nprint(1)"))
    said = say("verify")
    assert (said.status, "its verify, foo, is none of" in said.out) == (0, True), said.out


def test_a_copy_of_a_cell_that_never_ran_is_no_difference(say: Say, folder: Path) -> None:
    path = entry(folder, cell("x = 1") + "\n" + cell("print(x)"))
    say("run")
    path.write_text(path.read_text() + "\n" + cell("print(x)"))
    said = say("verify")
    assert "it was never run" in said.out
    assert said.status == 0


def test_a_cell_that_goes_on_from_its_own_file_is_proved_from_what_it_found(say: Say, folder: Path) -> None:
    append = "open('log.txt', 'a').write('line\\n'); print(open('log.txt').read())"
    entry(folder, cell(append) + "\n" + cell(append + "\nprint('twice')"))
    say("run")
    said = say("verify")
    assert said.status == 0, said.out
    assert (folder / "journal" / "log.txt").read_text() == "line\n" * 2
    say("run", "--again")
    said = say("verify")
    assert said.status == 0, said.out


def test_an_entry_of_which_nothing_may_run_counts_as_no_cell(say: Say, folder: Path) -> None:
    path = entry(folder, "---\ntitle: x\n---\n\n" + cell("1") + "\n" + cell("2"))
    say("run")
    path.write_text("\ufeff" + path.read_text())
    said = say("verify")
    assert (said.status, "byte-order mark" in said.out) == (1, True)
    assert said.out.splitlines()[-1] == "0 cells: 0 the same, 0 differ, 0 skipped (0%); of 1 entry nothing ran"
