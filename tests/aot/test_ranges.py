"""A call that is divided among threads answers as one that is not; what may not be divided is not."""

import os
import signal

import numpy as np
import pytest

from nozzle import aot
from nozzle.aot import ranges
from tests.aot.agree import same
from tests.aot.conftest import needs_mlir

pytestmark = needs_mlir
RNG = np.random.default_rng(2)
X, M, W = RNG.standard_normal(1000), RNG.standard_normal((301, 16)), RNG.standard_normal((16, 16))


@pytest.fixture(autouse=True)
def three(monkeypatch):
    monkeypatch.setattr(ranges, "LARGE", 10)
    monkeypatch.setenv("NOZZLE_AOT_THREADS", "3")


def native(function, *arguments):
    compiled = aot.compile(function, wait=True)
    compiled(*arguments)
    ((special,),) = compiled.specials.values()
    assert special.native is not None, special.said
    return special.native


def saxpy(a, b, c):
    return a * b + c


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def several(x, w, s):
    y = np.maximum(x @ w + w[0], 0) * s
    return y, y.sum(axis=1), x.max(), (x > 0).all(), y.sum()


def running(x):
    return np.cumsum(x)


def average(x):
    return np.mean(np.abs(x)), x.mean()


def apart(x, y):
    return ((x - y) ** 2).mean()


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (average, (X,)),
        (average, (M,)),
        (average, (M.astype("f4") * np.float32(1e37),)),
        (average, (M * 1j + 1,)),
        (average, (np.arange(1000),)),
        (average, (np.array([1.0, np.inf, 2.0] * 50),)),
        (apart, (M, M[::-1].copy())),
        (apart, (M, M[0].copy())),
        (saxpy, (X, X[::-1].copy(), X)),
        (saxpy, (X[::2], X[1::2], X[::2])),
        (saxpy, (M, M, 2.0)),
        (softmax, (M,)),
        (several, (M, W, 0.5)),
        (running, (X,)),
        (running, (np.arange(1000),)),
        (running, (np.array([1.0, np.nan] * 50),)),
        (saxpy, (X[:2], X[:2], X[:2])),
    ],
)
def test_a_divided_call_answers_as_a_whole_one(function, arguments):
    code = native(function, *arguments)
    assert code.ranges is not None
    assert len(code.ranges.parts(arguments)) == (3 if len(arguments[0]) >= 3 else 1)
    with np.errstate(all="ignore"):
        assert same(code(list(arguments)), function(*arguments), rtol=1e-12)


def shifted(x):
    return x[1:] - x[:-1]


def turned(x):
    return x[::-1] * 2


def placed(x):
    return x + np.arange(len(x))


def mean(x):
    return x / len(x)


def less(x):
    return x.sum() / (len(x) - 1)


def deviation(x):
    return x.std()


def columns(m):
    return m.sum(axis=0)


def across(m):
    return m @ m.T


def down(m):
    return np.cumsum(m, axis=0)


def stored(x):
    x[1:] = x[:-1]
    return x * 2


def picked(x):
    return x[x > 0]


@pytest.mark.parametrize(
    "function", [shifted, turned, placed, mean, less, deviation, columns, across, down, stored, picked]
)
def test_what_looks_beyond_its_row_is_not_divided(function):
    argument = M.copy() if function in (columns, across, down) else X.copy()
    assert native(function, argument).ranges is None


def test_only_what_costs_more_than_memory_is_divided_unasked(monkeypatch):
    monkeypatch.delenv("NOZZLE_AOT_THREADS")
    assert native(softmax, M).ranges.many() == min(ranges.threads(), 64)
    assert native(saxpy, X, X, X).ranges.many() == 1


def test_an_error_of_a_thread_is_raised():
    def fail(at):
        if at == 2:
            raise ValueError("the third")
        return at

    assert ranges.every(lambda at: at * 2, [1, 2, 3]) == [2, 4, 6]
    with pytest.raises(ValueError, match="the third"):
        ranges.every(fail, [0, 1, 2])


def test_a_forked_child_has_threads_of_its_own():
    code = native(softmax, M)
    code([M])
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        os._exit(0 if same(code([M]), softmax(M), rtol=1e-12) else 1)
    assert os.waitpid(child, 0)[1] == 0
