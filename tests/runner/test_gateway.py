"""Kernels that a Jupyter server keeps: a real one on loopback, behind a relay whose line can be cut."""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from kernel_bench import Bench, until

from nozzle.document.events import Error, ExecuteResult, InputRequest, Replaying, Stream
from nozzle.errors import Missing
from nozzle.runner import Kernelspecs, Limits

pytest.importorskip("jupyter_server")
pytest.importorskip("ipykernel")


@dataclass
class Relay:
    """Carries connections to a port, until it is told to cut them."""

    port: int
    listening: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    ends: list[socket.socket] = field(default_factory=list)

    def start(self) -> "Relay":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    @property
    def own(self) -> int:
        return int(self.listening.getsockname()[1])

    def cut(self) -> None:
        ends, self.ends = self.ends, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listening.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.port))
            self.ends += [near, far]
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(1 << 16):
                other.sendall(data)
            other.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        one.close()


@dataclass
class Server:
    port: int
    token: str

    def kernels(self) -> list[dict[str, str]]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/kernels", headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request) as answer:
            found: list[dict[str, str]] = json.loads(answer.read())
        return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    token = secrets.token_hex(12)
    places = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    options = [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--ServerApp.open_browser=False"]
    options += [f"--ServerApp.root_dir={folder}", "--ServerApp.ip=127.0.0.1", "--allow-root"]
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter_server", *options],
        stdout=log,
        stderr=log,
        cwd=folder,
        env={**os.environ, **places, "JUPYTER_TOKEN": token},
        start_new_session=True,
    )
    there = Server(port, token)

    def answers() -> bool:
        try:
            return there.kernels() == []
        except OSError:
            assert process.poll() is None, (folder / "log").read_text()
            return False

    try:
        for _ in range(6):
            try:
                until(answers)
                break
            except AssertionError:
                assert process.poll() is None, (folder / "log").read_text()
        yield there
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.close()


@pytest.fixture
def relay(server: Server) -> Iterator[Relay]:
    relay = Relay(server.port).start()
    yield relay
    relay.listening.close()
    relay.cut()


@pytest.fixture
def far(server: Server, relay: Relay, opened: Callable[..., Bench]) -> Callable[..., Bench]:
    bench = opened(limits=Limits(grace=20.0), specs=Kernelspecs(token=lambda host: server.token))

    def run(source: str, **options: object) -> Bench:
        bench.run(source, **{"language": f"jupyter+http://127.0.0.1:{relay.own}", **options})
        return bench

    return run


def test_cells_run_there_and_the_kernel_goes_with_the_session(far: Callable[..., Bench], server: Server) -> None:
    bench = far("import sys\nprint('out'); print('err', file=sys.stderr)\nx = 41\nx + 1")
    assert (bench.finished.status, bench.stdout, bench.stderr) == ("ok", "out\n", "err\n")
    assert [event.data["text/plain"] for event in bench.of(ExecuteResult)] == ["42"]
    assert far("x").of(ExecuteResult)[0].data["text/plain"] == "41"
    assert len(server.kernels()) == 1
    bench.session.close()
    assert server.kernels() == []


def test_an_error_is_told_and_an_edit_above_runs_all_again(far: Callable[..., Bench]) -> None:
    assert far("1 / 0", raises=True).of(Error)[0].ename == "ZeroDivisionError"
    bench = far("y = 2")
    bench.delete(0)
    bench.run("y", language=bench.jobs[0].language)
    assert len(bench.of(Replaying)) == 1
    assert bench.of(ExecuteResult)[0].data["text/plain"] == "2"


def test_a_question_is_answered(far: Callable[..., Bench]) -> None:
    bench = far("1")
    bench.events = []
    for event in bench.start("print(input('name? '))", language=bench.jobs[0].language):
        bench.events.append(event)
        if isinstance(event, InputRequest):
            bench.session.answer("Ada")
    assert bench.stdout.endswith("Ada\n")


def test_a_cell_is_stopped_there(far: Callable[..., Bench]) -> None:
    bench = far("z = 1")
    bench.events = []
    for event in bench.start("import time\nprint('on')\ntime.sleep(600)", language=bench.jobs[0].language):
        bench.events.append(event)
        if isinstance(event, Stream):
            bench.session.interrupt()
    assert bench.finished.status == "stopped"
    assert far("z").of(ExecuteResult)[0].data["text/plain"] == "1"


def test_no_output_is_lost_when_the_line_drops(far: Callable[..., Bench], relay: Relay, tmp_path: Path) -> None:
    bench = far("import os, time")
    go, source = tmp_path / "go", "print('before', flush=True)\nwhile not os.path.exists({!r}): time.sleep(0.01)\n"
    bench.events, source = [], source.format(str(go)) + "for i in range(100): print(i)\n'end'"
    for event in bench.start(source, language=bench.jobs[0].language):
        bench.events.append(event)
        if isinstance(event, Stream) and not go.exists():
            relay.cut()
            go.touch()
    assert relay.ends, "the line was taken up again"
    assert bench.finished.status == "ok"
    assert bench.stdout == "before\n" + "".join(f"{i}\n" for i in range(100))
    assert [each.data["text/plain"] for each in bench.of(ExecuteResult)] == ["'end'"]


def test_a_wrong_token_and_a_silent_host_are_told(
    opened: Callable[..., Bench], relay: Relay, server: Server, tmp_path: Path
) -> None:
    bench = opened(specs=Kernelspecs(token=lambda host: "wrong"))
    bench.run("1", language=f"jupyter+http://127.0.0.1:{relay.own}")
    assert (bench.finished.status, "says 403" in bench.finished.cause) == ("died", True), bench.finished.cause
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    bench.delete(0)
    bench.run("1", language=f"jupyter+http://127.0.0.1:{port}")
    assert f"127.0.0.1:{port} does not answer" in bench.finished.cause


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("jupyter+http://example.org", "plain http is for this machine only"),
        ("jupyter+https://me:secret@example.org", "no token or password in an address"),
        ("jupyter+https://example.org/?token=secret", "no token or password in an address"),
        ("gopher://example.org/path", "no kernel can be had at gopher://example.org/path"),
    ],
)
def test_an_address_that_is_none_is_refused(address: str, why: str) -> None:
    with pytest.raises(Missing, match=why) as raised:
        Kernelspecs().find(address)
    assert "secret" not in str(raised.value)
