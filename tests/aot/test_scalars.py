"""Numbers are of the kind that Python gives them, and are put into arrays as NumPy puts them there."""

import math

import numpy as np
import pytest

from nozzle import aot
from tests.aot.agree import same
from tests.aot.conftest import needs_mlir
from tests.aot.test_meaning import later, outcome

pytestmark = needs_mlir


def strictly(function, first, *others):
    """As `later`; and every answer is of the very type that Python's is of."""
    compiled = later(function, first, *others)
    for arguments in others:
        want = outcome(function, arguments)[0]
        if not isinstance(want, type):
            assert _types(compiled(*arguments)) == _types(want), arguments


def _types(value):
    return tuple(map(_types, value)) if isinstance(value, tuple) else type(value)


def counts(n, a):
    total = 0
    for _ in range(n):
        total += (not a) * 2**62
    return total


def negations(a, x, z):
    return not a, not x, not x > 1, not z, not math.isnan(x)


def parts(z, x, i, t):
    return z.real, z.imag, x.real, x.imag, i.real, i.imag, t.real, t.imag, np.real(i), np.imag(x)


def conjugates(z, x, i, t):
    return z.conjugate(), x.conjugate(), i.conjugate(), t.conjugate(), np.conjugate(z)


def inverses(z):
    return 1 / z.real, 1 / z.conjugate()


def roots(z, k):
    return z.real**k


def imaginary(x):
    return np.imag(x), x.imag


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        (counts, [(1, 0), (3, 0), (3, 1)]),
        (negations, [(1, 2.0, 1j), (0, 0.0, 0j), (3, math.nan, 2j)]),
        (negations, [(np.int64(1), np.float32(2), np.complex64(1)), (np.int64(0), np.float32(0), np.complex64(0))]),
        (parts, [(1 + 2j, 1.5, 3, True), (-1j, math.inf, -3, False)]),
        (parts, [(np.complex64(1j), np.float32(1), np.int8(3), np.True_)] * 2),
        (inverses, [(1 + 1j,), (1j,), (0j,)]),
        (roots, [(2 + 1j, 2.0), (-8 + 0j, 1 / 3), (10 + 0j, 400.0)]),
        (imaginary, [(np.ones(3),), (np.array([-1.0, np.inf, np.nan]),)]),
        (imaginary, [(np.array([True]),), (np.array([False]),)]),
    ],
)
def test_what_python_makes_of_its_numbers_are_its_numbers(function, calls):
    strictly(function, calls[0], *calls)


def test_conjugates_of_pythons_numbers_are_its_numbers():
    strictly(conjugates, (1 + 2j, 1.5, 3, True), (1 + 2j, 1.5, 3, True), (-1j, -0.0, -3, False))


def grown(n, step):
    p = 1
    for i in range(1, n, step):
        p = p * 3 + i
    return p


def numbers(start, stop, step):
    last = 0
    for i in range(start, stop, step):
        last = i
    return last


def test_a_range_gives_pythons_numbers_whatever_its_bounds_are():
    strictly(grown, (6, np.int64(1)), (60, np.int64(1)), (60, np.int64(2)))
    strictly(numbers, (np.int8(0), np.int64(5), np.uint8(2)), (np.int8(-3), np.int64(9), np.uint8(4)))


def beside(z, a):
    w = 1j * a
    return z + w, w, 1j == a, w + a  # noqa: SIM300


def behind(z, a):
    return z + a * 1j


def over(a):
    return 1j / a


def test_a_python_complex_takes_a_float_of_numpys_for_pythons():
    z = np.array([1], "F")
    strictly(beside, (z, np.float64(1)), (z, np.float64(1e300)))
    strictly(behind, (z, np.float64(1)), (z, np.float64(1e300)))
    strictly(beside, (z, np.float32(1)), (z, np.float32(2)))
    strictly(over, (np.float64(1),), (np.float64(0),))


def puts(x, v):
    x[1] = v[0]


def fills(x, v):
    x[1:] = v[0]
    x[...] = v[0]


def adds(h, k, v):
    for i in range(len(k)):
        h[k[i]] += v[i]
    return h


def lists(v):
    return np.array([v[0], 1], np.int8)


def puts_many(x, v):
    x[np.array([0, 1])] = v[0]
    x[x > 5] = v[0]
    x[:] = v


def ints(dtype, *values):
    return np.array(values, dtype)


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "i8", "u1", "u4"])
@pytest.mark.parametrize("wide", ["i8", "i4", "u8", "u1"])
def test_a_number_of_numpys_goes_into_integers_as_in_numpy(dtype, wide):
    most = np.iinfo(wide).max
    for function in (puts, fills, puts_many):
        values = (ints(wide, one) for one in (7, 100, most, 200, most // 2))
        later(function, (ints(dtype, 0, 0), ints(wide, 5)), *((ints(dtype, 0, 9), one) for one in values))


@pytest.mark.parametrize("kind", ["f4", "f8", "f2"])
def test_a_float_goes_into_integers_as_in_numpy(kind):
    calls = [(ints("i2", 0, 0), np.array([one], kind)) for one in (5.5, -7.25, 60000, np.nan, np.inf)]
    later(puts, *calls)
    later(fills, *calls)


def test_sums_that_do_not_fit_are_an_error():
    k = ints("i8", 0, 0)
    later(adds, (ints("i2", 0, 0), ints("i8", 0, 1), ints("i8", 1, 1)), (ints("i2", 0, 0), k, ints("i8", 40000, 1)))
    later(adds, (ints("i2", 0, 0), k, ints("i8", 1, 1)), (ints("i2", 0, 0), k, ints("i8", 30000, 30000)))
    later(lists, (ints("i8", 5),), (ints("i8", 300),), (ints("i8", -128),))


def asks(x):
    return np.isinf(x), np.isnan(x), np.isfinite(x)


@pytest.mark.parametrize("dtype", ["i8", "u1", "bool"])
def test_whole_numbers_are_finite(dtype):
    later(asks, (np.ones(3, dtype),), (np.zeros(5, dtype),))


def size(a):
    return abs(complex(a, 2))


def test_a_complex_of_two_numbers_is_refused():
    with pytest.raises(aot.NotAdmissible, match=r"complex\(\) of two numbers(.|\n)*write a \+ b \* 1j"):
        aot.compile(size, wait=True)(2.0)


def orders(a, b):
    return a < b, a <= b, a > b, a >= b, a == b, a != b


@pytest.mark.parametrize("small", ["i1", "i2", "i4", "i8"])
def test_a_number_with_a_sign_is_compared_with_uint64_as_a_number(small):
    low, one = np.dtype(small).type(-3), np.dtype(small).type(1)
    most = np.uint64(2**64 - 3)
    strictly(orders, (np.uint64(1), one), (np.uint64(7), low), (most, low), (np.uint64(1), one))
    strictly(orders, (one, np.uint64(1)), (low, np.uint64(7)), (low, most))


def powers(p, q):
    return p**q, np.power(p, q)


@pytest.mark.parametrize(
    "calls",
    [
        [(np.int8(100), np.int64(2)), (np.int8(-3), np.int64(5))],
        [(np.uint8(3), np.int8(5)), (np.uint8(200), np.int8(2))],
        [(2, np.uint8(3)), (2, np.uint8(9))],
        [(np.uint64(3), np.uint64(5)), (np.uint64(2**64 - 1), np.uint64(3))],
    ],
)
def test_powers_of_whole_numbers_have_the_type_of_numpys(calls):
    strictly(powers, *calls)


def test_a_power_that_64_bits_with_a_sign_do_not_hold_is_left_to_python():
    most = np.uint64(2**64 - 1)
    strictly(powers, (np.uint64(3), np.uint64(5)), (most, most), (most, most - np.uint64(1)))


def raised(a, z):
    return a**z


def test_zero_to_a_complex_power_is_an_error():
    calls = [(2.0, 1j), (0.0, 2j), (0.0, -1 + 0j), (0.0, 2 + 0j), (0.0, 0j), (-1.0, 0.5 + 0j)]
    strictly(raised, *calls)


def made(x):
    return np.int64(x), np.int8(x)


def real_numbers(z):
    return np.float64(z)


def whole(z):
    return int(z)


def test_a_python_float_is_made_a_whole_number_as_by_int():
    strictly(made, (1.5,), (-1.5,), (300.0,), (1e300,), (math.nan,), (127.9,))
    for function in (whole, real_numbers):
        with pytest.raises(TypeError, match="complex"):
            aot.compile(function, wait=True)(1j)


def quotients(a, b):
    return a / b


@pytest.mark.parametrize("dtype", ["c8", "c16"])
def test_zeros_of_complex_quotients_have_their_sign(dtype):
    parts = (0.0, -0.0, 1.0, -2.0)
    every = np.array([complex(a, b) for a in parts for b in parts], dtype)
    a, b = (one.ravel().copy() for one in np.meshgrid(every, every))
    compiled = aot.compile(quotients, wait=True)
    with np.errstate(all="ignore"):
        got, want = compiled(a, b), quotients(a, b)
    for one, two in ((got.real, want.real), (got.imag, want.imag)):
        assert np.array_equal(one, two, equal_nan=True)
        assert np.array_equal(np.signbit(one[~np.isnan(two)]), np.signbit(two[~np.isnan(two)]))


def test_pythons_complex_quotients_are_pythons_to_the_last_bit():
    rng = np.random.default_rng(7)
    compiled = aot.compile(quotients, wait=True)
    for a, b, c, d in rng.standard_normal((200, 4)).tolist():
        assert compiled(complex(a, b), complex(c, d)) == complex(a, b) / complex(c, d)
        assert compiled(a, complex(c, d)) == a / complex(c, d)
    strictly(
        quotients,
        (1j, 2j),
        (1j, 0j),
        (complex(math.nan, 1), 1j),
        (0j, complex(-0.0, 2)),
        (1 + 1j, complex(1, math.nan)),
    )


def returned_early(x):
    if x[0] > 0:
        return 1
    return 2.5


def chosen_by_a_word(x):
    return True if x[0] > 0 else 0


def sum_or_less(x):
    s = 0
    for v in x:
        if v < 0:
            return -1
        s = s + v
    return s


def first_that_is_large(x):
    best = -1
    for i in range(len(x)):
        if x[i] > 2:
            best = x[i]
            break
    return best


def pairs_of_two_kinds(x):
    if x[0] > 0:
        return x.sum(), 1
    return 0.0, 2


def nothing_of_nothing(x):
    total, i = 0, 0
    while i < len(x):
        total += x[i]
        i += 1
    return total


@pytest.mark.parametrize(
    "function",
    [returned_early, chosen_by_a_word, sum_or_less, first_that_is_large, pairs_of_two_kinds, nothing_of_nothing],
)
@pytest.mark.parametrize("first", [0, 1, 2, 3])
def test_a_number_is_of_the_type_that_its_way_gives(function, first, caplog):
    calls = [np.array([1.0, 2]), np.array([-1.0, 3]), np.array([3.0]), np.array([0.5, 1, 9])]
    compiled = aot.compile(function, wait=True)
    calls = [*calls[first:], *calls[:first]]
    if function is nothing_of_nothing:
        calls.insert(first, np.zeros(0))
    for x in calls:
        got, want = compiled(x), function(x)
        assert same(got, want, rtol=1e-12)
        assert str(type(got)) == str(type(want))
    assert all(one.native is not None for group in compiled.specials.values() for one in group)
    assert not caplog.messages


def changed_and_counted(x, kind: int):
    x += 1
    if kind:
        return 0
    return x.sum()


def changed_and_summed(x):
    s = 0
    for i in range(len(x)):
        x[i] += 1
        s += x[i]
    return s


def test_numbers_of_two_types_beside_what_is_written_to_are_refused_but_for_a_loop_that_had_no_turn():
    with pytest.raises(
        aot.NotAdmissible, match=r"of one type or of another is given back(.|\n)*instead: give back numb"
    ):
        aot.compile(changed_and_counted, wait=True)(np.ones(3), 1)
    compiled = aot.compile(changed_and_summed, wait=True)
    assert same(compiled(np.ones(3)), np.float64(6))
    assert compiled(np.ones(0)) == 0


def one_of_two(c, x):
    return np.where(c, 1, 2), np.where(x > 0, x, 2.0).sum(), np.where(c, x, 1) + 1


def made_arrays(x):
    return np.array(x), np.asarray(x), np.array(2), np.array(x).sum(), np.asarray(np.array(x) + 1)


def widened_by_an_array(x, y):
    return x * np.asarray(y), x * y, np.array(2.0) * x


def covariance(x):
    return np.cov(x)


def a_copy(x):
    return x.copy(), x[()], x + 1


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        (one_of_two, [(True, 2.5), (False, -1.0)]),
        (one_of_two, [(np.array(True), np.float64(2.5)), (np.array(False), np.float64(-2.5))]),
        (made_arrays, [(2.5,), (1.5,)]),
        (made_arrays, [(np.float32(2.5),), (np.float32(1.5),)]),
        (widened_by_an_array, [(np.ones(3, "f4"), 0.1), (np.ones(2, "f4"), 0.3)]),
        (covariance, [(np.array([[1.0, 2, 4]]),), (np.array([[1.0, 2, 5, 9]]),)]),
        (a_copy, [(np.array(2.5),), (np.array(1.5),)]),
    ],
)
def test_an_array_without_axes_is_given_back_as_one(function, calls, caplog):
    compiled = aot.compile(function, wait=True)
    for arguments in [*calls, *calls]:
        got, want = compiled(*arguments), function(*arguments)
        assert same(got, want, rtol=1e-12)
        assert str(_types(got)) == str(_types(want))
    ((special,),) = compiled.specials.values()
    assert special.native is not None, special.said
    assert not caplog.messages


def changed_in_place(x):
    y = np.asarray(x.sum())
    y += 1
    return y


def given_back(x):
    return x


@pytest.mark.parametrize(
    ("function", "argument", "words"),
    [
        (changed_in_place, np.ones(3), "y, an array without axes, is changed in place"),
        (given_back, np.array(2.5), r"x, an array without axes(.|\n)*give back its number, x\[\(\)\], or a copy"),
    ],
)
def test_an_array_without_axes_is_not_changed_in_place_nor_an_argument_given_back(function, argument, words):
    with pytest.raises(aot.NotAdmissible, match=words):
        aot.compile(function, wait=True)(argument)
