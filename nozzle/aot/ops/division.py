"""`//` and `%`, as NumPy has them: towards minus infinity, the rest with the sign of the divisor; nothing traps."""

from __future__ import annotations

import numpy as np

from nozzle.aot.ops.op import Scalars


def floor_divide(s: Scalars, dtype: str, x: tuple[str, ...]) -> str:
    a, b = x
    if np.dtype(dtype).kind == "f":
        return _floor_divide_real(s, dtype, a, b)
    quotient, rest, zero = _whole_division(s, dtype, a, b)
    if np.dtype(dtype).kind == "u":
        return s.select(s.compare("eq", dtype, b, zero), dtype, zero, quotient)
    apart = s.op("arith.andi", "bool", s.compare("ne", dtype, rest, zero), _signs_differ(s, dtype, rest, b))
    quotient = s.select(apart, dtype, s.op("arith.subi", dtype, quotient, s.const(1, dtype)), quotient)
    quotient = s.select(
        s.compare("eq", dtype, b, s.const(-1, dtype)), dtype, s.op("arith.subi", dtype, zero, a), quotient
    )
    return s.select(s.compare("eq", dtype, b, zero), dtype, zero, quotient)


def _whole_division(s: Scalars, dtype: str, a: str, b: str) -> tuple[str, str, str]:
    """Quotient and rest towards zero; by 1 where the divisor is 0 or -1, which would trap."""
    zero, one = s.const(0, dtype), s.const(1, dtype)
    safe = s.select(s.compare("eq", dtype, b, zero), dtype, one, b)
    letter = np.dtype(dtype).kind
    if letter == "i":
        safe = s.select(s.compare("eq", dtype, b, s.const(-1, dtype)), dtype, one, safe)
    sign = "s" if letter == "i" else "u"
    return s.op(f"arith.div{sign}i", dtype, a, safe), s.op(f"arith.rem{sign}i", dtype, a, safe), zero


def _signs_differ(s: Scalars, dtype: str, a: str, b: str) -> str:
    zero = s.const(0, dtype)
    return s.op("arith.xori", "bool", s.compare("lt", dtype, a, zero), s.compare("lt", dtype, b, zero))


def _floor_divide_real(s: Scalars, t: str, a: str, b: str) -> str:
    zero, plain = s.const(0.0, t), s.op("arith.divf", t, a, b)
    rest = s.op("arith.remf", t, a, b)
    quotient = s.op("arith.divf", t, s.op("arith.subf", t, a, rest), b)
    apart = s.op("arith.andi", "bool", s.compare("ne", t, rest, zero), _signs_differ(s, t, rest, b))
    quotient = s.select(apart, t, s.op("arith.subf", t, quotient, s.const(1.0, t)), quotient)
    floor = s.op("math.floor", t, quotient)
    high = s.compare("gt", t, s.op("arith.subf", t, quotient, floor), s.const(0.5, t))
    floor = s.select(high, t, s.op("arith.addf", t, floor, s.const(1.0, t)), floor)
    floor = s.select(s.compare("ne", t, quotient, zero), t, floor, s.op("math.copysign", t, zero, plain))
    return s.select(s.compare("eq", t, b, zero), t, plain, floor)


def remainder(s: Scalars, dtype: str, x: tuple[str, ...]) -> str:
    a, b = x
    if np.dtype(dtype).kind == "f":
        rest, zero = s.op("arith.remf", dtype, a, b), s.const(0.0, dtype)
        moved = s.select(_signs_differ(s, dtype, rest, b), dtype, s.op("arith.addf", dtype, rest, b), rest)
        found = s.select(s.compare("ne", dtype, rest, zero), dtype, moved, s.op("math.copysign", dtype, zero, b))
        return s.select(s.compare("eq", dtype, b, zero), dtype, rest, found)
    _, rest, zero = _whole_division(s, dtype, a, b)
    if np.dtype(dtype).kind == "i":
        apart = s.op("arith.andi", "bool", s.compare("ne", dtype, rest, zero), _signs_differ(s, dtype, rest, b))
        rest = s.select(apart, dtype, s.op("arith.addi", dtype, rest, b), rest)
        rest = s.select(s.compare("eq", dtype, b, s.const(-1, dtype)), dtype, zero, rest)
    return s.select(s.compare("eq", dtype, b, zero), dtype, zero, rest)
