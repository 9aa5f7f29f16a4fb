"""kill -9 at random moments: bench/kill.py says whether anything was lost or doubled."""

import sys
from collections.abc import Iterator
from pathlib import Path

from contest import process
from table import Row, took
from workplace import Workplace

PATIENCE = 900.0
"""Seconds that five hundred kills may take on a busy machine."""
SCRIPT = Path(__file__).resolve().parent.parent / "kill.py"


def rows(where: Workplace) -> Iterator[Row]:
    if not SCRIPT.is_file():
        yield Row("kill", "kill -9 at random moments", why="skipped: bench/kill.py is not here")
        return
    words = [str(where.reps)] if where.reps else []
    done = process([sys.executable, SCRIPT, *words], where.new("kill"), patience=PATIENCE)
    last = str(done.evidence).strip().rpartition("\n")[2]
    yield Row("kill", "kill -9 at random moments", why=f"met: {last} ({took(done.seconds)})")
