"""A run whose cell is no longer in the text ends on a thread of its own, and the entry goes on at once."""

from nozzle.document.entry import Entry
from nozzle.loop import Called
from nozzle.words.beside import rows

from .conftest import Watched, cells, outputs

SLOW = (
    "import time, pathlib\npathlib.Path('began').touch()\n"
    "while not pathlib.Path('go').exists(): time.sleep(0.02)\nprint('slow', 6 * 7)"
)


def began(watched: Watched) -> None:
    watched.until(lambda: (watched.workshop.root / "journal/began").exists())


def go(watched: Watched) -> None:
    """Let the slow cell end."""
    (watched.workshop.root / "journal/go").touch()


def aside(watched: Watched) -> str:
    """The name of the thread of what ended aside."""
    watched.until(lambda: any("finished on thread" in text for text in watched.told("aside")))
    return watched.told("aside")[-1].rsplit(" ", 1)[1]


def test_an_edited_cell_runs_at_once_and_the_old_one_ends_aside(watched: Watched) -> None:
    watched.save(cells(SLOW))
    began(watched)
    watched.save(cells("print('quick')"))
    watched.until(lambda: "quick\n```\n\n<!-- /nozzle" in watched.read())
    assert not any("finished on" in text for text in watched.told("aside")), "it did not wait for the old one"
    go(watched)
    thread = aside(watched)
    assert "slow 42" in watched.git("show", f"{thread}:journal/entry.md")
    assert SLOW in watched.git("show", f"{thread}:journal/entry.md")
    assert "slow 42" not in watched.read()
    assert watched.git("branch", "--show-current") == "main"
    assert watched.git("status", "--porcelain", "journal/entry.md") == ""


def test_a_deleted_cell_ends_aside(watched: Watched) -> None:
    watched.save(cells("1 + 1", SLOW))
    began(watched)
    watched.save(cells("1 + 1"))
    watched.until(lambda: len(watched.told("saved")) == 2)
    go(watched)
    assert "slow 42" in watched.git("show", f"{aside(watched)}:journal/entry.md")
    watched.quiet()
    assert len(outputs(watched.read())) == 1


def test_an_edit_below_leaves_it_alone(watched: Watched) -> None:
    watched.save(cells(SLOW))
    began(watched)
    watched.save(cells(SLOW) + "\nMore words.\n")
    watched.until(lambda: len(watched.told("saved")) == 2)
    go(watched)
    watched.until(lambda: "slow 42\n" in watched.read())
    assert "More words." in watched.read()
    assert watched.told("aside") == []


def test_a_deleted_entry_keeps_what_its_cell_shows(watched: Watched) -> None:
    path = watched.save(cells(SLOW))
    began(watched)
    path.unlink()
    watched.until(lambda: watched.ask(lambda loop: all(desk.gone for desk in loop.desks.values())))
    go(watched)
    assert "slow 42" in watched.git("show", f"{aside(watched)}:journal/entry.md")
    assert not path.exists()


def test_a_renamed_entry_takes_its_run_along(watched: Watched) -> None:
    path = watched.save(cells(SLOW))
    began(watched)
    path.rename(path.with_name("other.md"))
    watched.until(lambda: watched.ask(lambda loop: path.with_name("other.md") in loop.desks))
    go(watched)
    watched.until(lambda: "slow 42\n```" in watched.read("journal/other.md"))
    assert not path.exists()


def test_stop_reaches_it(watched: Watched) -> None:
    watched.save(cells(SLOW))
    began(watched)
    watched.save(cells("print('quick')"))
    watched.until(lambda: "quick\n```\n\n<!-- /nozzle" in watched.read())
    watched.loop.messages.put(Called(lambda loop: [desk.stop() for desk in loop.desks.values()] and None))
    text = watched.git("show", f"{aside(watched)}:journal/entry.md")
    assert [block.status for block in Entry(text).envelopes] == ["stopped"]


def test_what_had_not_begun_leaves_no_thread(watched: Watched) -> None:
    assert watched.loop.tools.snapshots is not None
    watched.loop.tools.snapshots.policy = "never"
    above = "import time, pathlib\npathlib.Path('began').touch()\ntime.sleep(1)"
    watched.save(cells(above, "print('first')"))
    watched.until(lambda: "first\n```" in watched.read())
    (watched.workshop.root / "journal/began").unlink()
    path = watched.save(watched.read().replace("'first'", "'second'"))
    began(watched)  # the cell above runs again for it
    path.write_text(watched.read().replace("'second'", "'third'"))
    watched.until(lambda: "third\n```" in watched.read())
    watched.quiet()
    assert watched.told("aside") == []
    assert watched.git("branch", "--format=%(refname:short)") == "main"


def test_threads_tells_of_what_goes_on_for_a_thread_of_its_own(watched: Watched) -> None:
    path = watched.save(cells(SLOW, "print('below')"))
    began(watched)
    path.unlink()
    watched.until(lambda: watched.told("aside"))
    told = watched.ask(lambda loop: rows(list(loop.desks.values())))
    assert told == ["journal/entry.md: import time, pathlib goes on, for a thread of its own"]
