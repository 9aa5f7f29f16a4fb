"""A cell's Finished tells what it read, wrote, reached and started."""

import os
import socket
import venv
from collections.abc import Callable
from pathlib import Path

import pytest
from kernel_bench import Bench

from nozzle.document.events import Finished
from nozzle.runner import Limits, find_interpreter


def names(paths: tuple[str, ...]) -> list[str]:
    return [Path(path).name for path in paths]


def test_files_of_the_repository_that_are_read(bench: Bench) -> None:
    (bench.folder / "data.csv").write_text("a\n")
    (bench.folder / "mine.py").write_text("x = 1\n")
    (bench.folder.parent / "top.txt").write_text("")
    finished = bench.run(
        "open('data.csv').close(); import mine, json.tool; open('../top.txt').close(); import os; os.getcwd()"
    )
    assert finished.reads == tuple(
        sorted(map(str, (bench.folder / "data.csv", bench.folder / "mine.py", bench.folder.parent / "top.txt")))
    )
    assert (finished.writes, finished.effects, finished.spawned) == ((), (), False)
    assert bench.run("1").reads == ()


OUTSIDE = "/var/nozzle-test-outside"
"""A file that no test can write, or that root's tests take away."""


@pytest.mark.parametrize(
    ("end", "status"), [("os.kill(os.getpid(), 9)", "died"), ("os._exit(3)", "died"), ("while True: pass", "timeout")]
)
def test_what_was_done_before_the_kernel_went_away_is_told(
    opened: Callable[..., Bench], tmp_path: Path, end: str, status: str
) -> None:
    """A file is written, another taken away, the network reached, a program started; then the cell never ends."""
    bench = opened(limits=Limits(grace=0.3))
    (bench.folder / "old.csv").write_text("1")
    source = (
        "import os, socket, subprocess, time\n"
        "time.sleep(0.05)\n"
        "with open('result.csv', 'w') as f: f.write('1')\n"
        "os.remove('old.csv')\n"
        f"try: open({OUTSIDE!r}, 'a').close(); os.remove({OUTSIDE!r})\n"
        "except OSError: pass\n"
        "s = socket.socket(); s.settimeout(0.01)\n"
        "try: s.connect(('127.0.0.1', 9))\n"
        "except OSError: pass\n"
        "subprocess.run(['true'])\n"
        "def on():\n"
        f"    try:\n        {end}\n    except KeyboardInterrupt: on()\n"
        "on()\n"
    )
    finished = bench.run(source, timeout=2.0 if status == "timeout" else None)
    assert finished.status == status
    assert sorted(names(finished.writes)) == ["old.csv", "result.csv"]
    assert {"network", f"files:{OUTSIDE}"} <= set(finished.effects)
    assert finished.spawned
    assert finished.seconds >= 0.05


def test_a_shell_that_was_stopped_may_have_reached_out(bench: Bench) -> None:
    finished = bench.run("curl -s http://127.0.0.1:9/ || sleep 60", language="bash", timeout=1.0)
    assert finished.status == "timeout"
    assert finished.effects
    assert finished.spawned


@pytest.mark.parametrize(
    ("above", "source"),
    [
        ("f = open('a', 'w')", "f.write('x'); f.flush()"),
        ("f = open('a', 'w'); _ = f.write('x')", "f.close()"),
        ("import sqlite3; c = sqlite3.connect('a'); c.execute('create table t(a)') and None",
         "c.execute('insert into t values(1)'); c.commit()"),
    ],
)  # fmt: skip
def test_what_is_written_through_a_handle_of_a_cell_above(bench: Bench, above: str, source: str) -> None:
    bench.run(above)
    assert bench.run("1").writes == ()
    assert names(bench.run(source).writes) == ["a"]


def test_what_libraries_keep_in_a_cache_is_nobodys(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    finished = bench.run("import os; open(os.environ['XDG_CACHE_HOME'] + '/fonts', 'w').close()")
    assert (finished.status, finished.elsewhere, finished.effects) == ("ok", (), ())


def test_what_is_not_there_was_not_read(bench: Bench) -> None:
    assert bench.run("try: open('nosuch')\nexcept OSError: pass").reads == ()


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("open('a', 'w').close()", ["a"]),
        ("open('a', 'x').close()", ["a"]),
        ("open('old', 'a').close()", ["old"]),
        ("open('old', 'r+').close()", ["old"]),
        ("import os; os.close(os.open('a', os.O_CREAT | os.O_WRONLY))", ["a"]),
        ("import pathlib; pathlib.Path('sub').mkdir(); pathlib.Path('sub/a').write_text('x')", ["sub", "a"]),
        ("import os; os.rename('old', 'new')", ["new", "old"]),
        ("import os; os.remove('old')", ["old"]),
        ("import os; os.symlink('old', 'link')", ["link"]),
        ("import os; os.symlink('old', 'link'); open('link', 'a').close()", ["link", "old"]),
        ("import os; os.symlink('old', 'link'); os.truncate('link', 0)", ["link", "old"]),
        ("import os; os.chmod('old', 0o755)", ["old"]),
        ("import os; os.chmod('old', 0o600)", []),
        ("import os; os.rename('tree', 'new')", ["leaf", "leaf"]),
        ("import os; os.rename('tree', 'b'); os.rename('b', 'c')", ["leaf", "leaf", "leaf"]),
        (
            "import os; os.mkdir('full'); open('full/a', 'w')\ntry: os.rename('tree', 'full')\nexcept OSError: pass",
            ["full", "a"],
        ),
        ("import shutil; shutil.move('tree', '..')", ["leaf", "leaf"]),
        ("import shutil; shutil.copy('old', 'copy')", ["copy"]),
        ("import sqlite3; sqlite3.connect('db').execute('create table t (a)')", ["db"]),
        ("import sqlite3; sqlite3.connect(':memory:')", []),
        ("import os; os.chdir('..'); open('up', 'w').close()", ["up"]),
        ("import tempfile; tempfile.TemporaryFile().close()", []),
        ("import numpy; numpy.save('a.npy', numpy.zeros(2))", ["a.npy"]),
        ("import shutil; shutil.rmtree('tree')", ["tree", "leaf"]),
        ("import os\ntry: os.remove('nosuch')\nexcept OSError: pass", []),
        ("try: open('no/such', 'w')\nexcept OSError: pass", []),
    ],
)
def test_files_of_the_repository_that_are_written(bench: Bench, source: str, written: list[str]) -> None:
    (bench.folder / "old").write_text("old")
    (bench.folder / "tree").mkdir()
    (bench.folder / "tree" / "leaf").touch()
    finished = bench.run(source)
    assert finished.status == "ok"
    assert names(finished.writes) == written
    assert all(path.startswith(str(bench.folder.parent)) for path in finished.writes)
    assert not finished.effects


def test_of_a_folder_with_a_new_name_so_many_files_are_told_as_are_remembered(bench: Bench) -> None:
    (bench.folder / "tree" / "below").mkdir(parents=True)
    for n in range(10_020):
        (bench.folder / "tree" / "below" / str(n)).touch()
    finished = bench.run("import os; os.rename('tree', 'new')")
    assert len(finished.writes) == 20_000


def test_a_repository_that_is_its_own_environment(opened: Callable[..., Bench], tmp_path: Path) -> None:
    venv.create(tmp_path / "root", symlinks=True)
    bench = opened(interpreter=find_interpreter(tmp_path, named=str(tmp_path / "root")))
    (bench.folder / "data").touch()
    (bench.folder / "mine.py").touch()
    assert names(bench.run("open('data'); import mine").reads) == ["data", "mine.py"]
    assert not (bench.folder / "__pycache__").exists()


def test_a_file_that_is_written_and_read_is_no_input(bench: Bench) -> None:
    finished = bench.run("open('a', 'w').close(); open('a').close()")
    assert (finished.reads, names(finished.writes)) == ((), ["a"])


def test_the_repositorys_own_machinery_is_no_file_of_its(bench: Bench) -> None:
    (bench.folder / ".git").mkdir()
    (bench.folder / ".git" / "HEAD").write_text("")
    finished = bench.run("open('.git/HEAD').close(); open('.git/new', 'w').close()")
    assert (finished.reads, finished.writes, finished.effects) == ((), (), ())


def test_writing_outside_is_an_effect(bench: Bench) -> None:
    places = [
        place for place in (Path.home(), Path(__file__).parent) if not str(place).startswith(("/tmp", "/var/tmp"))
    ]
    if not places:
        pytest.skip("home and these tests both lie in a temporary folder, where writing has no lasting effect")
    outside = places[0] / f".outside-{os.getpid()}"
    try:
        finished = bench.run(f"open({str(outside)!r}, 'w').close(); open('/dev/null', 'w').close()")
    finally:
        outside.unlink(missing_ok=True)
    assert (finished.effects, finished.writes) == ((f"files:{outside}",), ())


def test_the_network_is_an_effect(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        finished = bench.run(
            f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]})).close()"
        )
    assert finished.effects == ("network",)
    assert bench.run("import socket, asyncio; socket.socketpair(); await asyncio.sleep(0)").effects == ()


@pytest.mark.parametrize(
    "source", ["!true", "import os; os.system('true')", "import subprocess; subprocess.run('true')", "%%bash\ntrue"]
)
def test_other_programs_are_told(shared: Bench, source: str) -> None:
    assert shared.run(source).spawned
    assert not shared.run("1").spawned


def test_versions_of_what_is_imported(bench: Bench) -> None:
    import numpy
    import yaml

    first = bench.run("import json").packages
    assert list(first) == ["python"]
    packages = bench.run("import numpy, yaml").packages
    assert (packages["numpy"], packages["pyyaml"]) == (numpy.__version__, yaml.__version__)
    assert "numpy" not in bench.run("import numpy").packages


def test_memory_and_time_are_measured(bench: Bench) -> None:
    finished = bench.run("import time; x = bytearray(100 << 20); time.sleep(0.05)")
    assert finished.memory > 100 << 20
    assert 0.05 <= finished.seconds < 30


def test_a_failed_cell_is_told_as_well(bench: Bench) -> None:
    finished = bench.run("open('a', 'w').close(); 1/0")
    assert names(finished.writes) == ["a"]
    assert isinstance(bench.events[-1], Finished)
