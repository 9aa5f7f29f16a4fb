"""What a device has, in the words of the gpu dialect, and how work is divided among its threads.

Every kernel has all parameters of the function and may be launched with any number of blocks: its loops go from a
thread's own place in steps of all threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from nozzle.aot.graph import Graph, Node
from nozzle.aot.lower.elementwise import total
from nozzle.aot.lower.frame import Buffer, Place
from nozzle.aot.lower.function import Function
from nozzle.aot.lower.processor import Processor
from nozzle.aot.lower.reduction import combine, identity
from nozzle.aot.lower.text import ascii_of, register
from nozzle.aot.sizes import Dim

THREADS = 256
"""Of a block."""


@dataclass(frozen=True, slots=True)
class Launch:
    """One kernel, and of how many blocks; of none where there is nothing to do."""

    name: str
    blocks: Dim


class Grid(Function):
    """Kernels that are being written."""

    def __init__(self, graph: Graph, processor: Processor) -> None:
        super().__init__(graph, processor)
        self.steps: list[Launch | Node] = []
        self.bodies: list[tuple[str, list[str]]] = []
        """Of every kernel: the dtype of what its threads share, if they do; its lines."""
        self.given: dict[Node, str] = {}
        """Numbers that a call brings; all others a kernel finds for itself."""
        self.made: set[Node] = set()
        """Numbers that are in memory."""
        self.places: dict[Node, tuple[str, str]] = {}
        self.head: list[str] = []
        """The first lines of a kernel: the numbers that it finds."""
        self.thread, self.width, self.mine, self.blocks = "", "", "", ""

    def place(self) -> tuple[str, str, str, str]:
        """Which thread of how many, in which block of how many."""
        one, two, three, four = (
            self.t.set(f"gpu.{what} x") for what in ("thread_id", "block_dim", "block_id", "grid_dim")
        )
        return one, two, three, four

    def barrier(self) -> None:
        """All threads of a block have come here, and see what each wrote."""
        self.t.add("gpu.barrier")

    def among(self, value: str, dtype: str, both: Callable[[str, str], str]) -> str:
        """What all threads of a block have together; each of them is told."""
        type, left, right, found = register(dtype), self.t.name(), self.t.name(), self.t.name()
        with self.t.block(f"{found} = gpu.all_reduce {value} uniform {{", f"}} : ({type}) -> {type}"):
            self.t.add(f"^bb0({left}: {type}, {right}: {type}):")
            self.t.add(f'"gpu.yield"({both(left, right)}) : ({type}) -> ()')
        self.barrier()
        return found

    def shared(self, dtype: str) -> tuple[str, str]:
        """Memory that the threads of a block share, a number each: its type, and how it is had."""
        return f"memref<{THREADS}x{register(dtype)}, #gpu.address_space<workgroup>>", "%shared"

    def module(self) -> str:
        """All kernels, each with all parameters and with what is computed at entry."""
        name, lines = self.name(), []
        # what one thread writes another reads: of such memory nothing may be held across a barrier
        parameters = ", ".join(one.replace(" {llvm.noalias}", "") for one in self.parameters)
        for at, (dtype, body) in enumerate(self.bodies):
            shares = f" workgroup(%shared: {self.shared(dtype)[0]})" if dtype else ""
            head = f"gpu.func @{name}_{at}({parameters}){shares} kernel {{"
            lines += [head, *self.t.prologue, *body, "  gpu.return", "}"]
        inner = "\n".join(("gpu.module @kernels {", self.t.constants() + "\n".join(lines), "}"))
        return f"module attributes {{gpu.container_module}} {{\n{inner}\n}}\n"

    def name(self) -> str:
        return f"nz_{ascii_of(self.graph.name)}"

    # kernels

    @contextmanager
    def kernel(self, blocks: Dim, shares: str = "") -> Iterator[None]:
        """Write one kernel."""
        before, self.t.lines, self.head = self.t.lines, [], []
        self.scalars, self.memo, self.row = dict(self.given), {}, {}
        yield
        self.steps.append(Launch(f"{self.name()}_{len(self.bodies)}", blocks))
        self.bodies.append((shares, [*self.head, *self.t.lines]))
        self.t.lines = before

    @contextmanager
    def turns(self, first: str, size: str, step: str) -> Iterator[str]:
        memo, self.memo = self.memo, {}
        at = self.t.name()
        with self.t.block(f"scf.for {at} = {first} to {size} step {step} {{"):
            yield at
        self.memo = memo

    @contextmanager
    def every(self, shape: Sequence[Dim]) -> Iterator[str]:
        """The elements of a shape, by their place in C order, among all threads of all blocks."""
        first = self.plus(self.times(self.mine, self.width), self.thread)
        with self.turns(first, self.dim(total(self, shape)), self.times(self.blocks, self.width)) as at:
            yield at

    def index_of(self, at: str, shape: Sequence[Dim]) -> list[str]:
        """The index of a place in C order."""
        found: list[str] = []
        long = [axis for axis, dim in enumerate(shape) if not self.is_one(dim)]
        for axis in reversed(range(len(shape))):
            if axis not in long:
                found.append(self.t.index(0))
            elif axis == long[0]:
                found.append(at)
            else:
                length = self.dim(shape[axis])
                found.append(self.t.set(f"arith.remui {at}, {length} : index"))
                at = self.t.set(f"arith.divui {at}, {length} : index")
        return found[::-1]

    def folded(
        self, name: str, dtype: str, first: str, size: str, element: Callable[[str], str], step: str = ""
    ) -> str:
        """What the elements of a range come to together, by the threads of a block; `first` is this thread's own."""
        start, type, found, at, acc = self.t.const(identity(name, dtype), dtype), register(dtype), *self.names(3)
        head = f"{found} = scf.for {at} = {first} to {size} step {step or self.width} iter_args({acc} = {start})"
        memo, self.memo = self.memo, {}
        with self.t.block(f"{head} -> ({type}) {{"):
            self.t.add(f"scf.yield {combine(self, name, dtype, acc, element(at))} : {type}")
        self.memo = memo
        wide = {"bool": "int32", "float16": "float32"}.get(dtype, dtype)
        wide = "int32" if np.dtype(wide).kind in "iu" and np.dtype(wide).itemsize < 4 else wide
        both = self.among(
            self.t.cast(found, dtype, wide), wide, lambda left, right: combine(self, name, wide, left, right)
        )
        return self.t.cast(both, wide, dtype)

    @contextmanager
    def one_thread(self) -> Iterator[None]:
        """For what is written once for a block."""
        first = self.t.set(f"arith.cmpi eq, {self.thread}, {self.t.index(0)} : index")
        with self.t.block(f"scf.if {first} {{"):
            yield

    def scalar(self, node: Node) -> str:
        if node not in self.scalars:
            lines, depth = self.t.lines, self.t.depth
            self.t.lines, self.t.depth = self.head, 1
            found = self.load(self.buffers[node], ()) if node in self.made else super().scalar(node)
            self.t.lines, self.t.depth = lines, depth
            self.scalars[node] = found
        return self.scalars[node]

    def buffer(self, node: Node) -> Buffer:
        if node not in self.buffers:
            self.places[node] = "scratch", str(len(self.scratch))
        return super().buffer(node)

    def room(self, dtype: str, many: Dim) -> Buffer:
        """Scratch memory."""
        self.scratch.append(Place(dtype, many))
        with self.t.at_entry():
            return Buffer(self.memref(f"%scratch{len(self.scratch) - 1}", dtype), dtype, (many,))

    def names(self, many: int) -> list[str]:
        return [self.t.name() for _ in range(many)]

    def plus(self, one: str, two: str) -> str:
        return self.t.set(f"arith.addi {one}, {two} : index")

    def times(self, one: str, two: str) -> str:
        return self.t.set(f"arith.muli {one}, {two} : index")


def ceiling(count: Dim, to: int) -> Dim:
    return (count + (to - 1)).joined("//", Dim.of(to))


def over(count: Dim) -> Dim:
    """Blocks for so many elements, a thread each."""
    return ceiling(count, THREADS)
