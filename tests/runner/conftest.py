"""Real sessions in real folders; every one is closed when its test is over.

With `--snapshots always` all of them keep a state after every cell: the answers must be the same.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kernel_bench import Bench

from nozzle.runner import Interpreter, Session, Snapshots, find_interpreter


@pytest.fixture(scope="session")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Interpreter:
    return find_interpreter(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def kept(pytestconfig: pytest.Config) -> Snapshots:
    """The store of a test: what sessions keep is up to the lane."""
    return Snapshots(pytestconfig.getoption("--snapshots") or "never")


@pytest.fixture
def opened(tmp_path: Path, interpreter: Interpreter, kept: Snapshots) -> Iterator[Callable[..., Bench]]:
    """Open a session with options of its own; `folder` is where its cells run, in the repository `root`."""
    sessions = []

    def open_session(**options: object) -> Bench:
        root = tmp_path / "root"
        folder = root / "journal"
        folder.mkdir(parents=True, exist_ok=True)
        options = {"interpreter": interpreter, "snapshots": kept, **options}
        session = Session(folder, root=root, **options)  # type: ignore[arg-type]
        sessions.append(session)
        return Bench(session, folder)

    yield open_session
    for session in sessions:
        session.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, interpreter: Interpreter) -> Iterator[Bench]:
    """One session for all cells of a file that need nothing of each other."""
    folder = tmp_path_factory.mktemp("shared")
    session = Session(folder, interpreter, root=folder)
    yield Bench(session, folder)
    session.close()


@pytest.fixture
def bench(opened: Callable[..., Bench]) -> Bench:
    return opened()


@pytest.fixture
def replaying(opened: Callable[..., Bench]) -> Bench:
    """A session that keeps nothing, in every lane: what it cannot go on from it runs again."""
    return opened(snapshots=None)


@pytest.fixture
def keeping(opened: Callable[..., Bench]) -> Bench:
    """A session that keeps its state after every cell, in every lane."""
    return opened(snapshots=Snapshots("always"))
