"""An error reads like Python's own: the author's lines, no machinery, no path of this machine, the same every time."""

import textwrap

import pytest
from kernel_bench import Bench

from nozzle.document.events import Error


def shown(bench: Bench) -> str:
    return "\n".join(bench.error.traceback) + "\n"


def test_the_frames_are_the_cells(bench: Bench) -> None:
    bench.run("def divide(a):\n    return a / 0", label="tools")
    assert bench.run("x = 1\n\ndivide(x)", label="use").status == "error"
    assert (bench.error.ename, bench.error.evalue) == ("ZeroDivisionError", "division by zero")
    lines = [line.strip() for line in bench.error.traceback if "^" not in line]
    assert lines == [
        "Traceback (most recent call last):",
        'File "cell use", line 3, in <module>',
        "divide(x)",
        'File "cell tools", line 2, in divide',
        "return a / 0",
        "ZeroDivisionError: division by zero",
    ]


def test_a_compiled_function_that_is_refused_shows_the_authors_lines_alone(bench: Bench) -> None:
    source = "from nozzle import aot\n\n@aot.compile\ndef odd(a):\n    return eval('a')\n\nodd(1.0)"
    assert bench.run(source, label="odd").status == "error"
    assert [line.strip() for line in bench.error.traceback if 'File "' in line] == [
        'File "cell odd", line 7, in <module>'
    ]
    assert "cell odd:5: not admissible in a compiled function: a call of eval" in shown(bench)


def test_a_compiled_function_that_runs_as_python_fails_like_one(bench: Bench) -> None:
    source = "from nozzle import aot\n\n@aot.compile\ndef third(a, i):\n    return a[i]\n\n"
    source += "import numpy as np\nthird(np.ones(3), 7)"
    assert bench.run(source, label="third").status == "error"
    assert bench.error.ename == "IndexError"
    assert 'File "nozzle' not in shown(bench)
    assert "return a[i]" in shown(bench)


def test_a_cell_without_a_label_is_named_by_its_digest(bench: Bench) -> None:
    bench.run("1/0")
    assert f'File "cell {bench.jobs[0].cell[:8]}", line 1' in shown(bench)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("x = (1,\n", "was never closed"),
        ("x = = 1", "invalid syntax"),
        ("if True:\nx = 1", "expected an indented block"),
        ("return 1", "outside function"),
        ("!echo before\nx = = 1", "line 2"),
    ],
)
def test_a_syntax_error_shows_the_line(shared: Bench, source: str, words: str) -> None:
    assert shared.run(source, label="typo").status == "error"
    assert words in shown(shared)
    assert 'File "cell typo", line' in shown(shared)
    assert "Traceback" not in shown(shared)


@pytest.mark.parametrize("source", ["\n\n1/0", "\n  \n1/0\n\n", "\n\nx = = 1"])
def test_blank_lines_at_the_top_count(shared: Bench, source: str) -> None:
    shared.run(source, label="low")
    assert 'File "cell low", line 3' in shown(shared)
    assert source.strip() in shown(shared)


def test_a_magic_cell_shows_the_authors_own_line(bench: Bench) -> None:
    bench.run("!true\nword = 'x'\n!echo {missing}\n1/0", label="m")
    assert "    1/0" in shown(bench)
    assert "get_ipython" not in shown(bench)


def test_causes_and_contexts_are_told(bench: Bench) -> None:
    source = """
    try:
        try:
            {}["key"]
        except KeyError as error:
            raise ValueError("second") from error
    except ValueError:
        raise TypeError("third")
    """
    bench.run(textwrap.dedent(source))
    for words in ("KeyError: 'key'", "direct cause", "ValueError: second", "During handling", "TypeError: third"):
        assert words in shown(bench)


def test_a_group_of_exceptions_is_told_whole(bench: Bench) -> None:
    bench.run("raise ExceptionGroup('both', [ValueError('one'), TypeError('two')])")
    assert "ExceptionGroup: both (2 sub-exceptions)" in shown(bench)
    assert "ValueError: one" in shown(bench)


def test_a_note_is_told(bench: Bench) -> None:
    bench.run("e = ValueError('x'); e.add_note('look here'); raise e")
    assert bench.error.traceback[-1] == "look here"


@pytest.mark.parametrize(
    "source",
    [
        "def f(): f()\nf()",
        "def f(): g()\ndef g(): h()\ndef h(): f()\nf()",
        "a = []; a.append(a); import json; json.dumps(a)",
    ],
)
def test_a_recursion_error_is_short(bench: Bench, source: str) -> None:
    assert bench.run(source).status == "error"
    assert len(shown(bench)) < 10_000
    first = bench.error
    bench.session.close()
    bench.again()
    assert bench.error == first


def test_library_frames_are_named_from_their_library_on(bench: Bench) -> None:
    (bench.folder / "mine.py").write_text("import json\ndef load(text):\n    return json.loads(text)\n")
    bench.run("import mine; mine.load('{')")
    assert 'File "journal/mine.py", line 3, in load' in shown(bench)
    assert 'File "json/decoder.py", line' in shown(bench)
    bench.run("import numpy; numpy.linalg.inv(numpy.zeros((2, 2)))")
    assert 'File "numpy/linalg/' in shown(bench)


@pytest.mark.parametrize(
    "source",
    [
        "1/0",
        "%timeit -n1 -r1 1/0",
        "!exit 3\n%%nosuch",
        "%run nosuch.py",
        "await nothing",
        "display(nothing)",
        "get_ipython().run_line_magic('x', '')",
    ],
)
def test_no_path_and_no_frame_of_the_machinery_is_shown(shared: Bench, source: str) -> None:
    shared.run(source)
    told = "\n".join(line for event in shared.of(Error) for line in event.traceback) + shared.stderr
    assert told
    for word in ("site-packages", "IPython/", "interactiveshell", "nozzle", "worker", "/tmp", "<decorator"):
        assert word not in told


def test_what_python_prints_by_itself_names_no_path_and_no_address(bench: Bench) -> None:
    source = """
import threading, warnings, http.client
def fail(): 1/0
thread = threading.Thread(target=fail, name='mine'); thread.start(); thread.join()
class A:
    def __del__(self): {}['key']
a = A(); del a
warnings.warn('look')
http.client.warnings = warnings
exec(compile('warnings.warn("there")', http.client.__file__, 'exec'), {'warnings': warnings})
get_ipython().events.register('post_run_cell', lambda result: warnings.warn('after', stacklevel=2))
"""
    assert bench.run(source, label="t").status == "ok"
    for line in (
        "Exception in thread mine:",
        '  File "cell t", line 3, in fail',
        "ZeroDivisionError: division by zero",
        "Exception ignored in: A.__del__",
        "KeyError: 'key'",
        "cell t:8: UserWarning: look",
        "http/client.py:1: UserWarning: there",
        "UserWarning: after",
    ):
        assert line in bench.stderr.splitlines()
    assert "0x" not in bench.stderr
    assert "/lib/" not in bench.stderr


def test_the_last_error_can_be_looked_at(bench: Bench) -> None:
    bench.run("x = 41; x / 0")
    bench.run("import sys; print(type(sys.last_value).__name__)")
    assert bench.stdout == "ZeroDivisionError\n"


def test_a_figure_that_cannot_be_drawn_is_an_error(bench: Bench) -> None:
    assert bench.run("import matplotlib.pyplot as plt; plt.title('$\\\\nosuch$')").status == "error"
    assert "nosuch" in shown(bench)


def test_an_exception_that_cannot_be_told_is_told(bench: Bench) -> None:
    bench.run("class E(Exception):\n    def __str__(self): raise RuntimeError\nraise E")
    assert bench.error.evalue == "<exception str() failed>"
    assert bench.run("raise ValueError('x' * 10**6)").status == "error"
    assert len(shown(bench)) < 20_000
