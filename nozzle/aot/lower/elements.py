"""One number of a tensor: loaded where it is in memory, computed where it is not, found through views."""

from __future__ import annotations

from collections.abc import Sequence

from nozzle.aot.build import Refuse
from nozzle.aot.graph import VIEWS, Graph, Node
from nozzle.aot.lower.frame import Buffer, Frame
from nozzle.aot.lower.processor import Processor
from nozzle.aot.lower.text import register
from nozzle.aot.ops import OPS
from nozzle.aot.whole import emitted


class Elements(Frame):
    """Scalars and elements, each computed once for an index."""

    def __init__(self, graph: Graph, processor: Processor) -> None:
        super().__init__(graph, processor)
        self.memo: dict[tuple[Node, tuple[str, ...]], str] = {}
        self.row: dict[Node, str] = {}
        """What is one number in the row that is being computed."""

    def scalar(self, node: Node) -> str:
        """A value of rank 0."""
        if node in self.scalars:
            return self.scalars[node]
        if node.op == "const":
            return self.t.const(node.attrs["value"], node.tensor.dtype)
        if node.op == "size":
            return self.t.set(f"arith.index_cast {self.dim(node.attrs['of'])} : index to i64")
        if node.op == "ipow":
            exponent = self.as_index(node.inputs[1])
            return self.power(self.scalar(node.inputs[0]), exponent, register(node.tensor.dtype))
        if node.op == "fits":
            return self._fits(node)
        return self.apply(node, [self.scalar(one) for one in node.inputs])

    def _fits(self, node: Node) -> str:
        """Whether an operation on Python ints stays within 64 bits."""
        operands = tuple(self.scalar(one) for one in node.inputs)
        if node.attrs["of"] == "ipow":
            return self._power_fits(*operands)
        return emitted(self.t, node.attrs["of"], operands)

    def _power_fits(self, base: str, exponent: str) -> str:
        t = self.t
        inside = t.set(f"arith.cmpi ult, {exponent}, {t.raw('64', 'i64')} : i64")
        turns = t.select(inside, "int64", exponent, t.raw("0", "i64"))
        many = t.set(f"arith.index_cast {turns} : i64 to index")
        found, each, good, turn = t.name(), t.name(), t.name(), t.name()
        head = f"{found}:2 = scf.for {turn} = {t.index(0)} to {many} step {t.index(1)}"
        with t.block(f"{head} iter_args({each} = {t.raw('1', 'i64')}, {good} = {inside}) -> (i64, i1) {{"):
            fits = emitted(t, "multiply", (each, base))
            product = t.set(f"arith.muli {each}, {base} : i64")
            t.add(f"scf.yield {product}, {t.op('arith.andi', 'bool', good, fits)} : i64, i1")
        return f"{found}#1"

    def apply(self, node: Node, operands: list[str]) -> str:
        """One elementwise operation."""
        if node.op == "cast":
            return self.t.cast(operands[0], node.inputs[0].tensor.dtype, node.tensor.dtype)
        emit = OPS[node.op].emit
        if emit is None:
            raise Refuse(f"{node.op} has no native form", "compute it outside")
        return emit(self.t, node.inputs[1 if node.op == "where" else 0].tensor.dtype, tuple(operands))

    def element(self, node: Node, index: tuple[str, ...]) -> str:
        """One element of a tensor: loaded where it is in memory, else computed."""
        if not node.tensor.rank:
            return self.scalar(node)
        key = node, index
        if key not in self.memo:
            self.memo[key] = self._element(node, index)
        return self.memo[key]

    def _element(self, node: Node, index: tuple[str, ...]) -> str:
        if node in self.row:
            return self.row[node]
        if node in self.buffers:
            return self.load(self.buffers[node], index)
        if node.op in VIEWS:
            source, inner = self.seen(node, index)
            return self.element(source, inner)
        if node.op == "copy":
            return self.element(node.inputs[0], index)
        if node.op == "full":
            return self.scalar(node.inputs[0])
        if node.op == "iota":
            return self.t.set(f"arith.index_cast {index[0]} : index to i64")
        if node.op == "gather":
            return self._gathered(node, index)
        return self.apply(node, [self.operand(one, index) for one in node.inputs])

    def operand(self, node: Node, index: tuple[str, ...]) -> str:
        """An element of an operand, broadcast."""
        return self.element(node, self.spread(node, index))

    def spread(self, node: Node, index: tuple[str, ...]) -> tuple[str, ...]:
        own = index[len(index) - node.tensor.rank :]
        return tuple(
            self.t.index(0) if self.is_one(dim) else at for dim, at in zip(node.tensor.shape, own, strict=True)
        )

    def seen(self, node: Node, index: tuple[str, ...]) -> tuple[Node, tuple[str, ...]]:
        """What a view looks at, and at which index."""
        source = node.inputs[0]
        if node.op == "transpose":
            inner = [""] * len(index)
            for out, axis in enumerate(node.attrs["axes"]):
                inner[axis] = index[out]
            return source, tuple(inner)
        if node.op == "broadcast":
            return source, self.spread(source, index)
        if node.op == "reshape":
            return source, self._reshaped(node, index)
        found: list[str] = []
        for axis in node.attrs["plan"]:
            if axis.out is None:
                found.append(self.dim(axis.start))
                continue
            at: str = index[axis.out]
            if axis.step != 1:
                at = self.t.set(f"arith.muli {at}, {self.t.index(axis.step)} : index") if at != self.t.index(0) else at
            start = self.facts.plain(axis.start)
            if start.fixed == 0:
                found.append(at)
            elif at == self.t.index(0):
                found.append(self.dim(start))
            else:
                found.append(self.t.set(f"arith.addi {at}, {self.dim(start)} : index"))
        return source, tuple(found)

    def _reshaped(self, node: Node, index: tuple[str, ...]) -> tuple[str, ...]:
        flat = self.address(Buffer("", node.tensor.dtype, node.tensor.shape), index)
        shape = node.inputs[0].tensor.shape
        found: list[str] = []
        for axis in reversed(range(len(shape))):
            if self.is_one(shape[axis]):
                found.append(self.t.index(0))
            elif axis == 0:
                found.append(flat)
            else:
                length = self.dim(shape[axis])
                found.append(self.t.set(f"arith.remui {flat}, {length} : index"))
                flat = self.t.set(f"arith.divui {flat}, {length} : index")
        return tuple(reversed(found))

    def _gathered(self, node: Node, index: tuple[str, ...]) -> str:
        source, *indices = node.inputs
        axis, dtype = node.attrs["axis"], node.tensor.dtype
        if not node.attrs["bare"]:
            return self.element(source, self.chosen(source, indices, axis, index))
        found, memo = self.t.name(), dict(self.memo)
        there = self.filled(source, axis, len(indices))
        with self.t.block(f"{found} = scf.if {there} -> ({register(dtype)}) {{", "} else {"):
            value = self.element(source, self.chosen(source, indices, axis, index))
            self.t.add(f"scf.yield {value} : {register(dtype)}")
        self.memo = memo
        self.t.add(f"  scf.yield {self.t.const(0, dtype)} : {register(dtype)}")
        self.t.add("}")
        return found

    def filled(self, source: Node, axis: int, many: int) -> str:
        """Whether there is anything to point to along some axes."""
        good = self.t.raw("true", "i1")
        for dim in source.tensor.shape[axis : axis + many]:
            some = self.t.set(f"arith.cmpi sgt, {self.dim(dim)}, {self.t.index(0)} : index")
            good = self.t.set(f"arith.andi {good}, {some} : i1")
        return good

    def chosen(self, source: Node, indices: Sequence[Node], axis: int, index: tuple[str, ...]) -> tuple[str, ...]:
        """Where arrays of indices point to, never outside."""
        rank = len(index) - source.tensor.rank + len(indices)
        middle = index[axis : axis + rank]
        chosen = []
        for at, one in enumerate(indices):
            raw = self.operand(one, middle)
            place = self.t.set(f"arith.index_cast {raw} : i64 to index")
            last = self.dim(source.tensor.shape[axis + at] - 1)
            low = self.t.set(f"arith.maxsi {place}, {self.t.index(0)} : index")
            chosen.append(self.t.set(f"arith.minsi {low}, {last} : index"))
        return (*index[:axis], *chosen, *index[axis + rank :])
