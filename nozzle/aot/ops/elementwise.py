"""One element from one element: NumPy's universal functions, `where`, `clip`, `astype`.

IEEE operations are exact, bit for bit, NaN and infinity kept; nothing is contracted or reassociated. What is computed
by the C library or by `nozzle.aot.ops.transcendental` is within the bound stated beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nozzle.aot import real as real_
from nozzle.aot import whole
from nozzle.aot.build import Builder, Refuse, Value, common, dtype_name
from nozzle.aot.graph import Node
from nozzle.aot.ops.division import floor_divide, remainder
from nozzle.aot.ops.op import FUNCTIONS, Emit, Op, Scalars, define, function
from nozzle.aot.ops.pairs import add_pair, div_pair, either, half, mul_pair, python_div_pair, sub_pair
from nozzle.aot.types import DTYPES, Tensor

FAMILY = "elementwise"


def _plain(integer: str = "", real: str = "", boolean: str = "", unsigned: str = "") -> Emit:
    """One operation of the arith or math dialect for each kind."""

    def emit(s: Scalars, dtype: str, x: tuple[str, ...]) -> str:
        kind = np.dtype(dtype).kind
        name = {"i": integer, "u": unsigned or integer, "f": real, "b": boolean}.get(kind, "")
        if not name:
            raise Refuse(f"this has no native form for {dtype}", "use a float dtype")
        return s.op(name, dtype, *x)

    return emit


def _fraction_away(real: str) -> Emit:
    """Of floats an operation of the math dialect; whole numbers stay as they are."""
    return lambda s, dtype, x: s.op(real, dtype, x[0]) if np.dtype(dtype).kind == "f" else x[0]


def _compare(predicate: str) -> Emit:
    def emit(s: Scalars, dtype: str, x: tuple[str, ...]) -> str:
        if np.dtype(dtype).kind != "c":
            return s.compare(predicate, dtype, *x)
        (ar, ai), (br, bi) = s.parts(x[0], dtype), s.parts(x[1], dtype)
        if predicate not in ("eq", "ne"):
            raise Refuse("complex numbers have no order here", "compare abs(z), or z.real")
        one, two = s.compare(predicate, half(dtype), ar, br), s.compare(predicate, half(dtype), ai, bi)
        return s.op("arith.andi" if predicate == "eq" else "arith.ori", "bool", one, two)

    return emit


def _shift(left: bool) -> Emit:
    def emit(s: Scalars, dtype: str, x: tuple[str, ...]) -> str:
        width, signed = np.dtype(dtype).itemsize * 8, np.dtype(dtype).kind == "i"
        inside = s.op("arith.cmpi ult,", dtype, x[1], s.const(width, dtype) if width < 128 else s.const(8, dtype))
        by = s.select(inside, dtype, x[1], s.const(width - 1, dtype))
        zero = s.const(0, dtype)
        if left:
            return s.select(inside, dtype, s.op("arith.shli", dtype, x[0], by), zero)
        moved = s.op("arith.shrsi" if signed else "arith.shrui", dtype, x[0], by)
        return moved if signed else s.select(inside, dtype, moved, zero)

    return emit


def _negative(s: Scalars, dtype: str, x: tuple[str, ...]) -> str:
    if np.dtype(dtype).kind == "f":
        return s.op("arith.negf", dtype, *x)
    return s.op("arith.subi", dtype, s.const(0, dtype), *x)


def _absolute(s: Scalars, dtype: str, x: tuple[str, ...]) -> str:
    kind = np.dtype(dtype).kind
    if kind == "c":
        return _hypot(s, half(dtype), s.parts(x[0], dtype))
    if kind in "ub":
        return x[0]
    return s.op("math.absf" if kind == "f" else "math.absi", dtype, *x)


def _hypot(s: Scalars, t: str, x: tuple[str, ...]) -> str:
    """By the larger of the two, so that nothing overflows that need not."""
    a, b = s.op("math.absf", t, x[0]), s.op("math.absf", t, x[1])
    high, low = s.op("arith.maximumf", t, a, b), s.op("arith.minimumf", t, a, b)
    ratio = s.op("arith.divf", t, low, high)
    root = s.op("math.sqrt", t, s.op("arith.addf", t, s.const(1.0, t), s.op("arith.mulf", t, ratio, ratio)))
    none = s.compare("eq", t, high, s.const(0.0, t))
    endless = s.const(float("inf"), t)
    either = s.op("arith.ori", "bool", s.compare("eq", t, a, endless), s.compare("eq", t, b, endless))
    return s.select(either, t, endless, s.select(none, t, high, s.op("arith.mulf", t, high, root)))


def _sign(s: Scalars, dtype: str, x: tuple[str, ...]) -> str:
    if np.dtype(dtype).kind == "c":
        raise Refuse("np.sign of complex numbers", "write z / abs(z)")
    zero, one = s.const(0, dtype), s.const(1, dtype)
    up = s.select(
        s.compare("gt", dtype, x[0], zero), dtype, one, s.select(s.compare("eq", dtype, x[0], zero), dtype, zero, x[0])
    )
    if np.dtype(dtype).kind == "u":
        return up
    return s.select(s.compare("lt", dtype, x[0], zero), dtype, s.const(-1, dtype), up)


def _reciprocal(s: Scalars, dtype: str, x: tuple[str, ...]) -> str:
    if np.dtype(dtype).kind == "c":
        one, zero = s.const(1.0, half(dtype)), s.const(0.0, half(dtype))
        return s.whole(*div_pair(s, half(dtype), one, zero, *s.parts(x[0], dtype)), dtype)
    return s.op("arith.divf", dtype, s.const(1.0, dtype), *x)


def _test(predicate: str) -> Emit:
    """isnan, isinf, isfinite."""

    def emit(s: Scalars, dtype: str, x: tuple[str, ...]) -> str:
        if np.dtype(dtype).kind == "c":
            one, two = (emit(s, half(dtype), (part,)) for part in s.parts(x[0], dtype))
            return s.op("arith.andi" if predicate == "isfinite" else "arith.ori", "bool", one, two)
        if np.dtype(dtype).kind != "f":
            return s.const(predicate == "isfinite", "bool")
        if predicate == "isnan":
            return s.compare("ne", dtype, x[0], x[0])
        size, endless = s.op("math.absf", dtype, x[0]), s.const(float("inf"), dtype)
        return s.compare("eq" if predicate == "isinf" else "lt", dtype, size, endless)

    return emit


def _signbit(s: Scalars, dtype: str, x: tuple[str, ...]) -> str:
    whole = f"int{np.dtype(dtype).itemsize * 8}"
    return s.compare("lt", whole, s.bits(x[0], dtype, whole), s.const(0, whole))


def _where(s: Scalars, dtype: str, x: tuple[str, ...]) -> str:
    return s.select(x[0], dtype, x[1], x[2])


def _part(which: int) -> Emit:
    def emit(s: Scalars, dtype: str, x: tuple[str, ...]) -> str:
        if np.dtype(dtype).kind != "c":
            return x[0] if which == 0 else s.const(0, dtype)
        return s.parts(x[0], dtype)[which]

    return emit


def _conjugate(s: Scalars, dtype: str, x: tuple[str, ...]) -> str:
    if np.dtype(dtype).kind != "c":
        return x[0]
    real, imaginary = s.parts(x[0], dtype)
    return s.whole(real, s.op("arith.negf", half(dtype), imaginary), dtype)


def _square(s: Scalars, dtype: str, x: tuple[str, ...]) -> str:
    return _MULTIPLY(s, dtype, (x[0], x[0]))


def _negated(s: Scalars, t: str, real: str, imaginary: str) -> tuple[str, str]:
    return s.op("arith.negf", t, real), s.op("arith.negf", t, imaginary)


_MULTIPLY = either(_plain("arith.muli", "arith.mulf", "arith.andi"), mul_pair)
_MAXIMUM = _plain("arith.maxsi", "arith.maximumf", "arith.ori", "arith.maxui")
_MINIMUM = _plain("arith.minsi", "arith.minimumf", "arith.andi", "arith.minui")

EXACT: dict[str, tuple[Emit, int]] = {
    "add": (either(_plain("arith.addi", "arith.addf", "arith.ori"), add_pair), 1),
    "subtract": (either(_plain("arith.subi", "arith.subf"), sub_pair), 1),
    "multiply": (_MULTIPLY, 1),
    "divide": (either(_plain(real="arith.divf"), div_pair), 4),
    "floor_divide": (floor_divide, 12),
    "remainder": (remainder, 12),
    "fmod": (_plain(real="arith.remf"), 12),
    "negative": (either(_negative, _negated), 1),
    "positive": (lambda s, dtype, x: x[0], 0),
    "absolute": (_absolute, 1),
    "fabs": (_plain(real="math.absf"), 1),
    "sign": (_sign, 2),
    "square": (_square, 1),
    "reciprocal": (_reciprocal, 4),
    "sqrt": (_plain(real="math.sqrt"), 6),
    "floor": (_fraction_away("math.floor"), 1),
    "ceil": (_fraction_away("math.ceil"), 1),
    "trunc": (_fraction_away("math.trunc"), 1),
    "rint": (_plain(real="math.roundeven"), 1),
    "copysign": (_plain(real="math.copysign"), 1),
    "maximum": (_MAXIMUM, 1),
    "minimum": (_MINIMUM, 1),
    "fmax": (_plain("arith.maxsi", "arith.maxnumf", "arith.ori", "arith.maxui"), 1),
    "fmin": (_plain("arith.minsi", "arith.minnumf", "arith.andi", "arith.minui"), 1),
    "equal": (_compare("eq"), 1),
    "not_equal": (_compare("ne"), 1),
    "less": (_compare("lt"), 1),
    "less_equal": (_compare("le"), 1),
    "greater": (_compare("gt"), 1),
    "greater_equal": (_compare("ge"), 1),
    "bitwise_and": (_plain("arith.andi", boolean="arith.andi"), 1),
    "bitwise_or": (_plain("arith.ori", boolean="arith.ori"), 1),
    "bitwise_xor": (_plain("arith.xori", boolean="arith.xori"), 1),
    "invert": (lambda s, t, x: s.op("arith.xori", t, x[0], s.const(True if t == "bool" else -1, t)), 1),
    "left_shift": (_shift(True), 2),
    "right_shift": (_shift(False), 2),
    "isnan": (_test("isnan"), 1),
    "isinf": (_test("isinf"), 1),
    "isfinite": (_test("isfinite"), 1),
    "signbit": (_signbit, 1),
    "conjugate": (_conjugate, 1),
}
LOGICAL = {
    "logical_and": "bitwise_and",
    "logical_or": "bitwise_or",
    "logical_xor": "bitwise_xor",
    "logical_not": "invert",
}

for _name, (_emit, _cost) in EXACT.items():
    define(Op(_name, FAMILY, getattr(np, _name), _emit, 4 if _name == "absolute" else 0, _cost))
define(Op("quotient", FAMILY, lambda x, y: complex(x) / complex(y), either(_plain(), python_div_pair), 0, 4))
define(Op("where", FAMILY, np.where, _where))
define(Op("real", FAMILY, np.real, _part(0)))
define(Op("imag", FAMILY, np.imag, _part(1)))
define(Op("hypot", FAMILY, np.hypot, lambda s, t, x: _hypot(s, t, x), 2, 12))
define(Op("cast", FAMILY, lambda x, dtype: np.asarray(x).astype(dtype)[()], None))


def universal(family: str, name: str, made: Callable[..., Node]) -> None:
    """Register a universal function of NumPy's, called as these are: its operands, `out`, and `dtype` by its name."""
    many = getattr(np, name).nin

    def handler(b: Builder, *operands: Value, out: Value = None, dtype: Value = None) -> Value:
        if len(operands) == many + 1 and out is None:
            *operands, out = operands  # type: ignore[assignment]
        if len(operands) != many:
            raise Refuse(f"np.{name} takes {many} operands, and has {len(operands)} here", "give it as many")
        result = made(b, *operands) if dtype is None else made(b, *operands, dtype=dtype_name(dtype))
        return result if out is None else into(b, out, result)

    function(family, getattr(np, name))(handler)


def _by_its_loop(name: str) -> Callable[..., Node]:
    return lambda b, *operands, dtype="": b.ufunc(name, *operands, dtype=dtype)


for _name in (*EXACT, "hypot"):
    universal(FAMILY, _name, _by_its_loop(_name))


def into(b: Builder, out: Value, result: Node) -> Node:
    """Give a result back in an array that is there, whose dtype it must fit as NumPy has it."""
    if not isinstance(out, Node) or not out.tensor.rank:
        raise Refuse("an out= that is no array", "pass an array, or assign: y[...] = ...")
    if not np.can_cast(result.tensor.dtype, out.tensor.dtype, "same_kind"):
        raise Refuse(f"{result.tensor.dtype} does not go into {out.tensor.dtype} as out=", "cast it with astype")
    b.store(out, b.cast(result, out.tensor.dtype))
    return out


def quotient(b: Builder, left: Node, right: Node) -> Node:
    """A quotient of Python's numbers of which one is complex."""
    parts = [b.widened(one, "complex128") for one in (left, right)]
    return b.emit("quotient", parts, Tensor("complex128", (), True))


def logical(b: Builder, name: str, *operands: Value, dtype: str = "") -> Node:
    if dtype not in ("", "bool"):
        raise Refuse(f"np.{name} with dtype={dtype}", "leave that out: it gives bools")
    return b.ufunc(LOGICAL[name], *(truth(b, one) for one in operands))


def _of_truths(name: str) -> Callable[..., Node]:
    return lambda b, *operands, dtype="": logical(b, name, *operands, dtype=dtype)


for _name in LOGICAL:
    universal(FAMILY, _name, _of_truths(_name))


def truth(b: Builder, value: Value) -> Node:
    """As a bool: whether it is not zero."""
    node = b.lift(value)
    if node.tensor.dtype == "bool":
        return node
    return b.ufunc("not_equal", node, b.const(0, node.tensor.dtype))


@function(FAMILY, np.where)
def choose(b: Builder, condition: Value, yes: Value = None, no: Value = None, /) -> Value:
    """`np.where`; of one argument it is `np.nonzero`."""
    if (yes is None) != (no is None):
        raise ValueError("either both or neither of x and y should be given")
    if yes is None:
        return FUNCTIONS[np.nonzero](b, condition)
    found = where(b, condition, yes, no)
    return found if found.tensor.rank else b.box(found)


def where(b: Builder, condition: Value, yes: Value, no: Value) -> Node:
    nodes = [b.lift(yes), b.lift(no)]
    dtype = common(*(node.tensor for node in nodes))
    test = truth(b, condition)
    shape = b.broadcast([test.tensor.shape, *(node.tensor.shape for node in nodes)])
    whole = [b.cast(node, "int64") if node.tensor.weak and node.tensor.kind == "i" else node for node in nodes]
    return b.emit("where", (test, *(b.cast(node, dtype) for node in whole)), Tensor(dtype, shape))  # cut down to fit


@function(FAMILY, np.clip)
def clip(
    b: Builder,
    x: Value,
    /,
    a_min: Value = None,
    a_max: Value = None,
    out: Value = None,
    *,
    min: Value = None,
    max: Value = None,
) -> Value:
    if (a_min is not None or a_max is not None) and (min is not None or max is not None):
        raise ValueError("Passing `min` or `max` keyword argument when `a_min` and `a_max` are provided is forbidden.")
    low, high = a_min if min is None else min, a_max if max is None else max
    return clipped(b, x, low, high, out)


@function(FAMILY, method="clip")
def clipped(b: Builder, x: Value, /, min: Value = None, max: Value = None, out: Value = None) -> Value:
    """Of a number that is no float, and of bounds of other dtypes, what NumPy joins the three to."""
    bounds = [b.lift(_bound(b, x, one, pick)) for one, pick in ((min, greatest), (max, least)) if one is not None]
    dtype = common(b.lift(x).tensor, *(one.tensor for one in bounds))
    found = b.cast(x, dtype) if bounds else b.ufunc("positive", x)
    for name, one in zip(["maximum"] * (min is not None) + ["minimum"], bounds, strict=False):
        found = b.ufunc(name, found, one)
    return found if out is None else into(b, out, found)


def _bound(b: Builder, x: Value, bound: Value, pick: Any) -> Value:
    """A Python int that bounds no integer of a dtype, as it is less than all, or greater, is the last of these."""
    type = b.lift(x).tensor
    pythons = isinstance(bound, int) or (isinstance(bound, Node) and bound.tensor.weak and bound.tensor.kind == "i")
    if not pythons or type.kind not in "iu" or type.dtype in ("int64", "uint64"):
        return bound
    info = np.iinfo(type.dtype)
    return pick(b, bound, int(info.min if pick is greatest else info.max))


@function(FAMILY, np.astype, method="astype")
def astype(b: Builder, x: Value, /, dtype: Value, *, copy: bool = True) -> Node:
    node = b.lift(x)
    if node.tensor.dtype == dtype_name(dtype):
        if not copy:
            return node
        return (
            b.emit("copy", (node,), Tensor(node.tensor.dtype, node.tensor.shape))
            if node.tensor.rank
            else b.cast(node, node.tensor.dtype)
        )
    return b.cast(node, dtype_name(dtype))


@function(FAMILY, np.real)
def real(b: Builder, x: Value, /) -> Node:
    node = b.lift(x)
    if node.tensor.kind != "c":
        return counted(b, node)
    return b.emit("real", (node,), _part_of(node.tensor))


@function(FAMILY, np.imag)
def imag(b: Builder, x: Value, /) -> Node:
    node = b.lift(x)
    type = node.tensor
    if type.kind == "c":
        return b.emit("imag", (node,), _part_of(type))
    if type.weak:
        return b.lift(0.0 if type.kind == "f" else 0)
    zero = b.const(0, type.dtype)
    return b.emit("full", (zero,), Tensor(type.dtype, type.shape), shape=type.shape) if type.rank else zero


def _part_of(type: Tensor) -> Tensor:
    return Tensor(half(type.dtype), type.shape, type.weak)


def conjugated(b: Builder, node: Node) -> Node:
    """`.conjugate()`: a Python number stays one."""
    return b.ufunc("conjugate", node, pythons=True) if node.tensor.kind == "c" else counted(b, node)


def counted(b: Builder, node: Node) -> Node:
    """Python's bools as the numbers 0 and 1; all else as it is."""
    return whole.as_int(b, node) if node.tensor.weak and node.tensor.kind == "b" else node


@function(FAMILY, np.round, method="round")
def rounded(b: Builder, x: Value, /, decimals: Value = 0) -> Node:
    """NumPy's: scaled, rounded to the nearest whole number, scaled back."""
    if not isinstance(decimals, int):
        raise Refuse("np.round to decimals that are not a constant", "write their number")
    node = b.lift(x)
    if node.tensor.kind == "b" and decimals:
        raise Refuse("np.round of bools to decimals, which NumPy has not", "make them numbers: x.astype(int)")
    if node.tensor.kind in "iu":
        if decimals < 0:
            raise Refuse("np.round of whole numbers to tens", "write (x + 5) // 10 * 10, or what it should be")
        return b.ufunc("positive", node)
    if not decimals:
        return b.ufunc("rint", node)
    there, back = ("multiply", "divide") if decimals > 0 else ("divide", "multiply")
    by = float(10 ** abs(decimals))
    return b.ufunc(back, b.ufunc("rint", b.ufunc(there, node, by)), by)


@function(FAMILY, round, name="round")
def round_number(b: Builder, x: Value, /, ndigits: Value = None) -> Value:
    """Python's, of one number: to the nearest whole one, of two the even one."""
    if ndigits is not None:
        raise Refuse("round to digits", "scale: np.rint(x * 100) / 100")
    return to_python(b, int, nearest(b, "rint", x))


def nearest(b: Builder, name: str, x: Value) -> Node:
    """A number without its fraction, by `floor`, `ceil`, `trunc` or `rint`; whole ones as they are."""
    node = b.lift(x)
    if node.tensor.rank or node.tensor.kind == "c":
        raise Refuse("an array, or a complex number, where Python takes one real number", "use NumPy's function")
    return node if node.tensor.kind in "iub" else b.ufunc(name, node)


@function(FAMILY, abs)
def absolute(b: Builder, x: Value, /) -> Node:
    node = counted(b, b.lift(x))
    whole.checked(b, "absolute", node)
    return b.ufunc("absolute", node, pythons=True)


@function(FAMILY, max, name="max")
def greatest(b: Builder, *values: Value) -> Value:
    """Python's: the first that no other is greater than."""
    return _pick(b, "greater", *values)


@function(FAMILY, min, name="min")
def least(b: Builder, *values: Value) -> Value:
    return _pick(b, "less", *values)


def _pick(b: Builder, order: str, *values: Value) -> Value:
    values = values[0] if len(values) == 1 and isinstance(values[0], tuple) else values
    if not all(
        isinstance(one, (bool, int, float)) or (isinstance(one, Node) and one.tensor.rank == 0) for one in values
    ):
        raise Refuse("max and min of arrays are np.max and np.maximum", "write np.maximum(a, b), or a.max()")
    if any(isinstance(one, float) or (isinstance(one, Node) and one.tensor.kind == "f") for one in values):
        for one in map(b.lift, values):
            if one.tensor.dtype in ("int64", "uint64") and not (one.tensor.weak or whole.is_double(b, one)):
                raise Refuse(
                    f"{'max' if order == 'greater' else 'min'} of a 64-bit integer of NumPy's and a float is that very "
                    "number, and an integer beyond 2**53 is no float",
                    f"write np.{'maximum' if order == 'greater' else 'minimum'}(a, b), which is a float always",
                )
            whole.exact(b, one)
    best = values[0]
    for one in values[1:]:
        if not isinstance(best, Node) and not isinstance(one, Node):
            best = max(best, one) if order == "greater" else min(best, one)
            continue
        left, right = b.lift(one), b.lift(best)
        better = b.ufunc(order, left, right, pythons=True)
        dtype = common(left.tensor, right.tensor)
        weakly = left.tensor.weak and right.tensor.weak
        sides = (left, right) if left.tensor == right.tensor else (b.cast(left, dtype), b.cast(right, dtype))
        edge = b.known.get(left), b.known.get(right)
        best = b.emit("where", (better, *sides), Tensor(dtype, (), weakly))
        if edge[0] is not None and edge[1] is not None:
            b.known[best] = edge[0].joined("max" if order == "greater" else "min", edge[1])
    return best


@function(FAMILY, int, float, complex, bool)
def number(b: Builder, *_: Value) -> Value:
    raise Refuse("call it with one argument")


def to_python(b: Builder, kind: type, value: Value) -> Value:
    """int(x), float(x), bool(x)."""
    if not isinstance(value, Node):
        return kind(value)
    if value.tensor.rank:
        raise Refuse(f"{kind.__name__}() of an array", "index it first")
    dtype = {bool: "bool", int: "int64", float: "float64", complex: "complex128"}[kind]
    if kind in (int, float) and value.tensor.weak and value.tensor.kind == "c":
        raise TypeError(f"{kind.__name__}() of a complex number")
    if kind is bool:
        node = truth(b, value)
        return b.emit("cast", (node,), Tensor("bool", (), True), dtype="bool")
    if kind is int and value.tensor.kind == "f":
        real_.integral(b, value, "int64", "a float that is no integer of 64 bits is made one")
        value = b.ufunc("trunc", value)
    if kind is int and value.tensor.dtype == "uint64":
        b.leave(b.ufunc("less", value, 2**63 - 1), OverflowError, whole.WORDS)
    node = b.emit("cast", (value,), Tensor(dtype, (), True), dtype=dtype)
    if value in b.known and kind is int:
        b.known[node] = b.known[value]
    return node


def _to(kind: type) -> Any:
    return lambda b, value, /: to_python(b, kind, value)


def _complex(b: Builder, value: Value, imaginary: Value = None, /) -> Value:
    if imaginary is not None:
        raise Refuse("complex() of two numbers", "write a + b * 1j")
    return to_python(b, complex, value)


def _scalar(kind: Any) -> Any:
    return lambda b, value, /: _made(b, b.lift(value), dtype_name(kind))


def _made(b: Builder, node: Node, dtype: str) -> Node:
    """`np.int8(x)`: a Python float is made an int first, and a Python complex is none."""
    kinds = node.tensor.kind, np.dtype(dtype).kind
    if node.tensor.weak and kinds[0] == "c" and kinds[1] in "iuf":
        raise TypeError(f"a complex number is made a {dtype}")
    if node.tensor.weak and kinds[0] == "f" and kinds[1] in "iu":
        real_.integral(b, node, dtype, f"a float that is no {dtype} is made one")
    return b.cast(node, dtype)


for _kind in (int, float, bool):
    function(FAMILY, _kind)(_to(_kind))
function(FAMILY, complex)(_complex)
for _short in (*(name for name in DTYPES if name != "bool"), "bool_"):
    function(FAMILY, getattr(np, _short), name=_short)(_scalar(getattr(np, _short)))
