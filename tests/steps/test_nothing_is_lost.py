"""An author and nozzle at work in one repository, in any order: what was ever kept can still be reached."""

import random
import subprocess
import sys
import time
from collections.abc import Callable

from nozzle.errors import NozzleError
from nozzle.steps import Record, Steps

from .conftest import Author, made

FILES = ("a.md", "b.md", "d/c.md", "data/x.csv", "data/y y.csv")


class Play:
    """Random moves; `kept` are the digests of all that nozzle has promised to keep."""

    def __init__(self, author: Author, steps: Steps, seed: int) -> None:
        self.author, self.steps = author, steps
        self.dice = random.Random(seed)
        self.kept: set[str] = set()
        self.step = 0

    def move(self) -> None:
        self.step += 1
        self.dice.choices([move for move, _ in MOVES], [weight for _, weight in MOVES])[0](self)

    def edit(self) -> None:
        lines = [f"{self.dice.randrange(50)}\n" for _ in range(self.dice.randrange(1, 8))]
        self.author.write(self.dice.choice(FILES), f"{self.step}\n" + "".join(lines))

    def remove(self) -> None:
        (self.author.root / self.dice.choice(FILES)).unlink(missing_ok=True)

    def stage(self) -> None:
        self.author.git("add", "-A", "--", self.dice.choice(FILES), ok=False)

    def unstage(self) -> None:
        self.author.git("reset", "-q", "--", self.dice.choice(FILES), ok=False)

    def commit(self) -> None:
        self.kept |= {row.split()[1] for row in self.author.git("ls-files", "-s").splitlines()}
        self.author.git("commit", "-qm", f"by hand {self.step}", ok=False)

    def switch(self) -> None:
        if self.steps.thread().name and (branches := self.branches()):
            self.author.git("switch", "-q", self.dice.choice(branches), ok=False)

    def branch(self) -> None:
        self.author.git("switch", "-qc", f"hand-{self.step}", ok=False)

    def tidy(self) -> None:
        self.author.git("gc", "-q", "--prune=now")

    def pack(self) -> None:
        self.author.git("pack-refs", "--all")

    def record(self) -> None:
        path = self.dice.choice(FILES)
        if not (self.author.root / path).exists():
            return
        data = self.author.read(path)
        others = self.index_but(path)
        self.steps.record(
            Record("save", path, f"save {self.step}", {path: data}, trailers={"Cell": f"{self.step:08x}"})
        )
        assert self.index_but(path) == others
        assert self.steps.at_head(path) == data
        self.keep(data)

    def adopt(self) -> None:
        paths = tuple(self.dice.sample(FILES, 2))
        self.steps.record(Record("cell", "a.md", f"cell {self.step}", {}, adopt=paths))
        for path in paths:
            on_disk = self.author.read(path) if (self.author.root / path).exists() else None
            assert self.steps.at_head(path) == on_disk

    def rewind(self) -> None:
        if steps := list(self.steps.history(limit=20)):
            before = {path: self.author.read(path) for path in FILES if (self.author.root / path).exists()}
            self.kept |= {row.split()[1] for row in self.author.git("ls-files", "-s").splitlines()}
            step = self.dice.choice(steps)
            self.steps.rewind(step)
            assert self.author.git("rev-parse", "HEAD") == step.sha
            untracked = {row[3:] for row in self.author.status().splitlines() if row.startswith("?? ")}
            assert {row[3:] for row in self.author.status().splitlines()} == untracked
            for path, data in before.items():
                if path in untracked:
                    assert self.author.read(path) == data
                else:
                    self.keep(data)

    def thread(self) -> None:
        self.steps.start_thread(f"thread-{self.step}")

    def land(self) -> None:
        try:
            self.steps.land()
        except NozzleError:
            pass  # a conflict, a dirty file: refused, and nothing is lost either

    def keep(self, data: bytes) -> None:
        done = subprocess.run(["git", "hash-object", "--stdin"], cwd=self.author.root, input=data, capture_output=True)
        self.kept.add(done.stdout.decode().strip())

    def branches(self) -> list[str]:
        return self.author.git("for-each-ref", "--format=%(refname:short)", "refs/heads").split()

    def index_but(self, path: str) -> list[str]:
        return [row for row in self.author.git("ls-files", "-s", "-z").split("\0") if not row.endswith(f"\t{path}")]


MOVES: list[tuple[Callable[[Play], None], float]] = [
    (Play.edit, 20),
    (Play.remove, 2),
    (Play.stage, 6),
    (Play.unstage, 2),
    (Play.commit, 4),
    (Play.switch, 3),
    (Play.branch, 1),
    (Play.tidy, 0.3),
    (Play.pack, 1),
    (Play.record, 20),
    (Play.adopt, 5),
    (Play.rewind, 3),
    (Play.thread, 1),
    (Play.land, 2),
]


def test_a_thousand_moves(author: Author, steps: Steps) -> None:
    play = Play(author, steps, seed=8)
    end = time.monotonic() + 15
    while play.step < 1000 and time.monotonic() < end:
        play.move()
    reached = set(author.git("rev-list", "--objects", "--no-object-names", "--all", "HEAD").split())
    assert len(play.kept) > play.step / 10
    assert play.kept - reached == set()
    author.sound()
    assert list(steps.private.glob("rescue-*")) == []


def test_two_writers_at_once_lose_no_step(author: Author, steps: Steps) -> None:
    program = (
        "import sys; from pathlib import Path; from nozzle.steps import Record, Steps\n"
        "with Steps.open(Path(sys.argv[1])) as s:\n"
        "    for n in range(20): assert s.record(Record('cell', sys.argv[2], str(n), {sys.argv[2]: str(n).encode()}))\n"
    )
    made(steps, "a.md", "1")
    writers = [
        subprocess.Popen([sys.executable, "-c", program, str(author.root), name], stderr=subprocess.PIPE, text=True)
        for name in ("x", "y")
    ]
    for writer in writers:
        assert writer.communicate()[1] == ""
        assert writer.returncode == 0
    assert len(list(steps.history("x"))) == len(list(steps.history("y"))) == 20
    author.sound()


def test_a_kill_at_any_moment_leaves_a_sound_repository(author: Author, steps: Steps) -> None:
    program = (
        "import os, sys, threading, time; from pathlib import Path; from nozzle.steps import Record, Steps\n"
        "s = Steps.open(Path(sys.argv[1])); print('ready', flush=True)\n"
        "threading.Timer(float(sys.argv[2]), os.kill, (os.getpid(), 9)).start()\n"
        "for n in range(10**6):\n"
        "    s.record(Record('cell', 'a.md', str(n), {'a.md': b'%d %s' % (n, sys.argv[2].encode())}))\n"
    )
    made(steps, "a.md", "1")
    before = "1"
    for delay in range(8):
        subprocess.run(
            [sys.executable, "-c", program, str(author.root), str(delay * 0.003 + 0.005)], capture_output=True
        )
        made(steps, "a.md", f"after {delay}")  # no lock was left behind
        assert author.status() == ""
        count = author.git("rev-list", "--count", "HEAD")
        assert int(count) > int(before)
        before = count
    author.sound()
