"""Folders that no cell may read stay unread, and nothing else changes for the cells."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from kernel_bench import Bench


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    folder = tmp_path / "secret"
    folder.mkdir()
    (folder / "key").write_text("hunter2")
    return folder


@pytest.fixture
def hiding(opened: Callable[..., Bench], secret: Path) -> Bench:
    bench = opened(hidden=[secret])
    bench.run("1")
    if not bench.session.hides:
        pytest.skip("this system refuses user namespaces")
    return bench


def attempts(key: Path) -> list[str]:
    peek = key.parent.parent / "peek"
    bind = f"mkdir -p {peek} && mount --bind / {peek} && cat {peek}{key}"
    return [
        f"cat {key}",
        f"umount {key.parent}; cat {key}",
        f"umount -l {key.parent}; cat {key}",
        f"unshare -Urm sh -c 'umount {key.parent}; cat {key}'",
        f"cat /proc/{os.getpid()}/root{key}",
        f"cat /proc/{os.getpid()}/cwd/../..{key}",
        f"for p in /proc/[0-9]*; do cat $p/root{key}; done",
        f"nsenter -m -t {os.getpid()} cat {key}",
        bind,
    ]


def test_no_python_cell_reads_the_hidden_folder(hiding: Bench, secret: Path) -> None:
    for attempt in attempts(secret / "key"):
        hiding.run("!" + attempt)
        assert "hunter2" not in hiding.stdout
    assert hiding.run(f"open({str(secret / 'key')!r})").status == "error"
    hiding.run(f"import os; print(os.listdir({str(secret)!r}))")
    assert hiding.stdout == "[]\n"


def test_no_bash_cell_reads_the_hidden_folder(hiding: Bench, secret: Path) -> None:
    for attempt in attempts(secret / "key"):
        hiding.run(attempt, language="bash")
        assert "hunter2" not in hiding.stdout
    assert hiding.session.hides


def test_the_host_still_reads_it(hiding: Bench, secret: Path) -> None:
    assert (secret / "key").read_text() == "hunter2"


def test_all_else_is_as_before(hiding: Bench) -> None:
    subprocess.run(["git", "init", "-q", hiding.folder.parent], check=True)
    (hiding.folder / "old").write_text("old")
    hiding.run(
        "open('new', 'w').write(open('old').read()); import os; print(os.getuid(), os.stat('old').st_uid, os.getcwd())"
    )
    assert hiding.stdout == f"{os.getuid()} {os.getuid()} {hiding.folder}\n"
    hiding.run("git status --porcelain; id -u; echo x > made; ls", language="bash")
    assert hiding.stdout.splitlines() == ["?? journal/", str(os.getuid()), "made", "new", "old"]
    assert (hiding.folder / "new").stat().st_uid == os.getuid()


def test_what_is_not_there_is_not_hidden(opened: Callable[..., Bench], tmp_path: Path) -> None:
    bench = opened(hidden=[tmp_path / "nosuch"])
    assert bench.run("1").status == "ok"
    assert not bench.session.hides


def test_nothing_to_hide(bench: Bench) -> None:
    bench.run("1")
    assert not bench.session.hides
