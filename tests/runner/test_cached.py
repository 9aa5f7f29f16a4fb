"""A cell with `cache: true` comes back without running when nothing that it reads differs; else it runs, or is refused.

Every test runs a cell, then again in a kernel that has never seen it, and looks whether the code ran: it counts its
runs in a file outside of all that is watched.
"""

import os
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kernel_bench import Bench

from nozzle.document.events import DisplayData, ExecuteResult, Stream
from nozzle.runner import Limits
from nozzle.runner.shown import write
from nozzle.runner.snapshots import Snapshots
from nozzle.runner.worker.content import Content, of_the_repository


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    return tmp_path / "cells"


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How often the line `RAN` was run."""
    file = tmp_path / "ran"
    file.touch()
    monkeypatch.setenv("RAN", str(file))
    return lambda: file.stat().st_size


@pytest.fixture
def fresh(opened: Callable[..., Bench], cells: Path) -> Callable[..., Bench]:
    """Cells, one below the other, in a kernel of their own; the last may be kept."""

    def run(*sources: str, **options: object) -> Bench:
        bench = opened(cells=cells, **({"limits": options.pop("limits")} if "limits" in options else {}))
        *above, last = sources
        for source in above:
            bench.run(source)
        bench.run(last, **{"cache": True, **options})
        return bench

    return run


RAN = "import os; os.write(run := os.open(os.environ['RAN'], os.O_APPEND | os.O_WRONLY), b'.'); os.close(run)\n"
KEPT = "brought back: nothing that it reads differs"


def test_it_comes_back_with_its_names_and_what_it_showed(fresh: Callable[..., Bench], ran: Callable[[], int]) -> None:
    above = "x = 20; gone = 1"
    source = RAN + "from IPython.display import HTML, display\ny = [2 * x]; z = {'y': y}; del gone\n"
    source += "print('working'); display(HTML('<b>bold</b>')); y"
    first = fresh(above, source)
    assert (first.finished.cached, ran()) == ("", 1)
    again = fresh(above, source)
    assert ran() == 1
    assert again.finished.cached.startswith(KEPT)
    assert again.finished.took == pytest.approx(first.finished.seconds, abs=0.5)
    assert again.finished.took > 0 == first.finished.took
    assert again.stdout == "working\n"
    assert again.of(DisplayData)[0].data == first.of(DisplayData)[0].data
    assert again.of(ExecuteResult)[0].data["text/plain"] == "[40]"
    assert {event.cell for event in again.of(DisplayData)} == {again.jobs[-1].cell}
    assert again.finished.names["y"] == "list of 1: [40]"
    again.run("print(y, z['y'] is y, x, 'gone' in globals(), os.sep)")
    assert again.stdout == "[40] True 20 False /\n"


@pytest.mark.parametrize(
    ("before", "after", "runs"),
    [
        ("x = 1; other = 1", "x = 1; other = 2", 1),
        ("x = 1", "x = 2", 2),
        ("x = [1, {'a': (2, b'3')}]", "x = [1, {'a': (2, b'4')}]", 2),
        ("x = {1: 2, 3: 4}", "x = {3: 4, 1: 2}", 2),
        ("import numpy; x = numpy.arange(6)", "import numpy; x = numpy.arange(6)", 1),
        ("import numpy; x = numpy.arange(6)", "import numpy; x = numpy.arange(6.0)", 2),
        ("import numpy; x = numpy.arange(6)", "import numpy; x = numpy.arange(6).reshape(2, 3)", 2),
        ("k = 1\ndef x(): return k", "k = 1\n\ndef x():  # the same\n    return k", 1),
        ("k = 1\ndef x(): return k", "k = 2\ndef x(): return k", 2),
        ("def x(): return 1", "def x(): return 2", 2),
        ("def x(a=1): return a", "def x(a=2): return a", 2),
        ("def x(a: int): return a", "def x(a: float): return a", 2),
        ("def x(a, b): return a", "def x(a, *, b): return a", 2),
        ("x = [[0] * 3] * 3", "x = [[0] * 3 for _ in range(3)]", 2),
        ("x = []; x.append(x)", "x = []; x.append(x)", 1),
        ("x = [0]\nfor _ in range(40): x = [x, x]\nx = {'a': x}.keys", "x = 1", 2),
        ("import dataclasses\n@dataclasses.dataclass\nclass x:\n    a: int = 1", "x = 1", 2),
        ("import abc\nclass x(abc.ABC):\n    a = 1", "import abc\nclass x(abc.ABC):\n    a = 2", 2),
        ("def x(n): return n and x(n - 1)", "def x(n): return n and x(n - 2)", 2),
        ("def g(): return 1\ndef x(): return g()", "def g(): return 2\ndef x(): return g()", 2),
        ("class X:\n  def f(self): return 1\nx = X()", "class X:\n  def f(self): return 2\nx = X()", 2),
        ("class X: pass\nx = X(); x.a = 1", "class X: pass\nx = X(); x.a = 2", 2),
    ],
)
def test_it_runs_again_exactly_when_what_it_reads_differs(
    fresh: Callable[..., Bench], ran: Callable[[], int], before: str, after: str, runs: int
) -> None:
    pytest.importorskip("numpy")
    source = RAN + "y = repr(x)"
    assert fresh(before, source).finished.cached == ""
    assert fresh(after, source).finished.status == "ok"
    assert ran() == runs


@pytest.mark.parametrize(
    ("before", "after", "source"),
    [
        ("import os; os.environ['A'] = '1'", "import os; os.environ['A'] = '2'", "y = os.environ['A']"),
        ("import os; os.makedirs('a', exist_ok=True); os.chdir('a')", "import os; os.chdir('/')", "y = os.getcwd()"),
        ("import sys; sys.argv = ['a']", "import sys; sys.argv = ['b']", "import sys; y = sys.argv[0]"),
        ("import sys; sys.path.append('/a')", "import sys; sys.path.append('/b')", "import sys; y = sys.path[-1]"),
        ("import sys; sys.setrecursionlimit(900)", "import sys; sys.setrecursionlimit(901)", "y = 1"),
        ("import decimal", "import decimal; decimal.getcontext().prec = 3", "y = decimal.Decimal(1) / 3"),
        ("import numpy", "import numpy; numpy.set_printoptions(precision=2)", "print(numpy.ones(1) / 3)"),
    ],
)
def test_it_runs_again_where_what_is_in_no_name_differs(
    fresh: Callable[..., Bench], ran: Callable[[], int], before: str, after: str, source: str
) -> None:
    for above, runs in ((before, 1), (before, 1), (after, 2), (after, 2), (before, 2)):
        assert fresh(above, RAN + source).finished.status == "ok"
        assert ran() == runs, above


def test_a_variable_that_it_names_and_that_came_from_outside_is_read(
    fresh: Callable[..., Bench], ran: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for value, runs in (("one", 1), ("two", 2), ("one", 2)):
        monkeypatch.setenv("NOZZLE_TEST_OUTSIDE", value)
        assert fresh("1", RAN + "y = os.environ['NOZZLE_TEST_OUTSIDE']").finished.status == "ok"
        assert ran() == runs


def test_what_it_changes_beside_the_names_comes_back_too(fresh: Callable[..., Bench], ran: Callable[[], int]) -> None:
    source = RAN + "os.makedirs('in', exist_ok=True); os.chdir('in'); os.environ['A'] = 'set'; del os.environ['B']\n"
    source += "import decimal; decimal.getcontext().prec = 4"
    above = "import os, decimal; os.environ['B'] = 'there'"
    for bench in (fresh(above, source), fresh(above, source)):
        bench.run("print(os.path.basename(os.getcwd()), os.environ['A'], 'B' in os.environ, decimal.Decimal(1) / 3)")
        assert bench.stdout == "in set False 0.3333\n"
    assert ran() == 1


def test_it_comes_back_in_a_kernel_that_was_woken_and_that_one_stays_what_it_is(
    opened: Callable[..., Bench], cells: Path, ran: Callable[[], int]
) -> None:
    bench = opened(cells=cells, snapshots=Snapshots("always"))
    bench.run("import os; x = 1")
    for runs, note in enumerate(("1", "2"), 1):
        del bench.jobs[1:]
        bench.run(f"mark = os.environ['NOZZLE_KERNEL']; note = {note}")
        assert bench.finished.took == 0
        bench.run(RAN + "os.environ['A'] = 'set'; y = x", cache=True)
        assert (ran(), bench.finished.cached[:12]) == (1, "brought back" if runs == 2 else "")
        bench.run("print(os.environ['NOZZLE_KERNEL'] == mark, os.environ['A'])")
        assert bench.stdout == "True set\n"


@pytest.mark.parametrize(
    ("above", "source", "why"),
    [
        ("1", "import builtins; builtins.made = 3", "it changes Python's built-in names"),
        ("import builtins; builtins.made = 3", "y = made", "what it reads through made cannot be seen"),
        ("41 + 1", "y = _ + 1", "what it reads through _ cannot be seen"),
    ],
)
def test_what_could_come_from_anywhere_is_refused(
    fresh: Callable[..., Bench], ran: Callable[[], int], above: str, source: str, why: str
) -> None:
    for runs in (1, 2):
        finished = fresh(above, RAN + source).finished
        assert (finished.status, finished.cached) == ("ok", f"what it makes is not kept: {why}")
        assert ran() == runs


def test_a_file_that_it_read_or_wrote_and_that_is_another_makes_it_run(
    fresh: Callable[..., Bench], ran: Callable[[], int]
) -> None:
    source = RAN + "text = open('in.txt').read(); print(text, file=open('out.txt', 'w'))"
    folder = fresh("import os; open('in.txt', 'w').write('one')", source).folder
    same = fresh("1", source)
    assert (ran(), same.finished.cached.startswith(KEPT)) == (1, True)
    assert [Path(path).name for path in same.finished.reads] == ["in.txt"]
    assert [Path(path).name for path in same.finished.writes] == ["out.txt"]
    (folder / "out.txt").write_text("changed\n")
    fresh("1", source)
    assert (ran(), (folder / "out.txt").read_text()) == (2, "one\n")
    (folder / "in.txt").write_text("two")
    assert fresh("1", source).finished.cached == ""
    assert ran() == 3


def test_a_file_that_it_wrote_comes_back_with_it(fresh: Callable[..., Bench], ran: Callable[[], int]) -> None:
    source = RAN + "os.makedirs('made', exist_ok=True)\nprint('of', x, file=open('made/out.txt', 'w'))"
    out = fresh("x = 1", source).folder / "made" / "out.txt"
    fresh("x = 2", source)
    assert (ran(), out.read_text()) == (2, "of 2\n")
    back = fresh("x = 1", source)
    assert (ran(), out.read_text()) == (2, "of 1\n")
    assert [Path(path).name for path in back.finished.writes if path.endswith("t")] == ["out.txt"]
    out.unlink()
    out.parent.rmdir()
    assert fresh("x = 2", source).finished.cached.startswith(KEPT)
    assert (ran(), out.read_text()) == (2, "of 2\n")


@pytest.mark.parametrize(
    "source",
    [
        "print(1, file=open('log', 'a'))",
        "open('log').read(); print(1, file=open('log', 'w'))",
        "os.symlink('.', 'here') if not os.path.lexists('here') else 0; open('here/log').read()"
        "; print(1, file=open('log', 'w'))",
        "f = open('log', 'r+'); f.write('1'); f.close(); del f",
    ],
)
def test_what_it_wrote_upon_what_was_there_does_not_come_back(
    source: str, fresh: Callable[..., Bench], ran: Callable[[], int]
) -> None:
    above = "import os; print('first', file=open('log', 'w'))"
    fresh(above, RAN + source)
    fresh(above, RAN + source)
    assert ran() == 2


def test_a_module_of_the_repository_that_is_another_makes_it_run(
    fresh: Callable[..., Bench], ran: Callable[[], int], tmp_path: Path
) -> None:
    module = tmp_path / "root" / "journal" / "ours.py"
    module.parent.mkdir(parents=True)
    module.write_text("def f(): return 1\n")
    fresh("import ours", RAN + "y = ours.f()")
    fresh("import ours", RAN + "y = ours.f()")
    assert ran() == 1
    module.write_text("def f(): return 2\n")
    bench = fresh("import ours", RAN + "y = ours.f()")
    assert (ran(), bench.finished.names["y"]) == (2, "int 2")


@pytest.mark.parametrize(
    ("above", "source"),
    [
        ("from lib import f", "y = f()"),
        ("from lib import A", "y = A().f()"),
        ("from lib import A; a = A()", "y = a.f()"),
        ("from lib import f\ndef g(): return f()", "y = g()"),
        ("x = 1", "import lib; y = lib.f()"),
        ("from uses import g", "y = g()"),
    ],
)
def test_a_library_that_is_another_makes_it_run(
    above: str, source: str, fresh: Callable[..., Bench], ran: Callable[[], int], tmp_path: Path
) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "uses.py").write_text("import lib\ndef g(): return lib.f()\n")
    found = f"import sys; sys.path.append({str(folder)!r})\n"
    for number, runs in ((1, 1), (1, 1), (22, 2), (1, 2)):
        lib = f"def f(): return {number}\nclass A:\n    def f(self): return {number}\n"
        (folder / "lib.py").write_text(lib)
        bench = fresh(found + above, RAN + source)
        assert (ran(), bench.finished.names["y"]) == (runs, f"int {number}")


def test_an_installed_library_is_told_by_its_version(
    fresh: Callable[..., Bench], ran: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "import importlib.metadata as m, os; of = m.version\n"
    told += "m.version = lambda name: os.environ['OF'] if name == 'pygments' else of(name)"
    for version, runs in (("1", 1), ("1", 1), ("2", 2), ("1", 2)):
        monkeypatch.setenv("OF", version)
        assert fresh(told + "\nfrom pygments import lex", RAN + "y = callable(lex)").finished.status == "ok"
        assert ran() == runs


def test_a_library_that_was_changed_since_it_was_loaded_is_a_reason(
    opened: Callable[..., Bench], cells: Path, tmp_path: Path
) -> None:
    lib = tmp_path / "lib.py"
    lib.write_text("def f(): return 1\n")
    bench = opened(cells=cells)
    bench.run(f"import sys; sys.path.append({str(tmp_path)!r})\nfrom lib import f")
    lib.write_text("def f(): return 22\n")
    why = "what it makes is not kept: the file of lib is another since it was loaded"
    assert bench.run("y = f()", cache=True).cached == why


@pytest.mark.parametrize(
    "source",
    [
        "import pathlib; y = sorted(path.name for path in pathlib.Path('data').glob('*.csv'))",
        "y = os.listdir('data')",
        "y = [name for _, _, names in os.walk('.') for name in names if name == 'b.csv']",
        "try: y = open('data/b.csv').read()\nexcept FileNotFoundError: y = 'none'",
    ],
)
def test_a_file_that_was_not_there_makes_it_run(
    source: str, fresh: Callable[..., Bench], ran: Callable[[], int], tmp_path: Path
) -> None:
    data = tmp_path / "root" / "journal" / "data"
    data.mkdir(parents=True)
    (data / "a.csv").write_text("1")
    for _ in range(2):
        assert fresh("x = 1", RAN + source).finished.status == "ok"
    assert ran() == 1
    (data / "b.csv").write_text("2")
    fresh("x = 1", RAN + source)
    assert ran() == 2


ASKS = [
    "y = ours.there()",
    "y = ours.asked()",
    "y = ours.Files.asked('data/b.csv', 4)",
    "y = glob.glob('data/b.csv')",
    "y = list(pathlib.Path('data').glob('b.csv'))",
    "y = os.path.exists('data/b.csv')",
    "y = isfile('data/b.csv')",
    "y = os.access('data/b.csv', os.X_OK)",
    "y = pathlib.Path('data/b.csv').is_symlink()",
    "y = os.path.realpath('data/b.csv')",
    "y = shutil.which('b.csv', path='data')",
    "from os import lstat\ntry: y = lstat('data/b.csv')\nexcept OSError: y = None",
    "y = os.path.getmtime('data')",
    "y = os.path.getsize('data/a.csv')",
]


@pytest.mark.parametrize("source", ASKS)
def test_a_file_that_it_asks_about_makes_it_run_when_the_answer_is_another(
    source: str, fresh: Callable[..., Bench], ran: Callable[[], int], tmp_path: Path
) -> None:
    data = tmp_path / "root" / "journal" / "data"
    data.mkdir(parents=True)
    (data / "a.csv").write_text("1")
    (data.parent / "ours.py").write_text(
        "import os\nfrom os import access\ndef there(): return os.path.exists('data/b.csv')\n"
        "def asked(): return access('data/b.csv', 4)\nclass Files: asked = staticmethod(access)\n"
    )
    above = "import glob, os, pathlib, shutil, ours\nfrom os.path import isfile"
    for _ in range(2):
        assert fresh(above, RAN + source).finished.status == "ok"
    assert ran() == 1
    (data / "a.csv").write_text("12")
    (data / "target").write_text("")
    (data / "target").chmod(0o755)
    (data / "b.csv").symlink_to("target")
    fresh(above, RAN + source)
    assert ran() == 2


@pytest.mark.parametrize(
    "source",
    [
        "import importlib.metadata; y = importlib.metadata.version('pip')",
        "import shutil; open('in', 'w').close(); shutil.copy('in', 'out'); y = os.path.exists('out')",
        "os.makedirs('made/in', exist_ok=True); y = os.path.isdir('data')",
        "import tempfile\nwith tempfile.TemporaryDirectory() as folder: open(os.path.join(folder, 'a'), 'w').close()",
    ],
)
def test_what_it_makes_itself_and_what_libraries_ask_for_themselves_bring_it_back(
    source: str, fresh: Callable[..., Bench], ran: Callable[[], int], tmp_path: Path
) -> None:
    entry = tmp_path / "root" / "journal" / "entry.md"
    entry.parent.mkdir(parents=True)
    entry.write_text("as it was")
    for _ in range(2):
        assert fresh("import os", RAN + source).finished.status == "ok"
        entry.with_name("new").write_text("with outputs")
        entry.with_name("new").rename(entry)
    assert ran() == 1


def test_only_that_cell_asks_by_other_functions(fresh: Callable[..., Bench], tmp_path: Path) -> None:
    (tmp_path / "root" / "journal").mkdir(parents=True)
    (tmp_path / "root" / "journal" / "ours.py").write_text("from os import stat\n")
    (tmp_path / "root" / "journal" / "theirs.py").write_text("import os\nclass Files: stat = os.stat\n")
    within = "import os, shutil, ours; f = os.stat; like = f in os.supports_fd; kind = type(f).__name__\n"
    bench = fresh("import os, theirs; before = os.stat", within + "shutil.copystat('.', '.')")
    assert bench.finished.cached == ""
    bench.run("print(kind, like, os.stat is before is f is ours.stat is theirs.Files.stat)")
    assert bench.stdout == "_Asking True True\n"


def test_a_folder_that_it_lists_and_writes_into_is_as_it_saw_it(
    fresh: Callable[..., Bench], ran: Callable[[], int]
) -> None:
    source = RAN + "n = len([name for name in os.listdir() if name.startswith('made')]); open(f'made{n}', 'w').close()"
    for runs in (1, 2, 3):
        fresh("x = 1", source)
        assert ran() == runs


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import ours; ours.P = 1", "import ours; ours.P = 2"),
        ("import ours; ours.f = lambda: 1", "import ours; ours.f = lambda: 2"),
        ("import ours; x = 1", "import ours; x = 2"),
        ("import ours; text = '@x'; x = 1", "import ours; text = '@x'; x = 2"),
    ],
)
def test_a_name_that_a_module_holds_or_looks_up_makes_it_run(
    before: str, after: str, fresh: Callable[..., Bench], ran: Callable[[], int], tmp_path: Path
) -> None:
    module = tmp_path / "root" / "journal" / "ours.py"
    module.parent.mkdir(parents=True)
    module.write_text(
        "import sys\nP = 1\nlock = __import__('threading').Lock()\ndef f(): return P\n"
        "def query(text): return sys._getframe(1).f_globals[text[1:]]\n"
    )
    reads = "ours.query(text)" if "text" in before else "ours.query('@x')" if "x" in before else "ours.f()"
    for _ in range(2):
        fresh(before, RAN + f"y = {reads}")
    assert ran() == 1
    bench = fresh(after, RAN + f"y = {reads}")
    assert (ran(), bench.finished.names["y"]) == (2, "int 2")


OURS = """
import functools
LR = 0
class Conf:
    lr = 0
    class In:
        depth = 0
    def get(self): return self.lr
    @property
    def twice(self): return 2 * self.lr
def rate(at=[0]): return at
def constant():
    import math
    return math.K
@functools.singledispatch
def kind(x): return 0
"""
WRAPPED = "import functools, contextlib, types, math, collections\nB = 1\n"
DIFFERS = [
    ("@functools.lru_cache\ndef f(): return 1", "return 1", "y = callable(f)"),
    ("@functools.lru_cache\ndef f(): return B", "B = 1", "y = callable(f)"),
    ("@functools.lru_cache(maxsize=1)\ndef f(): return B", "maxsize=1", "y = f.cache_parameters()"),
    ("class C:\n  @functools.lru_cache\n  def f(self): return B", "B = 1", "y = callable(C().f)"),
    ("class C:\n  @functools.cached_property\n  def f(self): return B", "B = 1", "y = C().f"),
    ("@functools.singledispatch\ndef f(x): return B", "B = 1", "y = f(1)"),
    ("@functools.singledispatch\ndef f(x): return 0\n@f.register\ndef _(x: int): return 1", "return 1", "y = f(1)"),
    ("def f(x): return 0\nf = functools.singledispatch(f)\nf.k = 1", "k = 1", "y = f.k"),
    ("class C:\n  @functools.singledispatchmethod\n  def f(self, x): return B", "B = 1", "y = C().f(1)"),
    ("@contextlib.contextmanager\ndef f(): yield B", "B = 1", "with f() as y: pass"),
    ("class M(type):\n  v = 1\nclass C(metaclass=M): pass", "v = 1", "y = C.v"),
    ("math.K = 1", "K = 1", "y = math.K"),
    ("math.K = 1", "K = 1", "import math; y = math.K"),
    ("math.K = 1", "K = 1", "from math import K; y = K"),
    ("math.K = 1", "K = 1", "y = getattr(math, 'K')"),
    ("math.K = 1; name = 'K'", "K = 1", "y = getattr(math, name)"),
    ("math.K = 1; names = ['K']", "K = 1", "y = [getattr(math, name) for name in names]"),
    ("math.K = 1", "K = 1", "import importlib; y = importlib.import_module('math').K"),
    ("math.K = 1", "K = 1", "import sys; y = sys.modules['math'].K"),
    ("math.K = 1\ndef f(): return math.K", "K = 1", "y = f()"),
    ("math.K = 1\ndef f(name='K'): return getattr(math, name)", "K = 1", "y = f()"),
    ("math.K = 1\ndef f():\n  import math\n  return math.K", "K = 1", "y = f()"),
    ("math.hypot = lambda *x: B", "B = 1", "y = math.hypot(1)"),
    ("math.hypot = functools.lru_cache(lambda *x: B)", "B = 1", "y = callable(math.hypot)"),
    ("collections.abc.K = 1", "K = 1", "y = collections.abc.K"),
    ("collections.Counter.K = 1", "K = 1", "y = collections.Counter.K"),
    ("collections.Counter.K = 1\nx = collections.Counter('a')", "K = 1", "y = x.K"),
    ("collections.Counter.size = property(lambda x: B)\nx = collections.Counter('a')", "B = 1", "y = x.size"),
    ("collections.Counter.__call__ = lambda x: B\nx = collections.Counter('a')", "B = 1", "y = x()"),
    ("m = types.ModuleType('m'); m.a = 1", "a = 1", "y = m.a"),
    ("m = types.ModuleType('m'); exec('def f(): return 1', vars(m))", "return 1", "y = m.f()"),
    ("m = types.ModuleType('m'); exec('B = 1\\ndef f(): return B', vars(m)); f = m.f", "('B = 1", "y = f()"),
    ("import ours; ours.Conf.lr = 1", "lr = 1", "y = ours.Conf().get()"),
    ("import ours; ours.Conf.lr = 1", "lr = 1", "import ours; y = ours.Conf.lr"),
    ("import ours; ours.Conf.In.depth = 1", "depth = 1", "y = ours.Conf.In.depth"),
    ("import ours; ours.Conf.get = lambda self: B", "B = 1", "y = ours.Conf().get()"),
    ("import ours; math.K = 1", "K = 1", "y = ours.constant()"),
    ("import ours; ours.rate.k = 1", "k = 1", "y = ours.rate.k"),
    ("import ours; ours.rate().append(1)", "(1)", "y = list(ours.rate())"),
    ("import ours\n@ours.kind.register\ndef _(x: int): return 1", "return 1", "y = ours.kind(1)"),
    ("import warnings; warnings.simplefilter('default', append=1 < 2)", "1 < 2", "import warnings; warnings.warn('x')"),
    ("import logging; logging.getLogger('z').setLevel(10)", "(10)", "import logging; y = logging.getLogger('z').level"),
    (
        "import logging; logging.getLogger('z').addHandler(logging.FileHandler('1', delay=True))\nB = 1\n"
        "logging.root.addHandler(logging.StreamHandler())",
        "logging.root.",
        "import logging; y = len(logging.getLogger('z').handlers)",
    ),
    ("import numpy; numpy.seterr(over='ignore')", "ignore", "import numpy; y = numpy.geterr()['over']"),
    ("import numpy as np; np.K = 1", "K = 1", "y = np.K"),
    ("import numpy as np; f = np.vectorize(lambda x: B)", "B = 1", "y = int(f(1))"),
]
OTHER = {"logging.root.": "logging.getLogger('z').", "1 < 2": "1 > 2", "ignore": "warn", "(10)": "(20)"}


@pytest.mark.parametrize(("above", "part", "source"), DIFFERS)
def test_what_stands_in_a_wrapper_a_module_or_a_library_makes_it_run(
    above: str, part: str, source: str, fresh: Callable[..., Bench], ran: Callable[[], int], tmp_path: Path
) -> None:
    if "numpy" in above:
        pytest.importorskip("numpy")
    (tmp_path / "root" / "journal").mkdir(parents=True)
    (tmp_path / "root" / "journal" / "ours.py").write_text(OURS)
    before = WRAPPED + above
    after = before.replace(part, OTHER.get(part) or part.replace("1", "2"))
    assert before != after
    for _ in range(2):
        bench = fresh(before, RAN + source)
        assert bench.finished.status == "ok", bench.events
    assert (ran(), bench.finished.cached[:12]) == (1, "brought back")
    assert fresh(after, RAN + source).finished.status == "ok"
    assert ran() == 2


@pytest.mark.parametrize(
    ("above", "source"),
    [
        ("import numpy as np", "y = np.random.rand() + np.linalg.norm(np.ones(3)) + np.pi"),
        (
            "import random, os, sys; random.seed(1)",
            "y = random.random(); sys.path.insert(0, 'a'); os.environ['A'] = '1'",
        ),
        ("x = {'a', 'b', ('c', frozenset('def'))}", "y = sorted(map(str, x))"),
        ("import sys", "import colorsys; y = colorsys.rgb_to_hsv(1, 1, 1); sys.stdout.write('x')"),
        ("import logging, warnings", "logging.disable(30); warnings.simplefilter('error'); y = 1"),
        ("import collections\nclass A(collections.Counter): pass", "y = sum(A('ab').values())"),
        ("import ours", "y = ours.A.k"),
        ("import lazy", "y = lazy.A"),
    ],
)
def test_what_libraries_hold_by_themselves_brings_it_back(
    above: str, source: str, fresh: Callable[..., Bench], ran: Callable[[], int], tmp_path: Path
) -> None:
    pytest.importorskip("numpy")
    (tmp_path / "root" / "journal").mkdir(parents=True)
    ours = "import abc, enum, threading\nclass A(abc.ABC):\n  k = 1\n  lock = threading.Lock()\n"
    ours += "  @abc.abstractmethod\n  def a(self): pass\n  @abc.abstractmethod\n  def b(self): pass\n"
    (tmp_path / "root" / "journal" / "ours.py").write_text(ours + "class E(enum.Flag):\n  A = 1\n  B = 2\n")
    lazy = "class Lazy:\n  @property\n  def __class__(self): raise RuntimeError\nA, B = 1, Lazy()\n"
    (tmp_path / "root" / "journal" / "lazy.py").write_text(lazy)
    for _ in range(2):
        bench = fresh(above, RAN + source)
    assert (ran(), bench.finished.cached[:12]) == (1, "brought back")


def test_what_it_told_libraries_comes_back(fresh: Callable[..., Bench]) -> None:
    source = "import logging, warnings\nlogging.disable(30); logging.getLogger('a').setLevel(20); "
    source += "warnings.simplefilter('error')"
    for _ in range(2):
        bench = fresh("import logging; logging.getLogger('b').setLevel(10)", source)
        bench.run(
            "import warnings; print(logging.root.manager.disable, *(logging.getLogger(each).level for each in 'ab'))\n"
            "try: warnings.warn('x')\nexcept UserWarning: print('raised')"
        )
        assert bench.stdout == "30 20 10\nraised\n"
    assert bench.session is not None


def test_a_module_of_the_repository_that_it_changes_is_a_reason(fresh: Callable[..., Bench], tmp_path: Path) -> None:
    module = tmp_path / "root" / "journal" / "ours.py"
    module.parent.mkdir(parents=True)
    module.write_text("P = 1\n")
    assert fresh("import ours", "ours.P = 2").finished.cached.endswith("it changes what ours holds")


def test_random_numbers_go_on_as_after_a_run(fresh: Callable[..., Bench], ran: Callable[[], int]) -> None:
    pytest.importorskip("numpy")
    seed = "import random, numpy; random.seed({0}); numpy.random.seed({0})"
    source, below = RAN + "y = random.random(), numpy.random.rand()", "print(y, random.random(), numpy.random.rand())"
    first, again, other = (fresh(seed.format(number), source) for number in (1, 1, 2))
    assert ran() == 2
    said = []
    for bench in (first, again, other):
        bench.run(below)
        said.append(bench.stdout)
    assert said[0] == said[1] != said[2]


@pytest.mark.parametrize(
    ("above", "source"),
    [
        ("import random", "random.seed(0)"),
        ("import random; n = 3", "import os\nrandom.seed(n)"),
        ("x = 1", "import random as r\ns = 2\nr.seed(s)"),
    ],
)
def test_what_it_seeds_first_is_nothing_to_it(
    above: str, source: str, fresh: Callable[..., Bench], ran: Callable[[], int]
) -> None:
    for _ in range(2):
        bench = fresh(above, f"{source}\n{RAN}import random; y = random.random()")
    assert (ran(), bench.finished.cached[:12]) == (1, "brought back")


def test_what_it_seeds_after_it_drew_is_read(fresh: Callable[..., Bench], ran: Callable[[], int]) -> None:
    for _ in range(2):
        fresh("import random", RAN + "y = random.random(); random.seed(0)")
    assert ran() == 2


def test_small_things_of_one_class_are_told_in_one_look() -> None:
    names: dict[str, object] = {"__name__": "__main__"}
    exec("class A:\n  def f(self): return 1\nx = [A() for _ in range(100)] + [{A, (1, A)}]", names)
    looked: list[str] = []

    class Counting(Content):
        def _class(self, value: type) -> Iterator[str]:
            looked.append(value.__name__)
            return super()._class(value)

    Counting(names, {}).told(["x"])
    assert looked == ["A", "A"]  # in the list, and in the set


def test_a_file_that_changes_while_it_runs_is_a_reason(fresh: Callable[..., Bench]) -> None:
    source = "y = open('in.txt').read(); import os; os.utime('in.txt', (1, 1))"
    finished = fresh("open('in.txt', 'w').write('one')", source).finished
    assert finished.cached == "what it makes is not kept: in.txt was changed while it ran"


def test_the_time_limit_counts_the_look_at_what_it_reads(fresh: Callable[..., Bench], cells: Path) -> None:
    above = "import time\nclass A:\n  def __reduce__(self): time.sleep(60)\nx = A()"
    assert fresh(above, "y = x", timeout=0.5).finished.status == "timeout"
    assert list(cells.iterdir()) == []


REFUSED = [
    ("x = [1]", "x.append(2)", "it changes what x holds"),
    ("x = [1]", "x.append(2); x = None", "it changes what x holds"),
    ("x = [[1]]", "y = [x[0]]", "what it makes shares a part with what it read"),
    ("import numpy; x = numpy.arange(6)", "y = x[1:]", "what it makes shares memory with what it read"),
    ("import numpy; x = numpy.arange(6)", "x[0] = 7", "it changes what x holds"),
    ("k = []\ndef x(): k.append(1)", "x()", "it changes what x holds"),
    ("x = 1", "def y(): return x", "it makes y, a function or class of the entry"),
    ("x = 1", "y = eval('x')", "what it reads through eval cannot be seen"),
    ("x = 1", "%time y = x", "it is not plain Python"),
    ("from os import stat as x", "y = x('.').st_size", "what it is told of files through stat cannot be seen"),
    (
        "import os\ndef x(ask=os.access): return ask('in.txt', 4)",
        "y = x()",
        "what it is told of files through access cannot be seen",
    ),
    (
        "import os\ndef x(): return [each.stat().st_size for each in os.scandir()]",
        "y = x()",
        "what it is told of files through os.scandir cannot be seen",
    ),
    ("import math", "math.K = 1", "it changes what math holds"),
    ("import logging", "logging.basicConfig()", "it changes who hears what is logged"),
    (
        "import math\ndef g(): return globals()\nmath.hypot = g",
        "y = len(math.hypot())",
        "what it reads through globals cannot be seen",
    ),
    ("import math; vars(math)[1] = 2", "y = math.pi", "what it reads cannot be told"),
    (
        "import math, threading\ndef g(): return 1\nmath.held = [g, threading.Lock()]",
        "y = math.held[0]()",
        "what held holds cannot be told",
    ),
    ("import math\ndef f(): math.K = 1", "f()", "it changes what math holds"),
    ("x = 1", "import colorsys; colorsys.K = 1", "it changes what colorsys holds"),
    ("import collections", "collections.Counter.K = 1", "it changes what collections.Counter holds"),
    ("import functools\n@functools.lru_cache\ndef f(): return 1\nf()", "y = f()", "what f remembers of its calls"),
    ("import functools\n@functools.lru_cache\ndef f(): return 1", "y = f()", "what f remembers of its calls"),
    ("import functools", "@functools.lru_cache\ndef f(): return 1", "it makes f, a function or class of the entry"),
    ("import __main__; x = 1", "y = __main__.x", "what it reads through __main__ cannot be seen"),
    ("from typing import NewType; x = NewType('x', int)", "y = x(1)", "what x does cannot be seen"),
    ("x = (n for n in [1])", "y = x", "what x holds cannot be told (cannot pickle 'generator' object)"),
    ("x = 1", "import threading; y = threading.Lock()", "what it makes cannot be kept (cannot pickle"),
    ("x = 1", "import subprocess; y = subprocess.check_output('true')", "it started other programs"),
    (
        "x = 1",
        "import socket\ntry: socket.create_connection(('127.0.0.1', 9))\nexcept OSError: pass",
        "it reached outside (network)",
    ),
    ("import signal", "signal.alarm(900)", "a timer that it set has yet to go off"),
    (
        "x = 1",
        "import threading; threading.Thread(target=threading.Event().wait, args=(60,), daemon=True).start()",
        "a thread that it started goes on",
    ),
]


@pytest.mark.parametrize(("above", "source", "why"), REFUSED)
def test_it_is_refused_with_the_reason(fresh: Callable[..., Bench], above: str, source: str, why: str) -> None:
    pytest.importorskip("numpy")
    bench = fresh(above, source)
    assert bench.finished.status == "ok"
    assert bench.finished.cached.startswith(f"what it makes is not kept: {why}")
    assert not fresh(above, source).finished.cached.startswith(KEPT)


def test_a_name_for_what_it_read_comes_back_as_the_same_thing(fresh: Callable[..., Bench]) -> None:
    fresh("x = [1]", "y = x; z = (x, 2)")
    bench = fresh("x = [1]", "y = x; z = (x, 2)")
    assert bench.finished.cached.startswith(KEPT)
    bench.run("print(y is x, z[0] is x)")
    assert bench.stdout == "True True\n"


def test_a_name_that_is_set_to_what_it_was_is_set(fresh: Callable[..., Bench], ran: Callable[[], int]) -> None:
    set_k = "def f():\n  global k\n  k = None\n"
    fresh(f"{set_k}x = None; k = None", RAN + "x = None; f()")
    bench = fresh(f"{set_k}x = 5; k = 5", RAN + "x = None; f()")
    assert ran() == 1
    bench.run("print(x, k)")
    assert bench.stdout == "None None\n"


def test_a_failure_is_not_kept(fresh: Callable[..., Bench], cells: Path) -> None:
    assert fresh("x = 0", "y = 1 / x").finished.status == "error"
    assert list(cells.iterdir()) == []


def test_only_free_python_cells_are_kept(fresh: Callable[..., Bench]) -> None:
    assert fresh("x = 1", "y=1", language="bash").finished.cached.endswith("only a Python cell's can be")
    assert "an agent wrote it" in fresh("x = 1", "y = 1", confined=True).finished.cached


def test_without_a_folder_it_runs(
    opened: Callable[..., Bench], fresh: Callable[..., Bench], ran: Callable[[], int]
) -> None:
    fresh("x = 1", RAN + "y = x")
    bench = opened()
    bench.run("x = 1")
    assert bench.run(RAN + "y = x", cache=True).cached == ""
    assert ran() == 2


def test_it_is_made_anew_when_that_is_asked(fresh: Callable[..., Bench], ran: Callable[[], int]) -> None:
    fresh("x = 1", RAN + "y = x")
    assert fresh("x = 1", RAN + "y = x", renew=True).finished.cached == ""
    assert ran() == 2


def test_a_broken_file_makes_it_run(fresh: Callable[..., Bench], ran: Callable[[], int], cells: Path) -> None:
    fresh("x = 1", RAN + "y = x")
    (made,) = cells.glob("*.made")
    made.write_bytes(made.read_bytes()[:-20])
    assert fresh("x = 1", RAN + "y = x").finished.status == "ok"
    made.with_suffix(".shown").unlink()
    fresh("x = 1", RAN + "y = x")
    assert ran() == 3


def test_what_lost_a_part_of_its_output_is_not_kept(fresh: Callable[..., Bench]) -> None:
    bench = fresh("x = 1", "print('x' * 5000)", limits=Limits(output_bytes=1000))
    assert bench.finished.cached.startswith("what it makes is not kept: ")
    assert not fresh("x = 1", "print('x' * 5000)").finished.cached


@pytest.mark.parametrize("source", ["print('ghp_' + 35 * 'a' + '1')", "y = 'ghp_' + 35 * 'a' + '1'"])
def test_a_secret_is_not_kept(fresh: Callable[..., Bench], cells: Path, source: str) -> None:
    assert "it holds what looks like a secret" in fresh("x = 1", source).finished.cached
    assert list(cells.iterdir()) == []


def test_a_replay_above_takes_it_up_too(fresh: Callable[..., Bench], ran: Callable[[], int]) -> None:
    bench = fresh("x = 1", RAN + "y = x")
    bench.session.close()
    bench.run("print(y)")
    assert (bench.stdout, ran()) == ("1\n", 1)


def test_the_oldest_go_when_there_is_no_room(tmp_path: Path) -> None:
    for number in range(4):
        made = tmp_path / f"{number}.made"
        made.write_bytes(b"x" * 100)
        os.utime(made, (number, number))
        assert write(tmp_path, str(number), [], room=250) == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2.made", "2.shown", "3.made", "3.shown"]


def test_what_was_only_made_to_look_is_not_taken_for_what_it_makes() -> None:
    names: dict[str, object] = {"__name__": "__main__"}
    exec("def g(): return 1\ndef x(): return g()", names)
    content = Content(names, {})
    content.named("x")
    made: list[list[int]] = [[] for _ in range(10_000)]  # where lists of the look were, had they been let go
    assert not [each for each in made if id(each) in content.parts]


def test_what_is_installed_in_a_folder_of_the_repository_is_no_module_of_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, folder in (("ours_here", tmp_path), ("theirs_here", tmp_path / "env" / "site-packages")):
        module = types.ModuleType(name)
        module.__file__ = str(folder / f"{name}.py")
        monkeypatch.setitem(sys.modules, name, module)
    paths = {"purelib": str(tmp_path / "env" / "site-packages"), "platlib": "/none"}
    monkeypatch.setattr("sysconfig.get_paths", lambda: paths)
    assert list(of_the_repository(str(tmp_path))) == ["ours_here"]


@pytest.mark.heavy
def test_what_it_reads_of_torch_says_nothing_in_the_cell(fresh: Callable[..., Bench], ran: Callable[[], int]) -> None:
    pytest.importorskip("torch")
    for _ in range(2):
        bench = fresh("import torch; x = torch.arange(6.0)", RAN + "y = x * 2; print(y.sum().item())")
        assert "".join(event.text for event in bench.of(Stream)) == "30.0\n"
    assert (bench.finished.cached[:12], ran()) == ("brought back", 1)
