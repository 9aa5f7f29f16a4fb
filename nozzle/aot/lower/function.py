"""A fused graph to an MLIR function over pointers, in scf loops; and what the caller has to bring.

The function is given the addresses of its inputs, of its results, and of a piece of scratch memory in which every
intermediate array has its place; it never allocates. Every array is a flat buffer with an offset and strides; views
are arithmetic on indices. The plan of scratch memory and the shapes of the results are sizes known at entry.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from nozzle.aot.build import Refuse
from nozzle.aot.graph import CONTROL, Block, Graph, Loc, Node, root, stored, walk
from nozzle.aot.lower.elements import Elements
from nozzle.aot.lower.frame import Buffer, Place
from nozzle.aot.lower.processor import Processor
from nozzle.aot.lower.python import Unwrapped, Wrapper
from nozzle.aot.lower.text import ascii_of, register
from nozzle.aot.sizes import Dim, Var
from nozzle.aot.types import Tensor


@dataclass(frozen=True, slots=True)
class Trap:
    """What is raised when the function gives the number of this trap back."""

    kind: type[Exception]
    message: str
    loc: Loc
    python: bool = False
    """Whether Python is asked instead: it can say what a graph cannot, and nothing was written to yet."""
    late: bool = False
    """Whether it would be, were it not too late."""


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


class Function(Elements):
    """Lowers one graph."""

    def __init__(self, graph: Graph, processor: Processor) -> None:
        super().__init__(graph, processor)
        self.traps: list[Trap] = []
        self.outputs: list[Node] = []
        self.results: dict[Node, list[str | Buffer]] = {}
        self.touched = False
        """Whether something may have been written to that the caller has."""
        self.exits = 0
        """Tests whose failure ends the call."""

    def whole(self) -> Lowered:
        no_half_is_stale(self.graph.block)
        for node in self.graph.inputs:
            self._input(node)
        roots = dict.fromkeys(root(node) for node in self.graph.outputs)
        fresh = [node for node in roots if node not in self.graph.inputs]
        for node in sorted((one for one in fresh if one.tensor.rank), key=self._order):
            self._output(node)
        self.status = self._pointer("status", "i64")
        self.block(self.graph.block)
        counted = [one for node in (*self.outputs, *self.graph.outputs) for one in _counts(node)]
        for node in dict.fromkeys((*self.graph.outputs, *fresh, *counted)):
            if not node.tensor.rank:
                self._result(node)
        if self.exits:
            self.t.add("cf.br ^over")
            self.t.lines.append("^over:")
        for at in range(len(self.scratch)):
            self.parameters.append(f"%scratch{at}: !llvm.ptr {{llvm.noalias}}")
            self.slots.append(("scratch", str(at)))
        name = f"nz_{ascii_of(self.graph.name)}"
        head = f"func.func @{name}({', '.join(self.parameters)}) {{"
        kernel = self.t.constants() + "\n".join([head, *self.t.prologue, *self.t.lines, "  return", "}", ""])
        text = f"{kernel}\n{self._entry(name)}\n"
        self.spaces = tuple(self._space(node) for node in self.outputs)
        rest = (self.graph.inputs, tuple(self.outputs), tuple(self.scratch), tuple(self.traps), self.slots)
        early = max((code for code, one in enumerate(self.traps, 1) if one.python), default=0)
        try:
            if any(not dim.at_entry for node in self.outputs for dim in node.tensor.shape):
                raise Unwrapped
            scratch = [(one.dtype, one.count) for one in self.scratch]
            more, dtypes = Wrapper(self.graph, name, early).whole(self.parameters, self.slots, self.outputs, scratch)
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

    def block(self, block: Block) -> None:
        """The nodes of the whole function; a failed test ends it."""
        for node in block.nodes:
            writes = bool(stored([node]) & set(self.graph.inputs))
            self.touched |= writes and bool(node.blocks)
            self.node(node)
            self.touched |= writes
            if tests(node):
                self._exit(self.well(), 0)

    def body(self, nodes: Sequence[Node], dtypes: Sequence[str], finish: Callable[[], list[str]]) -> list[str]:
        """The nodes of a loop or a branch, and then `finish`, which names the numbers that it gives.

        After a failed test nothing is computed, read or written any more: what comes after it stands under it.
        """
        for at, node in enumerate(nodes):
            if node.op == "check":
                return self.under(self.scalar(node.inputs[0]), dtypes, self._rest(nodes, at, dtypes, finish), node)
            self.node(node)
            if tests(node):
                return self.under(self.well(), dtypes, self._rest(nodes, at, dtypes, finish))
        return finish()

    def _rest(
        self, nodes: Sequence[Node], at: int, dtypes: Sequence[str], finish: Callable[[], list[str]]
    ) -> Callable[[], list[str]]:
        return lambda: self.body(nodes[at + 1 :], dtypes, finish)

    def under(
        self,
        good: str,
        dtypes: Sequence[str],
        do: Callable[[], list[str]],
        check: Node | None = None,
        otherwise: Sequence[str] = (),
    ) -> list[str]:
        """Do it where something holds; the numbers it gives, or others. Where it does not, say which check failed."""
        found, types = self.t.name(), ", ".join(map(register, dtypes))
        given = f" -> ({types})" if types else ""
        with self.t.block(f"{f'{found}:{len(dtypes)} = ' if types else ''}scf.if {good}{given} {{", "} else {"):
            results = do()
            if types:
                self.t.add(f"scf.yield {', '.join(results)} : {types}")
        self.t.depth += 1
        if check is not None:
            self._say(self._trap(check))
        if types:
            others = otherwise or [self.t.const(0, dtype) for dtype in dtypes]
            self.t.add(f"scf.yield {', '.join(others)} : {types}")
        self.t.depth -= 1
        self.t.add("}")
        return [f"{found}#{at}" for at in range(len(dtypes))]

    def well(self) -> str:
        """Whether no test has failed so far."""
        now = self.t.set(f"memref.load {self.status}[{self.t.index(0)}] : memref<?xi64>")
        return self.t.set(f"arith.cmpi eq, {now}, {self.t.raw('0', 'i64')} : i64")

    def _trap(self, check: Node) -> int:
        """The number of a test, which is what a call gives back where it failed."""
        attrs = check.attrs
        asks = "python" in attrs
        self.traps.append(
            Trap(attrs["kind"], attrs["message"], check.loc, asks and not self.touched, asks and self.touched)
        )
        return len(self.traps)

    def _say(self, code: int) -> None:
        word = self.t.raw(str(code), "i64")
        self.t.add(f"memref.store {word}, {self.status}[{self.t.index(0)}] : memref<?xi64>")

    def _exit(self, good: str, code: int) -> None:
        """End the call where something does not hold, with a code where none is there yet."""
        self.exits += 1
        trap, on = f"^trap{self.exits}", f"^on{self.exits}"
        self.t.add(f"cf.cond_br {good}, {on}, {trap}")
        self.t.lines.append(f"{trap}:")
        if code:
            self._say(code)
        self.t.add("cf.br ^over")
        self.t.lines.append(f"{on}:")

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
            self._exit(self.scalar(node.inputs[0]), self._trap(node))
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
        from nozzle.aot.lower.loops import nest

        with nest(self, [self.dim(dim) for dim in type.shape]) as index:
            self.save(self.load(source, index), target, index)


def tests(node: Node) -> bool:
    """Whether a loop or a branch has tests that may fail."""
    return any(one.op == "check" for block in node.blocks for one in walk(block))


def no_half_is_stale(block: Block) -> None:
    """Refuse a real or an imaginary part that has memory of its own, where what it looks at is written to later."""
    from nozzle.aot.passes.fuse import half

    for at, node in enumerate(block.nodes):
        for inner in node.blocks:
            no_half_is_stale(inner)
        last = node.blocks[0].nodes[-1] if node.op == "fused" else node
        if node.op == "fused" and half(last) and root(last.inputs[0]) in stored(block.nodes[at + 1 :]):
            raise Refuse("an array is written to while another name is its .real or .imag", "copy it: x.real.copy()")


def _counts(node: Node) -> list[Node]:
    """What the shape of a result is computed from, where the data decides it."""
    return [atom.node for dim in node.tensor.shape for atom in dim.atoms() if isinstance(atom, Var)]
