"""Kernels of Jupyter's: the same session, the same events; what cannot be kept is run again."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from kernel_bench import Bench

from nozzle.document.events import (
    ClearOutput,
    DisplayData,
    Error,
    ExecuteResult,
    InputRequest,
    Replaying,
    Stream,
)
from nozzle.errors import Missing
from nozzle.runner import Kernelspecs, Limits, Snapshots

pytest.importorskip("jupyter_client")
pytest.importorskip("ipykernel")
IPYKERNEL = [sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"]


def kernel(data: Path, name: str, argv: list[str], language: str = "python") -> None:
    folder = data / "kernels" / name
    folder.mkdir(parents=True)
    said = {"argv": argv, "language": language, "display_name": name}
    (folder / "kernel.json").write_text(json.dumps(said))


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of kernelspecs with one in it: an ipykernel by the name of `other`."""
    data = tmp_path / "jupyter"
    kernel(data, "other", IPYKERNEL, "otherese")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(data))
    return data


@pytest.fixture
def other(specs: Path, opened: Callable[..., Bench]) -> Callable[..., Bench]:
    bench = opened(limits=Limits(grace=20.0))

    def run(source: str, **options: object) -> Bench:
        bench.run(source, **{"language": "other", **options})
        return bench

    return run


def test_what_it_prints_and_shows_comes_in_its_order(other: Callable[..., Bench]) -> None:
    source = """import sys, IPython.display as d
print('one')
d.display(d.HTML('<b>two</b>'), display_id='x')
print('three')
print('four', file=sys.stderr)
d.clear_output(wait=True)
d.update_display(d.JSON({'five': 5}), display_id='x')
6"""
    bench = other(source)
    shown = [event for event in bench.events if isinstance(event, (Stream, DisplayData, ClearOutput, ExecuteResult))]
    first, two, three, _, wait, five, six = shown
    assert (first.text, three.text, bench.stderr) == ("one\n", "three\n", "four\n")  # type: ignore[union-attr]
    assert (two.data["text/html"], two.display_id, two.update) == ("<b>two</b>", "x", False)  # type: ignore[union-attr]
    assert wait == ClearOutput(bench.jobs[-1].cell, True)
    assert (five.data["application/json"], five.update) == ('{"five": 5}', True)  # type: ignore[union-attr]
    assert six.data["text/plain"] == "6"  # type: ignore[union-attr]
    assert (bench.finished.status, bench.finished.spawned) == ("ok", True)
    assert bench.finished.packages["python"] == ".".join(map(str, sys.version_info[:3]))
    assert bench.finished.memory > 1_000_000


def test_the_state_is_kept_from_cell_to_cell_and_a_failure_is_plain_text(other: Callable[..., Bench]) -> None:
    other("x = 1")
    bench = other("x += 1\nx / 0")
    assert (bench.finished.status, bench.error.ename, bench.error.evalue) == (
        "error",
        "ZeroDivisionError",
        "division by zero",
    )
    assert bench.error.traceback
    assert not any("\x1b" in row for row in bench.error.traceback)
    assert other("print(x)").stdout == "2\n"


def test_it_runs_in_the_entrys_folder_without_the_authors_keys(
    other: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = other("import os; print(os.getcwd(), os.environ['PYTHONHASHSEED'])")
    assert bench.stdout == f"{bench.folder} 0\n"


def test_a_question_is_put_and_answered(other: Callable[..., Bench]) -> None:
    bench = other("pass")
    for event in bench.start("print(input('name? '))", language="other"):
        bench.events.append(event)
        if isinstance(event, InputRequest):
            assert event.prompt == "name? "
            bench.session.answer("Ada")
    assert bench.stdout == "Ada\n"


def test_a_question_that_nobody_answers_ends_the_input(other: Callable[..., Bench]) -> None:
    bench = other("pass")
    bench.events = []
    for event in bench.start("input()", language="other"):
        bench.events.append(event)
        if isinstance(event, InputRequest):
            bench.session.answer(None)
    assert bench.error.ename == "EOFError"


def test_an_interrupt_stops_the_cell_and_not_the_kernel(other: Callable[..., Bench]) -> None:
    bench = other("x = 1")
    bench.events = []
    for event in bench.start("import time\nprint('on')\ntime.sleep(60)", language="other"):
        bench.events.append(event)
        if isinstance(event, Stream):
            bench.session.interrupt()
    assert (bench.finished.status, bench.finished.cause) == ("stopped", "you stopped it")
    assert [event.ename for event in bench.of(Error)] == ["KeyboardInterrupt"]
    bench.run("print(x)", language="other")
    assert not bench.of(Replaying)
    assert bench.stdout == "1\n"


def test_who_ignores_an_interrupt_is_killed(specs: Path, opened: Callable[..., Bench]) -> None:
    bench = opened(limits=Limits(grace=0.1))
    deaf = "import signal, time\nsignal.signal(2, signal.SIG_IGN)\nprint('on')\ntime.sleep(60)"
    for event in bench.start(deaf, language="other"):
        bench.events.append(event)
        if isinstance(event, Stream):
            bench.session.interrupt()
    assert (bench.finished.status, bench.finished.cause) == (
        "stopped",
        "you stopped it; it did not stop and was killed",
    )


@pytest.mark.parametrize(
    ("death", "words"), [("os._exit(3)", "exit 3"), (f"os.kill(os.getpid(), {signal.SIGKILL:d})", "signal 9 (SIGKILL)")]
)
def test_its_death_is_told_and_the_cells_above_run_again(other: Callable[..., Bench], death: str, words: str) -> None:
    other("import os\nx = 7")
    bench = other(f"print('bye', flush=True)\n{death}")
    assert (bench.finished.status, bench.finished.cause.partition(":")[0]) == ("died", words)
    del bench.jobs[-1]
    bench = other("print(x)")
    assert (bench.stdout, len(bench.of(Replaying))) == ("7\n", 1)


def test_a_kernel_that_started_afresh_behind_our_back_is_no_kernel_of_ours(other: Callable[..., Bench]) -> None:
    other("x = 1")
    other("get_ipython().execution_count = 1")  # as one counts whose front end has started it anew
    bench = other("1")
    assert bench.finished.status == "died"
    assert "it had started afresh by itself" in bench.finished.cause
    assert bench.session.at == ""


def test_its_state_is_not_kept_and_a_rewind_runs_its_cells_again(specs: Path, opened: Callable[..., Bench]) -> None:
    kept = Snapshots("always")
    bench = opened(snapshots=kept)
    bench.run("x = [1]", language="other")
    bench.run("x.append(2)", language="other")
    assert not kept.all()
    assert bench.session.live.tainted == "the state of the Jupyter kernel other cannot be kept"
    bench.delete(1)
    bench.run("print(x)", language="other")
    assert (bench.stdout, len(bench.of(Replaying))) == ("[1]\n", 1)


def test_nothing_is_left_when_it_is_closed(other: Callable[..., Bench]) -> None:
    bench = other("import os; print(os.getpid())")
    pid = int(bench.stdout)
    bench.session.close()
    assert not Path(f"/proc/{pid}").exists()


def test_no_cell_of_an_agent_runs_in_it_or_beside_it(other: Callable[..., Bench]) -> None:
    bench = other("open('made', 'w')", confined=True)
    cause = "it cannot run in bounds here: nothing can bind the Jupyter kernel"
    assert (bench.finished.status, bench.finished.cause) == ("error", f"{cause} for other")
    assert not (bench.folder / "made").exists()
    bench.jobs.clear()
    other("x = 1")
    bench = other("print('python')", language="python", confined=True)
    assert (bench.stdout, bench.finished.cause) == ("", f"{cause} other")


def test_a_kernel_that_does_not_start_says_its_last_words(specs: Path, opened: Callable[..., Bench]) -> None:
    kernel(specs, "broken", ["sh", "-c", "echo no library >&2; exit 4"])
    finished = opened().run("1", language="broken")
    assert (finished.status, finished.cause) == ("died", "it did not start (exit 4): no library")


def test_a_kernel_is_found_by_its_name_then_by_its_language(specs: Path) -> None:
    kernel(specs, "julia-1.9", ["julia"], "julia")
    kernel(specs, "julia-1.10", ["julia"], "julia")
    found = Kernelspecs()
    assert found.find("julia-1.9").name == "julia-1.9"
    assert found.find("Julia").name == "julia-1.10"
    assert found.find("otherese").name == "other"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("julia", 'there is no kernel for julia here: in Julia, `using Pkg; Pkg.add("IJulia")`'),
        ("brainfuck", "there is no kernel for brainfuck here: install a Jupyter kernel for it; "),
        ("../evil", "is no name of a Jupyter kernelspec"),
    ],
)
def test_a_missing_kernel_gets_one_line(specs: Path, language: str, words: str) -> None:
    told = Kernelspecs().lacks(language)
    assert words in told
    assert "\n" not in told
    with pytest.raises(Missing):
        Kernelspecs().find(language)


def test_without_jupyter_client_it_says_what_to_install(specs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert Kernelspecs().lacks("other").endswith("pip install 'nozzle[jupyter]'")
    assert Kernelspecs().lacks("python") == ""


@pytest.mark.heavy
def test_deno_runs_typescript(specs: Path, opened: Callable[..., Bench]) -> None:
    deno = shutil.which("deno", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if deno is None:
        pytest.skip("deno is not installed")
    kernel(specs, "deno", [deno, "jupyter", "--kernel", "--conn", "{connection_file}"], "typescript")
    bench = opened()
    bench.run("const x: number[] = [1, 2];\nconsole.log('hello');\nx", language="typescript")
    assert (bench.finished.status, bench.stdout) == ("ok", "hello\n")
    assert bench.of(ExecuteResult)[0].data["text/plain"] == "[ 1, 2 ]"
    bench.run("throw new Error('no')", language="typescript")
    assert (bench.finished.status, bench.error.ename, bench.error.evalue) == ("error", "Error", "no")
    bench.jobs.pop()
    bench.run("Deno.exit(3)", language="typescript")
    assert bench.finished.status == "died"
    bench.jobs.pop()
    bench.run("x.length", language="typescript")
    assert (bench.of(ExecuteResult)[0].data["text/plain"], len(bench.of(Replaying))) == ("2", 1)


def test_a_kernel_that_python_runs_starts_with_no_file_beside_the_entry(
    other: Callable[..., Bench], tmp_path: Path
) -> None:
    folder, ran = tmp_path / "root" / "journal", tmp_path / "ran"
    for name in sorted(
        {name for name in sys.stdlib_module_names if not name.startswith("__")}
        | {"ipykernel_launcher", "traitlets", "zmq", "ipykernel", "IPython"}
    ):
        (folder / f"{name}.py").write_text(f"open({str(ran)!r}, 'a').write('{name} ')\n")
    bench = other("1 + 1")
    assert (bench.finished.status, ran.read_text() if ran.exists() else "") == ("ok", "")
