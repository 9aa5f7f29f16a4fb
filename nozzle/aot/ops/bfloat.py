"""Rounding to bfloat16 and back: the upper half of a float32, to nearest, ties to even. Made by quantisation only."""

from __future__ import annotations

from typing import Any

import numpy as np

from nozzle.aot.ops.op import Op, Scalars, define

FAMILY = "elementwise"
UPPER = -(1 << 16)


def _run(x: Any) -> Any:
    number = np.asarray(x, "f4")
    bits = number.view("u4").astype("u8")
    near = ((bits + 0x7FFF + ((bits >> np.uint64(16)) & np.uint64(1))) & np.uint64(0xFFFF0000)).astype("u4").view("f4")
    return np.where(np.isnan(number), number, near)


def _emit(s: Scalars, dtype: str, x: tuple[str, ...]) -> str:
    bits = s.bits(x[0], dtype, "int32")
    odd = s.op("arith.andi", "int32", s.op("arith.shrui", "int32", bits, s.const(16, "int32")), s.const(1, "int32"))
    moved = s.op("arith.addi", "int32", s.op("arith.addi", "int32", bits, s.const(0x7FFF, "int32")), odd)
    near = s.bits(s.op("arith.andi", "int32", moved, s.const(UPPER, "int32")), "int32", dtype)
    return s.select(s.compare("ne", dtype, x[0], x[0]), dtype, x[0], near)


define(Op("bfloat16", FAMILY, _run, _emit, cost=6))
