"""doctor: what is on this machine, and what it lacks."""

import json
import sys
import venv
from pathlib import Path

import pytest

from nozzle.lm import lacking
from nozzle.runner import Held, possible
from nozzle.runner.kernel import Python, Tainted
from nozzle.runner.live import Live
from nozzle.words import doctor
from tests.words.conftest import Say, cell, git


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
    assert found["words"].startswith(f"{python} (3.10.4; the project's .venv): no IPython in the Python of the cells: ")


def test_a_python_that_is_named_and_not_there_is_a_fault(say: Say, folder: Path) -> None:
    (folder / "nozzle.toml").write_text('python = "/nonexistent/python"\n')
    git(folder, "init", "-q", "-b", "main")
    said = say("doctor")
    assert (said.status, "✗ cells      the settings name the Python /nonexistent/python" in said.out) == (3, True)


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


def test_it_says_what_two_cells_showed_of_states_and_bounds(say: Say) -> None:
    found = findings(say)
    held = possible()
    assert found["snapshots"]["state"] == "ok"
    assert "kept by fork" in found["snapshots"]["words"]
    assert found["keep"]["words"].startswith("'nozzle keep' saves a state across restarts, by cloudpickle ")
    assert found["sandbox"]["state"] == ("ok" if held == Held(True, True, True) else "lacks")
    assert ("write only in their journal" in found["sandbox"]["words"]) == held.files


def test_whether_the_key_can_be_hidden_is_told_before_there_is_one(
    say: Say, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOZZLE_HOME", str(tmp_path / "fresh"))
    said = []
    for _ in range(2):
        doctor._tried.cache_clear()
        said.append([line for line in say("doctor").out.splitlines() if " key " in line])
    doctor._tried.cache_clear()
    assert said[0] == said[1] != []


def test_where_a_state_cannot_be_kept_it_says_why_and_what_that_means(
    say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Python, "freeze", lambda self: Tainted("no fork"))
    assert findings(say)["snapshots"] == {
        "what": "snapshots",
        "state": "lacks",
        "words": "no state is kept here (no fork): going back runs the cells above again, to the same answers",
    }


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (Held(False, True, False), "cells of agents reach no network, by seccomp; this system does not see to it that "
         "they write only in their journal and in shared memory, read only it and libraries in your home and "
         "signal no program outside"),
        (Held(False, False, False), "this system does not see to it that cells of agents write only in their journal "
         "and in shared memory, read only it and libraries in your home, reach no network and "
         "signal no program outside"),
    ],
)  # fmt: skip
def test_what_does_not_bind_an_agents_cell_is_named(
    say: Say, monkeypatch: pytest.MonkeyPatch, held: Held, words: str
) -> None:
    monkeypatch.setattr(Live, "held", held)
    assert findings(say)["sandbox"] == {"what": "sandbox", "state": "lacks", "words": words}


def test_where_no_kernel_can_be_watched_over_it_says_so(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.pidfd_open")
    said = say("doctor")
    assert (said.status, "✗ snapshots  no cell runs here" in said.out, "sandbox" in said.out) == (3, True, False)


def test_it_says_how_much_agents_cells_may_take(say: Say, folder: Path) -> None:
    git(folder, "init", "-q", "-b", "main")
    assert "at most" not in findings(say)["sandbox"]["words"]
    (folder / "nozzle.toml").write_text("agents_memory = 4.0\nagents_cpu = 600.0\n")
    assert findings(say)["sandbox"]["words"].endswith("they take at most 4 GB of memory and 600 s of processor time")


def test_it_says_of_each_mcp_server_whether_it_could_be_reached(
    say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mcp", reason="nozzle[mcp] is not installed")
    git(folder, "init", "-q", "-b", "main")
    (folder / "nozzle.toml").write_text(
        "[mcp.here]\ncommand = ['sh']\n\n[mcp.gone]\ncommand = ['no-such-server']\n\n"
        "[mcp.far]\nurl = 'https://example.org/mcp?key=1'\ntoken = 'A_DOOR'\n"
    )

    def told() -> list[str]:
        rows = map(json.loads, say("doctor", "--json").out.splitlines())
        return [f"{row['state']} {row['words']}" for row in rows if row["what"] == "mcp"]

    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.delenv("A_DOOR", raising=False)
    assert told() == [
        "ok mcp.here is started by sh when a cell first names it",
        "lacks mcp.gone: there is no no-such-server",
        "lacks mcp.far: neither the environment nor the keyring has A_DOOR",
    ]
    monkeypatch.setenv("A_DOOR", "open-sesame")
    assert told()[-1] == "ok mcp.far is called at example.org when a cell first names it"


def test_it_says_where_copies_of_hand_work_lie(say: Say, folder: Path) -> None:
    git(folder, "init", "-q", "-b", "main")
    assert "copies" not in findings(say)
    (folder / ".gitignore").write_text("big.csv\n")
    entry = folder / "journal" / "a.md"
    entry.parent.mkdir()
    entry.write_text(cell("_ = open('big.csv', 'w').write('1\\n')"))
    say("run")
    (folder / "journal" / "big.csv").write_text("by hand\n")
    say("run", "--again")
    found = findings(say)["copies"]
    assert (found["state"], "1 file of yours that no step may hold (0.0 MB), copied to " in found["words"]) == (
        "ok",
        True,
    )


def test_it_names_langfuse_when_its_package_is_missing(say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(folder, "init", "-q", "-b", "main")
    for name in ("LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert "langfuse" not in findings(say)
    (folder / "nozzle.toml").write_text('prompt_label = "prod"\n')
    assert "kept there as prod: LANGFUSE_PUBLIC_KEY" in findings(say)["langfuse"]["words"]
    monkeypatch.setenv("LANGFUSE_PUBLIC_KEY", "pk-lf-1")
    monkeypatch.setenv("LANGFUSE_SECRET_KEY", "sk-lf-1")
    monkeypatch.setitem(sys.modules, "langfuse", None)
    found = findings(say)["langfuse"]
    assert (found["state"], found["words"]) == ("lacks", lacking())
    assert "pip install 'nozzle[langfuse]'" in lacking()
