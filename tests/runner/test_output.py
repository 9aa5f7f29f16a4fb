"""What a cell prints and shows arrives as it comes, in order, whole or with its size told."""

import base64
from collections.abc import Callable
from itertools import groupby

import pytest
from kernel_bench import Bench, until

from nozzle.document.events import ClearOutput, DisplayData, ExecuteResult, Finished, Late, Started, Stream
from nozzle.runner import Limits

CLIB = "import ctypes, os, subprocess, sys; C = ctypes.CDLL(None)\n"


def test_a_cell_starts_prints_and_finishes(bench: Bench) -> None:
    bench.run("print('a'); print('b')")
    assert isinstance(bench.events[0], Started)
    assert {event.cell for event in bench.events} == {bench.jobs[0].cell}
    assert (bench.stdout, bench.finished.status) == ("a\nb\n", "ok")


def test_output_comes_while_the_cell_still_runs(bench: Bench) -> None:
    course = bench.start("print('now', end=''); import time; time.sleep(60)")
    said = next(event for event in course if isinstance(event, Stream))
    assert said.text == "now"
    bench.session.interrupt()
    assert list(course)[-1].status == "stopped"


@pytest.mark.parametrize(
    "write",
    [
        "print('x', flush=False)",
        "sys.stdout.write('x\\n')",
        "sys.stdout.buffer.write(b'x\\n')",
        "sys.__stdout__.write('x\\n')",
        "os.write(1, b'x\\n')",
        "C.puts(b'x')",
        "C.printf(b'x\\n')",
        "os.system('echo x')",
        "subprocess.run(['echo', 'x'])",
        "subprocess.run([sys.executable, '-c', 'print(\"x\")'])",
        "get_ipython().system('echo x')",
    ],
)
def test_all_ways_to_print_are_seen(shared: Bench, write: str) -> None:
    shared.run(CLIB + "_ = " + write)
    assert shared.stdout == "x\n"


def test_both_streams_come_in_the_order_they_were_written(bench: Bench) -> None:
    bench.run("import sys\nfor i in range(50): print(i, file=(sys.stdout, sys.stderr)[i % 2])")
    runs = groupby(bench.of(Stream), key=lambda event: event.name)
    assert ["".join(event.text for event in run) for _, run in runs] == [f"{i}\n" for i in range(50)]


def test_displays_stand_between_the_lines_around_them(bench: Bench) -> None:
    bench.run("import os; os.system('echo before'); display(1); print('after')")
    kinds = [kind for kind, _ in groupby(type(event) for event in bench.events)]
    assert kinds == [Started, Stream, DisplayData, Stream, Finished]


def test_a_character_cut_in_two_comes_whole(bench: Bench) -> None:
    bench.run("import os, time; os.write(1, b'\\xe2\\x82'); display(0); os.write(1, b'\\xac'); os.write(1, b'\\xff')")
    assert bench.stdout == "€�"


def test_half_a_character_at_the_end_is_not_lost(bench: Bench) -> None:
    bench.run("import os; _ = os.write(1, b'a\\xe2\\x82')")
    assert bench.stdout == "a�"


def test_the_last_value_is_the_result(bench: Bench) -> None:
    bench.run("{'a': 1}")
    assert bench.of(ExecuteResult)[0].data == {"text/plain": "{'a': 1}"}
    bench.run("'quiet';")
    assert not bench.of(ExecuteResult)
    bench.run("_['a']")
    assert bench.of(ExecuteResult)[0].data["text/plain"] == "1"


def test_rich_objects_show_themselves(bench: Bench) -> None:
    source = """
from IPython.display import HTML, SVG, Image, JSON, Latex, Markdown, display
display(HTML('<b>h</b>'), Markdown('*m*'), Latex('$l$'))
display(SVG('<svg xmlns="http://www.w3.org/2000/svg"/>'), JSON({'a': 1}))
class Picture:
    def _repr_png_(self): return b'\\x89PNG'
Picture()
"""
    bench.run(source)
    html, markdown, latex, svg, json = (event.data for event in bench.of(DisplayData))
    assert (html["text/html"], markdown["text/markdown"], latex["text/latex"]) == ("<b>h</b>", "*m*", "$l$")
    assert svg["image/svg+xml"].startswith("<svg")
    assert json["application/json"] == '{"a": 1}'
    (picture,) = bench.of(ExecuteResult)
    assert base64.b64decode(picture.data["image/png"]) == b"\x89PNG"


def test_a_display_is_updated_under_its_name(bench: Bench) -> None:
    bench.run("h = display(1, display_id='d'); h.update(2)")
    first, second = bench.of(DisplayData)
    assert (first.display_id, first.update, second.display_id, second.update) == ("d", False, "d", True)
    assert second.data["text/plain"] == "2"


def test_output_can_be_cleared(bench: Bench) -> None:
    bench.run("from IPython.display import clear_output; clear_output(wait=True); clear_output()")
    assert [event.wait for event in bench.of(ClearOutput)] == [True, False]


def test_figures_come_at_the_end_and_are_always_the_same(bench: Bench) -> None:
    source = "import matplotlib.pyplot as plt; plt.plot([1, 3, 2]); print('drawn')"
    bench.run("import matplotlib_inline.backend_inline as b; b.set_matplotlib_formats('png', 'svg')")
    bench.run(source)
    (figure,) = bench.of(DisplayData)
    assert bench.events.index(figure) > next(i for i, e in enumerate(bench.events) if isinstance(e, Stream))
    assert base64.b64decode(figure.data["image/png"]).startswith(b"\x89PNG")
    assert "<svg" in figure.data["image/svg+xml"]
    bench.session.close()
    bench.again()
    assert bench.of(DisplayData) == [figure]


def test_output_over_the_limit_is_counted_not_kept(opened: Callable[..., Bench]) -> None:
    bench = opened(limits=Limits(output_bytes=1000))
    bench.run("print('x' * 4999)")
    assert bench.stdout == "x" * 1000
    assert bench.stderr == ""
    assert bench.finished.left_out == "1000 bytes of output kept, 4000 bytes more left out"
    bench.run("print('y')")
    assert (bench.stdout, bench.finished.left_out) == ("y\n", "")


def test_output_far_over_the_limit_interrupts_the_cell(opened: Callable[..., Bench]) -> None:
    bench = opened(limits=Limits(output_bytes=1000, hard_bytes=100_000))
    bench.run("while True: print('x' * 1000)")
    assert (bench.finished.status, bench.finished.cause) == ("stopped", "more than 0.1 MB of output")
    assert len(bench.stdout) == 1000
    assert bench.run("while True: display('x' * 1000)").status == "stopped"


def test_what_a_thread_prints_after_its_cell_is_late(bench: Bench) -> None:
    source = """
import threading
go = threading.Event()
def late(): go.wait(); print('late')
t = threading.Thread(target=late); t.start()
"""
    bench.run(source)
    assert bench.session.drain() == []
    bench.run("print('mine'); go.set(); t.join(); print('mine')")
    late = bench.of(Late) or until(bench.session.drain)
    assert bench.stdout == "mine\nmine\n"
    assert (late[0].cell, "".join(event.text for event in late)) == (bench.jobs[0].cell, "late\n")


def test_what_a_thread_shows_after_its_cell_is_late(bench: Bench) -> None:
    bench.run("import threading; threading.Timer(0.05, display, [42]).start()")
    assert [event.text for event in until(bench.session.drain)] == ["42\n"]


def test_a_pool_of_threads_prints_for_the_cell_that_uses_it(bench: Bench) -> None:
    bench.run("from concurrent.futures import ThreadPoolExecutor as P; p = P(1); p.submit(print, 'a').result()")
    bench.run("p.submit(print, 'b').result()")
    assert bench.stdout == "b\n"


def test_a_program_left_behind_prints_to_its_own_cell(bench: Bench) -> None:
    bench.run("import subprocess; p = subprocess.Popen('read x; echo $x', shell=True, stdin=subprocess.PIPE)")
    bench.run("p.stdin.write(b'late\\n'); p.stdin.close(); p.wait(); print('mine')")
    assert bench.stdout == "mine\n"
    late = bench.of(Late) or until(bench.session.drain)
    assert [(event.cell, event.name, event.text) for event in late] == [(bench.jobs[0].cell, "stdout", "late\n")]


def test_late_output_is_there_between_cells(bench: Bench) -> None:
    bench.run("import subprocess; p = subprocess.Popen('sleep 0.6; echo late >&2', shell=True)")
    assert [(event.cell, event.text) for event in until(bench.session.drain)] == [(bench.jobs[0].cell, "late\n")]


def test_a_replay_tells_nothing_late_again(bench: Bench) -> None:
    bench.run("import threading; threading.Timer(0.05, print, ['late']).start()")
    assert until(bench.session.drain)[0].text == "late\n"
    bench.session.close()
    bench.run("import time; time.sleep(0.2)")
    bench.run("print('next')")
    assert not bench.of(Late)


def test_a_flood_of_lines_is_not_told_line_by_line(bench: Bench) -> None:
    bench.run("for n in range(20_000):\n    print(n, flush=True)")
    assert bench.stdout == "".join(f"{n}\n" for n in range(20_000))
    assert sum(isinstance(event, Stream) for event in bench.events) < 5_000
