"""nozzle started behind `nohup ... &` or by a script ignores Ctrl-C; its kernels do not."""

import signal
from collections.abc import Callable, Iterator

import pytest
from kernel_bench import Bench

from nozzle.document.events import Stream


@pytest.fixture
def ignoring() -> Iterator[None]:
    usual = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, usual)


@pytest.mark.usefixtures("ignoring")
@pytest.mark.parametrize(
    ("language", "source"), [("bash", "echo now; sleep 60"), ("python", "print('now')\n!sleep 60")]
)
def test_a_cell_can_be_interrupted_where_nozzle_itself_cannot(
    opened: Callable[..., Bench], language: str, source: str
) -> None:
    bench = opened()
    for event in bench.start(source, language=language, timeout=30):
        bench.events.append(event)
        if isinstance(event, Stream):
            bench.session.interrupt()
    assert (bench.finished.status, bench.finished.cause) == ("stopped", "you stopped it")
