"""A fused graph to an MLIR function over pointers, in scf loops; and what the caller has to bring.

The function is given the addresses of its inputs, of its results, and of a piece of scratch memory in which every
intermediate array has its place; it never allocates. Every array is a flat buffer with an offset and strides; views
are arithmetic on indices. The plan of scratch memory and the shapes of the results are sizes known at entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nozzle.aot.build import Refuse
from nozzle.aot.graph import CONTROL, VIEWS, Block, Graph, Loc, Node, root, stored, walk
from nozzle.aot.lower.processor import Processor
from nozzle.aot.lower.python import Unwrapped, Wrapper
from nozzle.aot.lower.text import Text, memory, register
from nozzle.aot.ops import OPS
from nozzle.aot.sizes import Dim, Facts, Mixed, Size, Var
from nozzle.aot.types import Tensor


@dataclass(frozen=True, slots=True)
class Buffer:
    """An array in memory: a flat memref, and where the element at an index is."""

    ref: str
    dtype: str
    dims: tuple[Dim, ...]
    strides: tuple[str, ...] | None = None
    """In elements; None: C order without gaps."""


@dataclass(frozen=True, slots=True)
class Place:
    """A piece of scratch memory."""

    dtype: str
    count: Dim


@dataclass(frozen=True, slots=True)
class Trap:
    """What is raised when the function gives the number of this trap back."""

    kind: type[Exception]
    message: str
    loc: Loc


@dataclass(slots=True)
class Lowered:
    """The text of a function, and what a caller has to know."""

    name: str
    kernel: str
    """The function alone."""
    text: str
    """With its entry and the wrapper for Python."""
    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    """Those whose memory the caller makes: no view, no input."""
    scratch: tuple[Place, ...]
    traps: tuple[Trap, ...]
    slots: list[tuple[str, str]] = field(default_factory=list)
    """The parameters, in order: (kind, name)."""
    results: tuple[Node, ...] = ()
    """All results of the graph, in its order."""
    writes: frozenset[Node] = frozenset()
    """The inputs that are written to."""
    wrapper: list[str] | None = None
    """The dtypes that the compiled wrapper wants; None where there is none."""
    spaces: tuple[tuple[Dim, ...], ...] = ()
    """Of every output, the shape that its memory is made with: the greatest, as a row, where the data decides."""


def lower(graph: Graph, processor: Processor | None = None) -> Lowered:
    """The MLIR of a fused graph for a processor; Refuse when it has no native form."""
    return Function(graph, processor or Processor()).whole()


class Function:
    """Lowers one graph."""

    def __init__(self, graph: Graph, processor: Processor) -> None:
        self.graph, self.t, self.processor = graph, Text(f"nz_{graph.name}"), processor
        self.facts = Facts.of(graph.guards)
        self.buffers: dict[Node, Buffer] = {}
        self.scalars: dict[Node, str] = {}
        self.sizes: dict[str, str] = {}
        self.traps: list[Trap] = []
        self.scratch: list[Place] = []
        self.parameters: list[str] = []
        self.slots: list[tuple[str, str]] = []
        self._dims: dict[Dim, str] = {}
        self.memo: dict[tuple[Node, tuple[str, ...]], str] = {}
        self.outputs: list[Node] = []
        self.exits = 0
        """Tests whose failure ends the call."""
        self.doubt = False
        """Whether lengths were tested in a loop or a branch: after a failure nothing is walked any more."""
        self.row: dict[Node, str] = {}
        """What is one number in the row that is being computed."""
        self.results: dict[Node, list[str | Buffer]] = {}

    # the function

    def whole(self) -> Lowered:
        _no_half_is_stale(self.graph.block)
        for node in self.graph.inputs:
            self._input(node)
        fresh = {root(node) for node in self.graph.outputs if node.tensor.rank} - set(self.graph.inputs)
        for node in sorted(fresh, key=self._order):
            self._output(node)
        self.status = self._pointer("status", "i64")
        self.block(self.graph.block)
        counted = [one for node in self.outputs for one in _counts(node)]
        for node in dict.fromkeys((*self.graph.outputs, *counted)):
            if not node.tensor.rank:
                self._result(node)
        if self.exits:
            self.t.add("cf.br ^over")
            self.t.lines.append("^over:")
        for at in range(len(self.scratch)):
            self.parameters.append(f"%scratch{at}: !llvm.ptr {{llvm.noalias}}")
            self.slots.append(("scratch", str(at)))
        name = f"nz_{self.graph.name}"
        head = f"func.func @{name}({', '.join(self.parameters)}) {{"
        kernel = self.t.constants() + "\n".join([head, *self.t.prologue, *self.t.lines, "  return", "}", ""])
        text = f"{kernel}\n{self._entry(name)}\n"
        self.spaces = tuple(self._space(node) for node in self.outputs)
        rest = (self.graph.inputs, tuple(self.outputs), tuple(self.scratch), tuple(self.traps), self.slots)
        try:
            if any(not dim.at_entry for node in self.outputs for dim in node.tensor.shape):
                raise Unwrapped
            scratch = [(one.dtype, one.count) for one in self.scratch]
            more, dtypes = Wrapper(self.graph, name).whole(self.parameters, self.slots, self.outputs, scratch)
            wants: list[str] | None = dtypes
        except Unwrapped:
            more, wants = "", None
        writes = frozenset(stored(self.graph.block.nodes) & set(self.graph.inputs))
        return Lowered(name, kernel, text + more, *rest, self.graph.outputs, writes, wants, self.spaces)

    def _space(self, node: Node) -> tuple[Dim, ...]:
        if all(dim.at_entry for dim in node.tensor.shape):
            return node.tensor.shape
        most = Dim.of(1)
        for dim in node.tensor.shape:
            most = most.times(self.bound(dim))
        return (most,)

    def _order(self, node: Node) -> int:
        return next(
            (
                at
                for at, one in enumerate(walk(self.graph.block))
                if one is node or (one.op == "fused" and node in one.blocks[0].results)
            ),
            0,
        )

    def _input(self, node: Node) -> None:
        name, type = node.attrs["name"], node.tensor
        if not type.rank:
            self._scalar_input(node, name)
            return
        kept = "" if node in stored(self.graph.block.nodes) else ", llvm.readonly"
        self.parameters.append(f"%{name}: !llvm.ptr {{llvm.noalias{kept}}}")
        self.slots.append(("data", name))
        strides = []
        for axis in range(type.rank):
            self._size(f"{name}.{axis}", f"%{name}.d{axis}", ("dim", f"{name}.{axis}"))
        if not node.attrs["dense"]:
            for axis in range(type.rank):
                self.parameters.append(f"%{name}.s{axis}: i64")
                self.slots.append(("stride", f"{name}.{axis}"))
                with self.t.at_entry():
                    strides.append(self.t.set(f"arith.index_cast %{name}.s{axis} : i64 to index"))
        with self.t.at_entry():
            ref = self.memref(f"%{name}", type.dtype)
        self.buffers[node] = Buffer(ref, type.dtype, type.shape, None if node.attrs["dense"] else tuple(strides))

    def _scalar_input(self, node: Node, name: str) -> None:
        type = node.tensor
        self.parameters.append(f"%{name}: {memory(type.dtype)}")
        self.slots.append(("scalar", name))
        value = f"%{name}"
        with self.t.at_entry():
            if type.dtype == "bool":
                value = self.t.set(f"arith.trunci {value} : i8 to i1")
            if type.kind in "iu":
                wide = self.t.cast(value, type.dtype, "int64")
                self.sizes[name] = self.t.set(f"arith.index_cast {wide} : i64 to index")
        self.scalars[node] = value

    def _size(self, size: str, parameter: str, slot: tuple[str, str]) -> None:
        self.parameters.append(f"{parameter}: i64")
        self.slots.append(slot)
        with self.t.at_entry():
            self.sizes[size] = self.t.set(f"arith.index_cast {parameter} : i64 to index")

    def _pointer(self, name: str, type: str) -> str:
        self.parameters.append(f"%{name}: !llvm.ptr {{llvm.noalias}}")
        self.slots.append((name.rstrip("0123456789"), name))
        with self.t.at_entry():
            return self.memref(f"%{name}", type)

    def memref(self, pointer: str, dtype: str) -> str:
        """A flat memref over what a pointer points to."""
        element = "i64" if dtype == "i64" else memory(dtype)
        struct = "!llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)>"
        value = self.t.set(f"llvm.mlir.undef : {struct}")
        zero, one, most = self.t.raw("0", "i64"), self.t.raw("1", "i64"), self.t.raw(str(2**62), "i64")
        for part, at in ((pointer, "0"), (pointer, "1"), (zero, "2"), (most, "3, 0"), (one, "4, 0")):
            value = self.t.set(f"llvm.insertvalue {part}, {value}[{at}] : {struct}")
        return self.t.set(f"builtin.unrealized_conversion_cast {value} : {struct} to memref<?x{element}>")

    def _output(self, node: Node) -> None:
        name = f"out{len(self.outputs)}"
        self.buffers[node] = Buffer(self._pointer(name, node.tensor.dtype), node.tensor.dtype, node.tensor.shape)
        self.outputs.append(node)

    def _result(self, node: Node) -> None:
        """A scalar result: written to a place that the caller gives."""
        name = f"value{sum(kind == 'value' for kind, _ in self.slots)}"
        ref = self._pointer(name, node.tensor.dtype)
        self.save(self.scalar(node), Buffer(ref, node.tensor.dtype, ()), ())
        self.outputs.append(node)

    def _entry(self, name: str) -> str:
        """A function of one pointer, to the parameters one after the other, eight bytes each."""
        lines, values, types = [f"func.func @{name}_entry(%frame: !llvm.ptr) {{"], [], []
        at = 0
        for parameter in self.parameters:
            type = parameter.split(": ", 1)[1].split(" {")[0]
            load = "!llvm.struct<(" + type[8:11] + ", " + type[8:11] + ")>" if type.startswith("complex") else type
            lines.append(f"  %p{at} = llvm.getelementptr %frame[{at}] : (!llvm.ptr) -> !llvm.ptr, i64")
            lines.append(f"  %v{at} = llvm.load %p{at} : !llvm.ptr -> {load}")
            value = f"%v{at}"
            if type.startswith("complex"):
                part = type[8:11]
                lines.append(f"  %re{at} = llvm.extractvalue %v{at}[0] : {load}")
                lines.append(f"  %im{at} = llvm.extractvalue %v{at}[1] : {load}")
                lines.append(f"  %c{at} = complex.create %re{at}, %im{at} : complex<{part}>")
                value = f"%c{at}"
            values.append(value)
            types.append(type)
            at += 2 if type == "complex<f64>" else 1
        lines.append(f"  call @{name}({', '.join(values)}) : ({', '.join(types)}) -> ()")
        return "\n".join([*lines, "  return", "}"])

    # memory

    def buffer(self, node: Node) -> Buffer:
        """Where a tensor lies; a place in scratch memory when it has none yet."""
        if node not in self.buffers:
            dims = node.tensor.shape
            total = Dim.of(1)
            for dim in dims:
                total = total.times(self.facts.plain(dim))
            if not total.at_entry:
                total = Dim.of(1)
                for dim in dims:
                    total = total.times(self.bound(dim))
            name = f"scratch{len(self.scratch)}"
            self.scratch.append(Place(node.tensor.dtype, total))
            with self.t.at_entry():
                ref = self.memref(f"%{name}", node.tensor.dtype)
            self.buffers[node] = Buffer(ref, node.tensor.dtype, dims)
        return self.buffers[node]

    def bound(self, dim: Dim) -> Dim:
        """The most that a length can be, known at entry."""
        if dim.at_entry:
            return dim
        found = self.most(dim)
        if found is None:
            raise Refuse(
                "an array whose size depends on the data", "give it a size known at the call, and use a part of it"
            )
        return found

    def most(self, dim: Dim) -> Dim | None:
        """As `bound`; None when there is none."""
        for atom, factor in dim.terms:
            if factor < 0 and isinstance(atom, Mixed) and not Dim.of(atom).at_entry and _not_negative(Dim.of(atom)):
                return self.most(Dim(tuple(term for term in dim.terms if term[0] is not atom), dim.const))
            if isinstance(atom, Mixed) and any(isinstance(one, Var) for one in Dim.of(atom).atoms()):
                if atom.op in ("max", "min") and factor == 1:
                    sides = [self.most(atom.left), self.most(atom.right)]
                    known = [one for one in sides if one is not None]
                    if not known or (atom.op == "max" and len(known) < 2):
                        return None
                    limit = known[0] if len(known) == 1 else known[0].joined(atom.op, known[1])
                    rest = Dim(tuple(term for term in dim.terms if term[0] is not atom), dim.const)
                    more = self.most(rest)
                    return None if more is None else more + limit
                if atom.op == "//" and factor == 1 and atom.right.fixed:
                    inner = self.most(atom.left)
                    others = self.most(Dim(tuple(term for term in dim.terms if term[0] is not atom), dim.const))
                    return None if inner is None or others is None else inner.joined("//", atom.right) + others
                if atom.op == "**" and factor == 1 and atom.left.at_entry:
                    exponent = self.most(atom.right)
                    others = self.most(Dim(tuple(term for term in dim.terms if term[0] is not atom), dim.const))
                    return None if exponent is None or others is None else _grown(atom.left, exponent) + others
                return None
        return self.facts._edge(dim, -1)

    def address(self, buffer: Buffer, index: Sequence[str]) -> str:
        """The offset of an element, in elements."""
        strides = buffer.strides
        total = ""
        for axis, at in enumerate(index):
            if at == self.t.index(0):
                continue
            if strides is not None:
                part = self.t.set(f"arith.muli {at}, {strides[axis]} : index")
            elif axis == len(index) - 1:
                part = at
            else:
                step = Dim.of(1)
                for dim in buffer.dims[axis + 1 :]:
                    step = step.times(self.facts.plain(dim))
                part = self.t.set(f"arith.muli {at}, {self.dim(step)} : index")
            total = part if not total else self.t.set(f"arith.addi {total}, {part} : index")
        return total or self.t.index(0)

    def load(self, buffer: Buffer, index: Sequence[str]) -> str:
        at = self.address(buffer, index)
        value = self.t.set(f"memref.load {buffer.ref}[{at}] : memref<?x{memory(buffer.dtype)}>")
        if buffer.dtype == "bool":
            return self.t.set(f"arith.cmpi ne, {value}, {self.t.raw('0', 'i8')} : i8")
        return value

    def save(self, value: str, buffer: Buffer, index: Sequence[str]) -> None:
        at = self.address(buffer, index)
        if buffer.dtype == "bool":
            value = self.t.set(f"arith.extui {value} : i1 to i8")
        self.t.add(f"memref.store {value}, {buffer.ref}[{at}] : memref<?x{memory(buffer.dtype)}>")

    # sizes

    def dim(self, dim: Dim) -> str:
        """A size as an index; what is known at entry is computed there, once."""
        dim = self.facts.plain(dim)
        if dim.fixed is not None:
            return self.t.index(dim.fixed)
        if dim.at_entry:
            if dim not in self._dims:
                with self.t.at_entry():
                    self._dims[dim] = self._dim(dim)
            return self._dims[dim]
        return self._dim(dim)

    def _dim(self, dim: Dim) -> str:
        total = self.t.index(dim.const) if dim.const or not dim.terms else ""
        for atom, factor in dim.terms:
            part = self._atom(atom)
            if factor != 1:
                part = self.t.set(f"arith.muli {part}, {self.t.index(factor)} : index")
            total = part if not total else self.t.set(f"arith.addi {total}, {part} : index")
        return total

    def _atom(self, atom: Size | Mixed | Var) -> str:
        if isinstance(atom, Size):
            return self.sizes[atom.name]
        if isinstance(atom, Var):
            return self.as_index(atom.node)
        left, right = self.dim(atom.left), self.dim(atom.right)
        name = {"*": "muli", "//": "floordivsi", "min": "minsi", "max": "maxsi"}.get(atom.op)
        if name:
            return self.t.set(f"arith.{name} {left}, {right} : index")
        if atom.op == "%":
            quotient = self.t.set(f"arith.floordivsi {left}, {right} : index")
            return self.t.set(f"arith.subi {left}, {self.t.set(f'arith.muli {quotient}, {right} : index')} : index")
        return self.power(left, right, "index")

    def power(self, base: str, exponent: str, type: str) -> str:
        """By multiplying that often."""
        one, zero, step = self.t.raw("1", type), self.t.index(0), self.t.index(1)
        found, each, turn = self.t.name(), self.t.name(), self.t.name()
        head = f"{found} = scf.for {turn} = {zero} to {exponent} step {step} iter_args({each} = {one}) -> ({type}) {{"
        with self.t.block(head):
            product = self.t.set(f"arith.muli {each}, {base} : {type}")
            self.t.add(f"scf.yield {product} : {type}")
        return found

    def walked(self, size: str) -> str:
        """How far a loop may go."""
        if not self.doubt:
            return size
        now = self.t.set(f"memref.load {self.status}[{self.t.index(0)}] : memref<?xi64>")
        well = self.t.set(f"arith.cmpi eq, {now}, {self.t.raw('0', 'i64')} : i64")
        return self.t.set(f"arith.select {well}, {size}, {self.t.index(0)} : index")

    def as_index(self, node: Node) -> str:
        dtype = node.tensor.dtype
        value = self.scalar(node)
        wide = self.t.cast(value, dtype, "int64") if np.dtype(dtype).itemsize < 8 else value
        return self.t.set(f"arith.index_cast {wide} : i64 to index")

    def is_one(self, dim: Dim) -> bool:
        return self.facts.plain(dim).fixed == 1

    # blocks

    def block(self, block: Block) -> None:
        for node in block.nodes:
            self.node(node)

    def node(self, node: Node) -> None:
        if node.op == "fused":
            from nozzle.aot.lower.kernels import kernel

            kernel(self, node)
        elif node.op in CONTROL:
            from nozzle.aot.lower import control

            control.LOWER[node.op](self, node)
            self.results[node.attrs.get("origin", node)] = self.results[node]
        elif node.op == "result":
            self._take(node)
        elif node.op == "check":
            self._check(node)
        elif node.op == "empty":
            self.buffer(node)
        elif node.op == "reshape":
            seen = self.buffers.get(node.inputs[0])
            if seen is not None and seen.strides is None:
                self.buffers[node] = Buffer(seen.ref, seen.dtype, node.tensor.shape)
        elif node.type is not None and not node.tensor.rank and node.op not in ("slice", "const"):
            self.scalars[node] = self.scalar(node)

    def _take(self, node: Node) -> None:
        found = self.results[node.inputs[0]][node.attrs["at"]]
        if isinstance(found, Buffer):
            if node in self.buffers:
                self.copy(found, self.buffers[node], node.tensor)
            else:
                self.buffers[node] = found
        else:
            self.scalars[node] = found

    def copy(self, source: Buffer, target: Buffer, type: Tensor) -> None:
        from nozzle.aot.lower.kernels import nest

        with nest(self, [self.dim(dim) for dim in type.shape]) as index:
            self.save(self.load(source, index), target, index)

    def _check(self, node: Node) -> None:
        self.traps.append(Trap(node.attrs["kind"], node.attrs["message"], node.loc))
        good, zero = self.scalar(node.inputs[0]), self.t.index(0)
        if self.t.depth == 1:  # what comes after may rest on it
            self.exits += 1
            trap, on = f"^trap{self.exits}", f"^on{self.exits}"
            self.t.add(f"cf.cond_br {good}, {on}, {trap}")
            self.t.lines.append(f"{trap}:")
            code = self.t.raw(str(len(self.traps)), "i64")
            self.t.add(f"memref.store {code}, {self.status}[{zero}] : memref<?xi64>")
            self.t.add("cf.br ^over")
            self.t.lines.append(f"{on}:")
            return
        self.doubt |= "lengths" in node.attrs
        bad = self.t.set(f"arith.xori {good}, {self.t.raw('true', 'i1')} : i1")
        with self.t.block(f"scf.if {bad} {{"):
            now = self.t.set(f"memref.load {self.status}[{zero}] : memref<?xi64>")
            first = self.t.set(f"arith.cmpi eq, {now}, {self.t.raw('0', 'i64')} : i64")
            code = self.t.op("arith.select", "int64", first, self.t.raw(str(len(self.traps)), "i64"), now)
            self.t.add(f"memref.store {code}, {self.status}[{zero}] : memref<?xi64>")

    # scalars

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
        return self.apply(node, [self.scalar(one) for one in node.inputs])

    def apply(self, node: Node, operands: list[str]) -> str:
        """One elementwise operation."""
        if node.op == "cast":
            return self.t.cast(operands[0], node.inputs[0].tensor.dtype, node.tensor.dtype)
        emit = OPS[node.op].emit
        if emit is None:
            raise Refuse(f"{node.op} has no native form", "compute it outside")
        return emit(self.t, node.inputs[1 if node.op == "where" else 0].tensor.dtype, tuple(operands))

    # elements

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


def _no_half_is_stale(block: Block) -> None:
    """Refuse a real or an imaginary part that has memory of its own, where what it looks at is written to later."""
    from nozzle.aot.passes.fuse import half

    for at, node in enumerate(block.nodes):
        for inner in node.blocks:
            _no_half_is_stale(inner)
        last = node.blocks[0].nodes[-1] if node.op == "fused" else node
        if node.op == "fused" and half(last) and root(last.inputs[0]) in stored(block.nodes[at + 1 :]):
            raise Refuse("an array is written to while another name is its .real or .imag", "copy it: x.real.copy()")


def _counts(node: Node) -> list[Node]:
    """What the shape of a result is computed from, where the data decides it."""
    return [atom.node for dim in node.tensor.shape for atom in dim.atoms() if isinstance(atom, Var)]


def _grown(base: Dim, exponent: Dim) -> Dim:
    """The most that a power can be, of a base of either sign."""
    size = base.joined("max", base.scaled(-1)).joined("max", Dim.of(1))
    return size.joined("**", exponent.joined("max", Dim.of(0)))


def _not_negative(dim: Dim) -> bool:
    """Whether a size is never negative, as far as its form shows."""
    for atom, factor in dim.terms:
        if isinstance(atom, Mixed) and atom.op in ("min", "max"):
            sides = _not_negative(atom.left), _not_negative(atom.right)
            fine = all(sides) if atom.op == "min" else any(sides)
        else:
            fine = isinstance(atom, Size) and "." in atom.name
        if factor < 0 or not fine:
            return False
    return dim.const >= 0
