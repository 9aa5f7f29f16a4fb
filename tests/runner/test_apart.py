"""A cell that was let out of its bounds runs in a kernel of its own, and is no part of any state."""

import socket
from collections.abc import Callable, Iterator

import pytest
from kernel_bench import Bench

from nozzle.document.events import Replaying, Stream
from nozzle.runner import possible

pytestmark = pytest.mark.skipif(
    not (possible().files and possible().network), reason="this system has no Landlock, or seccomp is not known here"
)


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def calls(port: int) -> str:
    return f"import socket\nsocket.create_connection(('127.0.0.1', {port})).close()\n"


def test_it_has_the_network_and_no_other_cell_has(bench: Bench, port: int) -> None:
    assert bench.run(calls(port), confined=True).status == "error"
    finished = bench.run(calls(port), confined=True, reach="network")
    assert (finished.status, finished.effects) == ("ok", ("network",))
    assert bench.run("import socket\nsocket.socket()", confined=True).status == "error"


def test_with_the_network_alone_it_keeps_its_other_bounds(bench: Bench) -> None:
    assert bench.run("open('../outside', 'w')", confined=True, reach="network").status == "error"
    finished = bench.run("open('../outside', 'w')", confined=True, reach="all")
    assert finished.status == "ok"
    assert "outside its bounds" in finished.effects
    assert (bench.folder.parent / "outside").exists()


@pytest.mark.parametrize(("language", "source"), [("bash", "touch ../made"), ("python", "open('../made', 'w')")])
def test_it_is_let_out_in_any_language(bench: Bench, language: str, source: str) -> None:
    assert bench.run(source, language=language, confined=True, reach="all").status == "ok"
    assert (bench.folder.parent / "made").exists()


def test_nothing_that_a_cell_left_is_there_and_nothing_of_it_stays(bench: Bench) -> None:
    trap = "import builtins\nbuiltins.print = lambda *words: None\nx = 1\n"
    bench.run(trap, confined=True)
    finished = bench.run("print('seen', 'x' in dir())\ny = 2", confined=True, reach="network")
    assert bench.stdout == "seen False\n"
    assert finished.names == {}
    bench.run("assert 'y' not in dir() and x == 1", confined=True)
    assert bench.finished.status == "ok"


def test_no_replay_runs_it_again(replaying: Bench) -> None:
    replaying.run("x = 1")
    replaying.run("open('count', 'a').write('1')", confined=True, reach="all")
    replaying.session.close()
    replaying.run("print(x)")
    assert replaying.finished.status == "ok"
    assert (replaying.folder / "count").read_text() == "1"


def test_an_authors_cell_below_it_is_as_free_as_above(bench: Bench) -> None:
    bench.run("x = 1")
    bench.run("print('out')", confined=True, reach="network")
    assert bench.run("open('../free', 'w').write(str(x))").status == "ok"
    assert not any(isinstance(event, Replaying) for event in bench.events)


def test_it_is_stopped_like_any_other(opened: Callable[..., Bench]) -> None:
    bench = opened()
    bench.run("x = 1")
    for event in bench.start("print('here', flush=True)\nimport time\ntime.sleep(60)", confined=True, reach="all"):
        bench.events.append(event)
        if isinstance(event, Stream):
            bench.session.interrupt()
    assert bench.events[-1].status == "stopped"  # type: ignore[union-attr]
    assert bench.run("print(x)").status == "ok"
