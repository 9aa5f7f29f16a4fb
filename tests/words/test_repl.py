"""A prompt beside an entry: its variables, a branch of its own, and lines that become cells."""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from nozzle.beside import Notice
from nozzle.cli import cli
from nozzle.words.repl import Prompt
from nozzle.words.requests import serving
from nozzle.words.voice import Ears, Voice
from tests.loop.conftest import Watched, watched
from tests.words.conftest import Say, cell, entry, git

__all__ = ["watched"]
SLOW = "import time; time.sleep(0.3); x = [1]"


def typed(*lines: str) -> str:
    """What a prompt shows when these are typed at it."""
    done = CliRunner().invoke(cli, ["repl"], input="\n".join([*lines, ""]), standalone_mode=False)
    assert done.exception is None, done.exception
    return done.output


@pytest.fixture
def watch(watched: Watched) -> Iterator[Watched]:
    """A watch that other words can talk to."""

    def told(notice: Notice) -> None:
        watched.workshop.notices.append(notice)

    with serving(watched.loop, watched.workshop.here, Ears(told, Voice(quiet=True)), "watch"):
        yield watched


def test_it_begins_in_the_state_of_the_cells_and_leaves_it_as_it_is(say: Say, folder: Path) -> None:
    path = entry(folder, cell("x = [1]") + "\n" + cell("x.append(2); print('cell', x)"))
    assert say("run").status == 0
    text, head = path.read_bytes(), git(folder, "rev-parse", "HEAD")
    shown = typed("x.append(3)", "x", "def f():", "    return len(x)", "", "f() + 1", "1 / 0", "x")
    assert shown.count("[1, 2, 3]") == 2
    assert "\n4\n" in shown.replace(">>> 4", ">>> \n4")
    assert "ZeroDivisionError" in shown
    assert (path.read_bytes(), git(folder, "rev-parse", "HEAD")) == (text, head)


@pytest.mark.parametrize("word", ["exit", "exit()", "quit", "quit()"])
def test_the_words_that_end_python_end_it(say: Say, folder: Path, word: str) -> None:
    entry(folder, cell("x = [1]"))
    assert say("run").status == 0
    shown = typed("len(x) + 6", word, "len(x) + 7")
    assert ("7\n" in shown, "8" in shown, "SystemExit" in shown) == (True, False, False)


def test_under_a_watch_it_is_a_copy_of_the_live_kernel(watch: Watched) -> None:
    path = watch.save(cell(SLOW) + "\n" + cell("print(x)"))
    watch.until(lambda: "[1]\n```" in path.read_text())
    watch.quiet()
    shown = typed("x.append(2); x", "y = 5")
    assert "[1, 2]" in shown
    assert "run again" not in shown
    path.write_text(path.read_text() + "\n" + cell("print('after', x, 'y' in globals())"))
    watch.until(lambda: "after [1] False" in path.read_text())
    assert watch.ask(lambda loop: dict(loop.sides)) == {}


def test_a_line_that_is_kept_is_a_cell_below_and_runs_as_one(watch: Watched) -> None:
    path = watch.save("# T\n\n" + cell("x = 1") + "\nwords of the author's\n")
    watch.until(lambda: "status=ok" in path.read_text())
    watch.quiet()
    shown = typed("x = 5", "print('x is', x)", "keep", "print('third', x)", "keep", "keep 9")
    assert "x is 5" in shown
    assert "line 2 is a cell of journal/entry.md now" in shown
    assert "there is no such line" in shown
    watch.until(lambda: "third 1\n```" in path.read_text())
    text = path.read_text()
    assert "x is 1\n```" in text
    places = [text.index(words) for words in ("x = 1", "print('x is'", "print('third'", "words of the author's")]
    assert places == sorted(places)
    watch.quiet()
    assert watch.git("status", "--porcelain", "journal") == ""


def test_a_kept_line_runs_without_a_watch_too(say: Say, folder: Path) -> None:
    path = entry(folder, cell("x = 1"))
    assert say("run").status == 0
    typed("print('kept', x + 1)", "keep")
    assert "kept 2\n```" in path.read_text()
    assert say("due").out == "nothing is due\n"


def test_input_is_asked_for_here(say: Say, folder: Path) -> None:
    entry(folder, cell("x = 1"))
    assert say("run").status == 0
    assert "hello Ada" in typed("name = input('who? ')", "Ada", "print('hello', name)")


def test_a_copy_that_dies_is_followed_by_another(say: Say, folder: Path) -> None:
    entry(folder, cell("x = [1]"))
    assert say("run").status == 0
    shown = typed("x.append(2)", "import os; os._exit(3)", "x")
    assert "the copy is gone" in shown
    assert shown.rstrip().endswith("[1]\n[4] >>>")


def test_ctrl_c_stops_the_line_and_not_the_talk(say: Say, folder: Path) -> None:
    entry(folder, cell("x = [1]"))
    assert say("run").status == 0
    flag = folder / "on"

    def press() -> None:
        end = time.monotonic() + 60
        while not flag.exists() and time.monotonic() < end:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    shown = typed(f"x.append(2); import time; open({str(flag)!r}, 'w').close(); time.sleep(60)", "x")
    assert "KeyboardInterrupt" in shown
    assert "[1, 2]" in shown


def test_what_the_author_made_of_a_file_is_a_step_before_the_copy_is_made(say: Say, folder: Path) -> None:
    entry(folder, cell("x = open('labels.csv', 'w').write('one')"))
    assert say("run").status == 0
    (folder / "journal" / "labels.csv").write_text("an hour of work")
    shown = typed("x")
    assert "! journal/labels.csv: no step has it as it is" in shown
    assert git(folder, "show", "HEAD:journal/labels.csv") == "an hour of work"


def test_what_reached_outside_is_not_done_again_for_it(say: Say, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        call = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]})).close(); y = 1"
        entry(folder, cell("x = [1]") + "\n" + cell(call))
        assert say("run").status == 0
        server.accept()[0].close()
        shown = typed("x, 'y' in globals()")
        assert "you are above it" in shown
        assert "([1], False)" in shown
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_tab_completes_from_the_copy(watch: Watched) -> None:
    path = watch.save(cell("rate = 1; import math"))
    watch.until(lambda: "status=ok" in path.read_text())
    watch.quiet()
    prompt = Prompt(watch.workshop.here, path, "python")
    assert prompt._do("begin") == 0
    assert prompt.completed("rat") == ["rate"]
    assert prompt.completed("math.sq") == ["math.sqrt"]
    assert prompt.completed("f().x") == []
    assert prompt._do("end") == 0


def test_a_wrong_entry_and_an_ended_prompt_are_told(watch: Watched) -> None:
    path = watch.save(cell("x = 1"))
    watch.until(lambda: "status=ok" in path.read_text())
    assert Prompt(watch.workshop.here, Path("/etc/passwd"), "python")._do("begin") == 2
    assert Prompt(watch.workshop.here, path, "python")._do("run", "1") == 2


def test_on_a_terminal_it_completes_and_remembers_and_touches_no_other_file(say: Say, folder: Path) -> None:
    pexpect = pytest.importorskip("pexpect")
    entry(folder, cell("rate = 21"))
    assert say("run").status == 0
    private = folder / ".git" / "nozzle"
    before = {path: path.read_bytes() for path in private.iterdir() if path.name in ("typed", "outputs")}
    for keys in ("rat\t * 2", "\x1b[A"):  # the second time, the line that was typed the first time
        talk = pexpect.spawn(sys.executable, ["-m", "nozzle", "repl"], encoding="utf-8", timeout=30)
        talk.expect(r"\[1\] >>> ")
        talk.send(keys)
        talk.expect(r"rate \* 2")
        talk.sendline()
        talk.expect("42")
        talk.expect(r"\[2\] >>> ")
        talk.sendline(f"token = 'ghp_{35 * 'a'}1'")
        talk.expect(r"\[3\] >>> ")
        talk.sendeof()
        talk.expect(pexpect.EOF)
        talk.close()
    assert (private / "repl-history").stat().st_mode & 0o077 == 0
    assert (private / "repl-history").read_text() == "rate * 2\n"
    assert {path: path.read_bytes() for path in before} == before
