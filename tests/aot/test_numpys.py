"""NumPy's functions, called in the less usual ways: native code answers as they do, also in later calls."""

import numpy as np
import pytest

from nozzle import aot
from tests.aot.conftest import needs_mlir
from tests.aot.test_meaning import later

pytestmark = needs_mlir
A = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 10]])


def clipped_into(x):
    np.clip(x, 0, 1, out=x)
    return x.sum()


def clipped_into_itself(x):
    return x.clip(0, 1, out=x)


def clipped_by_place(x, y):
    return np.clip(x, 0, 1, y), x.clip(min=-1), np.clip(x, None, 0.5)


def clipped_by_another(x, high):
    return np.clip(x, 0.1, high)


def by_columns(x):
    return np.reshape(x, (3, -1), order="F"), x.reshape(-1, order="F"), x.reshape((-1, 1), order="F")


def added_to_a_place(x, y):
    np.add(x, 1, y)
    return y


def by_its_loop(x):
    return (
        np.less(x, 2, dtype=bool),
        np.add(x, 1, dtype="f8"),
        np.sqrt(x, dtype="f8"),
        np.multiply(x, x, dtype=np.float32),
    )


def taken(x, places):
    return np.take(x, places), x.take(places, axis=0)


def taken_along(x, places):
    return x.take(places, axis=1), np.take(x, [True, False, True], 0), np.take(x, (0, 2), axis=1), x.take(True, 1)


BOOLS = np.array([True, False, True])


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        (taken, [(A[1], BOOLS), (A[1], ~BOOLS), (A[2], BOOLS[:1])]),
        (taken_along, [(A, BOOLS), (A, ~BOOLS), (A, BOOLS[None, :2])]),
        (clipped_into, [(np.array([0.2, 0.5]),), (np.array([-1.0, 0.5, 3]),)]),
        (clipped_into_itself, [(np.array([0.2, 0.5]),), (np.array([-1.0, 0.5, 3]),)]),
        (clipped_by_place, [(A, A * 0), (A - 5, A * 0)]),
        (clipped_by_another, [(A.astype("f4"), np.float64(0.7)), (A.astype("f4") - 3, np.float64(0.3))]),
        (by_columns, [(A[:1],), (A,), (A[:, :2],), (A.T,)]),
        (added_to_a_place, [(A, A * 0), (A[:2], A[:2] * 0)]),
        (by_its_loop, [(A.astype("f4"),), (A[:2].astype("f4") / 3,)]),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_what_is_said_beside_the_operands_is_heeded(function, calls):
    later(function, calls[0], *calls)


def first_norm(x):
    return np.linalg.norm(x, 1)


def of_ints(x):
    return np.add(x, 0.9, dtype=np.int32)


def squared_as_ints(x):
    return np.square(x, dtype=int)


def of_floats(x):
    return np.add(x * 1j, 1, dtype="f4")


def kept(x):
    return x.reshape(-1, copy=True)


def too_many(x):
    return np.add(x, x, x, x)


def strange(x):
    return np.clip(x, 0, 1, casting="unsafe")


def within(x):
    return np.histogram(x[0], 4, (0, 1))


def as_density(x):
    return np.histogram(x[0], 4, density=True)


def of_columns(x):
    return np.cov(x, rowvar=False)


def of_these_bins(x):
    return np.histogram(x[0], [0, 1, 2])


def joined_along_itself(x):
    return np.concatenate(x), np.vstack(x)


def rounded_bools(x):
    return np.round(x > 0, 1)


def of_halves(x):
    return np.linalg.inv(x.astype("f2"))


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (first_norm, "np.linalg.norm of the order 1"),
        (of_ints, "NumPy has no add of .* as int32"),
        (squared_as_ints, "NumPy has no square of .* as int64"),
        (of_floats, "NumPy has no add of .* as float32"),
        (kept, ".reshape with copy="),
        (too_many, "np.add takes 2 operands, and has 4 here"),
        (strange, "np.clip with casting="),
        (rounded_bools, "np.round of bools"),
        (of_halves, "np.linalg.inv of float16"),
        (within, "np.histogram with these arguments"),
        (as_density, "np.histogram with these arguments: .*density"),
        (of_these_bins, "np.histogram of what is no array or number"),
        (of_columns, "np.cov with these arguments: .*rowvar"),
        (joined_along_itself, "one array is joined along its first axis"),
    ],
)
def test_what_is_not_heeded_is_refused(function, words):
    with pytest.raises(aot.NotAdmissible, match=words) as raised:
        aot.compile(function)(A)
    assert "test_numpys.py:" in str(raised.value)
    assert "instead:" in str(raised.value)


def joined_lists(x):
    return x, [1] + (2,)


def test_what_fails_while_it_is_read_is_answered_by_python():
    with pytest.raises(TypeError, match="can only concatenate list"):
        aot.compile(joined_lists)(A)


def squeezed(x):
    return np.squeeze(x)


def squeezed_first(x):
    return np.squeeze(x, axis=0), x.squeeze(axis=(0,))


def widened(x, n):
    return np.broadcast_to(x, (n, 3)) + 1


def flattened(x):
    return np.broadcast_to(x, (3,))


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        (squeezed, [(A,), (A[:1],), (A[:, :1],)]),
        (squeezed_first, [(A[:1],), (A,)]),
        (widened, [(A, 3), (A, 1), (A[:1], 4), (A[0], 2), (A[:, :1], 3), (A[:, :1], 1), (A[:2], 3)]),
        (flattened, [(A[0],), (A[0, :1],), (A[0, :2],)]),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_shape_that_does_not_fit_is_an_error_in_every_call(function, calls):
    for at in range(len(calls)):
        later(function, *calls[at:], *calls[:at], native=False)


def solve(a, b):
    return np.linalg.solve(a, b)


def cov(x):
    return np.cov(x)


def cholesky(x):
    return np.linalg.cholesky(x)


def of_whole_numbers(x):
    return np.linalg.inv(x), np.linalg.det(x), np.linalg.norm(x)


def histogram(x, bins):
    return np.histogram(x, bins)


def weighed(x, w):
    return np.histogram(x, weights=w)


INTS = np.array([[4, 2], [2, 3]])
BYTES = np.array([-128, 127, 0, 100, -100], "i1")


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        (cov, [(A,), (A[:1],), (A[:2],)]),
        (cov, [(A * np.array([1, 1j, 2]),), (A[::-1] * 1j,)]),
        (cov, [(A.astype("f4"),), (A[:2].astype("f4"),)]),
        (cholesky, [(np.eye(2, dtype=int),), (INTS,)]),
        (of_whole_numbers, [(INTS,), (INTS * 2,)]),
        (of_whole_numbers, [(INTS.astype("u1"),)]),
        (histogram, [(BYTES, 4), (BYTES[::-1], 3), (BYTES[:2], 4)]),
        (histogram, [(A[0], 4), (A[0].astype("f8"), 1), (A[0] * 3, 10)]),
        (weighed, [(A[0], A[1]), (A[1], A[0])]),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_linear_algebra_is_numpys(function, calls):
    later(function, calls[0], *calls)


@pytest.mark.parametrize(
    ("function", "good", "bad"),
    [
        (solve, (A, A[0]), (A, np.arange(5.0))),
        (solve, (A, A), (A, np.ones((5, 2)))),
        (solve, (A, A), (A[:1, :1], np.ones((4, 3)))),
        (histogram, (A[0], 4), (A[0], 0)),
        (histogram, (A[0], 4), (A[0], -1)),
        (weighed, (A[0], A[1]), (A[0], np.ones(5))),
    ],
)
def test_lengths_that_do_not_fit_are_an_error(function, good, bad):
    for first in (good, bad):
        compiled = aot.compile(function, wait=True)
        for arguments in (first, bad):
            try:
                compiled(*arguments)
            except ValueError:
                assert arguments is bad
            else:
                assert arguments is good


def squared(x):
    return x**2, x**1, x**3, x**0, (x**2 + x**2).sum(), np.power(x, 2)


def listed(x):
    return np.array([1, x]) * 100, np.stack([x, 1.5]), np.array([[x, 2], [x, x]]), np.array([x, x]) * 100


def line(low, high):
    return np.linspace(low, high, 4), np.linspace(low, high, 4, dtype=int), np.linspace(low, high, 1, dtype="i4")


def halves(x):
    return np.arange(0, 3, 0.5, dtype=int) * x, np.arange(0.3, 2, 0.45, dtype="f4"), np.arange(0.5, 3, dtype="f2")


def grids(n):
    return np.mgrid[0:n, 0:2], np.mgrid[0:n], np.mgrid[0:n, 0:3:0.5] * 2, np.mgrid[0:n, 0:n].reshape(2, -1)


def parts_of_grids(n):
    x, y = np.mgrid[0:n, 0:n]
    return x * 10 + y, np.mgrid[0:n, 0:2][1], np.sum(np.mgrid[0:n, 1:3], axis=0)


def cubed(x):
    return x**3


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        (squared, [(np.zeros(3, bool),), (np.ones(3, bool),)]),
        (squared, [(np.True_,), (np.False_,)]),
        (listed, [(np.int8(1),), (np.int8(2),)]),
        (listed, [(np.float32(1.1),), (np.float32(2.3),)]),
        (listed, [(1,), (2,)]),
        (line, [(1, 2), (-1, 1), (-1, -2)]),
        (line, [(np.float32(0.1), np.float32(1)), (np.float32(-1), np.float32(0.3))]),
        (line, [(np.float32(0.1), 1.0), (np.float32(-1), 0.3)]),
        (halves, [(0,), (1,)]),
        (grids, [(3,), (2,), (1,)]),
        (parts_of_grids, [(3,), (2,)]),
        (cubed, [(A * 0.1,), (A * 0.7,)]),
        (cubed, [((A * 0.1).astype("f4"),)]),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_dtypes_and_kinds_are_numpys(function, calls):
    later(function, calls[0], *calls)
