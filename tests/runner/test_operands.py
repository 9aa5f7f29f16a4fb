"""What the worker tells of a failure and of the names a cell made, beside its output."""

import pytest
from kernel_bench import Bench

from nozzle.document.events import Finished


def finished(bench: Bench, source: str) -> Finished:
    found = bench.run(source)
    assert isinstance(found, Finished)
    return found


@pytest.mark.parametrize(
    ("source", "expression", "operands"),
    [
        ("a = 0\nb = [1 / a]", "1 / a", {"a": "int 0"}),
        ("words = {'x': 1}\nwords['y']", "words['y']", {"words": "dict of 1: {'x': 1}"}),
        (
            "import numpy as np\nm, n = np.ones((2, 3)), np.ones(4)\nm @ n",
            "m @ n",
            {"m": "ndarray (2, 3) float64", "n": "ndarray (4,) float64"},
        ),
    ],
)
def test_the_failing_expression_is_told_with_what_its_parts_were(
    bench: Bench, source: str, expression: str, operands: dict[str, str]
) -> None:
    assert finished(bench, source).status == "error"
    assert (bench.error.expression, dict(bench.error.operands)) == (expression, operands)


def test_the_innermost_frame_of_the_authors_is_told(bench: Bench) -> None:
    bench.run("def f(x):\n    return x.shape\n\nf(3)")
    assert (bench.error.expression, bench.error.line) == ("x.shape", 2)
    assert dict(bench.error.operands) == {"x": "int 3"}


def test_a_value_that_cannot_be_looked_at_does_not_hurt(bench: Bench) -> None:
    bench.run("class Odd:\n    def __repr__(self): raise ValueError\no = Odd()\no.nothing")
    assert dict(bench.error.operands) == {"o": "Odd"}


def test_a_long_text_is_told_by_its_length_alone(bench: Bench) -> None:
    bench.run("key = 'k' * 64\nkey / 2")
    assert dict(bench.error.operands) == {"key": "str of 64"}


def test_what_is_called_a_secret_is_told_by_its_size_alone(bench: Bench) -> None:
    bench.run("password, conn, n = 'sesame', {'user': 'ann', 'pwd': 'sesame'}, 'ann'\n(password, conn, n)['x']")
    assert dict(bench.error.operands) == {"password": "str of 6", "conn": "dict of 2", "n": "str of 3: 'ann'"}


def test_a_big_buffer_is_told_by_its_length_and_not_written_out(bench: Bench) -> None:
    made = (
        "import array, collections\na, b = bytearray(64), array.array('b', bytes(64))\nc, d = collections.deque(b), [a]"
    )
    told = finished(bench, made).names
    assert (told["a"], told["b"], told["c"]) == ("bytearray of 64", "array of 64", "deque of 64")
    assert told["d"] == "list of 1"
    assert finished(bench, "c = collections.deque([1])").names["c"] == "deque of 1"


def test_names_that_a_cell_made_changed_and_took_away_are_told(bench: Bench) -> None:
    assert finished(bench, "import math\nx, y = 1, [1]").names == {
        "math": "module math",
        "x": "int 1",
        "y": "list of 1: [1]",
    }
    assert finished(bench, "y.append(2)\nx = 1").names == {"y": "list of 2: [1, 2]"}
    assert finished(bench, "del x\n_hidden = 3").names == {"x": "gone"}


@pytest.mark.parametrize(
    ("shape", "change"),
    [
        ("(2, 3)", "x[1, 2] = 7"),
        ("(3000, 1000)", "x += 1"),
        ("(3000, 1000)", "x[-1, -1] = 7"),
        ("(3, 4), order='F'", "x[0, 1] = 7"),
        ("(4, 6))[::2, ::3", "x[1, 1] = 7"),
        ("2, dtype='datetime64[s]'", "x[1] = 7"),
    ],
)
def test_an_array_whose_numbers_change_in_place_is_told(bench: Bench, shape: str, change: str) -> None:
    pytest.importorskip("numpy")
    made = shape if "[::" in shape else f"{shape})"
    closed = f"x = np.zeros({made}" + ("]" if "[::" in shape else "")
    first = finished(bench, f"import numpy as np\n{closed}").names["x"]
    assert finished(bench, "y = x.sum() if x.dtype.kind == 'f' else 1").names.keys() == {"y"}
    then = finished(bench, change).names["x"]
    assert first.startswith("ndarray (")
    assert (then.split(" #")[0], then == first) == (first.split(" #")[0], False)


def test_an_array_of_objects_is_told_by_its_shape(bench: Bench) -> None:
    pytest.importorskip("numpy")
    source = "import numpy as np\nx = np.array([{}, []], dtype=object)"
    assert finished(bench, source).names["x"] == "ndarray (2,) object"
