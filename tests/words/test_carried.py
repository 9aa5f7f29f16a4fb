"""What is known of an output outlives its steps: a squash, a shallow clone, another name, an entry in no step."""

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nozzle.carried import Carried, Row, Table, joined, newest, packed, unpacked
from nozzle.steps import Steps
from nozzle.steps.step import quoted
from tests.words.conftest import Say, cell, entry, git

TOKEN = "ghp_" + "x1" * 18
ME = ("-c", "user.name=I", "-c", "user.email=i@example.org")
ENTRY = "journal/entry.md"


@pytest.fixture
def thread(folder: Path) -> Path:
    """A repository where steps go on a thread of their own."""
    git(folder, "init", "-q", "-b", "main")
    entry(folder, 'steps = "thread"\n', "nozzle.toml")
    entry(folder, "0", "journal/state.txt")
    git(folder, "add", "-A"), git(folder, *ME, "commit", "-qm", "begin")
    return folder


def landed(say: Say, folder: Path) -> Path:
    assert say("land").status == 0
    return folder / ENTRY


def squashed(say: Say, folder: Path) -> Path:
    git(folder, "reset", "-q", "--soft", "main"), git(folder, *ME, "commit", "-qm", "all of it")
    return folder / ENTRY


def amended(say: Say, folder: Path) -> Path:
    git(folder, *ME, "commit", "-q", "--amend", "-m", "in my words")
    return folder / ENTRY


def cloned(say: Say, folder: Path) -> Path:
    git(folder, "clone", "-q", "--depth", "1", f"file://{folder}", str(folder.parent / "clone"))
    return folder.parent / "clone" / ENTRY


def renamed(say: Say, folder: Path) -> Path:
    git(folder, "mv", ENTRY, "journal/other.md"), git(folder, *ME, "commit", "-qm", "another name")
    return folder / "journal/other.md"


def copied(say: Say, folder: Path) -> Path:
    return Path(shutil.copy(folder / ENTRY, folder / "journal/other.md"))


def landed_and_renamed(say: Say, folder: Path) -> Path:
    landed(say, folder)
    return renamed(say, folder)


def as_it_was(say: Say, folder: Path) -> Path:
    return folder / ENTRY


WAYS = [landed, squashed, amended, cloned, renamed, copied, landed_and_renamed]


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server


def outward(server: socket.socket) -> str:
    call = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]})).close(); a = 1"
    return cell(call) + "\n" + cell("print(a)")


def held_below(say: Say, server: socket.socket, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit below what reached outside does not make it do so again; neither does a proof of what stands."""
    server.accept()[0].close()
    monkeypatch.chdir(path.parents[1])
    say("verify", "--trust-this-checkout", path.as_posix())
    path.write_text(path.read_text().replace("print(a)", "print(a, 'more')"))
    assert "would reach outside again" in say("run", path.as_posix()).out
    with pytest.raises(BlockingIOError):
        server.accept()


@pytest.mark.parametrize("way", WAYS)
def test_what_reached_outside_is_not_repeated(
    say: Say, thread: Path, way: Callable[[Say, Path], Path], server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry(thread, outward(server))
    say("run")
    held_below(say, server, way(say, thread), monkeypatch)


@pytest.mark.parametrize("why", ["ignored", "secret", "merge"])
def test_nor_of_an_entry_that_is_in_no_step(
    say: Say, thread: Path, why: str, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = entry(thread, outward(server) + (f"\n{TOKEN}\n" if why == "secret" else ""))
    if why == "ignored":
        entry(thread, "entry.md\n", ".gitignore")
    if why == "merge":
        entry(thread, git(thread, "rev-parse", "HEAD"), ".git/MERGE_HEAD")
    say("run")
    assert "entry.md" not in git(thread, "log", "--all", "--format=%B") or why == "merge"
    held_below(say, server, path, monkeypatch)


@pytest.mark.parametrize("way", WAYS)
def test_how_long_it_took_what_it_read_and_what_it_wrote_is_known(
    say: Say, thread: Path, way: Callable[[Say, Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that the entry writes itself is no input that changed; one that is changed by hand is."""
    reads = cell("import time; time.sleep(0.3); n = open('state.txt').read(), open('in.txt').read()")
    entry(thread, reads + "\n" + cell("n = open('state.txt', 'w').write('1')"))
    entry(thread, "1", "journal/in.txt")
    git(thread, "add", "-A"), git(thread, *ME, "commit", "-qm", "an input")
    say("run")
    path = way(say, thread)
    monkeypatch.chdir(path.parents[1])
    assert say("due", path.as_posix()).out == "nothing is due\n"
    path.with_name("in.txt").write_text("2")
    first, second = (json.loads(row) for row in say("due", "--json", path.as_posix()).out.splitlines())
    assert (first["why"], second["why"]) == ("input changed", "above changed")
    assert 0.3 <= first["seconds"] < 30
    assert 0 < second["seconds"] < 0.3


def test_where_nothing_is_known_that_is_said_and_what_would_be_replayed_asks(say: Say, thread: Path) -> None:
    """A squash by hand, in another clone."""
    path = entry(thread, cell("n = open('state.txt').read()") + "\n" + cell("print(n)") + "\n" + cell("print(2)"))
    say("run")
    squashed(say, thread)
    (thread / ".git/nozzle/outputs").unlink()
    text = path.read_text()
    path.write_text(text.replace("n = open", "m = n = open"))
    assert "print(n)  [above changed]  how long it took is not known here" in say("due").out
    path.write_text(text.replace("print(2)", "print(3)"))
    said = say("run").out
    assert "would run again, and no step here says whether it reached outside" in said
    assert "'nozzle run --again' runs all of it again" in said
    assert say("run", "--again").status == 0
    path.write_text(path.read_text().replace("print(3)", "print(4)"))
    assert "no step here says" not in say("run").out


def test_a_shallow_clone_whose_last_commit_is_no_step_says_how_to_bring_the_steps(
    say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(folder, "init", "-q", "-b", "main")
    entry(folder, cell("x = 1"))
    assert say("run").status == 0
    entry(folder, "y = 1\n", "code.py")
    git(folder, "add", "code.py"), git(folder, *ME, "commit", "-qm", "my code")
    path = cloned(say, folder)
    monkeypatch.chdir(path.parent.parent)
    path.write_text(path.read_text() + "\n" + cell("print(x)"))
    assert (
        "its last commit is no step: 'git fetch --deepen 50' brings those before it"
        in say("run", "--trust-this-checkout").out
    )
    git(path.parent, "fetch", "-q", "--deepen", "50")
    assert say("run", "--trust-this-checkout").status == 0


def test_what_a_merge_brings_is_known_after_it(
    say: Say, thread: Path, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry(thread, outward(server))
    say("run")
    other = git(thread, "symbolic-ref", "--short", "HEAD")
    git(thread, "switch", "-q", "main")
    entry(thread, cell("print('mine')"), "journal/mine.md")
    say("run"), say("merge", other)
    held_below(say, server, cloned(say, thread), monkeypatch)


def test_where_both_tables_know_an_output_ours_counts_however_it_is_named() -> None:
    chain, source = "abcdef123456", "0123456789ab"
    ours = packed({"a.md": {chain: Row(source, 1.0)}})
    theirs = packed({"a.md": {chain: Row(source, 900.0, effects=("network",)), "1" * 12: Row(source, 2.0, {"x": "9"})}})
    assert unpacked(joined(ours, theirs))["a.md"] == {
        "abcdef": Row(source[:6], 1.0),
        "1" * 12: Row(source, 2.0, {"x": "9"}),
    }
    assert list(unpacked(joined(theirs, ours))["a.md"]) == ["1" * 12, chain]


def test_no_later_step_names_an_entry_that_is_gone(say: Say, folder: Path) -> None:
    entry(folder, cell("print('kept')"), "journal/kept.md")
    for name, taken in (("one", "by hand"), ("two", "unseen")):
        path = entry(folder, cell(f"print('{name}')"), f"journal/{name}.md")
        say("run")
        path.unlink()
        if taken == "by hand":
            git(folder, *ME, "commit", "-qam", "it is gone")
    for text in ("3", "4"):
        entry(folder, cell(f"print({text})"), "journal/kept.md")
        say("run")
    said = git(folder, "log", "-1", "--format=%B")
    assert [name for name in ("kept.md", "one.md", "two.md") if name in said] == ["kept.md"]


def test_only_the_line_of_an_entry_that_changed_is_made_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, names = list[str](), [f"journal/{name}.md" for name in "abc"]

    def counted(table: Table) -> str:
        made.extend(table)
        return packed(table)

    for name in names:
        entry(folder, "# A\n", name)
    with Steps.open(folder) as steps:
        known = Carried(steps)
        for name in names:
            known.put(name, {"1" * 12: Row("2" * 12, 1.0)})
        monkeypatch.setattr("nozzle.carried.packed", counted)
        known.put(names[1], changed := {"1" * 12: Row("2" * 12, 2.0, {"x": "3"})})
        assert unpacked(known.text(lambda rel: False))[names[1]] == changed
        assert known.text(lambda rel: rel == names[0]).startswith(names[1])
        assert set(made) == {names[1]}


@pytest.mark.parametrize("way", [as_it_was, landed])
@pytest.mark.parametrize("last", ["a save", "the run"])
def test_of_a_cell_that_ran_again_the_newest_run_counts_though_the_last_commit_has_other_words(
    say: Say, thread: Path, last: str, way: Callable[[Say, Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, read = entry(thread, cell("print(open('in.txt').read())")), entry(thread, "1", "journal/in.txt")
    say("run")
    read.write_text("2")
    say("run")
    if last == "a save":
        path.write_text(path.read_text() + "\nMore words.\n")
        say("run")
    git(thread, "add", "-A"), amended(say, thread)
    path = way(say, thread)
    monkeypatch.chdir(path.parents[1])
    assert say("due", path.as_posix()).out == "nothing is due\n"
    path.with_name("in.txt").write_text("1")
    assert "[input changed]" in say("due", path.as_posix()).out


def test_what_landed_knows_the_outputs_of_both(say: Say, thread: Path) -> None:
    entry(thread, cell("print('thread')"))
    say("run")
    name = git(thread, "symbolic-ref", "--short", "HEAD")
    git(thread, "switch", "-q", "main")
    table = packed({ENTRY: {"5" * 12: Row("6" * 12, 9.0, effects=("network",))}})
    line = f"Nozzle-Kind: save\nNozzle-Entry: a.md\nNozzle-Inputs: {quoted(table)}"
    entry(thread, "0", "other.txt"), git(thread, "add", "-A"), git(thread, *ME, "commit", "-qm", f"theirs\n\n{line}")
    git(thread, "switch", "-q", name)
    assert say("land").status == 0
    with Steps.open(thread) as steps:
        assert len(unpacked(newest(steps))[ENTRY]) == 2


def test_an_older_table_says_what_was_read_and_no_more() -> None:
    """It has a line for each output, and the whole of its chain."""
    one, two = "1" * 64, "2" * 64
    older = f"journal/a%20b.md {one} journal/in.csv=34 x.csv=56\njournal/a%20b.md {two} x.csv=56"
    read = {one[:12]: Row(reads={"journal/in.csv": "34", "x.csv": "56"}), two[:12]: Row(reads={"x.csv": "56"})}
    assert unpacked(older) == {"journal/a b.md": read}
    again = {two[:12]: Row("ab", 1.5, {"x.csv": "78"}, ("y",), ("network",))}
    assert unpacked(joined(packed({"journal/a b.md": again}), older)) == {"journal/a b.md": {**read, **again}}
