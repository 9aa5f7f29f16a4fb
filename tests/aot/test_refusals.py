"""Nothing of the compiler's own reaches the author: what cannot be compiled is refused with its place."""

import numpy as np
import pytest

from nozzle import aot
from nozzle.aot import library
from nozzle.aot.types import parse_types
from nozzle.errors import Unwritable
from tests.aot.conftest import needs_mlir

X = np.ones((2, 2))


def total(x):
    return np.sum(x, initial=3.0)


def product(x):
    return np.matmul(x, x, out=x)


def spaced(x):
    return np.linspace(0.0, 1.0, len(x), endpoint=False)


def method(x):
    return x.sum(where=x > 0)


def crowded(x):
    return np.argmax(x, 0, x, x)


def kind(x):
    return x.dtype


def word(x):
    return x, "hello"


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (total, "np.sum with initial="),
        (product, "np.matmul with out="),
        (spaced, "np.linspace with endpoint="),
        (method, ".sum with where="),
        (crowded, "np.argmax with these arguments"),
        (kind, "what is given back"),
        (word, "what is given back"),
    ],
)
def test_a_refusal_names_what_is_not_compiled_and_where(function, words):
    with pytest.raises(aot.NotAdmissible) as raised:
        aot.compile(function)(X)
    assert words in str(raised.value)
    assert "test_refusals.py:" in str(raised.value)
    assert "instead:" in str(raised.value)


@pytest.mark.parametrize("value", [3, np.uint8(3), np.array(3), np.array(3, "u1"), np.array(2.5), np.array(True)])
def test_an_array_without_axes_is_taken_as_its_number(value):
    def more(x, n):
        return x + n

    compiled = aot.compile(more, wait=True)
    assert np.array_equal(compiled(X, value), more(X, value))


def test_an_array_without_axes_is_not_changed_behind_the_callers_back():
    def grow(x):
        x += 1.0
        return x

    def fill(x):
        x.fill(1.0)
        return x

    for function in (grow, fill):
        with pytest.raises(aot.NotAdmissible, match="without axes"):
            aot.compile(function)(np.array(1.0))


@pytest.mark.parametrize("function", [len, np.exp, int])
def test_only_functions_made_with_def_are_compiled(function):
    with pytest.raises(TypeError, match="made with def"):
        aot.compile(function)


@needs_mlir
def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Unwritable, match="--out"):
        library.build(aot.compile(lambda_free), parse_types("f64[n]"), tmp_path / "file")


def lambda_free(x):
    return x + 1


def test_what_has_no_source_runs_as_python_and_says_so_once(caplog):
    names = {"np": np, "aot": aot}
    exec("@aot.compile\ndef typed(x, n=1):\n    return x + n", names)
    typed = names["typed"]
    assert np.array_equal(typed(X), X + 1)
    assert np.array_equal(typed(X, n=2), X + 2)
    assert np.array_equal(typed(X, 3), X + 3)
    assert caplog.messages == [
        "nozzle.aot: typed runs as Python: its source is not to be had; define it in a file or a cell"
    ]


def total(x):
    return x.sum()


@pytest.mark.skipif(np.dtype(np.longdouble).name == "float64", reason="a long double is a double here")
def test_a_number_of_a_dtype_that_is_not_compiled_is_refused():
    with pytest.raises(aot.NotAdmissible, match="the argument x is a number of float"):
        aot.compile(total, wait=True)(np.longdouble(2))
    with pytest.raises(aot.NotAdmissible, match="the argument x is a datetime64"):
        aot.compile(total, wait=True)(np.datetime64("2020-01-01"))


def taken(x):
    return np.take(x, range(len(x)), axis=0)


def test_a_range_is_called_a_range():
    with pytest.raises(aot.NotAdmissible, match="compiled function: a range is no integer"):
        aot.compile(taken, wait=True)(np.ones((3, 2)))
