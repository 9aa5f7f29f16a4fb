"""nozzle aot: what is built stands alone; what is shown is right."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from nozzle.aot import cache
from nozzle.errors import WrongCommand
from tests.aot.conftest import needs_mlir
from tests.words.conftest import Say

SOURCE = """
import numpy as np

def saxpy(a, b, c):
    return a * b + c

def settle(grid, steps, rate):
    for _ in range(steps):
        grid[1:-1] = grid[1:-1] + rate * (grid[:-2] - 2 * grid[1:-1] + grid[2:])
    return grid.sum()
"""


@pytest.fixture(autouse=True)
def kept_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("NOZZLE_AOT_CACHE", str(tmp_path / "cache"))
    cache.folder.cache_clear()
    yield
    cache.folder.cache_clear()


@pytest.fixture
def kernels(tmp_path: Path) -> Path:
    path = tmp_path / "kernels.py"
    path.write_text(SOURCE)
    return path


def alone(folder: Path, code: str) -> str:
    """Run Python that can see NumPy and the folder, and neither nozzle nor MLIR."""
    guard = "import sys; sys.modules['nozzle'] = sys.modules['torch_mlir'] = None\n"
    command = [sys.executable, "-c", guard + textwrap.dedent(code)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


@needs_mlir
def test_a_library_needs_neither_nozzle_nor_mlir(say: Say, kernels: Path, tmp_path: Path):
    said = say("aot", "build", f"{kernels}:saxpy", "--types", "f32[n],f32[n],f32[n]", "--out", str(tmp_path / "lib"))
    assert said.status == 0
    assert "requires a.0 == b.0" in said.out
    code = "import numpy as np; from saxpy import saxpy; x = np.arange(5, dtype='f4'); print(saxpy(x, x, x))"
    assert alone(tmp_path / "lib", code) == "[ 0.  2.  6. 12. 20.]"


LAYER = """
import numpy as np
from nozzle import aot

ONES = np.ones((4, 8), "f4"), np.ones((8, 3), "f4")

@aot.compile(quantize="i8", calibrate=[ONES], constant=["w"])
def layer(x, w):
    return np.maximum(x @ w, 0)
"""


@needs_mlir
def test_what_the_decorator_says_holds_on_the_command_line_too(say: Say, tmp_path: Path):
    (tmp_path / "layer.py").write_text(LAYER)
    where = (f"{tmp_path / 'layer.py'}:layer", "--types", "f32[m,k],f32[k,n]")
    assert "wide_matmul" in say("aot", "show", *where).out
    said = say("aot", "build", *where, "--out", str(tmp_path / "lib")).out
    assert "w is said to be constant: a library keeps nothing, and computes with it at every call" in said
    code = """
        import numpy as np
        from layer import layer
        print(layer(np.ones((1, 8), "f4"), np.ones((8, 3), "f4")).tolist())
        try:
            layer(np.full((1, 8), 100, "f4"), np.ones((8, 3), "f4"))
        except ValueError as error:
            print(error)
    """
    assert alone(tmp_path / "lib", code).splitlines() == [
        "[[8.0, 8.0, 8.0]]",
        "values beyond those that the scales were calibrated on, or not finite",
    ]


@needs_mlir
def test_a_library_writes_in_place_takes_numbers_and_holds_its_guards(say: Say, kernels: Path, tmp_path: Path):
    say("aot", "build", f"{kernels}:settle", "--types", "f64[n],i64[],f64[]", "--out", str(tmp_path / "lib"))
    code = """
        import numpy as np
        from settle import settle
        grid = np.array([0.0, 0, 8, 0, 0])
        print(settle(grid, 2, 0.25), grid)
        try:
            settle(grid[:0], 2, 0.25)
        except ValueError as error:
            print(error)
        try:
            settle(grid.astype('f4'), 2, 0.25)
        except ValueError as error:
            print(error)
    """
    lines = alone(tmp_path / "lib", code).splitlines()
    assert lines[0] == "7.0 [0. 2. 3. 2. 0.]"
    assert "this library is for calls where" in lines[1]
    assert "grid is written to" in lines[2]


@needs_mlir
def test_the_header_is_c_and_names_every_trap(say: Say, kernels: Path, tmp_path: Path):
    say("aot", "build", f"{kernels}:saxpy", "--types", "f32[n],f32[n],f32[n]", "--out", str(tmp_path))
    text = (tmp_path / "saxpy.h").read_text()
    assert "void nz_saxpy(const float *a, int64_t a_d0," in text
    assert "#include <stdint.h>" in text


def test_show_and_explain_say_the_rungs(say: Say, kernels: Path):
    where = f"{kernels}:saxpy"
    shown = say("aot", "show", where, "--types", "f32[n],f32[n],f32[n]")
    assert "add(" in shown.out
    assert "fused()" not in shown.out
    shown = say("aot", "show", where, "--types", "f32[n],f32[n],f32[n]", "--target", "fused")
    assert "fused()" in shown.out
    explained = say("aot", "explain", where, "--types", "f32[n],f32[n],f32[n]", "--sizes", "n=1000")
    assert "1 kernel; 1 of 2 arrays never in memory" in explained.out
    assert "16 kB moved, 24 kB by NumPy; 16 kB come and go" in explained.out


def test_a_function_that_is_not_there_is_the_commands_fault(say: Say, kernels: Path):
    none = say("aot", "show", f"{kernels}:nothing", "--types", "f32[n]")
    assert none.status == WrongCommand.status
    assert "has no function nothing" in none.out
    wrong = say("aot", "show", f"{kernels}:saxpy", "--types", "f33[n],f32[n],f32[n]")
    assert wrong.status == WrongCommand.status
    assert "'f33' is no type" in wrong.out


@pytest.mark.parametrize(
    ("file", "more", "words"),
    [
        ("none.py:f", (), "none.py: there is no such file"),
        ("kernels.py", (), "names no function: say file.py:function"),
        ("kernels.py:saxpy", ("--sizes", "q=3"), "--sizes q=3: no length of the types is called 'q'; there are n"),
        ("kernels.py:saxpy", ("--sizes", "n=abc"), "--sizes n=abc: a length is a whole number, as in n=1000"),
        ("kernels.py:saxpy", ("--sizes", "n=-1"), "--sizes n=-1: a length is a whole number"),
    ],
)
def test_what_is_wrong_with_a_command_is_said(say: Say, kernels: Path, file: str, more: tuple[str, ...], words: str):
    said = say("aot", "explain", str(kernels.with_name(file)), "--types", "f32[n],f32[n],f32[n]", *more)
    assert said.status == WrongCommand.status
    assert words in " ".join(said.out.split())


@pytest.mark.parametrize("word", ["show", "explain", "bench"])
def test_types_that_do_not_go_together_are_the_commands_fault(say: Say, kernels: Path, word: str):
    said = say("aot", word, f"{kernels}:saxpy", "--types", "f64[n],f64[m],f64[n]")
    assert said.status == WrongCommand.status
    assert "a call with these types is an error: operands could not be broadcast together" in said.out


@needs_mlir
def test_a_parameter_that_has_a_name_only_is_given_by_it(say: Say, kernels: Path):
    kernels.write_text("def scaled(x, *, by=2.0):\n    return x * by\n")
    said = say("aot", "bench", f"{kernels}:scaled", "--types", "f64[n],f64", "--sizes", "n=1000")
    assert "times as fast as NumPy" in said.out


@pytest.mark.parametrize("word", ["build", "show", "explain", "bench"])
def test_a_class_is_no_function(say: Say, kernels: Path, word: str):
    kernels.write_text("class Model:\n    pass\n")
    said = say("aot", word, f"{kernels}:Model", "--types", "f64[n]")
    assert said.status == WrongCommand.status
    assert "Model is no function that was made with def" in said.out


WITHOUT_NUMPY = """
import sys
sys.modules["numpy"] = None
from click.testing import CliRunner
from nozzle.words.aot import command
from nozzle.errors import Missing
for word in ("build", "show", "bench", "explain"):
    found = CliRunner().invoke(command, [word, sys.argv[1], "--types", "f64[n]"]).exception
    assert isinstance(found, Missing), (word, found)
    print(found)
"""


def test_without_numpy_it_is_said_what_to_install(kernels: Path):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NUMPY, f"{kernels}:saxpy"], check=True, capture_output=True, text=True
    )
    assert done.stdout.count("pip install 'nozzle[aot]'") == 4


def test_a_bracket_that_is_not_closed_is_named(say: Say, kernels: Path):
    said = say("aot", "build", f"{kernels}:saxpy", "--types", "f64[n], f64[n], f64[n")
    assert said.status == WrongCommand.status
    assert "'f64[n' has a bracket that is not closed" in said.out


ANNOTATED = """
from nozzle import aot

def scaled(x: aot.f64["n"], by: float, times: int):
    for _ in range(times):
        x = x * by
    return x

def open_ended(x: aot.f64, y):
    return x + y

def untyped(x: aot.f64["n"], y):
    return x + y
"""


@needs_mlir
def test_the_types_are_those_of_the_annotations(say: Say, tmp_path: Path):
    path = tmp_path / "typed.py"
    path.write_text(ANNOTATED)
    assert say("aot", "build", f"{path}:scaled", "--out", str(tmp_path / "lib")).status == 0
    code = "import numpy as np; from scaled import scaled; print(scaled(np.arange(3.0), 2.0, 2))"
    assert alone(tmp_path / "lib", code) == "[0. 4. 8.]"
    assert "float" in say("aot", "show", f"{path}:scaled").out
    assert 'x is of any shape: write x: aot.f64["n"], or say --types' in say("aot", "show", f"{path}:open_ended").out
    said = say("aot", "build", f"{path}:untyped")
    assert (said.status, 'y has no type: write y: aot.f64["n"]' in said.out) == (WrongCommand.status, True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import numpy\nimport nosuch_at_all\n", ":2: ModuleNotFoundError: No module named 'nosuch_at_all'"),
        ("\n\ndef f(:\n", ":3: SyntaxError: "),
        ("x = 1\ny = x.z\n", ":2: AttributeError: "),
    ],
)
@pytest.mark.parametrize("word", ["show", "build", "explain", "bench"])
def test_a_file_that_cannot_be_imported_is_said_with_its_line(
    say: Say, tmp_path: Path, word: str, text: str, words: str
):
    path = tmp_path / "broken.py"
    path.write_text(text)
    said = say("aot", word, f"{path}:f")
    assert said.status == 2
    assert f"{path}{words}" in said.out
    assert len(said.out.strip().splitlines()) == 1


def test_a_file_may_import_its_neighbour(say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "a_neighbour_of_it.py").write_text("def twice(x):\n    return x * 2\n")
    (tmp_path / "uses.py").write_text("from a_neighbour_of_it import twice\n\ndef f(x):\n    return twice(x) + 1\n")
    said = say("aot", "show", f"{tmp_path / 'uses.py'}:f", "--types", "f64[n]")
    assert said.status == 0
    assert "multiply" in said.out
