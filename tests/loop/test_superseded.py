"""A run whose cell is no longer in the text ends on a thread of its own, and the entry goes on at once."""

from collections.abc import Collection
from pathlib import Path

import pytest

from nozzle.document.entry import Entry
from nozzle.holding import Holding
from nozzle.loop import Called
from nozzle.past import Past
from nozzle.steps import Taken
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
    return next(text for text in watched.told("aside") if "finished on thread" in text).rsplit(" ", 1)[1]


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


ONCE = (
    "import time, pathlib\npathlib.Path('began').touch()\n"
    "with open({outside!r}, 'a') as file: file.write('x')\n"
    "import socket; socket.socket().connect_ex(('127.0.0.1', 9))\n"
    "while not pathlib.Path('go').exists(): time.sleep(0.02)\nprint('slow', 6 * 7)"
)


def left_for_another_branch(watched: Watched, outside: Path) -> None:
    """A cell that reaches outside runs, and its author has gone to where the text is without it."""
    watched.save("# First\n")
    watched.until(lambda: watched.ask(lambda loop: loop.tools.ledger.at_head("journal/entry.md")))
    watched.git("branch", "other")
    watched.save(cells(ONCE.format(outside=str(outside))))
    began(watched)
    watched.git("checkout", "-q", "other")
    watched.until(lambda: watched.told("aside"))


def test_a_cell_whose_step_is_gone_to_again_while_it_runs_runs_once_and_shows_its_result_there(
    watched: Watched, tmp_path: Path
) -> None:
    left_for_another_branch(watched, tmp_path / "outside")
    watched.git("checkout", "-q", "main")
    watched.until(lambda: "stands here again" in watched.told("aside")[-1])
    go(watched)
    watched.until(lambda: "slow 42\n```" in watched.read())
    watched.save(watched.read() + "\nWords.\n")
    watched.until(lambda: len(watched.told("saved")) > 2)
    watched.quiet()
    assert (tmp_path / "outside").read_text() == "x"


def test_a_cell_that_ended_aside_and_reached_outside_is_asked_for_where_it_is_due_again(
    watched: Watched, tmp_path: Path
) -> None:
    left_for_another_branch(watched, tmp_path / "outside")
    go(watched)
    aside(watched)
    watched.git("checkout", "-q", "main")
    watched.until(lambda: "on main" in watched.told("moved")[-1])
    watched.save(watched.read() + "\nWords.\n")
    watched.until(lambda: watched.told("held"))
    watched.quiet()
    assert "it reached outside" in watched.told("held")[-1]
    assert (tmp_path / "outside").read_text() == "x"
    fresh = Past(watched.workshop.root, watched.workshop.here.steps, watched.workshop.here.settings)
    assert fresh.reached_aside(Entry(watched.read()).cells[0]), "the steps tell of it, too"
    path = watched.workshop.root / "journal/entry.md"
    watched.ask(lambda loop: loop.advance([path]))
    watched.until(lambda: "slow 42\n```" in watched.read())
    assert (tmp_path / "outside").read_text() == "xx", "now it was asked for"


def test_a_folder_that_is_renamed_takes_the_runs_of_its_entries_along(watched: Watched, tmp_path: Path) -> None:
    source = ONCE.format(outside=str(tmp_path / "outside")).replace("'go'", repr(str(tmp_path / "go")))
    path = watched.save(cells(source), "journal/sub/one.md")
    watched.save(cells(source), "journal/two.md").unlink()
    watched.until(lambda: (path.parent / "began").exists())
    path.parent.rename(path.parent.with_name("other"))
    watched.until(lambda: watched.ask(lambda loop: not any(path.parent in each.parents for each in loop.desks)))
    (tmp_path / "go").touch()
    watched.until(lambda: "slow 42\n```" in watched.read("journal/other/one.md"))
    watched.quiet()
    assert watched.told("aside") == []
    assert (tmp_path / "outside").read_text() == "x"


def left_while_it_writes(watched: Watched) -> None:
    """A cell has ended that wrote files after its author went to the step before it."""
    watched.save(cells("open('s.txt', 'w').write('one')"))
    watched.until(lambda: outputs(watched.read()))
    watched.quiet()
    slow = SLOW + "\nopen('s.txt', 'w').write('two')\nopen('fresh.txt', 'w').write('new')\nopen('empty.txt', 'w')"
    watched.save(watched.read() + cells(slow))
    began(watched)
    watched.git("checkout", "-q", "--detach", "HEAD~1")
    watched.until(lambda: watched.told("aside"))


def test_files_of_a_cell_that_ended_aside_are_on_its_thread_and_here_as_before(watched: Watched) -> None:
    left_while_it_writes(watched)
    go(watched)
    thread = aside(watched)
    watched.until(lambda: "as it was before" in watched.told("aside")[-1])
    assert watched.git("show", f"{thread}:journal/s.txt", f"{thread}:journal/fresh.txt") == "twonew"
    assert watched.read("journal/s.txt") == "one"
    assert watched.git("status", "--porcelain") == "?? journal/go"
    names = ", ".join(f"journal/{name}" for name in ("began", "empty.txt", "fresh.txt", "s.txt"))
    assert watched.told("aside")[-1].endswith(f"what it wrote is here as it was before: {names}")
    watched.git("checkout", "-q", thread)


def test_a_file_that_is_not_as_that_cell_left_it_stays_and_is_named(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, here = Holding.take, watched.workshop.root / "journal"

    def changed_since(holding: Holding, paths: Collection[str]) -> dict[str, Taken]:
        taken = take(holding, paths)
        if "journal/fresh.txt" in paths:
            (here / "fresh.txt").write_text("the author's")
        return taken

    monkeypatch.setattr(Holding, "take", changed_since)
    left_while_it_writes(watched)
    go(watched)
    aside(watched)
    watched.until(lambda: "fresh.txt" in watched.told("aside")[-1])
    assert "does not have: journal/fresh.txt" in watched.told("aside")[-1]
    assert watched.read("journal/fresh.txt") == "the author's"
