"""exp, log, tanh and their kin, without branches, so that loops over them become vectors; `angle` has the others.

The ways and the coefficients are those of S. Moshier's Cephes library (netlib.org/cephes: expf, logf, tanhf, exp, log,
tanh); exp in double is the Taylor polynomial of degree 13 on half of ln 2. Each is within 4 units in the last place of
the exact value, NaN, infinities, zeros and subnormal numbers included; `tests/aot/test_transcendental.py` measures it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nozzle.aot.ops.op import Scalars

LN2 = {"float32": (0.693359375, -2.12194440e-4), "float64": (6.93145751953125e-1, 1.42860682030941723212e-6)}
EXP = {
    "float32": (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1),
    "float64": tuple(1 / math.factorial(k) for k in range(13, 1, -1)),
}
EDGES = {"float32": (-104.0, 89.0), "float64": (-746.0, 710.0)}
"""Below the first, exp is 0; above the second, infinity."""
SHIFT = {"float32": (1.5 * 2**23, "int32", 23, 127), "float64": (1.5 * 2**52, "int64", 52, 1023)}
"""What brings a number's whole part into its low bits; its bits' type; bits of the fraction; bias of the exponent."""
LOG32 = (
    *(7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1),
    *(-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1),
)
LOG64 = (
    (
        *(1.01875663804580931796e-4, 4.97494994976747001425e-1, 4.70579119878881725854e0),
        *(1.44989225341610930846e1, 1.79368678507819816313e1, 7.70838733755885391666e0),
    ),
    (
        *(1.0, 1.12873587189167450590e1, 4.52279145837532221105e1),
        *(8.29875266912776603211e1, 7.11544750618563894466e1, 2.31251620126765340583e1),
    ),
)
TANH32 = (-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
TANH64 = (
    (-9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3),
    (1.0, 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3),
)


def polynomial(s: Scalars, t: str, x: str, coefficients: Sequence[float]) -> str:
    """By Horner's rule, highest power first."""
    found = s.const(coefficients[0], t)
    for one in coefficients[1:]:
        found = s.near("addf", t, s.near("mulf", t, found, x), s.const(one, t))
    return found


def exp(s: Scalars, t: str, x: tuple[str, ...]) -> str:
    """2^k times a polynomial of the rest."""
    value, power = _grown(s, t, x[0])
    return _scaled(s, t, s.op("arith.addf", t, value, s.const(1.0, t)), power)


def _grown(s: Scalars, t: str, x: str) -> tuple[str, str]:
    """exp of what 2^k leaves, less 1; and k."""
    low, high = (s.const(edge, t) for edge in EDGES[t])
    number = s.op("arith.minimumf", t, s.op("arith.maximumf", t, x, low), high)
    times, power = _nearest(s, t, s.op("arith.mulf", t, number, s.const(math.log2(math.e), t)))
    rest = number
    for part in LN2[t]:
        rest = s.near("subf", t, rest, s.near("mulf", t, times, s.const(part, t)))
    return _bent(s, t, rest), power


def _nearest(s: Scalars, t: str, x: str) -> tuple[str, str]:
    """The nearest whole number, as a float and as an integer."""
    shift, whole = SHIFT[t][:2]
    moved = s.op("arith.addf", t, x, s.const(shift, t))
    bits = int(np.array(shift, t).view(whole))
    return s.op("arith.subf", t, moved, s.const(shift, t)), s.op(
        "arith.subi", whole, s.bits(moved, t, whole), s.const(bits, whole)
    )


def _bent(s: Scalars, t: str, rest: str) -> str:
    """exp(rest) - 1, of at most half of ln 2."""
    square = s.near("mulf", t, rest, rest)
    return s.near("addf", t, s.near("mulf", t, polynomial(s, t, rest, EXP[t]), square), rest)


def _scaled(s: Scalars, t: str, value: str, power: str) -> str:
    """A number times 2^k, in two steps: the result may be subnormal."""
    whole, fraction, bias = SHIFT[t][1:]
    half = s.op("arith.shrsi", whole, power, s.const(1, whole))
    for one in (half, s.op("arith.subi", whole, power, half)):
        scale = s.op(
            "arith.shli", whole, s.op("arith.addi", whole, one, s.const(bias, whole)), s.const(fraction, whole)
        )
        value = s.op("arith.mulf", t, value, s.bits(scale, whole, t))
    return value


def exp2(s: Scalars, t: str, x: tuple[str, ...]) -> str:
    """2^k times a polynomial of the rest, which is exact here."""
    low, high = (s.const(edge * math.log2(math.e), t) for edge in EDGES[t])
    number = s.op("arith.minimumf", t, s.op("arith.maximumf", t, x[0], low), high)
    times, power = _nearest(s, t, number)
    rest = s.op("arith.mulf", t, s.op("arith.subf", t, number, times), s.const(math.log(2), t))
    return _scaled(s, t, s.op("arith.addf", t, _bent(s, t, rest), s.const(1.0, t)), power)


def expm1(s: Scalars, t: str, x: tuple[str, ...]) -> str:
    """2^k (p + 1) - 1 as 2 (2^(k-1) p + (2^(k-1) - 1/2)): nothing is lost near zero, nor is too great too soon."""
    value, power = _grown(s, t, x[0])
    whole = SHIFT[t][1]
    less = s.op("arith.subi", whole, power, s.const(1, whole))
    most = s.op("arith.subf", t, _scaled(s, t, s.const(1.0, t), less), s.const(0.5, t))
    found = s.op("arith.addf", t, _scaled(s, t, value, less), most)
    found = s.op("arith.mulf", t, found, s.const(2.0, t))
    near = s.compare("lt", t, s.op("math.absf", t, x[0]), s.const(float(np.finfo(t).eps) / 4, t))
    return s.op("math.copysign", t, s.select(near, t, x[0], found), x[0])


def log(s: Scalars, t: str, x: tuple[str, ...]) -> str:
    """Exponent and mantissa apart; the mantissa between the roots of a half and of two."""
    away, power = _apart(s, t, x[0])
    return _edged(s, t, x[0], _near_one(s, t, away, power))


def log2(s: Scalars, t: str, x: tuple[str, ...]) -> str:
    """The exponent, and what the mantissa adds."""
    away, power = _apart(s, t, x[0])
    more = s.op("arith.mulf", t, _near_one(s, t, away, s.const(0.0, t)), s.const(math.log2(math.e), t))
    return _edged(s, t, x[0], s.op("arith.addf", t, power, more))


def log10(s: Scalars, t: str, x: tuple[str, ...]) -> str:
    return s.op("arith.mulf", t, log(s, t, x), s.const(math.log10(math.e), t))


def log1p(s: Scalars, t: str, x: tuple[str, ...]) -> str:
    """log of 1 + x as it is rounded, and what was rounded away over it."""
    one = s.const(1.0, t)
    number = s.op("arith.addf", t, one, x[0])
    big = s.compare("gt", t, x[0], one)
    greater, lesser = s.select(big, t, x[0], one), s.select(big, t, one, x[0])
    lost = s.op("arith.subf", t, lesser, s.op("arith.subf", t, number, greater))
    found = log(s, t, (number,))
    whole = s.op("arith.addf", t, found, s.op("arith.divf", t, lost, number))
    small = s.compare("lt", t, s.op("math.absf", t, x[0]), s.const(float(np.finfo(t).eps) / 4, t))
    finite = s.compare("lt", t, s.op("math.absf", t, found), s.const(float("inf"), t))
    return s.select(small, t, x[0], s.select(finite, t, whole, found))


def _apart(s: Scalars, t: str, x: str) -> tuple[str, str]:
    """The mantissa less 1, and the exponent."""
    _, whole, fraction, bias = SHIFT[t]
    tiny, lift = float(np.finfo(t).tiny), float(2**fraction)
    small = s.compare("lt", t, x, s.const(tiny, t))
    number = s.select(small, t, s.op("arith.mulf", t, x, s.const(lift, t)), x)
    bits = s.bits(number, t, whole)
    mask = (1 << fraction) - 1
    middle = s.op(
        "arith.ori",
        whole,
        s.op("arith.andi", whole, bits, s.const(mask, whole)),
        s.const((bias - 1) << fraction, whole),
    )
    mantissa = s.bits(middle, whole, t)
    exponent = s.op(
        "arith.subi", whole, s.op("arith.shrui", whole, bits, s.const(fraction, whole)), s.const(bias - 1, whole)
    )
    power = s.cast(exponent, whole, t)
    power = s.select(small, t, s.op("arith.subf", t, power, s.const(float(fraction), t)), power)
    below = s.compare("lt", t, mantissa, s.const(math.sqrt(0.5), t))
    power = s.select(below, t, s.op("arith.subf", t, power, s.const(1.0, t)), power)
    mantissa = s.select(below, t, s.op("arith.addf", t, mantissa, mantissa), mantissa)
    return s.op("arith.subf", t, mantissa, s.const(1.0, t)), power


def _edged(s: Scalars, t: str, x: str, found: str) -> str:
    """With what a logarithm is of infinity, zero, and what is below."""
    endless, zero = s.const(float("inf"), t), s.const(0.0, t)
    found = s.select(s.compare("eq", t, x, endless), t, endless, found)
    found = s.select(s.compare("eq", t, x, zero), t, s.const(-float("inf"), t), found)
    good = s.compare("ge", t, x, zero)
    return s.select(good, t, found, s.const(float("nan"), t))


def _near_one(s: Scalars, t: str, away: str, power: str) -> str:
    """log(1 + away) + power * ln 2."""
    square = s.op("arith.mulf", t, away, away)
    if t == "float32":
        tail = polynomial(s, t, away, LOG32)
    else:
        tail = s.op("arith.divf", t, polynomial(s, t, away, LOG64[0]), polynomial(s, t, away, LOG64[1]))
    value = s.op("arith.mulf", t, away, s.op("arith.mulf", t, square, tail))
    high, low = (0.693359375, -2.12194440e-4) if t == "float32" else (0.693359375, -2.121944400546905827679e-4)
    value = s.near("addf", t, value, s.near("mulf", t, power, s.const(low, t)))
    value = s.near("subf", t, value, s.op("arith.mulf", t, square, s.const(0.5, t)))
    return s.near("addf", t, s.op("arith.addf", t, away, value), s.near("mulf", t, power, s.const(high, t)))


def tanh(s: Scalars, t: str, x: tuple[str, ...]) -> str:
    """A polynomial about zero; by exp of twice the number beyond 0.625."""
    size = s.op("math.absf", t, x[0])
    square = s.op("arith.mulf", t, x[0], x[0])
    if t == "float32":
        tail = polynomial(s, t, square, TANH32)
    else:
        tail = s.op("arith.divf", t, polynomial(s, t, square, TANH64[0]), polynomial(s, t, square, TANH64[1]))
    near = s.near("addf", t, s.near("mulf", t, s.op("arith.mulf", t, tail, square), x[0]), x[0])
    grown = exp(s, t, (s.op("arith.addf", t, size, size),))
    two, one = s.const(2.0, t), s.const(1.0, t)
    far = s.op("arith.subf", t, one, s.op("arith.divf", t, two, s.op("arith.addf", t, grown, one)))
    return s.op("math.copysign", t, s.select(s.compare("lt", t, size, s.const(0.625, t)), t, near, far), x[0])
