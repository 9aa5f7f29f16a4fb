"""Cells that an agent wrote keep to bounds, and so does all below them."""

import os
import subprocess
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kernel_bench import Bench

from nozzle.runner import LEFT, Snapshots, bounds
from nozzle.runner.interpreter import Interpreter
from nozzle.runner.kernel import Python, Tainted
from nozzle.runner.snapshots import Policy
from nozzle.runner.worker import sandbox


@pytest.fixture
def bound(opened: Callable[..., Bench], home: Path) -> Bench:
    """A session whose next cell is an agent's, in a journal with an entry, git's folder and a secret beside it."""
    if not sandbox.landlock_version():
        pytest.skip("this system has no Landlock")
    bench = opened(snapshots=Snapshots("always"))
    root = bench.folder.parent
    for folder in (root / ".git", root / ".nozzle", root / "data", home / ".ssh"):
        folder.mkdir(parents=True, exist_ok=True)
    for file in (root / ".git" / "config", root / "nozzle.toml", root / "data" / "old", home / ".ssh" / "id"):
        file.write_text("before")
    return bench


FORBIDDEN = [
    "open('../.git/config', 'w')",
    "open('../.git/hooks', 'w')",
    "open('../nozzle.toml', 'a')",
    "open('../new', 'w')",
    "import os; os.rename('../nozzle.toml', 'mine')",
    "import os; os.truncate('../.git/config', 0)",
    "import os; os.symlink('/', '../.nozzle/link')",
    "from pathlib import Path; (Path.home() / '.ssh' / 'id').read_text()",
    "from pathlib import Path; (Path.home() / 'outside').write_text('')",
    "import subprocess; subprocess.run('echo x > ../nozzle.toml', shell=True, check=True)",
    "import socket; socket.socket()",
    "import socket; socket.socket(socket.AF_UNIX)",
    "import os; os.kill(os.getppid(), 0)",
    "import ctypes, os\nif ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0) < 0: raise PermissionError",
    "import ctypes\nif ctypes.CDLL(None).syscall(425, 8, 0) < 0: raise PermissionError",
    "import os; os.chmod('../nozzle.toml', 0o666)",
    "import os; os.chmod('../nozzle.toml', 0)",
    "import os; os.fchmod(os.open('../nozzle.toml', os.O_RDONLY), 0o4755)",
    "import os; os.chmod('../nozzle.toml', 0o620, dir_fd=os.open('/', os.O_RDONLY))",
    "from pathlib import Path; (Path.home() / '.ssh').chmod(0o777)",
    "import os; os.chown('../nozzle.toml', os.getuid(), os.getgid())",
    "import os; os.lchown('../nozzle.toml', os.getuid(), os.getgid())",
    "import os; os.setxattr('../nozzle.toml', 'user.x', b'1')",
    "import os; os.removexattr('../nozzle.toml', 'user.x')",
    "import subprocess; subprocess.run(['chmod', 'a+w', '../nozzle.toml'], check=True)",
]


@pytest.mark.parametrize("source", FORBIDDEN)
def test_an_agents_cell_cannot(bound: Bench, source: str) -> None:
    finished = bound.run(source, confined=True)
    assert finished.status == "error"
    assert bound.error.ename in ("PermissionError", "CalledProcessError")
    assert (bound.folder.parent / "nozzle.toml").read_text() == "before"


def test_an_agents_cell_can_work(bound: Bench) -> None:
    bound.run("x = 1; held = open('mine', 'w'); also = open('../nozzle.toml')")
    source = """
import os, shutil, socket, subprocess, tarfile, tempfile
open('made', 'w').write(open('../data/old').read())
open('../data/new', 'w').write('1')
tempfile.TemporaryFile().write(b'x')
a, b = socket.socketpair()
shutil.copy2('made', 'copied'); shutil.copytree('../data', 'tree'); os.chmod('made', 0o755); os.utime('made')
with tarfile.open('x.tar', 'w') as packed:
    packed.add('tree')
with tarfile.open('x.tar') as packed:
    packed.extractall('out')
subprocess.run('chmod +x copied && touch -d 2020-01-01 copied && tar xf x.tar --no-same-owner', shell=True, check=True)
print(x, subprocess.run(['cat', 'made'], capture_output=True, text=True).stdout)
"""
    assert bound.run(source, confined=True).status == "ok", bound.events
    assert bound.stdout == "1 before\n"
    assert bound.session.live.held is not None
    assert bound.session.live.held.label == (
        "confined: writes only in folders of this journal in which no entry could appear (`_out` is one) and in "
        "shared memory, reads only it and libraries in your home, no network"
    )


def test_what_stands_below_an_agents_cell_is_bound_too(bound: Bench) -> None:
    bound.run("x = 1")
    bound.run("x += 1", confined=True)
    assert bound.run("open('../new', 'w')").status == "error"
    assert bound.run("echo hi > ../new", language="bash").status == "error"
    assert bound.run("echo $HOME > made; cat made", language="bash").status == "ok"


def test_above_it_nothing_is(bound: Bench) -> None:
    bound.run("x = 1")
    bound.run("x += 1", confined=True)
    bound.jobs.pop()
    assert bound.run("print(x, file=open('../free', 'w'))").status == "ok"
    assert (bound.folder.parent / "free").read_text() == "1\n"
    assert bound.session.live.held is None


def test_a_woken_state_is_bound_as_it_was(bound: Bench) -> None:
    bound.run("x = 1", confined=True)
    bound.run("x += 1")
    bound.again()
    assert bound.run("open('../new', 'w')").status == "error"
    bound.run("print(x)")
    assert bound.stdout == "2\n"


def test_the_same_cell_of_the_author_is_free(bound: Bench) -> None:
    bound.run("x = 1", confined=True)
    bound.jobs = []
    bound.run("x = 1")
    assert bound.run("open('../free', 'w').close()").status == "ok"


def test_a_shell_is_bound_with_what_it_knows(bound: Bench) -> None:
    bound.run("y=1; cd ../data", language="bash")
    assert bound.run("echo $y > mine; cat mine; pwd", language="bash", confined=True).status == "ok"
    assert bound.stdout.splitlines()[0] == "1"
    assert bound.run("cat ~/.ssh/id", language="bash").status == "error"


def test_a_shell_that_cannot_be_bound_runs_nothing(bound: Bench) -> None:
    bound.run("sleep 1000 &", language="bash")
    finished = bound.run("touch ran", language="bash", confined=True)
    assert finished.cause.startswith(
        "it cannot run in bounds here: a program that it started goes on; let the cell above"
    )
    assert not (bound.folder / "ran").exists()


def test_a_thread_that_a_cell_left_is_named_with_the_way_out_and_ended_no_longer_in_the_way(bound: Bench) -> None:
    start = "import threading\nover = threading.Event()\nother = threading.Thread(target=over.wait)\nother.start()"
    bound.run(start)
    finished = bound.run("open('_out/ran', 'w').close()", confined=True)
    assert "a thread that it started goes on" in finished.cause
    assert "join the thread" in finished.cause
    bound.jobs = bound.jobs[:-1]
    assert bound.run("over.set()\nother.join()").status == "ok"
    assert bound.run("print('in bounds')", confined=True).status == "ok"


NATIVE = """
import ctypes
libc, made = ctypes.CDLL(None), ctypes.c_ulong()
assert libc.pthread_create(ctypes.byref(made), None, libc.pause, None) == 0
"""


def test_a_thread_of_a_library_stays_outside(bound: Bench) -> None:
    bound.run(f"{NATIVE}\nx = 1")
    finished = bound.run("import os; print(x, len(os.listdir('/proc/self/task')))\nopen('../new', 'w')", confined=True)
    assert bound.stdout == "1 1\n"
    assert (finished.status, bound.error.ename) == ("error", "PermissionError")


HELPERS = {
    "a program that it started goes on": "import subprocess as s; p = s.Popen('bash', stdin=s.PIPE, stdout=s.PIPE)",
    "it holds an open socket": "import socket; s = socket.socket()",
    "it holds a file out of bounds open for writing (nozzle.toml)": "f = open('../nozzle.toml', 'a')",
}


@pytest.mark.parametrize("why", HELPERS)
def test_what_would_stay_free_beside_a_bound_cell_keeps_it_from_running(bound: Bench, why: str) -> None:
    bound.run(HELPERS[why])
    finished = bound.run("open('ran', 'w')", confined=True)
    assert finished.cause.startswith(f"it cannot run in bounds here: {why}")
    assert not (bound.folder / "ran").exists()


def test_a_cell_that_waits_for_a_thread_that_is_not_bound_is_told_so(bound: Bench) -> None:
    bound.run(
        "import _thread, queue\ntodo, done = queue.SimpleQueue(), queue.SimpleQueue()\n"
        "def work():\n    while True: done.put(todo.get()())\n"
        "_thread.start_new_thread(work, ())"
    )
    finished = bound.run("todo.put(lambda: open('../new', 'w').close()); done.get()", confined=True)
    assert finished.cause.startswith("it cannot run in bounds here: it waited for a thread")
    assert not (bound.folder.parent / "new").exists()


@pytest.mark.parametrize("policy", ["never", "always"])
def test_in_a_worker_that_refuses_its_bounds_nothing_runs(
    opened: Callable[..., Bench], policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = opened(snapshots=Snapshots(policy))
    monkeypatch.setattr(Python, "confine", lambda *_: Tainted("its kernel is gone"))
    finished = bench.run("open('ran', 'w')", confined=True)
    assert (finished.status, finished.cause) == ("error", "it cannot run in bounds here: its kernel is gone")
    assert not (bench.folder / "ran").exists()


ENVIRONMENTS = {
    "envs/main/lib/module.py": "envs/main/pyvenv.cfg",
    "tools/conda/lib/module.py": "tools/conda/conda-meta/history",
    "tools/built/lib/module.py": "tools/built/bin/python",
    "tools/node_modules/index.js": "tools/package.json",
    "tools/__pycache__/module.pyc": "tools/module.py",
    "tools/nested/.git/config": "tools/nested/README",
    "journal/envs/main/lib/module.py": "journal/envs/main/pyvenv.cfg",
    "lib/module.py": "pyvenv.cfg",
}


@pytest.mark.parametrize("program", ENVIRONMENTS)
def test_what_is_installed_in_the_journal_at_any_depth_is_not_theirs_to_write(bound: Bench, program: str) -> None:
    root = bound.folder.parent
    for path in (root / program, root / ENVIRONMENTS[program], root / "tools" / "mine" / "old"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("before")
    bound.run(f"open('../tools/mine/new', 'w'); open({str(root / program)!r}, 'w')", confined=True)
    assert bound.error.ename == "PermissionError"
    assert (root / program).read_text() == "before"
    assert (root / "tools" / "mine" / "new").exists()


def test_the_interpreter_that_runs_the_cells_is_not_theirs_to_write(tmp_path: Path) -> None:
    root, seen = tmp_path / "root", tmp_path / "seen"
    for name in ("journal", "tools/env", "tools/mine"):
        (root / name).mkdir(parents=True)
    found = bounds(root, root / "journal", at=seen, python=seen / "tools" / "env" / "bin" / "python3")
    inside = [name for name in found.write if name.startswith(str(seen))]
    assert inside == [str(seen / "journal"), str(seen / "tools" / "mine"), str(seen / "journal")]


TOKENS = (
    ".cache/huggingface/token",
    ".cache/huggingface/stored_tokens",
    ".cache/some/token",
    ".local/share/jupyter/runtime/jpserver-1.json",
    ".conda/token",
    ".julia/servers/registry/auth.toml",
)


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_beside_a_library_is_not_read(bound: Bench, home: Path, name: str) -> None:
    model = home / ".cache" / "huggingface" / "hub" / "model"
    for path in (home / name, model):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("content")
    bound.run(f"print(open({str(model)!r}).read()); open({str(home / name)!r})", confined=True)
    assert (bound.stdout, bound.error.ename) == ("content\n", "PermissionError")


def test_a_terminal_is_not_theirs(bound: Bench) -> None:
    ends = os.openpty()
    source = f"import os; os.open({os.ttyname(ends[1])!r}, os.O_RDONLY | os.O_NOCTTY)"
    assert bound.run(source, confined=True).status == "error"
    for end in ends:
        os.close(end)
    assert bound.error.ename == "PermissionError"
    bound.jobs.pop()
    finished = bound.run("cat <(echo a) /dev/null; echo b > /dev/stderr", language="bash", confined=True)
    assert (finished.status, bound.stdout, bound.stderr) == ("ok", "a\n", "b\n")


def test_a_snapshot_that_lies_about_what_it_woke_has_nobody_killed(bound: Bench) -> None:
    with subprocess.Popen(["sleep", "1000"], start_new_session=True) as other:
        lie = f"import sys; sys.modules['_nozzle_worker.freeze']._orphan = lambda: {other.pid}"
        bound.run(lie, confined=True)
        bound.run("x = 1")
        bound.jobs.pop()
        assert bound.run("print(2)").status == "ok"
        assert (bound.stdout, other.poll()) == ("2\n", None)
        other.kill()


@pytest.mark.parametrize("name", [".vscode", ".claude", ".githooks", "journal/.husky"])
def test_what_tells_programs_of_the_author_what_to_run_is_not_theirs_to_write(bound: Bench, name: str) -> None:
    root = bound.folder.parent
    (root / name).mkdir()
    found = bounds(root, bound.folder, [root, bound.folder]).write
    assert str(root / "data") in found
    assert str(root / name) not in found


@pytest.mark.parametrize("language", ["python", "bash"])
def test_memory_that_the_author_shares_with_other_programs_is_not_theirs(
    bound: Bench, language: str, memory: Path
) -> None:
    write = {"python": f"open({str(memory)!r}, 'w')", "bash": f"echo agent > {memory}"}[language]
    bound.run(write, language=language, confined=True)
    assert memory.read_text() == "mine"


def test_without_memory_of_its_own_it_shares_none_while_the_author_does(
    memory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox.hide, "own_memory", lambda folder: False)
    monkeypatch.setattr(sandbox, "confine", lambda write, *_: {"write": write})
    message: dict[str, object] = {"memory": 0, "file": 0, "cpu": 0, "temporary": "", "read": [], "network": False}
    message["write"] = [sandbox.MEMORY, "/journal"]
    assert sandbox.bound(message) == {"write": ["/journal"]}
    monkeypatch.setattr(sandbox, "MEMORY", str(tmp_path))
    message["write"] = [str(tmp_path), "/journal"]
    assert sandbox.bound(message) == {"write": [str(tmp_path), "/journal"]}


def test_memory_that_an_agents_cell_shares_is_shared_by_what_it_starts(bound: Bench) -> None:
    source = """
from multiprocessing import get_context, shared_memory
context = get_context("fork")
there, lock = shared_memory.SharedMemory(create=True, size=8), context.Lock()
def put():
    with lock:
        there.buf[0] = 7
each = context.Process(target=put)
each.start(); each.join()
print(there.buf[0])
there.close(); there.unlink()
"""
    assert bound.run(source, confined=True).status == "ok", bound.events
    assert bound.stdout == "7\n"


@pytest.fixture
def memory() -> Iterator[Path]:
    path = Path(sandbox.MEMORY) / f"nozzle-test-{os.getpid()}"
    path.write_text("mine")
    yield path
    path.unlink()


@pytest.mark.parametrize("kind", ["clone", "submodule"])
def test_a_repository_within_the_journal_is_not_theirs_to_write(bound: Bench, kind: str) -> None:
    inner = bound.folder.parent / "data" / "inner"
    inner.mkdir()
    if kind == "clone":
        (inner / ".git").mkdir()
    else:
        (inner / ".git").write_text("gitdir: ../../.git/modules/inner")
    found = bounds(bound.folder.parent, bound.folder, [bound.folder]).write
    assert str(bound.folder.parent / "data" / "old") in found
    assert not [path for path in found if inner.is_relative_to(path) or Path(path).is_relative_to(inner)]


def test_no_other_process_is_read(bound: Bench) -> None:
    if os.getuid() == 0:
        pytest.skip("as root, /proc is open to every process")
    finished = bound.run(f"open('/proc/{os.getpid()}/environ', 'rb').read()", confined=True)
    assert finished.status == "error"


def test_what_the_author_made_importable_can_be_imported(bound: Bench, tmp_path: Path) -> None:
    for name in ("beside", "in_place"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.py").write_text("x = 1")
    bound.run(f"import sys; sys.path.append({str(tmp_path / 'beside')!r})")
    bound.run(
        "import types\nmade = types.ModuleType('__editable___in_place_finder')\nsys.modules[made.__name__] = made\n"
        f"made.MAPPING = {{'in_place': {str(tmp_path / 'in_place' / 'in_place.py')!r}}}\n"
        "Finder = type('Finder', (), {'find_spec': lambda *_: None, '__module__': made.__name__})\n"
        "sys.meta_path.append(Finder)"
    )
    assert bound.run("import beside", confined=True).status == "ok"
    assert bound.run(f"open({str(tmp_path / 'in_place' / 'in_place.py')!r})", confined=True).status == "ok"


def test_a_path_that_the_home_lies_in_opens_no_home(bound: Bench, home: Path) -> None:
    bound.run(f"import sys; sys.path += ['/', {str(home)!r}, {str(home.parent)!r}]")
    assert (
        bound.run("from pathlib import Path; (Path.home() / '.ssh' / 'id').read_text()", confined=True).status
        == "error"
    )
    assert bound.error.ename == "PermissionError"


def test_the_environment_of_another_python_can_be_read(opened: Callable[..., Bench], tmp_path: Path) -> None:
    if not sandbox.landlock_version():
        pytest.skip("this system has no Landlock")
    venv.create(tmp_path / "other", with_pip=False)
    (site,) = (tmp_path / "other").glob("lib/python*/site-packages")
    (site / "installed.py").write_text("x = 1")
    other = Interpreter(tmp_path / "other" / "bin" / "python", "VIRTUAL_ENV", lends=True)
    assert opened(interpreter=other).run("import installed", confined=True).status == "ok"


def test_an_agents_cell_keeps_to_limits(opened: Callable[..., Bench]) -> None:
    root = opened().folder.parent
    most = (4 << 30, 1_000_000, 1)
    bench = opened(bounds=lambda: bounds(root, root / "journal", most=most))
    bench.run("sum(range(1000))")
    bench.run("a = bytearray(8 << 30)", confined=True)
    assert bench.error.ename == "MemoryError"
    bench.jobs.pop()
    bench.run("open('big', 'wb').write(bytes(2_000_000))", confined=True)
    assert bench.error.evalue.endswith("File too large")
    bench.jobs.pop()
    finished = bench.run("while True: pass", confined=True)
    assert (finished.status, finished.cause[:9]) == ("died", "signal 9 ")


def test_a_limit_above_the_systems_own_is_that(opened: Callable[..., Bench]) -> None:
    root = opened().folder.parent
    bench = opened(bounds=lambda: bounds(root, root / "journal", most=(0, 2 * 10**9, 0)))
    bench.run("import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (10**9, 10**9))")
    bench.run("print(resource.getrlimit(resource.RLIMIT_FSIZE))", confined=True)
    assert bench.stdout == "(1000000000, 1000000000)\n"


ACTS = [
    "import os; os.system('touch made')",
    "import os; os.remove('old')",
    "open('old', 'w')",
    "import os; os.open('old', os.O_RDWR)",
    "from pathlib import Path; Path('made').touch()",
    "from pathlib import Path; Path('old').rename('/tmp/elsewhere')",
    "import os; os.link('old', 'made')",
    "import os; os.symlink('old', 'made')",
    "import os; os.mkdir('made')",
    "import subprocess; subprocess.run(['touch', 'made'])",
    "run /nowhere/made.py",
    "reset -f",
    "x[\n...: 0]",
    "import sqlite3; sqlite3.connect('made')",
    "import sqlite3; sqlite3.connect('file:made', uri=True)",
    "import sqlite3; sqlite3.connect('file:made?mode=rwc', uri=True)",
    "import sqlite3; sqlite3.connect('file:made?mode=ro#&mode=rwc')",
    "import sqlite3; sqlite3.connect('file:made?mode=ro&mode=rwc', uri=True)",
    "import sqlite3; sqlite3.connect('file:made?mode=ro&cache=x&%6dode=rwc', uri=True)",
    "import ctypes; ctypes.CDLL(None).truncate(b'old', 0)",
    "import gc; [setattr(o, '_on', False) for o in gc.get_objects() if hasattr(o, '_on')]; open('old', 'w')",
    "import os; os.fork()",
    "import threading; threading.Thread(target=lambda: open('made', 'w')).start()",
    "import socket; socket.create_connection(('127.0.0.1', 9))",
    "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "import shutil; shutil.copy('old', 'made')",
    "write('made', 'x')",
    "type('X', (), {'mean': __import__('os').remove}).mean('old')",
]


@pytest.mark.parametrize("source", ACTS)
def test_a_cell_that_runs_because_it_only_looks_does_no_more(opened: Callable[..., Bench], source: str) -> None:
    bench = opened()
    (bench.folder / "old").write_text("before")
    bench.run("x = 1")
    bench.run(source, looks=True)
    assert (bench.finished.status, bench.error.ename) == ("error", "PermissionError")
    assert "it seemed only to look" in bench.error.evalue
    assert [each.name for each in bench.folder.iterdir()] == ["old"]
    assert (bench.folder / "old").read_text() == "before"


def test_a_cell_that_looks_can_look_and_the_next_can_act(opened: Callable[..., Bench]) -> None:
    bench = opened()
    (bench.folder / "old").write_text("before")
    bench.run("import sqlite3\nwith sqlite3.connect('db') as db:\n    db.execute('create table t(a)')")
    look = """
import os, sqlite3, tempfile
import numpy, decimal
with tempfile.NamedTemporaryFile() as file:
    file.write(b"x")
one = sqlite3.connect(":memory:").execute("select 1").fetchall()
sqlite3.connect("file:db?mode=ro&cache=private", uri=True).execute("select * from t")
print(open("old").read(), sh("cat old"), read("old"), sorted(os.listdir())[::-1], one)
print("x", file=open(os.devnull, "w"))
"""
    assert bench.run(look, looks=True).status == "ok", bench.error.evalue
    assert bench.stdout == "before before before ['old', 'db'] [(1,)]\n"
    assert bench.run("open('made', 'w'); import os; os.system('true')").status == "ok"


GOES_ON = [
    ("python", "import threading, time\nthreading.Thread(target=time.sleep, args=[60], daemon=True).start()"),
    ("python", "import _thread, time\n_thread.start_new_thread(time.sleep, (60,))"),
    ("python", "import threading\nthreading.Timer(60, print).start()"),
    ("python", "import signal\nsignal.signal(signal.SIGALRM, print)\nsignal.alarm(60)"),
    ("python", "import signal\nsignal.signal(signal.SIGIO, print)"),
    ("python", "import signal\nsignal.signal(signal.SIGINT, print)"),
    ("python", "import ctypes\nctypes.CDLL(None).timer_create(0, None, ctypes.byref(ctypes.c_void_p()))"),
    ("python", "import subprocess\nsubprocess.Popen(['sleep', '60'])"),
    ("python", "import subprocess\nsubprocess.Popen(['sleep', '60'], env={}, start_new_session=True)"),
    ("python", "import os, time\nif not os.fork():\n    os.fork() or time.sleep(60)\n    os._exit(0)"),
    ("python", "import threading, time\nthreading.Thread(target=time.sleep, args=[60], daemon=True).start()\n1 / 0"),
    ("bash", "sleep 60 &"),
    ("bash", "(sleep 60; true) & disown"),
    ("bash", "env -i setsid -f sleep 60"),
    ("bash", "coproc sleep 60"),
]


@pytest.mark.parametrize(("language", "source"), GOES_ON)
def test_what_a_cell_that_nobody_let_run_by_a_word_leaves_at_work_ends_with_it(
    opened: Callable[..., Bench], language: str, source: str
) -> None:
    bench = opened()
    bench.run("x=1", language=language)
    (kernel,) = bench.session.live.kernels.values()
    finished = bench.run(source, language=language, unasked=True)
    assert finished.status == "error"
    assert finished.cause.startswith(LEFT)
    assert not kernel.process.lingers() or kernel.process.left
    assert kernel.process.is_gone()
    bench.jobs.pop()
    assert bench.run("y=2", language=language, unasked=True).status == "ok"


def test_a_handler_of_signals_that_stood_before_a_cell_is_not_what_it_left(opened: Callable[..., Bench]) -> None:
    bench = opened()
    bench.run("import signal\nsignal.signal(signal.SIGIO, print)\nsignal.signal(signal.SIGINT, print)")
    assert bench.run("import math", unasked=True).status == "ok"


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("python", "import threading\none = threading.Thread(target=print)\none.start()\none.join()"),
        ("python", "import subprocess\nsubprocess.run(['true'])"),
        ("python", "import numpy\nnumpy.ones((300, 300)) @ numpy.ones(300)"),
        ("python", "from concurrent.futures import ThreadPoolExecutor as P\nwith P(2) as p:\n    p.map(abs, [1])"),
        ("python", "import signal\nsignal.alarm(60)\nsignal.alarm(0)"),
        ("bash", "sleep 0.1 & wait"),
        ("bash", "yes | head -3"),
    ],
)  # fmt: skip
def test_what_ends_in_its_cell_is_no_fault(opened: Callable[..., Bench], language: str, source: str) -> None:
    assert opened().run(source, language=language, unasked=True).status == "ok"


def test_what_an_author_let_go_on_above_is_no_fault_of_a_cell_below(opened: Callable[..., Bench]) -> None:
    bench = opened()
    bench.run("import threading\nend = threading.Event()\nthreading.Thread(target=end.wait, daemon=True).start()")
    assert bench.run("x = 1", unasked=True).status == "ok"
    assert bench.run("end.set()").status == "ok"
