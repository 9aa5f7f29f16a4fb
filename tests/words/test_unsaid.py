"""Nobody listens, or the disk takes nothing: a status that says so, one line, and never a traceback."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nozzle import disk, whole
from nozzle.errors import Unwritable
from nozzle.steps.door import Door, Said, unwritten
from tests.conftest import Workshop
from tests.words.conftest import Say, cell, entry

ROOT = Path(__file__).parents[2]
WORDS = ["due", "log", "--help", "due --help"]
"""The first is answered before the command line is opened, where nothing is due."""


def said(workshop: Workshop, words: str, out: int) -> tuple[int, str]:
    """The status and stderr of a nozzle of its own whose stdout is this."""
    run, env = [sys.executable, "-m", "nozzle", *words.split()], {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(run, cwd=workshop.root, env=env, stdout=out, stderr=subprocess.PIPE, text=True)
    return done.returncode, done.stderr


@pytest.fixture
def settled(workshop: Workshop) -> Workshop:
    workshop.write(cell("1"))
    for _ in range(2):
        assert said(workshop, "run", subprocess.DEVNULL)[0] == 0
    return workshop


@pytest.mark.parametrize("words", WORDS)
def test_where_nobody_listens_the_status_is_that_of_a_program_that_sigpipe_ended(settled: Workshop, words: str) -> None:
    hears, out = os.pipe()
    os.close(hears)
    assert said(settled, words, out) == (141, "")
    os.close(out)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("words", WORDS)
def test_what_cannot_be_said_is_one_line_and_exit_3(settled: Workshop, words: str) -> None:
    with open("/dev/full", "wb") as full:
        status, told = said(settled, words, full.fileno())
    assert (status, told.count("\n"), "the disk is full" in told) == (3, 1, True)


def nothing(*given: object, **named: object) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


def test_a_title_that_the_disk_does_not_take_is_one_line_and_exit_3(
    say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert say("new", "One").status == 0
    monkeypatch.setattr(whole.os, "replace", nothing)
    monkeypatch.setattr(whole.os, "unlink", nothing)
    told = say("new", "Two")
    assert (told.status, told.out.count("\n"), "two.md: the disk is read-only" in told.out) == (3, 1, True)


def test_the_first_error_of_a_write_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(whole.os, "replace", full)
    monkeypatch.setattr(whole.os, "unlink", nothing)
    with pytest.raises(OSError, match="No space left"):
        whole.write(tmp_path / "a", b"x")


def test_the_doctor_looks_at_all_else_where_nothing_can_be_written(
    say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk.Path, "touch", nothing)
    monkeypatch.setattr("nozzle.words.doctor._snapshots", nothing)
    told = say("doctor")
    assert told.status == 3
    assert f"✗ writing    {folder}: the disk is read-only" in told.out
    assert "mystmd" in told.out


def test_a_rewind_names_a_disk_that_takes_nothing(say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry(folder, cell("1"))
    say("run")
    ask = Door.ask
    cannot = Said(128, b"", "fatal: Unable to create '.git/index.lock': Read-only file system")
    monkeypatch.setattr(
        Door, "ask", lambda at, *words, **given: cannot if "checkout" in words else ask(at, *words, **given)
    )
    told = say("rewind", "HEAD~1")
    assert (told.status, "the disk is read-only" in told.out, "overwriting" in told.out) == (3, True, False)
    with pytest.raises(Unwritable, match="as the user whose"):
        unwritten("fatal: Unable to create '/a/.git/index.lock': Permission denied")
    with pytest.raises(Unwritable, match="the disk is full"):
        unwritten("error: write error: No space left on device")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read all")
def test_who_may_only_read_a_journal_is_told_what_is_trusted(say: Say, folder: Path) -> None:
    entry(folder, cell("1"))
    say("run")
    private = folder / ".git/nozzle"
    private.chmod(0)
    try:
        assert (say("trust").status, say("log").status) == (0, 0)
    finally:
        private.chmod(0o700)
