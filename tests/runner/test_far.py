"""Kernels on another machine, by ssh: a real sshd on loopback."""

import os
import signal
import socket
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kernel_bench import Bench, until

from nozzle.document.events import Error, ExecuteResult, InputRequest, Late, Replaying, Stream
from nozzle.runner import Kernelspecs, Limits, Snapshots
from nozzle.runner.far.bundle import sent
from tests.sshd import SSHD, WHY_NOT, Sshd, sshd

pytestmark = pytest.mark.skipif(SSHD is None, reason=WHY_NOT)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("sshd")) as host:
        yield host


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """The folder of the far machine in which cells run."""
    folder = tmp_path / "there"
    folder.mkdir()
    return folder


@pytest.fixture
def address(host: Sshd, there: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PATH", host.path)
    return f"ssh://far{there}"


@pytest.fixture
def far(address: str, opened: Callable[..., Bench]) -> Callable[..., Bench]:
    benches: dict[str, Bench] = {}

    def run(source: str, *, session: str = "", **options: object) -> Bench:
        bench = benches.setdefault(session, opened()) if session not in benches else benches[session]
        bench.run(source, **{"language": address, **options})
        return bench

    return run


def test_a_cell_runs_there(far: Callable[..., Bench], there: Path, host: Sshd) -> None:
    bench = far("import os, sys\nprint('out'); print('err', file=sys.stderr)\nos.system('echo program')\nx = 41\nx + 1")
    assert (bench.finished.status, bench.stdout, bench.stderr) == ("ok", "out\nprogram\n", "err\n"), bench.finished
    assert bench.of(ExecuteResult)[0].data["text/plain"] == "42"
    assert far("os.getcwd(), x").of(ExecuteResult)[0].data["text/plain"] == repr((str(there), 41))
    assert host.lines()
    bench.session.close()
    until(lambda: not host.lines())
    assert list(host.sent.iterdir())


def test_a_picture_and_the_order_of_what_is_printed(far: Callable[..., Bench]) -> None:
    far("import sys\nfrom IPython.display import display, HTML")
    bench = far("for i in range(3):\n    print(i); print(-i, file=sys.stderr); display(HTML(f'<b>{i}</b>'))")
    told = [event.text if isinstance(event, Stream) else event.data["text/html"] for event in bench.events[1:-1]]
    assert "".join(told) == "0\n0\n<b>0</b>1\n-1\n<b>1</b>2\n-2\n<b>2</b>"


def test_an_error_names_the_authors_lines_only(far: Callable[..., Bench], there: Path) -> None:
    error = far("def f():\n    return 1 / 0\nf()", raises=True).of(Error)[0]
    assert error.ename == "ZeroDivisionError"
    assert "nozzle" not in "\n".join(error.traceback)


def test_a_shell_there(far: Callable[..., Bench], address: str, there: Path) -> None:
    bench = far("y=5; pwd", language=f"{address}#bash")
    assert (bench.finished.status, bench.stdout) == ("ok", f"{there}\n")
    assert far("echo $y", language=f"{address}#bash").stdout == "5\n"


def test_the_environment_is_the_fixed_one_and_no_key_goes_over(
    address: str, opened: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_API_KEY", "k" * 20)
    monkeypatch.setenv("SAID", "here")
    bench = opened(secret_names=("MY_API_KEY",))
    names = "'PYTHONHASHSEED', 'TZ', 'MY_API_KEY', 'SAID', 'SSH_AUTH_SOCK'"
    bench.run(f"import os\n[os.environ.get(name) for name in ({names})]", language=address)
    assert bench.of(ExecuteResult)[0].data["text/plain"] == "['0', 'UTC', None, 'here', None]"  # ssh_config sends all


def test_a_question_is_answered(far: Callable[..., Bench]) -> None:
    bench = far("1")
    bench.events = []
    for event in bench.start("print(input('name? '))", language=bench.jobs[0].language):
        bench.events.append(event)
        if isinstance(event, InputRequest):
            bench.session.answer("Ada")
    assert bench.stdout.endswith("Ada\n")


def test_a_cell_is_stopped_there_and_its_state_stays(far: Callable[..., Bench]) -> None:
    bench = far("z = 1")
    bench.events = []
    for event in bench.start("import time\nprint('on')\ntime.sleep(600)", language=bench.jobs[0].language):
        bench.events.append(event)
        if isinstance(event, Stream):
            bench.session.interrupt()
    assert bench.finished.status == "stopped"
    assert far("z").of(ExecuteResult)[0].data["text/plain"] == "1"


def test_a_time_limit_and_one_who_does_not_listen(address: str, opened: Callable[..., Bench]) -> None:
    bench = opened(limits=Limits(grace=0.3))
    deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('deaf'); time.sleep(60)"
    bench.run(deaf, language=address, timeout=0.3)
    assert bench.finished.status == "timeout"
    assert bench.finished.cause == "time limit of 0.3 s; it did not stop and was killed"


def test_output_over_the_limit_is_left_out_there(address: str, opened: Callable[..., Bench]) -> None:
    bench = opened(limits=Limits(output_bytes=1000, hard_bytes=5_000_000))
    bench.run("print('x' * 200_000)", language=address)
    assert bench.stdout == "x" * 1000
    assert bench.finished.left_out == "1000 bytes of output kept, 199001 bytes more left out".replace(
        "199001 bytes", "0.2 MB"
    )
    bench.run("while True: print('y' * 1000)", language=address)
    assert bench.finished.cause == "more than 5 MB of output"


@pytest.mark.parametrize(
    ("does", "cause"),
    [
        ("import os; os._exit(7)", "exit 7"),
        ("import os; os.abort()", "signal 6 (SIGABRT)"),
        ("import os; os.kill(os.getpid(), 9)", "signal 9 (SIGKILL)"),
    ],
)
def test_a_death_is_told_with_its_cause_and_the_cells_above_run_again(
    far: Callable[..., Bench], does: str, cause: str
) -> None:
    far("a = 1")
    bench = far(f"print('last'); {does}")
    assert (bench.finished.status, bench.finished.cause, bench.stdout) == ("died", cause, "last\n")
    bench.jobs.pop()
    assert far("a").of(ExecuteResult)[0].data["text/plain"] == "1"


def test_what_comes_late_is_the_cells_that_began_it(far: Callable[..., Bench], there: Path) -> None:
    source = (
        "import threading, os, time\ndef late():\n    while not os.path.exists('go'): time.sleep(0.01)\n"
        "    print('late')\nthreading.Thread(target=late).start()"
    )
    bench = far(source)
    far("print('next')")
    (there / "go").touch()
    late: list[Late] = []
    until(lambda: late.extend(bench.session.drain()) or "\n" in "".join(each.text for each in late))
    assert {each.cell for each in late} == {bench.jobs[0].cell}
    assert "".join(each.text for each in late) == "late\n"


def test_nothing_is_recorded_of_files_there(far: Callable[..., Bench], there: Path) -> None:
    (there / "in.txt").write_text("read")
    bench = far("open('out.txt', 'w').write(open('in.txt').read())")
    assert (bench.finished.reads, bench.finished.writes, bench.finished.effects) == ((), (), ())
    assert (there / "out.txt").read_text() == "read"


def test_states_are_kept_there_and_woken(address: str, opened: Callable[..., Bench]) -> None:
    bench = opened(snapshots=Snapshots("always"))
    bench.run(
        "import random, os\nx = 1\nfile = open('count', 'a'); file.write('.'); file.flush(); file.close()",
        language=address,
    )
    bench.run("x += 1", language=address)
    bench.run("x, os.getpid()", language=address)
    assert not bench.session.live.tainted
    (row, *_) = bench.session.live._snapshots.rows()  # type: ignore[union-attr]
    assert row.bytes > 0
    bench.delete(1)
    bench.again()
    assert bench.of(Replaying) == []
    assert bench.of(ExecuteResult)[0].data["text/plain"].startswith("(1, ")


def test_four_threads_go_on_from_one_state(address: str, opened: Callable[..., Bench]) -> None:
    store = Snapshots("always")
    first = opened(snapshots=store)
    first.run("x = [1]", language=address)
    for name in "abcd":
        other = opened(snapshots=store)
        other.jobs = list(first.jobs)
        other.run(f"x.append({name!r}); x", language=address)
        assert other.of(Replaying) == []
        assert other.of(ExecuteResult)[0].data["text/plain"] == f"[1, {name!r}]"
    assert first.session.go_to(first.jobs) is not None


def test_a_line_that_drops_is_told_and_the_next_run_replays(far: Callable[..., Bench], host: Sshd, there: Path) -> None:
    far("w = 3")
    bench = far("1")
    bench.events = []
    for event in bench.start("import time\nprint('on')\ntime.sleep(600)", language=bench.jobs[0].language):
        bench.events.append(event)
        if isinstance(event, Stream):
            _cut()
    assert bench.finished.status == "died"
    assert bench.finished.cause == "the line to far dropped; the cell's end is unknown"
    until(lambda: not host.lines())
    bench.jobs.pop()
    bench = far("w")
    assert len(bench.of(Replaying)) == 2
    assert bench.of(ExecuteResult)[0].data["text/plain"] == "3"


def _cut() -> None:
    """Kill the ssh that this process began."""
    for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        if b"BatchMode" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(int(pid), signal.SIGKILL)


def test_a_host_that_does_not_answer_is_told(opened: Callable[..., Bench], address: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    bench = opened()
    bench.run("1", language=f"ssh://127.0.0.1:{port}/tmp")
    assert bench.finished.status == "died"
    assert f"127.0.0.1 cannot be reached (ssh: connect to host 127.0.0.1 port {port}" in bench.finished.cause


def test_a_host_that_says_nothing_is_given_up(opened: Callable[..., Bench], address: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        bench = opened()
        bench.run("1", language=f"ssh://127.0.0.1:{silent.getsockname()[1]}/tmp")
    assert bench.finished.status == "died"
    assert "cannot be reached (" in bench.finished.cause


def test_a_stranger_is_not_let_in_and_nothing_asks_for_a_password(
    opened: Callable[..., Bench], address: str, host: Sshd
) -> None:
    bench = opened()
    bench.run("1", language=f"ssh://127.0.0.1:{host.port}/tmp")
    assert "Host key verification failed. Say once, by hand: ssh 127.0.0.1" in bench.finished.cause


def test_what_is_lacking_there_is_one_line(
    opened: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)  # this machine's, which is the other one's here
    bench = opened()
    bench.run("1", language=f"{address}/none")
    assert bench.finished.cause.endswith(f"far has no folder {tmp_path / 'there' / 'none'}")
    venv.create(tmp_path / "bare", with_pip=False)
    (tmp_path / "other").mkdir()
    with sshd(tmp_path / "other", tmp_path / "bare" / "bin" / "python") as other:
        monkeypatch.setenv("PATH", other.path)
        bench.delete(0)
        bench.run("1", language=f"ssh://far{tmp_path / 'other'}")
    assert f"far has no IPython for {tmp_path / 'bare' / 'bin' / 'python'}" in bench.finished.cause


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("ssh://me:secret@example.org/x", "no password in the address of a kernel"),
        ("ssh://-oProxyCommand=touch/x", "names no machine"),
        ("ssh://-lroot@example.org/x", "names no machine"),
        ("ssh://example.org/x?y", "names no machine"),
        ("ssh:///x", "names no machine"),
        ("dask://example.org", "names no Dask scheduler"),
        ("http://example.org/x", "no kernel can be had at"),
    ],
)
def test_an_address_that_is_none_is_refused_before_anything_runs(address: str, why: str) -> None:
    assert why in Kernelspecs().lacks(address)


def test_what_goes_over_is_small_and_needs_nothing_else(tmp_path: Path) -> None:
    first, _, archive = sent().partition(b"\n")
    assert len(archive) < 140_000
    assert b"import" in first
    (tmp_path / "sent.zip").write_bytes(archive)
    code = "import sys; sys.path.insert(0, sys.argv[1]); import nozzle.runner.far.relay, nozzle.runner.bash"
    subprocess.run([sys.executable, "-I", "-S", "-c", code, str(tmp_path / "sent.zip")], check=True, cwd=tmp_path)


def test_without_ssh_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Kernelspecs().lacks("ssh://example.org").endswith("install OpenSSH")
