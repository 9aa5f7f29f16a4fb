"""A kill at any moment: the next start finds out what was meant, and says what it did."""

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nozzle.document.entry import Entry

KILLS = 10
"""Of one journal."""
ROOT = Path(__file__).parents[2]
FIGURE = 'from IPython.display import SVG\nSVG(\'<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>\')'
SOURCES = (
    "print('one0')",
    "print('two0' * 3)",
    FIGURE,
    "import time\nprint('begun', flush=True)\ntime.sleep(2.2)",
    "5 * 5",
)


def journal(folder: Path) -> Path:
    path = folder / "journal/entry.md"
    path.parent.mkdir(parents=True)
    subprocess.run(["git", "init", "-qb", "main", folder], check=True)
    cells = "\n".join(f"Words {n}.\n\n```{{code-cell}} python\n{source}\n```\n" for n, source in enumerate(SOURCES))
    path.write_text("# Title\n\n" + cells + "\nLast words.")
    return path


READY = """\
import os, signal, sys
from nozzle import __main__, cli
from nozzle.words import journal, run, voice
from nozzle import agents, desk, keys, loop, orphans, steps

signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody here waits for them
for folder in sys.stdin:
    if pid := os.fork():
        print(pid, flush=True)
        continue
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.chdir(folder.rstrip("\\n"))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for end in range(3):
        os.dup2(nowhere, end)
    sys.argv = ["nozzle", "run"]
    __main__.main()
    sys.exit()
"""
"""Begins `nozzle run` in a folder, as a process group of its own, with all that takes long to import at hand: so most
moments of a run lie in what it does."""


class Ready:
    """Where a run begins at once."""

    def __init__(self) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen([sys.executable, "-c", READY], cwd=ROOT, text=True, **pipes)  # type: ignore[call-overload]
        self._lock = threading.Lock()

    def __enter__(self) -> "Ready":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)

    def run(self, folder: Path) -> int:
        """The process that runs there."""
        with self._lock:
            self._process.stdin.write(f"{folder}\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())


def nozzle(folder: Path, *words: str) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = [sys.executable, "-m", "nozzle", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(run, cwd=folder, env=env, text=True, start_new_session=True, **pipes)  # type: ignore[call-overload,no-any-return]


def authors(text: str) -> str:
    """The author's lines: those outside envelopes, blank ones left out."""
    entry = Entry(text)
    rows = entry.rows
    for block in entry.envelopes:
        rows = [*rows[: block.span.start], *[""] * (block.span.stop - block.span.start), *rows[block.span.stop :]]
    return "\n".join(row.rstrip() for row in rows if row.strip())


def problems(ready: Ready, folder: Path, seed: int) -> list[str]:
    """What is wrong with a journal whose nozzle was killed again and again; nothing, it is hoped."""
    path, chance, found = journal(folder), random.Random(seed), []
    for number in range(KILLS):
        text = path.read_text()
        text = re.sub(r"'(one|two)\d*'", rf"'\g<1>{number}'", text, count=chance.choice((1, 2)))
        path.write_text(text)
        pid, delay = ready.run(folder), chance.choice((chance.uniform(0.02, 1.0), chance.uniform(0.02, 3.0)))
        time.sleep(delay)
        killed(pid)
        found += [f"{seed}, {number}, {delay:.2f}: {each}" for each in wrong(path, authors(text))]
    running = [block for block in Entry(path.read_text()).envelopes if block.status == "running"]
    run = nozzle(folder, "run")
    said, _ = run.communicate(timeout=90)
    found += [f"{seed}, at last: {each}" for each in (*wrong(path, authors(text)), *unfinished(folder, path))]
    found += [f"{seed}: it ended with {run.returncode}: {said}"] if run.returncode else []
    silent = running and "nozzle was ended while this cell ran" not in said
    return [*found, *([f"{seed}: nothing was said of the cell that ran: {said}"] if silent else [])]


def killed(pid: int) -> None:
    """End a process group, and wait until its first is gone; it may have come to its end, or not have begun."""
    end = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < end, f"{pid} does not end"
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        time.sleep(0.005)


def wrong(path: Path, before: str) -> list[str]:
    """At any moment: the author's lines, and no output twice."""
    text = path.read_text()
    shown = [block.of for block in Entry(text).envelopes if block.kind == "output"]
    lost = [] if authors(text) == before else ["lines were lost"]
    return [*lost, *([f"outputs are doubled: {shown}"] if len(shown) != len(set(shown)) else [])]


def unfinished(folder: Path, path: Path) -> list[str]:
    """At the end: every cell has its output, git has everything, and nothing is left beside."""
    entry = Entry(path.read_text())
    states = [slot.output.status if slot.output and slot.fresh else "missing" for slot in entry.slots]
    left = [each.name for each in path.parent.iterdir() if ".nozzle-" in each.name]
    dirty = subprocess.run(["git", "status", "--porcelain"], cwd=folder, capture_output=True, text=True).stdout
    bad = [] if states == ["ok"] * len(SOURCES) else [f"cells are {states}"]
    return [*bad, *([f"left {left}"] if left else []), *([f"not in git: {dirty}"] if dirty else [])]


def rounds(folder: Path, kills: int) -> list[str]:
    """So many kills (ten at least, and always tens), on a few journals at a time."""
    with Ready() as ready, ThreadPoolExecutor(max_workers=3 * (os.cpu_count() or 1)) as pool:
        each = pool.map(lambda seed: problems(ready, folder / f"k{seed}", seed), range(-(-kills // KILLS)))
        return [problem for found in each for problem in found]


@pytest.mark.timeout(300)
def test_a_kill_at_any_moment_loses_and_doubles_nothing(tmp_path: Path) -> None:
    assert "\n".join(rounds(tmp_path, 100)) == ""
