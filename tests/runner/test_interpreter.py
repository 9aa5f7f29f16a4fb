"""The project's own Python runs the cells, found in one order, and what it lacks is told."""

import json
import shutil
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest
from kernel_bench import Bench

from nozzle.document.events import DisplayData, ExecuteResult
from nozzle.errors import Missing
from nozzle.runner import Interpreter, find_interpreter


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.delenv("JUPYTER_PATH", raising=False)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    return tmp_path


def make(folder: Path) -> Path:
    venv.create(folder, symlinks=True)
    return folder / "bin" / "python"


def kernelspec(data: Path, name: str, **spec: object) -> None:
    folder = data / "kernels" / name
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps({"language": "python", **spec}))


def test_without_any_choice_it_is_nozzles_own(root: Path) -> None:
    own = find_interpreter(root)
    assert (own.path, own.why, own.missing) == (Path(sys.executable), "nozzle's own", "")
    assert own.version == ".".join(map(str, sys.version_info[:3]))


def test_each_choice_comes_before_the_next(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named, spec, own, active = (make(root / name) for name in ("named", "spec", ".venv", "active"))
    kernelspec(root / "jupyter", "mine", argv=[str(spec), "-m", "ipykernel"])
    monkeypatch.setenv("VIRTUAL_ENV", str(root / "active"))
    found = find_interpreter(root, named="named", kernelspec="mine")
    assert (found.path, found.why) == (named, "settings")
    found = find_interpreter(root, kernelspec="mine")
    assert (found.path, found.why) == (spec, "kernelspec mine")
    found = find_interpreter(root)
    assert (found.path, found.why) == (own, "the project's .venv")
    shutil.rmtree(root / ".venv")
    found = find_interpreter(root)
    assert (found.path, found.why) == (active, "VIRTUAL_ENV")
    assert "nozzle lends its own; `pip install ipython` there gives it one" in found.missing


@pytest.mark.parametrize("left", ["a link", "its settings"])
def test_an_environment_whose_python_is_gone_is_not_passed_over(root: Path, left: str) -> None:
    python = root / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    if left == "a link":
        python.symlink_to("/usr/bin/python3.99")
    else:
        (root / ".venv/pyvenv.cfg").touch()
    with pytest.raises(Missing, match=r"the project's \.venv\) does not run.*Make that environment again"):
        find_interpreter(root)


def test_the_python_that_runs_here_is_not_asked_under_another_name(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, other = make(root / "here"), make(root / "other")
    monkeypatch.setattr("sys.executable", str(here.with_name("python3")))
    monkeypatch.setenv("VIRTUAL_ENV", str(root / "here"))
    asked: list[Path] = []
    monkeypatch.setattr("nozzle.runner.interpreter._asked", lambda path, why: (asked.append(path), ("3.11.0", True))[1])
    found = find_interpreter(root)
    assert (found.path, found.why, asked) == (here, "VIRTUAL_ENV", [])
    assert found.version == ".".join(map(str, sys.version_info[:3]))
    find_interpreter(root, named="other")
    assert asked == [other], "the same program in another folder is another environment"


def test_a_kernelspec_of_an_environment_means_its_python(root: Path) -> None:
    own = make(root / ".venv")
    kernelspec(root / ".venv" / "share" / "jupyter", "python3", argv=["python", "-m", "ipykernel_launcher"])
    assert find_interpreter(root, kernelspec="python3").path == own


@pytest.mark.parametrize("spec", [{"argv": []}, {"argv": ["nosuch-python"]}, {}])
def test_a_kernelspec_that_cannot_be_used_is_told(root: Path, spec: dict[str, object]) -> None:
    kernelspec(root / "jupyter", "odd", **spec)
    with pytest.raises(Missing, match=r"kernel\.json"):
        find_interpreter(root, kernelspec="odd")


def test_a_kernelspec_of_another_language_chooses_no_python(root: Path) -> None:
    kernelspec(root / "jupyter", "ir", argv=["R"], language="R")
    assert find_interpreter(root, kernelspec="ir").why == "nozzle's own"


def test_a_name_that_means_nothing_is_told(root: Path) -> None:
    with pytest.raises(Missing, match="nosuch"):
        find_interpreter(root, named="nosuch")
    with pytest.raises(Missing, match="nosuch"):
        find_interpreter(root, kernelspec="nosuch")


def test_an_environment_that_does_not_run_is_told(root: Path) -> None:
    broken = root / ".venv" / "bin" / "python"
    broken.parent.mkdir(parents=True)
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(Missing, match="does not run"):
        find_interpreter(root)


@pytest.fixture
def without(root: Path) -> Interpreter:
    """An interpreter that has no IPython."""
    return find_interpreter(root, named=str(make(root / "without")))


def test_ipython_is_lent_to_the_same_version_and_nothing_else_is(
    opened: Callable[..., Bench], without: Interpreter
) -> None:
    bench = opened(interpreter=without)
    assert bench.run("from IPython.display import HTML; display(HTML('<b>x</b>')); x = !echo a\nx").status == "ok"
    assert bench.of(DisplayData)[0].data["text/html"] == "<b>x</b>"
    assert bench.run("import pytest").status == "error"
    bench.run("import sys, os; print(sys.prefix, os.environ['PATH'].split(':')[0], os.environ['VIRTUAL_ENV'])")
    home = without.path.parent.parent
    assert bench.stdout == f"{home} {home / 'bin'} {home}\n"


def test_without_any_ipython_cells_run_plainly(
    opened: Callable[..., Bench], without: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nozzle.runner.process.lent_folders", list)
    bench = opened(interpreter=without)
    bench.run("x = 1\nx + 1")
    assert bench.of(ExecuteResult)[0].data == {"text/plain": "2"}
    assert "no IPython" in bench.stderr
    bench.run("import asyncio\nawait asyncio.sleep(0, x)")
    assert (bench.of(ExecuteResult)[0].data, bench.stderr) == ({"text/plain": "1"}, "")
    bench.run("def f(): return 1/0\nf()", label="f")
    assert [line for line in bench.error.traceback if "File" in line] == [
        '  File "cell f", line 2, in <module>',
        '  File "cell f", line 1, in f',
    ]
    assert bench.run("import sys; sys.exit(2)").status == "error"
    assert bench.run("import time; time.sleep(60)", timeout=0.1).status == "timeout"
    assert bench.run("x").status == "ok"
    assert bench.run("x = (").status == "error"
    assert "".join(bench.error.traceback).startswith('  File "cell ')
