"""Entries whose cells run on another machine, by ssh: a real sshd on loopback."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sshd import SSHD, WHY_NOT, Sshd, sshd
from tests.words.conftest import Say, cell, entry, git

pytestmark = pytest.mark.skipif(SSHD is None, reason=WHY_NOT)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("sshd")) as host:
        yield host


@pytest.fixture
def host(running: Sshd, monkeypatch: pytest.MonkeyPatch) -> Sshd:
    monkeypatch.setenv("PATH", running.path)
    return running


def front(folder: Path) -> str:
    return f"---\nkernel: ssh://far{folder}\n---\n\n"


def test_its_cells_run_there_in_python_and_in_bash(say: Say, folder: Path, tmp_path: Path, host: Sshd) -> None:
    there = tmp_path / "there"
    there.mkdir()
    text = cell("open('made', 'w').write('by python')\nx = 20") + "\n" + cell("cat made; pwd", "bash")
    path = entry(folder, front(there) + text + "\n" + cell("print(x + 1)"))
    said = say("run")
    assert said.status == 0, said.out
    assert f"```text\nby python{there}\n```" in path.read_text()
    assert "```text\n21\n```" in path.read_text()
    assert (there / "made").exists()
    assert say("due").out == "nothing is due\n"
    path.write_text(path.read_text().replace("x + 1", "x + 2"))
    assert say("run").status == 0
    assert "```text\n22\n```" in path.read_text()
    assert say("verify").status == 0
    assert not host.lines()


def test_a_prompt_beside_it_is_there_too(say: Say, folder: Path, tmp_path: Path, host: Sshd) -> None:
    git(folder, "init", "-q")
    path = entry(folder, front(tmp_path) + cell("import os; x = 20"))
    assert "cells in python run at ssh://far" in say("repl", input="1\n").out
    assert say("run").status == 0
    said = say("repl", str(path), input="print(x + 1, os.getcwd())\n").out
    assert f"21 {tmp_path}" in said


def test_a_host_that_is_away_takes_nothing_and_the_cell_runs_when_it_is_back(
    say: Say, folder: Path, tmp_path: Path, host: Sshd
) -> None:
    path = entry(folder, front(tmp_path) + "before\n\n" + cell("print(6 * 7)") + "\nafter\n")
    config = host.folder / "ssh_config"
    good = config.read_text()
    config.write_text(good.replace(f"Port {host.port}", "Port 1"))
    try:
        said = say("run")
    finally:
        config.write_text(good)
    assert said.status == 1
    assert "far cannot be reached (ssh: connect to host 127.0.0.1 port 1" in " ".join(path.read_text().split())
    assert "before\n\n```{code-cell}" in path.read_text()
    assert path.read_text().rstrip().endswith("after")
    assert say("run").status == 0
    assert "```text\n42\n```" in path.read_text()


def test_somebody_elses_entry_connects_to_nothing_before_it_is_trusted(
    say: Say, tmp_path: Path, host: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, called = tmp_path / "theirs", tmp_path / "called"
    theirs.mkdir()
    git(theirs, "init", "-q", "-b", "main")
    entry(theirs, front(tmp_path) + cell("print('there')"))
    git(theirs, "add", "-A")
    git(theirs, "-c", "user.name=They", "-c", "user.email=they@example.org", "commit", "-qm", "theirs")
    subprocess.run(["git", "clone", "-q", str(theirs), str(tmp_path / "clone")], check=True)
    monkeypatch.chdir(tmp_path / "clone")
    (tmp_path / "bin").mkdir()
    ssh = tmp_path / "bin" / "ssh"
    ssh.write_text(f'#!/bin/sh\ntouch "{called}"\nexec "{host.folder / "bin" / "ssh"}" "$@"\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{host.path}")
    for words in (("due",), ("run",), ("verify",)):
        say(*words)
    assert "'nozzle trust journal/entry.md' shows it" in say("run").out
    assert not called.exists()
    assert f"ssh://far{tmp_path}" in say("trust", input="n\n").out
    assert say("trust", "--yes").status == 0
    assert say("run").status == 0
    assert called.exists()
    assert "```text\nthere\n```" in (tmp_path / "clone/journal/entry.md").read_text()
