"""What survives a fork, and what is seen not to: one row for each thing that a cell may leave behind.

A row is a cell, what the live worker goes on with, and a question. The question is answered three times: in the state
that was kept (woken or, where there is none, replayed), there once more, and by a session that keeps nothing. The
answers are the same; the verdict says which way they came about.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from kernel_bench import Bench

from nozzle.document.events import Replaying
from nozzle.document.outputs import fold
from nozzle.runner import Snapshots

WOKEN, REPLAYED, DOUBT, PASSED = "woken", "replayed", "doubt", "passed"
"""DOUBT: woken, and watched over, for threads of an unknown library are missing in it. PASSED: kept, and passed over
once a file that its cells wrote is no longer as they left it."""


@dataclass(frozen=True)
class Row:
    setup: str
    ask: str
    verdict: str
    on: str = "pass"
    """What the live worker does with the state meanwhile."""
    needs: tuple[str, ...] = ()
    why: str = ""
    """What is said of a state that was not kept."""


LIGHT = {
    "numpy and its BLAS": Row(
        "import numpy as np\na = np.random.default_rng(0).random((600, 600)); s = (a @ a).sum()",
        "(a @ a).sum() == s, np.linalg.svd(a)[1][0] > 0",
        WOKEN, on="a @ a", needs=("numpy",),
    ),
    "numpy's generators": Row(
        "import numpy as np\nnp.random.seed(1); g = np.random.default_rng(2)",
        "np.random.rand(), g.random()",
        WOKEN, on="np.random.rand(), g.random()", needs=("numpy",),
    ),
    "an open figure": Row(
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots(); _ = ax.plot([1, 2]); plt.close()",
        "_ = ax.plot([3, 4]); print(len(ax.lines))",
        WOKEN, on="_ = ax.plot([5])", needs=("matplotlib",),
    ),
    "the standard generator": Row("import random\nrandom.seed(1)", "random.random()", WOKEN, on="random.random()"),
    "uuid4": Row("import uuid\nu = uuid.uuid4()", "uuid.uuid4() != u", WOKEN, on="uuid.uuid4()"),
    "generators and lambdas": Row(
        "def count():\n    i = 0\n    while True:\n        yield i\n        i += 1\ng = count(); next(g); h = lambda: next(g)",
        "h()", WOKEN, on="h(); h()",
    ),
    "folder, environment, path, signals": Row(
        "import os, signal, sys\nos.chdir('/'); os.environ['ZZ'] = '1'; sys.path.append('/zz')\n"
        "signal.signal(signal.SIGUSR1, lambda *_: print('got it')) and None",
        "print(os.getcwd(), os.environ['ZZ'], sys.path[-1]); os.kill(os.getpid(), signal.SIGUSR1)",
        WOKEN, on="os.chdir('/tmp'); os.environ['ZZ'] = '2'; sys.path.pop()",
    ),
    "a patched module and a deleted name": Row(
        "import math\nmath.tau = 3; z = 1", "math.tau, z", WOKEN, on="math.tau = 9; del z"
    ),
    "a database in memory": Row(
        "import sqlite3\nc = sqlite3.connect(':memory:'); c.execute('create table t(a)'); _ = c.execute('insert into t values(1)')",
        "c.execute('insert into t values(2)'); c.execute('select count(*) from t').fetchall()",
        WOKEN, on="_ = c.execute('insert into t values(5)')",
    ),
    "a file being read": Row(
        "_ = open('lines', 'w').write(''.join(f'line {i}\\n' for i in range(5000)))\nf = open('lines'); _ = f.readline()",
        "f.readline(), sum(1 for _ in f)", WOKEN, on="_ = f.read()",
    ),
    "a file with something unwritten": Row(
        "w = open('w.txt', 'w'); _ = w.write('one\\n')",
        "_ = w.write('two again\\n'); w.flush(); open('w.txt').read()",
        PASSED, on="_ = w.write('two\\n'); w.flush()",
    ),
    "a file that a cell below adds to": Row(
        "_ = open('data', 'w').write('1')", "_ = open('data', 'a').write('2'); open('data').read()",
        PASSED, on="_ = open('data', 'a').write('3')",
    ),
    "a file that a cell below writes over with as much": Row(
        "_ = open('data', 'w').write('1')", "_ = open('data', 'r+').write('2'); open('data').read()",
        PASSED, on="_ = open('data', 'r+').write('3')",
    ),
    "a file that a cell below only reads": Row(
        "_ = open('data', 'w').write('1')", "open('data').read()", WOKEN, on="_ = open('data').read()"
    ),
    "a file that a cell below removes": Row(
        "import os\n_ = open('data', 'w').write('1')", "open('data').read()", PASSED, on="os.remove('data')"
    ),
    "a file that a cell below moves": Row(
        "import os\n_ = open('data', 'w').write('1')", "os.rename('data', 'moved'); os.path.exists('moved')",
        PASSED, on="os.rename('data', 'moved')",
    ),
    "a file that was removed and is there again": Row(
        "import os\n_ = open('data', 'w').write('1'); os.remove('data')", "os.path.exists('data')",
        PASSED, on="_ = open('data', 'w').write('1')",
    ),
    "a folder that a cell below removes": Row(
        "import os\nos.makedirs('made', exist_ok=True)", "os.path.isdir('made')", PASSED, on="os.rmdir('made')"
    ),
    "a temporary folder that a cell below cleans up": Row(
        "import os, tempfile\nt = tempfile.TemporaryDirectory(); _ = open(os.path.join(t.name, 'x'), 'w').write('hi')",
        "open(os.path.join(t.name, 'x')).read()", PASSED, on="t.cleanup()",
    ),
    "a file elsewhere": Row(
        "import tempfile\nn = tempfile.gettempdir() + '/nozzle-hazard'; _ = open(n, 'w').write('1')",
        "_ = open(n, 'a').write('2'); open(n).read()", PASSED, on="_ = open(n, 'a').write('3')",
    ),
    "a database on the disk": Row(
        "import sqlite3\nc = sqlite3.connect('x.db'); c.executescript('drop table if exists t; create table t(a)')\n"
        "_ = c.execute('insert into t values(1)'); c.commit()",
        "c.execute('insert into t values(2)'); c.commit(); c.execute('select a from t').fetchall()",
        PASSED, on="_ = c.execute('insert into t values(5)'); c.commit()",
    ),
    "a temporary file that is deleted": Row(
        "import tempfile\nt = tempfile.TemporaryFile(); t.write(b'abc'); _ = t.seek(1)", "t.read()", WOKEN, on="t.read()"
    ),
    "a pipe with both ends here": Row(
        "import os\nr, w = os.pipe()", "os.write(w, b'mine'); os.read(r, 9)", WOKEN, on="os.write(w, b'other')"
    ),
    "await": Row(
        "import asyncio\nasync def f(): await asyncio.sleep(0.01); return 3\nawait f()", "await f()", WOKEN, on="await f()"
    ),
    "a task in the background": Row(
        "import asyncio\nn = 0\nasync def tick():\n    global n\n    while True:\n        n += 1\n        await asyncio.sleep(0.001)\n"
        "t = asyncio.create_task(tick()); await asyncio.sleep(0.01)",
        "b = n; await asyncio.sleep(0.05); n > b, t.done()", WOKEN, on="await asyncio.sleep(0.01)",
    ),
    "a call in asyncio's threads": Row(
        "import asyncio\nawait asyncio.sleep(0)", "await asyncio.to_thread(abs, -1)", WOKEN, on="await asyncio.sleep(0)"
    ),
    "an asyncio subprocess": Row(
        "import asyncio\np = await asyncio.create_subprocess_exec('echo', 'x', stdout=-1); _ = await p.communicate()",
        "p = await asyncio.create_subprocess_exec('echo', 'x', stdout=-1); (await p.communicate())[0]",
        WOKEN, on="await asyncio.sleep(0)",
    ),
    "a pool that is closed": Row(
        "import multiprocessing as mp\nwith mp.get_context('fork').Pool(2) as p: _ = p.map(abs, [-1, -2])\np.join()",
        "with mp.get_context('fork').Pool(2) as p: q = p.map(abs, [-1, -2])\np.join(); print(q)", WOKEN,
    ),
    "a lock between processes": Row(
        "import multiprocessing as mp\nlock = mp.get_context('fork').Lock()",
        "lock.acquire(timeout=5)", WOKEN, on="_ = lock.acquire()",
    ),
    "nozzle's own compiler": Row(
        "import numpy as np\nfrom nozzle import aot\n@aot.compile(wait=True)\ndef f(a): return a * 2 + 1\nf(np.ones(3))",
        "@aot.compile(wait=True)\ndef g(a): return a - 1\nf(np.arange(3.0)), g(np.ones(2))",
        WOKEN, on="f(np.ones(4))", needs=("torch_mlir",),
    ),
    "a thread": Row(
        "import threading, time\nn = [0]\ndef f():\n    while True: n[0] += 1; time.sleep(0.001)\n"
        "th = threading.Thread(target=f, daemon=True); th.start()",
        "b = n[0]; any(time.sleep(0.05) or n[0] > b for _ in range(100)), th.is_alive()", REPLAYED, why="a thread that it started goes on",
    ),
    "an alarm": Row(
        "import signal, time\nw = []; signal.signal(signal.SIGALRM, lambda *_: w.append(1)) and None; _ = signal.alarm(900)",
        "signal.getitimer(signal.ITIMER_REAL)[0] > 0", REPLAYED, on="_ = signal.alarm(0)", why="a timer that it set",
    ),
    "a timer of the processor's time": Row(
        "import signal\n_ = signal.setitimer(signal.ITIMER_PROF, 900)",
        "signal.getitimer(signal.ITIMER_PROF)[0] > 0", REPLAYED, on="_ = signal.setitimer(signal.ITIMER_PROF, 0)",
        why="a timer that it set",
    ),
    "a timer that went off": Row(
        "import signal\nw = []; signal.signal(signal.SIGALRM, lambda *_: w.append(1)) and None\n"
        "_ = signal.setitimer(signal.ITIMER_REAL, 0.01)\nwhile not w: pass",
        "len(w)", WOKEN, on="w.clear()",
    ),
    "a lock that a thread holds": Row(
        "import threading, time\nL = threading.Lock()\ndef f():\n    with L: time.sleep(0.3)\n"
        "th = threading.Thread(target=f, daemon=True); th.start(); time.sleep(0.05)",
        "L.acquire(timeout=5)", REPLAYED, why="a thread",
    ),
    "a pool of threads": Row(
        "from concurrent.futures import ThreadPoolExecutor\np = ThreadPoolExecutor(2); _ = list(p.map(abs, [-1]))",
        "list(p.map(abs, [-1, -2]))", REPLAYED, why="a thread",
    ),
    "a pool of processes": Row(
        "import multiprocessing as mp\np = mp.get_context('fork').Pool(2); _ = p.map(abs, [-1])",
        "p.map(abs, [-1, -2])", REPLAYED, why="a thread",
    ),
    "a web server": Row(
        "import http.server, threading, urllib.request\n"
        "sv = http.server.ThreadingHTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)\n"
        "sv.RequestHandlerClass.log_message = lambda *_: None\n"
        "threading.Thread(target=sv.serve_forever, daemon=True).start()",
        "urllib.request.urlopen(f'http://127.0.0.1:{sv.server_port}', timeout=3).status", REPLAYED, why="a thread",
    ),
    "a program that runs": Row(
        "import subprocess\np = subprocess.Popen(['sleep', '60'])",
        "print(p.poll()); p.kill(); p.wait()", REPLAYED, on="p.kill(); _ = p.wait()", why="a program",
    ),
    "a connection": Row(
        "import socket\ns = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); k = socket.create_connection(s.getsockname())\n"
        "p, _ = s.accept(); k.sendall(b'hello')",
        "k.sendall(b'again'); p.settimeout(2); p.recv(5)", REPLAYED, on="_ = p.recv(100)", why="an open socket",
    ),
    "a pipe with something in it": Row(
        "import os\nr, w = os.pipe(); _ = os.write(w, b'hello')", "os.read(r, 9)", WOKEN, on="_ = os.read(r, 9)"
    ),
    "a pipe to elsewhere": Row(
        "import os, subprocess, sys\nr, w = os.pipe(); q, o = os.pipe()\n"
        "if os.fork() == 0:\n    os.close(w); os.setsid()\n    if os.fork() == 0: os.read(r, 1); os._exit(0)\n    os._exit(0)\n"
        "_ = os.wait(); os.close(r)",
        "os.write(w, b'x')", REPLAYED, why="a pipe",
    ),
    "a value between processes": Row(
        "import multiprocessing as mp\nv = mp.get_context('fork').Value('i', 1)",
        "v.value", REPLAYED, on="v.value = 99", why="it shares memory",
    ),
    "shared memory": Row(
        "import mmap\nm = mmap.mmap(-1, 80); _ = m.write(b'a')", "m[:1]", REPLAYED, on="m[:1] = b'b'", why="it shares memory",
    ),
    "a file as memory": Row(
        "import numpy as np\nm = np.memmap('mm.dat', mode='w+', shape=10, dtype=float); m[:] = 1",
        "float(m.sum())", REPLAYED, on="m[:] = 5", needs=("numpy",), why="it shares memory",
    ),
}  # fmt: skip
NUMBA = (
    "import numba, numpy as np\n{how}\n@numba.njit(parallel=True)\ndef f(x):\n    s = 0.\n"
    "    for i in numba.prange(x.size): s += x[i]\n    return s\nx = np.ones(10**6); r = f(x)"
)
HEAVY = {
    "torch": Row(
        "import torch\ntorch.manual_seed(0); a = torch.rand(800, 800); s = (a @ a).sum().item()\n"
        "w = torch.rand(300, 300, requires_grad=True); (w @ w).sum().backward(); m = torch.nn.Conv2d(3, 8, 3)\n"
        "_ = m(torch.rand(4, 3, 64, 64)).sum().item()",
        "print((a @ a).sum().item() == s); (w @ w).sum().backward(); m(torch.rand(4, 3, 64, 64)).shape, torch.rand(1).item()",
        WOKEN, on="_ = a @ a; torch.rand(1)", needs=("torch",),
    ),
    "torch's loaders": Row(
        "import torch\nfrom torch.utils.data import DataLoader, TensorDataset\nd = TensorDataset(torch.arange(100.))\n"
        "t = sum(b[0].sum().item() for b in DataLoader(d, 10, num_workers=2))",
        "sum(b[0].sum().item() for b in DataLoader(d, 10, num_workers=2)) == t", WOKEN, needs=("torch",),
    ),
    "scikit-learn": Row(
        "import numpy as np\nfrom sklearn.cluster import KMeans\nfrom sklearn.ensemble import HistGradientBoostingClassifier as G\n"
        "X = np.random.RandomState(0).rand(20000, 8); y = (X[:, 0] > .5).astype(int)\n"
        "k = KMeans(8, random_state=0, n_init=1).fit(X).inertia_; _ = G(max_iter=10).fit(X, y)",
        "abs(KMeans(8, random_state=0, n_init=1).fit(X).inertia_ - k) < 1e-6, G(max_iter=10).fit(X, y).score(X, y) > .9",
        WOKEN, on="_ = KMeans(8, random_state=0, n_init=1).fit(X)", needs=("sklearn",),
    ),
    "joblib's workers": Row(
        "import numpy as np\nfrom sklearn.ensemble import RandomForestClassifier as R\nfrom sklearn.model_selection import cross_val_score as c\n"
        "X = np.random.RandomState(0).rand(500, 4); y = (X[:, 0] > .5).astype(int); s = c(R(5, random_state=0), X, y, n_jobs=2).mean()",
        "c(R(5, random_state=0), X, y, n_jobs=2).mean() == s", REPLAYED, needs=("sklearn",),
    ),
    "numba in parallel": Row(NUMBA.format(how=""), "f(x) == r", WOKEN, on="_ = f(x)", needs=("numba",)),
    "numba with OpenMP": Row(
        NUMBA.format(how="numba.config.THREADING_LAYER = 'omp'"), "f(x) == r", WOKEN, on="_ = f(x)", needs=("numba",)
    ),
    "numba's own threads": Row(
        NUMBA.format(how="numba.config.THREADING_LAYER = 'workqueue'"), "f(x) == r", DOUBT, on="_ = f(x)", needs=("numba",)
    ),
    "numba's compiled code": Row(
        "import numba\n@numba.njit\ndef f(n):\n    s = 0\n    for i in range(n): s += i\n    return s\nr = f(10)",
        "f(10) == r, f(2.5)", WOKEN, on="_ = f(11)", needs=("numba",),
    ),
    "scipy": Row(
        "import scipy.linalg as sl, numpy as np\na = np.random.default_rng(0).random((400, 400)); e = sl.eigvals(a)",
        "np.allclose(sl.eigvals(a), e)", WOKEN, on="_ = sl.eigvals(a)", needs=("scipy",),
    ),
    "scipy's transforms in threads": Row(
        "import scipy.fft as ff, numpy as np\na = np.random.default_rng(0).random((400, 400)); f = ff.fft2(a, workers=2).sum()",
        "bool(np.allclose(ff.fft2(a, workers=2).sum(), f))", DOUBT, on="_ = ff.fft2(a, workers=2)", needs=("scipy",),
    ),
    "pandas": Row(
        "import pandas as pd, numpy as np\ndf = pd.DataFrame({'g': np.arange(10**5) % 7, 'v': 1.0}); s = df.groupby('g').v.sum().sum()",
        "bool(df.groupby('g').v.sum().sum() == s)", WOKEN, on="df['v'] = 2.0", needs=("pandas",),
    ),
    "pyarrow": Row(
        "import pyarrow as pa, pyarrow.compute as pc\nt = pa.table({'a': list(range(10**5))}); s = pc.sum(t['a']).as_py()\n"
        "n = t.group_by('a').aggregate([('a', 'sum')]).num_rows",
        "pc.sum(t['a']).as_py() == s, t.group_by('a').aggregate([('a', 'sum')]).num_rows == n", DOUBT, needs=("pyarrow",),
    ),
    "duckdb": Row(
        "import duckdb\nc = duckdb.connect(); c.execute('create table t as select range a from range(100000)')\n"
        "_ = c.execute('select sum(a) from t').fetchall()",
        "c.execute('select sum(a) from t').fetchall()", DOUBT, on="_ = c.execute('insert into t values(5)')", needs=("duckdb",),
    ),
    "jax": Row(
        "import jax, jax.numpy as jnp\na = jnp.ones((500, 500)); g = jax.jit(lambda x: (x @ x).sum()); s = float(g(a))",
        "float(g(a)) == s, float(jax.jit(lambda x: (x * 2).sum())(a))", REPLAYED, needs=("jax",), why="a library's threads",
    ),
    "polars": Row(
        "import polars as pl\nd = pl.DataFrame({'a': list(range(10**5))})\n"
        "s = d.lazy().group_by((pl.col('a') % 7).alias('k')).agg(pl.col('a').sum()).collect().height",
        "d.lazy().group_by((pl.col('a') % 7).alias('k')).agg(pl.col('a').sum()).collect().height == s",
        REPLAYED, needs=("polars",), why="it holds what cannot be copied",
    ),
    "dask": Row(
        "from dask.distributed import Client, LocalCluster\n"
        "c = Client(LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None))",
        "c.submit(abs, -1).result()", REPLAYED, needs=("distributed",), why="a thread",
    ),
    "tqdm": Row(
        "from tqdm import tqdm\nimport sys, io\nfor i in tqdm(range(3), file=io.StringIO()): pass",
        "for i in tqdm(range(3), file=io.StringIO()): pass\nprint(i)",
        WOKEN, on="_ = tqdm.get_lock().acquire()", needs=("tqdm",),
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", [pytest.param(row, id=name) for name, row in LIGHT.items()])
def test_a_state_answers_as_a_replay_does(row: Row, opened: Callable[..., Bench]) -> None:
    answer_three_times(row, opened)


@pytest.mark.heavy
@pytest.mark.timeout(300)
@pytest.mark.parametrize("row", [pytest.param(row, id=name) for name, row in HEAVY.items()])
def test_a_state_of_a_large_library_does_too(row: Row, opened: Callable[..., Bench]) -> None:
    answer_three_times(row, opened)


def answer_three_times(row: Row, opened: Callable[..., Bench]) -> None:
    if missing := [name for name in row.needs if importlib.util.find_spec(name) is None]:
        pytest.skip(f"{missing[0]} is not installed")
    store = Snapshots("always")
    bench, plain = opened(snapshots=store), opened(snapshots=None)
    bench.run("kept = 1")
    assert bench.run(row.setup).status == "ok", bench.events
    assert verdict(bench, store) == (WOKEN if row.verdict == PASSED else row.verdict), bench.session.live.tainted
    assert row.why in bench.session.live.tainted, bench.session.live.tainted
    for number in (1, 2):
        bench.run(f"{row.on}\n# {number}")
        bench.jobs.pop()
        assert bench.run(row.ask).status == "ok", bench.events
        woken = shown(bench)
        assert bool(bench.of(Replaying)) == (row.verdict in (REPLAYED, PASSED))
        bench.jobs.pop()
        bench.run("kept")
        bench.jobs.pop()
        plain.run(row.setup)
        plain.run(row.ask)
        assert woken == shown(plain)
        plain.session.close()
        plain.jobs.clear()


def verdict(bench: Bench, store: Snapshots) -> str:
    found = [snapshot for snapshot in store.all() if snapshot.cell == bench.jobs[-1].cell]
    if not found:
        return REPLAYED
    return DOUBT if found[0].images["python"].harm else WOKEN


def shown(bench: Bench) -> list[object]:
    return list(fold(bench.events))
