"""A name that a branch or a loop binds to an array is that array: what is written to it later is seen, or refused."""

import numpy as np
import pytest

from nozzle import aot
from tests.aot.conftest import needs_mlir
from tests.aot.test_meaning import later

pytestmark = needs_mlir


def part(x, k, v):
    y = x[1:] if k else x[:-1]
    x[:] = v
    return y.sum()


def drift(x, n, v):
    before, moved = x.copy(), 0.0
    for _ in range(n):
        x[0] += v
        moved += np.abs(x - before).sum()
        before = x
    return moved


def own(k, v):
    a, b = np.zeros(3), np.ones(3)
    y = a if k else b
    a += v
    return y


def turned(x, k, v):
    y = x.T if k else x
    x[0, 0] = v
    return y


def real(z, k, v):
    y = z.real if k else z.imag
    z[0] = v
    return y + 1


def chosen(x, k):
    if k:
        return x[1:]
    return x[:-1]


def by_a_helper(x, k, v):
    y = chosen(x, k)
    for i in range(2):
        x[i] = v
    return y.sum()


def while_it_lasts(x, n, v):
    y = x
    while n > 0:
        y = y * 2
        n -= 1
    x[0] = v
    return y


def perhaps(x, k, v):
    y = x[::2].reshape(2, 2)
    x[0] = v
    return y.sum() + k


X = np.arange(8.0)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (part, (X, True, 1.0)),
        (drift, (X, 3, 0.5)),
        (own, (True, 1.0)),
        (turned, (np.eye(2), True, 1.0)),
        (real, (X + 1j, True, 1.0)),
        (by_a_helper, (X, True, 1.0)),
        (while_it_lasts, (X, 2, 1.0)),
        (perhaps, (X, 1, 1.0)),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_what_another_name_may_be_is_not_written_to_while_that_is_read(function, arguments):
    with pytest.raises(aot.NotAdmissible, match=r"another name may be, bound by line(.|\n)*instead: bind that name to"):
        aot.compile(function, wait=True)(*arguments)


def rows(x, n):
    before, moved = x[0] * 0, 0.0
    for i in range(n):
        y = x[i] * 2
        y[0] += i
        moved += (y - before).sum()
        before = y
    return moved


def read_first(x, k, v):
    y = x[1:] if k else x[:-1]
    total = y.sum()
    x[:] = v
    return total


def copied(x, k, v):
    y = x[1:].copy() if k else x[:-1] * 1
    x[:] = v
    return y.sum()


def surely(x, v):
    y = x
    for _ in range(3):
        y = y * 2
    x[0] = v
    return y


def bound_anew(x, n, v):
    total = 0.0
    for i in range(n):
        y = x if i % 2 else x[::-1]
        total += y[0] - y[-1]
        x[0] += v
    return total


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        (rows, [(np.ones((5, 3)), 2), (np.arange(15.0).reshape(5, 3), 5)]),
        (read_first, [(X, True, 1.0), (X, False, 7.0)]),
        (copied, [(X, True, 1.0), (X, False, 7.0)]),
        (surely, [(X, 1.0), (X, 5.0)]),
        (bound_anew, [(X, 2, 1.0), (X, 5, 7.0)]),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_what_is_read_before_or_bound_anew_is_native(function, calls):
    later(function, *calls)


def old(x, v):
    y = x[..., 0]
    x[0] = v
    return y + 1


def squeezed(x, v):
    y = np.squeeze(x)
    x[0] = v
    return y + 1


def without_axes(x, v):
    y = x.reshape(())
    x[0] = v
    return y + 1


def bump(x, v):
    y = x[..., 0]
    y += v
    return x


def bump_squeezed(x, v):
    y = x.squeeze()
    y += v
    return x


def looks(x):
    return x[..., 0]


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        (old, (X, 9.0), "another name may be, bound by line"),
        (squeezed, (X[:1], 9.0), "another name may be, bound by line"),
        (without_axes, (X[:1], 9.0), "another name may be, bound by line"),
        (bump, (X, 9.0), "y, an array without axes, is changed in place"),
        (bump_squeezed, (X[:1], 9.0), "y, an array without axes, is changed in place"),
        (looks, (X,), r"an array without axes that looks at another(.|\n)*x\[0\]"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_an_array_without_axes_that_looks_at_another_is_no_number_of_its_own(function, arguments, words):
    with pytest.raises(aot.NotAdmissible, match=words):
        aot.compile(function, wait=True)(*arguments)


def read_at_once(x, y):
    a, b, c = x[..., 0] + 1, np.squeeze(y) * 2, y.reshape(()) - 1
    kept = y.squeeze().copy()
    x[0] = 9
    y[0] = 7
    x[..., 1] = 5
    return a, b, c, kept


def test_an_array_without_axes_is_read_as_a_number():
    later(read_at_once, (X, X[1:2]), (X + 1, X[2:3]))


def early(x, k):
    if k:
        return x
    return x * 2


def maybe_turned(x, k, n):
    y = x.T if k else x + 1
    z = y if n else y * 2
    return z, k


def repeated(x, n):
    for _ in range(n):
        x = x * 2
    return x


def while_small(x, y):
    while x.sum() < 10:
        x, y = y, x + 1
    return x, y


def nested(x, k, n):
    y = x
    for i in range(n):
        if i < k:
            y = y + 1
        else:
            for _ in range(i - 2):
                y = y[::-1]
    return y


def found(x, v):
    for i in range(len(x)):
        if x[i, 0] > v:
            return x[i]
    return x[0] * 2


SQUARE = np.arange(9.0).reshape(3, 3)


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        (early, [(X, False), (X, True)]),
        (chosen, [(X, False), (X, True)]),
        (maybe_turned, [(SQUARE, True, 0), (SQUARE, True, 2), (SQUARE, False, 2)]),
        (repeated, [(X, 2), (X, 0), (X, 1)]),
        (while_small, [(SQUARE * 0, SQUARE), (SQUARE, SQUARE + 1), (SQUARE * 0, SQUARE / 9)]),
        (nested, [(X, 3, 3), (X, 0, 6), (X, 0, 0), (X, 1, 6)]),
        (found, [(SQUARE, 2.0), (SQUARE, 9.0)]),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_what_is_given_back_is_the_argument_where_it_is_in_python(function, calls):
    compiled = later(function, *calls)
    for call in calls:
        arrays = [one for one in call if isinstance(one, np.ndarray)]
        got, want = (_shared(each(*call), arrays) for each in (compiled, function))
        assert got == want, call


def _shared(answer, arrays):
    given = answer if isinstance(answer, tuple) else (answer,)
    return [np.shares_memory(one, two) for one in given if isinstance(one, np.ndarray) for two in arrays]


def test_an_argument_is_not_given_back_by_way_of_a_branch_once_it_is_written_to():
    def late(x, k):
        x[0] = 1
        return x if k else x * 2

    with pytest.raises(
        aot.NotAdmissible, match=r"what is given back may be an argument(.|\n)*y = x.copy\(\), or nothing"
    ):
        aot.compile(late, wait=True)(X.copy(), 1)


def in_place(x, n):
    if n == 0:
        return x
    for i in range(n):
        x[i] *= 2
    return x


def test_the_same_argument_in_both_branches_is_that_argument():
    compiled = later(in_place, (X, 2), (X, 0), (X, 5))
    mine = X.copy()
    assert compiled(mine, 3) is mine


def test_what_a_branch_chose_is_not_given_back_by_way_of_a_loop_after_a_write():
    def chosen_before(x, k, n):
        x[0] = 1
        y = x if k else x * 2
        for _ in range(n):
            y = y * 3
        return y

    with pytest.raises(aot.NotAdmissible, match="what is given back may be an argument"):
        aot.compile(chosen_before, wait=True)(X.copy(), 1, 2)


def numbers(x, a, b, n):
    x[0] = a
    c = a if n > 2 else b
    for _ in range(n):
        b = b * 2
    return c, b


def test_numbers_are_given_back_as_they_are():
    compiled = later(numbers, (X, 1.0, 2.0, 3), (X, 1.0, 2.0, 0), (X, 5.0, 4.0, 5))
    ((special,),) = compiled.specials.values()
    assert not any(one.op == "check" for one in special.graph.block.nodes)
