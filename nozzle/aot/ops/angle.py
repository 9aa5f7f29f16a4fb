"""sin, cos, arctan and arctan2 of our own, without branches, so that loops over them become vectors.

What sin and cos leave of an angle, of any size, is found in whole numbers (M. Payne and R. Hanek, 1983), by a table
that has as much of 2/pi as counts for every exponent. The polynomials are those of S. Moshier's Cephes library
(netlib.org/cephes: sinf, atanf, sin, atan). Each is within 4 units in the last place of the exact value, NaN,
infinities, zeros and subnormal numbers included; `tests/aot/test_transcendental.py` measures it.
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
WORDS = {"float32": 2, "float64": 3}
"""Of 64 bits: what a line of the table has."""
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


def _exponents(t: str) -> range:
    """Those of the whole number times a power of two that a number from a half on is."""
    fraction, bias = SHIFT[t][2:]
    return range(LEAST[t] - bias - fraction, bias - fraction + 1)


@cache
def table(name: str) -> tuple[int, ...]:
    """The words of a table that `Scalars.look` knows by name."""
    return tuple(_lines(f"float{name.removeprefix('angles')}"))


def _lines(t: str) -> list[int]:
    """For every exponent e of a whole number times 2^e: 2^e * 2/pi modulo 4, as words, the least first."""
    many, size = WORDS[t], 64 * WORDS[t]
    digits = 2 * size + _exponents(t).stop
    value = _over_pi(digits)
    found = []
    for exponent in _exponents(t):
        line = (value << exponent if exponent >= 0 else value >> -exponent) >> (digits - (size - 2))
        found += [(line >> (64 * at)) % (1 << 64) for at in range(many)]
    return found


def sin(s: Scalars, t: str, x: tuple[str, ...]) -> str:
    return _wave(s, t, x[0], 0)


def cos(s: Scalars, t: str, x: tuple[str, ...]) -> str:
    return _wave(s, t, x[0], 1)


def _wave(s: Scalars, t: str, x: str, ahead: int) -> str:
    """The sine, so many quarters ahead."""
    whole = SHIFT[t][1]
    width = 8 * np.dtype(t).itemsize
    size = s.op("math.absf", t, x)
    quarter, rest, more = _angle(s, t, size)
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
    quarter = s.op("arith.addi", "int64", quarter, s.const(ahead, "int64"))
    odd = s.compare("ne", "int64", s.op("arith.andi", "int64", quarter, s.const(1, "int64")), s.const(0, "int64"))
    value = s.select(odd, t, flat, rise)
    turned = s.cast(s.op("arith.andi", "int64", quarter, s.const(2, "int64")), "int64", whole)
    sign = s.op("arith.shli", whole, turned, s.const(width - 2, whole))
    if not ahead:
        signs = s.op("arith.andi", whole, s.bits(x, t, whole), s.const(-(1 << (width - 1)), whole))
        sign = s.op("arith.xori", whole, sign, signs)
    value = s.bits(s.op("arith.xori", whole, s.bits(value, t, whole), sign), whole, t)
    return s.select(s.compare("lt", t, size, s.const(float("inf"), t)), t, value, s.const(float("nan"), t))


def _angle(s: Scalars, t: str, size: str) -> tuple[str, str, str]:
    """How many quarters of a turn are in an angle, modulo 4; the rest of it; what a float leaves out of the rest."""
    _, whole, fraction, _ = SHIFT[t]
    i = "int64"
    bits = s.bits(size, t, whole)
    stored = s.op("arith.shrui", whole, bits, s.const(fraction, whole))
    mantissa = s.op(
        "arith.ori",
        whole,
        s.op("arith.andi", whole, bits, s.const((1 << fraction) - 1, whole)),
        s.const(1 << fraction, whole),
    )
    number = s.cast(mantissa, whole, i)
    line = s.op("arith.subi", i, s.cast(stored, whole, i), s.const(LEAST[t], i))
    lines = len(_exponents(t))
    line = s.op("arith.minsi", i, s.op("arith.maxsi", i, line, s.const(0, i)), s.const(lines - 1, i))
    first = s.op("arith.muli", i, line, s.const(WORDS[t], i))
    words = [
        s.look(f"angles{t[5:]}", s.op("arith.addi", i, first, s.const(at, i)) if at else first)
        for at in range(WORDS[t])
    ]
    top, low = _times(s, number, words)
    near = s.op("arith.addi", i, top, s.const(1 << 61, i))
    quarter = s.op("arith.shrui", i, near, s.const(62, i))
    left = s.op("arith.subi", i, top, s.op("arith.shli", i, quarter, s.const(62, i)))
    small = s.compare("lt", t, size, s.const(0.5, t))
    quarter = s.select(small, i, s.const(0, i), quarter)
    d = "float64"
    unit, over = QUARTER[0] / 2**62, QUARTER[1] / 2**62
    main = s.cast(left, i, d)
    if t == "float32":
        exact = s.op("arith.mulf", d, main, s.const(unit, d))
        rest = s.cast(exact, d, t)
        more = s.cast(s.op("arith.subf", d, exact, s.cast(rest, t, d)), d, t)
    else:
        lost = s.op("arith.subi", i, left, s.cast(main, d, i))
        tail = s.op("arith.mulf", d, s.cast(s.op("arith.shrui", i, low, s.const(11, i)), i, d), s.const(2.0**-53, d))
        tail = s.op("arith.addf", d, s.cast(lost, i, d), tail)
        high = s.op("arith.mulf", d, main, s.const(unit, d))
        error = s.op("math.fma", d, main, s.const(unit, d), s.op("arith.negf", d, high))
        error = s.op("arith.addf", d, error, s.op("arith.mulf", d, main, s.const(over, d)))
        error = s.op("arith.addf", d, error, s.op("arith.mulf", d, tail, s.const(unit, d)))
        rest = s.op("arith.addf", d, high, error)
        more = s.op("arith.subf", d, error, s.op("arith.subf", d, rest, high))
    return quarter, s.select(small, t, size, rest), s.select(small, t, s.const(0.0, t), more)


def _times(s: Scalars, number: str, words: list[str]) -> tuple[str, str]:
    """The two upper words of a line times a whole number; of a line of two words only the first is meant exactly."""
    i = "int64"
    if len(words) == 2:
        upper = s.op("arith.shrui", i, words[0], s.const(32, i))
        carried = s.op("arith.shrui", i, s.op("arith.muli", i, number, upper), s.const(32, i))
        return s.op("arith.addi", i, s.op("arith.muli", i, number, words[1]), carried), ""
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
