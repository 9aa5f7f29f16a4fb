"""An author at work in a real repository."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nozzle.steps import Record, Step, Steps


class Author:
    """Writes files and runs git, the way a person does."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def git(self, *words: str, given: str | None = None, ok: bool = True) -> str:
        who = ("-c", "user.name=Ann", "-c", "user.email=ann@x.org")
        done = subprocess.run(["git", *who, *words], cwd=self.root, input=given, capture_output=True, text=True)
        assert done.returncode == 0 or not ok, f"{done.stderr} {sorted(self.root.glob('.git/*'))}"
        return done.stdout.rstrip("\n")

    def write(self, path: str, data: bytes | str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_bytes(data.encode() if isinstance(data, str) else data)

    def read(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def commit(self, path: str, data: bytes | str, words: str = "by hand") -> str:
        self.write(path, data)
        self.git("add", "--", path)
        self.git("commit", "-qm", words)
        return self.git("rev-parse", "HEAD")

    def status(self) -> str:
        return self.git("-c", "core.quotePath=false", "status", "--porcelain", "-uall")

    def sound(self) -> None:
        assert "error" not in self.git("fsck", "--strict", "--no-progress")


@pytest.fixture(autouse=True)
def nobody(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without any git settings."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in [name for name in os.environ if name.startswith("GIT_") and name != "GIT_CONFIG_NOSYSTEM"]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return home


@pytest.fixture
def author(tmp_path: Path) -> Author:
    root = tmp_path / "journal"
    root.mkdir()
    return Author(root)


@pytest.fixture
def steps(author: Author) -> Iterator[Steps]:
    with Steps.open(author.root) as opened:
        yield opened


def save(steps: Steps, path: str, data: bytes | str, *, kind: str = "cell", **more: object) -> Step | None:
    """The text is on disk, and becomes a step."""
    raw = data.encode() if isinstance(data, str) else data
    (steps.root / path).parent.mkdir(parents=True, exist_ok=True)
    (steps.root / path).write_bytes(raw)
    return steps.record(Record(kind, path, f"{kind} in {path}", {path: raw}, **more))  # type: ignore[arg-type]


def made(steps: Steps, path: str, data: bytes | str, **more: object) -> Step:
    """The same, when it must make one."""
    step = save(steps, path, data, **more)  # type: ignore[arg-type]
    assert step is not None
    return step
