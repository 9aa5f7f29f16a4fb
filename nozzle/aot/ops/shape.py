"""The shape of an array: transposes and reshapes that look at the same memory, joins that copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nozzle.aot.build import Builder, Refuse, Value, common, dtype_name
from nozzle.aot.graph import VIEWS, Node
from nozzle.aot.ops.index import axis_of, look, spot
from nozzle.aot.ops.op import Op, define, function
from nozzle.aot.sizes import Dim
from nozzle.aot.types import Tensor

FAMILY = "shape"


def dims(b: Builder, shape: Value) -> tuple[Dim, ...]:
    return tuple(b.dim(one) for one in (shape if isinstance(shape, tuple) else (shape,)))


@function(FAMILY, method="transpose")
def transposed(b: Builder, x: Value, /, *axes: Value) -> Node:
    return transpose(b, x, axes[0] if len(axes) == 1 else axes or None)


@function(FAMILY, np.transpose, np.permute_dims)
def transpose(b: Builder, x: Value, /, axes: Value = None) -> Node:
    node = b.lift(x)
    rank = node.tensor.rank
    order = axes
    order = tuple(range(rank))[::-1] if order is None else tuple(axis_of(one, rank) for one in _tuple(order))
    if sorted(order) != list(range(rank)):
        raise ValueError("axes don't match array")
    shape = tuple(node.tensor.shape[axis] for axis in order)
    return b.emit("transpose", (node,), Tensor(node.tensor.dtype, shape), axes=order) if rank else node


def _tuple(value: Value) -> tuple[Value, ...]:
    return value if isinstance(value, tuple) else (value,)


@function(FAMILY, np.swapaxes, method="swapaxes")
def swapaxes(b: Builder, x: Value, one: Value, two: Value, /) -> Node:
    rank = b.lift(x).tensor.rank
    order = list(range(rank))
    one, two = axis_of(one, rank), axis_of(two, rank)
    order[one], order[two] = two, one
    return transpose(b, x, tuple(order))


@function(FAMILY, np.moveaxis)
def moveaxis(b: Builder, x: Value, source: Value, target: Value, /) -> Node:
    rank = b.lift(x).tensor.rank
    order = [axis for axis in range(rank) if axis != axis_of(source, rank)]
    order.insert(axis_of(target, rank), axis_of(source, rank))
    return transpose(b, x, tuple(order))


@function(FAMILY, method="reshape")
def reshaped(b: Builder, x: Value, /, *shape: Value, order: Value = "C") -> Node:
    return reshape(b, x, shape[0] if len(shape) == 1 else shape, order)


@function(FAMILY, np.reshape)
def reshape(b: Builder, x: Value, /, shape: Value, order: Value = "C") -> Node:
    """By rows, and by columns as the transpose of the transpose by rows."""
    node = b.lift(x)
    if order == "F":
        return transpose(b, reshape(b, transpose(b, node), _tuple(shape)[::-1]))
    if order != "C":
        raise Refuse(f"np.reshape with order={order!r}", "say 'C' or 'F'")
    parts = [_unknown(b, one) for one in _tuple(shape)]
    total = count(node.tensor.shape)
    if parts.count(None) > 1:
        b.fail(ValueError, "can only specify one unknown dimension")
    if None in parts:
        others = count([one for one in parts if one is not None])
        if b.facts.at_least(others, 1) is False:
            b.fail(ValueError, "cannot reshape array into a shape of no elements and an unknown axis")
        parts = [(total if others.fixed == 1 else total.joined("//", others)) if one is None else one for one in parts]
    new = tuple(one for one in parts if one is not None)
    b.same(total, count(new), "cannot reshape array into a shape of another size")
    if not node.tensor.rank:
        return look(b, node, (None,) * len(new)) if new else node
    if not new:
        return look(b, node, (0,) * node.tensor.rank)
    if tuple(map(b.facts.plain, new)) == tuple(map(b.facts.plain, node.tensor.shape)):
        return node
    node = dense(b, node)
    inputs = [one for one in _tuple(shape) if isinstance(one, Node)]
    template = tuple(dim.fixed if dim.fixed is not None else dim for dim in new)
    return b.emit("reshape", (node, *inputs), Tensor(node.tensor.dtype, new), shape=template)


def _unknown(b: Builder, value: Value) -> Dim | None:
    """A length that is asked for; None for -1, which is what the others leave. Python answers what only runs say."""
    dim = b.dim(value)
    enough = b.facts.at_least(dim, 0)
    if enough is False and b.facts.equal(dim, Dim.of(-1)) is True:
        return None
    words = "negative dimensions are not allowed"
    if enough is False:
        b.fail(ValueError, words)
    elif enough is None:
        b.leave(b.ufunc("greater_equal", b.size(dim), 0, pythons=True), ValueError, words)
    return dim


def count(shape: Sequence[Dim]) -> Dim:
    """How many elements."""
    total = Dim.of(1)
    for dim in shape:
        total = total.times(dim)
    return total


def dense(b: Builder, node: Node) -> Node:
    """The same elements in C order without gaps: itself where that is so, else a copy, which NumPy may make or not."""
    if contiguous(b, node):
        return node
    return b.emit("copy", (node,), node.tensor, perhaps=True)


def contiguous(b: Builder, node: Node) -> bool:
    """Whether it lies in C order without gaps, as far as can be known."""
    if node.op == "param":
        return bool(node.attrs.get("dense", "carried" in node.attrs))
    if node.op not in VIEWS:
        return True
    if not contiguous(b, node.inputs[0]):
        return False
    source = node.inputs[0].tensor.shape
    if node.op == "broadcast":
        return len(source) == node.tensor.rank and all(map(b.facts.equal, source, node.tensor.shape))
    if node.op == "transpose":
        long = [axis for axis in node.attrs["axes"] if b.facts.equal(source[axis], Dim.of(1)) is not True]
        return long == sorted(long)
    within = False
    if node.op == "slice":
        for axis, length in zip(node.attrs["plan"], source, strict=True):
            many = Dim.of(1) if axis.out is None else node.tensor.shape[axis.out]
            if (within and b.facts.equal(many, length) is not True) or (axis.step != 1 and many.fixed != 1):
                return False
            within = within or b.facts.equal(many, Dim.of(1)) is not True
    return True


@function(FAMILY, np.ravel, method="ravel")
def ravel(b: Builder, x: Value, /) -> Node:
    node = row(b, x)
    return node if contiguous(b, node) else b.emit("copy", (node,), node.tensor)


def row(b: Builder, x: Value) -> Node:
    """All elements in one row, to be read."""
    node = b.lift(x)
    return node if node.tensor.rank == 1 else reshape(b, node, -1)


def fresh(b: Builder, node: Node) -> Node:
    """A copy that has memory only where it must: where it, or what it is of, is written to."""
    if not node.tensor.rank:
        return number(b, node)
    if node.tensor.dtype == "bool":
        return b.emit("bitwise_or", (node, node), node.tensor)
    return b.emit("positive", (node,), node.tensor)


@function(FAMILY, method="flatten")
def flatten(b: Builder, x: Value, /) -> Node:
    node = copy(b, x)
    return node if node.tensor.rank == 1 else reshape(b, node, -1)


@function(FAMILY, np.copy, method="copy")
def copy(b: Builder, x: Value, /) -> Node:
    node = b.lift(x)
    if not node.tensor.rank:
        return number(b, node)
    return b.emit("copy", (node,), Tensor(node.tensor.dtype, node.tensor.shape))


def number(b: Builder, node: Node) -> Node:
    """A number; of an array without axes another, of the number that it holds now."""
    return b.box(node) if b.boxed(node) else node


@function(FAMILY, np.ascontiguousarray)
def ascontiguousarray(b: Builder, x: Value, /) -> Node:
    """Itself where it lies in C order, else a copy."""
    node = b.lift(x)
    if node.op == "param" and node.tensor.rank and not contiguous(b, node):
        return copy(b, node)
    return dense(b, node) if node.tensor.rank else look(b, node, None)


@function(FAMILY, np.asarray)
def as_array(b: Builder, x: Value, /, dtype: Value = None) -> Value:
    """Itself where it is an array of that dtype; a number as an array without axes."""
    found = asarray(b, x, dtype)
    return found if found.tensor.rank or (found is x and b.boxed(found)) else b.box(found)


def asarray(b: Builder, x: Value, dtype: Value = None) -> Value:
    """As np.asarray; but a number is one still."""
    if isinstance(x, tuple):
        parts = tuple(_element(b, one, dtype) for one in x)
        if any(one.tensor.rank != parts[0].tensor.rank for one in parts):
            raise ValueError("setting an array element with a sequence: the lists differ in their lengths or depths")
        return stack(b, parts)
    node = b.lift(x)
    return node if dtype is None else b.cast(node, dtype_name(dtype))


def _element(b: Builder, x: Value, dtype: Value) -> Value:
    """What stands in a list: a number is put into the array as by assignment."""
    if dtype is None or isinstance(x, tuple) or b.lift(x).tensor.rank:
        return asarray(b, x, dtype)
    node = b.lift(x)
    b.alone(node, dtype_name(dtype))
    return b.placed(node, dtype_name(dtype))


@function(FAMILY, np.array)
def array(b: Builder, x: Value, /, dtype: Value = None) -> Value:
    """A copy in any case."""
    found = asarray(b, x, dtype)
    if not found.tensor.rank:
        return b.box(found)
    return fresh(b, found) if found is x else found


@function(FAMILY, np.expand_dims)
def expand_dims(b: Builder, x: Value, /, axis: Value) -> Node:
    node = b.lift(x)
    at = axis_of(axis, node.tensor.rank + 1)
    return look(b, node, (*[slice(None)] * at, None))


@function(FAMILY, np.squeeze, method="squeeze")
def squeeze(b: Builder, x: Value, /, axis: Value = None) -> Node:
    """Without its axes of length one, all or those that are said; another length is another kind of call."""
    node = b.lift(x)
    rank, one = node.tensor.rank, Dim.of(1)
    if axis is None:
        known = [b.facts.equal(dim, one) for dim in node.tensor.shape]
        if None in known:
            raise Refuse("np.squeeze of an array whose length the data decides", "say which axis")
        gone = [at for at, yes in enumerate(known) if yes]
    else:
        gone = [axis_of(each, rank) for each in _tuple(axis)]
        for at in gone:
            words = "cannot select an axis to squeeze out which has size not equal to one"
            b.same(node.tensor.shape[at], one, words)
    return look(b, node, tuple(0 if at in gone else slice(None) for at in range(node.tensor.rank))) if gone else node


@function(FAMILY, np.broadcast_to)
def broadcast_to(b: Builder, x: Value, /, shape: Value) -> Node:
    node, new = b.lift(x), dims(b, shape)
    b.natural(*new, words="all elements of broadcast shape must be non-negative")
    if node.tensor.rank > len(new):
        raise ValueError("input operand has more dimensions than allowed by the axis remapping")
    for have, want in zip(reversed(node.tensor.shape), reversed(new), strict=False):
        if not b.is_one(have):
            b.same(have, want, "operands could not be broadcast together with remapped shapes")
    return b.emit("broadcast", (node,), Tensor(node.tensor.dtype, new), shape=new)


@function(FAMILY, np.flip)
def flip(b: Builder, x: Value, /, axis: Value = None) -> Node:
    node = b.lift(x)
    rank = node.tensor.rank
    turned = range(rank) if axis is None else [axis_of(one, rank) for one in _tuple(axis)]
    return look(b, node, tuple(slice(None, None, -1 if at in turned else None) for at in range(rank)))


def several(b: Builder, parts: Value) -> Sequence[Value]:
    """Arrays that are joined: a tuple or a list of them, or what one array holds along its first axis."""
    if isinstance(parts, tuple):
        return parts
    node = b.lift(parts)
    many = b.facts.plain(node.tensor.shape[0]).fixed if node.tensor.rank else None
    if many is None:
        raise Refuse("one array is joined along its first axis", "reshape it, or join a tuple: (x[0], x[1])")
    return [look(b, node, at) for at in range(many)]


@function(FAMILY, np.concatenate, np.concat)
def concatenate(b: Builder, parts: Value, /, axis: Value = 0) -> Node:
    nodes = [asarray(b, one) for one in several(b, parts)]
    rank = nodes[0].tensor.rank
    at = axis_of(axis, rank)
    total = Dim()
    for node in nodes:
        total = total + node.tensor.shape[at]
    for node in nodes[1:]:
        for one in range(rank):
            if one != at:
                b.same(nodes[0].tensor.shape[one], node.tensor.shape[one], "all the input array dimensions must match")
    shape = (*nodes[0].tensor.shape[:at], total, *nodes[0].tensor.shape[at + 1 :])
    out = empty(b, shape, common(*(node.tensor for node in nodes)))
    start = Dim()
    for node in nodes:
        stop = start + node.tensor.shape[at]
        b.store(look(b, out, (*[slice(None)] * at, slice(b.as_value(start), b.as_value(stop)))), node)
        start = stop
    return out


def empty(b: Builder, shape: tuple[Dim, ...], dtype: str) -> Node:
    b.natural(*shape)
    return b.emit("empty", [b.size(dim) for dim in shape if not dim.at_entry], Tensor(dtype, shape), shape=shape)


@function(FAMILY, np.stack)
def stack(b: Builder, parts: Value, /, axis: Value = 0) -> Node:
    nodes = [b.lift(one) for one in several(b, parts)]
    if not nodes[0].tensor.rank:  # where NumPy makes arrays of Python's numbers, these are as wide as it has them
        out = empty(b, (Dim.of(len(nodes)),), common(*(replace(node.tensor, weak=False) for node in nodes)))
        for at, node in enumerate(nodes):
            b.store(spot(b, out, at), node)
        return out
    return concatenate(b, tuple(expand_dims(b, node, axis) for node in nodes), axis)


@function(FAMILY, np.vstack)
def vstack(b: Builder, parts: Value, /) -> Node:
    rows = (expand_dims(b, one, 0) if b.lift(one).tensor.rank == 1 else one for one in several(b, parts))
    return concatenate(b, tuple(rows), 0)


@function(FAMILY, np.hstack)
def hstack(b: Builder, parts: Value, /) -> Node:
    nodes = tuple(several(b, parts))
    return concatenate(b, nodes, 0 if b.lift(nodes[0]).tensor.rank == 1 else 1)


@function(FAMILY, np.roll)
def roll(b: Builder, x: Value, /, shift: Value, axis: Value = None) -> Node:
    node = b.lift(x)
    if not isinstance(shift, int) or (axis is None and node.tensor.rank != 1):
        raise Refuse("np.roll by what is not a constant, or without an axis", "join two slices with np.concatenate")
    at = axis_of(axis or 0, node.tensor.rank)
    before = (slice(None),) * at
    if b.facts.at_least(node.tensor.shape[at], abs(shift)) is not True:
        raise Refuse("np.roll by more than the length", "take the shift modulo the length")
    parts = (look(b, node, (*before, slice(-shift, None))), look(b, node, (*before, slice(None, -shift))))
    return concatenate(b, parts, at) if shift else copy(b, node)


@function(FAMILY, np.repeat, method="repeat")
def repeat(b: Builder, x: Value, times: Value, /, axis: Value = None) -> Node:
    node = row(b, x) if axis is None else b.lift(x)
    at = axis_of(axis or 0, node.tensor.rank)
    shape = node.tensor.shape
    b.natural(b.dim(times), words="repeats may not contain negative values.")
    wide = look(b, node, (*[slice(None)] * (at + 1), None))
    whole = broadcast_to(b, wide, (*shape[: at + 1], b.dim(times), *shape[at + 1 :]))
    return reshape(b, copy(b, whole), (*shape[:at], shape[at].times(b.dim(times)), *shape[at + 1 :]))


@function(FAMILY, np.diff)
def diff(b: Builder, x: Value, /, n: int = 1, axis: Value = -1) -> Value:
    node = b.lift(x)
    before = (slice(None),) * axis_of(axis, node.tensor.rank)
    for _ in range(n):
        node = b.ufunc("subtract", look(b, node, (*before, slice(1, None))), look(b, node, (*before, slice(None, -1))))
    return node


@function(FAMILY, np.shape)
def shape_of(b: Builder, x: Value, /) -> Value:
    node = b.lift(x)
    return tuple(b.length(node, axis) for axis in range(node.tensor.rank))


@function(FAMILY, len)
def length(b: Builder, x: Value, /) -> Value:
    return len(x) if isinstance(x, (tuple, str)) else b.length(b.lift(x), 0)


@function(FAMILY, np.size)
def size(b: Builder, x: Value, /) -> Value:
    return b.as_value(count(b.lift(x).tensor.shape))


@function(FAMILY, np.ndim)
def ndim(b: Builder, x: Value, /) -> Value:
    return b.lift(x).tensor.rank


def _reshape(x: Any, *_: Any, shape: Any) -> Any:
    return np.reshape(x, shape)


define(Op("transpose", FAMILY, lambda x, axes: np.transpose(x, axes)))
define(Op("reshape", FAMILY, _reshape))
define(Op("broadcast", FAMILY, lambda x, shape: np.broadcast_to(x, shape)))
define(Op("copy", FAMILY, lambda x, perhaps=False: np.array(x)))
define(Op("empty", FAMILY, lambda *_, shape, dtype: np.empty(shape, dtype)))
