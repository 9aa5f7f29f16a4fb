"""Python cells: IPython's language, questions, interrupts, limits, deaths."""

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from kernel_bench import Bench

from nozzle.document.events import Error, ExecuteResult, InputRequest, Stream
from nozzle.runner import Limits


@pytest.mark.parametrize(
    ("source", "stdout"),
    [
        ("!echo one; echo $((1 + 1))", "one\n2\n"),
        ("word = 'x'\n!echo {word} $word", "x x\n"),
        ("lines = !echo a; echo b\nprint(lines, _exit_code)", "['a', 'b'] 0\n"),
        ("%%bash\necho $((1 + 2))\ntrue", "3\n"),
        ("%%script sh -e\necho sh", "sh\n"),
        ("%%python\nprint('child')", "child\n"),
        ("%env NAME=value\nimport os; print(os.environ['NAME'])", "env: NAME=value\nvalue\n"),
        ("%%capture kept\nprint('x')", ""),
        ("import sys\nsys.stdout.reconfigure(line_buffering=True)\nprint('x')", "x\n"),
        ("import asyncio\nawait asyncio.sleep(0.01)\nprint('woke')", "woke\n"),
        ("async def f(): return 1\nprint(await f(), [await f() for _ in 'ab'])", "1 [1, 1]\n"),
        (
            "import sys\nprint(sys.argv, sys.stdin.read() == '', sys.path[0] == __import__('os').getcwd())",
            "[''] True True\n",
        ),
        ("import pickle\nclass A: x = 1\nprint(pickle.loads(pickle.dumps(A)).x)", "1\n"),
        (
            "import inspect\ndef f():\n    return 1  # one\nprint(inspect.getsource(f))",
            "def f():\n    return 1  # one\n\n",
        ),
        ("import os\npid = os.fork()\nif pid: os.wait(); print('parent')", "parent\n"),
        ("import multiprocessing as m\nprint(m.get_context('fork').Pool(2).map(abs, [-1, -2]))", "[1, 2]\n"),
        ("from IPython import get_ipython\nprint(get_ipython() is not None)", "True\n"),
    ],
)
def test_the_language_is_ipython(shared: Bench, source: str, stdout: str) -> None:
    assert (shared.run(source).status, shared.stdout, shared.stderr) == ("ok", stdout, "")


def test_no_thread_and_no_child_is_left_by_magics(bench: Bench) -> None:
    bench.run("%%bash\ntrue")
    bench.run("!true\nx = !true")
    bench.run("import threading, os\n(threading.active_count(), len(os.listdir('/proc/self/task')))")
    assert bench.of(ExecuteResult)[0].data["text/plain"] == "(1, 1)"
    assert bench.run("os.wait()").status == "error"
    assert bench.error.ename == "ChildProcessError"


def test_a_failing_script_is_an_error(bench: Bench) -> None:
    assert bench.run("%%bash\nexit 3").status == "error"
    assert bench.error.evalue == "Command '['bash']' returned non-zero exit status 3."


def test_an_unknown_magic_is_an_error(bench: Bench) -> None:
    assert bench.run("%nosuchmagic").status == "error"
    assert (bench.error.ename, "nosuchmagic" in bench.error.evalue) == ("UsageError", True)


def test_a_question_is_answered(bench: Bench) -> None:
    assert not bench.session.answer("too early")
    course = bench.start("name = input('who? '); import getpass; word = getpass.getpass(); print(name, word)")
    for event in course:
        bench.events.append(event)
        if isinstance(event, InputRequest):
            assert bench.session.answer("secret" if event.password else "me")
            assert not bench.session.answer("twice")
    assert [(event.prompt, event.password) for event in bench.of(InputRequest)] == [
        ("who? ", False),
        ("Password: ", True),
    ]
    assert bench.stdout == "me secret\n"


def test_a_question_that_nobody_answers_is_an_end_of_file(bench: Bench) -> None:
    for event in bench.start("input()"):
        bench.events.append(event)
        if isinstance(event, InputRequest):
            bench.session.answer(None)
    assert (bench.error.ename, bench.finished.status) == ("EOFError", "error")


def test_a_question_can_be_interrupted(bench: Bench) -> None:
    for event in bench.start("input()"):
        bench.events.append(event)
        if isinstance(event, InputRequest):
            bench.session.interrupt()
    assert (bench.error.ename, bench.finished.status) == ("KeyboardInterrupt", "stopped")
    assert bench.run("1").status == "ok"


def test_a_breakpoint_asks_and_ends(bench: Bench) -> None:
    prompts = []
    for event in bench.start("x = 41\nbreakpoint()\nprint('after')"):
        bench.events.append(event)
        if isinstance(event, InputRequest):
            prompts.append(event.prompt)
            bench.session.answer("p x + 1" if len(prompts) == 1 else None)
    assert "42\n" in bench.stdout
    assert set(prompts) == {"(Pdb) "}


@pytest.mark.parametrize(
    "source",
    [
        "while True: pass",
        "import time; time.sleep(60)",
        "!sleep 60",
        "get_ipython().run_cell_magic('bash', '', 'sleep 60')",
        "x = !sleep 60",
        "import subprocess; subprocess.run(['sleep', '60'])",
        "import asyncio; await asyncio.sleep(60)",
        "import threading; threading.Event().wait()",
    ],
)
def test_an_interrupt_stops_the_cell_and_keeps_the_state(bench: Bench, source: str) -> None:
    bench.run("kept = 1")
    for event in bench.start("print('running')\n" + source):
        bench.events.append(event)
        if isinstance(event, Stream) and "running" in event.text:
            bench.session.interrupt("the author saved a new text")
    finished = bench.events[-1]
    assert (finished.status, finished.cause) == ("stopped", "the author saved a new text")
    assert [event.ename for event in bench.of(Error)] == ["KeyboardInterrupt"]
    assert bench.session.at == bench.jobs[-1].cell
    assert bench.run("kept").status == "ok"


def test_an_interrupt_before_the_first_line_is_not_lost(bench: Bench) -> None:
    course = bench.start("import time; time.sleep(60)")
    next(course)
    bench.session.interrupt()
    assert list(course)[-1].status == "stopped"
    assert bench.run("1").status == "ok"


def test_an_interrupt_between_cells_does_nothing(bench: Bench) -> None:
    bench.run("1")
    bench.session.interrupt()
    assert bench.run("2").status == "ok"


def test_an_interrupt_is_the_main_threads(bench: Bench) -> None:
    source = """
import threading
def show():
    while not done: display(1)
done = []; thread = threading.Thread(target=show); thread.start()
try:
    thread.join(60)
finally:
    done.append(1); thread.join()
"""
    for event in bench.start(source):
        bench.events.append(event)
        if len(bench.events) == 100:
            bench.session.interrupt()
    assert [event.ename for event in bench.of(Error)] == ["KeyboardInterrupt"]
    assert bench.finished.status == "stopped"


def test_a_time_limit_ends_the_cell(bench: Bench) -> None:
    finished = bench.run("import time; time.sleep(60)", timeout=0.1)
    assert (finished.status, finished.cause) == ("timeout", "time limit of 0.1 s")
    assert 0.1 <= finished.seconds < 30


def test_who_ignores_an_interrupt_is_killed(opened: Callable[..., Bench]) -> None:
    bench = opened(limits=Limits(grace=0.2))
    source = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('deaf'); time.sleep(60)"
    finished = bench.run(source, timeout=0.1)
    assert (finished.status, finished.cause) == ("timeout", "time limit of 0.1 s; it did not stop and was killed")
    assert bench.session.at == ""


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("import os; os.kill(os.getpid(), 9)", "signal 9 (SIGKILL)"),
        ("import ctypes; ctypes.string_at(0)", "signal 11 (SIGSEGV)"),
        ("import os; os.abort()", "signal 6 (SIGABRT)"),
        ("import os; os._exit(3)", "exit 3"),
    ],
)
def test_a_death_is_told_by_its_cause(bench: Bench, source: str, cause: str) -> None:
    finished = bench.run("print('last words')\n" + source)
    assert (bench.stdout, finished.status, finished.cause) == ("last words\n", "died", cause)
    assert bench.session.at == ""
    bench.jobs.clear()
    assert bench.run("1").status == "ok"


def test_a_death_of_which_nobody_can_tell_is_no_exit(bench: Bench) -> None:
    finished = bench.run(
        "import os, signal; os.kill(os.getppid(), signal.SIGKILL); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert (finished.status, finished.cause) == ("died", "it was ended together with what watches over it")
    bench.jobs.clear()
    assert bench.run("1").status == "ok"


@pytest.mark.parametrize("source", ["import sys; sys.exit(3)", "exit(3)", "raise SystemExit(3)"])
def test_an_exit_is_an_error_and_the_state_lives(shared: Bench, source: str) -> None:
    shared.run("kept = 1")
    assert shared.run(source).status == "error"
    assert (shared.error.ename, shared.error.evalue, shared.stderr) == ("SystemExit", "3", "")
    assert shared.run("kept").status == "ok"


def test_too_little_memory_is_an_error_and_the_state_lives(bench: Bench) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)); kept = 1"
    bench.run(limit)
    assert bench.run("x = bytearray(2 << 30)").status == "error"
    assert bench.error.ename == "MemoryError"
    assert bench.run("kept").status == "ok"


def test_a_cell_that_closes_everything_ends_its_kernel(bench: Bench) -> None:
    finished = bench.run("import os; os.closerange(3, 1000)\nimport time; time.sleep(60)")
    assert finished.status == "died"


def test_a_closed_session_ends_the_cell_from_another_thread(bench: Bench) -> None:
    course = bench.start("print('running'); import time; time.sleep(60)")
    closer = threading.Thread(target=bench.session.close)
    for event in course:
        bench.events.append(event)
        if isinstance(event, Stream) and event.text.startswith("running"):
            closer.start()
    closer.join()
    assert (bench.finished.status, bench.finished.cause) == ("stopped", "the kernel was closed")
    assert bench.session.at == ""


def test_what_names_a_secret_is_not_in_the_environment(
    opened: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("OPENAI_API_KEY", "github_token", "MINE")
    for name in names:
        monkeypatch.setenv(name, "hunter2")
    bench = opened(secret_names=names)
    bench.run("import os; print('hunter2' in str(os.environ), os.environ['TZ'], os.environ['PYTHONHASHSEED'])")
    assert bench.stdout == "False UTC 0\n"
    bench.run("env | grep -c hunter2; echo $TZ", language="bash")
    assert bench.stdout == "0\nUTC\n"


def test_modules_beside_the_entry_leave_no_bytecode(bench: Bench) -> None:
    (bench.folder / "mine.py").write_text("x = 1\n")
    bench.run("import mine; mine.x")
    assert bench.finished.status == "ok"
    assert sorted(path.name for path in bench.folder.iterdir()) == ["mine.py"]


@pytest.mark.parametrize("source", ["import os; os.close(1); os.close(2)", "import sys; sys.stdout.close()"])
def test_a_cell_that_closes_its_streams_closes_no_others(bench: Bench, source: str) -> None:
    bench.run(source)
    bench.run("import sys; print('out'); print('err', file=sys.stderr)")
    assert (bench.finished.status, bench.stdout, bench.stderr) == ("ok", "out\n", "err\n")


def test_one_cell_at_a_time(bench: Bench) -> None:
    course = bench.start("1")
    next(course)
    assert bench.session.drain() == []
    with pytest.raises(RuntimeError, match="one at a time"):
        next(bench.session.run(bench.jobs))
    list(course)


def test_who_leaves_before_the_end_leaves_nothing_running(bench: Bench) -> None:
    course = bench.start("import os; print(os.getpid()); import time; time.sleep(60)")
    pid = next(event.text for event in course if isinstance(event, Stream)).strip()
    course.close()
    assert bench.session.at == ""
    assert not Path("/proc", pid).exists()
    bench.jobs.clear()
    assert bench.run("1").status == "ok"


SHADOWS = sorted(
    {name for name in sys.stdlib_module_names if not name.startswith("__")}
    | {"IPython", "traitlets", "pygments", "numpy"}
)


def test_no_file_beside_an_entry_stands_for_a_library(opened: Callable[..., Bench]) -> None:
    bench = opened()
    for name in SHADOWS:
        (bench.folder / f"{name}.py").write_text(f"open({str(bench.folder / 'ran')!r}, 'a').write('{name} ')\n")
    lines = (
        "1 + 1",
        "1 / 0",
        "f(",
        "!true",
        "%time 1",
        "import random; random.random()",
        "from datetime import datetime as d",
    )
    for line in (*lines, "d.strptime('2020', '%Y')"):
        bench.run(line)
    assert not (bench.folder / "ran").exists(), (bench.folder / "ran").read_text()


FOUND = {
    "one": "import two, colorsys",
    "two": "word = 'mine'",
    "colorsys": "word = 'my own'",
    "other": "word = 'by name'",
}


def test_a_module_beside_an_entry_is_found_by_cells_and_by_its_like_and_by_name(bench: Bench) -> None:
    for name, code in FOUND.items():
        (bench.folder / f"{name}.py").write_text(code)
    bench.run("import one, pkgutil\nprint(one.two.word, one.colorsys.word, pkgutil.resolve_name('other:word'))")
    assert bench.stdout == "mine my own by name\n"
