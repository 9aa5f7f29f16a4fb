"""Kept states: going back against running again, what one costs, threads side by side, a kernel that is killed."""

import itertools
import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from contest import Spread, Took, Void, clocked, process, race, same
from peers import plain
from table import Row, raced
from table import took as took_words
from workplace import Workplace

from figures.cells import ARMS
from nozzle.document.events import ExecuteResult, Finished, Replaying, Stream
from nozzle.runner import Interpreter, Job, Session, Snapshots, find_interpreter
from nozzle.runner.kernel import Frozen
from nozzle.runner.process import Process
from nozzle.steps import Record, Steps

SLOW = "import time; time.sleep(2.0); slow = sorted(data, reverse=True)"
SIXTEEN = [
    "import random; random.seed(0)", "data = [random.random() for _ in range(200_000)]", SLOW,
    *(f"t{n} = sum(v * {n} for v in slow[:1000]); data[{n}] = t{n}" for n in range(12)), "print(round(sum(data), 6))",
]  # fmt: skip
FILES = 200
ELEVEN = [
    "import numpy as np, pandas as pd", "rng = np.random.default_rng(0); arr = rng.random(4_000_000)",
    "df = pd.DataFrame(rng.random((500_000, 8)), columns=list('abcdefgh'))", "arr += 1", "df['i'] = df.a * df.b",
    "words = [str(n) for n in range(100_000)]", "table = {word: len(word) for word in words}",
    "means = df.groupby(df.a.round(2)).mean()", "arr = arr[::-1].copy()",
    "words.append('last'); df['j'] = df.i.cumsum()",
    "total = float(arr.sum() + df.to_numpy().sum() + len(words) + len(table))",
]  # fmt: skip
ARRAYS = "72 MB of arrays"
BACK = [6, 8, 10]
"""Cells after which the states are that are gone back to."""
PROBE = (
    "[name for name in ('means', 'total') if name in globals()], float(arr[0]), float(arr.sum()), df.shape, "
    "len(words), float(df.to_numpy().sum())"
)


def chained(sources: Sequence[str]) -> list[Job]:
    """Jobs of cells, each named by those above it."""
    jobs, above = [], ""
    for source in sources:
        above = sha256(f"{above}\0{source}".encode()).hexdigest()
        jobs.append(Job(above, source))
    return jobs


def run(session: Session, jobs: Sequence[Job], start: int = 0) -> str:
    """Run the cells from one on; what they printed, and how many were replayed."""
    printed, replayed = "", 0
    for at in range(start, len(jobs)):
        for event in session.run(jobs[: at + 1]):
            printed += event.text if isinstance(event, Stream) else ""
            replayed += isinstance(event, Replaying)
            if isinstance(event, Finished) and event.status != "ok":
                raise Void(f"cell {at} ended as {event.status}: {event.cause}")
    return printed.strip()


def opened(folder: Path, store: Snapshots | None, python: Interpreter | None = None) -> Session:
    return Session(folder, python or find_interpreter(folder), root=folder, snapshots=store)


def edited(where: Workplace) -> Iterator[Row]:
    """One cell of sixteen is edited: to the same last line, against all of it again."""
    for cell, goal in ((14, 1 / 60), (8, 1 / 25), (3, 1 / 15)):
        yield from _edited(where, cell, goal)


def _edited(where: Workplace, cell: int, goal: float) -> Iterator[Row]:
    name, folder = f"cell {cell} of 16 edited, cell 2 sleeps 2 s", where.new("states")
    session = opened(folder, Snapshots("auto"))
    run(session, chained(SIXTEEN))

    def text(rep: int) -> list[str]:
        return [*SIXTEEN[:cell], f"data[0] = {rep + 7}", *SIXTEEN[cell + 1 :]]

    def ours(rep: int) -> Took:
        return clocked(lambda: run(session, chained(text(rep)), cell))

    def replayed(rep: int) -> Took:
        fresh = opened(folder, None)
        try:
            return clocked(lambda: run(fresh, chained(text(rep))))
        finally:
            fresh.close()

    def nbclient(rep: int) -> Took:
        (folder / "book.ipynb").write_text(_notebook(text(rep)))
        python = where.peers.program("nbclient", "python")
        done = process([python, ARMS / "notebook.py", "book.ipynb"], folder, plain())
        return Took(done.seconds, done.cpu, json.loads(str(done.evidence))["printed"][-1])

    try:
        yield raced("states", name, race(ours, replayed, where.times(3), where.control, same), "our own replay")
        if why := where.peers.missing("nbclient"):
            yield Row("states", name, why=why)
        else:
            yield raced("states", name, race(ours, nbclient, where.times(3), where.control, same), "nbclient", goal)
    finally:
        session.close()


def first(where: Workplace) -> Iterator[Row]:
    """The first cell of a new entry, which imports what entries usually begin with: a kernel stands ready, or none."""
    name = "first cell, imports numpy and matplotlib"
    source = "import numpy as np\nimport matplotlib.pyplot as plt\n1 + 1"
    folder, store = where.new("first"), Snapshots("auto")
    run(opened(folder, None), chained([source]))  # whoever draws for the first time looks for fonts
    opened(folder, store).prepare(["numpy", "matplotlib.pyplot"])
    if len(store.beginnings.rows()) != 2:
        raise Void("no kernel stands ready")

    def began(kept: Snapshots | None) -> Took:
        session = opened(folder, kept)
        try:
            return clocked(lambda: run(session, chained([source])))
        finally:
            session.close()

    yield raced(
        "first", name, race(lambda rep: began(store), lambda rep: began(None), where.times(5), where.control, same),
        "started then", 0.2,
    )  # fmt: skip
    store.clear()


def _notebook(sources: Sequence[str]) -> str:
    cells = [
        {"cell_type": "code", "id": f"c{at}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for at, source in enumerate(sources)
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def costs(where: Workplace) -> Iterator[Row]:
    """What keeping a state takes, after the cell is over."""
    states = (
        ("a small process", "x = 1", 8.0),
        ("1 GB of NumPy", "import numpy as np; x = np.ones(2**27)", 5.0),
        ("1 GB of Python's floats", "x = [float(n) for n in range(31_000_000)]", 60.0),
    )
    for name, source, goal in states:
        session = opened(where.new("cost"), Snapshots("never"))
        run(session, chained([source]))
        took = [_kept(session) for _ in range(where.times(5))]
        session.close()
        yield Row("snapshot", f"a state kept: {name}", Spread.of(took), "ms", goal)
    yield from _every_cell(where)


def _kept(session: Session) -> float:
    """Milliseconds that keeping takes, all of it."""
    session.live._images.clear()
    start = time.perf_counter()
    if why := session.keep():
        raise Void(why)
    return (time.perf_counter() - start) * 1000


def _every_cell(where: Workplace) -> Iterator[Row]:
    jobs = chained(["x = 0", *("x += 1" for _ in range(38)), "print(x)"])

    def arm(policy: str) -> Took:
        session = opened(where.new("every"), Snapshots(policy))  # type: ignore[arg-type]
        run(session, jobs[:1])
        try:
            return clocked(lambda: run(session, jobs, 1))
        finally:
            session.close()

    found = race(lambda rep: arm("always"), lambda rep: arm("never"), where.times(5), where.control, same)
    extra = [(a.seconds - n.seconds) / 39 * 1000 for a, n in zip(found.ours, found.theirs, strict=True)]
    yield Row("snapshot", "a state after every cell of 40, for each", Spread.of(extra), "ms", 8.0, noisy=found.noisy)
    found = race(lambda rep: arm("auto"), lambda rep: arm("never"), where.times(5), where.control, same)
    yield raced("snapshot", "40 cells, states kept where it pays", found, "none kept", 1.2)


def threads(where: Workplace) -> Iterator[Row]:
    """Steps of a journal with 200 files: going to one, kernels woken from one, whole threads from one."""
    folder = where.repository("threads")
    (folder / "journal").mkdir()
    for number in range(FILES):
        (folder / "journal" / f"file{number}").write_text(f"{number}\n" * 20)
    where.git(folder, "add", "."), where.git(folder, "commit", "-qm", "first")
    store, python = Snapshots("always"), find_interpreter(folder)
    jobs = chained(["x = list(range(1000))", "x.append(1)"])
    with Steps.open(folder) as steps:
        first = steps.resolve("HEAD")
        path = folder / "journal" / "file0"
        path.write_text("changed")
        steps.record(Record("save", "journal/file0", "second", {"journal/file0": b"changed"}))
        second = steps.resolve("HEAD")
        goals = [first, second] * where.times(5)
        took = [clocked(lambda goal=goal: steps.rewind(goal)).seconds * 1000 for goal in goals]
        yield Row("threads", f"going to a step, {FILES} files", Spread.of(took), "ms", 50.0)
        main = Session(folder / "journal", python, root=folder, snapshots=store)
        run(main, jobs)
        woken = [_woken([folder] * 4, folder, python, store, jobs) for _ in range(where.times(5))]
        yield Row("threads", "four kernels woken from one step", Spread.of(woken), "ms", 80.0)
        whole = [_forked(steps, rep, python, store, jobs) for rep in range(where.times(5))]
        yield Row("threads", f"four threads, {FILES} files and a kernel each", Spread.of(whole), "ms", 300.0)
        only = ["journal/file0", "journal/file1"]
        found = race(
            lambda rep: clocked(lambda: steps.fork(second, f"few-{rep}", only).head),
            lambda rep: clocked(lambda: steps.fork(second, f"all-{rep}").head),
            where.times(9),
            where.control,
            same,
        )
        yield raced("threads", f"a thread's folder with 2 of {FILES} files", found, "all of them")
        main.close()


def _woken(roots: Sequence[Path], seen_at: Path, python: Interpreter, store: Snapshots, jobs: list[Job]) -> float:
    """Milliseconds until a kernel in each of these stands after the cells."""
    sessions = [Session(root / "journal", python, root=root, snapshots=store, seen_at=seen_at) for root in roots]
    start = time.perf_counter()
    told = [list(session.go_to(jobs)) for session in sessions]
    took = (time.perf_counter() - start) * 1000
    for session in sessions:
        session.close()
    if any(told):
        raise Void("a kernel had to run cells again")
    return took


def _forked(steps: Steps, rep: int, python: Interpreter, store: Snapshots, jobs: list[Job]) -> float:
    start = time.perf_counter()
    folders = [steps.fork(steps.resolve("HEAD"), f"thread-{rep}-{number}").folder for number in range(4)]
    took = (time.perf_counter() - start) * 1000
    return took + _woken(folders, steps.root, python, store, jobs)


def thousand(where: Workplace) -> Iterator[Row]:
    """A thousand cells that each keep their state: what is held, and how far apart the states come to lie."""
    budget = 400_000_000
    store = Snapshots("always", budget=budget)
    session = opened(where.new("thousand"), store)
    jobs = chained(["x = []", *(f"x.append({n})" for n in range(999))])
    run(session, jobs)
    rows = store.rows()
    depths = [0, *(row.snapshot.trail.depth for row in rows)]
    gap = max(after - before for before, after in itertools.pairwise(depths))
    held = sum(row.bytes for row in rows)
    session.close()
    note = f"{len(rows)} states"
    yield Row(
        "thousand", f"1000 cells: memory held of {budget / 1e6:.0f} MB, {note}", Spread.of([held / 1e6]), "MB", 400
    )
    yield Row("thousand", "1000 cells: most that are replayed", Spread.of([float(gap)]), "")


def killed(where: Workplace) -> Iterator[Row]:
    """The live worker is killed: until the next cell is done."""
    session = opened(where.new("killed"), Snapshots("always"))
    jobs = chained(["import time; time.sleep(0.2); x = 1", "x += 1"])
    took = []
    for rep in range(where.times(7)):
        run(session, jobs, 1)
        live = session.live.kernels["python"].process
        more = chained(["import time; time.sleep(0.2); x = 1", "x += 1", f"print(x, {rep})"])

        def back(live: Process = live, jobs: list[Job] = more) -> str:
            os.kill(live.pid, signal.SIGKILL)
            live.is_gone(wait=10.0)
            return run(session, jobs, 2)

        done = clocked(back)
        if done.evidence != f"2 {rep}":
            raise Void("the state is not what it was")
        took.append(done.seconds * 1000)
    images = [image for each in session.live._snapshots.all() for image in each.images.values()]  # type: ignore[union-attr]
    if not all(isinstance(image, Frozen) for image in images):
        raise Void("no state was kept")
    session.close()
    yield Row("killed", "kill -9 of the live worker, back at work", Spread.of(took), "ms", 100.0)


def kishu(where: Workplace) -> Iterator[Row]:
    """The same notebook under Kishu: what keeping its states adds to the cells' own time, and what going back takes.

    All cells run in the Python that Kishu is installed in.
    """
    names = (
        f"a state after each of {len(ELEVEN)} cells, {ARRAYS}",
        f"going to the states after {', '.join(map(str, BACK))} cells",
    )
    if why := where.peers.missing("kishu"):
        yield from (Row("kishu", name, why=why) for name in names)
        return
    folder, python = where.new("kishu"), where.peers.program("kishu", "python")
    (folder / "cells.json").write_text(json.dumps({"cells": ELEVEN, "to": BACK, "probe": PROBE}))
    interpreter = find_interpreter(folder, named=str(python))
    mine: dict[int, dict[str, Any]] = {}
    theirs: dict[int, dict[str, Any]] = {}

    def ours(rep: int) -> Took:
        took = mine[rep] = _as_kishu(folder, interpreter)
        return Took(max(0.0, took["kept"] - took["plain"]), evidence=took["states"])  # it may drown in the noise

    def its(rep: int) -> Took:
        done = process([python, ARMS / "kishued.py", "cells.json"], folder, plain())
        took = theirs[rep] = json.loads(str(done.evidence))
        return Took(took["kept"] - took["plain"], evidence=took["states"])

    found = race(ours, its, where.times(3), where.control, same)
    own = Spread.of([each["plain"] for each in mine.values()]).median
    added = f"cells' own time taken off ({own:.2f} s; {len(ELEVEN)} cells, the whole of them in one kernel)"
    yield raced("kishu", names[0], found, "kishu", 1 / 30, notes=(added,))
    back = [sum(mine[rep]["checkouts"]) / sum(theirs[rep]["checkouts"]) for rep in sorted(mine)]
    ours_took, its_took = (
        Spread.of([sum(each["checkouts"]) for each in arm.values()]).median for arm in (mine, theirs)
    )
    yield Row(
        "kishu", names[1], Spread.of(back), "x", 1 / 20, took_words(ours_took), f"kishu {took_words(its_took)}",
        found.noisy,
    )  # fmt: skip


def _as_kishu(folder: Path, python: Interpreter) -> dict[str, Any]:
    """The cells without keeping states and with it, then each checkout, and the states that they made."""
    jobs, seconds = chained(ELEVEN), {}
    for name, store in (("plain", Snapshots("never")), ("kept", Snapshots("always"))):
        session = opened(folder, store, python)
        run(session, chained(["0"]))  # the kernel stands
        try:
            start = time.perf_counter()
            run(session, jobs)
            seconds[name] = time.perf_counter() - start
            if name == "plain":
                continue
            checkouts, states = [], []
            for depth in BACK:
                start = time.perf_counter()
                if told := list(session.go_to(jobs[:depth])):
                    raise Void(f"a cell had to run again: {told[0]}")
                checkouts.append(time.perf_counter() - start)
                states.append(_probed(session, jobs[:depth]))
            return {**seconds, "checkouts": checkouts, "states": states}
        finally:
            session.close()
    raise Void("nothing ran")


def _probed(session: Session, jobs: list[Job]) -> str:
    probe = Job(f"{jobs[-1].cell} probed", PROBE)
    shown = [event.data["text/plain"] for event in session.run([*jobs, probe]) if isinstance(event, ExecuteResult)]
    return "".join(shown)
