"""A journal to work on: a fresh git repository, a home of its own, the real loop."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
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
        "--snapshots", choices=["auto", "always", "never"], help="When kernels keep their state; the answers stay."
    )


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
            here.settings = here.settings.model_copy(update={"snapshots": lane})
        yield Workshop(here)
