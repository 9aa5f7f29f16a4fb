"""A watch that has nothing to do does nothing, also with a live kernel; and few writes make many steps."""

import time
from pathlib import Path
from typing import Any

import pytest

from nozzle import disk

from .conftest import Watched, cells, outputs


def work(watched: Watched, seconds: float) -> float:
    """CPU seconds of this process, its loop and watcher included, while nothing happens."""
    watched.quiet()
    before = time.process_time()
    time.sleep(seconds)
    return time.process_time() - before


def test_an_idle_watch_uses_no_cpu(watched: Watched) -> None:
    assert work(watched, 1.5) < 0.02


def test_nor_does_one_with_a_live_kernel(watched: Watched) -> None:
    watched.save(cells("print(1)"))
    watched.until(lambda: outputs(watched.read()))
    assert work(watched, 1.5) < 0.02


def test_a_hundred_cells_are_a_hundred_steps_and_a_handful_of_writes(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange, writes = disk.exchange, []

    def counted(path: Path, *given: Any, **more: Any) -> disk.Written:
        writes.append(path)
        return exchange(path, *given, **more)

    monkeypatch.setattr(disk, "exchange", counted)
    path = watched.save(cells(*(f"print({n})" for n in range(100))))
    watched.until(lambda: watched.read().count("<!-- nozzle:output ") == 100, 60)
    watched.quiet()
    assert watched.git("log", "--format=%s").count("entry: print(") == 100
    assert 0 < writes.count(path) == len(writes) <= 8


def test_late_output_is_a_note_and_makes_nothing_due(watched: Watched) -> None:
    late = "import threading, time\nthreading.Timer(1.0, lambda: print('late', 'words')).start()\nprint('now')"
    watched.save(cells(late, "print('below')"))
    watched.until(lambda: "late words" in watched.read())
    watched.quiet()
    assert watched.read().count("nozzle:note") == 1
    assert watched.ask(lambda loop: [row.do for desk in loop.desks.values() for row in desk.plan()]) == ["done", "done"]
    assert len([each for each in watched.workshop.notices if each.kind == "started"]) == 2


def test_a_changed_input_makes_its_reader_and_what_is_below_due(watched: Watched) -> None:
    data = watched.workshop.root / "data.csv"
    data.write_text("1")
    watched.save(cells("print('first')", "print('read', open('../data.csv').read())", "print('below')"))
    watched.until(lambda: len(outputs(watched.read())) == 3)
    watched.quiet()
    data.write_text("22")
    watched.until(lambda: "read 22" in watched.read())
    watched.quiet()
    assert len([each for each in watched.workshop.notices if each.kind == "started"]) == 5


def test_a_file_that_the_entry_itself_writes_does_not_count(watched: Watched) -> None:
    grow = "import time\nwith open('log.txt', 'a') as log: print(time.time(), file=log)"
    watched.save(cells("open('log.txt', 'a').close(); print(len(open('log.txt').read()))", grow))
    watched.until(lambda: len(outputs(watched.read())) == 2)
    watched.quiet()
    assert len([each for each in watched.workshop.notices if each.kind == "started"]) == 2


def test_what_was_saved_while_a_step_was_owed_becomes_one_by_itself(watched: Watched) -> None:
    merge = watched.workshop.root / ".git/MERGE_HEAD"
    path = watched.save(cells("print(1)"))
    watched.until(lambda: outputs(watched.read()))
    watched.quiet()
    merge.write_text(watched.git("rev-parse", "HEAD"))
    watched.save(watched.read().replace("print(1)", "print(2)"))
    watched.until(lambda: "a merge is under way" in "".join(watched.told("warning")))
    watched.until(lambda: "```text\n2\n" in watched.read())
    watched.quiet()
    watched.save(watched.read() + "\nwords\n")
    watched.until(lambda: watched.ask(lambda loop: loop.desk(path)._passed_over))
    merge.unlink()
    watched.until(lambda: watched.git("show", "HEAD:journal/entry.md").endswith("words"), 20)
    assert watched.git("status", "--porcelain", "--", "journal/entry.md") == ""
