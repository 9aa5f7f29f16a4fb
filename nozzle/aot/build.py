"""Making a graph, one node at a time: constants are lifted, widths joined, shapes broadcast as NumPy does it.

What cannot be said in a graph raises `Refuse` with the reason and what to write instead; the frontend adds the line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nozzle.aot import order, real
from nozzle.aot.bounds import Bounds
from nozzle.aot.graph import VIEWS, Block, Listed, Loc, Node
from nozzle.aot.sizes import Dim, Facts, Var
from nozzle.aot.types import DTYPES, Tensor, builtin, stand_in, weak


class Refuse(Exception):
    """Not admissible: the reason, and what to write instead."""

    def __init__(self, reason: str, instead: str = "") -> None:
        super().__init__(reason)
        self.reason, self.instead = reason, instead


Value = Any
"""A Node, or something known while compiling: a number, a tuple, a dtype, a function, None."""


class Builder:
    """Appends nodes to the innermost open block."""

    def __init__(self) -> None:
        self.facts = Facts()
        self.loc = Loc()
        self.nodes: list[Node] = []
        self._whole = self.nodes
        """The outermost block: what stands in it is done in every call."""
        self.known: dict[Node, Dim] = {}
        """Integer scalars as sizes."""
        self.bounds = Bounds(self.known, self.facts)
        self.approximate = False
        self.seen: dict[Node, str] = {}
        """Arrays of which something is a view in NumPy and a copy here, and what that is."""
        self.boxes: set[Node] = set()
        """Numbers that in NumPy are arrays without axes, of their own memory."""
        self.met: list[Node] = []
        """Numbers that were made of another type where the ways of a branch, or the turns of a loop, meet."""
        self.counts: dict[Node, Dim] = {}
        """How many elements of a mask are True."""
        self.below: dict[Node, Dim] = {}
        """Arrays of indices, and the length that none of them reaches."""

    # blocks

    def open(self) -> list[Node]:
        """Begin a block; what it returns goes to `close`."""
        outer, self.nodes = self.nodes, []
        return outer

    def close(self, outer: list[Node], params: Sequence[Node], results: Sequence[Node]) -> Block:
        block = Block(tuple(params), tuple(self.nodes), tuple(results))
        self.nodes = outer
        return block

    # nodes

    def emit(
        self, op: str, inputs: Sequence[Node], type: Tensor | None, blocks: Sequence[Block] = (), **attrs: Any
    ) -> Node:
        node = Node(op, tuple(inputs), type, attrs, self.loc, tuple(blocks))
        self.nodes.append(node)
        return node

    def param(self, type: Tensor, name: str = "") -> Node:
        return Node("param", (), type, {"name": name} if name else {}, self.loc)

    def lift(self, value: Value) -> Node:
        """A value as a node."""
        if isinstance(value, Node):
            if value.type is None:
                raise Refuse("this gives no value")
            return value
        if isinstance(value, np.generic):
            if value.dtype.name not in DTYPES:
                raise Refuse(f"a constant of dtype {value.dtype} has no place here")
            return self.emit("const", (), Tensor(value.dtype.name), value=value)
        if not isinstance(value, (bool, int, float, complex)):
            instead = "make it an array: np.array(...)" if isinstance(value, tuple) else ""
            raise Refuse(f"{_kind(value)} is no number or array here", instead)
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise Refuse(f"{value} does not fit 64 bits", "bring it as np.uint64(...), if it fits that")
        node = self.emit("const", (), weak(value), value=value)
        if isinstance(value, int):
            self.known[node] = Dim.of(int(value))
        return node

    def const(self, value: Any, dtype: str) -> Node:
        """A strong constant."""
        return self.lift(np.dtype(dtype).type(value))

    def cast(self, value: Value, dtype: str) -> Node:
        """As this dtype, and no longer weak; NumPy's OverflowError for a Python int that does not fit."""
        node = self.lift(value)
        type = node.tensor
        if type.dtype == dtype and not type.weak:
            return node
        if node.op == "const":
            constant = node.attrs["value"]
            try:
                if type.weak and isinstance(constant, int):
                    np.asarray(constant).dtype  # noqa: B018
                    return self.lift(np.dtype(dtype).type(constant))
                return self.lift(np.asarray(constant).astype(dtype)[()])
            except OverflowError as error:
                raise Refuse(
                    f"{constant} does not fit {dtype}", "widen the other side first: x.astype(np.int64)"
                ) from error
        if type.weak and type.kind == "i" and np.dtype(dtype).kind in "iu" and dtype != "int64":
            self._within(node, dtype)
        cast = self.emit("cast", (node,), Tensor(dtype, type.shape), dtype=dtype)
        if node in self.known and type.rank == 0 and np.dtype(dtype).kind in "iu":
            self.known[cast] = self.known[node]
        return cast

    def ufunc(self, name: str, *operands: Value, pythons: bool = False, dtype: str = "") -> Node:
        """An elementwise operation by NumPy's own loop, for a result of `dtype` where one is asked for.

        With `pythons`, weak operands give a weak result.
        """
        nodes = [self.lift(one) for one in operands]
        found = order.compared(self, name, *nodes) if name in order.TURNED and not dtype else None
        if found is not None:
            return found
        types = [node.tensor for node in nodes]
        function = getattr(np, name)
        every = pythons and all(type.weak for type in types)
        asked: list[Any] = [_asked(type, every) for type in types]
        try:
            loop = function.resolve_dtypes((*asked, *[None] * function.nout), **_said(function, dtype))
        except TypeError as error:
            names = " and ".join(str(type) for type in types) + (f" as {dtype}" if dtype else "")
            raise Refuse(f"NumPy has no {name} of {names}", "cast one of them with astype") from error
        outs = [dtype.name for dtype in loop[function.nin :]]
        if any(dtype.name not in DTYPES for dtype in loop):
            raise Refuse(f"{name} would need {loop[0]}, which is not compiled", "use float64 or narrower")
        cast = [
            (self.widened if every else self.cast)(node, dtype.name) for node, dtype in zip(nodes, loop, strict=False)
        ]
        shape = self.broadcast([type.shape for type in types])
        return self.emit(name, cast, Tensor(outs[0], shape, every))

    def widened(self, node: Node, dtype: str) -> Node:
        """A Python number as another kind of Python number."""
        if node.tensor.dtype == dtype:
            return node
        if node.op == "const":
            return self.lift(np.dtype(dtype).type(node.attrs["value"]).item())
        return self.emit("cast", (node,), Tensor(dtype, (), True), dtype=dtype)

    def trap(self, good: Node, kind: type[Exception], message: str) -> None:
        """Raise when `good` is false."""
        self.emit("check", (good,), None, kind=kind, message=message)

    def leave(self, good: Node, kind: type[Exception], message: str) -> None:
        """Leave the call to Python when `good` is false; raise where something was written to that the caller has."""
        self.emit("check", (good,), None, kind=kind, message=message, python=True)

    def fail(self, kind: type[Exception], message: str) -> None:
        """What is done here cannot but fail: in every call, or where a branch or a loop comes to it."""
        if self.nodes is self._whole:
            raise kind(message)
        self.trap(self.lift(False), kind, message)

    # shapes

    def dim(self, value: Value) -> Dim:
        """An integer as a size."""
        if isinstance(value, Dim):
            return value
        if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
            return Dim.of(int(value))
        if not isinstance(value, Node) or value.type is None or value.tensor.rank or value.tensor.kind not in "iu":
            raise Refuse(f"{describe(value)} is no integer", "a length or an index is an integer")
        if value not in self.known:
            self.known[value] = Dim.of(Var(value))
        return self.known[value]

    def natural(self, *dims: Dim, words: str = "negative dimensions are not allowed") -> None:
        """Raise ValueError for a length that is negative: here, or while running when nobody knows."""
        for dim in dims:
            enough = self.facts.at_least(dim, 0)
            if enough is False:
                self.fail(ValueError, words)
            elif enough is None:
                self.trap(self.ufunc("greater_equal", self.size(dim), 0, pythons=True), ValueError, words)

    def length(self, tensor: Node, axis: int) -> Value:
        """How long an axis is: a number, or a node."""
        dim = self.facts.plain(tensor.tensor.shape[axis])
        return self.number(dim) if dim.fixed is not None else self.size(dim)

    def number(self, dim: Dim) -> int:
        assert dim.fixed is not None
        return dim.fixed

    def size(self, dim: Dim) -> Node:
        """A size as an integer node."""
        node = self.emit("size", _vars(dim), Tensor("int64", (), True), of=dim)
        self.known[node] = dim
        return node

    def as_value(self, dim: Dim) -> Value:
        dim = self.facts.plain(dim)
        return dim.fixed if dim.fixed is not None else self.size(dim)

    def broadcast(self, shapes: Sequence[tuple[Dim, ...]]) -> tuple[Dim, ...]:
        """The shape that these have together, by NumPy's rule."""
        rank = max(map(len, shapes))
        whole = [(Dim.of(1),) * (rank - len(shape)) + shape for shape in shapes]
        return tuple(self._join(list(axis)) for axis in zip(*whole, strict=True))

    def _join(self, dims: list[Dim]) -> Dim:
        joined = dims[0]
        for dim in dims[1:]:
            if self.is_one(joined):
                joined = dim
            elif not self.is_one(dim):
                self.same(joined, dim, "operands could not be broadcast together")
        return self.facts.plain(joined)

    def is_one(self, dim: Dim) -> bool:
        dim = self.facts.plain(dim)
        if dim.fixed is not None:
            return dim.fixed == 1
        if dim.at_entry and dim.hint == 1:
            return bool(self.facts.equal(dim, Dim.of(1)))
        return False

    def same(self, left: Dim, right: Dim, message: str) -> None:
        """Take two lengths for the same; refuse when they are not, test while running when nobody knows."""
        equal = self.facts.equal(left, right)
        if equal is False:
            if left.hint is not None and right.hint is not None:
                message += f": {left} is {left.hint} and {right} is {right.hint}"
            self.fail(ValueError, message)
        if equal is None:
            good = self.emit("equal", (self.size(left), self.size(right)), Tensor("bool", (), True))
            self.leave(good, ValueError, message)  # where one of them is 1, NumPy may broadcast it

    def box(self, node: Node) -> Node:
        """A number as an array without axes: NumPy's, and not weak."""
        found = self.emit("cast", (node,), Tensor(node.tensor.dtype), dtype=node.tensor.dtype)
        self.boxes.add(found)
        return found

    def boxed(self, node: Node) -> bool:
        """Whether it is an array without axes, its own or what looks at another."""
        return node in self.boxes or "boxed" in node.attrs

    def number_of(self, node: Node) -> Node:
        """Itself, or of an array without axes its number."""
        return self.emit("cast", (node,), node.tensor, dtype=node.tensor.dtype) if self.boxed(node) else node

    # memory

    def writable(self, target: Node) -> None:
        """Refuse to write to what a loop or a branch rebinds: nobody could say who else sees it."""
        base = target
        while base.op in VIEWS:
            if base.op == "broadcast":
                raise Refuse("what np.broadcast_to gives is read-only, and is written to here", "copy it: y = y.copy()")
            base = base.inputs[0]
        if base.op in ("real", "imag"):
            raise Refuse(
                f"the .{base.op} of an array is written to here, which in NumPy is a view of it",
                f"copy it first: r = z.{base.op}.copy(), or write to z",
            )
        if base in self.seen:
            raise Refuse(
                f"an array is written to that {self.seen[base]} looks at in NumPy",
                "copy that: y = np.diagonal(x).copy()",
            )
        if "perhaps" in base.attrs:
            raise Refuse(
                "what is written to here may look at another array or be a copy, as that one lies in memory",
                "copy it first: y = y.copy()",
            )
        if base.op == "param" and "carried" in base.attrs:
            raise Refuse("an array that a loop or a branch rebinds is written to here", "copy it first: x = x.copy()")
        if base.op == "result":
            raise Refuse(
                "an array that came out of a loop or a branch is written to here, and may be another name's too",
                "write x = x + y for x += y, or copy it first: x = x.copy()",
            )

    def store(self, target: Node, value: Value) -> None:
        """Write a value into a tensor or a view of one, cast to its dtype as NumPy's assignment does."""
        self.writable(target)
        node = self.lift(value)
        self.alone(node, target.tensor.dtype)
        self.emit("store", (target, self.stored(target.tensor.shape, target.tensor, node)), None)

    def alone(self, node: Node, dtype: str) -> None:
        """NumPy's OverflowError for a number of its own that is put into integers with a sign, and is none of them."""
        type = node.tensor
        number = not type.rank and not type.weak and type.kind in "iu" and "boxed" not in node.attrs
        if number and np.dtype(dtype).kind == "i" and not np.can_cast(type.dtype, dtype, "safe"):
            self._within(node, dtype)

    def _within(self, node: Node, dtype: str) -> None:
        """OverflowError, while running, for a number that a dtype of integers does not hold."""
        have, want = np.iinfo(node.tensor.dtype), np.iinfo(dtype)
        for edge, beyond, good in (
            (want.min, have.min < want.min, "greater_equal"),
            (want.max, have.max > want.max, "less_equal"),
        ):
            if beyond:
                other = self.emit("const", (), node.tensor, value=np.dtype(node.tensor.dtype).type(edge))
                ok = self.emit(good, (node, other), Tensor("bool"))
                self.trap(ok, OverflowError, f"Python integer out of bounds for {dtype}")

    def stored(self, into: tuple[Dim, ...], type: Tensor, value: Value) -> Node:
        """A value as it is stored to a place of a shape in an array of a type."""
        node = self.lift(value)
        kinds = type.kind, node.tensor.kind
        if kinds[1] == "c" and kinds[0] != "c":
            raise Refuse("a complex value does not fit a real array", "take .real")
        shape = node.tensor.shape
        if len(shape) > len(into):
            if all(self.is_one(dim) for dim in shape[: len(shape) - len(into)]):
                raise Refuse("an array with more axes than what it is stored to", "take its first: y[0]")
            raise ValueError(f"could not broadcast an array of rank {len(shape)} into one of rank {len(into)}")
        for have, want in zip(reversed(shape), reversed(into), strict=False):
            if not self.is_one(have) or self.is_one(want):
                self.same(have, want, "could not broadcast input array into the shape of the target")
        return self.placed(node, type.dtype)

    def placed(self, node: Node, dtype: str) -> Node:
        """A value as it is put into an array of a dtype; a float that is none of its integers is left to Python."""
        type = node.tensor
        if type.kind == "f" and np.dtype(dtype).kind in "iu" and not type.rank:
            real.integral(self, node, dtype, f"a float that is no {dtype} is put into an array of these")
        return self.cast(node, dtype)


def _asked(type: Tensor, every: bool) -> Any:
    if type.weak and not every and type.kind in "ifc":
        return {"i": int, "f": float, "c": complex}[type.kind]
    return np.dtype(type.dtype)


def _said(function: Any, dtype: str) -> dict[str, Any]:
    """The `dtype=` of a call, as NumPy looks for a loop by it."""
    return {"signature": (*[None] * function.nin, np.dtype(dtype))} if dtype else {}


def _vars(dim: Dim) -> list[Node]:
    return [atom.node for atom in dim.atoms() if isinstance(atom, Var)]


def _kind(value: object) -> str:
    words = {type(None): "None", Listed: "a list", tuple: "a tuple"}
    return words.get(type(value), f"a value of type {type(value).__name__}")


def describe(value: Value) -> str:
    if isinstance(value, Node):
        return f"a value of type {value.type}"
    return "a list" if isinstance(value, Listed) else "a tuple" if isinstance(value, tuple) else repr(value)


def dtype_name(value: Value) -> str:
    """A dtype as it was written, checked."""
    try:
        name = np.dtype(value).name
    except TypeError as error:
        raise Refuse(f"{value!r} is no dtype") from error
    if name not in DTYPES:
        raise Refuse(f"dtype {name} is not compiled", f"there are {', '.join(DTYPES)}")
    return name


def common(*types: Tensor) -> str:
    """The dtype that NumPy joins these to."""
    return np.result_type(*(stand_in(type) if type.weak else np.dtype(type.dtype) for type in types)).name


__all__ = ["Builder", "Listed", "Refuse", "Value", "builtin", "common", "describe", "dtype_name"]
