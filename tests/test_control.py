"""A word reaches the running watch, and only one watch looks after a journal."""

import json
import os
import queue
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nozzle import control
from nozzle.control import Reply, Request, Server
from nozzle.errors import Elsewhere, NozzleError, Refused

Calls = queue.Queue[tuple[Request, Reply]]


@pytest.fixture
def private(tmp_path: Path) -> Path:
    return tmp_path / ".git" / "nozzle"


@pytest.fixture
def calls() -> Calls:
    return queue.Queue()


@pytest.fixture
def server(private: Path, calls: Calls, tmp_path: Path) -> Iterator[Server]:
    with Server(private, lambda request, reply: calls.put((request, reply)), root=tmp_path) as server:
        yield server


def loop(calls: Calls, *lines: dict[str, object], status: int = 0) -> threading.Thread:
    """A loop that answers one request."""

    def answer() -> None:
        _, reply = calls.get()
        for line in lines:
            reply(line)
        reply.end(status)

    thread = threading.Thread(target=answer)
    thread.start()
    return thread


def asked(private: Path, word: str, **args: object) -> list[control.Line]:
    replies = control.ask(private, word, **args)
    assert replies is not None
    return list(replies)


def test_a_word_is_answered_line_by_line(private: Path, calls: Calls, server: Server) -> None:
    replies = control.ask(private, "run", paths=["a.md"], again=True)
    assert replies is not None
    request, reply = calls.get(timeout=60)
    assert request == Request("run", {"paths": ["a.md"], "again": True})
    for number in range(3):
        reply({"cell": number})
        assert next(replies) == {"cell": number}
    reply.end(1)
    assert list(replies) == [{"end": True, "status": 1}]


def test_several_words_at_once(private: Path, calls: Calls, server: Server) -> None:
    asking = [control.ask(private, "due", number=number) for number in range(20)]
    waiting = [calls.get(timeout=60) for _ in asking]
    for request, reply in reversed(waiting):
        reply({"number": request.args["number"]})
        reply.end()
    for number, replies in enumerate(asking):
        assert replies is not None
        assert next(replies) == {"number": number}
        replies.close()  # type: ignore[attr-defined]


def test_any_text_passes(private: Path, calls: Calls, server: Server) -> None:
    odd = "é\n\u2028\udcff\0 " * 100_000
    thread = loop(calls, {"text": odd})
    assert asked(private, "run", path=Path("a")) == [{"text": odd}, {"end": True, "status": 0}]
    thread.join()


def test_nobody_is_there(private: Path) -> None:
    assert control.ask(private, "due") is None
    assert control.running(private) is None


def test_who_is_there(private: Path, server: Server, tmp_path: Path) -> None:
    holder = control.running(private)
    assert holder is not None
    assert (holder["pid"], holder["host"], holder["root"]) == (os.getpid(), socket.gethostname(), str(tmp_path))


def test_after_the_end_nobody_is_there(private: Path, tmp_path: Path) -> None:
    before = threading.active_count()
    with Server(private, print, root=tmp_path):
        assert threading.active_count() > before
    assert control.ask(private, "due") is None
    assert control.running(private) is None
    assert not (private / "control").exists()
    assert threading.active_count() == before


def test_a_second_watch_is_told_where_the_first_is(private: Path, server: Server, tmp_path: Path) -> None:
    with pytest.raises(Elsewhere) as error:
        Server(private, print, root=tmp_path)
    assert f"process {os.getpid()} on {socket.gethostname()}, in {tmp_path}, since 20" in str(error.value)
    assert control.running(private) is not None


def test_a_word_at_its_own_turn_keeps_a_watch_away_and_answers_nobody(private: Path, tmp_path: Path) -> None:
    with control.Claim(private, tmp_path):
        assert control.ask(private, "due") is None
        with pytest.raises(Elsewhere, match="another nozzle already looks after"):
            Server(private, print, root=tmp_path)
    Server(private, print, root=tmp_path).close()


def test_a_claim_can_wait_its_turn(private: Path, tmp_path: Path) -> None:
    first = control.Claim(private, tmp_path)
    threading.Timer(0.5, first.close).start()
    control.Claim(private, tmp_path, patience=20).close()


WATCH = """
import pathlib, sys
from nozzle.control import Server
with Server(pathlib.Path(sys.argv[1]), lambda request, reply: None, root=pathlib.Path("/there")):
    print("up", flush=True)
    sys.stdin.read()
"""


def watch(private: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", WATCH, str(private)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def test_a_killed_watch_is_taken_over(private: Path, calls: Calls, tmp_path: Path) -> None:
    with watch(private) as process:
        holder = control.running(private)
        assert holder is not None
        assert holder["pid"] == process.pid
        process.send_signal(signal.SIGKILL)
    assert (private / "control").exists()
    assert control.running(private) is None
    assert control.ask(private, "due") is None
    with Server(private, lambda request, reply: calls.put((request, reply)), root=tmp_path):
        thread = loop(calls)
        assert asked(private, "due") == [{"end": True, "status": 0}]
        thread.join()


def test_a_watch_killed_during_an_answer_is_an_error(private: Path) -> None:
    with watch(private) as process:
        replies = control.ask(private, "due")
        assert replies is not None
        process.kill()
        with pytest.raises(NozzleError, match="ended before it had answered"):
            next(replies)


def test_a_watch_that_ends_says_what_it_has_said(private: Path, calls: Calls, tmp_path: Path) -> None:
    with Server(private, lambda request, reply: calls.put((request, reply)), root=tmp_path):
        replies = control.ask(private, "run")
        assert replies is not None
        _, reply = calls.get(timeout=60)
        reply({"cell": 1})
    assert next(replies) == {"cell": 1}
    with pytest.raises(NozzleError, match="ended before it had answered"):
        next(replies)


def test_a_client_that_goes_away_is_no_error(private: Path, calls: Calls, server: Server) -> None:
    replies = control.ask(private, "run")
    assert replies is not None
    _, reply = calls.get(timeout=60)
    reply({"cell": 1})
    next(replies)
    replies.close()  # type: ignore[attr-defined]
    while not reply.gone:
        reply({"cell": 2})
    reply.end()
    thread = loop(calls)
    assert asked(private, "due") == [{"end": True, "status": 0}]
    thread.join()


def test_a_client_that_does_not_read_holds_nobody_up(private: Path, calls: Calls, tmp_path: Path) -> None:
    with Server(private, lambda request, reply: calls.put((request, reply)), root=tmp_path):
        stuck = control.ask(private, "run")
        assert stuck is not None
        _, reply = calls.get(timeout=60)
        for _ in range(1000):
            reply({"line": "x" * 10_000})
        thread = loop(calls)
        assert asked(private, "due") == [{"end": True, "status": 0}]
        thread.join()
    with pytest.raises(NozzleError, match="ended before"):
        list(stuck)


def raw(private: Path, sent: bytes) -> list[dict[str, object]]:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(private / "control"))
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        with client.makefile("rb") as lines:
            return [json.loads(line) for line in lines]


@pytest.mark.parametrize("sent", [b"nonsense\n", b"[1]\n", b'{"no": "word"}\n', b"", b"\xff\n"])
def test_what_is_no_request_is_answered(private: Path, server: Server, sent: bytes) -> None:
    taken, error, end = raw(private, sent)
    assert taken == {"taken": True}
    assert "not a request" in str(error["error"])
    assert end == {"end": True, "status": 2}


def test_an_error_in_a_word_is_its_answer(private: Path, tmp_path: Path) -> None:
    def refuse(request: Request, reply: Reply) -> None:
        raise Refused("there is no such step")

    with Server(private, refuse, root=tmp_path):
        assert asked(private, "rewind") == [{"error": "there is no such step"}, {"end": True, "status": 1}]


def test_only_its_user_may_connect(private: Path, server: Server) -> None:
    assert stat.S_IMODE((private / "control").stat().st_mode) == 0o600
    assert stat.S_IMODE((private / "lock").stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_another_user_is_not_answered(calls: Calls) -> None:
    code = "import socket, sys; client = socket.socket(1); client.connect(sys.argv[1]); print(client.recv(10))"
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        with Server(Path(folder), print, root=Path(folder)):
            os.chmod(f"{folder}/control", 0o666)
            python = os.path.realpath(shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable)
            run = [python, "-c", code, f"{folder}/control"]
            assert subprocess.check_output(run, user=65534, text=True).strip() == "b''"


@pytest.mark.parametrize("runtime", [True, False])
def test_a_path_too_long_for_a_socket(
    tmp_path: Path, calls: Calls, monkeypatch: pytest.MonkeyPatch, runtime: bool
) -> None:
    short = Path(os.path.realpath("/tmp")) / f"nozzle-test-{os.getpid()}"
    short.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short)) if runtime else monkeypatch.delenv("XDG_RUNTIME_DIR", False)
    private = tmp_path / ("x" * 120) / "nozzle"
    try:
        with Server(private, lambda request, reply: calls.put((request, reply)), root=tmp_path):
            holder = control.running(private)
            assert holder is not None
            assert Path(holder["socket"]).is_relative_to(short) is runtime
            assert stat.S_IMODE(Path(holder["socket"]).parent.stat().st_mode) == 0o700
            monkeypatch.delenv("XDG_RUNTIME_DIR", False)  # a word may come from another login
            thread = loop(calls)
            assert asked(private, "due") == [{"end": True, "status": 0}]
            thread.join()
    finally:
        for folder in [*short.iterdir(), short]:
            folder.rmdir()
