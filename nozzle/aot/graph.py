"""The IR, on one screen: a graph is a block, a block is a list of nodes, a node is an operation.

A node is a value in single assignment form: what it is (`op`), of what (`inputs`), of which type, from which line of
the source. Nodes stand in the order of the program. `store` changes memory: it writes into the
tensor that its first input is, or looks at; so do `scatter` and `put`, which say where by a mask or by indices. Slices
and transposes look at memory and own none. `for`, `while` and `if` hold blocks; what a block yields are its `results`,
and `result` nodes name them outside. A `fused` node holds a block that is computed in one pass over memory; its results
keep their names outside.

What an operation means is `interpret.py`; which there are is `ops/`. `check` says whether a graph is well formed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from nozzle.aot.sizes import Guard
from nozzle.aot.types import Tensor


class Listed(tuple[Any, ...]):
    """A list that is known while compiling: as an index it is an array, where a tuple is one index for every axis."""


class Boxed(int):
    """The position of a result that is an array without axes, and no number."""


@dataclass(frozen=True, slots=True)
class Loc:
    """Where in the source: file, line and column count from 1."""

    file: str = ""
    line: int = 0
    column: int = 0
    text: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    op: str
    inputs: tuple[Node, ...]
    type: Tensor | None
    """None for what gives no value of its own: store, check, for, while, if."""
    attrs: Mapping[str, Any] = field(default_factory=dict)
    loc: Loc = Loc()
    blocks: tuple[Block, ...] = ()

    @property
    def tensor(self) -> Tensor:
        assert self.type is not None, f"{self.op} has no value"
        return self.type


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    params: tuple[Node, ...]
    nodes: tuple[Node, ...]
    results: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    name: str
    block: Block
    """Its params are the arguments of the function."""
    shape: Any
    """How the results are put together: None, a position among them, or a tuple or a list of such."""
    guards: tuple[Guard, ...] = ()
    approximate: bool = False
    """Whether a function of NumPy's was replaced by one that adds, or multiplies, in another order."""
    notes: tuple[str, ...] = ()
    """What the passes did, in words."""

    @property
    def inputs(self) -> tuple[Node, ...]:
        return self.block.params

    @property
    def outputs(self) -> tuple[Node, ...]:
        return self.block.results

    def __str__(self) -> str:
        return show(self)


VIEWS = ("slice", "transpose", "reshape", "broadcast")
CONTROL = ("for", "while", "if")
WRITES = ("store", "scatter", "put")
"""What writes into the tensor that its first input is, or looks at."""


def root(node: Node) -> Node:
    """The node whose memory a node looks at: itself, unless it is a view."""
    while node.op in VIEWS:
        node = node.inputs[0]
    return node


def sources(node: Node, through: Callable[[Node], bool]) -> Iterator[Node]:
    """A node and what it comes from, each once, as far as `through` lets pass; however long the way is."""
    found = {node: None}
    left = [node]
    while left:
        one = left.pop()
        yield one
        if through(one):
            fresh = [inner for inner in one.inputs if inner not in found]
            found |= dict.fromkeys(fresh)
            left += dict.fromkeys(fresh)


def walk(block: Block) -> Iterator[Node]:
    """Every node of a block and of the blocks within."""
    for node in block.nodes:
        yield node
        for inner in node.blocks:
            yield from walk(inner)


def stored(nodes: Iterable[Node]) -> set[Node]:
    """The roots that these nodes, and the blocks within them, write to."""
    found = set()
    for node in nodes:
        if node.op in WRITES:
            found.add(root(node.inputs[0]))
        for inner in node.blocks:
            found |= stored(inner.nodes)
    return found


def uses(block: Block) -> dict[Node, int]:
    """How often every node is used, within and as a result."""
    count: dict[Node, int] = {}
    for node in (*block.nodes, None):
        for one in block.results if node is None else node.inputs:
            count[one] = count.get(one, 0) + 1
        for inner in () if node is None else node.blocks:
            for one, times in uses(inner).items():
                count[one] = count.get(one, 0) + times
    return count


def check(graph: Graph) -> None:
    """Raise ValueError, naming the node and its line, unless every input stands before its use."""
    _check(graph.block, set())


def _check(block: Block, known: set[Node]) -> None:
    known = known | set(block.params)
    for node in block.nodes:
        for one in node.inputs:
            if one not in known:
                raise ValueError(f"{node.loc}: {node.op} uses {one.op} before it is there")
        if node.op in (*WRITES, "check", "fused", *CONTROL) and node.type is not None:
            raise ValueError(f"{node.loc}: {node.op} gives no value")
        for inner in node.blocks:
            _check(inner, known)
        known |= {node, node.attrs.get("origin", node)}
        if node.op == "fused":
            known |= set(node.blocks[0].results)
    for one in block.results:
        if one not in known:
            raise ValueError(f"{one.loc}: {one.op} is given back but not computed")


def show(graph: Graph) -> str:
    """The graph as text: one node a line, with the line of the source at its right."""
    names: dict[Node, str] = {}
    lines = [f"{graph.name}({', '.join(f'{_name(p, names)}: {p.type}' for p in graph.inputs)})"]
    if graph.guards:
        lines.append("  where " + ", ".join(map(str, graph.guards)))
    lines += _lines(graph.block, names, 1)
    lines.append("  return " + _put(graph.shape, [names[one] for one in graph.outputs]))
    return "\n".join([*lines, *(f"  # {note}" for note in graph.notes)])


def _name(node: Node, names: dict[Node, str]) -> str:
    wanted = f"%{node.attrs['name']}" if "name" in node.attrs else ""
    if not wanted or wanted in names.values():
        wanted = f"%{sum(name[1:].isdigit() for name in names.values() if name[0] == '%')}"
    return names.setdefault(node, wanted)


def _lines(block: Block, names: dict[Node, str], depth: int) -> list[str]:
    lines: list[str] = []
    last = -1
    for node in block.nodes:
        if node.op == "const":
            names[node] = repr(node.attrs["value"])
            continue
        words = [names[one] for one in node.inputs]
        words += [f"{key}={_attr(value)}" for key, value in node.attrs.items() if key not in HIDDEN]
        text = f"{node.op}({', '.join(words)})"
        if node.type is not None:
            text = f"{_name(node, names)}: {node.type} = {text}"
        elif node.op in CONTROL:
            names[node] = names[node.attrs.get("origin", node)] = f"{node.op}.{node.loc.line}"
        mark = f"line {node.loc.line}" if node.loc.line and node.loc.line != last else ""
        last = node.loc.line or last
        text = "  " * depth + text
        lines.append(f"{text:<74}  # {mark}" if mark else text)
        for inner in node.blocks:
            params = ", ".join(f"{_name(p, names)}: {p.type}" for p in inner.params)
            lines.append("  " * depth + (f"  ({params}):" if params else "  do:"))
            lines += _lines(inner, names, depth + 2)
            if inner.results:
                lines.append("  " * (depth + 2) + "yield " + ", ".join(names[one] for one in inner.results))
    return lines


HIDDEN = ("name", "plan", "origin", "phases", "perhaps")


def _attr(value: Any) -> str:
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_attr, value)) + ")"
    if isinstance(value, slice):
        return (
            ":".join("" if one is None else _attr(one) for one in (value.start, value.stop, value.step)).rstrip(":")
            or ":"
        )
    return str(value)


def _put(shape: Any, names: list[str]) -> str:
    if isinstance(shape, tuple):
        return "(" + ", ".join(_put(one, names) for one in shape) + ")"
    return names[shape] if isinstance(shape, int) else "nothing"
