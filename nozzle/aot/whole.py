"""Arithmetic of Python's whole numbers, which have no width: in 64 bits, and tested where these may not be enough.

`fits` says whether an operation is Python's in 64 bits. What `bounds` proves is not tested. Where a test fails, Python
answers the call; where something was written to before, that is an OverflowError.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from nozzle.aot.bounds import COMBINE, LEAST, MOST, Bounds, Span
from nozzle.aot.build import Builder
from nozzle.aot.graph import Node
from nozzle.aot.ops.op import Op, Scalars, define
from nozzle.aot.types import Tensor

EXACT = 2**53
"""Up to here a whole number is a double."""
WORDS = "a Python int needs more than 64 bits here"
T = "int64"


def checked(b: Builder, name: str, *operands: Node) -> None:
    """Test, where it is not proved, that an operation on Python's numbers is what 64 bits make of them."""
    if all(one.tensor.weak for one in operands) and name in NEEDS:
        kinds = {one.tensor.kind for one in operands}
        if kinds <= {"i", "b"} and not NEEDS[name](b.bounds, operands):
            _test(b, name, *(as_int(b, one) for one in operands))


def as_double(b: Builder, *operands: Node) -> None:
    """Test that Python ints are doubles too, where they are compared with floats."""
    kinds = [one.tensor.kind for one in operands]
    if "f" in kinds and all(one.tensor.weak for one in operands):
        for one in operands:
            exact(b, one)


def exact(b: Builder, node: Node) -> None:
    """Test that a Python int is a double too, where it becomes one without being asked to."""
    if node.tensor.weak and node.tensor.kind == "i" and not is_double(b, node):
        _test(b, "double", node)


def is_double(b: Builder, node: Node) -> bool:
    """Whether an integer is proved to be a double too."""
    return _double(b.bounds, (node,))


def as_int(b: Builder, node: Node) -> Node:
    return node if node.tensor.kind == "i" else b.emit("cast", (node,), Tensor(T, (), True), dtype=T)


def _test(b: Builder, name: str, *operands: Node) -> None:
    good = b.emit("fits", operands, Tensor("bool", (), True), of=name)
    b.leave(good, *(ERRORS.get(name, (OverflowError, WORDS))))


Needs = Callable[[Bounds, tuple[Node, ...]], bool]
ERRORS: dict[str, tuple[type[Exception], str]] = {"right_shift": (ValueError, "negative shift count")}


def _spans(name: str) -> Needs:
    """Whether what an operation gives is proved to be within 64 bits."""

    def needs(bounds: Bounds, operands: tuple[Node, ...]) -> bool:
        def given(limit: int) -> Span:
            one, two = (bounds.of(node, limit) for node in operands)
            return COMBINE[name](one, two).also(one, two)

        return bounds.proves(given)

    return needs


def _double(bounds: Bounds, operands: tuple[Node, ...]) -> bool:
    return all(
        bounds.proves(lambda limit, one=one: bounds.of(one, limit), lambda span: span.size <= EXACT)  # type: ignore[misc]
        for one in operands
    )


def _above(at: int, least: int) -> Needs:
    """Whether one of the operands is proved to be at least so much."""
    return lambda bounds, operands: bounds.proves(
        lambda limit: bounds.of(operands[at], limit), lambda span: span.low >= least
    )


def _divides(bounds: Bounds, operands: tuple[Node, ...]) -> bool:
    return _above(0, LEAST + 1)(bounds, operands) or _above(1, 0)(bounds, operands)


NEEDS: dict[str, Needs] = {
    **{name: _spans(name) for name in ("add", "subtract", "multiply", "left_shift", "ipow")},
    "right_shift": _above(1, 0),
    "floor_divide": _divides,
    "negative": _above(0, LEAST + 1),
    "absolute": _above(0, LEAST + 1),
    "divide": _double,
}
"""For each operation that may need a test: whether there is none needed."""

PYTHON: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "floor_divide": lambda x, y: x // y if y else 0,
    "negative": operator.neg,
    "absolute": abs,
}


def _run(*x: Any, of: str) -> bool:
    numbers = [int(one) for one in x]
    if of in PYTHON:
        return bool(LEAST <= PYTHON[of](*numbers) <= MOST)
    if of in ("divide", "double"):
        return all(abs(one) <= EXACT for one in numbers)
    one, two = numbers
    if of == "ipow":
        return 0 <= two < 64 and LEAST <= one**two <= MOST
    return two >= 0 if of == "right_shift" else 0 <= two < 64 and LEAST <= one << two <= MOST


def emitted(s: Scalars, of: str, x: tuple[str, ...]) -> str:
    """Whether it fits, of 64 bits."""
    zero = s.const(0, T)
    if of in ("add", "subtract"):
        found = s.op("arith.addi" if of == "add" else "arith.subi", T, *x)
        one = s.op("arith.xori", T, x[0], found)
        two = s.op("arith.xori", T, x[1] if of == "add" else x[0], found if of == "add" else x[1])
        return s.compare("ge", T, s.op("arith.andi", T, one, two), zero)
    if of == "multiply":
        low, high = s.product(*x)
        return s.compare("eq", T, high, s.op("arith.shrsi", T, low, s.const(63, T)))
    if of == "left_shift":
        inside = s.op("arith.cmpi ult,", T, x[1], s.const(64, T))
        by = s.select(inside, T, x[1], zero)
        back = s.op("arith.shrsi", T, s.op("arith.shli", T, x[0], by), by)
        return s.op("arith.andi", "bool", inside, s.compare("eq", T, back, x[0]))
    if of == "right_shift":
        return s.compare("ge", T, x[1], zero)
    least = s.const(LEAST, T)
    if of == "floor_divide":
        one, two = s.compare("ne", T, x[0], least), s.compare("ne", T, x[1], s.const(-1, T))
        return s.op("arith.ori", "bool", one, two)
    if of in ("negative", "absolute"):
        return s.compare("ne", T, x[0], least)
    found = s.const(True, "bool")
    for one in x:
        moved = s.op("arith.addi", T, one, s.const(EXACT, T))
        inside = s.op("arith.cmpi ule,", T, moved, s.const(2 * EXACT, T))
        found = s.op("arith.andi", "bool", found, inside)
    return found


define(Op("fits", "elementwise", _run))
