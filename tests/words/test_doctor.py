"""doctor: what is on this machine, and what it lacks."""

import json
import sys
import venv
from pathlib import Path

import pytest

from tests.words.conftest import Say, git


def findings(say: Say) -> dict[str, dict[str, str]]:
    return {each["what"]: each for each in map(json.loads, say("doctor", "--json").out.splitlines())}


def test_it_names_the_python_that_runs_cells_and_why(say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    found = findings(say)["cells"]
    version = ".".join(map(str, sys.version_info[:3]))
    assert (found["state"], found["words"]) == ("ok", f"{sys.executable} ({version}; nozzle's own)")


def test_it_names_what_the_projects_python_lacks(say: Say, folder: Path) -> None:
    git(folder, "init", "-q", "-b", "main")
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho 3.10.4 False\n")
    python.chmod(0o755)
    found = findings(say)["cells"]
    assert found["state"] == "lacks"
    assert found["words"].startswith(f"{python} (3.10.4; the project's .venv): IPython: no rich display")


def test_without_git_it_exits_with_3(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nozzle.words.doctor.shutil.which", lambda name: None)
    said = say("doctor")
    assert (said.status, "✗ git" in said.out) == (3, True)


def test_it_names_exactly_what_is_lent_to_an_environment_without_ipython(say: Say, folder: Path) -> None:
    git(folder, "init", "-q", "-b", "main")
    venv.create(folder / ".venv", symlinks=True)
    told = findings(say)["cells"]["words"]
    assert "nozzle lends its own" in told
    assert "traitlets, matplotlib_inline, " in told
    assert "nothing else" in told
