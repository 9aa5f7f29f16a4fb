"""A journal to work on: a fresh git repository, a home of its own, the real loop."""

import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from nozzle.beside import Notice
from nozzle.loop import Loop
from nozzle.words.journal import Journal, journal

settings.register_profile("no clock", deadline=None)
settings.load_profile("no clock")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="Write what is as what should be; review with git diff."
    )
    parser.addoption(
        "--all", action="store_true", help="All rows of all tables, the second lane; files named have all."
    )
    parser.addoption(
        "--snapshots", choices=["auto", "always", "never"], help="When kernels keep their state; the answers stay."
    )


LONG = 3
"""Rows from which on a table is long: the first lane runs its first row where each starts kernels."""
KERNELS = ("agents", "loop", "runner", "words")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Most of the tests wait for a kernel, an editor or a clock."""
    return max(4, 2 * (os.cpu_count() or 1))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the first lane short: a run of the whole suite leaves out the further rows of long tables."""
    if config.getoption("--all") or config.args != config.getini("testpaths"):
        return
    tables: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.path.parent.name in KERNELS and item.path.is_relative_to(config.rootpath / "tests"):
            tables.setdefault(item.nodeid.partition("[")[0], []).append(item)
    left_out = {id(row) for rows in tables.values() if len(rows) >= LONG for row in rows[1:]}
    config.hook.pytest_deselected(items=[item for item in items if id(item) in left_out])
    items[:] = [item for item in items if id(item) not in left_out]


@pytest.fixture
def often(pytestconfig: pytest.Config) -> Callable[[int], int]:
    """Of so many random trials, those that the first lane makes."""
    return lambda number: number if pytestconfig.getoption("--all") else number // 4


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's settings of this test's own, and no git settings of the machine's."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("NOZZLE_HOME", str(folder / "nozzle"))
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(folder / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return folder


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test reaches this machine and no other."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any, /) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise PermissionError(f"a test may not reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


PATIENT = 0.3
"""Seconds, instead of two, for which cells wait after a second save: a test's author is not in the middle of a word."""


@dataclass
class Workshop:
    """A journal, and one loop at a time over it."""

    here: Journal
    notices: list[Notice] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.here.root

    def loop(self) -> Loop:
        import queue

        from nozzle.loop import Message

        messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        return Loop(self.here.tools(self.notices.append, messages.put), messages)

    def run(self, *paths: Path, again: bool = False) -> None:
        """What `nozzle run` does."""
        loop = self.loop()
        try:
            loop.advance(paths, again)
            loop.run(until_idle=True)
        finally:
            loop.close()

    def write(self, text: str, name: str = "journal/entry.md") -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        return path


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> Iterator[Workshop]:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for room in ("loop", "agents.seat"):
        monkeypatch.setattr(f"nozzle.{room}.PATIENT", PATIENT)
    monkeypatch.setattr("nozzle.agents.seat.LONG", 40.0)  # on a busy machine a quick cell may take its time to begin
    with journal(folder, make=True) as here:
        (folder / ".gitignore").unlink()  # what is begun here is not what is looked at
        if lane := pytestconfig.getoption("--snapshots"):
            here.settings = replace(here.settings, snapshots=lane)
        yield Workshop(here)
