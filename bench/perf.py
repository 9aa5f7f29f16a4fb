"""One command prints how fast nozzle is beside its peers.

    python bench/perf.py [--figure NAME ...] [--reps N] [--json OUT] [--peers]

Every row is a ratio measured in one run: both arms are driven by this process, in shuffled order, and the median, the
least and the ninetieth percentile are those of the ratios of single repetitions. Each arm proves that it did the work;
when it did not, or the two did not do the same, the row is void and has no number. `noisy` marks a row during which
plain Python doing nothing moved by more than a fifth. The goal is the most that the median may be.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from contest import Spread, Void
from figures import cells, kill, notice, parse, site, states, step, words
from peers import PLACE, Peers
from table import Row, head
from workplace import Workplace, isolate

FIGURES: dict[str, Callable[[Workplace], Iterable[Row]]] = {
    "notice": notice.rows,
    "step": step.rows,
    "cells-cold": cells.cold,
    "cells-steps": cells.steps,
    "unchanged": cells.unchanged,
    "edited": cells.edited,
    "parse": parse.rows,
    "build": site.rows,
    "words": words.rows,
    "kill": kill.rows,
    "first": states.first,
    "states": states.edited,
    "snapshot": states.costs,
    "threads": states.threads,
    "thousand": states.thousand,
    "killed": states.killed,
    "kishu": states.kishu,
}


def measured(name: str, where: Workplace) -> Iterator[Row]:
    """The rows of a figure; one that is void does not stop the others."""
    try:
        yield from FIGURES[name](where)
    except Void as why:
        yield Row(name, "", why=f"void: {why}")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--figure", action="append", choices=FIGURES, metavar="NAME", help=f"of {', '.join(FIGURES)}")
    asked.add_argument("--reps", type=int, help="repetitions of every arm, instead of what is usual for the figure")
    asked.add_argument("--json", type=Path, metavar="OUT", help="write the rows here too")
    asked.add_argument("--peers", action="store_true", help="measure the peers that bench/peers.py installed")
    asked.add_argument("--peers-in", type=Path, default=PLACE, help=argparse.SUPPRESS)
    said = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="nozzle-bench-") as name:
        isolate(Path(name))
        where = Workplace(Path(name), Peers(said.peers_in, said.peers), said.reps)
        rows = run(said.figure or list(FIGURES), where)
        if changed := where.peers.changed():
            sys.exit(f"void: these peers changed during the run: {', '.join(changed)}")
        if said.json:
            said.json.write_text(json.dumps(report(rows, where), indent=1) + "\n")
    sys.exit(1 if any(row.verdict.startswith(("MISSED", "void")) for row in rows) else 0)


def run(names: Iterable[str], where: Workplace) -> list[Row]:
    before = os.getloadavg()
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.release()}"
    print(f"{machine}; load {before[0]:.1f}\n\n{head()}", flush=True)
    rows = []
    for name in names:
        for row in measured(name, where):
            rows.append(row)
            print(row.line(), flush=True)
    print()
    for row in rows:
        for note in row.notes:
            print(f"{row.figure}: {note}")
    if where.control.seconds:
        plain = Spread.of(where.control.seconds)
        moved = f"median {plain.median * 1000:.1f} ms, least {plain.least * 1000:.1f}, p90 {plain.p90 * 1000:.1f}"
        print(f"control: python -c pass, {moved}; load {before[0]:.1f} before, {os.getloadavg()[0]:.1f} after")
    return rows


def report(rows: Iterable[Row], where: Workplace) -> dict[str, object]:
    """Everything, for a program to read."""
    return {
        "machine": {"cores": os.cpu_count(), "python": sys.version, "system": platform.platform()},
        "control": where.control.seconds,
        "peers": where.peers.versions(),
        "rows": [{**asdict(row), "verdict": row.verdict} for row in rows],
    }


if __name__ == "__main__":
    main()
