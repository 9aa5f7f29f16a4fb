"""How soon a save is noticed, whether it is ever noticed half done, and what watching costs while nothing happens.

    python bench/notice.py [--files 10000] [--saves 32] [--slow 1000]

One process saves and listens, so both ends read one clock. A torn read: at the notice, the file did not hold the text
just saved.
"""

import argparse
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from nozzle import watch
from tests import editors


class Stopwatch:
    """Notes when a save was heard of, and what the file held then."""

    def __init__(self, entry: Path) -> None:
        self.entry, self.torn = entry, 0
        self.heard, self.text, self.when = threading.Event(), b"", 0.0

    def put(self, change: watch.Change) -> None:
        when = time.perf_counter()
        if isinstance(change, watch.Saved) and self.entry in change.paths:
            whole = self.entry.is_file() and self.entry.read_bytes() == self.text
            self.torn += not whole
            if whole and not self.heard.is_set():
                self.when = when
                self.heard.set()

    def time(self, save: editors.Save, text: bytes) -> float:
        """Milliseconds from the return of the save to its notice; below zero when the notice came first."""
        self.heard.clear()
        self.text = text
        save(self.entry, text)
        saved = time.perf_counter()
        if not self.heard.wait(10):
            raise SystemExit(f"{save.__name__}: a save was not noticed")
        return (self.when - saved) * 1000


def populate(root: Path, files: int) -> Path:
    for number in range(files):
        folder = root / f"{number % 100:02}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.md").write_text("# title\n")
    return root / "00" / "0.md"


def idle(seconds: float) -> float:
    """Milliseconds of CPU a second, of this whole process."""
    before = time.process_time()
    time.sleep(seconds)
    return (time.process_time() - before) / seconds * 1000


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--saves", type=int, default=32)
    parser.add_argument("--slow", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        entry = populate(Path(folder), options.files)
        stopwatch = Stopwatch(entry)
        started = time.perf_counter()
        with watch.changes(Path(folder), lambda path: path.suffix == ".md", put=stopwatch.put):
            print(f"{options.files} files watched after {(time.perf_counter() - started) * 1000:.0f} ms")
            print(f"{'pattern':16} {'median ms':>9} {'p90 ms':>7} {'torn':>5}   save -> notice")
            for save in (editors.in_place, editors.slow_in_place, editors.by_rename, editors.backup_dance,
                         editors.backup_copy, *editors.PROGRAMS):  # fmt: skip
                row(stopwatch, save, options.saves)
            row(stopwatch, editors.slow_in_place, options.slow)
            print(f"idle: {idle(5):.2f} ms of CPU a second")


def row(stopwatch: Stopwatch, save: editors.Save, saves: int) -> None:
    """Print one line of the table."""
    text = b"# title\n"
    stopwatch.time(editors.in_place, text)
    stopwatch.torn, took = 0, []
    for number in range(saves):
        text += b"line %d\n" % number
        took.append(stopwatch.time(save, text))
    late = sorted(took)[saves * 9 // 10]
    print(f"{save.__name__:16} {statistics.median(took):9.2f} {late:7.2f} {stopwatch.torn:5}   {saves} saves")


if __name__ == "__main__":
    main()
