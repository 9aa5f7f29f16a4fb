"""Plain programs: loops of any step, several arrays at once, Python's own functions of numbers."""

import copy
import math
import pickle

import numpy as np
import pytest

from nozzle import aot
from tests.aot.agree import same
from tests.aot.conftest import needs_mlir

V = np.array([3.0, -1.5, 2.5, 0.5, -7.25])


def clamp(i, n):
    return max(0, min(i, n - 1))


def sieve(n):
    prime = np.ones(n, dtype=np.bool_)
    i = 2
    while i * i < n:
        for j in range(i * i, n, i):
            prime[j] = False
        i += 1
    return prime


def steps(start, stop, step):
    total, turns = 0, 0
    for i in range(start, stop, step):
        total += i
        turns += 1
    return total, turns


def spaced(n, k):
    return np.arange(0, n, k)


def zipped(x, y):
    total = 0.0
    for a, b in zip(x, y):  # noqa: B905
        total += a * b
    return total


def rounded(x):
    return round(x), math.floor(x), math.ceil(x), math.trunc(x), math.isnan(x)


def table(v):
    return np.array([[1.0, 2.0], [3, 4], v[:2]]) @ v[:2]


def behind(a, n):
    i, j, k, turns = a, a, a, 0
    for i in range(2):
        turns += i
    for j in range(n):
        turns += j
    for k in range(n, 0, -2):
        turns += k
    return i, j, k, turns


def shared(x):
    first, *rest = x.shape
    *most, last = x.shape
    return first, rest[0], last, len(most)


def behind_in_a_loop(n):
    total, j = 0, 0
    for i in range(n):
        for j in range(i):
            total += j
        total += 10 * j
    return total


def newton(a, tol):
    x = a
    while True:
        new = 0.5 * (x + a / x)
        step = abs(new - x)
        if step < tol:
            break
        x = new
    return new, step


def three(x):
    for k in range(3):
        y = x * k
        x = y + 1
    return y


def first_or_later(x, n):
    while True:
        if n > 3:
            y = x * 2
            break
        y = x + n
        n += 1
    return y


def bounds_within(x):
    total = 0.0
    for i in range(x.shape[0]):
        while True:
            lo, hi = x[i].min(), x[i].max()
            if hi - lo < 1:
                break
            x[i] = (x[i] - lo) / (hi - lo + 1)
        total += lo + 2 * hi
    return total


def may_not_be(x, n):
    for i in range(n):
        y = x + i
    return y


def set_after(x, n):
    while True:
        if n > 3:
            break
        y = x + n
        n += 1
    return y


def of_any_size(x):
    while True:
        y = x[x > 0]
        if y.size < 3:
            break
        x = x - 1
    return y.sum()


@pytest.mark.parametrize("function", [may_not_be, set_after])
def test_what_a_loop_may_not_set_is_refused(function):
    with pytest.raises(aot.NotAdmissible, match="y may have no value here"):
        aot.compile(function, wait=True)(V, 2)


def test_a_size_that_depends_on_data_is_handed_on_by_no_loop():
    with pytest.raises(aot.NotAdmissible, match="y may have no value here"):
        aot.compile(of_any_size, wait=True)(V)


CALLS = [
    (newton, [(2.0, 1e-9), (9.0, 100.0)]),
    (three, [(V,)]),
    (first_or_later, [(V, 1), (V, 9)]),
    (clamp, [(7, 5), (-3, 5), (2, 5), (0, 0)]),
    (sieve, [(30,), (5,), (2,), (100,)]),
    (steps, [(0, 10, 3), (10, 0, -3), (0, 10, -1), (5, 5, 2), (0, 1, 100), (-7, 9, 4), (9, -7, -4)]),
    (spaced, [(6, 2), (7, 3), (1, 9), (0, 4)]),
    (zipped, [(V, V), (V, V[:3]), (V[:2], V)]),
    (rounded, [(2.5,), (-2.5,), (3.5,), (0.49,), (-7.0,)]),
    (table, [(V,)]),
    (shared, [(V.reshape(1, 5),)]),
    (bounds_within, [(np.arange(12.0).reshape(3, 4),)]),
    (behind, [(7, 3), (7, 0), (7, 1), (7, 6)]),
    (behind_in_a_loop, [(5,), (1,), (0,)]),
]


@pytest.mark.parametrize("wait", [pytest.param(True, marks=needs_mlir), False])
@pytest.mark.parametrize(("function", "calls"), CALLS, ids=lambda one: getattr(one, "__name__", ""))
def test_a_plain_program_answers_as_python(function, calls, wait):
    compiled = aot.compile(function, wait=wait)
    for call in calls:
        want = function(*copy.deepcopy(call))
        assert same(compiled(*copy.deepcopy(call)), want), call
        assert same(compiled.traced(call).interpreted(copy.deepcopy(call)), want), call


def decimals(x):
    return np.round(x), np.round(x, 2), x.round(3), np.round(x, -1)


@pytest.mark.parametrize("wait", [pytest.param(True, marks=needs_mlir), False])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_decimals_are_rounded_as_numpy_does_it(dtype, wait):
    x = np.concatenate(
        [np.random.default_rng(1).normal(0, 50, 3000), [0.125, -0.125, 2.675, -0.0, np.nan, np.inf, 1e30]]
    )
    compiled, x = aot.compile(decimals, wait=wait), x.astype(dtype)
    with np.errstate(all="ignore"):
        assert same(compiled(x), decimals(x))
        assert same(compiled.traced((x,)).interpreted((x,)), decimals(x))


def floors(x):
    return np.floor(x), np.ceil(x), np.trunc(x)


@needs_mlir
@pytest.mark.parametrize("dtype", ["i1", "u4", "i8", "?", "f4"])
def test_whole_numbers_have_no_fraction_to_lose(dtype):
    compiled, x = aot.compile(floors, wait=True), (V * 2).astype("i1").astype(dtype)
    assert same(compiled(x), floors(x))
    assert compiled.special((x,)).native is not None


def unread(n):
    total = 0
    for i in range(n):
        total += i
    return total


def test_a_loop_whose_name_nobody_reads_behind_it_is_compiled_once():
    compiled = aot.compile(unread, wait=True)
    for n in (9, 0, 3):
        assert compiled(n) == unread(n)
    assert sum(map(len, compiled.specials.values())) == 1


def test_a_step_of_zero_is_an_error():
    compiled = aot.compile(steps, wait=True)
    compiled(0, 10, 3)
    with pytest.raises(ValueError, match="range\\(\\) arg 3 must not be zero"):
        compiled(0, 10, 0)


def appends(x):
    found = []
    for i in range(3):
        found.append(x * i)
    return np.stack(found)


def starred(x):
    a, *_ = x
    return a


def walrus(x):
    if (n := len(x)) > 2:
        return n
    return 0


def formatted(x):
    return f"{x}"


def sorts(x):
    return np.sort(x)


def strided(x, k):
    return x[::k]


def wide(x):
    return x.astype(np.uint8) + 300


def undefined(x):
    return x + missing


@pytest.mark.parametrize(
    ("function", "arguments", "reason", "instead"),
    [
        (appends, (V,), ".append of a list", "out[i] = ..."),
        (starred, (V,), "an array goes into a name with *", "slice it: a, b = x[0], x[1:]"),
        (walrus, (V,), "an assignment inside an expression", "assign on a line before"),
        (formatted, (V,), "an f-string", "strings have no place here"),
        (sorts, (V,), "a call of sort", "sort outside, and pass the array"),
        (strided, (V, 2), "a step that is not a constant", "x[np.arange(0, len(x), k)]"),
        (wide, (V,), "300 does not fit uint8", "x.astype(np.int64)"),
        (undefined, (V,), "the name missing is not defined", "define it before the call"),
    ],
)
def test_what_is_refused_is_called_by_its_name_and_has_a_way_out(function, arguments, reason, instead):
    with pytest.raises(aot.NotAdmissible) as caught:
        aot.compile(function)(*arguments)
    assert reason in str(caught.value)
    assert f"instead: {instead}" in str(caught.value) or instead in str(caught.value).split("instead: ")[1]


def paired(n, x):
    total = 0.0
    for i, j in zip(range(n), range(9, 3, -2)):  # noqa: B905
        total += i * j
    for a, k in zip(x, range(2, 100, n)):  # noqa: B905
        total += a * k
    return total


def numbered(x, n):
    total = 0.0
    for i, a in enumerate(x, 1):
        total += i * a
    for i, a in enumerate(x, start=n):
        total -= i * a
    for i, k in enumerate(range(3, n)):
        total += i * k
    for i, k in enumerate((2, 5), 7):
        total += i * k * n
    return total


@needs_mlir
@pytest.mark.parametrize(
    ("function", "calls"),
    [(paired, [(2, V), (5, V), (1, V[:2])]), (numbered, [(V, 4), (V, 0), (V[:1], 7)])],
    ids=["zip", "enumerate"],
)
def test_ranges_and_arrays_are_gone_over_together(function, calls):
    compiled = aot.compile(function, wait=True)
    for call in calls:
        assert same(compiled(*call), function(*call)), call


def strict(x, y):
    total = 0.0
    for a, b in zip(x, y, strict=True):
        total += a * b
    return total


def threes(x):
    total = 0.0
    for a, b in zip(x, (1, 2, 3)):  # noqa: B905
        total += a * b
    return total


def joined(x):
    return np.concatenate(([0.0], np.cumsum(x), [1, 2]))


def listed(x):
    return np.exp([x, 1.0])


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        (strict, (V, V), "zip with strict="),
        (threes, (V,), "a tuple in zip or enumerate"),
        (listed, (1.0,), r"a list is no number or array here(.|\n)*np.array"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_what_is_not_gone_over_is_refused_in_words(function, arguments, words):
    with pytest.raises(aot.NotAdmissible, match=words):
        aot.compile(function, wait=True)(*arguments)


@needs_mlir
def test_lists_of_numbers_are_joined_to_arrays():
    assert same(aot.compile(joined, wait=True)(V), joined(V))


def clipped(x, a, b):
    return np.clip(x, a, b), x.clip(-1000, b)


@needs_mlir
@pytest.mark.parametrize("dtype", ["i1", "u1", "i4", "i8"])
def test_bounds_beyond_a_dtype_bound_nothing(dtype):
    compiled, x = aot.compile(clipped, wait=True), np.arange(9).astype(dtype)
    for bounds in ((0, 3), (2, 300), (-300, 5), (-(2**40), 2**40)):
        assert same(compiled(x, *bounds), clipped(x, *bounds)), bounds
    if dtype == "i1":
        with pytest.raises(OverflowError):
            compiled(x, 300, 400)


@aot.compile
def doubled(x):
    return x * 2


def test_a_compiled_function_is_pickled_as_functions_are():
    assert pickle.loads(pickle.dumps(doubled)) is doubled
    other = pickle.loads(pickle.dumps(aot.compile(clamp, quantize="f16")))
    assert other(7, 5) == 4
    assert other.options.quantize == "f16"


def settles(x, tol, n):
    for k in range(n):
        y = np.cos(x)
        if np.max(np.abs(y - x)) < tol:
            return y, k
        x = y
    else:
        k = -1
    return x, k


def test_what_stands_in_the_else_of_a_loop_that_only_returns_is_set():
    compiled = aot.compile(settles, wait=True)
    for tol, n in ((1e-6, 50), (1e-6, 3), (9.0, 3), (1.0, 0)):
        assert same(compiled(np.ones(3), tol, n), settles(np.ones(3), tol, n), rtol=1e-12)


def broken(x, n):
    for k in range(n):
        if x[k] > 1:
            break
    else:
        k = -1
    return k


def test_a_name_without_a_value_is_told_why():
    with pytest.raises(aot.NotAdmissible, match="k may have no value here: it is set in a loop, which may not run"):
        aot.compile(broken, wait=True)(np.ones(3), 3)


def leaps(p, q, n):
    for _ in range(n):
        p = p - q
    p -= q
    return p


def test_an_array_out_of_a_loop_is_not_written_to_and_it_is_said_what_to_write():
    with pytest.raises(aot.NotAdmissible, match=r"may be another name's too[\s\S]*x = x \+ y for x \+= y"):
        aot.compile(leaps, wait=True)(np.ones(3), np.ones(3), 2)
