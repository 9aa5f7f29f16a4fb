"""Exponentials, logarithms, powers, circular and hyperbolic functions: by `own` and `angle`, else by the C library."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nozzle.aot import real, whole
from nozzle.aot.build import Builder, Refuse, Value, common
from nozzle.aot.graph import Node
from nozzle.aot.ops import angle, own
from nozzle.aot.ops.elementwise import universal
from nozzle.aot.ops.op import Emit, Op, Scalars, define
from nozzle.aot.ops.pairs import half
from nozzle.aot.ops.reduce import reduce
from nozzle.aot.types import Tensor

FAMILY = "transcendental"


OWN = {"exp": own.exp, "log": own.log, "tanh": own.tanh, "sin": angle.sin, "cos": angle.cos}
OWN |= {"exp2": own.exp2, "expm1": own.expm1, "log2": own.log2, "log10": own.log10, "log1p": own.log1p}
OWN |= {"atan": angle.arctan, "atan2": angle.arctan2}


def _math(name: str) -> Emit:
    mine = OWN.get(name)

    def emit(s: Scalars, dtype: str, x: tuple[str, ...]) -> str:
        if mine and dtype in own.LN2:
            return mine(s, dtype, x)
        if dtype == "float16":
            wide = tuple(s.cast(one, "float16", "float32") for one in x)
            return s.cast(emit(s, "float32", wide), "float32", "float16")
        return s.op(f"math.{name}", dtype, *x)

    return emit


def _exp_pair(s: Scalars, dtype: str, x: tuple[str, ...]) -> str:
    if np.dtype(dtype).kind != "c":
        return _math("exp")(s, dtype, x)
    t = half(dtype)
    real, imaginary = s.parts(x[0], dtype)
    size = _math("exp")(s, t, (real,))
    return s.whole(
        s.op("arith.mulf", t, size, _math("cos")(s, t, (imaginary,))),
        s.op("arith.mulf", t, size, _math("sin")(s, t, (imaginary,))),
        dtype,
    )


def _log(s: Scalars, dtype: str, x: tuple[str, ...]) -> str:
    if np.dtype(dtype).kind != "c":
        return _math("log")(s, dtype, x)
    t = half(dtype)
    real, imaginary = s.parts(x[0], dtype)
    square = s.op("arith.addf", t, s.op("arith.mulf", t, real, real), s.op("arith.mulf", t, imaginary, imaginary))
    size = s.op("arith.mulf", t, _math("log")(s, t, (square,)), s.const(0.5, t))
    return s.whole(size, _math("atan2")(s, t, (imaginary, real)), dtype)


def _power(s: Scalars, dtype: str, x: tuple[str, ...]) -> str:
    kind = np.dtype(dtype).kind
    if kind == "f":
        return _math("powf")(s, dtype, x)
    if kind != "c":
        raise Refuse("an integer to an integer power that is not a constant", "make the base a float")
    t = half(dtype)
    (lr, li), (er, ei) = s.parts(_log(s, dtype, (x[0],)), dtype), s.parts(x[1], dtype)
    real = s.op("arith.subf", t, s.op("arith.mulf", t, lr, er), s.op("arith.mulf", t, li, ei))
    imaginary = s.op("arith.addf", t, s.op("arith.mulf", t, lr, ei), s.op("arith.mulf", t, li, er))
    found = s.parts(_exp_pair(s, dtype, (s.whole(real, imaginary, dtype),)), dtype)
    br, bi = s.parts(x[0], dtype)
    zero, one = s.const(0.0, t), s.const(1.0, t)
    none = s.op("arith.andi", "bool", s.compare("eq", t, br, zero), s.compare("eq", t, bi, zero))
    flat = s.op("arith.andi", "bool", s.compare("eq", t, er, zero), s.compare("eq", t, ei, zero))
    nothing = s.select(s.compare("gt", t, er, zero), t, zero, s.const(float("nan"), t))
    real, imaginary = s.select(none, t, nothing, found[0]), s.select(none, t, nothing, found[1])
    return s.whole(s.select(flat, t, one, real), s.select(flat, t, zero, imaginary), dtype)


TABLE: dict[str, tuple[Emit, float, int]] = {
    "exp": (_exp_pair, 4, 20),
    "exp2": (_math("exp2"), 4, 20),
    "expm1": (_math("expm1"), 4, 24),
    "log": (_log, 4, 20),
    "log2": (_math("log2"), 4, 20),
    "log10": (_math("log10"), 4, 20),
    "log1p": (_math("log1p"), 4, 24),
    "sin": (_math("sin"), 4, 24),
    "cos": (_math("cos"), 4, 24),
    "tan": (_math("tan"), 4, 24),
    "arcsin": (_math("asin"), 4, 24),
    "arccos": (_math("acos"), 4, 24),
    "arctan": (_math("atan"), 4, 24),
    "arctan2": (_math("atan2"), 4, 24),
    "sinh": (_math("sinh"), 4, 24),
    "cosh": (_math("cosh"), 4, 24),
    "tanh": (_math("tanh"), 4, 24),
    "arcsinh": (_math("asinh"), 4, 24),
    "arccosh": (_math("acosh"), 4, 24),
    "arctanh": (_math("atanh"), 4, 24),
    "cbrt": (_math("cbrt"), 4, 24),
    "power": (_power, 8, 40),
}
_REAL = {name for name in TABLE if name not in ("exp", "log", "power")}


def _made(name: str) -> Callable[..., Node]:
    def made(b: Builder, *operands: Value, dtype: str = "") -> Node:
        node = b.ufunc(name, *operands, dtype=dtype)
        if name in _REAL and node.tensor.kind == "c":
            raise Refuse(f"np.{name} of complex numbers is not compiled", "write it by np.exp and np.log")
        return node

    return made


for _name, (_emit, _ulp, _cost) in TABLE.items():
    define(Op(_name, FAMILY, getattr(np, _name), _emit, _ulp, _cost))
    if _name != "power":
        universal(FAMILY, _name, _made(_name))


def _raise_to(b: Builder, base: Value, exponent: Value, dtype: str = "") -> Node:
    """An integer to a constant power is a chain of squares, exact."""
    if dtype:
        raise Refuse(f"np.power with dtype={dtype}", "cast the base first: x.astype(...)")
    return b.lift(raise_to(b, base, exponent, pythons=False))


universal(FAMILY, "power", _raise_to)


def raise_to(b: Builder, base: Value, exponent: Value, pythons: bool) -> Value:
    """`base ** exponent`: squares, roots, reciprocals as NumPy has them, and chains of products up to 8."""
    left = b.lift(base)
    found = _raised(b, left, exponent, pythons)
    if pythons and isinstance(found, Node) and left.tensor.weak and found.tensor.weak and found.tensor.kind in "fc":
        real.powered(b, left, b.lift(exponent), found)
    return found


def _raised(b: Builder, left: Node, exponent: Value, pythons: bool) -> Value:
    right = exponent if not isinstance(exponent, Node) else None
    if right is None and isinstance(exponent, Node) and exponent.op == "const" and exponent.tensor.weak:
        right = exponent.attrs["value"]
    if left.tensor.kind in "iub" and isinstance(right, int) and not isinstance(right, bool):
        if left.tensor.kind == "b" and not left.tensor.weak:
            if pythons and left.tensor.rank and right == 2:
                return b.ufunc("square", left)
            left = b.cast(left, "int64")
        return _chain(b, left, right, pythons)
    if (
        isinstance(right, (int, float))
        and left.tensor.kind in "fc"
        and (not left.tensor.weak or right == 2)
        and pythons
    ):
        if right == 2:
            return b.ufunc("square", left) if not left.tensor.weak else b.ufunc("multiply", left, left, pythons=True)
        if right == 1:
            return b.ufunc("positive", left)
        if left.tensor.kind == "f" and right in (3, 4, 5, 6, 7, 8):
            b.approximate = True
            return _chain(b, left, int(right), pythons)
        if right == -1:
            return b.ufunc("reciprocal", left)
    if left.tensor.kind in "iub" and b.lift(exponent).tensor.kind in "iub":
        return _whole(b, left, b.lift(exponent), pythons)
    return _rooted(b, left, b.lift(exponent), pythons)


ROOTED = ("float32", "float64")
"""Of what NumPy's loop of powers takes the root where the exponent is one number for all, and that number is 0.5."""


def _rooted(b: Builder, left: Node, right: Node, pythons: bool) -> Node:
    """A power of real numbers: their root where NumPy takes it, which of -0.0 and of -inf is not their power.

    `x ** p` of two numbers is the C library's power; arrays, also those without axes, and np.power go by the exponent.
    """
    arrays = not pythons or any(one.tensor.rank or "boxed" in one.attrs for one in (left, right))
    dtype = common(left.tensor, right.tensor)
    asked = dtype in ROOTED or (pythons and right.tensor.weak)  # an array to a number of Python's, of any width
    if not arrays or not asked or left.tensor.kind != "f" or right.tensor.kind != "f":
        return b.ufunc("power", left, right, pythons=pythons)
    if right.op == "const" and right.attrs["value"] != 0.5:
        return b.ufunc("power", left, right)
    root = b.ufunc("sqrt", b.cast(left, dtype))
    if right.op == "const":
        return root
    rooted = b.ufunc("equal", right, 0.5)
    found = b.ufunc("power", left, right)
    if not right.tensor.rank:
        return b.emit("where", (rooted, root, found), found.tensor)
    if right.op == "broadcast" or right.tensor.shape != found.tensor.shape:
        words = "a power 0.5 that is broadcast is a root or not, as NumPy goes over memory"
        some = reduce(b, "any", rooted, tuple(range(right.tensor.rank)), False, "bool")
        b.leave(b.ufunc("invert", some), ValueError, words)
    return found


def _chain(b: Builder, left: Node, exponent: int, pythons: bool) -> Value:
    if exponent < 0:
        if left.tensor.weak:
            return b.ufunc("power", b.widened(left, "float64"), float(exponent), pythons=pythons)
        raise ValueError("Integers to negative integer powers are not allowed.")
    weakly = pythons and left.tensor.weak
    if exponent == 1 and not weakly:
        return b.ufunc("positive", left)  # a copy
    found: Node | None = None
    square = left
    while exponent:
        if exponent & 1:
            found = square if found is None else _times(b, found, square, weakly)
        exponent >>= 1
        if exponent:
            square = _times(b, square, square, weakly)
    return (
        found if found is not None else b.ufunc("add", b.ufunc("multiply", left, 0, pythons=weakly), 1, pythons=weakly)
    )


def _times(b: Builder, left: Node, right: Node, weakly: bool) -> Node:
    if weakly:
        whole.checked(b, "multiply", left, right)
    return b.ufunc("multiply", left, right, pythons=weakly)


def _whole(b: Builder, left: Node, right: Node, pythons: bool) -> Node:
    """Integer to an integer power known at entry or while running, not negative: by repeated squaring."""
    if left.tensor.rank or right.tensor.rank:
        raise Refuse(
            "an integer array to a power that is not a constant", "make the base a float: x.astype(float) ** k"
        )
    weakly = left.tensor.weak and right.tensor.weak and pythons
    if not weakly:
        dtype = common(left.tensor, right.tensor)
        left, right = (b.cast(one, "int8" if dtype == "bool" else dtype) for one in (left, right))
    base, exponent = b.dim(left), b.dim(right)
    if b.facts.at_least(exponent, 0) is not True:
        raise Refuse("an integer to a power that may be negative", "make the base a float")
    dim = base.joined("**", exponent)
    if right.tensor.dtype == "uint64":
        b.leave(b.ufunc("less_equal", right, 2**63 - 1), OverflowError, "a power beyond 2**63")
    if weakly:
        left, right = whole.as_int(b, left), whole.as_int(b, right)
        whole.checked(b, "ipow", left, right)
    node = b.emit("ipow", (left, right), Tensor(left.tensor.dtype, (), weakly))
    b.known[node] = dim
    return node


define(Op("ipow", FAMILY, lambda x, y: x**y, None, 0, 20))
