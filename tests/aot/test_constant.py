"""What rests on constant arguments is computed once, and never of old values for long."""

import gc

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nozzle import aot
from nozzle.aot import cpu, mlir
from nozzle.aot.constant import kept
from nozzle.aot.interpret import interpret
from tests.aot.agree import fresh, same
from tests.aot.conftest import needs_mlir
from tests.aot.random_programs import make

RNG = np.random.default_rng(12)
X, W, V = (RNG.standard_normal(shape, dtype="f4") for shape in ((9, 33), (33, 20), (20, 20)))


def times(x, w):
    return x @ w


def steps(x, w, v):
    y = x @ w
    for i in range(3):
        y = np.tanh(y @ (v.T * 2) / 9) + v[0] * i
    return y, np.abs(v)


def only(compiled):
    ((special,),) = compiled.specials.values()
    return special


@pytest.mark.parametrize("with_mlir", [pytest.param(True, marks=needs_mlir), False])
@pytest.mark.parametrize("scheme", ["", "i8"])
@pytest.mark.parametrize("constant", [("w", "v"), ("v",), ("x", "w", "v")])
def test_the_answer_is_the_same(constant, scheme, with_mlir, monkeypatch):
    if not with_mlir:
        monkeypatch.setattr(mlir, "found", lambda: "")
    plain = aot.compile(steps, wait=True, quantize=scheme)
    once = aot.compile(steps, wait=True, quantize=scheme, constant=constant)
    for _ in range(3):
        assert same(once(X, W, V), plain(X, W, V), rtol=1e-5)
    assert (only(once).native is not None) is with_mlir, only(once).said


def test_what_is_kept_is_made_once_for_an_array_and_gone_with_it():
    compiled = aot.compile(times, wait=True, quantize="i8", constant="w")
    mine = W.copy()
    compiled(X, mine)
    special = only(compiled)
    (first,) = special.kept._entries.values()
    compiled(X * 2, mine)
    assert list(special.kept._entries.values()) == [first]
    assert "3 arrays computed once for w" in aot.explain(compiled, X, mine)
    compiled(X, W)
    assert len(special.kept._entries) == 2
    del mine
    gc.collect()
    assert len(special.kept._entries) == 1


def test_an_array_that_changed_is_said_and_then_taken_as_it_is():
    compiled = aot.compile(times, wait=True, quantize="i8", constant="w")
    mine = W.copy()
    compiled(X, mine)
    mine *= -3
    compiled(X, mine)  # between two looks
    with pytest.raises(ValueError, match="the argument w was said to be constant, and changed"):
        compiled(X, mine)
    assert np.array_equal(compiled(X, mine), aot.compile(times, wait=True, quantize="i8")(X, mine))


def test_another_array_in_the_place_of_one_that_died_is_not_taken_for_it():
    compiled = aot.compile(times, wait=True, quantize="i8", constant="w")
    for turn in range(20):
        one = np.full((33, 20), turn, "f4")
        assert np.allclose(compiled(X, one), X @ one, atol=0.05 * np.abs(X @ one).max() + 1e-6)
        del one


def given_back(x, w):
    return x + 1, w * 2


def test_what_is_given_back_is_the_callers():
    compiled = aot.compile(given_back, wait=True, constant="w")
    compiled(X, W)[1][:] = 0
    assert np.array_equal(compiled(X, W)[1], W * 2)


def written(x, w):
    w += x
    return w * 2


def test_a_constant_that_is_written_to_is_refused():
    with pytest.raises(aot.NotAdmissible, match="w is said to be constant, and is written to"):
        aot.compile(written, constant="w")(X.copy(), X.copy())


def test_a_name_that_is_no_argument_is_said():
    with pytest.raises(ValueError, match="times has no argument y to be constant"):
        aot.compile(times, constant=["y"])


@given(st.integers(0, 10**9))
@example(73017)
@settings(max_examples=40)
def test_random_functions_answer_as_ever_with_any_argument_constant(seed):
    function, arguments, source = make(seed, f"k{seed}")
    values = list(arguments.values())
    try:
        with np.errstate(all="ignore"):
            function(*fresh(tuple(values)))
            special = aot.compile(function).traced(values)
            found = kept(special.graph, [name for name in arguments if name != "a0"])
    except (ValueError, IndexError, TypeError, np.exceptions.ComplexWarning, aot.NotAdmissible):
        return
    if found is None:
        return
    mine, theirs = fresh(tuple(values)), fresh(tuple(values))
    inputs = found.with_values([mine[at] for at in special.tensors])
    got, want = interpret(found.graph, inputs), special.interpreted(theirs)
    # A kept array may lie in memory in another order, and NumPy adds in that: sums differ within their bound.
    assert not cpu.differ((got, tuple(mine)), (want, tuple(theirs)), cpu.exact(special)), source
