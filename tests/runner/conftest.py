"""Real sessions in real folders; every one is closed when its test is over."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kernel_bench import Bench

from nozzle.runner import Interpreter, Session, find_interpreter


@pytest.fixture(scope="session")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Interpreter:
    return find_interpreter(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def opened(tmp_path: Path, interpreter: Interpreter) -> Iterator[Callable[..., Bench]]:
    """Open a session with options of its own; `folder` is where its cells run, in the repository `root`."""
    sessions = []

    def open_session(**options: object) -> Bench:
        root = tmp_path / "root"
        folder = root / "journal"
        folder.mkdir(parents=True, exist_ok=True)
        session = Session(folder, options.pop("interpreter", interpreter), root=root, **options)  # type: ignore[arg-type]
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
