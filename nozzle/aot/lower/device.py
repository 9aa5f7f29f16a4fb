"""A fused graph to kernels of a GPU, in the gpu dialect: one pass over memory each, and who computes what in it.

Elements are divided among all threads; a reduction, and the rows that
share one, among blocks, whose threads fold what they have together; a running sum among blocks that each begin with
what stands before theirs. Products of matrices are steps of the library that has the arrays. What has an order of its
own (loops, branches, tests, masks) has no form here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nozzle.aot.build import Refuse
from nozzle.aot.graph import Graph, Node, root, stored, walk
from nozzle.aot.lower.elementwise import flat, put, row_element, total
from nozzle.aot.lower.frame import Buffer, Place
from nozzle.aot.lower.grid import THREADS, Grid, Launch, ceiling, over
from nozzle.aot.lower.loops import fold
from nozzle.aot.lower.processor import Processor
from nozzle.aot.lower.reduction import combine, identity, placed
from nozzle.aot.lower.text import register
from nozzle.aot.ops import OPS
from nozzle.aot.ops.product import PRODUCTS
from nozzle.aot.passes.fuse import pulled
from nozzle.aot.passes.rows import FOLDS
from nozzle.aot.sizes import Dim

PARTS = 1024
"""Blocks that one sum, or one running sum, is divided among at most."""
RUN = 8 * THREADS
"""Elements of a running sum for which there is one more block."""


Step = Launch | Node
"""What is done next: a kernel, or a product of matrices by the library of the arrays."""


@dataclass(frozen=True, slots=True)
class Kernels:
    """The kernels of one function, and what a caller has to bring."""

    text: str
    """A module of MLIR."""
    steps: tuple[Step, ...]
    slots: tuple[tuple[str, str], ...]
    """The parameters of every kernel, in order: (kind, name)."""
    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    """Those whose memory the caller makes: `out0`, `out1`, ..."""
    scratch: tuple[Place, ...]
    results: tuple[Node, ...]
    writes: frozenset[Node]
    """The inputs that are written to."""
    places: dict[Node, tuple[str, str]]
    """The slot of every tensor that is in memory."""


def kernels(graph: Graph) -> Kernels:
    """The kernels of a fused graph; Refuse when it has no form on a device."""
    return Device(graph, Processor()).kernels()


class Device(Grid):
    """Lowers one graph to kernels."""

    def kernels(self) -> Kernels:
        nodes = [node for node in (*self.graph.inputs, *walk(self.graph.block)) if node.type is not None]
        if any(node.tensor.kind == "c" for node in nodes):
            raise Refuse("complex numbers on a device", "compute the real and the imaginary part")
        with self.t.at_entry():
            self.thread, self.width, self.mine, self.blocks = self.place()
        for node in self.graph.inputs:
            self._input(node)
            self.places[node] = "data", node.attrs["name"]
        self.given = dict(self.scalars)
        for node in dict.fromkeys(root(one) if one.tensor.rank else one for one in self.graph.outputs):
            if node.tensor.weak:
                raise Refuse("a number that comes of no array, on a device", "compute it outside")
            if node not in self.graph.inputs or not node.tensor.rank:
                self.places[node] = "out", f"out{len(self.outputs)}"
                self._output(node)
        for node in self.graph.block.nodes:
            self.node(node)
        for node in self.outputs:
            if not node.tensor.rank and node not in self.made:
                with self.kernel(Dim.of(1)):
                    self.save(self.scalar(node), self.buffers[node], ())
        for at in range(len(self.scratch)):
            self.parameters.append(f"%scratch{at}: !llvm.ptr {{llvm.noalias}}")
            self.slots.append(("scratch", str(at)))
        sizes = [dim for node in self.places for dim in node.tensor.shape]
        sizes += [step.blocks for step in self.steps if isinstance(step, Launch)]
        if not all(dim.at_entry for dim in sizes):
            raise Refuse("an array on a device whose size depends on the data", "give it a size known at the call")
        writes = frozenset(stored(self.graph.block.nodes) & set(self.graph.inputs))
        return Kernels(
            self.module(),
            tuple(self.steps),
            tuple(self.slots),
            self.graph.inputs,
            tuple(self.outputs),
            tuple(self.scratch),
            self.graph.outputs,
            writes,
            self.places,
        )

    def node(self, node: Node) -> None:
        if node.op == "fused":
            self._fused(node)
        elif node.op in ("empty", "reshape"):
            super().node(node)
        elif node.blocks or node.type is None or node.op == "result":
            raise Refuse(f"{REFUSED.get(node.op, node.op)} on a device", "write it over whole arrays")

    def _fused(self, node: Node) -> None:
        block = node.blocks[0]
        last = block.nodes[-1]
        if "rows" in node.attrs:
            self._rows(node)
        elif last.op == "matmul" and not last.tensor.rank:
            self._total(last, "sum", self._products(*last.inputs))
        elif last.op in PRODUCTS:
            self._multiplied(last)
        elif pulled(last) or last.op == "copy":
            self._mapped(last)
        elif last.op in FOLDS:
            self._reduced(last)
        elif last.op in ("cumsum", "cumprod"):
            self._scanned(last)
        elif last.op == "store":
            self._stored(last)
        elif last.op == "item":
            with self.kernel(Dim.of(1)):
                source, index = self.seen(last, ())
                self.save(self.element(source, index), self.buffer(last), ())
            self.made.add(last)
        else:
            raise Refuse(f"{REFUSED.get(last.op, last.op)} on a device", "write it over whole arrays")

    def _mapped(self, node: Node) -> None:
        shape, source = node.tensor.shape, node.inputs[0] if node.op == "copy" else node
        target = self.buffer(node)
        del self.buffers[node]
        with self.kernel(over(total(self, shape))), self.every(shape) as at:
            if flat(self, [source], shape):
                self.save(row_element(self, source, at), Buffer(target.ref, target.dtype, (Dim.of(1),)), [at])
            else:
                index = self.index_of(at, shape)
                self.save(self.element(source, tuple(index)), target, index)
        self.buffers[node] = target

    def _stored(self, node: Node) -> None:
        target, value = node.inputs
        shape = target.tensor.shape
        with self.kernel(over(total(self, shape))), self.every(shape) as at:
            index = self.index_of(at, shape)
            put(self, target, tuple(index), self.operand(value, tuple(index[len(index) - value.tensor.rank :])))

    def _reduced(self, node: Node) -> None:
        source, axes = node.inputs[0], node.attrs["axes"]
        shape = source.tensor.shape
        kept = [at for at in range(len(shape)) if at not in axes]
        if len(kept) == 0:
            self._total(node, node.op, self._values(source))
        elif kept[-1] == len(shape) - 1 and not self.is_one(shape[-1]):
            self._columns(node, kept)
        else:
            self._lines(node, kept)

    def _total(self, node: Node, name: str, element: Callable[[str], str]) -> None:
        """One number: of every block, and of what the blocks have."""
        shape, dtype, target = node.inputs[0].tensor.shape, node.tensor.dtype, self.buffer(node)
        many = over(total(self, shape)).joined("min", Dim.of(PARTS)).joined("max", Dim.of(1))
        parts = self.room(dtype, many)
        with self.kernel(many):
            first = self.plus(self.times(self.mine, self.width), self.thread)
            found = self.folded(
                name, dtype, first, self.dim(total(self, shape)), element, self.times(self.blocks, self.width)
            )
            with self.one_thread():
                self.save(found, parts, [self.mine])
        with self.kernel(Dim.of(1)):
            found = self.folded(name, dtype, self.thread, self.dim(many), lambda at: self.load(parts, [at]))
            with self.one_thread():
                self.save(found, target, [self.t.index(0)] * node.tensor.rank)
        if not node.tensor.rank:
            self.made.add(node)

    def _values(self, source: Node) -> Callable[[str], str]:
        """The elements of an array by their place in C order."""
        shape = source.tensor.shape
        if flat(self, [source], shape):
            return lambda at: row_element(self, source, at)
        return lambda at: self.element(source, tuple(self.index_of(at, shape)))

    def _products(self, left: Node, right: Node) -> Callable[[str], str]:
        """Those of a product of two vectors."""
        emit = OPS["multiply"].emit
        assert emit is not None
        return lambda at: emit(self.t, left.tensor.dtype, (self.element(left, (at,)), self.element(right, (at,))))

    def _columns(self, node: Node, kept: list[int]) -> None:
        """Neighbours are kept apart: a thread for each, which folds all that is its own."""
        source, axes, dtype = node.inputs[0], node.attrs["axes"], node.tensor.dtype
        shape, target = source.tensor.shape, self.buffer(node)
        apart = [shape[at] for at in kept]
        with self.kernel(over(total(self, apart))), self.every(apart) as at:
            outer = self.index_of(at, apart)

            def step(inner: list[str], acc: str) -> str:
                index = dict(zip((*kept, *axes), (*outer, *inner), strict=True))
                value = self.element(source, tuple(index[axis] for axis in range(len(shape))))
                return combine(self, node.op, dtype, acc, value)

            start = self.t.const(identity(node.op, dtype), dtype)
            found = fold(self, [self.dim(shape[axis]) for axis in axes], start, dtype, step)
            self.save(found, target, placed(self, node, kept, outer))

    def _lines(self, node: Node, kept: list[int]) -> None:
        """Neighbours come together: a block for each line of them."""
        source, axes = node.inputs[0], node.attrs["axes"]
        shape, target = source.tensor.shape, self.buffer(node)
        apart, together = [shape[at] for at in kept], [shape[at] for at in axes]
        with self.kernel(total(self, apart)), self.turns(self.mine, self.dim(total(self, apart)), self.blocks) as line:
            outer = self.index_of(line, apart)

            def element(at: str) -> str:
                index = dict(zip((*kept, *axes), (*outer, *self.index_of(at, together)), strict=True))
                return self.element(source, tuple(index[axis] for axis in range(len(shape))))

            size = self.dim(total(self, together))
            found = self.folded(node.op, node.tensor.dtype, self.thread, size, element)
            with self.one_thread():
                self.save(found, target, placed(self, node, kept, outer))

    def _rows(self, node: Node) -> None:
        """Several reductions over one row, and what comes of them: a block for each row."""
        block, phases, rank = node.blocks[0], node.attrs["phases"], node.attrs["rows"]
        shape = phases[0].inputs[0].tensor.shape[:rank]
        whole = [one for one in phases if one.op not in FOLDS and not self.is_one(one.tensor.shape[-1])]
        targets = {one: self.buffer(one) for one in phases if one in whole or one in block.results}
        for one in targets:
            self.buffers.pop(one, None)
        with self.kernel(total(self, shape)), self.turns(self.mine, self.dim(total(self, shape)), self.blocks) as line:
            ahead = tuple(self.index_of(line, shape))
            for one in phases:
                self.memo = {}
                if one in whole:
                    source = one.inputs[0] if one.op == "copy" else one
                    with self.turns(self.thread, self.dim(one.tensor.shape[-1]), self.width) as at:
                        self.save(self.element(source, (*ahead, at)), targets[one], (*ahead, at))
                    self.barrier()
                    self.buffers[one] = targets[one]
                    continue
                self.row[one] = self._row_value(one, ahead)
                if one in targets:
                    with self.one_thread():
                        self.save(self.row[one], targets[one], (*ahead, self.t.index(0))[: one.tensor.rank])
        self.buffers |= targets

    def _row_value(self, node: Node, ahead: tuple[str, ...]) -> str:
        if node.op not in FOLDS:
            source = node.inputs[0] if node.op == "copy" else node
            return self.element(source, (*ahead, self.t.index(0))[: node.tensor.rank])
        source = node.inputs[0]
        size = self.dim(source.tensor.shape[-1])
        return self.folded(node.op, node.tensor.dtype, self.thread, size, lambda at: self.element(source, (*ahead, at)))

    def _scanned(self, node: Node) -> None:
        """Running sums: a block for each line; for a single one, many, that each know what stands before theirs."""
        source, axis, dtype = node.inputs[0], node.attrs["axis"], node.tensor.dtype
        shape, target = source.tensor.shape, self.buffer(node)
        name = {"cumsum": "sum", "cumprod": "prod"}[node.op]
        others = [at for at in range(len(shape)) if at != axis]
        apart, size = [shape[at] for at in others], shape[axis]
        alone = all(map(self.is_one, apart))
        many = ceiling(size, RUN).joined("min", Dim.of(PARTS)).joined("max", Dim.of(1)) if alone else Dim.of(1)
        each = (size + many - 1).joined("//", many) if alone else size

        def element(outer: Sequence[str], at: str) -> tuple[str, ...]:
            index = dict(zip((*others, axis), (*outer, at), strict=True))
            return tuple(index[k] for k in range(len(shape)))

        zeros = [self.t.index(0)] * len(others)
        parts = self.room(dtype, many)
        if alone:
            with self.kernel(many):
                begin, end = self._part(each, size)
                first = self.plus(begin, self.thread)
                found = self.folded(name, dtype, first, end, lambda at: self.element(source, element(zeros, at)))
                with self.one_thread():
                    self.save(found, parts, [self.mine])
        with self.kernel(many if alone else total(self, apart), shares=dtype):
            if alone:
                carry = self.folded(name, dtype, self.thread, self.mine, lambda at: self.load(parts, [at]))
                begin, end = self._part(each, size)
                self._run(name, dtype, carry, begin, end, lambda at: element(zeros, at), source, target)
            else:
                with self.turns(self.mine, self.dim(total(self, apart)), self.blocks) as line:
                    outer = self.index_of(line, apart)
                    carry = self.t.const(identity(name, dtype), dtype)
                    zero = self.t.index(0)
                    self._run(name, dtype, carry, zero, self.dim(size), lambda at: element(outer, at), source, target)

    def _run(
        self,
        name: str,
        dtype: str,
        carry: str,
        begin: str,
        end: str,
        index: Callable[[str], tuple[str, ...]],
        source: Node,
        target: Buffer,
    ) -> None:
        """Piece by piece, a number a thread: by shifted sums in shared memory (Hillis and Steele, 1986)."""
        t, type, start = self.t, register(dtype), self.t.const(identity(name, dtype), dtype)
        shared, ref = self.shared(dtype)
        found, piece, last = self.names(3)
        memo = self.memo
        head = f"{found} = scf.for {piece} = {begin} to {end} step {self.width} iter_args({last} = {carry})"
        with t.block(f"{head} -> ({type}) {{"):
            self.memo = {}
            at = self.plus(piece, self.thread)
            inside = t.set(f"arith.cmpi ult, {at}, {end} : index")
            value = t.name()
            with t.block(f"{value} = scf.if {inside} -> ({type}) {{", "} else {"):
                t.add(f"scf.yield {self.element(source, index(at))} : {type}")
            t.add(f"  scf.yield {start} : {type}")
            t.add("}")
            self.memo = {}
            t.add(f"memref.store {value}, {ref}[{self.thread}] : {shared}")
            shift = 1
            while shift < THREADS:
                self.barrier()
                has = t.set(f"arith.cmpi uge, {self.thread}, {t.index(shift)} : index")
                where = t.set(f"arith.subi {self.thread}, {t.index(shift)} : index")
                where = t.set(f"arith.select {has}, {where}, {self.thread} : index")
                before = t.select(has, dtype, t.set(f"memref.load {ref}[{where}] : {shared}"), start)
                self.barrier()
                value = combine(self, name, dtype, before, value)
                t.add(f"memref.store {value}, {ref}[{self.thread}] : {shared}")
                shift *= 2
            self.barrier()
            with t.block(f"scf.if {inside} {{"):
                self.save(combine(self, name, dtype, last, value), target, index(at))
            end_ = t.set(f"arith.subi {self.width}, {t.index(1)} : index")
            whole = combine(self, name, dtype, last, t.set(f"memref.load {ref}[{end_}] : {shared}"))
            self.barrier()
            t.add(f"scf.yield {whole} : {type}")
        self.memo = memo

    def _part(self, each: Dim, size: Dim) -> tuple[str, str]:
        """Where this block's part begins and ends."""
        begin = self.times(self.mine, self.dim(each))
        end = self.plus(begin, self.dim(each))
        return begin, self.t.set(f"arith.minsi {end}, {self.dim(size)} : index")

    def _multiplied(self, node: Node) -> None:
        """A product of matrices: a step of the library that has the arrays."""
        for one in map(root, node.inputs):
            if one not in self.buffers:
                raise Refuse("this product of matrices on a device", "give its factors names")
        self.buffer(node)
        self.steps.append(node)


REFUSED = {
    "for": "a loop",
    "while": "a loop",
    "if": "a branch",
    "result": "a loop",
    "check": "a test of values",
    "compress": "a choice by a mask",
    "scatter": "writing by a mask",
    "put": "writing by indices",
}
