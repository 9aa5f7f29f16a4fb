"""Products of matrices and vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from nozzle.aot.build import Builder, Refuse, Value, common
from nozzle.aot.graph import Node, root
from nozzle.aot.ops.create import iota
from nozzle.aot.ops.index import axis_of, gather, look
from nozzle.aot.ops.op import FUNCTIONS, Op, define, function
from nozzle.aot.ops.reduce import axes_of, reduce
from nozzle.aot.ops.shape import row
from nozzle.aot.types import Tensor

FAMILY = "product"


@function(FAMILY, np.matmul)
def matmul(b: Builder, x: Value, y: Value, /) -> Node:
    """`x @ y`: vectors, matrices, and stacks of matrices, as NumPy does it."""
    left, right = b.lift(x), b.lift(y)
    if not left.tensor.rank or not right.tensor.rank:
        raise ValueError("matmul: Input operand does not have enough dimensions")
    dtype = common(left.tensor, right.tensor)
    if dtype == "bool":
        raise Refuse("a product of boolean matrices", "cast them to int first")
    sums = "float32" if dtype == "float16" else dtype  # NumPy adds halves up in floats, and rounds the sum
    left, right = b.cast(left, sums), b.cast(right, sums)
    inner = right.tensor.shape[0 if right.tensor.rank == 1 else -2]
    b.same(left.tensor.shape[-1], inner, "matmul: Input operands have a mismatch in their core dimensions")
    rows = left.tensor.shape[-2:-1]
    columns = right.tensor.shape[-1:] if right.tensor.rank > 1 else ()
    stacks = [node.tensor.shape[:-2] for node in (left, right) if node.tensor.rank > 2]
    shape = (*(b.broadcast(stacks) if stacks else ()), *rows, *columns)
    return b.cast(b.emit("matmul", (left, right), Tensor(sums, shape)), dtype)


@function(FAMILY, np.dot, method="dot")
def dot(b: Builder, x: Value, y: Value, /) -> Value:
    left, right = b.lift(x), b.lift(y)
    if not left.tensor.rank or not right.tensor.rank:
        return b.ufunc("multiply", left, right)
    if right.tensor.rank > 2 or (left.tensor.rank > 2 and right.tensor.rank > 1):
        raise Refuse("np.dot of stacks of matrices", "use @")
    return matmul(b, left, right)


@function(FAMILY, np.vdot)
def vdot(b: Builder, x: Value, y: Value, /) -> Value:
    return matmul(b, row(b, b.ufunc("conjugate", x)), row(b, y))


@function(FAMILY, np.inner)
def inner(b: Builder, x: Value, y: Value, /) -> Value:
    left, right = b.lift(x), b.lift(y)
    if left.tensor.rank != 1 or right.tensor.rank != 1:
        raise Refuse("np.inner of matrices", "use x @ y.T")
    return matmul(b, left, right)


@function(FAMILY, np.outer)
def outer(b: Builder, x: Value, y: Value, /) -> Value:
    return each(b, "multiply", row(b, x), row(b, y))


def each(b: Builder, name: str, x: Value, y: Value) -> Value:
    """`ufunc.outer`: every element of one with every element of the other."""
    left, right = b.lift(x), b.lift(y)
    return b.ufunc(name, look(b, left, (..., *[None] * right.tensor.rank)), right)


@function(FAMILY, np.linalg.norm)
def norm(b: Builder, x: Value, ord: Value = None, axis: Value = None, keepdims: bool = False) -> Value:
    """The square root of the sum of squares."""
    if ord is not None:
        raise Refuse(f"np.linalg.norm of the order {ord}", "write what it sums: np.abs(x).sum(axis=0).max()")
    node = b.lift(x)
    axes = axes_of(axis, node.tensor.rank)
    square = b.ufunc("square", b.ufunc("absolute", b.ufunc("multiply", node, 1.0)))
    return b.ufunc("sqrt", reduce(b, "sum", square, axes, keepdims, square.tensor.dtype))


@function(FAMILY, np.trace, method="trace")
def trace(b: Builder, x: Value, /) -> Value:
    return FUNCTIONS[np.sum](b, diagonal(b, x))


@function(FAMILY, np.diagonal, method="diagonal")
def shown_diagonal(b: Builder, x: Value, /) -> Node:
    """The diagonal, which in NumPy is a view that is only read."""
    node = diagonal(b, x)
    b.seen.setdefault(root(node.inputs[0]), "its diagonal")
    return b.emit("copy", (node,), node.tensor, perhaps=True)


def diagonal(b: Builder, x: Value) -> Node:
    node = b.lift(x)
    if node.tensor.rank != 2:
        raise Refuse("the diagonal of what is no matrix", "loop over the first axis")
    short = node.tensor.shape[axis_of(0 if b.facts.at_least(node.tensor.shape[1], node.tensor.shape[0]) else 1, 2)]
    places = iota(b, short)
    return gather(b, node, [places, places])


def _matmul(x: Any, y: Any) -> Any:
    return np.matmul(x, y)


def _wide(x: Any, y: Any) -> Any:
    """Of bytes, summed in 32 bits; by way of doubles, which hold every sum exactly."""
    return np.matmul(x.astype("f8"), y.astype("f8")).astype("i8").astype("i4")


PRODUCTS = ("matmul", "wide_matmul")
define(Op("matmul", FAMILY, _matmul, ulp=1, terms=True))
define(Op("wide_matmul", FAMILY, _wide))
