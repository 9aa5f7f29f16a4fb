"""The exit status of a run: 0 all ran, 1 something failed, 2 the command was wrong, 3 something is missing."""

import os
from pathlib import Path

import pytest

from tests.words.conftest import Say, cell, entry

NOWHERE = "---\nkernelspec:\n  name: nowhere\n---\n\n"


def test_a_kernel_that_is_not_here_is_3(say: Say, folder: Path) -> None:
    entry(folder, NOWHERE + cell("print(1)"))
    said = say("run")
    assert (said.status, "nowhere" in said.out) == (3, True)
    assert say("run").status == 3


@pytest.mark.parametrize(("limit", "status"), [("inf", 0), ("1e12", 0), ("nan", 1), ("-1", 1)])
def test_no_time_limit_ends_the_kernel(say: Say, folder: Path, limit: str, status: int) -> None:
    path = entry(folder, cell(f"#| timeout: {limit}\nprint('ran')"))
    assert say("run").status == status
    assert ("ran\n```\n\n<!-- /nozzle" in path.read_text()) == (status == 0)


@pytest.mark.parametrize("broken", ["settings", "environment"])
def test_a_python_that_does_not_run_is_3(say: Say, folder: Path, broken: str) -> None:
    entry(folder, cell("print(1)"))
    if broken == "settings":
        (folder / "nozzle.toml").write_text('python = "nopython"\n')
    else:
        python = folder / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        (folder / ".venv" / "pyvenv.cfg").write_text("")
        python.write_text("#!/bin/sh\nexit 7\n")
        python.chmod(0o755)
    assert say("run").status == 3
    assert say("verify").status == 1


def test_the_others_run_beside_it(say: Say, folder: Path) -> None:
    entry(folder, NOWHERE + cell("print(1)"), "journal/a.md")
    path = entry(folder, cell("print('other')"), "journal/b.md")
    assert say("run").status == 3
    assert "other\n```" in path.read_text()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anything")
def test_an_entry_that_cannot_be_written_is_1(say: Say, folder: Path) -> None:
    path = entry(folder, cell("print(1)"))
    path.parent.chmod(0o500)
    try:
        assert say("run").status == 1
    finally:
        path.parent.chmod(0o700)


def test_an_entry_that_the_disk_refuses_is_1(say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nozzle import disk
    from nozzle.errors import Unwritable

    def refuse(*_: object, **__: object) -> None:
        raise Unwritable("journal/entry.md: no space left on device; its text is unchanged")

    entry(folder, cell("print(1)"))
    monkeypatch.setattr(disk, "exchange", refuse)
    said = say("run")
    assert (said.status, "no space left on device" in said.out) == (1, True)
