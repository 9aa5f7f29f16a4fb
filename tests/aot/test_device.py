"""Arrays on a device are answered there, by their own library; the double has NumPy's memory and CuPy's protocols."""

import numpy as np
import pytest

from nozzle import aot
from nozzle.aot import cpu


class Device(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that NumPy cannot read: only its own functions can."""

    def __init__(self, held):
        self.held = held

    @property
    def __cuda_array_interface__(self):
        return {"shape": self.held.shape, "typestr": self.held.dtype.str, "data": (0, False), "version": 3}

    def __array__(self, *_, **__):
        raise TypeError("implicit conversion to a NumPy array is not allowed")

    def __repr__(self):
        raise TypeError("this would copy it to the host")

    def __array_ufunc__(self, ufunc, method, *inputs, **names):
        return type(self)(getattr(ufunc, method)(*map(bare, inputs), **names))

    def __array_function__(self, function, types, inputs, names):
        return type(self)(function(*map(bare, inputs), **names))


def bare(value):
    return value.held if isinstance(value, Device) else value


def softmax(x, by):
    e = np.exp((x - np.max(x, axis=1, keepdims=True)) * by)
    return e / np.sum(e, axis=1, keepdims=True)


X = np.random.default_rng(3).standard_normal((4, 9))


@pytest.mark.parametrize("by", [2.0, Device(np.float64(2.0))])
def test_the_answer_stays_where_the_arrays_are_and_that_is_said_once(by, caplog, monkeypatch):
    monkeypatch.setattr(cpu, "_said", set())
    compiled = aot.compile(softmax)
    for _ in range(2):
        got = compiled(Device(X), by)
        assert isinstance(got, Device)
        assert np.array_equal(got.held, softmax(X, 2.0))
    assert [one.getMessage() for one in caplog.records] == [
        "nozzle.aot: softmax runs where its arrays are, by tests, operation by operation: nothing is fused"
    ]
    assert not compiled.specials
    assert np.allclose(compiled(X, 2.0), softmax(X, 2.0))


def test_a_quantised_function_does_not_pretend():
    with pytest.raises(aot.NotAdmissible, match="softmax is quantised, and its argument is on a device"):
        aot.compile(softmax, quantize="i8")(Device(X), 2.0)
