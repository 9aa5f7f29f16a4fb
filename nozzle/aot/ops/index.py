"""Indexing: integers, slices, newaxis, boolean masks, arrays of integers; reading and writing.

A slice is a view, as in NumPy. An index out of range is an IndexError: proved away from the bounds of the loop and the
sizes of the call where that is possible, tested while running otherwise; never a fault of memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nozzle.aot.build import Builder, Listed, Refuse, Value
from nozzle.aot.graph import Node, root, stored
from nozzle.aot.ops.elementwise import truth, where
from nozzle.aot.ops.op import FAMILY as WORDS
from nozzle.aot.ops.op import FUNCTIONS, Op, define, function
from nozzle.aot.sizes import Dim, Var
from nozzle.aot.types import Tensor

FAMILY = "indexing"


def axis_of(value: Value, rank: int) -> int:
    if not isinstance(value, (int, np.integer)):
        raise Refuse("an axis that is not a constant", "write the axis as a number")
    if not -rank <= value < rank:
        raise ValueError(f"axis {value} is out of bounds for an array of {rank} axes")
    return int(value) % rank


for _words in (
    "x[i, j]",
    "x[a:b:c]",
    "x[..., None]",
    "x[mask]",
    "x[mask] = y",
    "x[:, mask]",
    "x[indices]",
    "x[...] = y",
    "x[...] += y",
    "x[indices] = y",
):
    WORDS[_words] = FAMILY


@dataclass(frozen=True, slots=True)
class Ref:
    """An input of the node, by its position; in the key of a slice."""

    at: int

    def __str__(self) -> str:
        return f"${self.at}"


@dataclass(frozen=True, slots=True)
class Axis:
    """What became of one axis of the source: where it starts, how it goes on, which axis of the result it is."""

    start: Dim
    step: int
    out: int | None


class _Key:
    """Gathers, item by item, what a slice node needs."""

    def __init__(self, b: Builder, x: Node) -> None:
        self.b, self.inputs, self.shape, self.key = b, [x], list[Dim](), list[Any]()
        self.plan: list[Axis] = []

    def ref(self, value: Value) -> Any:
        if not isinstance(value, Node):
            return value
        self.inputs.append(value)
        return Ref(len(self.inputs) - 1)

    def at(self, value: Value, length: Dim) -> None:
        start, value = position(self.b, value, length)
        self.plan.append(Axis(start, 1, None))
        self.key.append(self.ref(value))

    def range(self, key: slice, length: Dim) -> None:
        start, step, count = span(self.b, key, length)
        self.plan.append(Axis(start, step, len(self.shape)))
        self.shape.append(count)
        self.key.append(slice(self.ref(key.start), self.ref(key.stop), self.ref(key.step)))

    def new(self) -> None:
        self.shape.append(Dim.of(1))
        self.key.append(None)


def index(b: Builder, x: Node, key: Value) -> Value:
    """`x[key]`, read."""
    items = _items(b, key)
    if len(items) == 1 and _is_mask(items[0]) and items[0].tensor.rank == x.tensor.rank:
        return compress(b, x, items[0])
    items = _unmasked(b, x, items)
    if any(isinstance(item, Node) and item.tensor.rank for item in items):
        return gather(b, x, items)
    node = spot(b, x, key)
    if node.tensor.rank:
        return node
    boxed = {"boxed": True} if any(item is Ellipsis for item in items) else {}
    return replaced(b, node, "item", **node.attrs, **boxed)


def _items(b: Builder, key: Value) -> list[Value]:
    """The indices, one after the other; what is written as a list is an array."""
    items = list(key) if isinstance(key, tuple) and not isinstance(key, Listed) else [key]
    return [FUNCTIONS[np.array](b, one) if isinstance(one, Listed) else one for one in items]


def _is_mask(item: Value) -> bool:
    return isinstance(item, Node) and item.tensor.dtype == "bool" and item.tensor.rank > 0


def _unmasked(b: Builder, x: Node, items: list[Value]) -> list[Value]:
    """With the places of the True in place of every mask."""
    wide = [item.tensor.rank if _is_mask(item) else int(item is not None and item is not Ellipsis) for item in items]
    if sum(wide) > x.tensor.rank:
        given = f"{sum(wide)} were indexed"
        raise IndexError(f"too many indices for array: array is {x.tensor.rank}-dimensional, but {given}")
    found: list[Value] = []
    axis = 0
    for item, many in zip(items, wide, strict=True):
        if not _is_mask(item):
            found.append(item)
            axis += x.tensor.rank - sum(wide) if item is Ellipsis else many
            continue
        for length in item.tensor.shape:
            b.same(length, x.tensor.shape[axis], "boolean index did not match indexed array")
            axis += 1
        found += nonzero(b, item)
    return found


@function(FAMILY, np.nonzero, method="nonzero")
def nonzero(b: Builder, x: Value, /) -> tuple[Node, ...]:
    """Where it is not zero: for every axis an array of places, as long as the data has it."""
    mask = truth(b, b.lift(x))
    shape = mask.tensor.shape
    if not shape:
        raise Refuse("np.nonzero of a number", "compare it with 0")
    found = []
    for axis, length in enumerate(shape):
        sizes = [] if length.at_entry else [b.size(length)]
        places = b.emit("iota", sizes, Tensor("int64", (length,)), length=length)
        if len(shape) > 1:
            key = tuple(slice(None) if at == axis else None for at in range(len(shape)))
            places = b.emit("broadcast", (look(b, places, key),), Tensor("int64", shape), shape=shape)
        node = compress(b, places, mask)
        b.below[node] = length
        found.append(node)
    return tuple(found)


@function(FAMILY, np.flatnonzero)
def flatnonzero(b: Builder, x: Value, /) -> Node:
    """Where a row is not zero."""
    node = b.lift(x)
    if node.tensor.rank != 1:
        raise Refuse("np.flatnonzero of what is no row", "ravel it first")
    return nonzero(b, node)[0]


def replaced(b: Builder, node: Node, op: str, **attrs: Any) -> Node:
    """The last node as one of another operation."""
    assert b.nodes.pop() is node
    return b.emit(op, node.inputs, node.type, **attrs)


def look(b: Builder, x: Node, key: Value) -> Node:
    """A view of `x`, which without axes is the number that it holds now; of a number, an array of that one."""
    node = spot(b, x, key)
    return node if node.tensor.rank or node.op != "slice" else replaced(b, node, "item", **node.attrs, boxed=True)


def spot(b: Builder, x: Node, key: Value) -> Node:
    """As `look`; without axes it is still what may be written to."""
    if not x.tensor.rank and None in (key if isinstance(key, tuple) else (key,)):
        many = sum(item is None for item in (key if isinstance(key, tuple) else (key,)))
        shape = (Dim.of(1),) * many
        return b.emit("full", (b.cast(x, x.tensor.dtype),), Tensor(x.tensor.dtype, shape), shape=shape)
    found = _Key(b, x)
    axis = 0
    for item in _spread(key, x.tensor.rank):
        if item is None:
            found.new()
            continue
        length = b.facts.plain(x.tensor.shape[axis])
        axis += 1
        if isinstance(item, slice):
            found.range(item, length)
        else:
            found.at(item, length)
    type = Tensor(x.tensor.dtype, tuple(found.shape))
    return b.emit("slice", found.inputs, type, key=tuple(found.key), plan=tuple(found.plan))


def _spread(key: Value, rank: int) -> list[Value]:
    items = list(key) if isinstance(key, tuple) else [key]
    given = sum(item is not None and item is not Ellipsis for item in items)
    if given > rank:
        raise IndexError(f"too many indices for array: array is {rank}-dimensional, but {given} were indexed")
    if Ellipsis not in [item for item in items if not isinstance(item, Node)]:
        items.append(Ellipsis)
    at = next(i for i, item in enumerate(items) if item is Ellipsis)
    return [*items[:at], *[slice(None)] * (rank - given), *items[at + 1 :]]


def position(b: Builder, value: Value, length: Dim) -> tuple[Dim, Value]:
    """Where an integer index points to, and the index; tested while running when it cannot be proved to be in range."""
    if isinstance(value, (bool, float, str)) or (isinstance(value, Node) and value.tensor.kind not in "iu"):
        raise Refuse("only integers, slices, None, ... and arrays of integers or bools are indices", "use int(x)")
    dim = b.facts.plain(b.dim(value))
    positive = b.facts.at_least(dim, 0)
    if positive is False:
        dim = b.facts.plain(dim + length)
    inside = (
        None
        if positive is None
        else b.facts.at_least(dim, 0)
        if positive is False
        else b.facts.at_least(length, dim + 1)
    )
    if inside:
        return dim, value
    if inside is False:
        words = f"index {value if not isinstance(value, Node) else dim} is out of bounds for an axis of size {length}"
        known = dim.hint is not None and (dim.fixed is None or length.fixed is None)
        b.fail(IndexError, words + (f": here it is {dim.hint}, of {length.hint}" if known else ""))
        return Dim.of(0), value
    node, zero, size = b.lift(value), b.lift(0), b.size(length)
    node = node if node.tensor.weak else _weakly(b, node)
    wrapped = b.emit(
        "where", (b.ufunc("less", node, zero, pythons=True), b.ufunc("add", node, size, pythons=True), node), node.type
    )
    good = b.ufunc(
        "bitwise_and",
        b.ufunc("greater_equal", wrapped, zero, pythons=True),
        b.ufunc("less", wrapped, size, pythons=True),
    )
    b.trap(good, IndexError, f"index out of bounds for an axis of size {length}")
    b.known[wrapped] = Dim.of(Var(wrapped, Dim.of(0), length - 1))
    return b.known[wrapped], value


def _weakly(b: Builder, node: Node) -> Node:
    weak = b.emit("cast", (node,), Tensor("int64", (), True), dtype="int64")
    if node in b.known:
        b.known[weak] = b.known[node]
    return weak


def span(b: Builder, key: slice, length: Dim) -> tuple[Dim, int, Dim]:
    """Start, step and length of a slice, by Python's rules."""
    step = 1 if key.step is None else key.step
    if not isinstance(step, int) or step == 0:
        raise Refuse("a step that is not a constant", "write it as a number, or take x[np.arange(0, len(x), k)]")
    floor, top = (Dim.of(0), length) if step > 0 else (Dim.of(-1), length - 1)
    start = (floor if step > 0 else top) if key.start is None else _clamped(b, key.start, length, floor, top)
    stop = (top if step > 0 else floor) if key.stop is None else _clamped(b, key.stop, length, floor, top)
    gap = b.facts.plain(stop - start if step > 0 else start - stop)
    enough = b.facts.at_least(gap, 0)
    if enough is False:
        return Dim.of(0), step, Dim.of(0)
    gap = gap if enough else gap.joined("max", Dim.of(0))
    return start, step, gap if abs(step) == 1 else (gap + (abs(step) - 1)).joined("//", Dim.of(abs(step)))


def _clamped(b: Builder, value: Value, length: Dim, floor: Dim, top: Dim) -> Dim:
    dim = b.facts.plain(b.dim(value))
    positive = b.facts.at_least(dim, 0)
    if positive is None:
        node, size = b.lift(value), b.size(length)
        node = node if node.tensor.weak else _weakly(b, node)
        below = b.ufunc("less", node, b.lift(0), pythons=True)
        dim = b.dim(b.emit("where", (below, b.ufunc("add", node, size, pythons=True), node), node.type))
        return dim.joined("max", floor).joined("min", top)
    if positive is False:
        dim = b.facts.plain(dim + length)
        over = b.facts.at_least(dim, floor)
        return dim if over else floor if over is False else dim.joined("max", floor)
    under = b.facts.at_least(top, dim)
    return dim if under else top if under is False else dim.joined("min", top)


def compress(b: Builder, x: Node, mask: Node) -> Node:
    """`x[mask]`: as many elements as are True, in order."""
    for have, want in zip(mask.tensor.shape, x.tensor.shape, strict=True):
        b.same(have, want, "boolean index did not match indexed array")
    dim = counted(b, mask, x)
    return b.emit("compress", (x, mask, b.size(dim)), Tensor(x.tensor.dtype, (dim,)))


def scatter(b: Builder, x: Node, mask: Node, value: Node) -> None:
    """`x[mask] = values`: one after the other, to where the mask is True."""
    if value.tensor.rank != 1:
        raise Refuse("a masked store of what is no row", "store a row: x[mask] = y[mask]")
    count = b.size(counted(b, mask, x))
    if b.facts.plain(b.dim(count)) != b.facts.plain(value.tensor.shape[0]):
        good = b.ufunc("equal", count, b.size(value.tensor.shape[0]), pythons=True)
        b.leave(good, ValueError, "NumPy boolean array indexing assignment cannot assign that many input values")
    b.writable(x)
    b.emit("scatter", (x, mask, b.cast(value, x.tensor.dtype)), None)


def _apart(b: Builder, node: Node, x: Node) -> Node:
    """Itself, or a copy where it looks at the memory of `x`, which is about to change."""
    if not node.tensor.rank or root(node) is not root(x):
        return node
    return b.emit("copy", (node,), Tensor(node.tensor.dtype, node.tensor.shape))


def counted(b: Builder, mask: Node, x: Node) -> Dim:
    """How many are True; counted once for a mask that nothing writes to."""
    if mask in b.counts and root(mask) not in stored(b.nodes):
        return b.counts[mask]
    count = b.emit(
        "sum", (b.cast(mask, "int64"),), Tensor("int64"), axes=tuple(range(mask.tensor.rank)), keepdims=False
    )
    most = Dim.of(1)
    for dim in x.tensor.shape:
        most = most.times(dim)
    b.counts[mask] = b.known[count] = Dim.of(Var(count, Dim.of(0), most))
    return b.counts[mask]


def gather(b: Builder, x: Node, items: list[Value]) -> Node:
    """`x[indices]`: one or more arrays of integers, side by side; the rest slices."""
    place = _place(b, x, items)
    type = Tensor(x.tensor.dtype, place.shape)
    return b.emit("gather", (place.source, *place.indices), type, axis=place.axis, bare=place.bare)


def put(b: Builder, x: Node, items: list[Value], value: Value) -> None:
    """`x[indices] = values`, in order: of what goes to one place twice, the last stays."""
    b.writable(x)
    place = _place(b, x, items)
    node = b.stored(place.shape, x.tensor, value)
    inputs = (*(_apart(b, one, x) for one in place.indices), _apart(b, node, x))
    b.emit("put", (place.source, *inputs), None, axis=place.axis, shape=place.shape, bare=place.bare)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where arrays of indices point to: along which axes of what, and the shape of it."""

    source: Node
    indices: tuple[Node, ...]
    axis: int
    shape: tuple[Dim, ...]
    bare: bool
    """Whether an axis pointed into may have no element at all; then nothing is read or written."""


def _place(b: Builder, x: Node, items: list[Value]) -> _Place:
    spread = _spread(tuple(items), x.tensor.rank)
    arrays = [at for at, item in enumerate(spread) if isinstance(item, Node) and item.tensor.rank]
    fancy = [at for at, item in enumerate(spread) if not isinstance(item, slice)]
    if fancy != list(range(fancy[0], fancy[0] + len(fancy))) or any(item is None for item in spread):
        raise Refuse("indices beside arrays of indices that do not stand side by side", "index in two steps")
    rest = tuple(slice(None) if at in arrays else item for at, item in enumerate(spread))
    seen = look(b, x, rest) if any(item != slice(None) for item in rest) else x
    axis = arrays[0] - sum(not isinstance(item, slice) for item in rest[: arrays[0]])
    indices = [_checked(b, b.lift(spread[at]), seen.tensor.shape[axis + n]) for n, at in enumerate(arrays)]
    shape = b.broadcast([one.tensor.shape for one in indices])
    source = seen.tensor.shape
    bare = any(b.facts.at_least(one, 1) is not True for one in source[axis : axis + len(arrays)])
    return _Place(seen, tuple(indices), axis, (*source[:axis], *shape, *source[axis + len(arrays) :]), bare)


def _checked(b: Builder, indices: Node, length: Dim) -> Node:
    """Indices, none out of range, none negative."""
    if indices.tensor.kind not in "iu":
        raise Refuse("arrays used as indices must be of integer (or boolean) type")
    if indices in b.below and b.facts.equal(b.below[indices], length):
        return indices
    indices, size = b.cast(indices, "int64"), b.as_value(length)
    indices = where(b, b.ufunc("less", indices, 0), b.ufunc("add", indices, size), indices)
    inside = b.ufunc("bitwise_and", b.ufunc("greater_equal", indices, 0), b.ufunc("less", indices, size))
    good = b.emit("all", (inside,), Tensor("bool"), axes=tuple(range(indices.tensor.rank)), keepdims=False)
    b.trap(good, IndexError, f"index out of bounds for an axis of size {length}")
    return indices


def assign(b: Builder, x: Node, key: Value, value: Value) -> None:
    """`x[key] = value`."""
    if not x.tensor.rank:
        raise Refuse("an item of a number, or of an array without axes, is set", "give it a name: x = value")
    items = _items(b, key)
    if len(items) == 1 and _is_mask(items[0]) and items[0].tensor.rank == x.tensor.rank:
        if b.lift(value).tensor.rank:
            scatter(b, x, items[0], b.lift(value))
            return
        b.store(x, where(b, items[0], b.placed(b.lift(value), x.tensor.dtype), x))
        return
    items = _unmasked(b, x, items)
    if any(isinstance(item, Node) and item.tensor.rank for item in items):
        put(b, x, items, value)
        return
    b.store(spot(b, x, key), value)


def chosen(key: Any, inputs: tuple[Any, ...]) -> Any:
    """The key of a slice node with its inputs put in."""

    def one(item: Any) -> Any:
        if isinstance(item, slice):
            return slice(one(item.start), one(item.stop), one(item.step))
        return int(inputs[item.at]) if isinstance(item, Ref) else item

    return tuple(one(item) for item in key)


def _slice(*inputs: Any, key: Any, plan: Any) -> Any:
    return inputs[0][chosen(key, inputs)]


def _gather(x: Any, *indices: Any, axis: int, bare: bool) -> Any:
    return x[(slice(None),) * axis + indices]


define(Op("slice", FAMILY, _slice))
define(Op("item", FAMILY, lambda *inputs, key, plan, boxed=False: _slice(*inputs, key=key, plan=plan)))
define(Op("compress", FAMILY, lambda x, mask, count: x[mask]))
define(Op("gather", FAMILY, _gather, cost=2))


@function(FAMILY, np.take, method="take")
def take(b: Builder, x: Value, /, indices: Value, axis: int | None = None) -> Value:
    """By integers; a bool is 0 or 1 here, and no mask."""
    node = b.lift(x)
    if axis is None and node.tensor.rank != 1:
        raise Refuse("np.take without an axis", "say which axis")
    at = axis_of(axis or 0, node.tensor.rank)
    return index(b, node, (*[slice(None)] * at, _places(b, indices)))


def _places(b: Builder, indices: Value) -> Value:
    """Where np.take takes from: what is cast to int64 without loss."""
    node = FUNCTIONS[np.array](b, indices) if isinstance(indices, tuple) else indices
    if not isinstance(node, Node):
        return int(node) if isinstance(node, (bool, np.bool_)) else node
    if not np.can_cast(node.tensor.dtype, np.int64, "safe"):
        raise TypeError(f"np.take by {node.tensor.dtype}, which does not go into int64 for sure")
    return b.cast(node, "int64") if node.tensor.kind == "b" else node
