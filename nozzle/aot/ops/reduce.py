"""Many elements to one: sums, products, extrema, means, along any axes.

A native sum adds in several lanes, and those in a tree; NumPy adds in pairs. Both differ from the exact sum by no more
than their depth times the unit roundoff, and so from one another. Extrema are exact, and keep a NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nozzle.aot.build import Builder, Refuse, Value, dtype_name
from nozzle.aot.graph import Node
from nozzle.aot.ops.elementwise import into, truth
from nozzle.aot.ops.index import axis_of
from nozzle.aot.ops.op import Op, define, function
from nozzle.aot.ops.shape import count, row
from nozzle.aot.sizes import Dim
from nozzle.aot.types import Tensor, stand_in

FAMILY = "reduction"


def axes_of(axis: Value, rank: int) -> tuple[int, ...]:
    if axis is None or (rank == 0 and axis in (0, -1)):
        return tuple(range(rank))
    found = sorted(axis_of(one, rank) for one in (axis if isinstance(axis, tuple) else (axis,)))
    if len(set(found)) < len(found):
        raise ValueError("duplicate value in 'axis'")
    return tuple(found)


def reduce(b: Builder, name: str, node: Node, axes: tuple[int, ...], keepdims: bool, dtype: str) -> Node:
    shape = tuple(
        Dim.of(1) if at in axes else dim for at, dim in enumerate(node.tensor.shape) if keepdims or at not in axes
    )
    if not node.tensor.rank:
        return b.number_of(b.cast(node, dtype))
    if node.op == "compress" and name == "sum" and not keepdims:  # what the mask left out adds nothing
        x, mask = node.inputs[:2]
        node = b.emit("where", (mask, x, b.const(0, dtype)), Tensor(dtype, x.tensor.shape))
        axes = tuple(range(x.tensor.rank))
    return b.emit(name, (node,), Tensor(dtype, shape), axes=axes, keepdims=keepdims)


def _total(name: str, key: Any) -> None:
    @function(FAMILY, key, method=name)
    def handler(
        b: Builder, x: Value, /, axis: Value = None, dtype: Value = None, out: Value = None, *, keepdims: bool = False
    ) -> Value:
        node = b.lift(x)
        want = dtype_name(dtype) if dtype is not None else np.asarray(key(stand_in(node.tensor))).dtype.name
        found = reduce(b, name, b.cast(node, want), axes_of(axis, node.tensor.rank), keepdims, want)
        if out is None:
            return found
        if not isinstance(out, Node) or out.tensor.rank != found.tensor.rank:
            raise ValueError(f"output parameter for reduction operation {name} has the wrong number of dimensions")
        for have, made in zip(out.tensor.shape, found.tensor.shape, strict=True):
            b.same(have, made, "output array does not have the correct shape")
        return into(b, out, found)


_total("sum", np.sum)
_total("prod", np.prod)


def _extreme(name: str, *keys: Any) -> None:
    @function(FAMILY, *keys, method=name)
    def handler(b: Builder, x: Value, /, axis: Value = None, *, keepdims: bool = False) -> Value:
        node = b.lift(x)
        axes = axes_of(axis, node.tensor.rank)
        if node.tensor.kind == "c":
            raise Refuse("complex numbers have no order here", "reduce abs(z), or z.real")
        for at in axes:
            not_empty(b, node.tensor.shape[at], f"zero-size array to reduction operation {name} which has no identity")
        return reduce(b, name, b.cast(node, node.tensor.dtype), axes, keepdims, node.tensor.dtype)


def not_empty(b: Builder, dim: Dim, message: str) -> None:
    enough = b.facts.at_least(dim, 1)
    if enough is False:
        b.fail(ValueError, message)
    if enough is None:
        b.trap(b.ufunc("greater_equal", b.size(dim), 1, pythons=True), ValueError, message)


_extreme("max", np.max, np.amax)
_extreme("min", np.min, np.amin)


def _place(name: str, key: Any) -> None:
    @function(FAMILY, key, method=name)
    def handler(b: Builder, x: Value, /, axis: Value = None, *, keepdims: bool = False) -> Value:
        node = b.lift(x)
        if node.tensor.kind == "c":
            raise Refuse("complex numbers have no order here", "reduce abs(z), or z.real")
        node = row(b, node) if axis is None and node.tensor.rank > 1 else node
        at = axis_of(0 if axis is None else axis, node.tensor.rank)
        not_empty(b, node.tensor.shape[at], f"attempt to get {name} of an empty sequence")
        return reduce(b, name, node, (at,), keepdims, "int64")


_place("argmax", np.argmax)
_place("argmin", np.argmin)


def _truth(name: str, key: Any) -> None:
    @function(FAMILY, key, method=name)
    def handler(b: Builder, x: Value, /, axis: Value = None, *, keepdims: bool = False) -> Value:
        node = truth(b, x)
        return reduce(b, name, node, axes_of(axis, node.tensor.rank), keepdims, "bool")


_truth("any", np.any)
_truth("all", np.all)


@function(FAMILY, np.count_nonzero)
def count_nonzero(b: Builder, x: Value, /, axis: Value = None) -> Value:
    node = b.cast(truth(b, x), "int64")
    return reduce(b, "sum", node, axes_of(axis, node.tensor.rank), False, "int64")


@function(FAMILY, np.mean, method="mean")
def mean(b: Builder, x: Value, /, axis: Value = None, dtype: Value = None, *, keepdims: bool = False) -> Value:
    node = b.lift(x)
    axes = axes_of(axis, node.tensor.rank)
    out = dtype_name(dtype) if dtype is not None else np.asarray(np.mean(stand_in(node.tensor))).dtype.name
    inner = "float32" if out == "float16" and dtype is None else out
    total = reduce(b, "sum", b.cast(node, inner), axes, keepdims, inner)
    many = b.as_value(count([node.tensor.shape[at] for at in axes]))
    return b.cast(b.ufunc("divide", total, b.cast(many, np.dtype(inner).type(0).real.dtype.name)), out)


@function(FAMILY, np.var, method="var")
def var(b: Builder, x: Value, /, axis: Value = None, *, ddof: Value = 0, keepdims: bool = False) -> Value:
    """The mean of the squared distance from the mean, in two passes, as NumPy does it."""
    node = b.lift(x)
    if node.tensor.kind == "c":
        raise Refuse("np.var of complex numbers", "add those of z.real and z.imag")
    axes = axes_of(axis, node.tensor.rank)
    out = np.asarray(np.var(stand_in(node.tensor))).dtype.name
    inner = "float32" if out == "float16" else out
    away = b.ufunc("subtract", b.cast(node, inner), mean(b, b.cast(node, inner), tuple(axes), keepdims=True))
    total = reduce(b, "sum", b.ufunc("multiply", away, away), axes, keepdims, inner)
    many = b.as_value(count([node.tensor.shape[at] for at in axes]) - b.dim(ddof))
    return b.cast(b.ufunc("divide", total, b.ufunc("maximum", b.cast(many, inner), b.const(0, inner))), out)


@function(FAMILY, np.std, method="std")
def std(b: Builder, x: Value, /, axis: Value = None, *, ddof: Value = 0, keepdims: bool = False) -> Value:
    return b.ufunc("sqrt", var(b, x, axis, ddof=ddof, keepdims=keepdims))


def _run(function: Any) -> Any:
    def run(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
        return function(x, axis=axes, keepdims=keepdims, dtype=np.asarray(x).dtype)

    return run


def _define(name: str, key: Any, single: bool = False) -> None:
    def run(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
        return key(x, axis=axes[0] if single else axes, keepdims=keepdims)

    define(Op(name, FAMILY, run))


for _name, _key in (("sum", np.sum), ("prod", np.prod)):
    define(Op(_name, FAMILY, _run(_key), ulp=1, terms=True))
_define("max", np.max)
_define("min", np.min)
_define("any", np.any)
_define("all", np.all)
_define("argmax", np.argmax, single=True)
_define("argmin", np.argmin, single=True)
