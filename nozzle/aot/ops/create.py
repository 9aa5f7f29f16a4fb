"""Arrays from nothing: constants, ranges, grids. What is only read is computed where it is used."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nozzle.aot.build import Builder, Refuse, Value, common, dtype_name
from nozzle.aot.graph import Node
from nozzle.aot.ops.elementwise import where
from nozzle.aot.ops.index import look
from nozzle.aot.ops.op import Op, define, function
from nozzle.aot.ops.shape import broadcast_to, dims, empty, fresh, reshape, stack
from nozzle.aot.sizes import Dim
from nozzle.aot.types import Tensor

FAMILY = "creation"


def filled(b: Builder, shape: Value, value: Value, dtype: Value) -> Node:
    whole = dims(b, shape)
    b.natural(*whole)
    node = b.lift(value)
    node = b.cast(node, node.tensor.dtype if dtype is None else dtype_name(dtype))
    sizes = [b.size(dim) for dim in whole if not dim.at_entry]
    return b.emit("full", (node, *sizes), Tensor(node.tensor.dtype, whole), shape=whole)


@function(FAMILY, np.zeros)
def zeros(b: Builder, shape: Value, dtype: Value = float) -> Node:
    return filled(b, shape, 0, dtype_name(dtype))


@function(FAMILY, np.ones)
def ones(b: Builder, shape: Value, dtype: Value = float) -> Node:
    return filled(b, shape, 1, dtype_name(dtype))


@function(FAMILY, np.full)
def full(b: Builder, shape: Value, fill_value: Value, dtype: Value = None) -> Node:
    return filled(b, shape, fill_value, dtype)


@function(FAMILY, np.empty, np.ndarray)
def uninitialised(b: Builder, shape: Value, dtype: Value = float) -> Node:
    return empty(b, dims(b, shape), dtype_name(dtype))


def _like(b: Builder, x: Value, dtype: Value) -> tuple[tuple[Dim, ...], str]:
    type = b.lift(x).tensor
    return type.shape, type.dtype if dtype is None else dtype_name(dtype)


@function(FAMILY, np.zeros_like)
def zeros_like(b: Builder, x: Value, /, dtype: Value = None) -> Node:
    shape, name = _like(b, x, dtype)
    return filled(b, shape, 0, name)


@function(FAMILY, np.ones_like)
def ones_like(b: Builder, x: Value, /, dtype: Value = None) -> Node:
    shape, name = _like(b, x, dtype)
    return filled(b, shape, 1, name)


@function(FAMILY, np.full_like)
def full_like(b: Builder, x: Value, /, fill_value: Value, dtype: Value = None) -> Node:
    shape, name = _like(b, x, dtype)
    return filled(b, shape, fill_value, name)


@function(FAMILY, np.empty_like)
def empty_like(b: Builder, x: Value, /, dtype: Value = None) -> Node:
    return empty(b, *_like(b, x, dtype))


def iota(b: Builder, length: Dim) -> Node:
    """0, 1, 2, ... as int64."""
    sizes = [] if length.at_entry else [b.size(length)]
    return b.emit("iota", sizes, Tensor("int64", (length,)), length=length)


@function(FAMILY, np.arange)
def arange(b: Builder, start: Value, /, stop: Value = None, step: Value = 1, *, dtype: Value = None) -> Node:
    start, stop = (0, start) if stop is None else (start, stop)
    whole = all(_is_whole(b, one) for one in (start, stop, step))
    if whole:
        if isinstance(step, Node) and b.facts.at_least(b.dim(step), 1) is not True:
            raise Refuse("np.arange with a step that may be zero or less", "write the step as a number")
        if not isinstance(step, Node) and step == 0:
            raise ZeroDivisionError("division by zero")
        up = isinstance(step, Node) or step > 0
        gap = b.dim(stop) - b.dim(start) if up else b.dim(start) - b.dim(stop)
        enough = b.facts.at_least(gap, 0)
        gap = gap if enough else Dim.of(0) if enough is False else gap.joined("max", Dim.of(0))
        size = b.dim(step if up else -step)
        length = gap if size.fixed == 1 else (gap + (size - 1)).joined("//", size)
        node = b.ufunc("add", b.ufunc("multiply", iota(b, length), step), start)
        return node if dtype is None else b.cast(node, dtype_name(dtype))
    if not all(isinstance(one, (int, float)) for one in (start, stop, step)):
        raise Refuse("np.arange of floats that are not constants", "use np.linspace, or np.arange(n) * step")
    name = dtype_name(dtype)
    inner = "float32" if name == "float16" else name
    first, second = (np.dtype(name).type(one).astype(inner) for one in (start, start + step))
    places = b.cast(iota(b, Dim.of(max(0, math.ceil((stop - start) / step)))), inner)
    return b.cast(b.ufunc("add", b.ufunc("multiply", places, second - first), first), name)


def _is_whole(b: Builder, value: Value) -> bool:
    return value.tensor.kind in "iu" if isinstance(value, Node) else isinstance(value, (int, np.integer))


@function(FAMILY, np.linspace)
def linspace(b: Builder, start: Value, stop: Value, num: Value = 50, *, dtype: Value = None) -> Node:
    """Evenly spaced, both ends exact: NumPy's `arange(num) * step + start`."""
    length = b.dim(num)
    if b.facts.at_least(length, 2) is False:
        return _few(b, start, stop, length, dtype)
    if b.facts.at_least(length, 2) is None:
        raise Refuse("np.linspace of as many points as the data says", "pass their number as an argument")
    places = iota(b, length)
    last = b.as_value(length - 1)
    name = _floats(b, start, stop)
    gap = b.ufunc("subtract", b.cast(stop, name), b.cast(start, name))
    ways = b.ufunc("multiply", b.cast(places, name), b.ufunc("divide", gap, last))
    line = b.cast(b.ufunc("add", ways, b.ufunc("multiply", start, 1.0)), name)
    return _as_asked(b, where(b, b.ufunc("equal", places, last), b.cast(stop, name), line), dtype)


def _floats(b: Builder, *ends: Value) -> str:
    """The floats that NumPy takes for a line from one to the other."""
    return common(*(b.lift(one).tensor for one in ends), Tensor("float64", (), True))


def _as_asked(b: Builder, found: Node, dtype: Value) -> Node:
    """As the dtype that was asked for, where one was; whole numbers are those below."""
    if dtype is None:
        return found
    name = dtype_name(dtype)
    return b.cast(b.ufunc("floor", found) if np.dtype(name).kind in "iu" else found, name)


def _few(b: Builder, start: Value, stop: Value, length: Dim, dtype: Value) -> Node:
    """`np.linspace` of one point or none: where it starts."""
    b.natural(length, words="Number of samples must be non-negative")
    name = _floats(b, start, stop)
    gap = b.ufunc("subtract", b.cast(stop, name), b.cast(start, name))
    first = b.ufunc("add", b.ufunc("multiply", gap, 0.0), b.ufunc("multiply", start, 1.0))
    return filled(b, b.as_value(length), _as_asked(b, b.cast(first, name), dtype), None)


@function(FAMILY, np.identity)
def identity(b: Builder, n: Value, dtype: Value = None) -> Node:
    return eye(b, n, dtype=dtype)


@function(FAMILY, np.eye)
def eye(b: Builder, n: Value, m: Value = None, /, k: Value = 0, dtype: Value = float) -> Node:
    shape = b.dim(n), b.dim(n if m is None else m)
    b.natural(*shape)
    rows, columns = (iota(b, length) for length in shape)
    hit = b.ufunc("equal", b.ufunc("add", look(b, rows, (slice(None), None)), k), columns)
    return b.cast(hit, dtype_name(dtype))


def _triangle(b: Builder, x: Value, k: Value, test: str) -> Node:
    node = b.lift(x)
    rows, columns = iota(b, node.tensor.shape[-2]), iota(b, node.tensor.shape[-1])
    kept = b.ufunc(test, columns, b.ufunc("add", look(b, rows, (slice(None), None)), k))
    return where(b, kept, node, b.const(0, node.tensor.dtype))


@function(FAMILY, np.triu)
def triu(b: Builder, m: Value, k: Value = 0) -> Node:
    return _triangle(b, m, k, "greater_equal")


@function(FAMILY, np.tril)
def tril(b: Builder, m: Value, k: Value = 0) -> Node:
    return _triangle(b, m, k, "less_equal")


@function(FAMILY, np.tri)
def tri(b: Builder, n: Value, m: Value = None, /, k: Value = 0, dtype: Value = float) -> Node:
    rows, columns = arange(b, n), arange(b, n if m is None else m)
    return b.cast(
        b.ufunc("less_equal", columns, b.ufunc("add", look(b, rows, (slice(None), None)), k)), dtype_name(dtype)
    )


@function(FAMILY, np.meshgrid)
def meshgrid(b: Builder, *axes: Value, indexing: str = "xy") -> Value:
    nodes = [b.lift(one) for one in axes]
    order = [1, 0, *range(2, len(nodes))] if indexing == "xy" and len(nodes) > 1 else list(range(len(nodes)))
    shape = tuple(nodes[at].tensor.shape[0] for at in order)
    return tuple(
        fresh(
            b,
            broadcast_to(
                b,
                reshape(b, node, tuple(node.tensor.shape[0] if order[at] == one else 1 for at in range(len(nodes)))),
                shape,
            ),
        )
        for one, node in enumerate(nodes)
    )


class Grids(tuple[Any, ...]):
    """What `np.mgrid` gives, which is one array: its parts, each computed where it is used alone."""


def mgrid(b: Builder, key: Value) -> Value:
    """`np.mgrid[a:b, c:d]`; of one slice it is `np.arange`."""
    slices = key if isinstance(key, tuple) else (key,)
    if not all(isinstance(one, slice) for one in slices):
        raise Refuse("np.mgrid of what is no slice", "write np.mgrid[0:n, 0:m]")
    axes = [arange(b, one.start or 0, one.stop, 1 if one.step is None else one.step) for one in slices]
    if not isinstance(key, tuple):
        return axes[0]
    dtype = common(*(one.tensor for one in axes))
    return Grids(meshgrid(b, *(b.cast(one, dtype) for one in axes), indexing="ij"))


def together(b: Builder, value: Value) -> Value:
    """Grids as the one array that they are; all else as it is."""
    return stack(b, tuple(value)) if isinstance(value, Grids) else value


function(FAMILY, np.mgrid, name="mgrid")(mgrid)


def _full(value: Any, *_: Any, shape: Any) -> Any:
    return np.full(shape, value)


define(Op("full", FAMILY, _full, cost=0))
define(Op("iota", FAMILY, lambda *_, length: np.arange(length, dtype=np.int64)))
