"""What a function is given: parameters, and the sizes and the memory that they tell of.

Every array is a flat buffer with an offset and strides; an intermediate one has its place in scratch memory, whose plan
is of sizes known at entry.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nozzle.aot.build import Refuse
from nozzle.aot.graph import Graph, Node, stored
from nozzle.aot.lower.processor import Processor
from nozzle.aot.lower.text import Text, argument, ascii_of, memory
from nozzle.aot.sizes import Dim, Facts, Mixed, Size, Var


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


class Frame(ABC):
    """The parameters of one function, its sizes, its buffers."""

    def __init__(self, graph: Graph, processor: Processor) -> None:
        self.graph, self.t, self.processor = graph, Text(f"nz_{ascii_of(graph.name)}"), processor
        self.facts = Facts.of(graph.guards)
        self.buffers: dict[Node, Buffer] = {}
        self.scalars: dict[Node, str] = {}
        self.sizes: dict[str, str] = {}
        self.scratch: list[Place] = []
        self.parameters: list[str] = []
        self.slots: list[tuple[str, str]] = []
        self._dims: dict[Dim, str] = {}
        self.status = ""
        """Where the number of a failed test is written to."""

    @abstractmethod
    def scalar(self, node: Node) -> str:
        """A value of rank 0."""

    def as_index(self, node: Node) -> str:
        """A whole number of rank 0, as sizes are."""
        dtype = node.tensor.dtype
        value = self.scalar(node)
        wide = self.t.cast(value, dtype, "int64") if np.dtype(dtype).itemsize < 8 else value
        return self.t.set(f"arith.index_cast {wide} : i64 to index")

    def _input(self, node: Node) -> None:
        name, type = node.attrs["name"], node.tensor
        word = argument(name)
        if not type.rank:
            self._scalar_input(node, name)
            return
        kept = "" if node in stored(self.graph.block.nodes) else ", llvm.readonly"
        self.parameters.append(f"%{word}: !llvm.ptr {{llvm.noalias{kept}}}")
        self.slots.append(("data", name))
        strides = []
        for axis in range(type.rank):
            self._size(f"{name}.{axis}", f"%{word}.d{axis}", ("dim", f"{name}.{axis}"))
        if not node.attrs["dense"]:
            for axis in range(type.rank):
                self.parameters.append(f"%{word}.s{axis}: i64")
                self.slots.append(("stride", f"{name}.{axis}"))
                with self.t.at_entry():
                    strides.append(self.t.set(f"arith.index_cast %{word}.s{axis} : i64 to index"))
        with self.t.at_entry():
            ref = self.memref(f"%{word}", type.dtype)
        self.buffers[node] = Buffer(ref, type.dtype, type.shape, None if node.attrs["dense"] else tuple(strides))

    def _scalar_input(self, node: Node, name: str) -> None:
        type, word = node.tensor, argument(name)
        self.parameters.append(f"%{word}: {memory(type.dtype)}")
        self.slots.append(("scalar", name))
        value = f"%{word}"
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

    def is_one(self, dim: Dim) -> bool:
        return self.facts.is_one(dim)


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
