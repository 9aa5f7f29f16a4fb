"""kill -9 at random moments: bench/kill.py says whether anything was lost or doubled."""

import sys
from collections.abc import Iterator
from pathlib import Path

from contest import process
from table import Row, took
from workplace import Workplace

SCRIPT = Path(__file__).resolve().parent.parent / "kill.py"


def rows(where: Workplace) -> Iterator[Row]:
    if not SCRIPT.is_file():
        yield Row("kill", "kill -9 at random moments", why="skipped: bench/kill.py is not here")
        return
    done = process([sys.executable, SCRIPT, *([str(where.reps)] if where.reps else [])], where.new("kill"))
    last = str(done.evidence).strip().rpartition("\n")[2]
    yield Row("kill", "kill -9 at random moments", why=f"met: {last} ({took(done.seconds)})")
