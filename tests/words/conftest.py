"""Saying words in a journal, as a person would."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from nozzle.cli import cli
from nozzle.document.entry import Entry
from nozzle.errors import NozzleError
from nozzle.words.journal import journal


@dataclass(frozen=True)
class Said:
    status: int
    out: str


Say = Callable[..., Said]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and we are in it."""
    folder = tmp_path / "my journal"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def say(folder: Path) -> Say:
    def say(*words: str, input: str | None = None) -> Said:
        done = CliRunner().invoke(cli, list(words), input=input, standalone_mode=False)
        if isinstance(done.exception, NozzleError):
            return Said(done.exception.status, f"{done.output}nozzle: {done.exception}\n")
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        status = done.return_value if isinstance(done.return_value, int) else done.exit_code
        return Said(status, done.output)

    return say


def git(folder: Path, *words: str) -> str:
    """What git says, in a folder."""
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def cell(body: str, language: str = "python") -> str:
    return f"```{{code-cell}} {language}\n{body}\n```\n"


def entry(folder: Path, text: str, name: str = "journal/entry.md") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


WAITS = """\
import os, time
open('began', 'a').write('x')
while not os.path.exists('go'):
    time.sleep(0.02)
print('went on')"""


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.02)


@contextmanager
def process(*words: str) -> Iterator["subprocess.Popen[str]"]:
    """A nozzle of its own; ended by Ctrl-C."""
    command = [sys.executable, "-m", "nozzle", *words]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield started
    finally:
        if started.poll() is None:
            started.send_signal(signal.SIGINT)
        started.communicate(timeout=60)


ME = ("-c", "user.name=I", "-c", "user.email=i@example.org")
WHO = ("-c", "user.name=They", "-c", "user.email=they@example.org")


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """Somebody else's journal, committed by hand."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    entry(folder, cell("print('theirs')"))
    git(folder, "add", "-A")
    git(folder, *WHO, "commit", "-qm", "theirs")
    return folder


@pytest.fixture
def clone(theirs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    subprocess.run(["git", "clone", "-q", str(theirs), str(tmp_path / "clone")], check=True)
    monkeypatch.chdir(tmp_path / "clone")
    return tmp_path / "clone"


def held(folder: Path, path: Path) -> list[str]:
    """The cells that may not run."""
    with journal(folder) as here:
        one = Entry(path.read_text())
        why = here.distrust(one, here.rel(path))
        return [each.body.strip() for each in one.cells if each.runs and why(each)]
