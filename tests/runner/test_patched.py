"""A cell may give what Python has another meaning: the kernel goes on, and what is told of its cells stays true."""

import os

import pytest
from kernel_bench import Bench

from nozzle.runner.kernel import heard

PATCHES = {
    "open with an encoding": "import builtins, functools\nbuiltins.open = functools.partial(open, encoding='utf-8')",
    "no open": "import builtins\nbuiltins.open = lambda *a, **k: 1 / 0",
    "json that gives bytes": "import json\ndumps = json.dumps\njson.dumps = lambda o, **k: dumps(o, **k).encode()",
    "no json": "import json\njson.dumps = lambda *a, **k: '{}'\njson.loads = lambda *a, **k: {}",
    "files that are none": "from unittest import mock\nmock.patch('os.listdir', return_value=['a.csv']).start()",
    "no isdir": "from unittest import mock\nmock.patch('os.path.isdir', side_effect=PermissionError).start()",
    "no stat": "import os\nos.stat = os.path.exists = os.lstat = lambda *a, **k: 1 / 0",
    "no write": "import os\nos.read = lambda *a: b''\nos.write = lambda *a: 0",
    "no clock": "import time\ntime.monotonic = time.perf_counter = lambda: 1 / 0",
    "no stderr": "import sys\nsys.stderr = None",
    "no stdout": "import sys\nsys.stdout = None",
}


@pytest.mark.parametrize("patch", PATCHES.values(), ids=PATCHES)
def test_what_a_cell_patches_reaches_only_cells(bench: Bench, patch: str) -> None:
    assert bench.run(patch).status == "ok", bench.stderr
    finished = bench.run("import os\nmade = os.open('made.txt', os.O_WRONLY | os.O_CREAT)\n40 + 2")
    assert (finished.status, bench.stderr) == ("ok", "")
    assert finished.memory > 0
    assert finished.names["made"].startswith("int")
    assert finished.writes == (os.path.realpath(bench.folder / "made.txt"),)


def test_a_cell_whose_len_lies_ends_as_cells_do(bench: Bench) -> None:
    bench.run("import builtins\nbuiltins.len = lambda x: 3")
    assert bench.run("1 + 1").status in ("ok", "error")
    assert "nozzle" not in bench.stderr


def test_a_kernel_that_cannot_go_on_says_so_in_plain_words_and_prints_nothing(bench: Bench) -> None:
    finished = bench.run("import sys; sys.modules['_nozzle_worker.loop']._peak = lambda: 1 / 0")
    assert finished.status == "died"
    assert finished.cause.startswith("it could not go on with what cells made of its Python (ZeroDivisionError at ")
    assert "Traceback" not in bench.stderr


def test_what_is_no_message_is_the_end_of_a_kernel(bench: Bench) -> None:
    source = "import sys; sys.modules['_nozzle_worker.channel'].encode = lambda message: b'{}'"
    bench.run(source)
    assert (bench.finished.status, bench.stderr) == ("died", "")
    assert "what it says is no message" in bench.finished.cause
    for body in (b"{}", b"[]", b"{", b"\xff", b'{"t": 1}'):
        assert heard(body)["t"] == "lost"
