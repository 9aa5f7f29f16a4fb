"""Our own functions keep their bound over the whole line, and every special value."""

import numpy as np
import pytest

from nozzle import aot
from tests.aot.conftest import needs_mlir

SPECIAL = [
    0.0,
    -0.0,
    np.inf,
    -np.inf,
    np.nan,
    1e-45,
    -1e-45,
    5e-324,
    1.0,
    -1.0,
    88.7,
    89.0,
    -103.9,
    -110,
    709.7,
    711,
    -745,
    -750,
]


def exp(x):
    return np.exp(x)


def log(x):
    return np.log(x)


def exp2(x):
    return np.exp2(x)


def expm1(x):
    return np.expm1(x)


def log2(x):
    return np.log2(x)


def log10(x):
    return np.log10(x)


def log1p(x):
    return np.log1p(x)


def tanh(x):
    return np.tanh(x)


def sin(x):
    return np.sin(x)


def cos(x):
    return np.cos(x)


def arctan(x):
    return np.arctan(x)


def line(dtype):
    """Numbers of every size, both signs, and near what matters."""
    rng = np.random.default_rng(3)
    bits = rng.integers(0, 2 ** (8 * np.dtype(dtype).itemsize - 1), 40000).astype(f"i{np.dtype(dtype).itemsize}")
    wild = np.concatenate([bits.view(dtype), -bits.view(dtype)])
    tame = np.concatenate([rng.uniform(-110, 110, 40000), rng.uniform(0, 2, 40000), rng.uniform(-1, 1, 40000)])
    return np.concatenate([wild, tame.astype(dtype), np.array(SPECIAL).astype(dtype)])


def native(function, *arguments):
    compiled = aot.compile(function, wait=True)
    got = compiled(*arguments)
    ((special,),) = compiled.specials.values()
    assert special.native is not None, special.said
    return got


@needs_mlir
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("function", [exp, exp2, expm1, log, log2, log10, log1p, tanh, sin, cos, arctan])
def test_it_is_within_four_units_in_the_last_place(function, dtype):
    with np.errstate(all="ignore"):
        x = line(dtype)
        got, want = native(function, x), function(x.astype(np.longdouble))
        rounded = want.astype(dtype)
        same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
        apart = np.abs(got.astype(np.longdouble) - want) / np.spacing(np.abs(rounded)).astype(np.longdouble)
    assert np.array_equal(np.signbit(got[~np.isnan(got)]), np.signbit(rounded[~np.isnan(got)]))
    assert np.max(apart[~same], initial=0) <= 4


@needs_mlir
@pytest.mark.parametrize("function", [sin, cos])
def test_the_quicker_form_of_nearly_all_angles_is_within_two_units(function):
    x = np.concatenate([line("f4"), (np.arange(-4096, 4096) * (np.pi / 2)).astype("f4")])
    x = x[np.abs(x) < 2**24]
    assert len(x) > 10**5
    want = function(x.astype(np.longdouble))
    apart = np.abs(native(function, x) - want) / np.spacing(np.abs(want.astype("f4"))).astype(np.longdouble)
    assert np.max(apart) <= 2


def in_place(x):
    x[:] = np.sin(x)


def over_itself(x, y):
    y[:] = np.cos(x) + y
    return y


@needs_mlir
@pytest.mark.parametrize("many", [1, 1023, 1024, 1025, 5000])
def test_a_rare_angle_among_near_ones_is_computed_again_and_nothing_twice(many):
    x = np.linspace(-9, 9, many).astype("f4")
    x[many // 2] = 1e30
    assert np.allclose(native(sin, x), np.sin(x), atol=1e-6)
    one, two, y = x.copy(), x.copy(), np.ones_like(x)
    native(in_place, one)
    in_place(two)
    assert np.allclose(one, two, atol=1e-6)
    assert np.allclose(native(over_itself, x, y.copy()), over_itself(x, y.copy()), atol=1e-6)


def arctan2(y, x):
    return np.arctan2(y, x)


@needs_mlir
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_an_angle_of_a_point_is_within_four_units_too(dtype):
    y = line(dtype)
    x = np.random.default_rng(5).permutation(y)
    corners = np.array(np.meshgrid(SPECIAL, SPECIAL)).reshape(2, -1).astype(dtype)
    with np.errstate(all="ignore"):
        close = y * np.dtype(dtype).type(1.0000001)
        y, x = np.concatenate([y, corners[0], y]), np.concatenate([x, corners[1], close])
        got, want = native(arctan2, y, x), arctan2(y.astype(np.longdouble), x.astype(np.longdouble))
        apart = np.abs(got - want) / np.spacing(np.abs(want.astype(dtype))).astype(np.longdouble)
    assert np.array_equal(np.isnan(got), np.isnan(want))
    there = ~np.isnan(want)
    assert np.array_equal(np.signbit(got[there]), np.signbit(want[there]))
    assert np.max(apart[there], initial=0) <= 4
