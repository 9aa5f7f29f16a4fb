"""A later call answers as Python too: what the first call does not show must not go wrong in those after it.

The check of native code on its first inputs sees neither an overflow nor an index out of range nor a sign that only
later inputs have. So every program here is called twice: with something harmless, and with what is to be seen.
"""

import copy
import math

import numpy as np
import pytest

from nozzle import aot
from nozzle.aot.graph import walk
from tests.aot.agree import same
from tests.aot.conftest import needs_mlir
from tests.aot.test_native import only

pytestmark = needs_mlir


def outcome(function, arguments):
    """What a call answers or raises, and what its arguments hold then."""
    mine = copy.deepcopy(arguments)
    try:
        with np.errstate(all="ignore"):
            return function(*mine), mine
    except Exception as error:
        return type(error), mine


def later(function, first, *others, native=True):
    """The compiled function; every call after the first is compared with Python's."""
    compiled = aot.compile(function, wait=True)
    outcome(compiled, first)
    for arguments in others:
        got, want = outcome(compiled, arguments), outcome(function, arguments)
        if isinstance(want[0], type):
            assert got[0] is want[0], (arguments, got, want)
        else:
            assert not isinstance(got[0], type), (arguments, got, want)
            answer = want[0]
            if isinstance(got[0], (np.float64, np.bool_)) and type(answer) in (float, bool):
                answer = got[0].dtype.type(answer)  # in the other branch it is NumPy's
            assert same(got[0], answer, rtol=1e-12), (arguments, got, want)
        assert all(map(same, got[1], want[1])), (arguments, got, want)
    made = [one for group in compiled.specials.values() for one in group]
    assert not native or all(one.native is not None for one in made), [one.said for one in made]
    return compiled


def peak(image):
    return (image // 3 * 5 + image % 7 - image // 5 + (image >> 2) * 3 + (image ^ 90)).max()


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2"])
def test_an_extreme_of_parts_has_nothing_to_do_with_how_long_they_are(dtype, monkeypatch):
    monkeypatch.setenv("NOZZLE_AOT_THREADS", "2")
    image = np.random.default_rng(0).integers(0, 100, (2048, 1100)).astype(dtype)
    later(peak, (image[:4],), (image,))


def orders(a, b):
    return a < b, a <= b, a > b, a >= b, a == b, a != b


WIDE = np.array([1, 2**64 - 1, 2**63, 0, 5], "u8")
SIGNED = np.array([-1, -1, 2**63 - 1, -(2**63), 5])


def test_whole_numbers_are_compared_as_numbers_whatever_their_sign():
    later(orders, (np.array([1, 2], "u8"), np.array([1, 3])), (WIDE, SIGNED), (WIDE[::-1], SIGNED))
    later(orders, (np.array([1, 2]), np.array([1, 3], "u8")), (SIGNED, WIDE))


@pytest.mark.parametrize("dtype", ["u1", "i1", "u4", "u8", "i8"])
def test_an_array_is_compared_with_a_python_int_of_any_size(dtype):
    x = np.array([0, 3, 5, 100]).astype(dtype)
    calls = [(x, k) for k in (300, -1, -(2**63), 2**63 - 1, 3, -200, 2**31)]
    later(orders, (x, 5), *calls)
    later(orders, (5, x), *((k, x) for _, k in calls))


def beyond(x):
    return x < 300, x == -1, x > -200, x <= 300, x != 1000


def test_a_constant_beyond_the_dtype_has_its_answer_too():
    later(beyond, (np.array([3], "u1"),), (np.array([0, 255], "u1"),))
    later(beyond, (np.uint8(3),), (np.uint8(255),))


def traces(x):
    return np.trace(x) * 1.0, x.trace()


@pytest.mark.parametrize("dtype", ["i1", "u1", "i4", "bool", "f4", "c16"])
def test_a_trace_is_summed_as_wide_as_numpy_sums(dtype):
    later(traces, (np.eye(3, dtype=dtype),), (np.full((5, 4), 100).astype(dtype),), (np.eye(3, dtype=dtype) * 100,))


def rounds(x):
    return np.round(x), np.round(x) == x, x.round()


def test_whole_numbers_are_not_rounded_by_way_of_floats():
    later(rounds, (np.arange(3),), (np.array([2**53 + 1, -(2**62) - 1]),))
    later(rounds, (np.arange(3, dtype="u1"),), (np.array([255], "u1"),))
    later(rounds, (np.ones(3),), (np.array([0.5, 1.5, -2.5]),))


def writes_to_a_copy(x, n):
    y, z = np.array(x), np.positive(x)
    for i in range(n):
        y[i] = 0
        z[i] = 7
    return y.sum(), z.sum()


def a_copy_keeps_what_was(x, n):
    y, m = np.array(x), x > 0
    for i in range(n):
        x[i] = 9
    return y.sum(), y, m


def writes_to_itself(x, n):
    y, z, w = np.ascontiguousarray(x), np.asarray(x), x.astype(x.dtype, copy=False)
    for i in range(n):
        y[i] = 0
        z[i] += 1
        w[i] *= 3
    return y.sum()


def writes_to_a_part(x, n):
    y = np.ascontiguousarray(x[1:])
    w = x[:2].reshape(2, 1)
    v = x[1:3].ravel()
    for i in range(n):
        y[i] = 0
        w[i, 0] -= 4
        v[i] *= 2
    return y.sum()


@pytest.mark.parametrize("function", [writes_to_a_copy, a_copy_keeps_what_was, writes_to_itself, writes_to_a_part])
def test_what_is_a_copy_and_what_is_not_is_as_in_numpy(function):
    x = np.array([1.0, 2.0, 3.0])
    later(function, (x, 0), (x, 2))
    if function is not writes_to_a_part:
        later(function, (x > 1.0, 0), (x > 1.0, 2)) if function is a_copy_keeps_what_was else None


def a_contiguous_copy(x, n):
    y = np.ascontiguousarray(x)
    for i in range(n):
        y[i] = 0
    return y.sum()


def test_an_array_with_gaps_is_copied():
    later(a_contiguous_copy, (np.arange(6.0)[::2], 0), (np.arange(6.0)[::2], 2))


def grids(x, n):
    a, b = np.meshgrid(x, x)
    for i in range(n):
        x[i] = 9
        a[0, i] = 5
    return a, b


def test_a_grid_is_no_view_of_its_axes():
    later(grids, (np.arange(3.0), 0), (np.arange(3.0), 2))


def real_part(z):
    r = z.real
    r[0] = 0
    return r.sum()


def broadcast(x):
    y = np.broadcast_to(x, (2, 3))
    y[0, 0] = 9
    return y.sum()


def perhaps(x):
    y = x.ravel()
    y[0] = 9
    return y.sum()


@pytest.mark.parametrize(
    ("function", "argument", "words"),
    [
        (real_part, np.ones(3) + 1j, "the .real of an array is written to"),
        (broadcast, np.ones(3), "read-only"),
        (perhaps, np.ones((3, 2)).T, "may look at another array"),
    ],
)
def test_what_may_be_a_view_is_not_written_to_in_silence(function, argument, words):
    with pytest.raises(aot.NotAdmissible, match=words):
        aot.compile(function, wait=True)(argument)


X, EMPTY = np.arange(5.0), np.empty(0)


def asked_first(x, i):
    y = 0.0
    if i < len(x):
        y = x[i]
    return y


def top(x):
    return x.max() if x.size > 0 else np.nan


def first_positive(x):
    if x.size and x[0] > 0:
        return 1.0
    return 0.0


def backwards(x):
    n = x.shape[0]
    y = np.empty(n)
    for i in range(n - 1, -1, -1):
        y[i] = x[i] + (y[i + 1] if i < n - 1 else 0.0)
    return y


def found_at(x, v):
    i = 0
    while i < len(x) and x[i] < v:
        i += 1
    return i


def bisect(x, v):
    low, high = 0, len(x)
    while low < high:
        middle = (low + high) // 2
        if x[middle] < v:
            low = middle + 1
        else:
            high = middle
    return low


def points(n):
    return np.linspace(0, 1, n) if n > 1 else np.zeros(n)


def few_points(a, b, n):
    return np.linspace(a, b, n)


def together(a, b):
    return a + b if len(a) == len(b) else a * 2


def third(x, n):
    total = 0.0
    for _ in range(n):
        total += x[2]
    return total


def asserted(x):
    if len(x) == 0:
        assert len(x) > 1
    return x.sum()


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        (asked_first, [(X, 2), (X, 9), (EMPTY, 0), (X, -9), (X, -2)]),
        (top, [(X,), (EMPTY,)]),
        (first_positive, [(X,), (EMPTY,), (X + 1,)]),
        (backwards, [(X,), (EMPTY,), (X[:1],)]),
        (found_at, [(X, 3.0), (EMPTY, 1.0), (X, 99.0)]),
        (bisect, [(X, 3.0), (EMPTY, 1.0), (X, 99.0)]),
        (points, [(3,), (1,), (0,)]),
        (few_points, [(0.0, 1.0, 3), (0.0, 2.5, 1), (1.0, 2.0, 0), (-0.0, np.inf, 1), (0.0, 1.0, -1)]),
        (together, [(X, X), (X, EMPTY), (EMPTY, X), (X, X[:2])]),
        (third, [(X, 2), (X[:2], 0), (X[:2], 1), (EMPTY, 0)]),
        (asserted, [(X,), (EMPTY,)]),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_what_a_test_guards_is_no_error_where_the_test_fails(function, calls):
    for at in range(len(calls)):
        later(function, *calls[at:], *calls[:at], native=False)
    later(function, *[one for one in calls if not isinstance(outcome(function, one)[0], type)])


def fill(x, n):
    for i in range(n):
        x[i] = i + 1


def scattered(x, i, v):
    for k in range(len(i)):
        x[i[k]] = v[k]


def checked(x, n):
    for i in range(3):
        assert i < n
        x[i] = i + 10


def rows(m, n):
    for i in range(n):
        m[i] = m[i] * 2 + i
        for j in range(n):
            m[i, j] += 1
        m[0] += 1


def until(x, n):
    i = 0
    while True:
        x[i] = 7
        if x[i + 1] > n:
            break
        x[i + 1] += 1
        i += 1
    x[0] = 99


def before(x, i, j):
    x[i] = 1
    x[j] = 2
    x[0] = 3


def in_a_branch(x, i):
    if x[0] < 5:
        x[0] = 5
        x[i] = 6
        x[1] = 7
    x[2] = 8
    return x.sum()


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        (fill, [(X, 3), (X, 7), (EMPTY, 1)]),
        (scattered, [(X, np.array([0, 1]), X[:2]), (X, np.array([0, 7, 1]), X[:3]), (X, np.array([0, 1, -6]), X[:3])]),
        (checked, [(X, 5), (X, 1), (X, 2)]),
        (rows, [(np.ones((3, 3)), 2), (np.ones((3, 3)), 4), (np.ones((3, 2)), 3)]),
        (until, [(X, 3), (X, 99), (X[:1], 0)]),
        (before, [(X, 1, 2), (X, 1, 9), (X, 9, 1), (X, -1, -9)]),
        (in_a_branch, [(X, 1), (X, 9), (X + 9, 9)]),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_after_an_error_nothing_more_is_written(function, calls):
    for at in range(len(calls)):
        later(function, *calls[at:], *calls[:at], native=False)
    later(function, *[one for one in calls if not isinstance(outcome(function, one)[0], type)])


def mask_adds(x, y):
    m = x > 0
    x[m] += y[m]
    return x


def mask_adds_all(x, y):
    x[x > 0] += y
    return x


def mask_adds_changed(x, y):
    m = x > 0
    t = y[m]
    y[...] = 0
    x[m] += t
    x[m] *= 2
    return y


def mask_sets(x, y):
    x[x > 0] = y
    return x


def mask_rows(x, y):
    m = x[:, 0] > 0
    x[m] -= y[m]
    return x


def mask_mixed(x, y):
    m = x > 0
    x[m] *= y[m].sum()
    x[~m] /= y[~m]
    x[m] -= y[m] * 2 + x[m]
    return x


def two_masks(x, y):
    return x[x > 0] + y[y > 0]


def other_mask(x, y):
    x[x > 0] += y[y > 0]
    return x


def indices_add(x, y, i):
    x[i] += y[i]
    return x


ONES, SOME = np.ones(3), np.array([1.0, -1.0, 2.0])


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        (mask_adds, [(ONES, ONES), (SOME, np.array([-5.0, 0, 1])), (-ONES, ONES)]),
        (mask_adds_all, [(ONES, ONES), (SOME, ONES), (SOME, ONES[:2]), (SOME, ONES[:1])]),
        (mask_adds_changed, [(ONES, ONES), (SOME, np.array([-5.0, 0, 1]))]),
        (mask_sets, [(ONES, ONES), (SOME, ONES[:2]), (SOME, ONES), (SOME, ONES[:1])]),
        (mask_rows, [(np.ones((3, 2)), np.ones((3, 2))), (np.array([[1.0, 2], [-1, 2]]), np.ones((2, 2)))]),
        (mask_mixed, [(ONES, ONES), (SOME, np.array([-5.0, 2, 1]))]),
        (two_masks, [(ONES, ONES), (ONES * [1, 2, 3], -SOME), (ONES, SOME), (-ONES, SOME)]),
        (other_mask, [(ONES, ONES), (ONES * [1, 2, 3], -SOME), (SOME, np.array([-5.0, 2, 1]))]),
        (indices_add, [(ONES, ONES, np.array([0, 1, 2])), (ONES, ONES, np.array([0, 2]))]),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_masked_operation_is_as_long_as_its_mask(function, calls):
    for at in range(len(calls)):
        later(function, *calls[at:], *calls[:at], native=False)
    later(function, *[one for one in calls if not isinstance(outcome(function, one)[0], type)])


def test_a_masked_operation_does_not_change_the_kind():
    with pytest.raises(aot.NotAdmissible, match="does not go into int64 in place"):
        aot.compile(mask_adds_all, wait=True)(np.ones(3, int), 0.5)


def factorial(n):
    r = 1
    for i in range(1, n + 1):
        r *= i
    return r


def power_modulo(b, e, m):
    r = 1
    b %= m
    while e:
        if e & 1:
            r = r * b % m
        b = b * b % m
        e >>= 1
    return r


def sums(a, b):
    return a + b, a - b, -a, abs(a)


def product(a, b):
    return a * b


def shifts(a, b):
    return a << b, a >> b


def divides(a, b):
    return a / b, a // b, a % b


def powers(a, b):
    return a**b, a**3


def compares(a, b):
    return a == b, a < b, a >= b, a != b


def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def collatz(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def hashed(x, n):
    h = 7
    for i in range(n):
        h = h * 31 + i
    return x * (h % 1000)


BIG = 2**62


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        (factorial, [(5,), (20,), (21,), (25,), (60,), (0,), (-3,)]),
        (power_modulo, [(3, 200, 1000007), (3, 2**40, 2**61 - 1), (2**62, 5, 2**63 - 1), (3, 0, 7)]),
        (sums, [(2, 3), (BIG, BIG), (-BIG, BIG + 1), (-(2**63), 1), (2**63 - 1, -1), (-(2**63), -(2**63))]),
        (
            product,
            [(2, 3), (2**40, 2**40), (2**32, -(2**31)), (-(2**63), -1), (2**31, 2**31), (3037000500, 3037000500)],
        ),
        (shifts, [(1, 3), (1, 62), (1, 63), (1, 64), (1, -1), (-1, 63), (0, 100), (-5, 70), (2**40, 30)]),
        (divides, [(7, 2), (BIG + 1, 3), (-(2**63), -1), (2**53 + 1, 2**53), (7, 0), (2**60, 2**61), (-7, 2)]),
        (powers, [(2, 5), (2, 62), (2, 63), (2, 64), (-2, 63), (10, 19), (2**31, 2), (1, 10**9), (-1, 10**9 + 1)]),
        (
            compares,
            [(1, 1.0), (2**53 + 1, 2.0**53), (2**62 + 1, 2.0**62), (1, np.inf), (1, np.nan), (-(2**63), -(2.0**63))],
        ),
        (fibonacci, [(10,), (90,), (93,), (200,)]),
        (collatz, [(7,), (27,), (2**62 + 1,), (837799,)]),
        (hashed, [(V3 := np.arange(3.0), 3), (V3, 100), (V3, 0)]),
        (product, [(2, 3), (2**70, 2), (True, 5)]),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_python_ints_are_pythons_whatever_their_size(function, calls):
    later(function, *calls)
    for at in range(1, len(calls)):
        later(function, calls[at], *calls[:at], native=False)


def in_place(x, n):
    x[0] = 5
    x[1] = factorial(n)


def not_yet(x, a, b):
    c = a * b
    x[0] = c % 7
    return c


def test_an_overflow_after_something_was_written_is_an_error_that_says_so():
    compiled = aot.compile(in_place, wait=True)
    compiled(np.zeros(2), 5)
    with pytest.raises(OverflowError, match="a Python int needs more than 64 bits here"):
        compiled(np.zeros(2), 25)
    later(in_place, (np.zeros(2), 25), (np.zeros(2), 5), native=False)
    later(not_yet, (np.zeros(2), 2, 3), (np.zeros(2), 2**40, 2**40))


def counts(x):
    n = 0
    for i in range(len(x)):
        if x[i] > 0:
            n += 1
    return n


def triangle(n):
    s = 0
    for i in range(n):
        for j in range(i):
            s += j * 2 + 1
    return s


def strided(x, k):
    s = 0.0
    for i in range(len(x) // k):
        s += x[i * k + k - 1]
    return s


def mixed_congruence(n):
    seed = 12345
    for _ in range(n):
        seed = (seed * 1103515245 + 12345) % 2147483648
    return seed


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (counts, (np.arange(9.0),)),
        (triangle, (9,)),
        (strided, (np.arange(9.0), 2)),
        (mixed_congruence, (9,)),
    ],
)
def test_counters_and_indices_are_not_tested_for_they_are_proved(function, arguments):
    special = aot.compile(function).traced(arguments)
    assert not [node for node in walk(special.graph.block) if node.op == "fits"], special.graph
    later(function, arguments)


def test_a_greater_size_than_was_proved_for_is_compiled_anew():
    compiled = later(triangle, (9,), (100,), (0,))
    assert len(compiled.specials) == 1
    special = only(compiled)
    assert special.holds(2**20)
    assert not special.holds(2**40)


def float_powers(a, b):
    return a**b


def fixed_powers(a):
    return a**2, a**3, a**-1


def root_of(a):
    return a**0.5


def functions(a):
    return math.sqrt(a), math.log(a + 1), math.exp(a), math.sin(a), math.tanh(a)


def domain(a):
    return math.log(a)


def range_(a):
    return math.exp(a)


def whole_of(a):
    return int(a), int(a) + 1


def put_in(x, v):
    x[1] = v
    return x


def put_all(x, v):
    x[:] = v
    return x


def put_masked(x, v):
    x[x > 1] = v
    return x


def looped(x, n):
    s = 0.0
    for i in range(n):
        s += math.sqrt(x[i])
        x[i] = s
    return s


NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        (
            float_powers,
            [(2.0, 0.5), (-8.0, 1 / 3), (0.0, -1.0), (1e200, 2.0), (NAN, 2.0), (INF, -1.0), (0.0, -INF), (-2.0, 3.0)],
        ),
        (float_powers, [(2, 0.5), (-8, 1 / 3), (0, -1.0), (10, 400.0), (-2, 3.0), (0, 0.0)]),
        (float_powers, [(2.0, 3), (0.0, -1), (1e200, 2), (-2.0, -3), (INF, 2), (NAN, 0)]),
        (fixed_powers, [(2.0,), (0.0,), (1e200,), (-1e120,), (-3.0,), (INF,), (NAN,)]),
        (fixed_powers, [(2,), (0,), (2**40,), (-3,)]),
        (root_of, [(4.0,), (-4.0,), (0.0,), (INF,), (-INF,)]),
        (root_of, [(4,), (-4,), (0,)]),
        (functions, [(4.0,), (-1.0,), (1000.0,), (INF,), (NAN,), (-0.5,), (0.0,)]),
        (functions, [(4,), (-1,), (1000,), (2**62,)]),
        (domain, [(4.0,), (0.0,), (-1.0,), (INF,), (NAN,)]),
        (range_, [(4.0,), (1000.0,), (-1000.0,), (INF,), (-INF,), (NAN,)]),
        (whole_of, [(2.5,), (NAN,), (INF,), (1e30,), (-(2.0**63),), (2.0**63,), (-2.5,)]),
        (whole_of, [(np.float64(2.5),), (np.float64(NAN),), (np.float64(1e30),)]),
        (whole_of, [(np.uint64(2),), (np.uint64(2**64 - 1),)]),
        *[
            (function, [(np.arange(4).astype(dtype), v) for v in (2.5, NAN, 1e30, -1.5, 300.7, INF, 127.9)])
            for function in (put_in, put_all, put_masked)
            for dtype in ("i8", "i1", "u1")
        ],
        (put_in, [(np.arange(4), np.float64(v)) for v in (2.5, NAN, 1e30, -1.5)]),
        (looped, [(np.ones(3), 3), (np.array([4.0, -1.0, 9.0]), 3), (np.array([4.0, NAN, 9.0]), 3)]),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_pythons_floats_raise_where_pythons_do(function, calls):
    later(function, *calls)
    for at in range(1, len(calls)):
        later(function, calls[at], *calls[:at], native=False)


def is_itself(x):
    return x is x, x is not x, x is None


def is_other(x, y):
    return x is y


def is_between(x):
    return 0 < x < 5


def within(x, i):
    if 0 <= i < len(x) and 0 < x[i] < 9:
        return x[i]
    return -1.0


def rightmost(x, i):
    return 0 <= i < 9 < x[i] < 99


def listed(x):
    return [x, x + 1], (x, [x * 2])


def listed_in_a_branch(x, n):
    y = [x, x + 1]
    if n > 2:
        y = [x * 2, x]
    for i in range(n):
        y = [y[0] + i, y[1]]
    return y


def starred(*xs):
    return xs[0].max()


def keyword(x, *, k=2.0):
    return x * k


def axes_twice(x):
    return x.sum(axis=(0, 0))


def into_another_rank(a, o):
    np.sum(a, out=o[0:1])
    return o


def into_ints(a, o):
    np.add(a, 0.5, out=o)
    return o


def into_more(a, o):
    np.add(a, 1, out=o)
    return o


def of_three(x: aot.f32[3]):
    return x * 2


def of_letters(x: aot.f64["n"], y: aot.f64["n"]):
    return x[0] + y[0]


def test_small_words_mean_what_they_mean_in_python():
    later(is_itself, (X,), (EMPTY,))
    later(within, (X, 2), (X, 9), (X, -1), (X * 10, 2), (EMPTY, 0))
    later(rightmost, (X + 10, 2), (X + 10, -1), (X + 10, 7), (X, 10))
    later(listed, (X,), (X[:2],))
    later(listed_in_a_branch, (X, 1), (X, 4), (X, 0))
    later(into_more, (X, np.zeros((2, 5))), (X[:2], np.zeros((2, 2))))
    for answer in (aot.compile(keyword, wait=True),):
        assert same(answer(X), keyword(X))
        assert same(answer(X, k=3.0), keyword(X, k=3.0))
        for _ in range(2):
            with pytest.raises(TypeError):
                answer(X, 3.0)


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        (is_other, (X, X), "is, between what is not known"),
        (is_between, (X,), "a chain of comparisons of arrays"),
        (starred, (X,), r"takes \* or \*\*: xs"),
        (into_ints, (X, np.zeros(5, int)), "does not go into int64 as out="),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_what_cannot_mean_what_it_says_is_refused(function, arguments, words):
    for _ in range(2):
        with pytest.raises(aot.NotAdmissible, match=words):
            aot.compile(function, wait=True)(*arguments)


def test_what_numpy_does_not_take_is_not_taken():
    later(axes_twice, (np.ones((2, 3)),), (np.ones((2, 3)),), native=False)
    later(into_another_rank, (X, np.zeros(2)), (X, np.zeros(2)), native=False)


def test_a_length_that_an_annotation_says_is_held_in_every_call():
    three, letters = aot.compile(of_three, wait=True), aot.compile(of_letters, wait=True)
    assert same(three(np.ones(3, "f4")), np.full(3, 2, "f4"))
    assert letters(X, X) == 0
    with pytest.raises(aot.NotAdmissible, match="has length 4 along axis 0, where 3 is 3"):
        three(np.ones(4, "f4"))
    with pytest.raises(aot.NotAdmissible, match="has length 2 along axis 0, where n is 5"):
        letters(X, X[:2])


def running(x):
    return np.cumsum(x), np.cumsum(x[::-1])


@pytest.mark.parametrize("dtype", ["f4", "f8", "f2", "c16"])
def test_a_running_sum_keeps_the_sign_of_a_zero(dtype):
    compiled = aot.compile(running, wait=True)
    compiled(np.ones(3, dtype))
    for values in ([-0.0], [-0.0, -0.0, 0.0, -0.0], [-0.0] * 40, [1.0, -1.0, -0.0]):
        x = np.array(values).astype(dtype)
        if dtype == "c16":
            x = np.conj(x)
        for got, want in zip(compiled(x), running(x), strict=True):
            assert np.array_equal(np.signbit(got.real), np.signbit(want.real))
            assert np.array_equal(np.signbit(got.imag), np.signbit(want.imag))


def bools(a, b, c):
    n = (a < b) + (b < c)
    return n, n * 3, (a < b) - (b < c), (a < b) & (b < c), -(a < b), abs(a < c), (a < b) << 2, (a == b) ** 2


def bools_counted(a, n):
    count = 0
    for i in range(n):
        count += (i < a) + (i < 3)
    return count


def lesser(a, x):
    return min(a, x)


def test_the_lesser_of_an_int_and_a_float_is_that_very_number():
    later(lesser, (5, 2.0), (2**53 + 1, 1e300), (2**62 + 1, 2.0**63), (7, 2.5))


def greatest(a, x):
    return max(a.sum(), x)


def least_of_small(a, x):
    return min(a[0], x)


def test_the_lesser_of_numpys_64_bits_and_a_float_is_not_left_to_a_float():
    for dtype in ("int64", "uint64"):
        with pytest.raises(aot.NotAdmissible, match=r"max of a 64-bit integer of NumPy's and a float(.|\n)*np.maximum"):
            aot.compile(greatest, wait=True)(np.array([2**53, 1], dtype), 2.5)
    with pytest.raises(aot.NotAdmissible, match=r"np.minimum"):
        aot.compile(lesser, wait=True)(np.int64(2**53 + 1), 1e300)
    least = aot.compile(least_of_small, wait=True)
    assert least(np.array([7], np.int32), 2.5) == 2.5
    assert least(np.array([2**53 + 1]), 2**60) == 2**53 + 1


def test_pythons_bools_are_counted():
    calls = [(1.0, 1.0, 1.0), (1.0, 2.0, 3.0), (3.0, 2.0, 1.0), (1.0, 2.0, 1.0)]
    later(bools, *calls)
    later(bools_counted, (0, 2), (9, 9), (2, 0))


def written_after_a_diagonal(x):
    d = np.diagonal(x)
    x[0, 0] = 9
    return d.sum()


def reads_a_diagonal(x):
    return np.diagonal(x), x.diagonal().sum(), np.trace(x)


def test_what_looks_at_what_is_written_is_not_left_to_chance():
    with pytest.raises(aot.NotAdmissible, match="an array is written to that its diagonal looks at"):
        aot.compile(written_after_a_diagonal, wait=True)(np.ones((3, 3)))
    later(reads_a_diagonal, (np.ones((3, 3)),), (np.arange(6.0).reshape(2, 3),))


def scaled(x, t):
    return x * t[0]


def signed(x, t):
    return np.copysign(x, t[0])


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        (scaled, [(1,), (1.0,), (True,)]),
        (signed, [(0.0,), (-0.0,)]),
        (scaled, [(math.nan,), (math.nan,)]),
    ],
)
def test_tuples_are_told_apart_by_what_they_hold_and_not_by_what_is_equal(function, calls):
    made = later(function, (np.arange(4), calls[0]), *((np.arange(4), call) for call in calls[1:]))
    assert sum(map(len, made.specials.values())) == len({repr(call) for call in calls})


ZERO = 0.0


def turned(x):
    return np.arctan2(ZERO, x)


def test_a_captured_zero_has_its_sign(monkeypatch):
    compiled = aot.compile(turned, wait=True)
    assert compiled(-np.ones(1)) == turned(-np.ones(1)) == math.pi
    monkeypatch.setitem(globals(), "ZERO", -0.0)
    assert compiled(-np.ones(1)) == turned(-np.ones(1)) == -math.pi


def raised(x, v):
    x += v
    return x


def test_an_array_that_overlaps_itself_is_left_to_numpy():
    def overlapping():
        return np.lib.stride_tricks.as_strided(np.zeros(7), (4, 4), (8, 8))

    compiled = aot.compile(raised, wait=True)
    compiled(overlapping(), 0.0)
    np.testing.assert_array_equal(compiled(overlapping(), 1.0), raised(overlapping(), 1.0))
    gaps = np.zeros((6, 6))[::2, 1::2]
    np.testing.assert_array_equal(compiled(gaps, 1.0), np.ones((3, 3)))


def rows(x, n):
    return x.reshape(n, -1).sum(axis=1)


def three_columns(x, n):
    return x.reshape(n, 3).sum(axis=0)


def repeated(x, n):
    return np.repeat(x, n)


def unit(n, m):
    return np.eye(n, m), np.tri(n, m)


def wide(x, n):
    return np.broadcast_to(x, (n, 3)) + 1


def counted_down(x, n):
    total = 0.0
    for i in range(n):
        total += np.ones(x[i]).sum() + np.zeros((2, 3 - i)).sum()
    return total


SIX = np.arange(6.0)


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        (rows, [(SIX, 2), (SIX, -1), (SIX, -2), (SIX, 0), (SIX[:0], 0), (SIX[:0], 2), (SIX, 4)]),
        (three_columns, [(SIX, 2), (SIX, -1), (SIX, -2), (SIX, 3)]),
        (repeated, [(SIX, 2), (SIX, -1), (SIX[:0], -1), (SIX, 0)]),
        (unit, [(2, 3), (-1, 3), (3, -1), (0, 0)]),
        (wide, [(SIX[:3], 2), (SIX[:3], -1), (SIX[:3], 0)]),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_count_that_is_negative_is_an_error_where_it_is_one(function, calls):
    later(function, *calls, native=False)


def test_a_count_that_the_data_has_is_no_less_tested():
    later(counted_down, (ints(1, 2, 3), 3), (ints(1, -2, 3), 3), (ints(1, 2, 3, 4, 5), 5), (ints(0), 1), native=False)


def ints(*values):
    return np.array(values)


def writes_to_a_power(x):
    y, z = x**1, np.power(x, 1)
    y[0] = 5
    z[1] = 6
    return y, z


def first_power(x):
    return x**1


def test_a_first_power_is_a_copy():
    later(writes_to_a_power, (np.array([5, 6]),), (np.array([7, 8]),))
    compiled, x = aot.compile(first_power, wait=True), np.array([7, 8])
    assert all(compiled(x) is not x and not np.shares_memory(compiled(x), x) for _ in range(2))


def power(x, p):
    return x**p


def numpys_power(x, p):
    return np.power(x, p)


def half_power(x, p):
    return x**0.5, np.power(x, 0.5), x ** np.float64(0.5), p + 0


EDGES = np.array([-np.inf, -0.0, np.inf, 0.0, 4.0])


@pytest.mark.parametrize("function", [power, numpys_power, half_power])
@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("half", [0.5, np.float64(0.5), np.float32(0.5), np.array(0.5)], ids=repr)
def test_a_power_of_one_half_is_a_root_where_numpy_takes_one(function, dtype, half):
    edges = EDGES.astype(dtype)
    less = np.array(half / 2) if isinstance(half, np.ndarray) else half / 2
    for first, then in ((np.ones(2, dtype), edges), *((edges[4], one) for one in edges)):
        compiled = aot.compile(function, wait=True)
        with np.errstate(all="ignore"):
            compiled(first, less)
            got, want = compiled(then, half), function(then, half)
        assert same(got, want, rtol=1e-6)
        assert all(map(_signs, *(one if isinstance(want, tuple) else (one,) for one in (got, want))))


def _signs(got, want):
    return np.array_equal(np.copysign(1, got), np.where(np.isnan(want), np.copysign(1, got), np.copysign(1, want)))


def test_powers_of_one_half_that_are_broadcast_are_left_to_numpy():
    x = np.array([[-np.inf, -0.0], [-np.inf, -0.0]])
    with np.errstate(all="ignore"):
        for p in (np.array([[0.5], [0.5]]), np.array([0.5, 0.25]), np.array([[0.5]])):
            later(numpys_power, (np.ones((2, 2)), p / 2), (x, p))


def negative_power(z):
    return z**-0.5


def test_a_complex_zero_has_no_negative_power():
    with np.errstate(all="ignore"):
        later(negative_power, (np.array([1 + 1j, 2]),), (np.array([0j, 1j]),))


def chosen(mask, x, y):
    return np.where(mask, x, y), np.where(mask, x, 1000)


def test_a_choice_cuts_a_python_int_down_as_numpy_does():
    mask = np.array([True, False])
    for dtype in ("i1", "u1", "u8"):
        x = np.array([1, 2], dtype)
        later(chosen, (mask, x, 5), (mask, x, 1000), (mask, x, -1))
