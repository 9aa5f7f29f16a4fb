"""From an editor's save to the notice of it, and what watching costs while nothing happens.

Both watchers look at the same 10,000 files, one after the other (two at once would wake each other): nozzle's, and
watchdog's PollingObserver, what one has where the system tells nothing.
"""

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from contest import Spread
from table import Row, shown, took
from workplace import Workplace, opened

SCRIPT = Path(__file__).resolve().parent.parent / "notice.py"
PATTERNS = ("in_place", "slow_in_place", "by_rename", "backup_dance", "backup_copy")
FILES, SLOW, QUIET = 10_000, 1000, 3.0
SOON, STILL = 5.0, 1.0
"""Goals: milliseconds from save to notice; milliseconds of CPU a second when nothing happens."""


def rows(where: Workplace) -> Iterator[Row]:
    if not SCRIPT.is_file():
        yield Row("notice", "save -> notice", why="skipped: bench/notice.py is not here")
        return
    script = opened(SCRIPT, "notice_script")
    with tempfile.TemporaryDirectory(dir=where.folder) as name:
        entry = script.populate(Path(name), FILES)
        since = len(where.control.seconds)
        _sampled(where)
        ours = _ours(script, Path(name), entry, where.times(16))
        _sampled(where)
        theirs = _polling(script, Path(name), entry)
        _sampled(where)
        noisy = where.control.noisy(since)
    every = [each for pattern in ours["late"].values() for each in pattern]
    worst = max(ours["late"], key=lambda pattern: statistics.median(ours["late"][pattern]))
    name = f"save -> notice, {FILES:,} files, 5 save patterns"
    polled = statistics.median(theirs["late"])
    yield Row(
        "notice", name, Spread.of(every), "ms", SOON, took(max(0.0, statistics.median(every)) / 1000),
        f"polling {polled:.0f} ms", noisy,
        notes=[
            f"1/{polled / max(0.01, statistics.median(every)):.0f} of polling (below 0.01 ms counts as that); "
            f"slowest pattern {worst}: {shown(statistics.median(ours['late'][worst]), 'ms')}"
        ],
    )  # fmt: skip
    yield Row("notice", f"torn reads in {SLOW} slow saves", Spread.of([ours["torn"]]), "", 0, f"{ours['torn']}")
    idle = Spread.of([ours["idle"]])
    against = f"polling {theirs['idle']:.0f} ms/s"
    yield Row("notice", "idle CPU, a second", idle, "ms", STILL, shown(ours["idle"], "ms"), against, noisy)


def _sampled(where: Workplace) -> None:
    for _ in range(5):
        where.control.sample()


def _ours(script: ModuleType, root: Path, entry: Path, saves: int) -> dict:
    from nozzle import watch

    stopwatch = script.Stopwatch(entry)
    late: dict[str, list[float]] = {}
    with watch.changes(root, lambda path: path.suffix == ".md", put=stopwatch.put):
        for pattern in PATTERNS:
            late[pattern] = _saved(script, stopwatch, pattern, saves)
        stopwatch.torn = 0
        _saved(script, stopwatch, "slow_in_place", SLOW)
        return {"late": late, "torn": stopwatch.torn, "idle": script.idle(QUIET)}


def _saved(script: ModuleType, stopwatch: object, pattern: str, saves: int) -> list[float]:
    text, found = b"# title\n", []
    for number in range(saves):
        text += b"line %d\n" % number
        found.append(stopwatch.time(getattr(script.editors, pattern), text))  # type: ignore[attr-defined]
    return found


def _polling(script: ModuleType, root: Path, entry: Path) -> dict:
    from watchdog.events import FileSystemEventHandler
    from watchdog.observers.polling import PollingObserver

    class Heard(FileSystemEventHandler):
        def __init__(self) -> None:
            self.text, self.when, self.done = b"", 0.0, threading.Event()

        def on_modified(self, event: object) -> None:
            when = time.perf_counter()
            if not self.done.is_set() and entry.read_bytes() == self.text:
                self.when = when
                self.done.set()

    heard, observer, late = Heard(), PollingObserver(timeout=1.0), []
    observer.schedule(heard, str(root), recursive=True)
    observer.start()
    for number in range(4):
        heard.done.clear()
        heard.text = b"# polled %d\n" % number * (number + 2)
        entry.write_bytes(heard.text)
        saved = time.perf_counter()
        if heard.done.wait(10):
            late.append((heard.when - saved) * 1000)
    idle = script.idle(QUIET)
    observer.stop()
    observer.join()
    return {"late": late or [float("inf")], "idle": idle}
