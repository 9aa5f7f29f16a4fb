"""A state that was written down is the one that running the cells again makes, or it is not used.

A cell that counts its runs in a file outside of all that is watched tells whether it ran again.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from kernel_bench import Bench

from nozzle.document.events import Finished, Replaying, Stream
from nozzle.runner import Kept, Snapshots


@dataclass
class Shelf:
    """In a folder, and every word is believed."""

    folder: Path
    states: dict[str, Kept] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def find(self, cell: str) -> Kept | None:
        return self.states.get(cell)

    @contextlib.contextmanager
    def open(self, kept: Kept) -> Iterator[int]:
        with (self.folder / kept.cell).open("rb") as file:
            yield file.fileno()

    def refuse(self, kept: Kept, why: str) -> None:
        self.refused.append(why)
        del self.states[kept.cell]

    def put(self, bench: Bench) -> Kept | str:
        with (self.folder / bench.jobs[-1].cell).open("wb") as file:
            kept = bench.session.save(file.fileno())
        if isinstance(kept, Kept):
            self.states[kept.cell] = kept
        return kept


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    folder = tmp_path / "shelf"
    folder.mkdir()
    return Shelf(folder)


@pytest.fixture
def keeping_it(opened: Callable[..., Bench], shelf: Shelf) -> Callable[..., Bench]:
    """Run cells, keep the state after the last; a session that knows them, and has run none."""

    def keep(*sources: str, **options: object) -> Bench:
        first = opened(snapshots=None)
        for source in sources:
            assert first.run(source, **options).status == "ok", first.events
        state = shelf.put(first)
        assert isinstance(state, Kept), state
        later = opened(snapshots=None, shelf=shelf)
        later.jobs = list(first.jobs)
        return later

    return keep


SAME = [
    ("import random, numpy as np; random.seed(1); np.random.seed(1)", "print(random.random(), np.random.rand())"),
    ("import numpy as np; a = np.arange(3); b = a; np.set_printoptions(precision=2)", "b[0] = 7; print(a, a / 3)"),
    ("import numpy as np; g = np.random.default_rng(3); h = [g]; g.random()", "print(h[0].random(), g.random())"),
    ("n = 1\ndef add():\n    global n\n    n += 1\n    return n", "n = 10; print(add(), n); n"),
    ("import os; os.environ['HERE'] = 'yes'; os.chdir('/')", "import os; print(os.environ['HERE'], os.getcwd())"),
    ("import sys; sys.path.insert(0, '/nowhere'); sys.argv.append('a')", "print(sys.path[0], sys.argv)"),
    ("import builtins, decimal, sys; builtins.mine = 3; decimal.getcontext().prec = 4; sys.setrecursionlimit(4321)",
     "print(mine, decimal.Decimal(1) / 3, sys.getrecursionlimit())"),
    ("import concurrent.futures", "print(concurrent.futures.ThreadPoolExecutor.__name__)"),
    ("def outer():\n    count = 0\n    def inner():\n        nonlocal count\n        count += 1\n        return count\n"
     "    return inner\nf = outer(); f()", "print(f())"),
    ("class A:\n    def __init__(self): self.me = self\n    def name(self): return type(self) is A\na = A()",
     "print(a.name(), a.me is a, isinstance(a, A))"),
    ("from dataclasses import dataclass\nfrom enum import Enum\n@dataclass\nclass D:\n    x: int\nd = D(3)\n"
     "class E(Enum):\n    A = 1\ne = E.A", "print(d, d == D(3), e is E.A)"),
    ("x = 5; del x; y = 1", "print('x' in dir(), y)"),
    ("from IPython.display import display\ndef show(v): display(v); print(v)", "show({'a': 1})"),
    ("def broken():\n    return 1 / 0", "broken()"),
]  # fmt: skip


@pytest.mark.parametrize(("above", "below"), SAME, ids=[below for _, below in SAME])
def test_it_is_the_state_that_a_replay_makes(
    keeping_it: Callable[..., Bench], opened: Callable[..., Bench], above: str, below: str
) -> None:
    replayed = opened(snapshots=None)
    replayed.run(above)
    replayed.run(below)
    later = keeping_it(above)
    later.run(below)
    assert not later.of(Replaying)
    assert said(later) == said(replayed)


def said(bench: Bench) -> list[object]:
    """All that a cell told, but for how its prints were cut, and what it took."""
    others = [event for event in bench.events if not isinstance(event, (Stream, Finished))]
    return [bench.stdout, bench.stderr, *others, bench.finished.status, bench.finished.names]


UNSAVED = [
    ("import sqlite3; bad = sqlite3.connect(':memory:')", "cannot pickle 'sqlite3.Connection' object"),
    ("bad = (n for n in range(3))", "cannot pickle 'generator' object"),
    ("bad = open(__import__('os').devnull)", "an open file"),
    ("import numpy as np; a = np.arange(9); bad = a[::2]", "it shares its memory with another name's"),
    ("class Odd:\n    def __reduce__(self): raise RuntimeError('not me')\nbad = [Odd()]", "not me"),
]


@pytest.mark.parametrize(("above", "why"), UNSAVED, ids=[above for above, _ in UNSAVED])
def test_what_cannot_be_saved_is_named_and_a_cell_that_needs_it_has_it_from_a_replay(
    keeping_it: Callable[..., Bench], shelf: Shelf, above: str, why: str
) -> None:
    later = keeping_it(above + "\ngood = 5\ndef uses(): return bad")
    (state,) = shelf.states.values()
    assert state.lacks["bad"] == why
    assert "good" in state.names
    later.run("for _ in range(2): print(good)")
    assert (later.stdout, later.of(Replaying)) == ("5\n5\n", [])
    later.run("print(type(uses()).__name__ == type(bad).__name__)")
    assert later.stdout == "True\n"
    assert len(later.of(Replaying)) == 2
    assert "it lacks" not in later.session.live.tainted


@pytest.mark.parametrize("below", ["print(_)", "print(Out)", "%who", "print(globals()['bad'])", "!echo $bad"])
def test_a_cell_that_could_read_what_is_missing_has_all_run_again(keeping_it: Callable[..., Bench], below: str) -> None:
    later = keeping_it("bad = (n for n in 'ab')\n7")
    later.run(below)
    assert len(later.of(Replaying)) == 1


@pytest.mark.heavy
def test_tables_that_share_what_they_hold_are_kept_and_a_view_of_one_is_not(
    keeping_it: Callable[..., Bench], shelf: Shelf
) -> None:
    pandas = pytest.importorskip("pandas")
    if int(pandas.__version__.partition(".")[0]) < 3:
        pytest.skip("its tables write into each other")
    make = "import pandas as pd; pd.set_option('display.max_rows', 4); df = pd.DataFrame({'a': [0.0, 1.0] * 5})\n"
    later = keeping_it(make + "x = df['a']; r = df.rename(columns={'a': 'z'}); view = df['a'].to_numpy()")
    (state,) = shelf.states.values()
    assert state.lacks == {"view": "it shares its memory with another name's"}
    later.run("r.iloc[0, 0] = 9; print(df.a[0], x[0], r.z[0], str(df).count(chr(10)))")
    assert (later.stdout, later.of(Replaying)) == ("0.0 0.0 9.0 7\n", [])


@pytest.mark.heavy
def test_a_network_and_its_optimiser_are_kept_as_one(keeping_it: Callable[..., Bench], shelf: Shelf) -> None:
    pytest.importorskip("torch")
    make = "import torch; net = torch.nn.Linear(3, 1, bias=False); opt = torch.optim.SGD(net.parameters(), lr=1.0)\n"
    learn = "torch.nn.init.ones_(net.weight); net(torch.ones(2, 3)).sum().backward()\n"
    later = keeping_it(make + learn + "peek = net.weight.data")
    (state,) = shelf.states.values()
    assert state.lacks == {"peek": "it shares its memory with another name's"}
    later.run("opt.step(); print(net.weight.tolist(), opt.param_groups[0]['params'][0] is net.weight)")
    assert (later.stdout, later.of(Replaying)) == ("[[-1.0, -1.0, -1.0]] True\n", [])


def test_a_state_of_other_packages_is_not_used(keeping_it: Callable[..., Bench], shelf: Shelf) -> None:
    later = keeping_it("import numpy; x = 1")
    ((cell, state),) = shelf.states.items()
    assert {"python", "numpy"} <= set(state.made)
    shelf.states[cell] = replace(state, made={**state.made, "numpy": "0.1"})
    later.run("print(x)")
    assert (later.stdout, len(later.of(Replaying))) == ("1\n", 1)
    assert shelf.refused[0].startswith("it was made with numpy 0.1, and here is ")


def test_a_file_that_a_cell_read_and_that_changed_makes_it_run_again(
    keeping_it: Callable[..., Bench], opened: Callable[..., Bench]
) -> None:
    (opened().folder / "in.txt").write_text("one")
    later = keeping_it("x = open('in.txt').read()")
    (later.folder / "in.txt").write_text("two")
    later.run("print(x)")
    assert later.stdout == "two\n"


def test_a_state_that_holds_its_place_is_used_only_there(keeping_it: Callable[..., Bench], shelf: Shelf) -> None:
    later = keeping_it("x = 1")
    ((cell, state),) = shelf.states.items()
    shelf.states[cell] = replace(state, place="/somewhere/else")
    later.run("print(x)")
    assert len(later.of(Replaying)) == 1
    assert shelf.refused == ["it holds paths of /somewhere/else, where it was made"]


REFUSED = [
    ("import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()", {}, "a thread"),
    ("import socket; s = socket.socketpair()", {}, "it holds"),
    ("%load_ext autoreload", {}, "IPython was extended (IPython.extensions.autoreload)"),
    ("x = 1", {"confined": True}, "an agent's cell"),
    ("x=1", {"language": "bash"}, "of cells in bash none is saved"),
]


@pytest.mark.parametrize(("source", "options", "why"), REFUSED, ids=[why for _, _, why in REFUSED])
def test_a_state_that_is_more_than_its_names_is_refused(
    opened: Callable[..., Bench], shelf: Shelf, source: str, options: dict[str, object], why: str
) -> None:
    bench = opened(snapshots=None)
    assert bench.run(source, **options).status == "ok", bench.events
    said = shelf.put(bench)
    assert isinstance(said, str)
    assert said.startswith(why)


def test_what_reached_outside_does_not_run_again_because_a_kept_state_fails(
    keeping_it: Callable[..., Bench], shelf: Shelf
) -> None:
    later = keeping_it("x = 1", once=True)
    assert later.session.missing(later.jobs) == []
    (shelf.folder / later.jobs[0].cell).write_bytes(b"no pickle")
    later.run("print(x)")
    assert later.finished.status == "error"
    assert "the state that was kept cannot be used, and cells above reach outside" in later.finished.cause
    assert [job.source for job in later.session.missing(later.jobs[:1])] == ["x = 1"]


def test_the_deepest_state_is_taken_from_memory_or_from_the_shelf(
    keeping_it: Callable[..., Bench], opened: Callable[..., Bench], shelf: Shelf
) -> None:
    later = keeping_it("x = 1", "x += 1")
    memory = opened(snapshots=Snapshots("always"), shelf=shelf)
    memory.jobs = later.jobs[:1]
    memory.again()
    memory.jobs = list(later.jobs)
    memory.run("print(x)")
    assert (memory.stdout, memory.of(Replaying)) == ("2\n", [])
    memory.jobs.pop()
    memory.run("print(x + 1)")
    assert (memory.stdout, memory.of(Replaying)) == ("3\n", [])


def test_a_snapshot_that_is_gone_is_made_again_from_the_top(opened: Callable[..., Bench]) -> None:
    store = Snapshots("always")
    bench = opened(snapshots=store)
    bench.run("x = [1]")
    bench.run("x.append(2)")
    bench.run("x.append(3)")
    first, second, _ = store.all()
    jobs = list(bench.jobs)
    bench.jobs = jobs[:1]
    bench.run("pass")  # from the first: the live state now stands above the second
    bench.jobs = jobs[:1]
    list(bench.session.go_to(bench.jobs))
    for state in (first, second):
        os.kill(state.images["python"].pid, 9)  # type: ignore[attr-defined]
    bench.jobs = jobs[:2]
    bench.run("print(x)")
    assert bench.stdout == "[1, 2]\n"
