"""Cells in other languages: written, replayed, verified like all others; a missing kernel holds them with one line."""

import json
import sys
from pathlib import Path

import pytest

from nozzle.words.environment import token_for
from tests.words.conftest import Say, cell, entry

pytest.importorskip("jupyter_client")
pytest.importorskip("ipykernel")
FRONT = "---\nkernelspec:\n  name: other-1\n  language: other\n---\n\n"


@pytest.fixture(autouse=True)
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ipykernel under another name and for another language."""
    file = tmp_path / "jupyter" / "kernels" / "other-1" / "kernel.json"
    file.parent.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    file.write_text(json.dumps({"argv": argv, "language": "other", "display_name": "Other"}))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    return file


def test_its_cells_run_beside_pythons_and_are_verified(say: Say, folder: Path) -> None:
    text = FRONT + cell("x = 20 + 1", "other") + "\n" + cell("print('py')") + "\n" + cell("print(2 * x)", "other")
    path = entry(folder, text)
    assert say("run").status == 0
    assert "```text\n42\n```" in path.read_text()
    assert "```text\npy\n```" in path.read_text()
    assert say("verify").status == 0
    path.write_text(path.read_text().replace("20 + 1", "30"))
    assert say("run").status == 0
    assert "```text\n60\n```" in path.read_text()


def test_a_missing_kernel_holds_its_cells_and_says_how_to_come_by_one(say: Say, folder: Path, other: Path) -> None:
    path = entry(folder, cell("print('above')") + "\n" + cell("println(1)", "julia") + "\n" + cell("print('below')"))
    said = say("run").out
    assert 'there is no kernel for julia here: in Julia, `using Pkg; Pkg.add("IJulia")`' in " ".join(said.split())
    assert "above\n```" in path.read_text()
    assert "below\n```" not in path.read_text()
    other.parent.rename(other.parent.with_name("julia"))
    path.write_text(path.read_text().replace("println(1)", "print('now')"))
    assert say("run").status == 0
    assert "now\n```" in path.read_text()
    assert "below\n```" in path.read_text()


def test_doctor_lists_it(say: Say) -> None:
    assert "other-1 (other)" in say("doctor").out


def test_a_kernel_elsewhere_is_for_the_cells_of_the_entrys_language(say: Say, folder: Path) -> None:
    text = "---\nkernel: jupyter+http://example.org\n---\n\n" + cell("echo here", "bash") + "\n" + cell("print('far')")
    path = entry(folder, text)
    said = say("run")
    assert "the kernel at example.org: plain http is for this machine only; say jupyter+https://" in said.out
    assert "```text\nhere\n```" in path.read_text()
    assert "```text\nfar" not in path.read_text()


def test_a_token_goes_to_the_server_that_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nozzle.keys.secret", {"jupyter+other:1": "kept"}.get)
    monkeypatch.setenv("JUPYTER_GATEWAY_URL", "https://one:8888/base")
    monkeypatch.setenv("JUPYTER_GATEWAY_AUTH_TOKEN", "said")
    assert [token_for(server) for server in ("one:8888", "one:9999", "other:1")] == ["said", None, "kept"]
