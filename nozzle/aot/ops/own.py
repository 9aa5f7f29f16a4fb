"""exp, log and tanh of our own, without branches, so that loops over them become vectors; `angle` has the others.

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
    low, high = (s.const(edge, t) for edge in EDGES[t])
    number = s.op("arith.minimumf", t, s.op("arith.maximumf", t, x[0], low), high)
    shift, whole, fraction, bias = SHIFT[t]
    moved = s.op("arith.addf", t, s.op("arith.mulf", t, number, s.const(math.log2(math.e), t)), s.const(shift, t))
    times = s.op("arith.subf", t, moved, s.const(shift, t))
    rest = number
    for part in LN2[t]:
        rest = s.near("subf", t, rest, s.near("mulf", t, times, s.const(part, t)))
    square = s.near("mulf", t, rest, rest)
    value = s.near("addf", t, s.near("mulf", t, polynomial(s, t, rest, EXP[t]), square), rest)
    value = s.op("arith.addf", t, value, s.const(1.0, t))
    bits = int(np.array(shift, t).view(whole))
    power = s.op("arith.subi", whole, s.bits(moved, t, whole), s.const(bits, whole))
    half = s.op("arith.shrsi", whole, power, s.const(1, whole))
    for one in (half, s.op("arith.subi", whole, power, half)):  # in two steps: the result may be subnormal
        scale = s.op(
            "arith.shli", whole, s.op("arith.addi", whole, one, s.const(bias, whole)), s.const(fraction, whole)
        )
        value = s.op("arith.mulf", t, value, s.bits(scale, whole, t))
    return value


def log(s: Scalars, t: str, x: tuple[str, ...]) -> str:
    """Exponent and mantissa apart; the mantissa between the roots of a half and of two."""
    _, whole, fraction, bias = SHIFT[t]
    tiny, lift = float(np.finfo(t).tiny), float(2**fraction)
    small = s.compare("lt", t, x[0], s.const(tiny, t))
    number = s.select(small, t, s.op("arith.mulf", t, x[0], s.const(lift, t)), x[0])
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
    away = s.op("arith.subf", t, mantissa, s.const(1.0, t))
    found = _near_one(s, t, away, power)
    endless, zero = s.const(float("inf"), t), s.const(0.0, t)
    found = s.select(s.compare("eq", t, x[0], endless), t, endless, found)
    found = s.select(s.compare("eq", t, x[0], zero), t, s.const(-float("inf"), t), found)
    good = s.compare("ge", t, x[0], zero)
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
