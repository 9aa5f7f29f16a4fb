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
from nozzle.errors import NozzleError


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
