"""sin, cos, arctan and arctan2 of our own, without branches, so that loops over them become vectors.

What sin and cos leave of an angle, of any size, is found by a table that has as much of 2/pi as counts for every
exponent (M. Payne and R. Hanek, 1983): of floats as two doubles, of doubles in whole numbers. The polynomials are those
of S. Moshier's Cephes library (netlib.org/cephes: sinf, atanf, sin, atan). Each is within 4 units in the last place of
the exact value, NaN, infinities, zeros and subnormal numbers included; `tests/aot/test_transcendental.py` measures it.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from nozzle.aot.ops.op import Scalars
from nozzle.aot.ops.own import SHIFT, polynomial

SIN = {
    "float32": (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1),
    "float64": (
        *(1.58962301576546568060e-10, -2.50507477628578072866e-8, 2.75573136213857245213e-6),
        *(-1.98412698295895385996e-4, 8.33333333332211858878e-3, -1.66666666666666307295e-1),
    ),
}
COS = {
    "float32": (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2),
    "float64": (
        *(-1.13585365213876817300e-11, 2.08757008419747316778e-9, -2.75573141792967388112e-7),
        *(2.48015872888517045348e-5, -1.38888888888730564116e-3, 4.16666666666665929218e-2),
    ),
}
ATAN32 = (8.05374449538e-2, -1.38776856032e-1, 1.99777106478e-1, -3.33329491539e-1)
ATAN64 = (
    (
        *(-8.750608600031904122785e-1, -1.615753718733365076637e1, -7.500855792314704667340e1),
        *(-1.228866684490136173410e2, -6.485021904942025371773e1),
    ),
    (
        *(1.0, 2.485846490142306297962e1, 1.650270098316988542046e2),
        *(4.328810604912902668951e2, 4.853903996359136964868e2, 1.945506571482613964425e2),
    ),
)
PI = {"float32": (3.1415927410125732, -8.74227766e-8), "float64": (math.pi, 1.2246467991473532e-16)}
"""Pi in a float, and what is left out."""
LEAST = {"float32": 126, "float64": 1022}
"""The exponent, as it is stored, of a half: smaller angles are left as they are."""
QUARTER = (1.5707963267948966, 6.123233995736766e-17)
"""Half of pi, and what a double leaves out of it."""


def _over_pi(bits: int) -> int:
    """2/pi, times 2 to the power of that many bits, by Machin's sum for pi."""

    def arctan(n: int, unit: int) -> int:
        total, term, k = 0, unit // n, 1
        while term:
            total += term // k if k % 4 == 1 else -(term // k)
            term, k = term // (n * n), k + 2
        return total

    unit = 1 << (bits + 64)
    pi = 4 * (4 * arctan(5, unit) - arctan(239, unit))
    return (unit << (bits + 1)) // pi


WORDS = 3
"""Of 64 bits: what a line of the table for doubles has."""


def _exponents(t: str) -> range:
    """Those of the whole number times a power of two that a number from a half on is."""
    fraction, bias = SHIFT[t][2:]
    return range(LEAST[t] - bias - fraction, bias - fraction + 1)


@cache
def table(name: str) -> tuple[int, ...]:
    """The words of a table that `Scalars.look` knows by name."""
    return tuple(_lines() if name == "angles64" else _pairs())


def _lines() -> list[int]:
    """For every exponent e of a whole number times 2^e: 2^e * 2/pi modulo 4, as words, the least first."""
    size = 64 * WORDS
    exponents = _exponents("float64")
    digits = 2 * size + exponents.stop
    value = _over_pi(digits)
    found = []
    for exponent in exponents:
        line = (value << exponent if exponent >= 0 else value >> -exponent) >> (digits - (size - 2))
        found += [(line >> (64 * at)) % (1 << 64) for at in range(WORDS)]
    return found


HEAD = 27
"""Bits behind the point of the first of a pair: with two before it, and the 24 of a float, its product is exact."""


def _pairs() -> list[int]:
    """For every exponent e of a float from a half on: 2/pi without what makes whole turns of it, as two doubles."""
    digits = 512
    value = _over_pi(digits)
    found = []
    for exponent in (*_exponents("float32"), 0):  # the last: of infinities, and what is no number
        line = (value << exponent if exponent >= 0 else value >> -exponent) % (1 << (digits + 2))
        head = line >> (digits - HEAD)
        rest = line - (head << (digits - HEAD))
        found += [_bits(head, exponent + HEAD), _bits(rest, exponent + digits)]
    return found


FAR = 151
"""The exponent, as it is stored, of 2 to the power of 24: the pair for floats below it is `NEARER`."""
NEARER = (0.636619770899415, 1.4681663269012186e-09)
"""2/pi: its first 29 bits, whose product with a float is exact; and the rest."""


def _pair(s: Scalars, size: str) -> tuple[str, str]:
    """What a float, of these bits and no sign, is multiplied by; nearly all there are have the same."""
    d, i, whole = "float64", "int64", "int32"
    if s.spared(s.compare("ge", whole, size, s.const(FAR << 23, whole))):
        return s.const(NEARER[0], d), s.const(NEARER[1], d)
    stored = s.op("arith.shrui", whole, size, s.const(23, whole))
    line = s.op(
        "arith.maxsi", whole, s.op("arith.subi", whole, stored, s.const(LEAST["float32"], whole)), s.const(0, whole)
    )
    first = s.cast(s.op("arith.shli", whole, line, s.const(1, whole)), whole, i)
    second = s.op("arith.addi", i, first, s.const(1, i))
    return s.bits(s.look("angles32", first), i, d), s.bits(s.look("angles32", second), i, d)


def _bits(number: int, down: int) -> int:
    """Of the double that is a whole number over a power of two."""
    return int(np.float64(number / (1 << down)).view(np.uint64))


def sin(s: Scalars, t: str, x: tuple[str, ...]) -> str:
    return _short(s, x[0], 0) if t == "float32" else _wave(s, x[0], 0)


def cos(s: Scalars, t: str, x: tuple[str, ...]) -> str:
    return _short(s, x[0], 1) if t == "float32" else _wave(s, x[0], 1)


NEAR = 1.5 * 2**52
"""What brings a double's whole part into its low bits."""


def _short(s: Scalars, x: str, ahead: int) -> str:
    """The sine of a float, so many quarters ahead: what is left of the angle is found in doubles."""
    t, d, i, whole = "float32", "float64", "int64", "int32"
    bits = s.bits(x, t, whole)
    size = s.op("arith.andi", whole, bits, s.const(2**31 - 1, whole))
    head, tail = _pair(s, size)
    number = s.cast(s.bits(size, whole, t), t, d)
    turned = s.op("arith.mulf", d, number, head)
    moved = s.op("arith.addf", d, s.op("math.fma", d, number, tail, turned), s.const(NEAR, d))
    left = s.op("arith.subf", d, turned, s.op("arith.subf", d, moved, s.const(NEAR, d)))
    left = s.op("math.fma", d, number, tail, left)
    rest = s.cast(s.op("arith.mulf", d, left, s.const(QUARTER[0], d)), d, t)
    quarter = s.cast(s.bits(moved, d, i), i, whole)
    square = s.near("mulf", t, rest, rest)
    rise = s.near("addf", t, s.near("mulf", t, s.near("mulf", t, square, rest), polynomial(s, t, square, SIN[t])), rest)
    bend = s.near("mulf", t, s.near("mulf", t, square, square), polynomial(s, t, square, COS[t]))
    bend = s.near("subf", t, bend, s.near("mulf", t, square, s.const(0.5, t)))
    flat = s.near("addf", t, bend, s.const(1.0, t))
    if ahead:
        quarter = s.op("arith.addi", whole, quarter, s.const(ahead, whole))
    even = s.compare("eq", whole, s.op("arith.andi", whole, quarter, s.const(1, whole)), s.const(0, whole))
    value = s.bits(s.select(even, t, rise, flat), t, whole)
    sign = s.op("arith.shli", whole, s.op("arith.andi", whole, quarter, s.const(2, whole)), s.const(30, whole))
    if not ahead:
        sign = s.op("arith.xori", whole, sign, s.op("arith.andi", whole, bits, s.const(-(2**31), whole)))
    return s.bits(s.op("arith.xori", whole, value, sign), whole, t)


def _wave(s: Scalars, x: str, ahead: int) -> str:
    """The sine of a double, so many quarters ahead."""
    t, i = "float64", "int64"
    size = s.op("math.absf", t, x)
    quarter, rest, more = _angle(s, size)
    square = s.near("mulf", t, rest, rest)
    cube = s.near("mulf", t, square, rest)
    rise = s.near("addf", t, s.near("mulf", t, cube, polynomial(s, t, square, SIN[t])), more)
    rise = s.near("addf", t, rise, rest)
    bend = s.near("mulf", t, s.near("mulf", t, square, square), polynomial(s, t, square, COS[t]))
    bend = s.near("subf", t, bend, s.near("mulf", t, rest, more))
    fall = s.op("arith.mulf", t, square, s.const(0.5, t))
    top = s.op("arith.subf", t, s.const(1.0, t), fall)
    lost = s.op("arith.subf", t, s.op("arith.subf", t, s.const(1.0, t), top), fall)
    flat = s.op("arith.addf", t, top, s.op("arith.addf", t, lost, bend))
    quarter = s.op("arith.addi", i, quarter, s.const(ahead, i))
    odd = s.compare("ne", i, s.op("arith.andi", i, quarter, s.const(1, i)), s.const(0, i))
    value = s.select(odd, t, flat, rise)
    sign = s.op("arith.shli", i, s.op("arith.andi", i, quarter, s.const(2, i)), s.const(62, i))
    if not ahead:
        sign = s.op("arith.xori", i, sign, s.op("arith.andi", i, s.bits(x, t, i), s.const(-(1 << 63), i)))
    value = s.bits(s.op("arith.xori", i, s.bits(value, t, i), sign), i, t)
    return s.select(s.compare("lt", t, size, s.const(float("inf"), t)), t, value, s.const(float("nan"), t))


def _angle(s: Scalars, size: str) -> tuple[str, str, str]:
    """How many quarters of a turn are in an angle, modulo 4; the rest of it; what a double leaves out of the rest."""
    i, d = "int64", "float64"
    fraction = SHIFT[d][2]
    bits = s.bits(size, d, i)
    number = s.op("arith.andi", i, bits, s.const((1 << fraction) - 1, i))
    number = s.op("arith.ori", i, number, s.const(1 << fraction, i))
    line = s.op("arith.subi", i, s.op("arith.shrui", i, bits, s.const(fraction, i)), s.const(LEAST[d], i))
    lines = len(_exponents(d))
    line = s.op("arith.minsi", i, s.op("arith.maxsi", i, line, s.const(0, i)), s.const(lines - 1, i))
    first = s.op("arith.muli", i, line, s.const(WORDS, i))
    words = [s.look("angles64", s.op("arith.addi", i, first, s.const(at, i)) if at else first) for at in range(WORDS)]
    top, low = _times(s, number, words)
    near = s.op("arith.addi", i, top, s.const(1 << 61, i))
    quarter = s.op("arith.shrui", i, near, s.const(62, i))
    left = s.op("arith.subi", i, top, s.op("arith.shli", i, quarter, s.const(62, i)))
    small = s.compare("lt", d, size, s.const(0.5, d))
    quarter = s.select(small, i, s.const(0, i), quarter)
    unit, over = QUARTER[0] / 2**62, QUARTER[1] / 2**62
    main = s.cast(left, i, d)
    lost = s.op("arith.subi", i, left, s.cast(main, d, i))
    tail = s.op("arith.mulf", d, s.cast(s.op("arith.shrui", i, low, s.const(11, i)), i, d), s.const(2.0**-53, d))
    tail = s.op("arith.addf", d, s.cast(lost, i, d), tail)
    high = s.op("arith.mulf", d, main, s.const(unit, d))
    error = s.op("math.fma", d, main, s.const(unit, d), s.op("arith.negf", d, high))
    error = s.op("arith.addf", d, error, s.op("arith.mulf", d, main, s.const(over, d)))
    error = s.op("arith.addf", d, error, s.op("arith.mulf", d, tail, s.const(unit, d)))
    rest = s.op("arith.addf", d, high, error)
    more = s.op("arith.subf", d, error, s.op("arith.subf", d, rest, high))
    return quarter, s.select(small, d, size, rest), s.select(small, d, s.const(0.0, d), more)


def _times(s: Scalars, number: str, words: list[str]) -> tuple[str, str]:
    """The two upper words of a line times a whole number."""
    i = "int64"
    low = s.op("arith.muli", i, number, words[1])
    middle = s.op("arith.addi", i, low, _upper(s, number, words[0]))
    over = s.cast(s.compare("lt", "uint64", middle, low), "bool", i)
    top = s.op("arith.addi", i, s.op("arith.muli", i, number, words[2]), _upper(s, number, words[1]))
    return s.op("arith.addi", i, top, over), middle


def _upper(s: Scalars, number: str, word: str) -> str:
    """The upper 64 bits of a product of two words, the first below 2^53."""
    i = "int64"
    half = s.const(32, i)
    mask = s.const((1 << 32) - 1, i)
    (nh, nl), (wh, wl) = (
        (s.op("arith.shrui", i, one, half), s.op("arith.andi", i, one, mask)) for one in (number, word)
    )
    across = s.op("arith.muli", i, nh, wl)
    one = s.op("arith.addi", i, across, s.op("arith.shrui", i, s.op("arith.muli", i, nl, wl), half))
    other = s.op("arith.muli", i, nl, wh)
    two = s.op("arith.addi", i, other, s.op("arith.andi", i, one, mask))
    carried = s.op("arith.addi", i, s.op("arith.shrui", i, one, half), s.op("arith.shrui", i, two, half))
    return s.op("arith.addi", i, s.op("arith.muli", i, nh, wh), carried)


def arctan(s: Scalars, t: str, x: tuple[str, ...]) -> str:
    return arctan2(s, t, (x[0], s.const(1.0, t)))


def arctan2(s: Scalars, t: str, x: tuple[str, ...]) -> str:
    """Of the lesser side over the greater, turned to where the point is."""
    whole = SHIFT[t][1]
    width = 8 * np.dtype(t).itemsize
    y, across = (s.op("math.absf", t, one) for one in x)
    steep = s.compare("gt", t, y, across)
    far, near = s.select(steep, t, y, across), s.select(steep, t, across, y)
    huge = s.compare("gt", t, far, s.const(float(np.finfo(t).max) / 4, t))
    shrink = s.select(huge, t, s.const(0.25, t), s.const(1.0, t))
    far, near = (s.op("arith.mulf", t, one, shrink) for one in (far, near))
    endless = s.compare("eq", t, near, s.const(float("inf"), t))
    wide = s.compare("gt", t, near, s.op("arith.mulf", t, far, s.const(math.sqrt(2) - 1, t)))
    wide = s.op("arith.ori", "bool", wide, endless)
    over = s.select(wide, t, s.op("arith.subf", t, near, far), near)
    under = s.select(wide, t, s.op("arith.addf", t, near, far), far)
    ratio = s.op("arith.divf", t, over, under)
    ratio = s.select(s.compare("eq", t, far, s.const(0.0, t)), t, s.const(0.0, t), ratio)
    ratio = s.select(endless, t, s.const(0.0, t), ratio)
    square = s.op("arith.mulf", t, ratio, ratio)
    if t == "float32":
        tail = polynomial(s, t, square, ATAN32)
    else:
        tail = s.op("arith.divf", t, polynomial(s, t, square, ATAN64[0]), polynomial(s, t, square, ATAN64[1]))
    angle = s.near("addf", t, s.near("mulf", t, s.op("arith.mulf", t, tail, square), ratio), ratio)
    pi, rest = PI[t]
    angle = s.select(wide, t, _turned(s, t, angle, (pi / 4, rest / 4)), angle)
    angle = s.select(steep, t, _turned(s, t, s.op("arith.negf", t, angle), (pi / 2, rest / 2)), angle)
    behind = s.compare("lt", whole, s.bits(x[1], t, whole), s.const(0, whole))
    angle = s.select(behind, t, _turned(s, t, s.op("arith.negf", t, angle), (pi, rest)), angle)
    lost = s.op("arith.addf", t, x[0], x[1])
    sign = s.op("arith.andi", whole, s.bits(x[0], t, whole), s.const(-(1 << (width - 1)), whole))
    value = s.bits(s.op("arith.xori", whole, s.bits(angle, t, whole), sign), whole, t)
    numbers = s.op("arith.andi", "bool", *(s.compare("eq", t, one, one) for one in x))
    return s.select(numbers, t, value, lost)


def _turned(s: Scalars, t: str, angle: str, by: tuple[float, float]) -> str:
    return s.op("arith.addf", t, s.const(by[0], t), s.op("arith.addf", t, angle, s.const(by[1], t)))
