"""Every pass leaves a graph that is well formed and means the same."""

import numpy as np
import pytest

from nozzle import aot
from nozzle.aot import passes
from nozzle.aot.lower import lower
from tests.aot.agree import fresh, same
from tests.aot.programs import PROGRAMS, M, V


@pytest.mark.parametrize("one", passes.PASSES, ids=lambda one: one.__name__)
@pytest.mark.parametrize(("function", "arguments"), PROGRAMS, ids=lambda one: getattr(one, "__name__", ""))
def test_a_pass_changes_no_meaning(function, arguments, one):
    before, after = fresh(arguments), fresh(arguments)
    special = aot.compile(function).traced(before)
    graph = passes.run(special.graph, upto=one)
    with np.errstate(all="ignore"):
        assert same(special.interpreted(after, graph), special.interpreted(before))
    assert all(same(x, y) for x, y in zip(after, before, strict=True))


def saxpy(a, b, c):
    return a * b + c


def test_a_chain_becomes_one_kernel_without_temporaries():
    text = aot.show(aot.compile(saxpy), V, V, V, target="fused")
    assert text.count("fused(") == 1
    assert "# fuse: 1 kernel" in text


def in_place(x):
    x[1:] = x[:-1] * 2


def shifted(x):
    x[1:] = x[:-1]


@pytest.mark.parametrize("function", [in_place, shifted])
def test_a_store_that_would_read_what_it_wrote_goes_through_memory(function):
    assert aot.show(aot.compile(function), V.copy(), target="fused").count("fused(") == 2


def updated_in_step(x, y):
    x[1:] = x[1:] * 2 + y[1:]


def test_a_store_that_reads_only_what_it_writes_needs_no_copy():
    text = aot.show(aot.compile(updated_in_step), V.copy(), V, target="fused")
    assert text.count("fused(") == 1
    assert "copy(" not in text


def dear(x):
    e = np.exp(x)
    return (e + 1).sum() + (e * 2).max()


def test_what_is_dear_and_used_twice_is_kept():
    assert aot.show(aot.compile(dear), M, target="fused").count("exp(") == 1


def linear(x, w, b):
    return np.maximum(x @ w + b, 0)


def product_used_twice(x, w, b):
    y = x @ w
    return y, y + b


def product_turned(x, w):
    y = x @ w
    return y + y.T


@pytest.mark.parametrize(("function", "count"), [(linear, 1), (product_used_twice, 2), (product_turned, 2)])
def test_what_follows_a_product_is_done_on_its_tiles_where_nobody_else_wants_it(function, count):
    square = M[:17, :17]
    arguments = (square, square, square[0])[: function.__code__.co_argcount]
    text = aot.show(aot.compile(function), *arguments, target="fused")
    assert text.count("fused(") == count
    assert ("epilogue=True" in text) == (count == 1)


def spread(base, steps):
    y, x = np.zeros(base**steps), np.ones((base, base**steps))
    x[1] = 2
    for i in range(steps):
        grid = np.repeat(x[:, : base**i, None], base ** (steps - i - 1), axis=2)
        y += np.reshape(grid * 2, base**steps)
    return y


def test_memory_for_shapes_of_powers_is_no_more_than_their_product():
    special = aot.compile(spread).traced((2, 6))
    places = lower(passes.run(special.graph)).scratch
    assert places
    assert all(place.count.value({"base": 2, "steps": 6}) <= 2**7 for place in places)
