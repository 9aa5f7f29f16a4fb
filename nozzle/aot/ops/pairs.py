"""Complex numbers as pairs of real ones: their arithmetic, as NumPy does it."""

from __future__ import annotations

from typing import Any

import numpy as np

from nozzle.aot.ops.op import Emit, Scalars


def either(real: Emit, pair: Any) -> Emit:
    def emit(s: Scalars, dtype: str, x: tuple[str, ...]) -> str:
        if np.dtype(dtype).kind != "c":
            return real(s, dtype, x)
        part = half(dtype)
        result = pair(s, part, *(one for value in x for one in s.parts(value, dtype)))
        return s.whole(result[0], result[1], dtype) if isinstance(result, tuple) else str(result)

    return emit


def half(dtype: str) -> str:
    """The dtype of the parts of a complex one."""
    return {"complex64": "float32", "complex128": "float64"}[dtype]


def add_pair(s: Scalars, t: str, ar: str, ai: str, br: str, bi: str) -> tuple[str, str]:
    return s.op("arith.addf", t, ar, br), s.op("arith.addf", t, ai, bi)


def sub_pair(s: Scalars, t: str, ar: str, ai: str, br: str, bi: str) -> tuple[str, str]:
    return s.op("arith.subf", t, ar, br), s.op("arith.subf", t, ai, bi)


def mul_pair(s: Scalars, t: str, ar: str, ai: str, br: str, bi: str) -> tuple[str, str]:
    real = s.op("arith.subf", t, s.op("arith.mulf", t, ar, br), s.op("arith.mulf", t, ai, bi))
    return real, s.op("arith.addf", t, s.op("arith.mulf", t, ar, bi), s.op("arith.mulf", t, ai, br))


def div_pair(s: Scalars, t: str, ar: str, ai: str, br: str, bi: str, pythons: bool = False) -> tuple[str, str]:
    """Smith's way (1962), by the larger part of the divisor: NumPy multiplies by a reciprocal, Python divides."""

    def go(p: str, q: str, x: str, y: str, turned: bool) -> tuple[str, str]:
        ratio = s.op("arith.divf", t, q, p)
        whole = s.op("arith.addf", t, p, s.op("arith.mulf", t, q, ratio))
        sides = y, s.op("arith.mulf", t, x, ratio)
        one = s.op("arith.addf", t, x, s.op("arith.mulf", t, y, ratio))
        two = s.op("arith.subf", t, *(sides[::-1] if turned else sides))
        if pythons:
            return s.op("arith.divf", t, one, whole), s.op("arith.divf", t, two, whole)
        scale = s.op("arith.divf", t, s.const(1.0, t), whole)
        return s.op("arith.mulf", t, one, scale), s.op("arith.mulf", t, two, scale)

    left, right = s.op("math.absf", t, br), s.op("math.absf", t, bi)
    by_real = s.compare("ge", t, left, right)
    real, imaginary = go(br, bi, ar, ai, False)
    other, another = go(bi, br, ai, ar, True)
    none = s.op(
        "arith.andi", "bool", s.compare("eq", t, left, s.const(0.0, t)), s.compare("eq", t, right, s.const(0.0, t))
    )
    real, imaginary = s.select(by_real, t, real, other), s.select(by_real, t, imaginary, another)
    zero = s.op("arith.divf", t, ar, left), s.op("arith.divf", t, ai, left)
    return s.select(none, t, zero[0], real), s.select(none, t, zero[1], imaginary)


def python_div_pair(s: Scalars, t: str, *parts: str) -> tuple[str, str]:
    ar, ai, br, bi = parts
    return div_pair(s, t, ar, ai, br, bi, pythons=True)
